"""What the measures share: works done in turns, and the ratio they come to."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the report: ours and the peer's seconds for one piece of work, and which ratio is wanted."""

    name: str
    ours: float
    peer_name: str
    peer: float
    wanted: str = ""

    def __str__(self) -> str:
        """The ratio with what it is made of."""
        ratio = self.peer / self.ours
        shown = f"{ratio:8.1f} times as fast as" if ratio >= 1 else f"{1 / ratio:8.2f} times the time of"
        wanted = f"  ({self.wanted})" if self.wanted else ""
        return f"{self.name:<44} {shown} {self.peer_name}: {self.ours * 1e3:.3f} ms, {self.peer * 1e3:.3f} ms{wanted}"


def in_turns(*works: Callable[[], object], rounds: int = 7) -> list[float]:
    """The median seconds of each work, run in turns after one warm-up, so that a slow minute slows all."""
    seconds: list[list[float]] = [[] for _ in works]
    for turn in range(rounds + 1):
        for taken, work in zip(seconds, works, strict=True):
            begun = time.perf_counter()
            work()
            if turn:
                taken.append(time.perf_counter() - begun)
    return [statistics.median(taken) for taken in seconds]


def cpu_in_turns(*works: Callable[[], float], rounds: int = 9) -> list[float]:
    """The median of what each work says it took, in turns after one warm-up: seconds of one core, for a message say.

    On a machine with other work to do, time on the wall would measure that as well.
    """
    seconds: list[list[float]] = [[] for _ in works]
    for turn in range(rounds + 1):
        for taken, work in zip(seconds, works, strict=True):
            took = work()
            if turn:
                taken.append(took)
    return [statistics.median(taken) for taken in seconds]


def cpu_seconds(work: Callable[[int], object], count: int) -> Callable[[], float]:
    """A work for `cpu_in_turns`: the seconds of this process's core for each of `count` calls."""

    def run() -> float:
        begun = time.process_time()
        for number in range(count):
            work(number)
        return (time.process_time() - begun) / count

    return run
