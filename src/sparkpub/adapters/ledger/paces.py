"""Ledger rows of the paces: what each way that letters go allows, and who has taken its next slots."""

from sparkpub.adapters.ledger.queue import QueueRows
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.pacing import Lane

_SQL = statements("paces.sql")
_MICRO = 1_000_000
_SLOWEST_CLOCK_SECONDS = 60  # by so much may the clocks of two machines differ


class PaceRows(QueueRows):
    """Relays and domains of readers, each a way of its own."""

    def paces(self) -> dict[str, Lane]:
        """What was learned, by way; only ways whose pace is limited."""
        rows = self._db.rows(_SQL["paces"])
        return {row["way"]: Lane(per_second=row["per_second"], best=row["best"]) for row in rows}

    def keep_pace(self, way: str, lane: Lane) -> None:
        """Note what was learned of a way."""
        self._db.write(_SQL["keep_pace"], {"way": way, "per_second": lane.per_second, "best": lane.best})

    def take_way(self, way: str, *, at: float, seconds: float) -> float:
        """Take a way for so many seconds from an instant on (seconds since 1970), so that nobody else has it then.

        Returns 0.0 if it was free, else in how many seconds it is to be asked for again.
        """
        now, length = round(at * _MICRO), round(seconds * _MICRO)
        far = now + length + _SLOWEST_CLOCK_SECONDS * _MICRO
        if self._db.write(_SQL["take_slots"], {"way": way, "now": now, "until": now + length, "far": far}):
            return 0.0
        return max(0, int(self._db.row(_SQL["next_slot"], {"way": way})["next_at"]) - now) / _MICRO
