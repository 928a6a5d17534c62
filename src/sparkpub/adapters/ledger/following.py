"""Ledger rows for what follows: doubts by name, one reader's deliveries, another try of what failed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sparkpub.adapters.ledger.deliveries import DeliveryRows
from sparkpub.adapters.ledger.instants import from_seconds, to_seconds
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.instants import instant_text
from sparkpub.core.records import DeliveryState

_SQL = statements("following.sql")
_STATES = tuple(DeliveryState)  # schema.sql numbers them in this order


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One delivery as a person looks at it; `at` is its last change, of a deferred one when it is tried again."""

    release_id: int
    state: DeliveryState
    attempts: int
    first_at: datetime | None
    at: datetime | None
    code: str
    release_name: str = ""
    released_at: datetime | None = None
    address: str = ""
    name: str = ""

    def document(self) -> dict[str, Any]:
        """It as the story of a reader tells it."""
        return {
            "release": self.release_name,
            "released_at": self.released_at and instant_text(self.released_at),
            "state": self.state.value,
            "attempts": self.attempts,
            "first_at": self.first_at and instant_text(self.first_at),
            "at": self.at and instant_text(self.at),
            "code": self.code,
        }


class FollowingRows(DeliveryRows):
    """Deliveries after their first run."""

    def uncertain_deliveries(self, release_id: int) -> list[DeliveryRow]:
        """Every delivery of a release that is in doubt, in the order of the readers."""
        rows = self._db.rows(_SQL["uncertain_deliveries"], {"release_id": release_id})
        return [
            DeliveryRow(
                **_story(row), address=row["address"] or f"reader {row['subscriber_id']}", name=row["name"] or ""
            )
            for row in rows
        ]

    def deliveries_of(self, subscriber_id: int) -> list[DeliveryRow]:
        """One reader's delivery of each release they were in, in the order of release."""
        rows = self._db.rows(_SQL["deliveries_of"], {"subscriber_id": subscriber_id})
        return [
            DeliveryRow(
                **_story(row),
                release_name=f"{row['issue_id']}/{row['number']}",
                released_at=from_seconds(row["released_at"]),
            )
            for row in rows
        ]

    def retry_failed(self, release_id: int, *, at: datetime) -> int:
        """Let what has failed be tried anew, but for those who left or are suppressed; returns how many."""
        key = {"release_id": release_id, "at": to_seconds(at)}
        with self.transaction():
            count = self._db.write(_SQL["retry_failed"], key)
            if count:
                self._db.write(_SQL["renew_grace"], key)
        return count

    def count_retriable(self, release_id: int) -> int:
        """How many `retry_failed` would try."""
        return int(self._db.row(_SQL["count_retriable"], {"release_id": release_id})[0])

    def drop_uncertain(self, release_id: int, *, at: datetime) -> int:
        """Let deliveries in doubt count as cancelled; returns how many."""
        return self._db.write(_SQL["drop_uncertain"], {"release_id": release_id, "at": to_seconds(at)})

    def renew_grace(self, release_id: int, *, at: datetime) -> None:
        """Let a release's grace count from now, and a finished one be sent again."""
        self._db.write(_SQL["renew_grace"], {"release_id": release_id, "at": to_seconds(at)})

    def has_due(self, release_id: int, *, at: datetime) -> bool:
        """Whether anything of a release waits to be sent at an instant."""
        return bool(self._db.row(_SQL["has_due"], {"release_id": release_id, "at": to_seconds(at)})[0])

    def has_reader_besides(self, domains: Iterable[str]) -> bool:
        """Whether any active reader is at none of these domains, nor below one of them."""
        values: dict[str, object] = {}
        clauses = [_SQL["has_reader_besides"]]
        for ending in (mark + domain for domain in domains for mark in "@."):
            key = f"domain_{len(values)}"
            values[key] = f"%{ending}"
            clauses.append(_SQL["is_not_like"].replace(":domain", f":{key}"))
        return self._db.row("\nAND ".join(clauses) + f"\n{_SQL['one']}", values) is not None


def _story(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row
    """What every look at a delivery shows."""
    return {
        "release_id": row["release_id"],
        "state": _STATES[row["state"]],
        "attempts": row["attempts"],
        "first_at": None if row["first_at"] is None else from_seconds(row["first_at"]),
        "at": None if row["at"] is None else from_seconds(row["at"]),
        "code": row["code"] or "",
    }
