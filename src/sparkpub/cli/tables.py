"""Tables of plain text: as wide as they need to be in a pipe, as wide as there is room on a terminal."""

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest

import click

_GAP = "  "
_NARROWEST = 8
_COLOURS = {
    "queued": "green",
    "released": "blue",
    "finished": "green",
    "held": "yellow",
    "stopped": "yellow",
    "missed": "red",
    "uncertain": "red",
    "past": "bright_black",
    "skipped": "bright_black",
    "unqueued": "bright_black",
}


def table(head: Mapping[str, str], rows: Sequence[Mapping[str, str]]) -> str:
    """Rows under a head as aligned columns; `head` maps the rows' keys to titles.

    On a terminal the widest columns are wrapped until the table fits, and states have colours; in a pipe every row
    is one line.
    """
    cells = [[row[key] for key in head] for row in rows]
    columns = list(zip(head.values(), *cells, strict=True))
    widths = _fitted([max(map(_width, column)) for column in columns])
    is_number = [bool(rows) and all(_is_number(text) for text in column[1:]) for column in columns]
    shape = list(zip(widths, is_number, strict=True))
    lines = [_line([_bold(title) for title in head.values()], shape)]
    lines.append("─" * (sum(widths) + len(_GAP) * (len(widths) - 1)))
    for row in cells:
        wrapped = [_wrapped(text, width) for text, width in zip(row, widths, strict=True)]
        lines += [_line([_coloured(text) for text in parts], shape) for parts in zip_longest(*wrapped, fillvalue="")]
    return "\n".join(lines)


def pages(head: Mapping[str, str], rows: Iterable[Mapping[str, str]], *, length: int = 1000) -> Iterator[str]:
    """Any number of rows as a table, so many at a time: each page is aligned by itself, the first has the head."""
    rows = iter(rows)
    skipped = 0
    while page := list(islice(rows, length)):
        yield "\n".join(table(head, page).split("\n")[skipped:])
        skipped = 2


def _line(texts: Sequence[str], shape: Sequence[tuple[int, bool]]) -> str:
    """One line of the table: numbers to the right, words to the left."""
    padded = []
    for text, (width, is_number) in zip(texts, shape, strict=True):
        space = " " * (width - _width(click.unstyle(text)))
        padded.append(space + text if is_number else text + space)
    return _GAP.join(padded).rstrip()


def _fitted(widths: list[int]) -> list[int]:
    """The widths of the columns; on a terminal the widest give way until all fit."""
    if not sys.stdout.isatty():
        return widths
    room = shutil.get_terminal_size().columns - len(_GAP) * (len(widths) - 1)
    fitted = list(widths)
    while sum(fitted) > room and max(fitted) > _NARROWEST:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _wrapped(text: str, width: int) -> list[str]:
    """A cell as lines no wider than its column."""
    if _width(text) <= width:
        return [text]
    lines = textwrap.wrap(text, width)
    return lines if all(_width(line) <= width for line in lines) else textwrap.wrap(text, max(width // 2, 1))


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: most East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)


def _is_number(text: str) -> bool:
    """Whether a cell is a count or empty."""
    return not text or text.replace(",", "").isdecimal()


def _has_colours() -> bool:
    """Whether the result is read on a terminal that shows colours (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _bold(text: str) -> str:
    """A title of a column."""
    return click.style(text, bold=True) if _has_colours() else text


def _coloured(text: str) -> str:
    """A state in its colour, anything else as it is."""
    colour = _COLOURS.get(text)
    return click.style(text, fg=colour) if colour and _has_colours() else text
