"""Reading the values of a table of front matter, each fault noted with its line."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from enum import StrEnum
from typing import TypeVar

from sparkpub.core.checks import line_fault, parse_date, parse_time, prose_fault, shown, suggestion
from sparkpub.core.frontmatter import Items, Node, Report, Table, Text, Unusable

_MOST_ITEMS = 100

Chosen = TypeVar("Chosen", bound=StrEnum)
Read = TypeVar("Read")


class Fields:
    """A table of front matter whose values are asked for by key; `within` is the key that holds the table.

    A value that is absent or unusable reads as the default, so that one fault never hides another.
    """

    def __init__(self, table: Table, report: Report, *, within: str = "") -> None:
        """Read from `table` and note faults in `report`."""
        self._table = table
        self._report = report
        self._within = f"{within}." if within else ""
        self._meant: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Whether the key was given a value, soundly or not; `key:` alone gives none."""
        node = self._table.values.get(key)
        return node is not None and not (isinstance(node, Text) and not node.text.strip())

    @property
    def count(self) -> int:
        """How many faults the whole file has so far."""
        return len(self._report.faults)

    def line(self, key: str) -> int:
        """The line of a key, or of the table if the key is absent."""
        return self._table.lines.get(key, self._table.line)

    def note(self, key: str, fault: str) -> None:
        """Add a fault in the line of a key: `what is wrong; cure`."""
        self._report.note(self.line(key), fault)

    def note_at(self, line: int, fault: str) -> None:
        """Add a fault in a line: `what is wrong; cure`."""
        self._report.note(line, fault)

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """Note every key that is not among those known."""
        names = list(known)
        for key, line in self._table.lines.items():
            if key not in names:
                fault = f"unknown key {shown(self._within + key)}"
                near = suggestion(key, names)
                cure = near if near.startswith("did") else "leave it out; `sparkpub schema issue` lists the keys"
                self._meant.update(name for name in names if f"'{name}'" in near)
                self._report.note(line, fault, cure)

    def require(self, key: str, example: str) -> None:
        """Note a key that is absent or empty; a misspelt one was noted already."""
        node = self._table.values.get(key)
        if node is None and key in self._meant:
            return
        if node is None:
            self._report.note(self._table.line, f"the key '{self._within}{key}' is missing", f"add `{key}: {example}`")
        elif isinstance(node, Text) and not node.text.strip():
            self._report.note(self.line(key), f"'{self._within}{key}' is empty", f"write `{key}: {example}`")

    def text(self, key: str, default: str = "", *, check: Callable[[str], str] = line_fault) -> str:
        """A text without white space around it; one line unless `check` (a `*_fault`) says otherwise."""
        node = self._table.values.get(key)
        if node is None or isinstance(node, Unusable):
            return default
        if not isinstance(node, Text):
            kind = "a list" if isinstance(node, Items) else "a table"
            self.note(key, f"'{self._within}{key}' is {kind}; write one text: `{key}: …`")
            return default
        text = node.text.strip(" \n\t")
        fault = line_fault(text) if check is not prose_fault else ""
        if text and (fault := fault or check(text)):
            self.note(key, fault if shown(text) in fault else f"'{self._within}{key}' has {fault}")
            return default
        return text or default

    def prose(self, key: str) -> str:
        """Some sentences, their lines joined."""
        return " ".join(self.text(key, check=prose_fault).split())

    def choice(self, key: str, options: type[Chosen], default: Chosen) -> Chosen:
        """One of the words of an enumeration."""
        text = self.text(key)
        if not text:
            return default
        try:
            return options(text)
        except ValueError:
            self.note(key, f"{shown(text)} is no {key}; {suggestion(text, options)}")
            return default

    def parsed(self, key: str, parse: Callable[[str], Read]) -> Read | None:
        """What `parse` makes of a text; its ValueError is the fault."""
        text = self.text(key)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.note(key, str(error))
            return None

    def date(self, key: str) -> date | None:
        """A civil date."""
        return self.parsed(key, parse_date)

    def time(self, key: str, default: time) -> time:
        """A time of day."""
        read = self.parsed(key, parse_time)
        return default if read is None else read

    def items(self, key: str) -> tuple[Node, ...]:
        """A list; an absent one is empty."""
        node = self._table.values.get(key)
        if node is None or isinstance(node, Unusable):
            return ()
        if isinstance(node, Text) and not node.text.strip():
            return ()
        if not isinstance(node, Items):
            value = node.text if isinstance(node, Text) else "…"
            self.note(key, f"'{self._within}{key}' is no list; write `{key}: [{value}]`")
            return ()
        if len(node.items) > _MOST_ITEMS:
            self.note(key, f"'{self._within}{key}' has {len(node.items):,} items; at most {_MOST_ITEMS} have room")
            return ()
        return node.items

    def names(self, key: str, *, check: Callable[[str], str] = line_fault) -> tuple[str, ...]:
        """A list of single lines, none twice."""
        names: dict[str, None] = {}
        for node in self.items(key):
            if isinstance(node, Unusable):
                continue
            text = node.text.strip() if isinstance(node, Text) else ""
            if not text:
                self._report.note(node.line, f"an item of '{self._within}{key}' is no text; quote it if it holds ': '")
            elif fault := line_fault(text) or check(text):
                said = fault if shown(text) in fault else f"an item of '{self._within}{key}' has {fault}"
                self._report.note(node.line, said)
            else:
                names[text] = None
        return tuple(names)

    def pairs(self, key: str) -> list[tuple[str, str, int]]:
        """A list of `name: text`, quoted or not, as (name, text, line)."""
        node = self._table.values.get(key)
        items = (node,) if isinstance(node, Table) else self.items(key)
        pairs = []
        for item in items:
            if isinstance(item, Text):
                name, _, text = item.text.partition(":")
                pairs.append((name.strip(), text.strip(), item.line))
            elif isinstance(item, Table):
                for name, value in item.values.items():
                    text = value.text.strip() if isinstance(value, Text) else ""
                    pairs.append((name.strip(), text, item.lines[name]))
            elif not isinstance(item, Unusable):
                self._report.note(item.line, f"an item of '{self._within}{key}' is a list; write `name: text`")
        return pairs

    def table(self, key: str, example: str) -> "Fields | None":
        """A table within this one, or None if it is absent or unusable."""
        node = self._table.values.get(key)
        if node is None or isinstance(node, Unusable):
            return None
        if not isinstance(node, Table):
            self.note(key, f"'{self._within}{key}' is no table; write `{key}: {example}`")
            return None
        return Fields(node, self._report, within=key)

    def empty(self) -> "Fields":
        """A table without keys in the place of this one."""
        return Fields(Table(values={}, lines={}, line=self._table.line), self._report)

    def over(self, defaults: Mapping[str, str | tuple[str, ...]], *, within: str) -> "Fields":
        """These fields with defaults for keys that are absent, as if they stood in the table's own line."""
        values, line = dict(self._table.values), self._table.line
        for key, value in defaults.items():
            if isinstance(value, str):
                values.setdefault(key, Text(text=value, line=line))
            else:
                values.setdefault(key, Items(items=tuple(Text(text=v, line=line) for v in value), line=line))
        table = Table(values=values, lines=self._table.lines, line=line)
        fields = Fields(table, self._report, within=within)
        fields._meant = self._meant
        return fields
