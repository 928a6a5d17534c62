"""Ledger rows as a tick sees them: those of a few issues or days, whatever else there is."""

from datetime import date, datetime

from sparkpub.adapters.ledger.instants import from_seconds
from sparkpub.adapters.ledger.queue import QueueRows
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.records import Decision, Released, Verdict

_SQL = statements("glances.sql")


class GlanceRows(QueueRows):
    """Queries whose time depends on what they find alone."""

    def released_of(self, issue_id: str) -> list[Released]:
        """The mark of every release of an issue."""
        return [
            Released(
                issue_id=issue_id,
                number=row["number"],
                on=date.fromisoformat(row["on_date"]),
                released_at=from_seconds(row["released_at"]),
                is_mailed=bool(row["is_mailed"]),
            )
            for row in self._db.rows(_SQL["released_of"], {"issue_id": issue_id})
        ]

    def decisions_of(self, issue_id: str) -> list[Decision]:
        """Every verdict on an issue, by number."""
        return [
            Decision(
                issue_id=issue_id,
                number=row["number"],
                on=date.fromisoformat(row["on_date"]),
                verdict=Verdict(row["verdict"]),
                decided_at=from_seconds(row["decided_at"]),
            )
            for row in self._db.rows(_SQL["decisions_of"], {"issue_id": issue_id})
        ]

    def settled_on(self, first: date, last: date) -> set[tuple[str, int, date]]:
        """The issue, number and date of everything due from `first` to `last` that is released or decided."""
        rows = self._db.rows(_SQL["settled_on"], {"first": first.isoformat(), "last": last.isoformat()})
        return {(row["issue_id"], row["number"], date.fromisoformat(row["on_date"])) for row in rows}

    def mailed_up_to(self, on: date) -> datetime | None:
        """The latest instant at which something due on or before a date was mailed, None if nothing was."""
        row = self._db.row(_SQL["mailed_up_to"], {"on_date": on.isoformat()})
        return None if row is None else from_seconds(row["released_at"])
