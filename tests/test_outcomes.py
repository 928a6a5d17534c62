"""Outcomes: what a relay says decides alone whether a reader is done, waits, or is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.outcomes import Attempt, Fate, Outcome, RetryPolicy, TooFast, outcome_of_reply, retry_wait, settle
from sparkpub.core.records import DeliveryState

NOW = datetime(2017, 9, 4, 4, 0, tzinfo=UTC)
POLICY = RetryPolicy(retry_seconds=(300, 900, 3600), give_up_seconds=72 * 3600)


@pytest.mark.parametrize(
    ("code", "text", "fate", "is_address_fault"),
    [
        (250, "2.0.0 queued", Fate.ACCEPTED, False),
        (450, "4.2.1 greylisted", Fate.DEFERRED, False),
        (421, "4.7.0 closing", Fate.DEFERRED, False),
        (550, "5.1.1 no such user", Fate.REJECTED, True),
        (550, "5.7.1 policy", Fate.REJECTED, False),
        (554, "no enhanced code", Fate.REJECTED, False),
        (0, "nonsense", Fate.DEFERRED, False),
        (999, "nonsense", Fate.DEFERRED, False),
        (354, "5.1.1 out of turn", Fate.DEFERRED, False),
    ],
)
def test_the_first_digit_decides(code: int, text: str, fate: Fate, is_address_fault: bool) -> None:
    outcome = outcome_of_reply(code, text)
    assert (outcome.fate, outcome.is_address_fault) == (fate, is_address_fault)


@given(code=st.integers(0, 999), text=st.text())
def test_any_reply_becomes_one_short_line(code: int, text: str) -> None:
    shown = outcome_of_reply(code, text).code
    assert len(shown) < 120
    assert len(shown.splitlines()) == 1


def attempt(number: int, *, subscriber_id: int = 1, first_at: datetime | None = NOW) -> Attempt:
    return Attempt(release_id=1, subscriber_id=subscriber_id, number=number, first_at=first_at)


@pytest.mark.parametrize(("number", "wait"), [(1, 300), (2, 900), (3, 3600), (4, 3600), (50, 3600)])
def test_the_last_wait_repeats_and_each_is_up_to_a_fifth_longer(number: int, wait: int) -> None:
    waits = [retry_wait(attempt(number, subscriber_id=reader), POLICY) for reader in range(200)]
    assert wait <= min(waits) < max(waits) <= wait * 1.2
    assert len(set(waits)) > 40


def test_a_wait_is_the_same_in_every_run() -> None:
    assert [retry_wait(attempt(1, subscriber_id=reader), POLICY) for reader in (1, 2, 3)] == [314, 350, 339]


def test_without_waits_a_delivery_is_due_again_at_once() -> None:
    assert retry_wait(attempt(3), RetryPolicy(retry_seconds=(), give_up_seconds=60)) == 0


def test_a_deferred_delivery_waits_and_is_given_up_in_the_end() -> None:
    deferred = Outcome(fate=Fate.DEFERRED, code="450 4.2.1 later")
    first = settle(deferred, attempt(1), now=NOW, policy=POLICY)
    assert (first.state, first.at) == (DeliveryState.DEFERRED, NOW + timedelta(seconds=314))
    late = NOW + timedelta(hours=71, minutes=30)
    last = settle(deferred, attempt(70), now=late, policy=POLICY)
    assert (last.state, last.code) == (DeliveryState.FAILED, "given up: 450 4.2.1 later")


@pytest.mark.parametrize(
    ("code", "text", "whom"),
    [
        (421, "4.7.0 slow down", TooFast.FOR_RELAY),
        (454, "4.7.0 later", TooFast.FOR_RELAY),
        (451, "4.7.1 too many", TooFast.FOR_RELAY),
        (451, "4.7.1 Greylisted, come again", TooFast.FOR_NOBODY),
        (451, "4.3.0 my disk", TooFast.FOR_NOBODY),
        (450, "4.2.1 greylisted", TooFast.FOR_DOMAIN),
        (452, "4.2.2 full", TooFast.FOR_NOBODY),
        (550, "5.7.1 no", TooFast.FOR_NOBODY),
        (250, "", TooFast.FOR_NOBODY),
    ],
)
def test_a_reply_says_whom_the_pace_is_too_much_for(code: int, text: str, whom: TooFast) -> None:
    assert outcome_of_reply(code, text).too_fast is whom


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (Fate.ACCEPTED, DeliveryState.SENT),
        (Fate.REJECTED, DeliveryState.FAILED),
        (Fate.UNCERTAIN, DeliveryState.UNCERTAIN),
    ],
)
def test_every_other_outcome_is_final(fate: Fate, state: DeliveryState) -> None:
    assert settle(Outcome(fate=fate, code="x"), attempt(1, first_at=None), now=NOW, policy=POLICY).state is state
