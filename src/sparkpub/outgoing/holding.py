"""Deliveries that were taken and whose domain may not be written to yet."""

import heapq
from collections import deque

from sparkpub.adapters.clock import monotonic
from sparkpub.outgoing.letters import Waiting
from sparkpub.outgoing.pacing import Pacing, domain_of


class Holding:
    """Holds deliveries by the domain of their readers; within a domain they keep their order."""

    def __init__(self, pacing: Pacing) -> None:
        """Hold none yet."""
        self._pacing = pacing
        self._queues: dict[str, deque[Waiting]] = {}
        self._turns: list[tuple[float, str]] = []  # when each domain is to be asked for again
        self._count = 0

    def __len__(self) -> int:
        """How many are held."""
        return self._count

    @property
    def wait(self) -> float:
        """Seconds until a domain is to be asked for again."""
        return max(0.0, self._turns[0][0] - monotonic())

    def admit(self, waiting: Waiting) -> bool:
        """Whether a delivery may go now; else it is held."""
        domain = domain_of(waiting.due.address)
        queue = self._queues.get(domain)
        if queue is None:
            wait = self._pacing.domain_wait(domain)
            if not wait:
                return True
            queue = self._queues[domain] = deque()
            heapq.heappush(self._turns, (monotonic() + wait, domain))
        queue.append(waiting)
        self._count += 1
        return False

    def let_go(self) -> Waiting | None:
        """The next delivery that may go now."""
        now = monotonic()
        while self._turns and self._turns[0][0] <= now:
            _, domain = heapq.heappop(self._turns)
            if wait := self._pacing.domain_wait(domain):
                heapq.heappush(self._turns, (now + wait, domain))
                continue
            queue = self._queues[domain]
            waiting = queue.popleft()
            self._count -= 1
            if queue:
                heapq.heappush(self._turns, (now, domain))
            else:
                del self._queues[domain]
            return waiting
        return None
