"""When the next letter may leave: the rates of the settings, and those that relays and domains have taught.

What was taught is a row of the ledger, so that every process and every restart goes on with it.
"""

import json
import sys
from dataclasses import asdict, dataclass, field

from sparkpub.adapters.clock import monotonic
from sparkpub.adapters.ledger import Ledger
from sparkpub.core.outcomes import Outcome, TooFast
from sparkpub.core.pacing import WINDOW_SECONDS, Lane, learned, slower
from sparkpub.core.settings import DeliverySettings

_PACE = "pace"
_ALARM = 10  # so many refusals end a window early


@dataclass(slots=True)
class _Way:
    """One relay or one domain: its pace, its next slot, and what this window has seen."""

    lane: Lane = field(default_factory=Lane)
    next_slot: float = 0.0
    began: float = 0.0
    tried: int = 0
    refused: int = 0
    cut_at: float = 0.0

    def close(self, now: float) -> None:
        """Learn from this window, and begin the next."""
        before = self.lane
        self.lane = learned(before, tried=self.tried, refused=self.refused, seconds=now - self.began)
        if self.lane.per_second is not None and self.lane.per_second < (before.per_second or sys.maxsize):
            self.cut_at = now
        self.began, self.tried, self.refused = now, 0, 0


class Pacing:
    """The paces of all ways that letters go."""

    def __init__(self, delivery: DeliverySettings, ledger: Ledger) -> None:
        """Begin with what the ledger has learned."""
        self._delivery, self._ledger = delivery, ledger
        kept = json.loads(ledger.fact(_PACE) or "{}")
        self._ways = {name: _Way(lane=Lane(**lane)) for name, lane in kept.items()}
        self._kept = kept

    @property
    def is_limited(self) -> bool:
        """Whether anything limits the pace now."""
        is_taught = any(way.lane.per_second is not None for way in self._ways.values())
        return is_taught or self._delivery.rate_per_second is not None or self.is_asked_for

    @property
    def is_asked_for(self) -> bool:
        """Whether the settings ask for a pace of some domains, so that a run waits for it to the end."""
        return bool(self._delivery.per_domain)

    def route_wait(self, route: str) -> float:
        """Take the next slot of a relay; how many seconds from now it is."""
        return self._take(route, self._delivery.rate_per_second)

    def domain_wait(self, domain: str) -> float:
        """Take the next slot of a domain of readers; how many seconds from now it is."""
        return self._take(f"@{domain}", self._delivery.per_domain.get(domain))

    def _take(self, name: str, rate: float | None) -> float:
        way = self._ways.get(name)
        rate = slower(rate, way.lane.per_second if way else None)
        if rate is None:
            return 0.0
        way = self._ways.setdefault(name, _Way()) if way is None else way
        now = monotonic()
        slot = max(now, way.next_slot)
        way.next_slot = slot + 1 / max(rate, 1e-6)
        return slot - now

    def hear(self, route: str, domain: str, outcome: Outcome) -> None:
        """Learn from an outcome."""
        self._count(route, is_refused=outcome.too_fast is TooFast.FOR_RELAY)
        if outcome.too_fast is TooFast.FOR_DOMAIN or f"@{domain}" in self._ways:
            self._count(f"@{domain}", is_refused=outcome.too_fast is TooFast.FOR_DOMAIN)

    def _count(self, name: str, *, is_refused: bool) -> None:
        now = monotonic()
        way = self._ways.setdefault(name, _Way())
        way.began = way.began or now
        way.tried += 1
        way.refused += is_refused
        is_alarm = way.refused >= _ALARM and now - way.cut_at >= WINDOW_SECONDS
        if is_alarm or now - way.began >= WINDOW_SECONDS:
            way.close(now)

    def keep(self) -> None:
        """Write down what was learned, where it is new."""
        lanes = {name: asdict(way.lane) for name, way in self._ways.items() if way.lane.per_second is not None}
        if lanes != self._kept:
            self._ledger.set_fact(_PACE, json.dumps(lanes, sort_keys=True))
            self._kept = lanes
