"""Outcomes: what a relay says decides alone whether a reader is done, waits, or is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.model import DeliveryState
from sparkpub.core.outcomes import Fate, Outcome, RetryPolicy, outcome_of_reply, retry_wait, settle

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


def test_the_last_wait_repeats() -> None:
    assert [retry_wait(n, POLICY) for n in (1, 2, 3, 4, 50)] == [300, 900, 3600, 3600, 3600]


def test_a_deferred_delivery_waits_and_is_given_up_in_the_end() -> None:
    deferred = Outcome(fate=Fate.DEFERRED, code="450 4.2.1 later")
    first = settle(deferred, attempts=1, first_at=NOW, now=NOW, policy=POLICY)
    assert (first.state, first.at) == (DeliveryState.DEFERRED, NOW + timedelta(seconds=300))
    late = NOW + timedelta(hours=71, minutes=30)
    last = settle(deferred, attempts=70, first_at=NOW, now=late, policy=POLICY)
    assert (last.state, last.code) == (DeliveryState.FAILED, "given up: 450 4.2.1 later")


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (Fate.ACCEPTED, DeliveryState.SENT),
        (Fate.REJECTED, DeliveryState.FAILED),
        (Fate.UNCERTAIN, DeliveryState.UNCERTAIN),
    ],
)
def test_every_other_outcome_is_final(fate: Fate, state: DeliveryState) -> None:
    outcome = Outcome(fate=fate, code="x")
    assert settle(outcome, attempts=1, first_at=None, now=NOW, policy=POLICY).state is state
