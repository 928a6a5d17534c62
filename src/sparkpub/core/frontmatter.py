"""Front matter: the YAML between two `---` lines, read as text alone, with the line of every key and value.

YAML's own types are never used (they make 17:00 the number 1020 and refuse 1900-02-29), and its events are read as
they come, so that neither depth, aliases nor doubled keys get anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import yaml

from sparkpub.core.checks import control_in, is_refused, shown
from sparkpub.errors import Fault

MAX_BYTES = 1_000_000
_MAX_DEPTH = 6
_MAX_NODES = 5_000
_MOST_CONTROLS = 20
_DELIMITER = "---"
_BREAKS = "\u2028\u2029"  # YAML 1.1 ends lines at them, editors do not
_CURES = {
    "mapping values are not allowed": 'put quotation marks around a value that holds ": "',
    "could not find expected ':'": "write it as `key: value`",
    "cannot start any token": "put quotation marks around the value, and indent with spaces, not tabs",
    "expected ',' or": "close the bracket that was opened",
    "expected <block end>": "give lines of one level the same indent",
    "unexpected end of stream": "close the quotation mark that was opened",
    "expected <document start>": "leave out the line `...`; front matter is one document",
    "incompatible YAML": "leave out the line that begins with %",
    "undefined tag": "leave out the word that begins with !",
}


@dataclass(slots=True)
class Report:
    """The faults of one file, gathered as they are found."""

    path: str
    faults: list[Fault] = field(default_factory=list)

    def note(self, line: int, fault: str, cure: str = "") -> None:
        """Add a fault; without a cure, what follows `; ` in it is the cure."""
        message, _, rest = (fault, "", cure) if cure else fault.partition("; ")
        self.faults.append(Fault(path=self.path, line=line, message=message, cure=rest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A scalar, as text."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Keys with their values; `lines` holds the line of each key."""

    values: dict[str, "Node"]
    lines: dict[str, int]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A value that was given and whose fault is noted already."""

    line: int


Node = Text | Items | Table | Unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An issue file taken apart; `body` begins in line `body_line` and has newlines only."""

    front: Table
    body: str
    body_line: int


class _ExcessError(Exception):
    """Front matter that is not worth reading on."""

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(fault)
        self.line = line
        self.fault = fault


def read_document(data: bytes, report: Report) -> Document | None:
    """An issue file taken apart, or None where the faults noted leave nothing to look at."""
    text = _read_text(data, report)
    if text is None:
        return None
    lines = text.split("\n")
    if lines[0].rstrip() != _DELIMITER:
        report.note(1, "no front matter; begin the file with a line `---`, then `id: …` and `title: …`, then `---`")
        return None
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _DELIMITER), None)
    if end is None:
        report.note(1, "the front matter has no end; close it with a line `---`")
        return None
    _note_controls(lines[end + 1 :], end + 2, report)
    front = read_yaml("\n".join(lines[1:end]), report, first_line=2)
    if front is None:
        return None
    return Document(front=front, body="\n".join(lines[end + 1 :]), body_line=end + 2)


def read_yaml(text: str, report: Report, *, first_line: int = 1) -> Table | None:
    """YAML as a table of texts, or None where it cannot be read to its end. Its first line has number `first_line`."""
    try:
        return _Reader(text, report, first_line).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (mark.line if mark else 0) + first_line
        problem = error.problem or "cannot be read"
        cure = next((cure for part, cure in _CURES.items() if part in problem), "check the line and the one above it")
        report.note(line, f"broken YAML ({problem})", cure)
    except yaml.YAMLError:
        report.note(first_line, "broken YAML", "write front matter as lines of `key: value`")
    except _ExcessError as excess:
        report.note(excess.line, excess.fault)
    return None


def _read_text(data: bytes, report: Report) -> str | None:
    """The file as text with newlines only."""
    if len(data) > MAX_BYTES:
        report.note(0, "the file is larger than 1 MB; an issue is text: keep pictures in files of their own")
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        report.note(1, "the file is UTF-16; save it as UTF-8")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.note(line, f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8")
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _note_controls(lines: list[str], first_line: int, report: Report) -> None:
    """Note the lines of the body that hold a control character, the first twenty of them."""
    # isprintable is C and true of almost every line; what it objects to is looked at one by one.
    found = ((n, control_in(line)) for n, line in enumerate(lines, first_line) if not line.isprintable())
    for number, code in islice(((n, code) for n, code in found if code), _MOST_CONTROLS):
        report.note(number, f"a control character ({code}); delete it")


class _Reader:
    """One pass over the events of libyaml's parser."""

    def __init__(self, text: str, report: Report, first_line: int) -> None:
        self._report = report
        self._first_line = first_line
        self._count = 0
        self._text = text

    def read(self) -> Table | None:
        """The one mapping that the text must be."""
        for number, line in enumerate(self._text.split("\n"), self._first_line):
            if not line.isprintable() and (found := next((c for c in line if is_refused(c) or c in _BREAKS), "")):
                raise _ExcessError(number, f"a control character (U+{ord(found):04X}); delete it")
        events: Iterator[yaml.Event] = yaml.parse(self._text, Loader=yaml.CBaseLoader)
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, depth=1)
        if root is None:
            return Table(values={}, lines={}, line=self._first_line)
        if isinstance(root, Table):
            return root
        if not isinstance(root, Unusable):
            self._report.note(root.line, "the front matter has no keys; write lines of `key: value`")
        return None

    def _node(self, event: yaml.NodeEvent, events: Iterator[yaml.Event], *, depth: int) -> Node:
        line = (event.start_mark.line if event.start_mark else 0) + self._first_line
        self._count += 1
        if depth > _MAX_DEPTH:
            raise _ExcessError(line, f"nested more than {_MAX_DEPTH} deep; no key needs that")
        if self._count > _MAX_NODES:
            raise _ExcessError(line, f"more than {_MAX_NODES:,} values; keep the text below the front matter")
        if isinstance(event, yaml.AliasEvent):
            self._report.note(line, f"an alias, *{event.anchor}; write the value out, or quote it if it begins with *")
            return Unusable(line=line)
        is_sound = self._is_plain(event, line)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Text(text=event.value, line=line)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Items(items=tuple(self._items(events, depth)), line=line)
        else:
            node = self._table(events, line, depth)
        return node if is_sound else Unusable(line=line)

    def _is_plain(self, event: yaml.NodeEvent, line: int) -> bool:
        """Whether a node has neither anchor nor tag; notes them."""
        if event.anchor is not None:
            self._report.note(line, f"an anchor, &{event.anchor}; leave it out, or quote the value if it begins with &")
        if tag := getattr(event, "tag", None):
            self._report.note(line, f"a tag, {shown(tag)}; leave out the word that begins with !")
        return event.anchor is None and not tag

    def _items(self, events: Iterator[yaml.Event], depth: int) -> Iterator[Node]:
        for event in events:
            if not isinstance(event, yaml.NodeEvent):
                return
            yield self._node(event, events, depth=depth + 1)

    def _table(self, events: Iterator[yaml.Event], line: int, depth: int) -> Table:
        table = Table(values={}, lines={}, line=line)
        for event in events:
            if not isinstance(event, yaml.NodeEvent):
                break
            key = self._node(event, events, depth=depth + 1)
            value_event = next(events)
            if not isinstance(value_event, yaml.NodeEvent):  # pragma: no cover - libyaml pairs every key
                break
            value = self._node(value_event, events, depth=depth + 1)
            if isinstance(key, Unusable):
                continue
            if not isinstance(key, Text):
                self._report.note(key.line, "a key that is no text; write it as `key: value`")
            elif key.text in table.values:
                first = table.lines[key.text]
                self._report.note(
                    key.line, f"the key {shown(key.text)} is there twice, first in line {first}; keep one"
                )
            else:
                table.values[key.text] = value
                table.lines[key.text] = key.line
        return table
