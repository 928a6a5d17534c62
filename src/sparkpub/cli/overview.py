"""Bare `sparkpub`: how things stand here, and what to type next."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from sparkpub.cli.deciding import known_account, words
from sparkpub.cli.face import Face, common, plural, table
from sparkpub.core.decisions import Account
from sparkpub.core.model import Issue, QueueState, ReleaseState, Status, Verdict
from sparkpub.errors import CopyError
from sparkpub.queueing import Standing, upcoming
from sparkpub.shelf import Shelf, read_shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do: what to type, and why. Pressing ones wait for a person; the others are ideas."""

    type: str
    why: str
    is_pressing: bool = False


@click.command("next")
@common
def what_next(face: Face) -> int:
    """Say how things stand and what to do next."""
    publication, now = face.publication, face.now()
    shelf = read_shelf(publication)
    known = known_account(face)
    coming = sorted(
        (
            s
            for i in shelf.issues.values()
            if _is_queued(i, known)
            for s in upcoming(publication, i, known, now=now, count=1)
        ),
        key=lambda s: s.due.occurrence.at,
    )[:3]
    steps = [*_steps(face, shelf, known)]
    document = {
        "publication": publication.settings.publication.title,
        "issues": len(shelf.issues),
        "next": [{"issue": s.due.issue.id, "date": s.due.occurrence.on.isoformat()} for s in coming],
        "steps": [{"type": step.type, "why": step.why, "pressing": step.is_pressing} for step in steps],
    }
    face.show(document, lambda: _text(face, shelf, coming, steps))
    return 1 if any(step.is_pressing for step in steps) else 0


def _is_queued(issue: Issue, known: Account) -> bool:
    """Whether an issue will go out by itself."""
    state = known.states.get(issue.id)
    return issue.status is Status.READY and state is not None and state.state is QueueState.QUEUED


def _steps(face: Face, shelf: Shelf, known: Account) -> Iterator[Step]:
    """What can be done here, the pressing first."""
    if shelf.faults:
        yield Step(type="sparkpub check", why=f"{plural(len(shelf.faults), 'fault')} in issue files", is_pressing=True)
    try:
        press = face.press()
    except CopyError:
        yield Step(
            type="sparkpub init --press .", why="this is a copy; only if it is to be the press: give it a ledger"
        )
        yield Step(type=_simulation(face), why="see what would go out")
        return
    if stopped := press.stopped():
        yield Step(type="sparkpub resume", why=f"the press is stopped: {stopped}", is_pressing=True)
    yield from _undecided(known)
    readers = press.ledger.count_audience(None)
    unsent = [r for r in known.releases if r.is_mailed and r.state is ReleaseState.SENDING]
    if unsent:
        yield Step(type="sparkpub send", why=f"{plural(len(unsent), 'release')} not fully sent")
    unqueued = [i.id for i in shelf.issues.values() if i.status is Status.READY and i.id not in known.states]
    if unqueued:
        command = f"sparkpub queue {unqueued[0]}" if len(unqueued) == 1 else "sparkpub queue --all"
        yield Step(type=command, why=f"{plural(len(unqueued), 'ready issue')} not queued: {', '.join(unqueued[:3])}")
    drafts = [issue.id for issue in shelf.issues.values() if issue.status is Status.DRAFT]
    if drafts:
        yield Step(
            type=f"sparkpub check {drafts[0]}", why=f"{plural(len(drafts), 'draft')}; `status: ready` when written"
        )
    if not readers:
        yield Step(type="sparkpub subscribers add ADDRESS --confirmed EVIDENCE", why="there are no readers yet")
    if not shelf.issues:
        yield Step(type='sparkpub new "A Title"', why="there are no issues yet")
    yield Step(type=_simulation(face), why="see what would go out")


def _undecided(known: Account) -> Iterator[Step]:
    """What was missed or held and waits for a person."""
    released = {(r.issue_id, r.number) for r in known.releases}
    for decision in known.decisions:
        if decision.verdict is Verdict.MISSED and (decision.issue_id, decision.number) not in released:
            yield Step(
                type=f"sparkpub release {decision.issue_id} --number {decision.number}",
                why=f"missed on {decision.on}; or `sparkpub skip {decision.issue_id} {decision.number}`",
                is_pressing=True,
            )
    for state in known.states.values():
        if state.state is QueueState.HELD:
            yield Step(type=f"sparkpub queue {state.issue_id}", why=f"held: {state.reason}", is_pressing=True)


def _simulation(face: Face) -> str:
    """The simulation of the coming year."""
    year = face.now().year + 1
    return f"sparkpub simulate --from {year}-01-01 --until {year + 1}-01-01"


def _text(face: Face, shelf: Shelf, coming: list[Standing], steps: list[Step]) -> str:
    """How things stand, as people read it."""
    lines = [f"{face.publication.settings.publication.title}: {plural(len(shelf.issues), 'issue')}"]
    lines += [f"  next  {s.due.issue.id}  {words(s)}" for s in coming]
    rows = [{"type": step.type, "why": step.why} for step in steps]
    return "\n".join([*lines, "", table({"type": "Type", "why": "Because"}, rows)])
