"""Lists of readers as CSV: rows in, readers and rejects out, and back again.

Columns are `email name status language tags wishes` in any order; every other column is an attribute.

    pieces of a file ──ListLines──▶ lines ──csv──▶ cells ──▶ Entry, or Reject with line and reason

Most rows are plain: printable, short, whole. They take a quick way that decides nothing of its own: what it does not
take, it leaves to the slow one, which knows every reason.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from typing import Final, NamedTuple

from sparkpub.core.addresses import parse_address
from sparkpub.core.list_lines import ListLines
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.core.wishes import EVERYTHING, Wishes, read_wishes, wish_lines

COLUMNS: Final = ("email", "name", "status", "language", "tags")
WISHES: Final = "wishes"
"""One more column, which an export has where any reader wishes for less than everything."""
# With these a formula begins; the wide ones too, where Chinese or Japanese is written.
_RISKY = frozenset("=+-@\t\r'\uff1d\uff0b\uff0d\uff20")
# A spreadsheet that parts cells at semicolons finds more of them within ours.
_BEGINNING = re.compile(rf"(^|[;,] *)(?=[{re.escape(''.join(_RISKY))}])")
_ESCAPED = re.compile(rf"(^|[;,] *)'(?=[{re.escape(''.join(_RISKY))}])")
_LONGEST_CELL = 300
_PAGE = 1000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")  # BCP 47 (RFC 5646), as far as its looks go
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_STATES: Mapping[str, SubscriberState | None] = {"": None, **{state.value: state for state in SubscriberState}}


class Entry(NamedTuple):
    """One reader as a list names them; `state` is None where the list does not say. `attributes` are sorted pairs.

    A tuple, for a list makes a million of them, and a frozen dataclass takes four times as long.
    """

    line: int
    address: str
    name: str = ""
    state: SubscriberState | None = None
    language: str = ""
    tags: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    wishes: Wishes = EVERYTHING


class Reject(NamedTuple):
    """One row that cannot be taken in, and why. `line` counts from 1 in the file."""

    line: int
    reason: str


class ReaderList:
    """A list of readers, to be read once, as it comes.

    The separator is a comma or a semicolon, whichever the head uses. Empty rows are passed over. Whether an address
    stood in an earlier row is for the ledger to say.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Read the head of a list from the pieces of its file.

        Raises:
            ValueError: it is no text, or its head has no column `email`, or names one twice.
        """
        self._lines = ListLines(pieces)
        lines = iter(self._lines)
        first = next(lines, "")
        delimiter = ";" if first.count(";") > first.count(",") else ","
        self._rows = csv.reader(chain([first], lines), delimiter=delimiter)
        try:
            self._head = _head(next(self._rows, []))
        except csv.Error as fault:
            raise ValueError(f"line 1 cannot be read as CSV: {fault}") from None
        place = {name: at for at, name in enumerate(self._head)}
        self._places = tuple(place.get(name, -1) for name in (*COLUMNS, WISHES))
        self._further = tuple(sorted((name, at) for name, at in place.items() if name not in ("", *COLUMNS, WISHES)))

    @property
    def bytes_read(self) -> int:
        """How far the file was read."""
        return self._lines.bytes_read

    @property
    def has_status(self) -> bool:
        """Whether the list says of its readers if they are active."""
        return "status" in self._head

    def __iter__(self) -> Iterator[Entry | Reject]:
        """Each row as an entry, or as a reject with its reason.

        Raises:
            ValueError: what follows is no text; the message names the line.
        """
        rows, lines = self._rows, self._lines
        while True:
            lines.row_line = line = rows.line_num + 1
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as fault:
                yield Reject(line, f"cannot be read as CSV: {fault}")
                continue
            cells = list(map(str.strip, cells))
            if any(cells):
                yield self._plain(line, cells) or self._closely(line, cells)

    def _plain(self, line: int, cells: list[str]) -> Entry | None:
        """A row in which nothing can be wrong; None where somebody has to look more closely."""
        text = "".join(cells)
        if len(cells) != len(self._head) or len(text) > _LONGEST_CELL or not text.isprintable():
            return None
        if "'" in text and any(map(_ESCAPED.search, cells)):
            return None
        cells.append("")  # which columns that are not there stand for
        email, name, status, language, tags, wishes = self._places
        try:
            return Entry(
                line,
                parse_address(cells[email]),
                cells[name],
                _STATES[cells[status]],
                _language(cells[language]),
                _tags(cells[tags]),
                tuple([(key, cells[at]) for key, at in self._further if cells[at]]),
                _wishes(cells[wishes]),
            )
        except (ValueError, KeyError):
            cells.pop()
            return None

    def _closely(self, line: int, cells: list[str]) -> Entry | Reject:
        """Any row, read and checked."""
        if len(cells) > len(self._head):
            reason = f"{len(cells)} cells under {len(self._head)} columns; quote cells that hold the separator"
            return Reject(line, reason)
        values = {name: _unescaped(cell) for name, cell in zip(self._head, cells, strict=False) if name}
        for name, value in values.items():
            if fault := _cell_fault(value):
                return Reject(line, f"column '{name}' {fault}")
        try:
            return _entry(line, values)
        except ValueError as fault:
            return Reject(line, str(fault))


def _head(cells: list[str]) -> list[str]:
    """The names of the columns, in lower case."""
    head = [_unescaped(cell.strip()).lower() for cell in cells]
    if "email" not in head:
        for name in head:
            if "".join(filter(str.isalpha, name)) in ("email", "emailaddress", "mail", "mailaddress"):
                raise ValueError(f"line 1 has no column 'email' but '{name}'; did you mean email?")
        raise ValueError("line 1 has no column 'email'; write a head such as: email,name,status,language,tags")
    for place, name in enumerate(head, 1):
        if fault := _cell_fault(name):
            raise ValueError(f"line 1: the name of column {place} {fault}")
    doubled = sorted({name for name in head if name and head.count(name) > 1})
    if doubled:
        raise ValueError(f"line 1 has the column '{doubled[0]}' twice; leave one out")
    return head


def _entry(line: int, values: Mapping[str, str]) -> Entry:
    """The cells of a row by their columns as an entry.

    Raises:
        ValueError: one of them cannot be used.
    """
    language = _language(values.get("language", ""))
    email = values.get("email", "")
    if not email:
        raise ValueError("no address")
    try:
        address = parse_address(email)
    except ValueError as fault:
        raise ValueError(f"'{email[:80]}': {fault}") from None
    status = values.get("status", "").lower()
    if status not in _STATES:
        raise ValueError(f"status '{status}' is none of {', '.join(SubscriberState)}")
    return Entry(
        line,
        address,
        values.get("name", ""),
        _STATES[status],
        language,
        _tags(values.get("tags", "")),
        tuple(sorted((key, text) for key, text in values.items() if text and key not in (*COLUMNS, WISHES))),
        _wishes(values.get(WISHES, "")),
    )


# Readers of one list share languages, tags and wishes, so each is read once.
@lru_cache(maxsize=1000)
def _language(text: str) -> str:
    """A language code, checked."""
    if text and not _LANGUAGE.fullmatch(text):
        raise ValueError(f"language '{text[:80]}' is no language code; write it like en or pt-BR")
    return text


@lru_cache(maxsize=1000)
def _tags(text: str) -> tuple[str, ...]:
    """The tags of a cell, each once, in order."""
    return tuple(sorted({tag.strip() for tag in text.replace(",", ";").split(";")} - {""}))


@lru_cache(maxsize=1000)
def _wishes(text: str) -> Wishes:
    """The wishes of a cell."""
    if not text:
        return EVERYTHING
    lines = [line.strip() for line in text.split(";")]
    wishes = read_wishes("\n".join(lines))
    known = set(wish_lines(wishes))
    if strange := [line for line in lines if line and line not in known]:
        raise ValueError(f"wish '{strange[0][:80]}' is none that sparkpub knows; write it as an export does")
    return wishes


def _cell_fault(value: str) -> str:
    """Why a cell cannot stand in a header or a page, "" if it can."""
    if len(value) > _LONGEST_CELL:
        return f"is longer than {_LONGEST_CELL} characters"
    if value.isprintable():
        return ""
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in value):
        return "holds control characters or ends of lines"
    if turning := next((c for c in value if unicodedata.bidirectional(c) in _TURNING), None):
        return f"holds U+{ord(turning):04X}, which turns the direction of text; take it out"
    return ""


def write_list(readers: Iterable[Subscriber], attributes: Iterable[str], *, with_wishes: bool = False) -> Iterator[str]:
    """CSV with CRLF ends (RFC 4180), the head first, then many rows at a time; `attributes` names further columns.

    Where a spreadsheet would begin a formula an apostrophe stands in front; `ReaderList` takes it off again.
    """
    extra = tuple(attributes)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    columns = (*COLUMNS, WISHES) if with_wishes else COLUMNS
    rows = chain([(*columns, *extra)], (_cells(reader, extra, with_wishes=with_wishes) for reader in readers))
    while page := list(islice(rows, _PAGE)):
        writer.writerows(
            [[_escaped(c) if c[:1] in _RISKY or ";" in c or "," in c else c for c in cells] for cells in page]
        )
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cells(reader: Subscriber, extra: tuple[str, ...], *, with_wishes: bool) -> tuple[str, ...]:
    """A reader as a row."""
    wishes = (";".join(wish_lines(reader.wishes)),) if with_wishes else ()
    tags = ";".join(reader.tags)
    own = reader.attributes
    further = [own.get(name, "") for name in extra] if extra else ()
    return (reader.address, reader.name, reader.state, reader.language, tags, *wishes, *further)


def _escaped(cell: str) -> str:
    """A cell in which no spreadsheet finds a formula, wherever it lets cells begin."""
    return _BEGINNING.sub(r"\1'", cell)


def _unescaped(cell: str) -> str:
    """A cell as it was before it was escaped."""
    return _ESCAPED.sub(r"\1", cell) if "'" in cell else cell
