"""Ledger rows of the readers: subscribers and suppressions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sparkpub.adapters.ledger.instants import from_seconds, to_seconds
from sparkpub.adapters.ledger.releases import ReleaseRows
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.addresses import address_key, plain_line
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.core.wishes import EVERYTHING, Wishes, read_wishes, wish_lines

_SQL = statements("readers.sql")
_WAITING = (statements("deliveries.sql")["suppress_reader"], statements("gathering.sql")["drop_gathered"])
_PAGE = 1000
_STATES = {state.value: state for state in SubscriberState}  # looking one up is quicker than making it
_KNOWN_BY_MARK = "suppressed before; all that was kept of it is a keyed hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRow:
    """One reader of a list that is taken in; `address` was parsed before."""

    address: str
    name: str = ""
    state: SubscriberState = SubscriberState.ACTIVE
    language: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    evidence: str = ""
    wishes: Wishes = EVERYTHING
    asked_at: datetime | None = None

    @classmethod
    def of(cls, reader: Subscriber) -> "ReaderRow":
        """What a ledger takes in of a reader that it, or another one, has."""
        return cls(
            address=reader.address,
            name=reader.name,
            state=reader.state,
            language=reader.language,
            tags=reader.tags,
            attributes=reader.attributes,
            evidence=reader.evidence,
            wishes=reader.wishes,
            asked_at=reader.asked_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What became of a list: new readers, and those who were here already and were left as they are."""

    added: int
    known: int


class ReaderRows(ReleaseRows):
    """Subscribers and suppressions."""

    def add_subscriber(  # noqa: PLR0913 - one parameter a column
        self,
        address: str,
        *,
        name: str = "",
        state: SubscriberState = SubscriberState.ACTIVE,
        language: str = "",
        tags: Iterable[str] = (),
        attributes: Mapping[str, str] | None = None,
        evidence: str = "",
        at: datetime,
    ) -> int | Subscriber:
        """Add a reader; returns the number, or the subscriber who has the address already and is left unchanged."""
        row = ReaderRow(
            address=address,
            name=name,
            state=state,
            language=language,
            tags=tuple(tags),
            attributes=attributes or {},
            evidence=evidence,
        )
        with self.transaction():
            added = self._db.row(_SQL["add_subscriber"], _columns(row, at))
            if added is not None:
                self._recall(address, is_asked_now=True, at=at)
                return int(added[0])
        return subscriber_of(self._db.row(_SQL["find_subscriber"], {"address_key": address_key(address)}))

    def import_subscribers(self, rows: Iterable[ReaderRow], at: datetime) -> ImportCounts:
        """Add many readers in one transaction. Who is known is left as is: nobody is subscribed again."""
        added = known = 0
        with self.transaction():
            has_marks = self._has_marks()
            for row in rows:
                if self._db.row(_SQL["add_subscriber"], _columns(row, at)) is None:
                    known += 1
                    continue
                added += 1
                if has_marks:
                    self._recall(row.address, is_asked_now=False, at=at)
        return ImportCounts(added=added, known=known)

    def find_subscriber(self, address: str) -> Subscriber | None:
        """The reader with this address, however it is spelt."""
        row = self._db.row(_SQL["find_subscriber"], {"address_key": address_key(address)})
        return None if row is None else subscriber_of(row)

    def subscriber(self, subscriber_id: int) -> Subscriber | None:
        """The reader of this number."""
        row = self._db.row(_SQL["subscriber"], {"subscriber_id": subscriber_id})
        return None if row is None else subscriber_of(row)

    def subscribers(self) -> Iterator[Subscriber]:
        """Every reader in the order they were added, a page at a time."""
        after = 0
        while page := self._db.rows(_SQL["subscribers"], {"after": after, "count": _PAGE}):
            for row in page:
                yield subscriber_of(row)
            after = page[-1]["subscriber_id"]

    def count_subscribers(self) -> int:
        """How many readers there are, in whatever state."""
        return int(self._db.row(_SQL["count_subscribers"])[0])

    def set_subscriber(self, subscriber: Subscriber, *, at: datetime) -> None:
        """Put a reader's name, state, language, tags, attributes and evidence in place of the earlier ones."""
        row = ReaderRow.of(subscriber)
        self._db.write(_SQL["set_subscriber"], {**_columns(row, at), "subscriber_id": subscriber.subscriber_id})

    def unsubscribe(self, address: str, at: datetime) -> bool:
        """Let a reader leave, and everything that still waits for them unsent; False if there was nobody to leave."""
        known = self.find_subscriber(address)
        return known is not None and self.part_with(known, at)

    def part_with(self, known: Subscriber, at: datetime) -> bool:
        """The same for a reader who was just looked up."""
        if known.state is SubscriberState.UNSUBSCRIBED:
            return False
        with self.transaction():
            self._let_go(known, at)
            self.record(at, "left", f"reader {self.mark(known.address)}", "")
        return True

    def _let_go(self, known: Subscriber, at: datetime) -> None:
        """Let a reader leave, without a line in the history."""
        self._db.write(_SQL["let_go"], {"subscriber_id": known.subscriber_id, "at": to_seconds(at)})
        self._drop_waiting(known, at)

    def _drop_waiting(self, known: Subscriber, at: datetime) -> None:
        """Let nothing that still waits for a reader be sent, by itself or in a digest."""
        for statement in _WAITING:
            self._db.write(statement, {"subscriber_id": known.subscriber_id, "at": to_seconds(at)})

    def suppress(self, address: str, reason: str, at: datetime) -> bool:
        """Never mail an address again; False if that was the order already."""
        values = {"address_key": address_key(address), "reason": reason, "at": to_seconds(at)}
        with self.transaction():
            is_new = self._db.write(_SQL["suppress"], values) > 0
            known = self.find_subscriber(address)
            if known is not None:
                self._drop_waiting(known, at)
            if is_new:
                self.record(at, "suppressed", f"reader {self.mark(address)}", reason)
        return is_new

    def unsuppress(self, address: str, at: datetime) -> bool:
        """Take the order back; False if there was none."""
        with self.transaction():
            is_taken_back = self._db.write(_SQL["unsuppress"], {"address_key": address_key(address)}) > 0
            marked = {"mark": self.mark(address), "verb": "suppressed"}
            if self._db.write(_SQL["drop_mark"], marked) or is_taken_back:
                self.record(at, "unsuppressed", f"reader {self.mark(address)}", "")
                return True
        return False

    def suppression(self, address: str) -> str | None:
        """Why an address is never mailed, None if it may be."""
        row = self._db.row(_SQL["suppression"], {"address_key": address_key(address)})
        if row is not None:
            return str(row["reason"])
        is_marked = any(mark["verb"] == "suppressed" for mark in self._marks(address))
        return _KNOWN_BY_MARK if is_marked else None

    def is_gone(self, address: str) -> bool:
        """Whether an address that is no reader's is known, by its keyed hash alone, to have left."""
        return any(mark["verb"] == "left" for mark in self._marks(address))

    def _has_marks(self) -> bool:
        """Whether there are addresses that the ledger knows by their keyed hashes alone."""
        return bool(self._db.row(_SQL["has_marks"])[0])

    def _marks(self, address: str) -> list[Any]:
        """What the ledger knows of an address by its keyed hash."""
        return self._db.rows(_SQL["marked"], {"mark": self.mark(address)}) if self._has_marks() else []

    def _put_mark(self, mark: str, verb: str, at: datetime) -> None:
        """Know of an address, by its keyed hash alone, that it left or is suppressed."""
        self._db.write(_SQL["put_mark"], {"mark": mark, "verb": verb, "at": to_seconds(at)})

    def _recall(self, address: str, *, is_asked_now: bool, at: datetime) -> None:
        """Let what was known of a new reader by keyed hash hold: who left is not in by a list, but by a new wish.

        A wish that nobody has confirmed is none yet: until then it stays known that they left.
        """
        for mark in self._marks(address):
            known = self.find_subscriber(address)
            if mark["verb"] == "left" and is_asked_now and known and known.state is SubscriberState.UNCONFIRMED:
                continue
            self._db.write(_SQL["drop_mark"], {"mark": self.mark(address), "verb": mark["verb"]})
            if mark["verb"] == "suppressed":
                values = {"address_key": address_key(address), "reason": _KNOWN_BY_MARK, "at": mark["at"]}
                self._db.write(_SQL["suppress"], values)
            elif not is_asked_now and known:
                self._let_go(known, at)


def pair_line(key: str, value: str) -> str:
    """An attribute as one line, as the ledger keeps it."""
    return f"{plain_line(key).replace('=', '-')}={plain_line(str(value))}"


def attributes_of(lines: str) -> dict[str, str]:
    """A reader's attributes by name, from the lines that the ledger keeps."""
    pairs = (line.partition("=") for line in lines.split("\n") if line)
    return {key: value for key, _, value in pairs}


def entry_lines(entries: Iterable[str]) -> str:
    """Entries as the ledger keeps them: one a line, a line end before the first and after each."""
    kept = [entry for entry in entries if entry]
    return "\n" + "".join(f"{entry}\n" for entry in kept) if kept else ""


def _columns(row: ReaderRow, at: datetime) -> dict[str, object]:
    """A reader as values for the statements."""
    return {
        "address_key": address_key(row.address),
        "address": row.address,
        "name": plain_line(row.name),
        "state": row.state.value,
        "language": row.language,
        "tags": entry_lines(dict.fromkeys(map(plain_line, row.tags))),
        "attributes": entry_lines(pair_line(key, value) for key, value in sorted(row.attributes.items())),
        "wishes": entry_lines(wish_lines(row.wishes)),
        "evidence": plain_line(row.evidence),
        "asked_at": to_seconds(row.asked_at or at),
        "at": to_seconds(at),
    }


def subscriber_of(row: Any) -> Subscriber:  # noqa: ANN401 - a row
    """A row as a subscriber."""
    return Subscriber(
        subscriber_id=row["subscriber_id"],
        address=row["address"],
        name=row["name"],
        state=_STATES[row["state"]],
        language=row["language"],
        tags=tuple(line for line in row["tags"].split("\n") if line),
        attributes=attributes_of(row["attributes"]),
        evidence=row["evidence"],
        wishes=read_wishes(row["wishes"]) if row["wishes"] else EVERYTHING,
        asked_at=from_seconds(row["asked_at"]),
        is_suppressed=bool(row["is_suppressed"]),
    )
