"""Ledger rows of the press itself: facts, history, the editors' queue, verdicts."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sparkpub.adapters.ledger.instants import from_seconds, to_seconds
from sparkpub.adapters.ledger.sqlite import Database
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.addresses import address_key
from sparkpub.core.records import Decision, Holder, IssueState, QueueState, Verdict

_SQL = statements("queue.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the history. `at` is in UTC; `subject` is an issue's id, `ISSUE/N`, or a word such as `press`."""

    at: datetime
    verb: str
    subject: str
    detail: str


class QueueRows:
    """Facts, events, queue states and decisions."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._db = database
        self.mark_key = ""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing: what is written inside is committed at its end, or not at all if it raises."""
        return self._db.transaction()

    def fact(self, key: str) -> str | None:
        """The value noted under a key, None if none ever was."""
        row = self._db.row(_SQL["fact"], {"key": key})
        return None if row is None else str(row["value"])

    def set_fact(self, key: str, value: str) -> None:
        """Note a value under a key, in place of any before."""
        self._db.write(_SQL["set_fact"], {"key": key, "value": value})

    def record(self, at: datetime, verb: str, subject: str, detail: str) -> None:
        """Add a line to the history."""
        values = {"at": to_seconds(at), "verb": verb, "subject": subject, "detail": detail}
        self._db.write(_SQL["record"], values)
        self._db.note_news()

    def mark(self, address: str) -> str:
        """The keyed hash by which the history names an address: who lacks the press's key learns nothing from it."""
        digest = hmac.digest(self.mark_key.encode(), f"sparkpub.mark/{address_key(address)}".encode(), hashlib.sha256)
        return digest.hex()[:32]

    def history(self, issue_id: str) -> list[Event]:
        """What happened to an issue and its occurrences, oldest first."""
        return [_event(row) for row in self._db.rows(_SQL["history"], {"issue_id": issue_id})]

    def last_event(self) -> int:
        """The number of the newest event, 0 if there is none."""
        return int(self._db.row(_SQL["last_event"])[0])

    def event(self, event_id: int) -> Event | None:
        """The event of this number."""
        row = self._db.row(_SQL["event"], {"event_id": event_id})
        return None if row is None else _event(row)

    def events_after(self, event_id: int) -> Iterator[tuple[int, Event]]:
        """Every event after one, with its number, oldest first."""
        for row in self._db.rows(_SQL["events_after"], {"event_id": event_id}):
            yield int(row["event_id"]), _event(row)

    def issue_states(self) -> dict[str, IssueState]:
        """The editors' queue by issue id."""
        return {row["issue_id"]: _issue_state(row) for row in self._db.rows(_SQL["issue_states"])}

    def issue_state(self, issue_id: str) -> IssueState | None:
        """One issue in the editors' queue, None if it never was there."""
        row = self._db.row(_SQL["issue_state"], {"issue_id": issue_id})
        return None if row is None else _issue_state(row)

    def save_issue_state(self, state: IssueState) -> None:
        """Put an issue's state in place of its earlier one."""
        self._db.write(
            _SQL["save_issue_state"],
            {
                "issue_id": state.issue_id,
                "state": state.state.value,
                "activated_at": to_seconds(state.activated_at),
                "rule_hash": state.rule_hash,
                "content_hash": state.content_hash,
                "held_by": state.held_by.value,
                "reason": state.reason,
            },
        )

    def approve(self, issue_id: str, source: bytes) -> None:
        """Keep the file of an issue as a person approved it."""
        self._db.write(_SQL["approve"], {"issue_id": issue_id, "source": source})

    def approved(self, issue_id: str) -> bytes | None:
        """The file of an issue as it was approved, None if none was kept."""
        row = self._db.row(_SQL["approved"], {"issue_id": issue_id})
        return None if row is None else bytes(row["source"])

    def decisions(self) -> list[Decision]:
        """Every verdict, oldest first."""
        return [
            Decision(
                issue_id=row["issue_id"],
                number=row["number"],
                on=date.fromisoformat(row["on_date"]),
                verdict=Verdict(row["verdict"]),
                decided_at=from_seconds(row["decided_at"]),
            )
            for row in self._db.rows(_SQL["decisions"])
        ]

    def is_skipped(self, issue_id: str, number: int) -> bool:
        """Whether a person left this occurrence out."""
        return self._db.row(_SQL["skipped"], {"issue_id": issue_id, "number": number}) is not None

    def decide(self, decision: Decision) -> None:
        """Keep a verdict. A missed occurrence may still be skipped; nothing else is decided twice."""
        self._db.write(
            _SQL["decide"],
            {
                "issue_id": decision.issue_id,
                "number": decision.number,
                "on_date": decision.on.isoformat(),
                "verdict": decision.verdict.value,
                "decided_at": to_seconds(decision.decided_at),
            },
        )


def _issue_state(row: Any) -> IssueState:  # noqa: ANN401 - a row
    """A row as the state of an issue."""
    return IssueState(
        issue_id=row["issue_id"],
        state=QueueState(row["state"]),
        activated_at=from_seconds(row["activated_at"]),
        rule_hash=row["rule_hash"],
        content_hash=row["content_hash"],
        held_by=Holder(row["held_by"]),
        reason=row["reason"],
    )


def _event(row: Any) -> Event:  # noqa: ANN401 - a row
    """A row as an event."""
    return Event(at=from_seconds(row["at"]), verb=row["verb"], subject=row["subject"], detail=row["detail"])
