"""The brake: a release of which too much is refused, comes back or is complained of stops itself."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import datetime

from sparkpub.adapters.ledger import Ledger
from sparkpub.core.bounces import FEWEST, Tally, why_stop
from sparkpub.core.records import DeliveryState, Release
from sparkpub.core.settings import DeliverySettings


def brake(ledger: Ledger, delivery: DeliverySettings, release: Release, *, now: datetime) -> str:
    """Stop a release that fares too badly; why, or "" if it may go on or is not being sent.

    Whoever resumes it has seen the reason, so that from then on only what comes after counts.
    """
    key = f"braked {release.release_id}"
    tally, seen = ledger.tally(release.release_id), ledger.fact(key)
    reason = why_stop(tally.since(Tally(**json.loads(seen))) if seen else tally, delivery)
    if not reason:
        return ""
    with ledger.durable(), ledger.transaction():
        if not ledger.stop_release(release.release_id, reason=reason, at=now):
            return ""
        ledger.set_fact(key, json.dumps(asdict(tally)))
        ledger.record(now, "stopped", release.name, reason)
    return reason


class Brake:
    """Watches what becomes of each release in one run, and asks the ledger only when that looks bad."""

    def __init__(self, ledger: Ledger, delivery: DeliverySettings) -> None:
        """Watch with the shares of the settings."""
        self._ledger, self._delivery = ledger, delivery
        self._looked: set[int] = set()
        self._settled: Counter[int] = Counter()
        self._failed: Counter[int] = Counter()

    def note(self, release_id: int, state: DeliveryState) -> None:
        """Note what became of one letter."""
        self._settled[release_id] += 1
        self._failed[release_id] += state is DeliveryState.FAILED

    def has_stopped(self, release: Release, *, now: datetime) -> bool:
        """Whether a release is stopped now, because too much of it failed or came back."""
        id_ = release.release_id
        failed, most = self._failed[id_], self._settled[id_] * self._delivery.bounces_stop
        if id_ in self._looked and (failed < FEWEST or failed <= most):
            return False
        self._looked.add(id_)
        self._failed[id_] = self._settled[id_] = 0
        return bool(brake(self._ledger, self._delivery, release, now=now))
