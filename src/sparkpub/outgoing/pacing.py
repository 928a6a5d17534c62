"""When the next letter may leave: the rates of the settings, and those that relays and domains have taught.

What was taught and who has which turns are rows of the ledger, so that every process and every restart goes on with
them. Turns are taken some at a time; a way that nothing limits costs the ledger nothing.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from sparkpub.adapters.clock import monotonic, since_1970
from sparkpub.adapters.ledger import Ledger
from sparkpub.core.outcomes import Fate, Outcome, TooFast
from sparkpub.core.pacing import WINDOW_SECONDS, Lane, Turns, learned, slower
from sparkpub.core.settings import DeliverySettings

_ALARM = 10  # so many refusals end a window early


def domain_of(address: str) -> str:
    """The domain of an address, as ways are named."""
    return address.rpartition("@")[2].lower()


@dataclass(slots=True)
class _Way:
    """One relay or one domain: its pace as it is and as the ledger has it, its turns, and what this window has seen."""

    lane: Lane = field(default_factory=Lane)
    kept: Lane = field(default_factory=Lane)
    turns: Turns | None = None
    began: float = 0.0
    tried: int = 0
    refused: int = 0
    cut_at: float = 0.0

    def close(self, now: float) -> None:
        """Learn from this window, and begin the next."""
        before = self.lane
        self.lane = learned(before, tried=self.tried, refused=self.refused, seconds=now - self.began)
        if self.lane.per_second is not None and self.lane.per_second < (before.per_second or sys.maxsize):
            self.cut_at, self.turns = now, None
        self.began, self.tried, self.refused = now, 0, 0


class Pacing:
    """The paces of all ways that letters go."""

    def __init__(self, delivery: DeliverySettings, ledger: Ledger, *, clock: Callable[[], float] = since_1970) -> None:
        """Begin with what the ledger has learned; `clock` gives seconds since 1970, the same for all who send."""
        self._delivery, self._ledger, self._clock = delivery, ledger, clock
        self._ways: dict[str, _Way] = {}
        self._has_domains = False
        self._adopt()

    @property
    def is_limited(self) -> bool:
        """Whether anything limits the pace now."""
        return self._is_taught or self._delivery.rate_per_second is not None or self.is_asked_for

    @property
    def is_asked_for(self) -> bool:
        """Whether the settings ask for a pace of some domains, so that a run waits for it to the end."""
        return bool(self._delivery.per_domain)

    def route_wait(self, route: str) -> float:
        """Take a turn of a relay: 0.0, or in how many seconds to ask again."""
        return self._take(route, self._delivery.rate_per_second)

    def domain_wait(self, domain: str) -> float:
        """Take a turn of a domain of readers: 0.0, or in how many seconds to ask again."""
        return self._take(f"@{domain}", self._delivery.per_domain.get(domain))

    def _take(self, name: str, rate: float | None) -> float:
        way = self._ways.get(name)
        rate = slower(rate, way.lane.per_second if way else None)
        if rate is None:
            return 0.0
        way = self._way(name) if way is None else way
        now = self._clock()
        wait = way.turns.wait(now) if way.turns else None
        if way.turns is None or wait is None:
            turns = Turns.from_(now, per_second=rate)
            wait = self._ledger.take_way(name, at=now, seconds=turns.until - now)
            way.turns = Turns.of_another(now, wait=wait) if wait else turns
        if wait == 0:
            way.turns = way.turns.used(now)
        return wait

    def _way(self, name: str) -> _Way:
        """A way, known from now on."""
        self._has_domains = self._has_domains or name.startswith("@")
        return self._ways.setdefault(name, _Way(began=monotonic()))

    def hear(self, route: str, address: str, outcome: Outcome) -> None:
        """Learn from what became of a message to an address."""
        way = self._ways.get(route) or self._way(route)
        way.tried += 1
        if self._has_domains and (own := self._ways.get(f"@{domain_of(address)}")):
            own.tried += 1
        if outcome.fate is Fate.DEFERRED and outcome.too_fast is not TooFast.FOR_NOBODY:
            self._hear_refusal(route if outcome.too_fast is TooFast.FOR_RELAY else f"@{domain_of(address)}")

    def _hear_refusal(self, name: str) -> None:
        """Count a refusal for which we were too fast; many of them end a window at once."""
        way = self._ways.get(name)
        if way is None:
            way = self._way(name)
            way.tried = 1
        way.refused += 1
        now = monotonic()
        if way.refused >= _ALARM and now - way.cut_at >= WINDOW_SECONDS:
            self._close(way, now)

    def look(self) -> None:
        """Learn from the windows that are over; to be called every now and then."""
        now = monotonic()
        for way in self._ways.values():
            if way.tried and now - way.began >= WINDOW_SECONDS:
                self._close(way, now)

    def _close(self, way: _Way, now: float) -> None:
        way.close(now)
        self._is_taught = any(each.lane.per_second is not None for each in self._ways.values())

    def keep(self) -> None:
        """Write down what was learned, where it is new, and take over what others have learned meanwhile."""
        self.look()
        for name, way in self._ways.items():
            if way.lane != way.kept:
                self._ledger.keep_pace(name, way.lane)
                way.kept = way.lane
        self._adopt()

    def _adopt(self) -> None:
        """Take over what the ledger has learned."""
        known = self._ledger.paces()
        for name in {*known, *self._ways}:
            way, lane = self._way(name), known.get(name, Lane())
            if lane != way.kept:
                way.lane = way.kept = lane
        self._is_taught = bool(known)
