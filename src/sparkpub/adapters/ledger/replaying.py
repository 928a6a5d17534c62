"""Ledger rows as a mirror tells them: what a ledger that was put back has to learn before it may go on."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sparkpub.adapters.ledger.deliveries import LOST, DeliveryRows
from sparkpub.adapters.ledger.instants import from_seconds, to_seconds
from sparkpub.adapters.ledger.queue import Event
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.addresses import address_key
from sparkpub.core.records import DeliveryState, Subscriber

_SQL = statements("replaying.sql")
_READERS = statements("readers.sql")
_NUMBERS = {state: number for number, state in enumerate(DeliveryState)}
_DIGITS_MAX = 18  # of a number that a row can hold
_SUPPRESSED = "suppressed before the ledger was lost"
_CALLED_OFF = "its message was lost with the ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredRelease:
    """What a mirror keeps of a release: all of it that never changes, but for the text.

    `text_hash` is the SHA-256 of the issue file as mailed, in hex. `eligible` counts the deliveries it was planned
    with; `last_reader` is the highest number among their readers.
    """

    release_id: int
    issue_id: str
    number: int
    on: date
    released_at: datetime
    edition_hash: str
    text_hash: str
    issue_path: str
    entry_id: str
    transport: str
    is_mailed: bool
    repeats: bool
    tzdata: str
    eligible: int
    last_reader: int
    is_digest: bool = False


class ReplayedRows(DeliveryRows):
    """What goes into a mirror, and what comes back from it."""

    def mirrored_release(self, issue_id: str, number: int) -> MirroredRelease | None:
        """A release as a mirror keeps it."""
        row = self._db.row(_SQL["mirrored_release"], {"issue_id": issue_id, "number": number})
        if row is None:
            return None
        return MirroredRelease(
            release_id=row["release_id"],
            issue_id=issue_id,
            number=row["number"],
            on=date.fromisoformat(row["on_date"]),
            released_at=from_seconds(row["released_at"]),
            edition_hash=row["mailed_hash"],
            text_hash=hashlib.sha256(row["source"]).hexdigest() if row["source"] else "",
            issue_path=row["issue_path"],
            entry_id=row["entry_id"],
            transport=row["transport"],
            is_mailed=bool(row["is_mailed"]),
            repeats=bool(row["repeats"]),
            tzdata=row["tzdata"],
            eligible=row["eligible"],
            last_reader=row["last_reader"],
            is_digest=bool(row["is_digest"]),
        )

    def add_event(self, event_id: int, event: Event) -> None:
        """Add an event under the number that it had."""
        values = {"at": to_seconds(event.at), "verb": event.verb, "subject": event.subject, "detail": event.detail}
        self._db.write(_SQL["add_event"], {"event_id": event_id, **values})
        self._db.note_news()

    def add_mark_of_release(self, release: MirroredRelease, *, settings: str) -> bool:
        """Block number and date of a release that this ledger does not know; False if they are blocked already."""
        values = {
            "release_id": release.release_id,
            "issue_id": release.issue_id,
            "number": release.number,
            "on_date": release.on.isoformat(),
            "released_at": to_seconds(release.released_at),
            "hash": release.edition_hash,
            "no_source": b"",
            "issue_path": release.issue_path,
            "settings_id": self._put_settings(settings),
            "entry_id": release.entry_id,
            "transport": release.transport,
            "is_mailed": int(release.is_mailed),
            "is_digest": int(release.is_digest),
            "repeats": int(release.repeats),
            "tzdata": release.tzdata,
        }
        return self._db.write(_SQL["add_mark_of_release"], values) > 0

    def release_named(self, name: str) -> int | None:
        """The number under which the ledger keeps the release `ISSUE/N`, None if it has none of that name."""
        issue_id, _, number = name.rpartition("/")
        if not number.isdecimal() or len(number) > _DIGITS_MAX:
            return None
        row = self._db.row(_SQL["release_named"], {"issue_id": issue_id, "number": int(number)})
        return None if row is None else int(row["release_id"])

    def doubt(self, release_id: int, readers: tuple[int, int], *, at: datetime) -> int:
        """Let what was claimed count as uncertain; returns how many deliveries that are."""
        place = {"release_id": release_id, "first": readers[0], "last": readers[1], "at": to_seconds(at)}
        return self._db.write(_SQL["doubt"], place | {"code": LOST})

    def settle_doubt(self, release_id: int, readers: tuple[int, int], state: DeliveryState, *, at: datetime) -> int:
        """Give what was claimed the state that the mirror knows; returns how many deliveries that are."""
        values = {"release_id": release_id, "first": readers[0], "last": readers[1], "at": to_seconds(at)}
        words = {"code": LOST, "settled": "as the mirror tells", "state": _NUMBERS[state]}
        return self._db.write(_SQL["settle_doubt"], values | words)

    def doubt_open_claims(self, *, at: datetime) -> int:
        """Doubt what was under way when a copy of this ledger was made, and end its runs; returns how many."""
        count = 0
        for claim in self._db.rows(_SQL["open_claims"]):
            readers = (claim["first_subscriber_id"], claim["last_subscriber_id"])
            count += self.doubt(claim["release_id"], readers, at=at)
        for statement in ("end_everything", "end_runs"):
            self._db.write(_SQL[statement], {"at": to_seconds(at)})
        return count

    def call_off_the_rest(self, release_id: int, *, at: datetime) -> int:
        """Never send what is open of a release whose message is lost; returns how many deliveries that are."""
        values = {"release_id": release_id, "at": to_seconds(at), "code": _CALLED_OFF}
        count = self._db.write(_SQL["call_off_the_rest"], values)
        if count:
            self._db.write(_SQL["mark_cancelled"], {"release_id": release_id})
        return count

    def heed(self, verb: str, mark: str, at: datetime) -> None:
        """Let somebody who is known by keyed hash have left, be suppressed (or no more), have moved or be forgotten.

        Whoever moved has left: a mirror knows nobody's new address.
        """
        known = self._reader_of(mark)
        match verb:
            case "left" if known:
                self._let_go(known, at)
            case "moved" if known:
                self._let_go(known, at)
            case "erased" if known:
                self._forget(known, at)
            case "erased":
                self.forget_mark(mark, at)
            case "suppressed" if known:
                values = {"address_key": address_key(known.address), "reason": _SUPPRESSED, "at": to_seconds(at)}
                self._db.write(_READERS["suppress"], values)
            case "unsuppressed":
                self._db.write(_READERS["drop_mark"], {"mark": mark, "verb": "suppressed"})
                if known:
                    self._db.write(_READERS["unsuppress"], {"address_key": address_key(known.address)})
            case "left" | "moved":
                self._put_mark(mark, "left", at)
            case "suppressed":
                self._put_mark(mark, "suppressed", at)

    def _reader_of(self, mark: str) -> Subscriber | None:
        """The reader whose address has this keyed hash."""
        reader_id = self._marked_readers.get(mark)
        return None if reader_id is None else self.subscriber(reader_id)

    @cached_property
    def _marked_readers(self) -> dict[str, int]:
        """Every reader's number by the keyed hash of the address."""
        return {self.mark(reader.address): reader.subscriber_id for reader in self.subscribers()}

    def leave_numbers_free(self, last: int, spare: int) -> None:
        """Number new readers beyond `last` and all that were ever in a release here, leaving `spare` out."""
        known = max(self._db.row(_SQL["last_reader"])[0], self._db.last_number("subscriber"), last)
        self._db.number_after("subscriber", known + spare)
