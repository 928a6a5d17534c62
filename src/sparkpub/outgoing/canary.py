"""The canary: a few readers first, then a rest, and the others only if the few went well."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sparkpub.adapters.ledger import Ledger
from sparkpub.core.canary import canary_size, verdict
from sparkpub.core.durations import seconds
from sparkpub.core.records import Release
from sparkpub.core.settings import DeliverySettings

_PASSED = "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """A release whose first few are out, and the instant at which the others may follow."""

    release: Release
    until: datetime


class Canary:
    """Says how much of each release may be claimed."""

    def __init__(self, delivery: DeliverySettings, ledger: Ledger) -> None:
        """Read the settings, and the ledger for how far each release has come."""
        self._delivery, self._ledger = delivery, ledger
        self._passed: set[int] = set()
        self.resting: dict[int, Resting] = {}

    def allowance(self, release: Release, *, claimed: int, now: datetime) -> int | None:
        """How many more may be claimed, None for all; `claimed` are those that this run has not settled yet.

        A release whose first few did not go well is stopped.
        """
        if not self._delivery.canary or release.release_id in self._passed:
            return None
        allowance = self._allowance(release, claimed, now)
        if allowance is None:
            self._passed.add(release.release_id)
        return allowance

    def _allowance(self, release: Release, claimed: int, now: datetime) -> int | None:
        """The same, as the ledger has it."""
        key = f"canary {release.release_id}"
        noted, balance = self._ledger.fact(key), self._ledger.judged(release.release_id)
        if noted == _PASSED or not balance.pending:
            return None
        tried = balance.eligible - balance.pending - balance.suppressed - balance.cancelled
        first = canary_size(self._delivery.canary, balance.eligible) - tried - claimed
        if (not noted and first > 0) or claimed:
            return max(0, first)
        if not noted:
            self._ledger.set_fact(key, now.isoformat())
        since = datetime.fromisoformat(noted) if noted else now
        until = since + timedelta(seconds=seconds(self._delivery.canary_wait))
        if now < until:
            self.resting[release.release_id] = Resting(release=release, until=until)
            return 0
        if reason := verdict(balance, most_failed=self._delivery.canary_failed):
            self._stop(release, reason, now)
            return 0
        self._ledger.set_fact(key, _PASSED)
        return None

    def _stop(self, release: Release, reason: str, now: datetime) -> None:
        """Stop a release; whoever resumes it has seen the reason, so the others follow then."""
        with self._ledger.durable(), self._ledger.transaction():
            if self._ledger.stop_release(release.release_id, reason=reason, at=now):
                self._ledger.set_fact(f"canary {release.release_id}", _PASSED)
                self._ledger.record(now, "stopped", release.name, reason)
