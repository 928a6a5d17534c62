"""What an attempt came to, and what follows from it: sent, once more later, or never again.

attempt ──▶ Outcome ──settle──▶ Settlement: the delivery's new state, and when to try again
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sparkpub.core.addresses import plain_line
from sparkpub.core.bounces import Meaning, meaning_of
from sparkpub.core.durations import seconds
from sparkpub.core.records import DeliveryState
from sparkpub.core.settings import DeliverySettings

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?= |$)")
_GREYLISTED = re.compile(r"gr[ae]y[- ]?list", re.IGNORECASE)  # asks for later, not for less (RFC 6647)
_TEXT_MAX = 80
_JITTER = 0.2


class Fate(StrEnum):
    """How one attempt ended."""

    ACCEPTED = "accepted"  # the relay took responsibility: 2yz after the body
    DEFERRED = "deferred"  # not now: 4yz, or the connection was lost before the body
    REJECTED = "rejected"  # never: 5yz
    UNCERTAIN = "uncertain"  # the connection was lost after the body: nobody can know


class TooFast(StrEnum):
    """Whom our pace is too much for, as far as a reply tells."""

    FOR_NOBODY = ""
    FOR_RELAY = "relay"  # 421 and 454, and 451 with a word on policy: it speaks of itself
    FOR_DOMAIN = "domain"  # 450: it speaks of the reader's mailbox and whoever keeps it


_TOO_FAST = {"421": TooFast.FOR_RELAY, "454": TooFast.FOR_RELAY, "450": TooFast.FOR_DOMAIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attempt came to.

    `code` is the reply's code with its enhanced code where there was one (`550 5.1.1`), or words of our own.
    `meaning` is what a refusal says of the address (`core.bounces`); one for now counts if it is given up.
    """

    fate: Fate
    code: str
    meaning: Meaning = Meaning.NOTHING

    @property
    def is_address_fault(self) -> bool:
        """Whether nobody is there, for whoever writes to it."""
        return self.meaning is Meaning.GONE

    @property
    def too_fast(self) -> TooFast:
        """Whom we were too fast for."""
        if self.fate is not Fate.DEFERRED:
            return TooFast.FOR_NOBODY
        if self.code.startswith("451 4.7."):
            return TooFast.FOR_NOBODY if _GREYLISTED.search(self.code) else TooFast.FOR_RELAY
        return _TOO_FAST.get(self.code[:3], TooFast.FOR_NOBODY)


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
        return Outcome(fate=Fate.REJECTED, code=shown, meaning=meaning_of(_fitting(enhanced, "5") or "", words))
    return Outcome(fate=Fate.DEFERRED, code=shown, meaning=meaning_of(_fitting(enhanced, "4") or "4.0.0", words))


UNSPEAKABLE: Final = "5.6.7 "
"""How the code of a letter begins that `unspeakable` is about; a relay's own begins with the code of its reply."""


def unspeakable(relay: str) -> Outcome:
    """What becomes of a letter to an address beyond ASCII where a relay announces no SMTPUTF8 (RFC 6531 §3.2).

    The address may be sound, and another relay may take it: it is refused for good as the relay would, at no cost to
    the reader.
    """
    code = f"{UNSPEAKABLE}{relay} takes no letters beyond a to z before the @ (SMTPUTF8)"
    return Outcome(fate=Fate.REJECTED, code=code, meaning=Meaning.POLICY)


def _fitting(enhanced: str, first: str) -> str:
    """An enhanced code that may stand beside a reply of its class; any other says nothing (RFC 2034 §4)."""
    return enhanced if enhanced.startswith(first) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to wait before each further attempt, and when to give up; the last wait repeats."""

    retry_seconds: tuple[int, ...]
    give_up_seconds: int

    @classmethod
    def of(cls, delivery: DeliverySettings) -> "RetryPolicy":
        """What `[delivery]` says of it."""
        return cls(retry_seconds=delivery.retry_seconds, give_up_seconds=seconds(delivery.give_up))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A delivery's new state. `at` is now, or for a deferred one the instant before which it is not tried."""

    state: DeliveryState
    code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which attempt an outcome is of: its number from 1, and the instant of the first one, None for the first."""

    release_id: int
    subscriber_id: int
    number: int
    first_at: datetime | None


def settle(outcome: Outcome, attempt: Attempt, *, now: datetime, policy: RetryPolicy) -> Settlement:
    """What follows from an outcome.

    A deferred delivery is tried again after its wait, or failed if that would be later than `give_up_seconds` after
    its first attempt.
    """
    if outcome.fate is Fate.ACCEPTED:
        return Settlement(state=DeliveryState.SENT, code=outcome.code, at=now)
    if outcome.fate is Fate.REJECTED:
        return Settlement(state=DeliveryState.FAILED, code=outcome.code, at=now)
    if outcome.fate is Fate.UNCERTAIN:
        return Settlement(state=DeliveryState.UNCERTAIN, code=outcome.code, at=now)
    again_at = now + timedelta(seconds=retry_wait(attempt, policy))
    if again_at - (attempt.first_at or now) > timedelta(seconds=policy.give_up_seconds):
        return Settlement(state=DeliveryState.FAILED, code=f"given up: {outcome.code}", at=now)
    return Settlement(state=DeliveryState.DEFERRED, code=outcome.code, at=again_at)


def retry_wait(attempt: Attempt, policy: RetryPolicy) -> int:
    """Seconds to wait after an attempt: the policy's, and up to a fifth more.

    How much more depends on the delivery and the attempt alone, so that what was deferred together comes back spread
    out, and the same in every run.
    """
    if not policy.retry_seconds:
        return 0
    wait = policy.retry_seconds[min(attempt.number, len(policy.retry_seconds)) - 1]
    seed = f"{attempt.release_id}/{attempt.subscriber_id}/{attempt.number}".encode("ascii")
    share = int.from_bytes(hashlib.blake2b(seed, digest_size=4).digest()) / 2**32
    return wait + int(wait * _JITTER * share)
