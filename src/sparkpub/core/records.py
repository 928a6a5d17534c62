"""What the ledger records, as values that are complete at birth: decisions, releases, readers, deliveries.

The first sentence of each class docstring is its definition in the glossary.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sparkpub.core.wishes import EVERYTHING, Wishes


class QueueState(StrEnum):
    """What the press was told about an issue: unqueued, queued or held."""

    UNQUEUED = "unqueued"
    QUEUED = "queued"
    HELD = "held"


class Holder(StrEnum):
    """Who keeps a held issue back: a person, its own file, or an edit that a person has to look at."""

    NOBODY = ""
    PERSON = "person"
    FILE = "file"
    EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueState:
    """The ledger's row for one issue in the editors' queue.

    Only occurrences at or after `activated_at` fire by themselves. `rule_hash` and `content_hash` are those seen
    when it was queued or last accepted; `held_by` says who holds it, `reason` why in words for people.
    """

    issue_id: str
    state: QueueState
    activated_at: datetime
    rule_hash: str
    content_hash: str
    held_by: Holder = Holder.NOBODY
    reason: str = ""


class Verdict(StrEnum):
    """What was decided of an occurrence that is not released."""

    SKIPPED = "skipped"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict on one occurrence, by a person (skipped) or by the grace that ran out (missed)."""

    issue_id: str
    number: int
    on: date
    verdict: Verdict
    decided_at: datetime


class OccurrenceState(StrEnum):
    """Where one occurrence stands: past, unqueued, queued, held, missed, skipped or released."""

    PAST = "past"
    UNQUEUED = "unqueued"
    QUEUED = "queued"
    HELD = "held"
    MISSED = "missed"
    SKIPPED = "skipped"
    RELEASED = "released"


class ReleaseState(StrEnum):
    """How far a release has come with its deliveries."""

    SENDING = "sending"
    STOPPED = "stopped"
    FINISHED = "finished"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The bare mark that a release leaves: its number and its date are taken, and what was mailed took a turn.

    It is all that a tick has to know of releases, however many and however long they are.
    """

    issue_id: str
    number: int
    on: date
    released_at: datetime
    is_mailed: bool = True

    @property
    def name(self) -> str:
        """`ISSUE/N`, as commands take it."""
        return f"{self.issue_id}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDraft(Released):
    """A release before the ledger has numbered it; its fields mean what they mean in `Release`."""

    updated_at: datetime
    edition_hash: str
    issue_source: bytes = field(repr=False)
    issue_path: str
    settings: str = field(repr=False)
    entry_id: str
    transport: str
    repeats: bool
    tzdata: str = ""
    is_digest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(ReleaseDraft):
    """The fact that an edition was made public for an occurrence at an instant.

    One per (issue, number) and one per (issue, date), for ever. `issue_source` is the file as it was mailed, or
    as its latest correction left it, and `settings` the `sparkpub.toml` it is read by; `updated_at` moves only with
    a correction. `entry_id` is the feed entry's id, fixed at release. `repeats` tells whether the issue may be
    released again. `is_mailed` is False for an archive taken in. A digest (`is_digest`) is one that makes nothing
    public: it gathers pieces that are, and its `issue_source` is its subject. `again_at` is when it was last sent to
    readers who read its series from the beginning: what is sent since is dated so.
    """

    release_id: int
    state: ReleaseState
    again_at: datetime | None = None

    @property
    def dated_at(self) -> datetime:
        """The instant that messages sent now bear."""
        return self.again_at or self.released_at


class SubscriberState(StrEnum):
    """The state of a subscriber's wish."""

    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """An address that asked, with the state of that wish.

    `asked_at` is when the wish that stands was made; `wishes` is what they want of what is released.
    """

    subscriber_id: int
    address: str
    name: str
    state: SubscriberState
    language: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    evidence: str = ""
    wishes: Wishes = EVERYTHING
    asked_at: datetime | None = None
    is_suppressed: bool = False


class LetterKind(StrEnum):
    """What a letter, a message that belongs to no release, is for.

    confirm asks a new reader to confirm, welcome greets one who did, known tells one who asks again that they are in.
    """

    CONFIRM = "confirm"
    WELCOME = "welcome"
    KNOWN = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message to one reader that belongs to no release; a reader gets one of a kind for each wish.

    `wished_at` is when that wish was made, `queued_at` when the letter was asked for: what it is dated. `first_at` is
    when it was tried first.
    """

    letter_id: int
    kind: LetterKind
    reader: Subscriber
    wished_at: datetime
    queued_at: datetime
    attempts: int
    first_at: datetime | None


class DeliveryState(StrEnum):
    """Where one delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The account of one release: every eligible reader in exactly one column."""

    eligible: int
    pending: int = 0
    sending: int = 0
    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    suppressed: int = 0
    cancelled: int = 0

    @property
    def open(self) -> int:
        """Deliveries that are not decided yet; a release is finished only at 0."""
        return self.pending + self.sending + self.deferred

    @property
    def balances(self) -> bool:
        """Whether nobody is lost and nobody counted twice."""
        settled = self.sent + self.failed + self.uncertain + self.suppressed + self.cancelled
        return self.eligible == self.open + settled
