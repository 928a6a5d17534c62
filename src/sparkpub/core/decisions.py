"""What a tick should do: old state, issues and `now` in, intents out; nothing is touched here.

    review(issues, states)  ──▶ new states of the queue (queued by itself, rule edited, approval broken)
    decide(issues, account) ──▶ Agenda: pause, or what to release now, what was missed, when to look again
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sparkpub.core.model import (
    Anniversary,
    Decision,
    FixedDate,
    Issue,
    IssueState,
    Occurrence,
    OccurrenceState,
    QueueState,
    Release,
    Status,
    Verdict,
)
from sparkpub.core.schedule import event_date, occurrences

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How late, how rarely and how close together releases may be; durations as `timedelta`."""

    grace: timedelta
    max_gap: timedelta
    min_spacing: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the ledger says at one instant, as far as a tick must know it.

    `watermark` is the instant of the last tick that was not paused, `resumed_at` the last `resume`, `stopped` the
    reason everything is stopped ("" if nothing is). `waiting_since` is the date of the oldest due occurrence that
    spacing or a hold has kept waiting.
    """

    states: Mapping[str, IssueState]
    releases: tuple[Release, ...]
    decisions: tuple[Decision, ...]
    watermark: datetime | None = None
    resumed_at: datetime | None = None
    waiting_since: date | None = None
    stopped: str = ""

    @property
    def last_release_at(self) -> datetime | None:
        """The latest instant at which something was mailed, None on a new press."""
        return max((r.released_at for r in self.releases if r.is_mailed), default=None)


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
    """A digest of what decides on which dates and numbers a rule falls; time and zone are left out on purpose."""
    match rule:
        case None:
            parts: tuple[object, ...] = ()
        case FixedDate():
            parts = ("fixed", rule.on)
        case Anniversary():
            chosen = sorted(getattr(rule.choice, "numbers", ())) or getattr(rule.choice, "step", "milestones")
            parts = (
                "anniversary",
                rule.of.text.rstrip("?~%"),
                rule.calendar,
                rule.match,
                chosen,
                rule.leap_day,
                rule.day,
                rule.observance,
            )
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def queued(issue: Issue, now: datetime) -> IssueState:
    """The state of an issue that is queued, or taken up again, at `now`."""
    return IssueState(
        issue_id=issue.id,
        state=QueueState.QUEUED,
        activated_at=now,
        rule_hash=rule_hash(issue.rule),
        content_hash=issue.content_hash,
    )


def review(
    issues: Iterable[Issue], account: Account, *, now: datetime, queues_ready: bool, is_strict: bool
) -> list[IssueState]:
    """The states that must change before anything is released, because files changed since the last look.

    A ready issue queues itself where the publication says so. A rule edited before any release counts from now
    on; edited after one, the issue is held once. Under strict approval any edit holds.
    """
    has_releases = {release.issue_id for release in account.releases}
    changes = []
    for issue in issues:
        state = account.states.get(issue.id)
        if state is None:
            if queues_ready and issue.status is Status.READY:
                changes.append(queued(issue, now))
        elif state.state is QueueState.QUEUED:
            changes.extend(_reviewed(issue, state, now=now, is_released=issue.id in has_releases, is_strict=is_strict))
    return changes


def _reviewed(
    issue: Issue, state: IssueState, *, now: datetime, is_released: bool, is_strict: bool
) -> list[IssueState]:
    """The new state of one queued issue, or none if nothing that matters has changed."""
    current = queued(issue, now)
    if issue.rule is not None and current.rule_hash != state.rule_hash:
        if is_released:
            reason = "its rule was edited after a release"
            return [replace(current, state=QueueState.HELD, reason=reason)]
        if not is_strict:
            return [current]
    if is_strict and current.content_hash != state.content_hash:
        reason = "it was edited after it was approved"
        return [replace(state, state=QueueState.HELD, reason=reason)]
    return []


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
    if pause := _pause(account, now, pace):
        return Agenda(pause=pause)
    open_ = _unsettled(issues, account, now=now, window=_looked_at(account, now, pace, window))
    due = sorted(open_, key=lambda d: order(d, series_order))
    to_release: list[Due] = []
    missed: list[Due] = []
    waiting: list[Due] = []
    last = account.last_release_at
    for candidate in due:
        at = candidate.occurrence.at
        earliest = at if last is None else max(at, last + pace.min_spacing)
        if now - earliest > pace.grace:
            missed.append(candidate)
        elif earliest <= now:
            to_release.append(candidate)
            last = now
        else:
            waiting.append(candidate)
    look_again_at = last + pace.min_spacing if waiting and last is not None else None
    return Agenda(
        to_release=tuple(to_release), missed=tuple(missed), waiting=tuple(waiting), look_again_at=look_again_at
    )


def _pause(account: Account, now: datetime, pace: Pace) -> str:
    """Why a tick at `now` must do nothing, or ""."""
    if account.stopped:
        return account.stopped
    if account.watermark is None:
        return ""
    if now < account.watermark:
        return f"the clock went back: the last tick was at {account.watermark:%Y-%m-%d %H:%M} UTC"
    seen_at = max(account.watermark, account.resumed_at or account.watermark)
    if now - seen_at > pace.max_gap:
        return f"the press slept since {account.watermark:%Y-%m-%d}, longer than max_gap"
    return ""


def _looked_at(account: Account, now: datetime, pace: Pace, window: tuple[date, date]) -> tuple[date, date]:
    """The dates on which something may be due: from what was seen last to tomorrow, whatever the zone."""
    since = min(account.watermark or now, now - pace.grace).date()
    start = min(since, account.waiting_since or since)
    return max(window[0], start - 2 * _A_DAY), min(window[1], now.date() + 2 * _A_DAY)


def _unsettled(
    issues: Iterable[Issue], account: Account, *, now: datetime, window: tuple[date, date]
) -> Iterable[Due]:
    """Every occurrence of a queued issue that has come, since it was queued, and is not yet settled."""
    settled = {(r.issue_id, r.number) for r in account.releases} | {(d.issue_id, d.number) for d in account.decisions}
    taken = {(r.issue_id, r.on) for r in account.releases}
    for issue in issues:
        state = account.states.get(issue.id)
        if state is None or state.state is not QueueState.QUEUED:
            continue
        if issue.rule is None or issue.status is not Status.READY:
            continue
        for occurrence in occurrences(issue.rule, *window):
            is_settled = (issue.id, occurrence.number) in settled or (issue.id, occurrence.on) in taken
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
    if any(
        r.issue_id == issue.id and (r.number == occurrence.number or r.on == occurrence.on) for r in account.releases
    ):
        return OccurrenceState.RELEASED
    for decision in account.decisions:
        if (decision.issue_id, decision.number) == (issue.id, occurrence.number):
            is_skip = decision.verdict is Verdict.SKIPPED
            return OccurrenceState.SKIPPED if is_skip else OccurrenceState.MISSED
    state = account.states.get(issue.id)
    if state is None or state.state is QueueState.UNQUEUED:
        is_held = issue.status is Status.HOLD
        if occurrence.at < now:
            return OccurrenceState.PAST
        return OccurrenceState.HELD if is_held else OccurrenceState.UNQUEUED
    if occurrence.at < state.activated_at:
        return OccurrenceState.PAST
    if state.state is QueueState.HELD or issue.status is Status.HOLD:
        return OccurrenceState.HELD
    if now - occurrence.at > pace.grace and occurrence.at < (account.watermark or now):
        return OccurrenceState.MISSED
    return OccurrenceState.QUEUED


def midnight(on: date) -> datetime:
    """The first instant of a date in UTC, for windows that are given in dates."""
    return datetime.combine(on, time(), UTC)
