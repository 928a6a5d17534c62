"""Ledger rows of lists of readers: many taken in at once, and any choice of them given out."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sparkpub.adapters.ledger.audiences import AudienceRows, segment_clauses
from sparkpub.adapters.ledger.instants import to_seconds
from sparkpub.adapters.ledger.readers import ImportCounts, entry_lines, pair_line, subscriber_of
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.addresses import address_key, plain_line
from sparkpub.core.reader_list import Entry, Reject
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.core.settings import AudienceSettings
from sparkpub.core.wishes import Wishes, wish_lines

_SQL = statements("lists.sql")
_PAGE = 1000
_LINES = 20_000  # taken in by one statement, between which is told how far it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which readers are meant: all of whom every condition holds. `is_mailed`: active, and not suppressed."""

    state: SubscriberState | None = None
    is_mailed: bool = False
    segments: tuple[AudienceSettings, ...] = ()


EVERYBODY = Choice()


class ListRows(AudienceRows):
    """Lists in and out."""

    @contextmanager
    def arrivals(self) -> Iterator[None]:
        """Inside, a list may arrive; whatever of it was not taken in is forgotten at the end."""
        try:
            for statement in ("drop_arriving", "drop_refused", "make_arriving", "make_refused"):
                self._db.write(_SQL[statement])
            yield
        finally:
            for statement in ("drop_arriving", "drop_refused"):
                self._db.write(_SQL[statement])

    def arrive(self, rows: Iterable[Entry | Reject], *, state: SubscriberState | None) -> None:
        """Note rows of a list, in their order; `state` is for those that name none. Nothing of it is in the ledger yet.

        No other process has to wait meanwhile, however slowly the list comes.
        """
        values, refused = [], []
        for row in rows:
            if isinstance(row, Reject):
                refused.append(row)
            elif chosen := row.state or state:
                values.append(_values(row, chosen))
            else:
                refused.append(Reject(row.line, f"{row.address} has no status; fill it in, or use --as"))
        with self._db.staging():
            self._db.write_many(_SQL["arrive"], values)
            self._db.write_many(_SQL["refuse"], refused)

    def refuse_repeated(self) -> int:
        """Refuse whoever stood in an earlier row, once all are here; returns how many rows are refused."""
        with self._db.staging():
            for statement in ("index_arriving", "refuse_repeated", "drop_repeated"):
                self._db.write(_SQL[statement])
        return int(self._db.row(_SQL["count_refused"])[0])

    def leave_out_gone(self) -> int:
        """Leave out whom the ledger knows by keyed hash to have left, once all are here; returns how many.

        Nothing of them is kept again: a list is no wish of theirs.
        """
        gone = {row["mark"] for row in self._db.rows(_SQL["gone"])}
        lines: list[tuple[object, ...]] = []
        after = 0
        while gone and (page := self._db.rows(_SQL["arrived_after"], {"after": after, "count": _PAGE})):
            lines += [(row["line"],) for row in page if self.mark(row["address"]) in gone]
            after = page[-1]["line"]
        with self._db.staging():
            self._db.write_many(_SQL["leave_out"], lines)
        return len(lines)

    def refused(self) -> Iterator[Reject]:
        """The rows that are not taken in, in the order of the list."""
        after = 0
        while page := self._db.rows(_SQL["refused"], {"after": after, "count": _PAGE}):
            yield from (Reject(row["line"], row["reason"]) for row in page)
            after = page[-1]["line"]

    def count_arrived(self) -> ImportCounts:
        """What would become of the list if it were taken in now."""
        added = int(self._db.row(_SQL["count_new"])[0])
        return ImportCounts(added=added, known=int(self._db.row(_SQL["count_arrived"])[0]) - added)

    def take_in(self, *, evidence: str, at: datetime, progress: Callable[[int], None]) -> ImportCounts:
        """Add everybody of the list who is new; who is known is left as is: nobody is subscribed again.

        `progress` is told how many of its rows are done.
        """
        count, last_line = self._db.row(_SQL["count_arrived"])
        before = int(self._db.row(_SQL["last_reader"])[0])
        values = {"evidence": plain_line(evidence), "at": to_seconds(at)}
        added = 0
        with self.transaction(), self._db.roomy():
            for first in range(1, last_line + 1, _LINES):
                added += self._db.write(_SQL["take_in"], {**values, "first": first, "last": first + _LINES - 1})
                progress(min(first + _LINES, last_line) * count // last_line)
            self._recall_new(before, at)
        return ImportCounts(added=added, known=count - added)

    def ask_arrived(self, *, at: datetime) -> int:
        """Queue a letter to confirm for everybody of the list who is unconfirmed and has none; returns how many.

        To be called once they were taken in.
        """
        with self.transaction():
            self._db.write(_SQL["wish_anew"], {"at": to_seconds(at)})
            return self._db.write(_SQL["ask"], {"at": to_seconds(at)})

    def count_to_ask(self) -> int:
        """How many of the list would be asked to confirm if it were taken in now."""
        return int(self._db.row(_SQL["count_to_ask"])[0])

    def _recall_new(self, before: int, at: datetime) -> None:
        """Let what is known by keyed hash of the readers after a number hold."""
        marks = {row["mark"] for row in self._db.rows(_SQL["marks"])}
        after = before
        while marks and (page := self._db.rows(_SQL["addresses_after"], {"after": after, "count": _PAGE})):
            for row in page:
                if self.mark(row["address"]) in marks:
                    self._recall(row["address"], is_asked_now=False, at=at)
            after = page[-1]["subscriber_id"]

    def readers(self, choice: Choice = EVERYBODY) -> Iterator[Subscriber]:
        """The readers chosen in the order they were added, a page at a time."""
        condition, values = _conditions(choice)
        sql, after = f"{_SQL['readers']}{condition}\n{_SQL['page']}", 0
        while page := self._db.rows(sql, {**values, "after": after, "count": _PAGE}):
            yield from map(subscriber_of, page)
            after = page[-1]["subscriber_id"]

    def columns(self, choice: Choice = EVERYBODY) -> tuple[list[str], bool]:
        """The attributes that any of the readers chosen has, in order, and whether any wishes for less than all."""
        condition, values = _conditions(choice)
        sql, after = f"{_SQL['columns']}{condition}\n{_SQL['page']}", 0
        names: set[str] = set()
        has_wishes = False
        while page := self._db.rows(sql, {**values, "after": after, "count": _PAGE}):
            for row in page:
                names.update([line.partition("=")[0] for line in row["attributes"].split("\n")])
            has_wishes = has_wishes or any(row["wishes"] for row in page)
            after = page[-1]["subscriber_id"]
        return sorted(names - {""}), has_wishes

    def count_readers(self, choice: Choice = EVERYBODY) -> int:
        """How many readers are chosen."""
        condition, values = _conditions(choice)
        return int(self._db.row(_SQL["count_readers"] + condition, {**values, "after": 0})[0])


def _conditions(choice: Choice) -> tuple[str, dict[str, object]]:
    """What a choice adds to a WHERE clause, with the values."""
    values: dict[str, object] = {}
    clauses = []
    if choice.state is not None:
        clauses.append(_SQL["has_state"])
        values["state"] = choice.state.value
    if choice.is_mailed:
        clauses.append(_SQL["can_be_mailed"])
    for segment in choice.segments:
        clauses += segment_clauses(segment, values)
    return "".join(f"\nAND {clause}" for clause in clauses), values


def _values(entry: Entry, state: SubscriberState) -> tuple[object, ...]:
    """A row of a list as values for its statement."""
    return (
        entry.line,
        address_key(entry.address),
        entry.address,
        plain_line(entry.name),
        state.value,
        entry.language,
        _tag_lines(entry.tags),
        "\n" + "".join([f"{_key(key)}={plain_line(value)}\n" for key, value in entry.attributes])
        if entry.attributes
        else "",
        _wish_lines(entry.wishes),
    )


# Readers of one list share the names of attributes, tags and wishes.
@lru_cache(maxsize=1000)
def _key(name: str) -> str:
    """The name of an attribute as the ledger keeps it."""
    return pair_line(name, "").removesuffix("=")


@lru_cache(maxsize=1000)
def _tag_lines(tags: tuple[str, ...]) -> str:
    """Tags as the ledger keeps them."""
    return entry_lines(map(plain_line, tags))


@lru_cache(maxsize=1000)
def _wish_lines(wishes: Wishes) -> str:
    """Wishes as the ledger keeps them."""
    return entry_lines(wish_lines(wishes))
