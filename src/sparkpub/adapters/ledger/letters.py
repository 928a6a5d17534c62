"""Ledger rows of letters, which belong to no release, and of who asked for what lately."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from sparkpub.adapters.ledger.instants import from_seconds, to_seconds
from sparkpub.adapters.ledger.moving import MovedRows
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.records import DeliveryState, Letter, LetterKind

_SQL = statements("letters.sql")
_PAGE = 100
_CODE_MAX = 120
_STATES: Final = tuple(DeliveryState)  # schema.sql numbers them in this order


class LetterRows(MovedRows):
    """Letters and asks."""

    def queue_letter(self, kind: LetterKind, subscriber_id: int, *, wished_at: datetime, at: datetime) -> bool:
        """Have a letter written to a reader; False if they have one of this kind for this wish already."""
        values = {"kind": kind.value, "subscriber_id": subscriber_id, "wished_at": to_seconds(wished_at)}
        return self._db.write(_SQL["queue_letter"], {**values, "at": to_seconds(at)}) > 0

    def due_letters(self, at: datetime) -> Iterator[Letter]:
        """The letters that are to be tried now, in the order they were queued.

        One that a process had begun when it died is among them: only one process at a time posts letters. Those to
        readers who were erased are not.
        """
        values = {"at": to_seconds(at), "after": 0, "count": _PAGE}
        while rows := self._db.rows(_SQL["due_letters"], values):
            for row in rows:
                if reader := self.subscriber(row["subscriber_id"]):
                    yield Letter(
                        letter_id=row["letter_id"],
                        kind=LetterKind(row["kind"]),
                        reader=reader,
                        wished_at=from_seconds(row["wished_at"]),
                        queued_at=from_seconds(row["queued_at"]),
                        attempts=row["attempts"],
                        first_at=None if row["first_at"] is None else from_seconds(row["first_at"]),
                    )
            values["after"] = rows[-1]["letter_id"]

    def begin_letter(self, letter: Letter, *, at: datetime) -> bool:
        """Note that a letter is about to go; False if it went already."""
        return self._db.write(_SQL["begin_letter"], {"letter_id": letter.letter_id, "at": to_seconds(at)}) > 0

    def settle_letter(self, letter: Letter, state: DeliveryState, *, code: str, at: datetime) -> None:
        """Note what became of a letter; `at` is when a deferred one is to be tried again."""
        values = {"state": _STATES.index(state), "code": code[:_CODE_MAX], "at": to_seconds(at)}
        self._db.write(_SQL["settle_letter"], {**values, "letter_id": letter.letter_id})

    def count_letters(self) -> int:
        """How many letters wait to be posted."""
        return int(self._db.row(_SQL["count_letters"])[0])

    def letters_of(self, subscriber_id: int) -> list[tuple[LetterKind, DeliveryState, datetime, str]]:
        """Each letter to a reader: its kind, how it stands, since when, and the relay's last words."""
        rows = self._db.rows(_SQL["letters_of"], {"subscriber_id": subscriber_id})
        return [(LetterKind(r["kind"]), _STATES[r["state"]], from_seconds(r["at"]), r["code"]) for r in rows]

    def note_asks(self, marks: Iterable[str], at: datetime) -> None:
        """Note that somebody asked; each mark is a word or a keyed hash that asks are counted by."""
        for mark in marks:
            self._db.write(_SQL["note_ask"], {"mark": mark, "at": to_seconds(at)})

    def count_asks(self, mark: str, *, since: datetime) -> int:
        """How often was asked under a mark after an instant."""
        return int(self._db.row(_SQL["count_asks"], {"mark": mark, "since": to_seconds(since)})[0])

    def forget_asks(self, before: datetime) -> int:
        """Forget who asked until an instant; returns how many asks that were."""
        return self._db.write(_SQL["forget_asks"], {"before": to_seconds(before)})
