"""Lists of readers as CSV: rows in, readers and rejects out, and back again.

Columns are `email name status language tags` in any order; every other column is an attribute.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sparkpub.core.addresses import address_key, parse_address
from sparkpub.core.records import Subscriber, SubscriberState

COLUMNS = ("email", "name", "status", "language", "tags")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 300
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")  # BCP 47 (RFC 5646), as far as its looks go
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One reader as a list names them; `state` is None where the list does not say."""

    line: int
    address: str
    name: str = ""
    state: SubscriberState | None = None
    language: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One row that cannot be taken in, and why. `line` counts from 1 in the file."""

    line: int
    reason: str


def decode_list(data: bytes) -> str:
    """The text of a list: UTF-8 with or without a mark, or UTF-16 with one, as spreadsheets write them.

    Raises:
        ValueError: it is neither; the message names the first bad line.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise ValueError(f"line {line} is not UTF-8; save the list as CSV UTF-8") from None
    if "\0" in text:
        raise ValueError(f"line {text.count(chr(10), 0, text.index(chr(0))) + 1} holds a NUL; this is no CSV file")
    return text


def read_list(text: str) -> Iterator[Entry | Reject]:
    """Each row as an entry, or as a reject with its reason; an address that stood before is a reject.

    The separator is a comma or a semicolon, whichever the head uses. Empty rows are passed over.

    Raises:
        ValueError: the head has no column `email`, or names one twice.
    """
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    head = _head(next(rows, []))
    seen: dict[str, int] = {}
    before = rows.line_num
    while True:
        line = before + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as fault:
            before = rows.line_num
            yield Reject(line=line, reason=f"cannot be read as CSV: {fault}")
            continue
        before = rows.line_num
        if not any(cell.strip() for cell in cells):
            continue
        entry = _entry(line, head, cells)
        if isinstance(entry, Entry):
            key = address_key(entry.address)
            if key in seen:
                entry = Reject(line=line, reason=f"{entry.address} stands already in line {seen[key]}")
            else:
                seen[key] = line
        yield entry


def has_status(text: str) -> bool:
    """Whether a list says of its readers if they are active."""
    first = text.partition("\n")[0].lower()
    return "status" in [name.strip().strip('"') for name in first.replace(";", ",").split(",")]


def _head(cells: list[str]) -> list[str]:
    """The names of the columns, in lower case."""
    head = [cell.strip().lower() for cell in cells]
    if "email" not in head:
        for name in head:
            if "".join(filter(str.isalpha, name)) in ("email", "emailaddress", "mail", "mailaddress"):
                raise ValueError(f"line 1 has no column 'email' but '{name}'; did you mean email?")
        raise ValueError("line 1 has no column 'email'; write a head such as: email,name,status,language,tags")
    doubled = sorted({name for name in head if name and head.count(name) > 1})
    if doubled:
        raise ValueError(f"line 1 has the column '{doubled[0]}' twice; leave one out")
    return head


def _entry(line: int, head: list[str], cells: list[str]) -> Entry | Reject:
    """One row, read and checked."""
    if len(cells) > len(head):
        reason = f"{len(cells)} cells under {len(head)} columns; quote cells that hold the separator"
        return Reject(line=line, reason=reason)
    values = {name: _unescaped(cell.strip()) for name, cell in zip(head, cells, strict=False) if name}
    if fault := _row_fault(values):
        return Reject(line=line, reason=fault)
    if not values.get("email"):
        return Reject(line=line, reason="no address")
    try:
        address = parse_address(values["email"])
    except ValueError as fault:
        return Reject(line=line, reason=f"'{values['email'][:80]}': {fault}")
    status = values.get("status", "").lower()
    if status and status not in set(SubscriberState):
        return Reject(line=line, reason=f"status '{status}' is none of {', '.join(SubscriberState)}")
    return Entry(
        line=line,
        address=address,
        name=values.get("name", ""),
        state=SubscriberState(status) if status else None,
        language=values.get("language", ""),
        tags=tuple(sorted({tag.strip() for tag in values.get("tags", "").replace(",", ";").split(";")} - {""})),
        attributes={name: value for name, value in values.items() if name not in COLUMNS and value},
    )


def _row_fault(values: Mapping[str, str]) -> str:
    """What is wrong with the cells of a row, "" if nothing is."""
    for name, value in values.items():
        if fault := _cell_fault(value):
            return f"column '{name}' {fault}"
    language = values.get("language", "")
    if language and not _LANGUAGE.fullmatch(language):
        return f"language '{language[:80]}' is no language code; write it like en or pt-BR"
    return ""


def _cell_fault(value: str) -> str:
    """Why a cell cannot stand in a header or a page, "" if it can."""
    if len(value) > _LONGEST_CELL:
        return f"is longer than {_LONGEST_CELL} characters"
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in value):
        return "holds control characters or ends of lines"
    if turning := next((c for c in value if unicodedata.bidirectional(c) in _TURNING), None):
        return f"holds U+{ord(turning):04X}, which turns the direction of text; take it out"
    return ""


def write_list(readers: Iterable[Subscriber], attributes: Iterable[str]) -> Iterator[str]:
    """Lines of CSV with CRLF ends (RFC 4180), the head first; `attributes` names the further columns.

    A cell that a spreadsheet would run as a formula gets an apostrophe in front; `read_list` takes it off again.
    """
    extra = tuple(attributes)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)

    def line(cells: Iterable[str]) -> str:
        writer.writerow([_escaped(cell) for cell in cells])
        written = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return written

    yield line((*COLUMNS, *extra))
    for reader in readers:
        fixed = (reader.address, reader.name, reader.state.value, reader.language, ";".join(reader.tags))
        yield line((*fixed, *(reader.attributes.get(name, "") for name in extra)))


def _escaped(cell: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{cell}" if cell.startswith(_FORMULA) or cell.startswith("'") else cell


def _unescaped(cell: str) -> str:
    """A cell as it was before `_escaped`."""
    return cell[1:] if cell.startswith("'") and (cell[1:].startswith(_FORMULA) or cell[1:].startswith("'")) else cell
