"""How fast letters may go one way, by what the relay says of it: halved where it is too fast, then slowly up again.

A lane is a relay or a domain of readers. Additive increase, multiplicative decrease, as TCP does it.
"""

from dataclasses import dataclass, replace

WINDOW_SECONDS = 1.0
_SLOWEST = 0.2
_TOLERATED = 0.05  # a share of deferrals that says nothing of our pace
_STEPS_BACK = 60  # windows from half of the old pace back to it


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
