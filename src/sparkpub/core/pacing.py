"""How fast letters may go one way, by what the relay says of it: halved where it is too fast, then slowly up again.

A lane is the pace of a relay or a domain of readers. Additive increase, multiplicative decrease, as TCP does it. Turns
are when the next letters may go; whoever sends takes some at a time, so that several share a pace.
"""

from dataclasses import dataclass, replace

WINDOW_SECONDS = 1.0
_SLOWEST = 0.2
_TOLERATED = 0.05  # a share of deferrals that says nothing of our pace
_STEPS_BACK = 60  # windows from half of the old pace back to it
_RUN_SECONDS = 0.5  # so long is a way taken at a time, where its pace allows more than one letter in it
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The pace that was learned of one way, in messages a second; `best` is what it was before it was too fast.

    None means that nothing forbids any pace.
    """

    per_second: float | None = None
    best: float | None = None


def learned(lane: Lane, *, tried: int, refused: int, seconds: float) -> Lane:
    """What a window of `seconds` teaches, in which `refused` of `tried` letters were too fast for the other side."""
    if refused and refused > tried * _TOLERATED:
        pace = tried / max(seconds, WINDOW_SECONDS)
        if lane.per_second is not None:
            pace = min(pace, lane.per_second)
        best = max(pace, lane.best or 0.0)
        return Lane(per_second=max(pace / 2, _SLOWEST), best=best)
    if lane.per_second is None or lane.best is None:
        return lane
    step = lane.best / (2 * _STEPS_BACK) * min(max(seconds / WINDOW_SECONDS, 1.0), _STEPS_BACK)
    pace = lane.per_second + step
    return Lane() if pace >= lane.best else replace(lane, per_second=pace)


def slower(*rates: float | None) -> float | None:
    """The least of some paces, None if nothing limits."""
    return min((rate for rate in rates if rate is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Turns on one way that were taken together: `left` of them, one each `step` seconds, the next at `next_at`.

    Instants are seconds since 1970. Until `until` the way is ours, or another's where `left` is 0 from the start; turns
    that were not used by then lapse.
    """

    began_at: float
    until: float
    next_at: float
    step: float
    left: int

    @classmethod
    def from_(cls, at: float, *, per_second: float) -> "Turns":
        """Turns from an instant on, as many as are taken at a time: half a second of them, but one at least."""
        step = 1 / max(per_second, _LEAST)
        count = max(1, int(_RUN_SECONDS / step))
        return cls(began_at=at, until=at + count * step, next_at=at, step=step, left=count)

    @classmethod
    def of_another(cls, at: float, *, wait: float) -> "Turns":
        """No turn for so many seconds: somebody else has the way."""
        return cls(began_at=at, until=at + wait, next_at=at + wait, step=wait, left=0)

    def wait(self, now: float) -> float | None:
        """Seconds until the next turn, 0.0 if it is now; None if these are over and others have to be taken.

        A clock that was set back ends them as well.
        """
        if not self.began_at <= now < self.until:
            return None
        return max(0.0, (self.next_at if self.left else self.until) - now)

    def used(self, now: float) -> "Turns":
        """What is left after a turn; one that came late lets at most one other catch up."""
        return replace(self, next_at=max(self.next_at, now - self.step) + self.step, left=self.left - 1)
