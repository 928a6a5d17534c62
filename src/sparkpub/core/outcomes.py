"""What an attempt came to, and what follows from it: sent, once more later, or never again.

attempt ──▶ Outcome ──settle──▶ Settlement: the delivery's new state, and when to try again
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sparkpub.core.addresses import plain_line
from sparkpub.core.model import DeliveryState

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?= |$)")
_ADDRESS_FAULTS = (1,)  # RFC 3463 §3.2: X.1.X is about the address itself
_TEXT_MAX = 80


class Fate(StrEnum):
    """How one attempt ended."""

    ACCEPTED = "accepted"  # the relay took responsibility: 2yz after the body
    DEFERRED = "deferred"  # not now: 4yz, or the connection was lost before the body
    REJECTED = "rejected"  # never: 5yz
    UNCERTAIN = "uncertain"  # the connection was lost after the body: nobody can know


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attempt came to.

    `code` is the reply's code with its enhanced code where there was one (`550 5.1.1`), or words of our own.
    `is_address_fault` says that the address itself is wrong, for whoever writes to it.
    """

    fate: Fate
    code: str
    is_address_fault: bool = False


def outcome_of_reply(code: int, text: str) -> Outcome:
    """What a reply to MAIL, RCPT, DATA or the body means for its message.

    A code that no RFC knows is taken as a refusal for now: whoever speaks nonsense may speak sense later.
    """
    found = _ENHANCED.match(text)
    enhanced = found.group() if found else ""
    words = plain_line(text[found.end() :] if found else text).strip()
    shown = " ".join(part for part in (f"{code:03d}", enhanced, words[:_TEXT_MAX]) if part)
    if 200 <= code < 300:  # noqa: PLR2004 - RFC 5321 §4.2.1
        return Outcome(fate=Fate.ACCEPTED, code=shown)
    if 500 <= code < 600:  # noqa: PLR2004
        is_address_fault = found is not None and int(found.group(2)) in _ADDRESS_FAULTS and found.group(1) == "5"
        return Outcome(fate=Fate.REJECTED, code=shown, is_address_fault=is_address_fault)
    return Outcome(fate=Fate.DEFERRED, code=shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to wait before each further attempt, and when to give up; the last wait repeats."""

    retry_seconds: tuple[int, ...]
    give_up_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A delivery's new state. `at` is now, or for a deferred one the instant before which it is not tried."""

    state: DeliveryState
    code: str
    at: datetime


def settle(
    outcome: Outcome, *, attempts: int, first_at: datetime | None, now: datetime, policy: RetryPolicy
) -> Settlement:
    """What follows from an outcome; `attempts` counts this one, `first_at` is the first one's instant.

    A deferred delivery is tried again after its wait, or failed if that would be later than `give_up_seconds` after
    its first attempt.
    """
    if outcome.fate is Fate.ACCEPTED:
        return Settlement(state=DeliveryState.SENT, code=outcome.code, at=now)
    if outcome.fate is Fate.REJECTED:
        return Settlement(state=DeliveryState.FAILED, code=outcome.code, at=now)
    if outcome.fate is Fate.UNCERTAIN:
        return Settlement(state=DeliveryState.UNCERTAIN, code=outcome.code, at=now)
    again_at = now + timedelta(seconds=retry_wait(attempts, policy))
    if again_at - (first_at or now) > timedelta(seconds=policy.give_up_seconds):
        return Settlement(state=DeliveryState.FAILED, code=f"given up: {outcome.code}", at=now)
    return Settlement(state=DeliveryState.DEFERRED, code=outcome.code, at=again_at)


def retry_wait(attempts: int, policy: RetryPolicy) -> int:
    """Seconds to wait after the attempt of this number (from 1)."""
    if not policy.retry_seconds:
        return 0
    return policy.retry_seconds[min(attempts, len(policy.retry_seconds)) - 1]
