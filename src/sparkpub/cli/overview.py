"""Bare `sparkpub`: how things stand here, and what to type next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import click

from sparkpub.adapters.ledger import Choice
from sparkpub.cli.face import Face, common, plural
from sparkpub.cli.letters import waiting_words
from sparkpub.cli.standings import command_for, how_to_go_on, known_account, missed, queue_word, words
from sparkpub.core.decisions import Account, doubt_of_clock
from sparkpub.core.model import Status
from sparkpub.core.records import Holder, OccurrenceState, QueueState, ReleaseState, SubscriberState
from sparkpub.errors import CopyError, LostLedgerError
from sparkpub.press import Press
from sparkpub.queueing import Standing, calendar, upcoming
from sparkpub.shelf import Shelf, read_shelf

_INQUIRIES = 3  # `inbox list` shows all


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do: what to type, and why. Pressing ones wait for a person; the others are ideas."""

    type: str
    why: str
    is_pressing: bool = False


@click.command("next")
@common
def what_next(face: Face) -> int:
    """Say how things stand and what to do next; exit 1 if something waits for a person."""
    publication = face.publication
    shelf = read_shelf(publication)
    known = known_account(face)
    coming = _coming(face, shelf, known)
    steps = [*_steps(face, shelf, known)]
    document = {
        "publication": publication.settings.publication.title,
        "issues": len(shelf.issues),
        "next": [{"issue": s.due.issue.id, "date": s.due.occurrence.on.isoformat()} for s in coming],
        "steps": [{"type": step.type, "why": step.why, "pressing": step.is_pressing} for step in steps],
    }
    face.show(document, lambda: _text(face, shelf, coming, steps))
    return 1 if any(step.is_pressing for step in steps) else 0


def _coming(face: Face, shelf: Shelf, known: Account) -> list[Standing]:
    """The next three occurrences that will go out by themselves."""
    queued = [issue for issue in shelf.issues.values() if queue_word(issue, known) == "queued"]
    now = face.now()
    nexts = (standing for issue in queued for standing in upcoming(face.publication, issue, known, now=now, count=1))
    return sorted(nexts, key=lambda standing: standing.due.occurrence.at)[:3]


def _steps(face: Face, shelf: Shelf, known: Account) -> Iterator[Step]:
    """What can be done here, the pressing first."""
    if shelf.faults:
        yield Step(type="sparkpub check", why=f"{plural(len(shelf.faults), 'fault')} in issue files", is_pressing=True)
    try:
        press = face.press_to_read()
    except CopyError:
        yield Step(
            type="sparkpub init --press .", why="this is a copy; only if it is to be the press: give it a ledger"
        )
    except LostLedgerError:
        yield Step(type="sparkpub restore FILE", why="the ledger is lost: put a backup back", is_pressing=True)
    else:
        yield from _undecided(face, press, known)
        yield from _to_send(face, press, shelf, known)
        yield from _to_queue(face, shelf, known)
        yield from _to_have_readers(press)
    yield from _to_write(shelf)
    if shelf.issues:
        yield Step(type="sparkpub simulate", why="see what would go out in a year from today, in a scratch folder")


def _to_have_readers(press: Press) -> Iterator[Step]:
    """Where nobody would be mailed."""
    if next(press.ledger.readers(Choice(is_mailed=True)), None):
        return
    asked = press.ledger.count_readers(Choice(state=SubscriberState.UNCONFIRMED))
    if asked:
        yield Step(type="sparkpub subscribers list", why=f"no reader has confirmed yet; {asked:,} may still")
    else:
        yield Step(type="sparkpub subscribers add ADDRESS --confirmed EVIDENCE", why="there are no readers yet")


def _undecided(face: Face, press: Press, known: Account) -> Iterator[Step]:
    """What was stopped, missed, held or left in doubt, and waits for a person."""
    if stopped := press.stopped() or doubt_of_clock(known, now=face.now(), pace=face.publication.pace):
        cure = how_to_go_on(stopped)
        yield Step(
            type=cure.split("`")[1] if "`" in cure else "date",
            why=f"nothing goes out: {stopped}",
            is_pressing=True,
        )
    for decision in missed(known):
        yield Step(
            type=f"sparkpub release {decision.issue_id} --number {decision.number}",
            why=f"missed on {decision.on}; or `sparkpub skip {decision.issue_id} {decision.number}`",
            is_pressing=True,
        )
    for state in known.states.values():
        if state.state is QueueState.HELD:
            # What its file holds, its file lets go: the command would refuse.
            verb = "show" if state.held_by is Holder.FILE else "queue"
            yield Step(type=f"sparkpub {verb} {state.issue_id}", why=f"held: {state.reason}", is_pressing=True)
    for release in press.ledger.releases_in(ReleaseState.STOPPED):
        why = press.ledger.stop_notes(release.release_id).reason
        yield Step(type=f"sparkpub resume {release.name}", why=f"stopped: {why}", is_pressing=True)
    for inquiry in press.ledger.inquiries()[:_INQUIRIES]:
        yield Step(type=command_for(inquiry), why=f"{inquiry.address} {inquiry.why}", is_pressing=True)
    for release_id in press.ledger.uncertain_releases():
        name = press.ledger.release(release_id).name
        yield Step(
            type=f"sparkpub uncertain {name}", why="nobody knows whether all of its messages arrived", is_pressing=True
        )


def _to_send(face: Face, press: Press, shelf: Shelf, known: Account) -> Iterator[Step]:
    """What is due now and goes out with the next run."""
    publication, now = face.publication, face.now()
    rows = calendar(
        publication,
        [issue for issue in shelf.issues.values() if queue_word(issue, known) == "queued"],
        known,
        start=_date(now.toordinal() - publication.pace.grace.days - 2),
        end=_date(now.toordinal() + 2),
        now=now,
    )
    due = [r.due.issue.id for r in rows if r.state is OccurrenceState.QUEUED and r.due.occurrence.at <= now]
    if due:
        yield Step(type="sparkpub run --once", why=f"due now: {', '.join(due[:3])}")
    elif unsent := press.ledger.releases_in(ReleaseState.SENDING):
        yield Step(type="sparkpub send", why=f"{plural(len(unsent), 'release')} not fully sent")
    elif letters := press.ledger.count_letters():
        yield Step(type="sparkpub send", why=waiting_words(letters))


def _date(ordinal: int) -> date:
    """The date with this number, the first or last there is where it would lie beyond."""
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))


def _to_queue(face: Face, shelf: Shelf, known: Account) -> Iterator[Step]:
    """Issues that could be let go."""
    released = {release.issue_id for release in known.releases}
    unqueued = [
        issue.id
        for issue in shelf.issues.values()
        if queue_word(issue, known) == "unqueued"
        and (issue.id not in released or upcoming(face.publication, issue, known, now=face.now(), count=1))
    ]
    if unqueued:
        command = f"sparkpub queue {unqueued[0]}" if len(unqueued) == 1 else "sparkpub queue --all"
        more = f" and {len(unqueued) - 3} more" if len(unqueued) > 3 else ""  # noqa: PLR2004 - three are named
        why = f"{plural(len(unqueued), 'ready issue')} not queued: {', '.join(unqueued[:3])}{more}"
        yield Step(type=command, why=why)


def _to_write(shelf: Shelf) -> Iterator[Step]:
    """Issues to begin or to finish."""
    drafts = [issue.id for issue in shelf.issues.values() if issue.status is Status.DRAFT]
    if drafts:
        yield Step(
            type=f"sparkpub check {drafts[0]}", why=f"{plural(len(drafts), 'draft')}; `status: ready` when written"
        )
    if not shelf.issues:
        yield Step(type='sparkpub new "A Title"', why="there are no issues yet")


def _text(face: Face, shelf: Shelf, coming: list[Standing], steps: list[Step]) -> str:
    """How things stand, as people read it: each command on a line of its own, to be copied whole."""
    lines = [f"{face.publication.settings.publication.title}: {plural(len(shelf.issues), 'issue')}"]
    lines += [f"  next  {s.due.issue.id}  {words(s)}" for s in coming]
    for title, is_pressing in (("Waiting for you:", True), ("What to type next:", False)):
        chosen = [step for step in steps if step.is_pressing is is_pressing]
        if chosen:
            lines += ["", title]
            lines += [line for step in chosen for line in (f"  {step.type}", f"      {step.why}")]
    return "\n".join(lines)
