"""Tell the editors: the day before what will go out, and at once what waits for a person, each with what to type.

Each thing is told once. What has passed and comes again is news again. What could not be told stays to be told.
"""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sparkpub.core.decisions import Account
from sparkpub.core.durations import seconds
from sparkpub.core.model import Issue
from sparkpub.core.notices import notice
from sparkpub.core.records import OccurrenceState, QueueState, ReleaseState, Verdict
from sparkpub.errors import BusyError, InputError, TransportError
from sparkpub.posting import post_letter
from sparkpub.press import Press
from sparkpub.proofing import proof
from sparkpub.queueing import Standing, account, calendar, readers_of
from sparkpub.shelf import Shelf

_TOLD, _PROOFED = "alerted", "proofed"
_DIFF_LINES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One thing that waits for a person: what it is, and what to type. `key` tells it from every other."""

    key: str
    words: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the editors were told now: what waits for them, the proofs they got; and why, if they could not be."""

    waiting: tuple[Waiting, ...] = ()
    proofs: tuple[str, ...] = ()
    fault: str = ""


def alert(press: Press, shelf: Shelf, *, now: datetime) -> Told:
    """Tell `[alerts] to` what is new; nothing without that address. A relay that is away keeps nothing else from it."""
    if not press.publication.settings.alerts.to:
        return Told()
    try:
        waiting = _tell_waiting(press, now)
        return Told(waiting=waiting, proofs=_send_proofs(press, shelf, now))
    except (TransportError, BusyError) as fault:
        return Told(fault=f"the editors could not be told: {fault}")


def _tell_waiting(press: Press, now: datetime) -> tuple[Waiting, ...]:
    """Write one letter about everything that waits since the last one."""
    known = json.loads(press.ledger.fact(_TOLD) or "[]")
    waiting = list(waiting_for_a_person(press))
    new = tuple(each for each in waiting if each.key not in known)
    keys = sorted(each.key for each in waiting)
    if new:
        lines = [f"{each.words}\n\n    {each.command}\n" for each in new]
        title = press.publication.settings.publication.title
        text = "This waits for you; below each thing stands what to type on the press.\n\n" + "\n".join(lines)
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        _post(press, subject=f"[{title}] {new[0].words}{more}", text=text, name="alert", at=now)
    if keys != known:
        press.ledger.set_fact(_TOLD, json.dumps(keys))
    return new


def waiting_for_a_person(press: Press) -> Iterator[Waiting]:
    """Everything that was stopped, held, missed or left in doubt."""
    ledger = press.ledger
    if reason := press.stopped():
        cure = f"rm {press.stop_file.name}" if press.stop_file.exists() else "sparkpub resume"
        yield Waiting(key=f"stopped: {reason}", words=f"Everything is stopped: {reason}", command=cure)
    for release in ledger.releases_in(ReleaseState.STOPPED):
        notes = ledger.stop_notes(release.release_id)
        yield Waiting(
            key=f"stopped {release.name}: {notes.stopped_at}",
            words=f"{release.name} is stopped: {notes.reason}",
            command=f"sparkpub resume {release.name}",
        )
    for state in ledger.issue_states().values():
        if state.state is QueueState.HELD:
            yield Waiting(
                key=f"held {state.issue_id}: {state.activated_at}",
                words=f"{state.issue_id} is held: {state.reason}",
                command=f"sparkpub queue {state.issue_id}",
            )
    yield from _missed(account(ledger))
    for inquiry in ledger.inquiries():
        yield Waiting(
            key=f"inquiry {inquiry.number}", words=f"{inquiry.address} {inquiry.why}", command="sparkpub inbox list"
        )
    for release_id in ledger.uncertain_releases():
        release, count = ledger.release(release_id), len(ledger.uncertain_deliveries(release_id))
        yield Waiting(
            key=f"uncertain {release.name}: {count}",
            words=f"{release.name}: whether {count} of its messages arrived is not known",
            command=f"sparkpub uncertain {release.name}",
        )


def _missed(known: Account) -> Iterator[Waiting]:
    """What was missed and neither released nor skipped since."""
    released = {(release.issue_id, release.number) for release in known.releases}
    for decision in known.decisions:
        if decision.verdict is Verdict.MISSED and (decision.issue_id, decision.number) not in released:
            name = f"{decision.issue_id}/{decision.number}"
            yield Waiting(
                key=f"missed {name}",
                words=f"{name}, due on {decision.on}, was missed",
                command=f"sparkpub release {decision.issue_id} --number {decision.number}",
            )


def _send_proofs(press: Press, shelf: Shelf, now: datetime) -> tuple[str, ...]:
    """Send the proof of all that goes out soon and whose proof was not sent yet."""
    ahead = timedelta(seconds=seconds(press.publication.settings.alerts.proof or "0s"))
    coming = {_name(standing): standing for standing in _coming(press, shelf, now, now + ahead)} if ahead else {}
    known = json.loads(press.ledger.fact(_PROOFED) or "[]")
    sent = []
    for name, standing in coming.items():
        if name not in known:
            _send_proof(press, standing, now)
            sent.append(name)
            known = [*known, name]
            press.ledger.set_fact(_PROOFED, json.dumps(known))
    if kept := [name for name in known if name not in coming]:
        gone = {name for name in kept if _is_over(press, name)}
        if gone:
            press.ledger.set_fact(_PROOFED, json.dumps([name for name in known if name not in gone]))
    return tuple(sent)


def _coming(press: Press, shelf: Shelf, now: datetime, until: datetime) -> Iterator[Standing]:
    """What is queued and goes out by itself before an instant."""
    day = timedelta(days=1)
    rows = calendar(
        press.publication,
        shelf.issues.values(),
        account(press.ledger),
        start=(now - day).date(),
        end=(until + 2 * day).date(),
        now=now,
    )
    return (row for row in rows if row.state is OccurrenceState.QUEUED and now < row.due.occurrence.at <= until)


def _name(standing: Standing) -> str:
    """An occurrence with its date, so that one that moves is proofed anew."""
    occurrence = standing.due.occurrence
    return f"{standing.due.issue.id}/{occurrence.number} {occurrence.on}"


def _is_over(press: Press, name: str) -> bool:
    """Whether an occurrence is released, so that its proof need not be remembered."""
    issue_id, _, number = name.partition(" ")[0].rpartition("/")
    return any(release.number == int(number) for release in press.ledger.releases(issue_id))


def _send_proof(press: Press, standing: Standing, now: datetime) -> None:
    """Send the email as readers will get it, and beside it when it goes out and what is new since the last time."""
    issue, occurrence = standing.due.issue, standing.due.occurrence
    settings = press.publication.settings
    readers = readers_of(press, issue, occurrence.number)
    more = f", and to {readers.in_digests:,} more in digests" if readers.in_digests else ""
    text = (
        f"{issue.title}\n\nIt goes out at {occurrence.local:%Y-%m-%d %H:%M %z} to {readers.alone:,} readers{more}.\n\n"
        f"    sparkpub hold {issue.id}\n\nkeeps it back. {_difference(press, issue)}"
    )
    try:
        letter = proof(press, issue, occurrence.number, to=settings.alerts.to, mark="Proof", now=now)
    except InputError as faults:
        text += "\n\nIt cannot go out as it is:\n\n" + "\n".join(map(str, faults.faults))
        letter = b""
    name = f"{issue.id}-{occurrence.number}"
    _post(press, subject=f"Tomorrow: {issue.title}", text=text, name=f"proof-of-{name}", at=now)
    if letter:
        post_letter(press, letter, recipient=settings.alerts.to, name=f"proof-{name}", at=now)


def _difference(press: Press, issue: Issue) -> str:
    """What has changed in an issue's file since it last went out."""
    releases = press.ledger.releases(issue.id)
    if not releases:
        return "It goes out for the first time.\n"
    last = releases[-1]
    if last.issue_source == issue.source:
        return f"It is word for word what went out on {last.released_at:%Y-%m-%d}.\n"
    before, after = (data.decode("utf-8", "replace").splitlines() for data in (last.issue_source, issue.source))
    lines = [*difflib.unified_diff(before, after, f"{last.released_at:%Y-%m-%d}", "now", lineterm="")]
    shown = "\n".join(lines[:_DIFF_LINES])
    more = f"\n… {len(lines) - _DIFF_LINES} more lines" if len(lines) > _DIFF_LINES else ""
    return f"Since {last.released_at:%Y-%m-%d} it has changed:\n\n{shown}{more}\n"


def _post(press: Press, *, subject: str, text: str, name: str, at: datetime) -> None:
    """Write to the editors."""
    to = press.publication.settings.alerts.to
    letter = notice(press.publication.settings, to=to, subject=subject, text=text, at=at)
    post_letter(press, letter, recipient=to, name=name, at=at)
