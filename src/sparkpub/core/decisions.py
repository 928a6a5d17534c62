"""What a tick should do: old state, issues and `now` in, intents out; nothing is touched here.

    review(issues, account) ──▶ new states of the queue (queued by itself, held or edited in its file)
    decide(issues, account) ──▶ Agenda: pause, or what to release now, what was missed, when to look again

An occurrence fires by itself only at or after the instant at which its issue was queued, taken up again or given
another rule (`IssueState.activated_at`), and once for ever per (issue, number) and per (issue, date).
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Protocol

from sparkpub.core.model import Anniversary, Every, FixedDate, Issue, Milestones, Occurrence, Status, Years
from sparkpub.core.records import Decision, Holder, IssueState, OccurrenceState, QueueState, Released, Verdict
from sparkpub.core.schedule import event_date, occurrences


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How late, how rarely and how close together releases may be; durations as `timedelta`."""

    grace: timedelta
    max_gap: timedelta
    min_spacing: timedelta


@dataclass(frozen=True, kw_only=True)
class Account:
    """What the ledger says at one instant, as far as a tick must know it.

    `watermark` is the instant of the last tick that was not paused, `resumed_at` the last `resume`, `stopped` the
    reason everything is stopped ("" if nothing is). `waiting_since` is the date of the oldest due occurrence that
    spacing or a fault has kept waiting. `doubled` are the ids that two files claim, or whose slug or feed_id another
    has, each with what there is to say of it: they are held until somebody has told them apart.

    An account of some issues alone has `mailed`, for spacing looks at all: pairs of a date and the latest instant at
    which something due up to it was mailed, of every date that is asked for and of the last date there is.
    """

    states: Mapping[str, IssueState]
    releases: tuple[Released, ...]
    decisions: tuple[Decision, ...]
    watermark: datetime | None = None
    resumed_at: datetime | None = None
    waiting_since: date | None = None
    stopped: str = ""
    doubled: Mapping[str, str] = field(default_factory=dict)
    mailed: tuple[tuple[date, datetime], ...] | None = None

    @cached_property
    def last_release_at(self) -> datetime | None:
        """The latest instant at which something was mailed, None on a new press."""
        return max((at for _, at in self._mailed), default=None)

    def last_release_up_to(self, on: date) -> datetime | None:
        """The latest instant at which something due on or before a date was mailed."""
        dates, latest = self._latest_by_date
        place = bisect_right(dates, on)
        return latest[place - 1] if place else None

    def is_released(self, issue_id: str, occurrence: Occurrence) -> bool:
        """Whether a release blocks this occurrence: one with its number, or one on its date."""
        return (issue_id, occurrence.number) in self._numbers or (issue_id, occurrence.on) in self._dates

    def verdict(self, issue_id: str, occurrence: Occurrence) -> Verdict | None:
        """What was decided of an occurrence; one that was missed on another date, before a rule was edited, is open."""
        decision = self._decided.get((issue_id, occurrence.number))
        if decision is None or (decision.verdict is Verdict.MISSED and decision.on != occurrence.on):
            return None
        return decision.verdict

    @cached_property
    def _numbers(self) -> frozenset[tuple[str, int]]:
        return frozenset((r.issue_id, r.number) for r in self.releases)

    @cached_property
    def _dates(self) -> frozenset[tuple[str, date]]:
        return frozenset((r.issue_id, r.on) for r in self.releases)

    @cached_property
    def _decided(self) -> Mapping[tuple[str, int], Decision]:
        return {(d.issue_id, d.number): d for d in self.decisions}

    @property
    def _mailed(self) -> Iterable[tuple[date, datetime]]:
        if self.mailed is not None:
            return self.mailed
        return ((r.on, r.released_at) for r in self.releases if r.is_mailed)

    @cached_property
    def _latest_by_date(self) -> tuple[list[date], list[datetime]]:
        """The dates of what was mailed, ascending, and beside each the latest release up to it."""
        mailed = sorted(self._mailed)
        return [on for on, _ in mailed], list(accumulate((at for _, at in mailed), max))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An issue and the occurrence of it that is meant."""

    issue: Issue
    occurrence: Occurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What a tick should do: nothing for the reason in `pause`, or release and note what is listed, in order.

    `look_again_at` is the instant at which spacing lets the next waiting one go, if any waits.
    """

    pause: str = ""
    to_release: tuple[Due, ...] = ()
    missed: tuple[Due, ...] = ()
    waiting: tuple[Due, ...] = ()
    look_again_at: datetime | None = None


def rule_hash(rule: FixedDate | Anniversary | None) -> str:
    """A digest of what decides on which dates and numbers a rule falls.

    Left out on purpose are time and zone, which hold nothing, and `from` and `until`, which move no date.
    """
    match rule:
        case None:
            parts: tuple[object, ...] = ()
        case FixedDate():
            parts = ("fixed", rule.on)
        case Anniversary(of=of):
            event = (of.year, of.month, of.is_leap_month, of.day)
            parts = (*event, rule.calendar, rule.match, rule.leap_day, rule.day, rule.observance, _choice(rule))
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def _choice(rule: Anniversary) -> str:
    """Which anniversaries a rule chooses, in one word."""
    match rule.choice:
        case Years(numbers=numbers):
            return f"years {sorted(numbers)}"
        case Every(step=step):
            return f"every {step}"
        case Milestones():
            return "milestones"


class Reviewed(Protocol):
    """What of an issue decides whether it stays in the queue."""

    @property
    def id(self) -> str:
        """Its permanent name."""

    @property
    def status(self) -> Status:
        """What its file says."""

    @property
    def rule(self) -> FixedDate | Anniversary | None:
        """When it is due."""

    @property
    def content_hash(self) -> str:
        """The SHA-256 of its file."""


def queued(issue: Reviewed, now: datetime, earlier: IssueState | None = None) -> IssueState:
    """The state of an issue that a person queues, or takes up again, at `now`; what its file says now is approved.

    One that is queued already, under the same rule, keeps its `earlier` activation, so that queueing it again
    lets nothing fall into the past that is just due.
    """
    hash_ = rule_hash(issue.rule)
    is_same = earlier is not None and earlier.state is QueueState.QUEUED and earlier.rule_hash == hash_
    return IssueState(
        issue_id=issue.id,
        state=QueueState.QUEUED,
        activated_at=earlier.activated_at if earlier and is_same else now,
        rule_hash=hash_,
        content_hash=issue.content_hash,
    )


def held(state: IssueState, by: Holder, reason: str) -> IssueState:
    """The same issue kept back."""
    return replace(state, state=QueueState.HELD, held_by=by, reason=reason)


def review(
    issues: Iterable[Reviewed], account: Account, *, now: datetime, queues_ready: bool, is_strict: bool
) -> list[IssueState]:
    """The states that must change before anything is released, because files changed since the last look.

    A ready issue queues itself where the publication says so. One whose file says hold or draft is held until the
    file says ready again. A rule edited before any release counts from now on; edited after one, the issue is held
    once. Under strict approval any edit holds.
    """
    released = {release.issue_id for release in account.releases}
    changes = []
    for issue in issues:
        state = account.states.get(issue.id)
        if state is None:
            change = queued(issue, now) if queues_ready and issue.status is Status.READY else None
        else:
            change = _reviewed(issue, state, now=now, is_released=issue.id in released, is_strict=is_strict)
        if change:
            changes.append(change)
    return changes


def _reviewed(
    issue: Reviewed, state: IssueState, *, now: datetime, is_released: bool, is_strict: bool
) -> IssueState | None:
    """The new state of one issue in the queue, None if nothing that matters has changed."""
    is_held_by_file = state.state is QueueState.HELD and state.held_by is Holder.FILE
    if state.state is not QueueState.QUEUED and not is_held_by_file:
        return None
    if issue.status is not Status.READY:
        change = held(state, Holder.FILE, f"its file says {issue.status}")
        return None if state == change else change
    current = queued(issue, now)
    if current.rule_hash != state.rule_hash and is_released:
        # The text stays the one that was approved, so that the difference can still be shown.
        current = replace(current, content_hash=state.content_hash)
        return held(current, Holder.EDIT, "its rule was edited after a release")
    if is_strict and (current.content_hash, current.rule_hash) != (state.content_hash, state.rule_hash):
        return held(state, Holder.EDIT, "it was edited after it was approved")
    return current if is_held_by_file or current.rule_hash != state.rule_hash else None


def decide(
    issues: Iterable[Issue],
    account: Account,
    *,
    now: datetime,
    pace: Pace,
    series_order: Mapping[str, int],
    window: tuple[date, date] = (date.min, date.max),
) -> Agenda:
    """What a tick at `now` (UTC) should do. Issues that are not queued, or held in the file, never fire.

    Only occurrences on dates in the half-open `window` count; a simulation has one, the press has none.
    """
    if pause := account.stopped or doubt_of_clock(account, now=now, pace=pace):
        return Agenda(pause=pause)
    open_ = _unsettled(issues, account, now=now, window=looked_at(account, now=now, pace=pace, window=window))
    to_release: list[Due] = []
    missed: list[Due] = []
    waiting: list[Due] = []
    last = account.last_release_at
    for candidate in sorted(open_, key=lambda due: order(due, series_order)):
        if _is_too_late(candidate.occurrence, account, now=now, pace=pace):
            missed.append(candidate)
        elif last is None or now >= last + pace.min_spacing:
            to_release.append(candidate)
            last = now
        else:
            waiting.append(candidate)
    look_again_at = last + pace.min_spacing if waiting and last is not None else None
    return Agenda(
        to_release=tuple(to_release), missed=tuple(missed), waiting=tuple(waiting), look_again_at=look_again_at
    )


def _is_too_late(occurrence: Occurrence, account: Account, *, now: datetime, pace: Pace) -> bool:
    """Whether the grace of an occurrence has run out.

    It counts from the instant that was due. For one that a tick has seen already and that waited its turn, it
    counts from its turn: spacing delays, it never drops. What was due later took no turn away from it.
    """
    late_since = occurrence.at
    if account.watermark is not None and occurrence.at <= account.watermark:
        last = account.last_release_up_to(occurrence.on)
        late_since = max(late_since, last + pace.min_spacing) if last else late_since
    return now - late_since > pace.grace


def doubt_of_clock(account: Account, *, now: datetime, pace: Pace) -> str:
    """Why the press must not believe that it is `now`, or ""; a clock that ran ahead a person has to confirm."""
    if account.watermark is None:
        return ""
    if now < account.watermark:
        return f"the clock went back: the last tick was at {account.watermark:%Y-%m-%d %H:%M} UTC"
    seen_at = max(account.watermark, account.resumed_at or account.watermark)
    if now - seen_at > pace.max_gap:
        return f"the press slept since {account.watermark:%Y-%m-%d}, longer than max_gap"
    return ""


def looked_at(
    account: Account, *, now: datetime, pace: Pace, window: tuple[date, date] = (date.min, date.max)
) -> tuple[date, date]:
    """The dates on which something may be due: from what was seen last to tomorrow, whatever the zone.

    A press that never ticked has seen nothing: it looks from the instant at which the first issue was queued.
    """
    queued = (state.activated_at for state in account.states.values() if state.state is QueueState.QUEUED)
    seen = account.watermark or min(queued, default=now)
    since = min(seen.toordinal(), now.toordinal() - pace.grace.days, (account.waiting_since or now).toordinal())
    return max(window[0], _date(since - 2)), min(window[1], _date(now.toordinal() + 3))


def _date(ordinal: int) -> date:
    """The date with this number, the first or last there is where it would lie beyond."""
    return date.fromordinal(min(max(ordinal, date.min.toordinal()), date.max.toordinal()))


def _unsettled(issues: Iterable[Issue], account: Account, *, now: datetime, window: tuple[date, date]) -> Iterable[Due]:
    """Every occurrence of a queued issue that has come, since it was queued, and is not yet settled."""
    for issue in issues:
        state = account.states.get(issue.id)
        if state is None or state.state is not QueueState.QUEUED:
            continue
        if issue.rule is None or issue.status is not Status.READY:
            continue
        for occurrence in occurrences(issue.rule, *window):
            is_settled = account.is_released(issue.id, occurrence) or account.verdict(issue.id, occurrence)
            if not is_settled and state.activated_at <= occurrence.at <= now:
                yield Due(issue=issue, occurrence=occurrence)


def order(due: Due, series_order: Mapping[str, int]) -> tuple[datetime, date, int, str]:
    """Sort key of occurrences: instant, original date, series order, id."""
    rule = due.issue.rule
    original = event_date(rule) if isinstance(rule, Anniversary) else due.occurrence.on
    return due.occurrence.at, original, series_order.get(due.issue.series, 0), due.issue.id


def occurrence_state(due: Due, account: Account, *, now: datetime, pace: Pace) -> OccurrenceState:
    """Where one occurrence stands at `now`, in the contract's word."""
    issue, occurrence = due.issue, due.occurrence
    if account.is_released(issue.id, occurrence):
        return OccurrenceState.RELEASED
    if verdict := account.verdict(issue.id, occurrence):
        return OccurrenceState.SKIPPED if verdict is Verdict.SKIPPED else OccurrenceState.MISSED
    state = account.states.get(issue.id)
    is_queued = state is not None and state.state is not QueueState.UNQUEUED
    if occurrence.at < (state.activated_at if state and is_queued else now):
        return OccurrenceState.PAST
    is_held_in_file = issue.status is Status.HOLD or (is_queued and issue.status is not Status.READY)
    if is_held_in_file or issue.id in account.doubled or (state and state.state is QueueState.HELD):
        return OccurrenceState.HELD
    if not is_queued:
        return OccurrenceState.UNQUEUED
    is_late = _is_too_late(occurrence, account, now=now, pace=pace)
    return OccurrenceState.MISSED if is_late else OccurrenceState.QUEUED


def midnight(on: date) -> datetime:
    """The first instant of a date in UTC, for windows that are given in dates."""
    return datetime.combine(on, time(), UTC)
