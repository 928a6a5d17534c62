"""Pace: halved where the other side finds it too fast, slowly up again, and nobody is paced without a reason."""

from itertools import pairwise

import pytest

from sparkpub.core.canary import canary_size, verdict
from sparkpub.core.pacing import Lane, learned, slower
from sparkpub.core.records import Balance


def test_a_lane_that_nobody_complained_of_has_no_pace() -> None:
    assert learned(Lane(), tried=500, refused=0, seconds=1.0) == Lane()


def test_a_few_deferrals_among_many_letters_say_nothing() -> None:
    assert learned(Lane(), tried=500, refused=20, seconds=1.0) == Lane()


def test_too_fast_halves_the_pace_that_it_was() -> None:
    lane = learned(Lane(), tried=100, refused=60, seconds=1.0)
    assert lane == Lane(per_second=50.0, best=100.0)
    assert learned(lane, tried=40, refused=40, seconds=1.0) == Lane(per_second=20.0, best=100.0)


def test_it_never_comes_to_rest() -> None:
    lane = Lane()
    for _ in range(50):
        lane = learned(lane, tried=1, refused=1, seconds=5.0)
    assert lane.per_second == 0.2


def test_the_pace_grows_back_by_even_steps_and_then_nothing_limits_any_more() -> None:
    lane = learned(Lane(), tried=100, refused=100, seconds=1.0)
    paces = []
    while lane.per_second is not None:
        paces.append(lane.per_second)
        lane = learned(lane, tried=10, refused=0, seconds=1.0)
    steps = {round(b - a, 6) for a, b in pairwise(paces)}
    assert len(steps) == 1
    assert 50 <= len(paces) <= 70
    assert lane == Lane()


def test_the_least_pace_counts() -> None:
    assert (slower(None, 3.0, 2.0), slower(None, None)) == (2.0, None)


@pytest.mark.parametrize(
    ("canary", "eligible", "size"), [("50", 1000, 50), ("1%", 1000, 10), ("1%", 30, 1), ("0.5%", 10_000, 50)]
)
def test_a_canary_is_a_number_or_a_share(canary: str, eligible: int, size: int) -> None:
    assert canary_size(canary, eligible) == size


@pytest.mark.parametrize("canary", ["", "0", "-1", "x", "0%", "101%", "%"])
def test_a_canary_that_is_neither_is_refused(canary: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        canary_size(canary, 100)


def test_the_others_follow_unless_the_first_fared_badly() -> None:
    assert verdict(Balance(eligible=100, pending=50, sent=48, failed=2), most_failed=0.05) == ""
    assert verdict(Balance(eligible=100, pending=50, sent=30, deferred=20), most_failed=0.05) == ""
    assert "3 failed" in verdict(Balance(eligible=100, pending=50, sent=47, failed=3), most_failed=0.05)
    assert "26 are deferred" in verdict(Balance(eligible=100, pending=50, sent=24, deferred=26), most_failed=0.05)
    assert "4 uncertain" in verdict(Balance(eligible=100, pending=50, sent=46, uncertain=4), most_failed=0.05)
