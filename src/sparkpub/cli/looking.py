"""Look: what there is, where it stands, when it falls and why."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click

from sparkpub.cli.arguments import a_date, issue_ids, window
from sparkpub.cli.face import Face, common, plural
from sparkpub.cli.standings import (
    endless_words,
    known_account,
    missed,
    old_zones_words,
    printed_words,
    queue_word,
    standing_json,
    words,
)
from sparkpub.cli.tables import table
from sparkpub.core.decisions import Account
from sparkpub.core.instants import instant_text
from sparkpub.core.model import Issue
from sparkpub.core.records import OccurrenceState
from sparkpub.errors import InputError, UsageError
from sparkpub.explaining import collisions, empty_months, never_falling, write_calendar
from sparkpub.press import Publication
from sparkpub.queueing import NO_ACCOUNT, Standing, calendar, edited, upcoming
from sparkpub.shelf import Shelf, read_shelf

_SHOWN = 5


@click.command("calendar")
@click.option("--from", "start", type=a_date, metavar="DATE", help="First date shown (default: today).")
@click.option("--until", "end", type=a_date, metavar="DATE", help="First date not shown (default: a year later).")
@click.option("--ics", type=click.Path(dir_okay=False), metavar="FILE", help="Write an iCalendar file too.")
@click.option("--empty", is_flag=True, help="Name the months on which nothing falls.")
@common
def calendar_command(face: Face, start: date | None, end: date | None, ics: str | None, empty: bool) -> int:
    """List every occurrence with its state and why it falls there.

    All issues but drafts are shown, past or coming, queued or not. Dates are those the ledger keeps; the instant is
    shown in the issue's own zone. Rules that never fall, and issues that share a slot, are named besides.

    Written again to the same FILE, or from the same folder, an event of the iCalendar file keeps its SEQUENCE and its
    DTSTAMP unless it changed.
    """
    publication, now = face.publication, face.now()
    start, end = window(face, start, end)
    shelf = read_shelf(publication)
    face.tell(shelf.faults)
    face.tell(never_falling(shelf.all_issues))
    known = shelf.mark_doubled(known_account(face))
    rows = calendar(publication, shelf.all_issues, known, start=start, end=end, now=now)
    if ics:
        count = write_calendar(publication, Path(ics), rows, now=now)
        face.say(f"{plural(count, 'occurrence')} written to {ics}")
    face.show([standing_json(row) for row in rows], lambda: _calendar_text(rows, start, end))
    for line in _warnings(publication, rows):
        face.say(line)
    if empty:
        months = (first if first == last else f"{first} to {last}" for first, last in empty_months(rows, start, end))
        face.say(f"empty months: {', '.join(months) or 'none'}")
    if told := old_zones_words():
        face.say(told)
    if not rows:
        face.say(f"nothing falls from {start} to before {end}; name other dates with --from and --until")
    return 0


def _warnings(publication: Publication, rows: list[Standing]) -> Iterator[str]:
    """What to mind about the slots that several issues share."""
    slots, spacing = collisions(rows), publication.settings.schedule.min_spacing
    for slot in slots[:_SHOWN]:
        names = [row.due.issue.id for row in slot]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        at, shown = f"{slot[0].due.occurrence.local:%Y-%m-%d %H:%M %z}", ", ".join(names[:_SHOWN])
        yield f"on one slot, {at}: {shown}{more}; they go out {spacing} apart unless `time` parts them"
    if len(slots) > _SHOWN:
        yield f"and {len(slots) - _SHOWN} more shared slots; the Why column names them"


def _calendar_text(rows: list[Standing], start: date, end: date) -> str:
    """The table that people read."""
    from sparkpub.adapters.zones import tzdata_version

    if not rows:
        return ""
    head = {"date": "Date", "time": "Time", "issue": "Issue", "number": "N", "state": "State", "why": "Why"}
    grid = table(head, [_calendar_row(row) for row in rows])
    return f"{grid}\n\n{plural(len(rows), 'occurrence')} from {start} to before {end}, tz data {tzdata_version()}"


def _calendar_row(row: Standing) -> dict[str, str]:
    """An occurrence as the table's cells."""
    occurrence = row.due.occurrence
    return {
        "date": f"{occurrence.on:%a} {occurrence.on.isoformat()}",
        "time": f"{occurrence.local:%H:%M %z}",
        "issue": row.due.issue.id,
        "number": str(occurrence.number or ""),
        "state": row.state.value,
        "why": "; ".join(row.why),
    }


@click.command("list")
@click.option(
    "--missed", "only_missed", is_flag=True, help="Only what was missed and waits for a person; exit 1 if any."
)
@common
def list_command(face: Face, only_missed: bool) -> int:
    """List the issues with their states and next dates."""
    shelf = read_shelf(face.publication)
    face.tell(shelf.faults)
    known = shelf.mark_doubled(known_account(face))
    rows = [_issue_row(face, issue, known) for issue in shelf.all_issues]
    if only_missed:
        return _list_missed(face, [row for row in rows if row["missed"]], known)
    head = {"id": "Issue", "state": "State", "next": "Next", "title": "Title"}
    face.show(rows, lambda: table(head, [{k: str(row[k] or "") for k in head} for row in rows]) if rows else "")
    if not rows:
        face.say('no issues yet; `sparkpub new "A Title"` begins one')
    elif waiting := sum(len(row["missed"]) for row in rows):
        face.say(f"{waiting} missed; `sparkpub list --missed` says what to do")
    return 0


def _list_missed(face: Face, rows: list[dict[str, Any]], known: Account) -> int:
    """The occurrences that were missed, each with the command that sends it."""
    head = {"issue": "Issue", "number": "N", "date": "Date", "type": "Type"}
    ids = {row["id"] for row in rows}
    cells = [
        {
            "issue": d.issue_id,
            "number": str(d.number or ""),
            "date": d.on.isoformat(),
            "type": f"sparkpub release {d.issue_id} --number {d.number}",
        }
        for d in missed(known)
        if d.issue_id in ids
    ]
    face.show(rows, lambda: table(head, cells) if cells else "")
    face.say("or `sparkpub skip ISSUE N` lets one go" if cells else "nothing was missed")
    return 1 if cells else 0


def _issue_row(face: Face, issue: Issue, known: Account) -> dict[str, Any]:
    """One issue as `list` tells it."""
    coming = upcoming(face.publication, issue, known, now=face.now(), count=1)
    return {
        "id": issue.id,
        "title": issue.title,
        "status": issue.status.value,
        "state": queue_word(issue, known),
        "series": issue.series,
        "path": issue.path,
        "next": coming[0].due.occurrence.on.isoformat() if coming else None,
        "missed": [decision.number for decision in missed(known) if decision.issue_id == issue.id],
    }


@click.command("show")
@click.argument("issue_id", metavar="ID", shell_complete=issue_ids)
@common
def show_command(face: Face, issue_id: str) -> int:
    """Tell one issue's whole story and its next three occurrences.

    Of one whose file is gone or broken after a release, the ledger's story is told. Of an issue that was edited after
    it was approved, under `approval = "strict"`, the edit is shown too.
    """
    publication, known, shelf = face.publication, known_account(face), read_shelf(face.publication)
    if issue_id not in shelf.issues and any(release.issue_id == issue_id for release in known.releases):
        return _show_gone(face, shelf, issue_id, known)
    (issue,) = shelf.pick([issue_id])
    coming = upcoming(publication, issue, known, now=face.now(), count=3, leaves_out=frozenset())
    document = {
        **_issue_row(face, issue, known),
        "reason": known.states[issue.id].reason if issue.id in known.states else "",
        "releases": _releases(face, issue.id, known),
        "next": [standing_json(row) for row in coming],
        "history": _history(face, issue.id, known),
        "diff": [] if known is NO_ACCOUNT else edited(face.press_to_read().ledger, issue, known.states.get(issue.id)),
    }
    face.show(document, lambda: _show_text(publication, issue, document, coming))
    return 0


def _show_gone(face: Face, shelf: Shelf, issue_id: str, known: Account) -> int:
    """Tell what the ledger knows of a released issue that has no sound file any more; a broken one exits 2."""
    try:
        shelf.pick([issue_id])
        fault = None
    except InputError as broken:
        fault = broken
    is_gone = isinstance(fault, UsageError)
    document: dict[str, Any] = {
        "id": issue_id,
        "releases": _releases(face, issue_id, known),
        "next": [],
        "history": _history(face, issue_id, known),
    }
    why = "its file is gone; a released page stays" if is_gone else "its file has faults"
    lines = [f"[{issue_id}]  {why}", "", *_release_lines(document)]
    lines += ["", *(_event_line(event) for event in document["history"])]
    face.show(document, lambda: "\n".join(lines))
    if fault is not None and not is_gone:
        face.tell(fault.faults)
        return fault.exit_code
    return 0


def _release_lines(document: dict[str, Any]) -> list[str]:
    """The releases of an issue as lines."""
    return [f"  released  {r['date']}  {r['release']}  {_how(r)}" for r in document["releases"]]


def _releases(face: Face, issue_id: str, known: Account) -> list[dict[str, Any]]:
    """The releases of an issue, oldest first."""
    return [
        {
            "release": release.name,
            "date": release.on.isoformat(),
            "released_at": instant_text(release.released_at),
            "state": release.state.value,
            "mailed": release.is_mailed,
            "tzdata": release.tzdata,
        }
        for release in ([] if known is NO_ACCOUNT else face.press_to_read().ledger.releases(issue_id))
    ]


def _history(face: Face, issue_id: str, known: Account) -> list[dict[str, str]]:
    """What happened to an issue, oldest first."""
    events = [] if known is NO_ACCOUNT else face.press_to_read().ledger.history(issue_id)
    return [{"at": instant_text(e.at), "event": e.verb, "detail": e.detail} for e in events]


def _show_text(publication: Publication, issue: Issue, document: dict[str, Any], coming: list[Standing]) -> str:
    """One issue's story as lines."""
    held = f" ({document['reason']})" if document["reason"] else ""
    series = f" · {publication.settings.series[issue.series].title}" if issue.series else ""
    lines = [f"{issue.title}  [{issue.id}]", f"{issue.path}{series} · {document['state']}{held}", ""]
    plain = (OccurrenceState.QUEUED, OccurrenceState.UNQUEUED)
    told = [words(row, "" if row.state in plain else row.state.value, printed_words(issue)) for row in coming]
    lines += [f"  next      {line}" for line in told]
    if endless := endless_words(issue):
        lines.append(f"            {endless}")
    if not coming:
        lines.append(
            "  next      " + ("never again" if issue.rule else "no date yet: give it `release` or `anniversary`")
        )
    lines += _release_lines(document)
    if document["history"]:
        lines += ["", *(_event_line(event) for event in document["history"])]
    if document["diff"]:
        lines += ["", *document["diff"], "", f"`sparkpub queue {issue.id}` approves it"]
    return "\n".join(lines)


def _how(release: dict[str, Any]) -> str:
    """How far a release has come, and with which zone data its instant was reckoned."""
    how = release["state"] if release["mailed"] else "taken in, nobody was mailed"
    return f"{how}, tz data {release['tzdata']}" if release["tzdata"] else how


def _event_line(event: dict[str, str]) -> str:
    """One line of an issue's history."""
    return f"  {event['at'][:16].replace('T', ' ')} UTC  {event['event']:<9} {event['detail']}".rstrip()
