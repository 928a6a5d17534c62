"""Release issues: what is due by itself (tick), and what a person decides (release).

    files ──review──▶ queue ──decide──▶ due ──render──▶ edition ──one transaction──▶ release + deliveries
                                                                        then page, feeds, mail

The transaction is the release: pages, feeds and messages are made from the ledger afterwards and can be made again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial

from sparkpub.adapters.zones import tzdata_version
from sparkpub.articles import new_entry_id
from sparkpub.core.decisions import Account, Agenda, Due, decide, doubt_of_clock, review
from sparkpub.core.model import Issue, Occurrence, Status
from sparkpub.core.records import Decision, IssueState, QueueState, Release, ReleaseDraft, Verdict
from sparkpub.core.schedule import occurrences, repeats
from sparkpub.core.wishes import Piece
from sparkpub.correcting import correct
from sparkpub.errors import AlreadyReleased, Fault, InputError, UsageError
from sparkpub.glancing import account_of
from sparkpub.leaving import refuse_release, refuse_unprepared
from sparkpub.press import STOPPED, Press
from sparkpub.queueing import RESUMED, WAITING, WATERMARK, account, find
from sparkpub.rendering import Rendered, render_due
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
    """What one tick did; `faults` are those that kept an issue from being released or corrected.

    `digests` were made of pieces that waited for readers; of `again` some readers get what came out in an earlier year.
    """

    released: tuple[Release, ...] = ()
    corrected: tuple[Release, ...] = ()
    missed: tuple[Due, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    agenda: Agenda = field(default_factory=Agenda)
    digests: tuple[Release, ...] = ()
    again: tuple[Release, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What came of taking an archive in: the pieces that are public now, and the faults of those that are not."""

    released: tuple[Release, ...] = ()
    faults: tuple[Fault, ...] = ()


def tick(press: Press, shelf: Shelf, *, now: datetime, window: tuple[date, date] = ALWAYS) -> TickReport:
    """Release everything that is due at `now` (UTC), at most once for ever, and note what was missed.

    A tick that is broken off anywhere is finished by the next one. One broken issue never stops the others: it
    stays due until its grace runs out.

    Raises:
        UsageError: something is due that smtp could not send; it stays due.
    """
    known = _known(press, shelf, now)
    changed = _review(press, shelf, known, now)
    held = tuple((state.issue_id, state.reason) for state in changed if state.state is QueueState.HELD)
    released: list[Release] = []
    broken: list[Broken] = []
    while True:
        known = _known(press, shelf, now) if changed or broken else known
        agenda = _agenda(press, shelf, known, broken, now=now, window=window)
        if agenda.pause:
            _pause(press, known, agenda.pause, now)
            return TickReport(released=tuple(released), agenda=agenda, held=held)
        if agenda.to_release:
            refuse_release(press, now=now)
        found = _release_all(press, agenda, released, now=now)
        if found is None:
            break
        broken.append(found)  # decide again without them: a broken issue takes no other's slot
    waiting = [*agenda.waiting, *(found.due for found in broken)]
    _close(press, shelf, agenda, now=now, since=_waiting_since(shelf, known, waiting, now))
    corrected = correct(press, shelf, now=now)
    return TickReport(
        released=tuple(released),
        corrected=corrected.releases,
        missed=agenda.missed,
        held=held,
        faults=tuple(fault for found in broken for fault in found.faults) + corrected.faults,
        agenda=agenda,
    )


def _known(press: Press, shelf: Shelf, now: datetime) -> Account:
    """What the ledger says now of the issues on a shelf; a file STOP in the folder stops the press as well."""
    if shelf.is_whole:
        known = account(press.ledger)
    else:
        known = account_of(press.ledger, shelf.issues.values(), now=now, pace=press.publication.pace)
    return replace(known, stopped=press.stopped())


def _agenda(
    press: Press, shelf: Shelf, known: Account, broken: Iterable[Broken], *, now: datetime, window: tuple[date, date]
) -> Agenda:
    """What is to be done now, leaving out issues that have turned out to be broken."""
    left_out = {found.due.issue.id for found in broken}
    return decide(
        [issue for issue in shelf.issues.values() if issue.id not in left_out],
        known,
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


def _review(press: Press, shelf: Shelf, known: Account, now: datetime) -> list[IssueState]:
    """Bring the queue up to date with the files; returns what has changed.

    A clock in doubt queues nothing: an issue that was queued in a wrong year would fire from then on, or not at all.
    """
    if doubt_of_clock(known, now=now, pace=press.publication.pace):
        return []
    schedule = press.publication.settings.schedule
    look = partial(
        review,
        shelf.issues.values(),
        now=now,
        queues_ready=schedule.queue == "ready",
        is_strict=press.publication.is_strict,
    )
    if not look(known):
        return []
    with press.ledger.transaction():
        changes = look(_known(press, shelf, now))  # again, where nobody can hold meanwhile: a person's word stands
        for change in changes:
            press.ledger.save_issue_state(change)
            if change.state is QueueState.QUEUED and press.publication.is_strict:
                press.ledger.approve(change.issue_id, shelf.issues[change.issue_id].source)
            press.ledger.record(now, change.state.value, change.issue_id, change.reason or "seen by a tick")
    return changes


def _pause(press: Press, known: Account, reason: str, now: datetime) -> None:
    """Stop the press after too long a gap until a person resumes it. A clock that went back only has to catch up."""
    is_back = known.watermark is not None and now < known.watermark
    if known.stopped or is_back:
        return
    with press.ledger.transaction():
        press.ledger.set_fact(STOPPED, reason)
        press.ledger.record(now, "stopped", "press", reason)


def _waiting_since(shelf: Shelf, known: Account, waiting: Iterable[Due], now: datetime) -> date | None:
    """The date from which on the next tick has to look, for what waits and for what a broken file may hide."""
    dates = [due.occurrence.on for due in waiting]
    queued_ = (state.issue_id for state in known.states.values() if state.state is QueueState.QUEUED)
    if shelf.faults and (shelf.lacks_queued or any(issue_id not in shelf.issues for issue_id in queued_)):
        dates.append(min(known.waiting_since or now.date(), now.date()))
    return min(dates, default=None)


def _close(press: Press, shelf: Shelf, agenda: Agenda, *, now: datetime, since: date | None) -> None:
    """Note what was missed, and how far the press has looked."""
    ledger = press.ledger
    with ledger.transaction():
        if agenda.missed:
            _note_missed(press, _known(press, shelf, now), agenda.missed, now)
        seen = ledger.fact(WATERMARK)
        if seen and datetime.fromisoformat(seen) > now:
            return  # another scheduler has looked further meanwhile
        ledger.set_fact(WATERMARK, now.isoformat())
        ledger.set_fact(WAITING, since.isoformat() if since else "")


def _note_missed(press: Press, known: Account, missed: Iterable[Due], now: datetime) -> None:
    """Decide, once, that the grace of these has run out."""
    for due in missed:
        issue_id, occurrence = due.issue.id, due.occurrence
        if not known.is_released(issue_id, occurrence) and not known.verdict(issue_id, occurrence):
            press.ledger.decide(_missed(due, now))
            press.ledger.record(now, "missed", issue_id, f"{occurrence.number}, due on {occurrence.on}")


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
            if is_by_itself and not _is_wanted(press, due, now):
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
                audience, piece = settings.audience.get(due.issue.audience), Piece.of(due.issue, due.occurrence.number)
                ledger.plan_deliveries(release_id, audience, piece)
                ledger.gather(release_id, audience, piece)
            ledger.record(now, "released", due.issue.id, f"{due.occurrence.number}, due on {due.occurrence.on}")
    except AlreadyReleased:
        if is_by_itself:
            return None
        raise
    return ledger.release(release_id)


def _is_wanted(press: Press, due: Due, now: datetime) -> bool:
    """Whether, inside the transaction, it is still this one's turn.

    While an edition is rendered, a person may stop, hold or skip, and another scheduler may release what was before.
    """
    ledger, issue_id = press.ledger, due.issue.id
    state, last = ledger.issue_state(issue_id), ledger.last_mailed_at()
    is_queued = state is not None and state.state is QueueState.QUEUED and state.activated_at <= due.occurrence.at
    is_spaced = last is None or now >= last + press.publication.pace.min_spacing
    if state and press.publication.is_strict and state.content_hash != due.issue.content_hash:
        return False
    return is_queued and is_spaced and not press.stopped() and not ledger.is_skipped(issue_id, due.occurrence.number)


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
        settings=press.publication.source,
        entry_id=new_entry_id(press.publication, due, released_at, is_first=is_first),
        transport=press.transport,
        repeats=issue.rule is not None and repeats(issue.rule),
        is_mailed=is_mailed,
        tzdata=tzdata_version(),
    )


def due_by_hand(press: Press, issue: Issue, number: int | None, *, now: datetime) -> Due:
    """The occurrence that `release ID [--number N]` means: the latest unreleased one whose date has come.

    Without a number, one that a person has skipped does not count.

    Raises:
        UsageError: the issue is no ready one, it has no such occurrence, or nothing of it has come yet.
        AlreadyReleased: that number, or all that has come, is released.
    """
    if issue.status is not Status.READY or issue.rule is None:
        raise UsageError(f"{issue.path}: status is {issue.status}; write `status: ready` to release '{issue.id}'")
    known = account(press.ledger)
    if number is not None:
        due = find(issue, number)
        if known.is_released(issue.id, due.occurrence):
            name = f"{issue.id}/{number}, due on {due.occurrence.on},"
            cure = f"nothing is sent twice; `sparkpub status {issue.id}/{number}` shows how it went"
            raise AlreadyReleased(f"{name} is released already; {cure}")
        return due
    today = now.astimezone(issue.rule.zone).date()
    come = occurrences(issue.rule, date.min, min(today, date.max - _A_DAY) + _A_DAY)
    if not come:
        raise UsageError(f"nothing of {issue.id} has come yet; a coming one needs --number N")
    open_ = [o for o in come if not known.is_released(issue.id, o) and not _is_skipped(known, issue, o)]
    if not open_:
        raise AlreadyReleased(f"all of {issue.id} that has come is released or skipped; a coming one needs --number N")
    return Due(issue=issue, occurrence=open_[-1])


def _is_skipped(known: Account, issue: Issue, occurrence: Occurrence) -> bool:
    """Whether a person left an occurrence out."""
    return known.verdict(issue.id, occurrence) is Verdict.SKIPPED


def release_by_hand(press: Press, due: Due, *, now: datetime) -> Release:
    """Release one occurrence because a person decided so, whatever its state was.

    Raises:
        AlreadyReleased: it was released before; nothing is sent twice.
        InputError: the issue or a template has faults.
        UsageError: smtp could not send it.
    """
    refuse_release(press, now=now)
    release = _release(press, due, now=now, is_by_itself=False)
    if release is None:
        raise AlreadyReleased(f"{due.issue.id}/{due.occurrence.number} is released already; nothing was done")
    return release


def release_past(press: Press, issues: Iterable[Issue], *, now: datetime) -> TakenIn:
    """Take a whole archive in: each past occurrence at its own date, never mailed.

    Of a repeating issue only the latest past one is taken. What is released or skipped already is left as it is,
    and a piece with faults keeps no other out.

    Raises:
        UsageError: a press that mails is not set up: what is public keeps its entry id for ever.
    """
    if press.transport == "smtp":
        refuse_unprepared(press)
    released: list[Release] = []
    faults: list[Fault] = []
    known = account(press.ledger)
    for issue in issues:
        due = _latest_past(issue, known, now)
        if due is None:
            continue
        try:
            release = _release(press, due, now=now, is_by_itself=False, is_mailed=False)
        except InputError as error:
            faults.extend(error.faults)
            continue
        if release:
            released.append(release)
    return TakenIn(released=tuple(released), faults=tuple(faults))


def _latest_past(issue: Issue, known: Account, now: datetime) -> Due | None:
    """The latest past occurrence of a ready issue, None if there is none or it is released."""
    if issue.status is not Status.READY or issue.rule is None:
        return None
    end = min(now.date(), date.max - 2 * _A_DAY) + 2 * _A_DAY  # wherever on earth
    past = [o for o in occurrences(issue.rule, date.min, end) if o.at <= now and not _is_skipped(known, issue, o)]
    if not past or known.is_released(issue.id, past[-1]):
        return None
    return Due(issue=issue, occurrence=past[-1])


def stop_everything(press: Press, *, now: datetime) -> None:
    """Release and send nothing until `resume`."""
    with press.ledger.transaction():
        press.ledger.set_fact(STOPPED, "stopped by hand")
        press.ledger.record(now, "stopped", "press", "by hand")


def resume_everything(press: Press, *, now: datetime) -> None:
    """Go on; what was due meanwhile goes out within its grace, the rest is missed.

    Where the clock went back, a person says by this that it is right now: the press looks on from here. What was
    released stays released; no constraint is lifted.
    """
    with press.ledger.transaction():
        watermark = press.ledger.fact(WATERMARK)
        if watermark and now < datetime.fromisoformat(watermark):
            press.ledger.set_fact(WATERMARK, now.isoformat())
        press.ledger.set_fact(STOPPED, "")
        press.ledger.set_fact(RESUMED, now.isoformat())
        press.ledger.record(now, "resumed", "press", "")
