"""What a bounce means for its address: rules one can read, and a score that decays.

    status code and words ──meaning_of──▶ Meaning ──WEIGHTS──▶ decide ──▶ Ruling: the new score, and if it is enough

The same rules judge what a relay says while it is spoken to (`core.outcomes`) and what comes back by mail or from a
provider later (`core.reports`, `core.hooks`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

from sparkpub.core.settings import DeliverySettings


class Meaning(StrEnum):
    """What a refusal says of the address it is about."""

    GONE = "gone"  # nobody is there, whoever writes
    CLOSED = "closed"  # the mailbox is there and takes nothing at present
    FULL = "full"  # the mailbox has no room
    UNKNOWN = "unknown"  # it did not arrive, and nobody says why
    TRANSIENT = "transient"  # something on the way failed
    POLICY = "policy"  # they refuse us, our server or our text; the address may be sound
    NOTHING = "nothing"  # it may still arrive


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Codes of one meaning; `*` stands for any number, and what a later rule says of a code an earlier one has said."""

    codes: tuple[str, ...]
    meaning: Meaning
    why: str


# Enhanced status codes (RFC 3463, RFC 7505, RFC 7293), the first rule that fits.
RULES: Final = (
    Rule(codes=("5.1.1", "5.1.6"), meaning=Meaning.GONE, why="no such mailbox, or it has moved away"),
    Rule(codes=("5.1.2", "5.1.10"), meaning=Meaning.GONE, why="no such domain, or one that takes no mail"),
    Rule(codes=("5.1.3",), meaning=Meaning.GONE, why="the address is malformed"),
    Rule(codes=("5.7.17", "5.7.18"), meaning=Meaning.GONE, why="mailbox or domain belong to somebody else now"),
    Rule(codes=("*.1.7", "*.1.8"), meaning=Meaning.POLICY, why="it is the sender's address that is refused"),
    Rule(codes=("5.2.1",), meaning=Meaning.CLOSED, why="the mailbox is switched off"),
    Rule(codes=("*.2.2",), meaning=Meaning.FULL, why="the mailbox is full"),
    Rule(codes=("*.2.3", "*.3.4", "*.5.*", "*.6.*"), meaning=Meaning.POLICY, why="it is the message that is refused"),
    Rule(codes=("*.7.*",), meaning=Meaning.POLICY, why="they do not take mail from us"),
    Rule(codes=("5.3.*", "*.4.*", "4.*.*"), meaning=Meaning.TRANSIENT, why="something on the way failed"),
    Rule(codes=("5.*.*",), meaning=Meaning.UNKNOWN, why="refused for good, without a reason"),
)

# Codes that say so little that the words beside them are asked first.
VAGUE: Final = ("", "5.0.0", "4.0.0", "5.1.0", "5.2.0", "5.3.0", "5.4.0", "5.4.1", "5.4.4", "5.5.0", "5.5.1", "5.5.4")

# What servers say in words. Blame of us comes first: neither a block list nor a fault of ours may cost a reader.
WORDS: Final = (
    (
        Meaning.POLICY,
        (
            r"spam|block(?:ed|list)|blacklist|denylist|reputation|dmarc|\bspf\b|dkim|policy|banned|greylist|rate limit",
            r"too many|relay(?:ing)? (?:access )?denied|unable to relay|authenticat|\bsender\b|mail from|client host",
            r"\bhelo\b|reverse dns|\bptr\b|your (?:ip|host|server)",
        ),
    ),
    (
        Meaning.FULL,
        (
            r"(?:mailbox|inbox|account) (?:is )?(?:full|over quota)|quota (?:is )?exceeded",
            r"(?:over|exceeded|out of) (?:the |its |his )?(?:\w+ )?quota|insufficient (?:system )?storage",
        ),
    ),
    (
        Meaning.GONE,
        (
            r"(?:user|recipient|mailbox|address|account|alias) unknown",
            r"unknown (?:user|recipient|mailbox|address|account|local)",
            r"no such (?:user|recipient|mailbox|address|account|person|domain)|no mailbox (?:here )?by that name",
            r"(?:user|recipient|mailbox|address|account|domain)(?: that you tried to reach)? does(?: not|n't) exist",
            r"(?:user|recipient|mailbox|address|account|host|domain)(?: or domain name| name)? (?:is |was )?not found",
            r"no mailbox here|invalid (?:recipient|mailbox|user)|unrouteable address",
            r"doesn't have an? \S{1,60} account|recipient address rejected: access denied",
            r"requested action not taken: mailbox unavailable",
        ),
    ),
    (
        Meaning.CLOSED,
        (r"(?:mailbox|account|user|address) (?:is |has been )?(?:disabled|inactive|suspended|deactivated)",),
    ),
    (Meaning.TRANSIENT, (r"timed? ?out|connection (?:refused|reset|lost)|temporar|try again|loop",)),
)
_WORDS_MAX: Final = 1000
_PACE = re.compile(r"\brate\b|too quickly", re.IGNORECASE)

AT_ONCE: Final = float("inf")
WEIGHTS: Final[Mapping[Meaning, float]] = MappingProxyType(
    {
        Meaning.GONE: AT_ONCE,
        Meaning.CLOSED: 1.5,
        Meaning.FULL: 1.0,
        Meaning.UNKNOWN: 1.0,
        Meaning.TRANSIENT: 0.5,
        Meaning.POLICY: 0.0,
        Meaning.NOTHING: 0.0,
    }
)
"""How much one bounce adds to the score of its address."""

LIMIT: Final = 3.0
"""The score beyond which an address is suppressed."""
HALF_LIFE_DAYS: Final = 90
"""After so long a score is half of what it was."""
SPACING_DAYS: Final = 6
"""So long after a bounce was counted no other of that address is, so that a daily letter outlasts a holiday."""
FEWEST: Final = 3
"""Fewer bounces, or complaints, never stop a release, whatever share they are."""


def meaning_of(status: str, words: str = "") -> Meaning:
    """What an enhanced status code (`5.1.1`, "" for none) and the words beside it say of the address.

    Only a failure is to be asked about: a code 2.y.z means nothing.
    """
    if status.startswith("2."):
        return Meaning.NOTHING
    if status in VAGUE and (found := _said(words)) and not (found is Meaning.GONE and status.startswith("4.")):
        return found
    if status == "5.2.1" and _PACE.search(words[:_WORDS_MAX]):
        return Meaning.TRANSIENT
    return next((rule.meaning for rule in RULES if any(_fits(status, code) for code in rule.codes)), Meaning.UNKNOWN)


@cache
def _patterns() -> tuple[tuple[Meaning, re.Pattern[str]], ...]:
    """`WORDS` ready to be looked for; most programs never ask."""
    return tuple((meaning, re.compile("|".join(patterns), re.IGNORECASE)) for meaning, patterns in WORDS)


def _said(words: str) -> Meaning | None:
    """What words alone say, None if nothing that we know."""
    return next((meaning for meaning, pattern in _patterns() if pattern.search(words[:_WORDS_MAX])), None)


def _fits(status: str, code: str) -> bool:
    """Whether a status is one of those that a rule's code means."""
    return status == code or (
        status.count(".") == 2  # noqa: PLR2004 - RFC 3463 §2
        and all(asked in ("*", given) for asked, given in zip(code.split("."), status.split("."), strict=True))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How badly an address fared lately, as of the instant at which a bounce was counted last."""

    value: float = 0.0
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What follows from a bounce: the address's new score, and whether it is never to be mailed again."""

    score: Score
    suppresses: bool = False


def decide(before: Score, meaning: Meaning, *, now: datetime) -> Ruling:
    """What follows from one more bounce of an address.

    What is gone is suppressed at once. The rest adds its weight to what is left of the score, unless another was
    counted less than `SPACING_DAYS` ago; beyond `LIMIT` the address is suppressed.
    """
    weight = WEIGHTS[meaning]
    if weight == AT_ONCE:
        return Ruling(score=before, suppresses=True)
    since = now - before.counted_at if before.counted_at else timedelta.max
    if not weight or since < timedelta(days=SPACING_DAYS):
        return Ruling(score=before)
    left = before.value * 0.5 ** (since / timedelta(days=HALF_LIFE_DAYS)) if before.counted_at else 0.0
    score = Score(value=left + weight, counted_at=now)
    return Ruling(score=score, suppresses=score.value > LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How a release has fared: messages sent, refused in the session, bounced later, and complained of."""

    sent: int = 0
    failed: int = 0
    bounced: int = 0
    complained: int = 0

    def since(self, earlier: "Tally") -> "Tally":
        """What has come since an earlier tally."""
        return Tally(
            sent=self.sent - earlier.sent,
            failed=self.failed - earlier.failed,
            bounced=self.bounced - earlier.bounced,
            complained=self.complained - earlier.complained,
        )


def why_stop(tally: Tally, delivery: DeliverySettings) -> str:
    """Why a release must not go on, "" if it may."""
    tried = tally.sent + tally.failed
    if tried < delivery.stop_least:
        return ""
    lost = tally.failed + tally.bounced
    if lost >= FEWEST and lost > tried * delivery.bounces_stop:
        return f"of {tried:,} messages {lost:,} were refused or came back, more than {_percent(delivery.bounces_stop)}"
    if tally.complained >= FEWEST and tally.complained > tally.sent * delivery.complaints_stop:
        share = _percent(delivery.complaints_stop)
        return f"{tally.complained:,} readers of {tally.sent:,} complained of it as spam, more than {share}"
    return ""


def _percent(share: float) -> str:
    """A share as people read it: `10 %`, `0.3 %`."""
    return f"{share * 100:g} %"
