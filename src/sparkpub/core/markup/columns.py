"""Fit words into columns of plain text: widths, wrapping, tables."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from sparkpub.core.sentinels import LENGTH, SENTINEL

# Only these end a line: a no-break space does not.
_SPACES = re.compile(r"[ \t\n]+")
_WIDE = re.compile(
    r"[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]"
)
_BETWEEN_COLUMNS = "  "
_A_VALUE = "a name or so"


@lru_cache(maxsize=4096)
def _character_width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def display_width(text: str) -> int:
    """How many columns a terminal gives to `text` (Unicode Standard Annex 11): two to wide signs, none to marks.

    A sentinel counts as wide as most of the values that will stand there.
    """
    if len(text) >= LENGTH:
        text = SENTINEL.sub(_A_VALUE, text)
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def wrap(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """`text` in lines of at most `width` columns, the first opened by `first`, the others by `rest`.

    A line break in `text` stays one. A word that is too long, an address say, stands whole on a line of its own;
    Chinese and Japanese break between signs, but not before closing punctuation.
    """
    lines: list[str] = []
    for part in text.split("\n"):
        lines.extend(_wrapped(part, width, first=rest if lines else first, rest=rest))
    return lines


def _wrapped(text: str, width: int, *, first: str, rest: str) -> Iterator[str]:
    line, filled, is_bare = [first], display_width(first), True
    for space, unit in _units(text):
        unit_width = display_width(unit)
        if not is_bare and filled + len(space) + unit_width > width:
            yield "".join(line).rstrip()
            line, filled, is_bare = [rest], display_width(rest), True
        if not is_bare:
            line.append(space)
            filled += len(space)
        line.append(unit)
        filled += unit_width
        is_bare = False
    yield "".join(line).rstrip()


def _units(text: str) -> Iterator[tuple[str, str]]:
    """What may not be broken, each with the space before it, nothing or one."""
    for word in _SPACES.split(text):
        if not word:
            continue
        space = " "
        for unit in _signs(word) if _WIDE.search(word) and "://" not in word else (word,):
            yield space, unit
            space = ""


def _signs(word: str) -> Iterator[str]:
    unit = ""
    for sign in word:
        is_free = bool(_WIDE.match(sign)) or bool(unit and _WIDE.match(unit[-1]))
        closes = unicodedata.category(sign) in {"Pe", "Pf", "Po", "Lm", "Mn"}
        opened = bool(unit) and unicodedata.category(unit[-1]) in {"Ps", "Pi"}
        if unit and is_free and not closes and not opened:
            yield unit
            unit = ""
        unit += sign
    if unit:
        yield unit


def padded(text: str, width: int, side: str) -> str:
    """`text` filled with spaces to `width` columns; `side` is where it leans: left, center or right."""
    missing = max(0, width - display_width(text))
    left = {"right": missing, "center": missing // 2}.get(side, 0)
    return " " * left + text + " " * (missing - left)


def table(rows: Sequence[Sequence[str]], sides: Sequence[str], width: int) -> list[str]:
    """A table, its first row the head: aligned columns where they fit, else one `Head: cell` a line."""
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    if sum(widths) + len(_BETWEEN_COLUMNS) * (len(widths) - 1) > width:
        return _records(rows, width)
    lines = [_row(row, widths, sides) for row in rows]
    return [lines[0], _row(["-" * w for w in widths], widths, sides), *lines[1:]]


def _row(cells: Iterable[str], widths: Sequence[int], sides: Sequence[str]) -> str:
    fitted = (padded(cell, width, side) for cell, width, side in zip(cells, widths, sides, strict=True))
    return _BETWEEN_COLUMNS.join(fitted).rstrip()


def _records(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    head, *body = rows
    lines: list[str] = []
    for row in body or [head]:
        lines.extend([""] if lines else [])
        for name, cell in zip(head, row, strict=True):
            named = f"{name}: {cell}" if name and body else cell or name
            lines.extend(wrap(named, width, rest="  "))
    return lines
