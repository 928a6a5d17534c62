"""Decide: what goes out, and when."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from sparkpub.adapters.files import write_if_changed
from sparkpub.adapters.zones import tzdata_version
from sparkpub.cli.arguments import DATE, window
from sparkpub.cli.face import Face, common, progress, table
from sparkpub.core.decisions import Account
from sparkpub.core.ics import CalendarItem, calendar_ics
from sparkpub.core.model import Issue, OccurrenceState, QueueState, Status
from sparkpub.errors import CopyError, UsageError
from sparkpub.press import Publication
from sparkpub.queueing import (
    NO_ACCOUNT,
    Standing,
    account,
    calendar,
    has_no_end,
    hold,
    queue,
    skip,
    upcoming,
)
from sparkpub.shelf import read_shelf


def known_account(face: Face) -> Account:
    """What the ledger says, or nothing on a copy, which may read all the same."""
    try:
        press = face.press()
    except CopyError:
        return NO_ACCOUNT
    return account(press.ledger)


def standing_json(standing: Standing) -> dict[str, Any]:
    """One row of `calendar --json`."""
    occurrence = standing.due.occurrence
    return {
        "issue": standing.due.issue.id,
        "number": occurrence.number,
        "date": occurrence.on.isoformat(),
        "local": occurrence.local.isoformat(),
        "utc": occurrence.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "state": standing.state.value,
        "why": "; ".join(standing.why),
    }


@click.command("calendar")
@click.option("--from", "start", type=DATE, help="First date shown (default: today).")
@click.option("--until", "end", type=DATE, help="First date not shown (default: a year later).")
@click.option("--ics", type=click.Path(dir_okay=False), help="Write an iCalendar file.")
@common
def calendar_command(face: Face, start: date | None, end: date | None, ics: str | None) -> int:
    """List every occurrence with its state and why it falls there.

    All issues but drafts are shown, past or coming, queued or not. Dates are those the ledger keeps; the instant is
    shown in the issue's own zone.
    """
    publication, now = face.publication, face.now()
    start, end = window(face, start, end)
    shelf = read_shelf(publication)
    face.tell(shelf.faults)
    rows = calendar(publication, shelf.issues.values(), known_account(face), start=start, end=end, now=now)
    if ics:
        items = [calendar_item(row, publication) for row in rows]
        data = calendar_ics(items, title=publication.settings.publication.title, stamp=now)
        write_if_changed(Path(ics), data)
        face.say(f"{len(items)} occurrences written to {ics}")
    face.show([standing_json(row) for row in rows], lambda: _calendar_text(rows, start, end))
    if not rows:
        face.say(f"nothing falls between {start} and {end}; ask for other dates with --from and --until")
    return 0


def calendar_item(standing: Standing, publication: Publication) -> CalendarItem:
    """An occurrence as an iCalendar event."""
    return CalendarItem.of(standing.due.issue, standing.due.occurrence, why=standing.why, settings=publication.settings)


def _calendar_text(rows: list[Standing], start: date, end: date) -> str:
    """The table that people read."""
    if not rows:
        return ""
    head = {"date": "Date", "time": "Time", "issue": "Issue", "number": "N", "state": "State", "why": "Why"}
    return (
        table(
            head,
            [
                {
                    "date": f"{row.due.occurrence.on:%a} {row.due.occurrence.on.isoformat()}",
                    "time": f"{row.due.occurrence.local:%H:%M %z}",
                    "issue": row.due.issue.id,
                    "number": str(row.due.occurrence.number or ""),
                    "state": row.state.value,
                    "why": "; ".join(row.why),
                }
                for row in rows
            ],
        )
        + f"\n\n{len(rows)} occurrences from {start} to before {end}, tz data {tzdata_version()}"
    )


@click.command("list")
@click.option("--missed", is_flag=True, help="Only occurrences that wait for a person.")
@common
def list_command(face: Face, missed: bool) -> int:
    """List the issues with their states and next dates."""
    publication, now = face.publication, face.now()
    shelf = read_shelf(publication)
    face.tell(shelf.faults)
    known = known_account(face)
    rows = [_issue_row(publication, issue, known, face) for issue in shelf.issues.values()]
    if missed:
        rows = [row for row in rows if row["missed"]]
    head = {"id": "Issue", "state": "State", "next": "Next", "title": "Title"}
    face.show(rows, lambda: table(head, [{k: str(row[k] or "") for k in head} for row in rows]))
    if not rows:
        face.say("nothing was missed" if missed else "no issues yet; `sparkpub new TITLE` begins one")
    del now
    return 1 if missed and rows else 0


def _issue_row(publication: Publication, issue: Issue, known: Account, face: Face) -> dict[str, Any]:
    """One issue as `list` tells it."""
    now = face.now()
    coming = upcoming(publication, issue, known, now=now, count=1)
    decided = [d for d in known.decisions if d.issue_id == issue.id and d.verdict.value == "missed"]
    return {
        "id": issue.id,
        "title": issue.title,
        "status": issue.status.value,
        "state": _queue_word(issue, known),
        "series": issue.series,
        "path": issue.path,
        "next": coming[0].due.occurrence.on.isoformat() if coming else None,
        "missed": [d.number for d in decided],
    }


def _queue_word(issue: Issue, known: Account) -> str:
    """The state of an issue in one word: draft, held, queued or unqueued."""
    state = known.states.get(issue.id)
    if issue.status is Status.DRAFT:
        return "draft"
    if issue.status is Status.HOLD or (state and state.state is QueueState.HELD):
        return "held"
    return "queued" if state and state.state is QueueState.QUEUED else "unqueued"


@click.command("show")
@click.argument("issue_id", metavar="ID")
@common
def show_command(face: Face, issue_id: str) -> int:
    """Tell one issue's whole story and its next three occurrences."""
    publication, now = face.publication, face.now()
    (issue,) = read_shelf(publication).pick([issue_id])
    known = known_account(face)
    coming = upcoming(publication, issue, known, now=now, count=3)
    releases = [r for r in known.releases if r.issue_id == issue.id]
    history = [] if known is NO_ACCOUNT else face.press().ledger.history(issue.id)
    document = {
        **_issue_row(publication, issue, known, face),
        "reason": known.states[issue.id].reason if issue.id in known.states else "",
        "releases": [
            {"release": r.name, "date": r.on.isoformat(), "released_at": f"{r.released_at:%Y-%m-%dT%H:%M:%SZ}"}
            for r in releases
        ],
        "next": [standing_json(row) for row in coming],
        "history": [{"at": f"{e.at:%Y-%m-%dT%H:%M:%SZ}", "event": e.verb, "detail": e.detail} for e in history],
    }
    face.show(document, lambda: _show_text(issue, document, coming))
    return 0


def _show_text(issue: Issue, document: dict[str, Any], coming: list[Standing]) -> str:
    """One issue's story as lines."""
    held = f" ({document['reason']})" if document["reason"] else ""
    lines = [f"{issue.title}  [{issue.id}]", f"{issue.path} · {document['state']}{held}", ""]
    lines += [f"  next      {words(row)}" for row in coming] or ["  next      never again"]
    lines += [f"  released  {r['date']}  {r['release']}" for r in document["releases"]]
    lines += [f"  {e['event']:<9} {e['at'][:16].replace('T', ' ')} UTC  {e['detail']}" for e in document["history"]]
    return "\n".join(lines)


def words(standing: Standing) -> str:
    """An occurrence in one line: `2027-09-04 07:00 +0300, N = 110 (as printed; …)`."""
    occurrence = standing.due.occurrence
    number = f", N = {occurrence.number}" if occurrence.number else ""
    state = "" if standing.state in (OccurrenceState.QUEUED, OccurrenceState.UNQUEUED) else standing.state.value
    notes = "; ".join(filter(None, (state, *standing.why)))
    return f"{occurrence.on} {occurrence.local:%H:%M %z}{number}{f'  ({notes})' if notes else ''}"


@click.command("queue")
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--all", "everything", is_flag=True, help="Every ready issue that is not queued yet.")
@common
def queue_command(face: Face, ids: tuple[str, ...], everything: bool) -> int:
    """Let issues go out on their dates.

    Only occurrences from now on fire by themselves. A held issue is taken up again.
    """
    if bool(ids) == everything:
        raise UsageError("say which issues: `sparkpub queue ID...`, or `sparkpub queue --all`")
    press, publication, now = face.press_to_write(), face.publication, face.now()
    shelf = read_shelf(publication)
    known = account(press.ledger)
    if everything:
        face.tell(shelf.faults)
        issues = [i for i in shelf.issues.values() if i.status is Status.READY and _queue_word(i, known) == "unqueued"]
    else:
        issues = shelf.pick(ids)
    from sparkpub.rendering import check_before_queue

    with progress(face, "checking") as advance:
        for count, issue in enumerate(issues, 1):
            check_before_queue(publication, issue, now=now)
            advance(count, len(issues))
    queue(press, issues, now=now)
    known = account(press.ledger)
    documents = [
        _queued_json(face, issue, known, press.ledger.count_audience(_audience(face, issue))) for issue in issues
    ]
    face.show(documents, lambda: "\n".join(_queued_text(document) for document in documents))
    if not issues:
        face.say("every ready issue is queued already")
    return 0


def _audience(face: Face, issue: Issue) -> Any:  # noqa: ANN401 - settings or None for everybody
    """The segment an issue goes to, None for every active reader."""
    return face.publication.settings.audience.get(issue.audience)


def _queued_json(face: Face, issue: Issue, known: Account, readers: int) -> dict[str, Any]:
    """What `queue` says of one issue."""
    coming = upcoming(face.publication, issue, known, now=face.now(), count=3)
    return {
        "issue": issue.id,
        "audience": issue.audience,
        "readers": readers,
        "next": [words(row) for row in coming],
        "has_no_end": has_no_end(issue),
    }


def _queued_text(document: dict[str, Any]) -> str:
    """What `queue` says of one issue, as lines."""
    readers = "1 reader" if document["readers"] == 1 else f"{document['readers']} readers"
    lines = [f"{document['issue']} is queued for '{document['audience']}', {readers} today"]
    lines += [f"  {line}" for line in document["next"]]
    if document["has_no_end"]:
        lines.append("  it comes back with no end")
    if not document["next"]:
        lines.append(
            "  warning: its date has passed, and nothing will go out by itself; "
            f"`sparkpub release {document['issue']}` sends now"
        )
    return "\n".join(lines)


@click.command("hold")
@click.argument("issue_id", metavar="ID")
@click.option("--reason", default="held by hand", help="Why, for the history.")
@common
def hold_command(face: Face, issue_id: str, reason: str) -> int:
    """Keep an issue back until it is queued again."""
    press = face.press_to_write()
    (issue,) = read_shelf(face.publication).pick([issue_id])
    hold(press, issue, reason=reason, now=face.now())
    face.show(
        {"issue": issue.id, "state": "held"}, lambda: f"{issue.id} is held; `sparkpub queue {issue.id}` lets it go"
    )
    return 0


@click.command("skip")
@click.argument("issue_id", metavar="ID")
@click.argument("number", type=click.IntRange(min=0), metavar="N")
@common
def skip_command(face: Face, issue_id: str, number: int) -> int:
    """Leave out one occurrence of an issue, for good."""
    press = face.press_to_write()
    (issue,) = read_shelf(face.publication).pick([issue_id])
    due = skip(press, issue, number, now=face.now())
    on = due.occurrence.on
    document = {"issue": issue.id, "number": number, "date": on.isoformat(), "state": OccurrenceState.SKIPPED.value}
    face.show(document, lambda: f"{issue.id}/{number}, due on {on}, is left out")
    return 0
