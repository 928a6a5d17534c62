"""What was edited: two texts as a unified diff in which nothing can hide."""

import unicodedata
from collections.abc import Iterator
from difflib import unified_diff
from itertools import islice

_LINES_MAX = 2000
# Controls and formats could redraw a terminal or reverse a line; odd spaces and unassigned characters look like others.
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})


def diff(before: bytes, after: bytes, *, path: str) -> list[str]:
    r"""The lines of a unified diff from the approved text of a file to the one it has now; empty if they are equal.

    Characters that are not seen, or act on a terminal, stand as `\u202e`. What is longer than 2000 lines is cut.
    """
    if before == after:
        return []
    old, new = (list(_lines(text)) for text in (before, after))
    name = visible(path)
    found = unified_diff(old, new, f"{name} as approved", f"{name} now", lineterm="")
    lines = list(islice(found, _LINES_MAX + 1))
    if len(lines) > _LINES_MAX:
        lines[_LINES_MAX:] = ["… and more"]
    return lines


def visible(text: str) -> str:
    """A text with everything unseen spelled out; spaces and tabs stay."""
    return "".join(c if c in " \t" or unicodedata.category(c) not in _UNSEEN else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _lines(text: bytes) -> Iterator[str]:
    """The lines of a file, the last told apart from one that has no line end."""
    *lines, rest = text.decode("utf-8", "backslashreplace").split("\n")
    yield from map(visible, lines)
    if rest:
        yield f"{visible(rest)} (no line end)"
