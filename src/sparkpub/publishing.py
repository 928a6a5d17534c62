"""Release issues: what is due by itself (tick), what a person decides (release), what was corrected.

    files ──review──▶ queue ──decide──▶ due ──render──▶ edition ──one transaction──▶ release + deliveries
                                                                        then page, feeds, mail

The transaction is the release: pages, feeds and messages are made from the ledger afterwards and can be made again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sparkpub.adapters.zones import tzdata_version
from sparkpub.articles import issue_of, new_entry_id
from sparkpub.core.decisions import Agenda, Due, decide, review
from sparkpub.core.model import (
    Decision,
    Issue,
    QueueState,
    Release,
    ReleaseDraft,
    Status,
    Verdict,
)
from sparkpub.core.schedule import occurrences, repeats
from sparkpub.errors import AlreadyReleased, Fault, InputError, UsageError
from sparkpub.press import STOPPED, Press
from sparkpub.queueing import RESUMED, WAITING, WATERMARK, account, find
from sparkpub.rendering import Rendered, correct_edition, render_due
from sparkpub.shelf import Shelf

ALWAYS = (date.min, date.max)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A due occurrence that could not be rendered, and why."""

    due: Due
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What one tick did; `faults` are those that kept an issue from being released."""

    released: tuple[Release, ...] = ()
    corrected: tuple[Release, ...] = ()
    missed: tuple[Due, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    agenda: Agenda = field(default_factory=Agenda)


def tick(press: Press, shelf: Shelf, *, now: datetime, window: tuple[date, date] = ALWAYS) -> TickReport:
    """Release everything that is due at `now` (UTC), at most once for ever, and note what was missed.

    A tick that is broken off anywhere is finished by the next one. One broken issue never stops the others: it
    stays due until its grace runs out.
    """
    held = _review(press, shelf, now)
    released: list[Release] = []
    broken: list[Broken] = []
    while True:
        agenda = _agenda(press, shelf, broken, now=now, window=window)
        if agenda.pause:
            _pause(press, agenda.pause, now)
            return TickReport(agenda=agenda, held=held)
        found = _release_all(press, agenda, released, now=now)
        if found is None:
            break
        broken.append(found)  # decide again without them: a broken issue takes no other's slot
    corrected = correct(press, shelf, now=now)
    _close(press, agenda, broken, now)
    faults = [fault for found in broken for fault in found.faults]
    return TickReport(
        released=tuple(released),
        corrected=tuple(corrected),
        missed=agenda.missed,
        held=held,
        faults=tuple(faults),
        agenda=agenda,
    )


def _agenda(
    press: Press, shelf: Shelf, broken: Iterable[Broken], *, now: datetime, window: tuple[date, date]
) -> Agenda:
    """What is to be done now, leaving out issues that have turned out to be broken."""
    left_out = {found.due.issue.id for found in broken}
    return decide(
        [issue for issue in shelf.issues.values() if issue.id not in left_out],
        account(press.ledger),
        now=now,
        pace=press.publication.pace,
        series_order=press.publication.series_order,
        window=window,
    )


def _release_all(press: Press, agenda: Agenda, released: list[Release], *, now: datetime) -> Broken | None:
    """Release what is due, adding to `released`; stops at the first issue with faults and returns it."""
    for due in agenda.to_release:
        try:
            release = _release(press, due, now=now, is_by_itself=True)
        except InputError as error:
            return Broken(due=due, faults=error.faults)
        if release:
            released.append(release)
    return None


def _review(press: Press, shelf: Shelf, now: datetime) -> tuple[tuple[str, str], ...]:
    """Bring the queue up to date with the files; returns what is held because of that, with the reason."""
    schedule = press.publication.settings.schedule
    changes = review(
        shelf.issues.values(),
        account(press.ledger),
        now=now,
        queues_ready=schedule.queue == "ready",
        is_strict=schedule.approval == "strict",
    )
    if changes:
        with press.ledger.transaction():
            for change in changes:
                press.ledger.save_issue_state(change)
                press.ledger.record(now, change.state.value, change.issue_id, change.reason or "seen by a tick")
    return tuple((c.issue_id, c.reason) for c in changes if c.state is QueueState.HELD)


def _pause(press: Press, reason: str, now: datetime) -> None:
    """Note why nothing happens, once; the watermark stays where it is."""
    if press.ledger.fact(STOPPED) or "clock went back" in reason:
        return
    with press.ledger.transaction():
        press.ledger.set_fact(STOPPED, reason)
        press.ledger.record(now, "stopped", "press", reason)


def _close(press: Press, agenda: Agenda, broken: Iterable[Broken], now: datetime) -> None:
    """Note what was missed, and how far the press has looked."""
    waiting = [due.occurrence.on for due in (*agenda.waiting, *(found.due for found in broken))]
    with press.ledger.transaction():
        for due in agenda.missed:
            press.ledger.decide(_missed(due, now))
            press.ledger.record(now, "missed", due.issue.id, f"{due.occurrence.number}, due on {due.occurrence.on}")
        press.ledger.set_fact(WATERMARK, now.isoformat())
        press.ledger.set_fact(WAITING, min(waiting).isoformat() if waiting else "")


def _missed(due: Due, now: datetime) -> Decision:
    """The verdict on an occurrence whose grace ran out."""
    return Decision(
        issue_id=due.issue.id,
        number=due.occurrence.number,
        on=due.occurrence.on,
        verdict=Verdict.MISSED,
        decided_at=now,
    )


def _release(press: Press, due: Due, *, now: datetime, is_by_itself: bool, is_mailed: bool = True) -> Release | None:
    """Render an edition and make it public; None if another process was faster or a person has just said no."""
    released_at = now if is_mailed else due.occurrence.at
    earlier = press.ledger.releases(due.issue.id)
    rendered = render_due(press, due, released_at=released_at, is_mailed=is_mailed)
    draft = _draft(press, due, rendered, released_at=released_at, is_first=not earlier, is_mailed=is_mailed)
    ledger, settings = press.ledger, press.publication.settings
    try:
        with ledger.transaction():
            if is_by_itself and not _is_wanted(press, due.issue):
                return None
            for asset in rendered.edition.assets:
                ledger.put_asset(asset)
            ledger.put_edition(
                draft.edition_hash,
                due.issue.id,
                due.occurrence.number,
                source=due.issue.source,
                compiled=rendered.compiled,
                media=rendered.media,
            )
            release_id = ledger.add_release(draft)
            if is_mailed:
                ledger.plan_deliveries(release_id, settings.audience.get(due.issue.audience), at=now)
            ledger.record(now, "released", due.issue.id, f"{due.occurrence.number}, due on {due.occurrence.on}")
    except AlreadyReleased:
        if is_by_itself:
            return None
        raise
    return ledger.release(release_id)


def _is_wanted(press: Press, issue: Issue) -> bool:
    """Whether, inside the transaction, nobody has stopped the press or held the issue meanwhile."""
    state = press.ledger.issue_states().get(issue.id)
    return not press.ledger.fact(STOPPED) and state is not None and state.state is QueueState.QUEUED


def _draft(
    press: Press, due: Due, rendered: Rendered, *, released_at: datetime, is_first: bool, is_mailed: bool
) -> ReleaseDraft:
    """The release before the ledger numbers it."""
    issue, occurrence = due.issue, due.occurrence
    return ReleaseDraft(
        issue_id=issue.id,
        number=occurrence.number,
        on=occurrence.on,
        released_at=released_at,
        updated_at=released_at,
        edition_hash=rendered.edition.hash,
        issue_source=issue.source,
        issue_path=issue.path,
        entry_id=new_entry_id(press.publication, due, released_at, is_first=is_first),
        transport=press.transport,
        repeats=issue.rule is not None and repeats(issue.rule),
        is_mailed=is_mailed,
        tzdata=tzdata_version(),
    )


def due_by_hand(press: Press, issue: Issue, number: int | None, *, now: datetime) -> Due:
    """The occurrence that `release ID [--number N]` means: the latest unreleased one whose date has come.

    Raises:
        UsageError: the issue is no ready one, nothing of it has come yet, or all that has come is released.
    """
    if issue.status is not Status.READY or issue.rule is None:
        raise UsageError(f"{issue.path}: status is {issue.status}; write `status: ready` to release '{issue.id}'")
    if number is not None:
        return find(issue, number)
    today = now.astimezone(press.publication.zone).date()
    taken = {r.number for r in press.ledger.releases(issue.id)}
    come = [o for o in occurrences(issue.rule, date.min, today + _A_DAY) if o.number not in taken]
    if not come:
        raise UsageError(f"nothing of {issue.id} waits to be released; a coming one needs --number N")
    return Due(issue=issue, occurrence=come[-1])


def release_by_hand(press: Press, due: Due, *, now: datetime) -> Release:
    """Release one occurrence because a person decided so, whatever its state was.

    Raises:
        AlreadyReleased: it was released before; nothing is sent twice.
        InputError: the issue or a template has faults.
    """
    release = _release(press, due, now=now, is_by_itself=False)
    if release is None:
        raise AlreadyReleased(f"{due.issue.id}/{due.occurrence.number} is released already; nothing was done")
    return release


def release_past(press: Press, issues: Iterable[Issue], *, now: datetime) -> list[Release]:
    """Take a whole archive in: each past occurrence at its own date, never mailed.

    Of a repeating issue only the latest past one is taken. What is released already is left as it is.
    """
    released = []
    for issue in issues:
        if issue.status is not Status.READY or issue.rule is None:
            continue
        past = [o for o in occurrences(issue.rule, date.min, (now + 2 * _A_DAY).date()) if o.at <= now]
        if not past or any(r.number == past[-1].number for r in press.ledger.releases(issue.id)):
            continue
        due = Due(issue=issue, occurrence=past[-1])
        release = _release(press, due, now=now, is_by_itself=False, is_mailed=False)
        if release:
            released.append(release)
    return released


def correct(press: Press, shelf: Shelf, *, now: datetime) -> list[Release]:
    """Bring new `corrections` lines of released issues to their pages and feeds; nothing is mailed.

    A correction belongs to the newest release on or before its date. The feed's `updated` moves to its date at
    the schedule's time.
    """
    corrected = []
    for release in press.ledger.releases():
        issue = shelf.issues.get(release.issue_id)
        if issue is None or issue.source == release.issue_source:
            continue
        latest = _new_correction(press, issue, release)
        if latest is None:
            continue
        at = datetime.combine(latest, _time(press), press.publication.zone)
        edition = correct_edition(press.publication, issue, release)
        with press.ledger.transaction():
            for asset in edition.assets:
                press.ledger.put_asset(asset)
            press.ledger.put_edition(
                edition.hash, issue.id, release.number, source=issue.source, compiled=b"", media=edition.media
            )
            press.ledger.correct_release(
                release.release_id,
                source=issue.source,
                edition_hash=edition.hash,
                updated_at=max(at, release.released_at),
            )
            press.ledger.record(now, "corrected", issue.id, f"{release.number}, dated {latest}")
        corrected.append(release)
    return corrected


def _time(press: Press) -> time:
    """The publication's time of day for releases."""
    return press.publication.settings.schedule.time


def _new_correction(press: Press, issue: Issue, release: Release) -> date | None:
    """The date of the newest correction that is meant for this release and not on its page yet."""
    known = set(issue_of(press.publication.settings, release).corrections)
    later = [r.on for r in press.ledger.releases(issue.id) if r.on > release.on]
    mine = [
        c.on for c in issue.corrections if c not in known and c.on >= release.on and not any(on <= c.on for on in later)
    ]
    return max(mine, default=None)


def stop_everything(press: Press, *, now: datetime) -> None:
    """Release and send nothing until `resume`."""
    with press.ledger.transaction():
        press.ledger.set_fact(STOPPED, "stopped by hand")
        press.ledger.record(now, "stopped", "press", "by hand")


def resume_everything(press: Press, *, now: datetime) -> None:
    """Go on; what was due meanwhile goes out within its grace, the rest is missed."""
    with press.ledger.transaction():
        press.ledger.set_fact(STOPPED, "")
        press.ledger.set_fact(RESUMED, now.isoformat())
        press.ledger.record(now, "resumed", "press", "")
