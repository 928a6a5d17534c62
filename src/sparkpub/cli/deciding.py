"""Decide: what may go out on its dates, what is kept back, what is left out."""

from collections.abc import Sequence
from typing import Any

import click

from sparkpub.cli.arguments import issue_ids
from sparkpub.cli.face import Face, common, plural, progress
from sparkpub.cli.standings import endless_words, printed_words, queue_word, standing_json, words
from sparkpub.core.decisions import Account
from sparkpub.core.model import Issue, Status
from sparkpub.core.records import OccurrenceState, Verdict
from sparkpub.errors import Fault, InputError, UsageError
from sparkpub.queueing import Readers, Standing, account, edited, hold, queue, readers_of, skip, upcoming
from sparkpub.shelf import Shelf, read_shelf


@click.command("queue")
@click.argument("ids", nargs=-1, metavar="ID...", shell_complete=issue_ids)
@click.option("--all", "everything", is_flag=True, help="Every ready issue that is not queued yet.")
@common
def queue_command(face: Face, ids: tuple[str, ...], everything: bool) -> int:
    """Let issues go out on their dates.

    Says to whom each goes and when next. Only occurrences from now on fire by themselves; one whose date has passed
    waits for `sparkpub release`. A held issue is taken up again. An issue with faults is not queued. Under
    `approval = "strict"`, queueing approves the text as it is now; what was edited since the last time is shown.
    """
    if bool(ids) == everything:
        raise UsageError("say which issues: `sparkpub queue ID...`, or `sparkpub queue --all`")
    press, publication, now = face.press_to_write(), face.publication, face.now()
    shelf = read_shelf(publication)
    if everything:
        face.tell(shelf.faults)
        issues, faults = _sound(face, _unqueued(shelf, account(press.ledger)))
        face.tell(faults)
    else:
        issues, faults = _sound(face, shelf.pick(ids))
        if faults:
            raise InputError(*faults)
    states = press.ledger.issue_states()
    edits = {issue.id: edited(press.ledger, issue, states.get(issue.id)) for issue in issues}
    queue(press, issues, now=now)
    known = account(press.ledger)
    documents, texts = [], []
    for issue in issues:
        coming = upcoming(publication, issue, known, now=now, count=3)
        readers = readers_of(press, issue, 0)
        warning = _warning(issue, coming, known)
        documents.append(_queued_json(issue, coming, readers, warning) | {"diff": edits[issue.id]})
        texts.append("\n".join([_queued_text(issue, coming, readers, warning), *edits[issue.id]]))
    face.show(documents, lambda: "\n".join(texts))
    if everything and not issues:
        face.say("nothing new to queue; `sparkpub list` shows how the issues stand")
    return 0


def _unqueued(shelf: Shelf, known: Account) -> list[Issue]:
    """The ready issues that are not queued yet."""
    return [i for i in shelf.issues.values() if i.status is Status.READY and queue_word(i, known) == "unqueued"]


def _sound(face: Face, issues: Sequence[Issue]) -> tuple[list[Issue], list[Fault]]:
    """The issues that could go out as they are, and the faults of the others."""
    from sparkpub.rendering import check_before_queue

    sound: list[Issue] = []
    faults: list[Fault] = []
    with progress(face, "checking") as advance:
        for count, issue in enumerate(issues, 1):
            try:
                check_before_queue(face.publication, issue, now=face.now())
                sound.append(issue)
            except UsageError:
                raise
            except InputError as error:
                faults += error.faults
            advance(count, len(issues))
    return sound, list(dict.fromkeys(faults))


def _warning(issue: Issue, coming: Sequence[Standing], known: Account) -> str:
    """What to say where no date is to come."""
    if coming:
        return ""
    released = [release.on for release in known.releases if release.issue_id == issue.id]
    if released:
        return f"nothing more will go out: it was released for {max(released)}, and no other date is to come"
    if any(d.issue_id == issue.id and d.verdict is Verdict.SKIPPED for d in known.decisions):
        return f"nothing will go out by itself: it was skipped; `sparkpub release {issue.id} --number N` sends it yet"
    return f"its date has passed: nothing will go out by itself; `sparkpub release {issue.id}` sends now"


def _queued_json(issue: Issue, coming: Sequence[Standing], readers: Readers, warning: str) -> dict[str, Any]:
    """What `queue` says of one issue, as one document."""
    return {
        "issue": issue.id,
        "audience": issue.audience,
        "readers": readers.alone,
        "in_digests": readers.in_digests,
        "next": [standing_json(row) for row in coming],
        "as_printed": printed_words(issue) or None,
        "repeats": endless_words(issue) or None,
        "warning": warning or None,
    }


def _queued_text(issue: Issue, coming: Sequence[Standing], readers: Readers, warning: str) -> str:
    """What `queue` says of one issue, as lines."""
    lines = [f"{issue.id} is queued for '{issue.audience}', {plural(readers.alone, 'reader')} today{readers.more}"]
    lines += [f"  {words(row, printed_words(issue))}" for row in coming]
    if endless := endless_words(issue):
        lines.append(f"  {endless}")
    if warning:
        lines.append(f"  warning: {warning}")
    return "\n".join(lines)


@click.command("hold")
@click.argument("issue_id", metavar="ID", shell_complete=issue_ids)
@click.option("--reason", default="held by hand", metavar="WORDS", help="Why, for the history.")
@common
def hold_command(face: Face, issue_id: str, reason: str) -> int:
    """Keep an issue back until it is queued again.

    The file is not touched; `status: hold` in it does the same for everybody who has the repository.
    """
    press = face.press_to_write()
    (issue,) = read_shelf(face.publication).pick([issue_id])
    hold(press, issue, reason=reason, now=face.now())
    document = {"issue": issue.id, "state": "held", "reason": reason}
    face.show(document, lambda: f"{issue.id} is held")
    face.say(f"next: `sparkpub queue {issue.id}` lets it go")
    return 0


@click.command("skip")
@click.argument("issue_id", metavar="ID", shell_complete=issue_ids)
@click.argument("number", type=click.IntRange(min=0), metavar="N")
@common
def skip_command(face: Face, issue_id: str, number: int) -> int:
    """Leave out one occurrence of an issue, for good.

    N is the number of the anniversary, 0 for a piece with a fixed date; `sparkpub calendar` lists them.
    """
    press = face.press_to_write()
    (issue,) = read_shelf(face.publication).pick([issue_id])
    due = skip(press, issue, number, now=face.now())
    on = due.occurrence.on
    document = {"issue": issue.id, "number": number, "date": on.isoformat(), "state": OccurrenceState.SKIPPED.value}
    face.show(document, lambda: f"{issue.id}/{number}, due on {on}, is left out")
    return 0
