"""Which relay to go to: the first in order that is not known to fail, with a circuit breaker for each.

closed ──five strikes in a row──▶ open for a while ──one connection tries──▶ closed, or open for twice as long
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sparkpub.adapters.smtp.connection import Connection
from sparkpub.adapters.smtp.post import Route
from sparkpub.errors import TransportError

_STRIKES = 5
_NO_CONNECTION = 3  # strikes: two in a row are enough, since each may cost a minute
_OPEN_SECONDS, _OPEN_SECONDS_MAX = 30.0, 900.0


@dataclass(slots=True)
class _Breaker:
    """What is known of one relay."""

    route: Route
    strikes: int = 0
    open_until: float = 0.0
    open_seconds: float = _OPEN_SECONDS
    why: str = ""

    def strike(self, count: int, why: str, now: float) -> None:
        self.strikes += count
        self.why = why
        if self.strikes >= _STRIKES:
            self.open_until = now + self.open_seconds
            self.open_seconds = min(2 * self.open_seconds, _OPEN_SECONDS_MAX)

    def close(self) -> None:
        self.strikes, self.open_until, self.open_seconds = 0, 0.0, _OPEN_SECONDS

    def lets_pass(self, now: float) -> bool:
        """Whether to go there now; where it was open, one connection tries while the others wait."""
        if self.strikes < _STRIKES:
            return True
        if now < self.open_until:
            return False
        self.open_until = now + self.open_seconds
        return True


class Relays:
    """The relays of the settings, in their order."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Know nothing bad of any of them."""
        self._breakers = [_Breaker(route) for route in routes]

    async def connect(self) -> Connection:
        """A connection to the first relay that gives one.

        Raises:
            TransportError: none does; the message is of each.
        """
        faults = []
        for breaker in self._breakers:
            if not breaker.lets_pass(_now()):
                faults.append(breaker.why)
                continue
            try:
                return await Connection.open(breaker.route)
            except TransportError as error:
                breaker.strike(_NO_CONNECTION, str(error), _now())
                faults.append(str(error))
        raise TransportError("\n".join(faults))

    def note(self, connection: Connection) -> None:
        """Learn from a connection that has ended whether its relay takes letters at all."""
        breaker = next(breaker for breaker in self._breakers if breaker.route is connection.route)
        if connection.has_succeeded:
            breaker.close()
        elif not connection.was_withdrawn:  # that is no word on the relay: a stop, or another has the letter
            breaker.strike(1, f"{breaker.route.name} takes nothing now; run the same command again later", _now())


def _now() -> float:
    return asyncio.get_running_loop().time()
