"""Send: release, build and mail."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sparkpub.building import BuildReport, build
from sparkpub.cli.face import Face, common, confirm, plural, progress, table
from sparkpub.core.decisions import Due
from sparkpub.core.model import Release
from sparkpub.errors import UsageError
from sparkpub.press import Press
from sparkpub.publishing import (
    TickReport,
    due_by_hand,
    release_by_hand,
    release_past,
    resume_everything,
    stop_everything,
    tick,
)
from sparkpub.sending import SendReport, find_release, resume_release, send, status_rows, stop_release
from sparkpub.shelf import read_shelf

REHEARSAL = "rehearsal: nobody was mailed"


def say_rehearsal(face: Face) -> None:
    """End a summary with the plain truth where the transport only rehearses."""
    if face.publication.settings.delivery.transport == "maildir":
        face.say(REHEARSAL)


def release_json(release: Release) -> dict[str, Any]:
    """A release as commands name it."""
    return {
        "release": release.name,
        "issue": release.issue_id,
        "number": release.number,
        "date": release.on.isoformat(),
        "released_at": f"{release.released_at:%Y-%m-%dT%H:%M:%SZ}",
        "transport": release.transport,
    }


def _due_json(due: Due) -> dict[str, Any]:
    """An occurrence as `tick` names it."""
    return {"issue": due.issue.id, "number": due.occurrence.number, "date": due.occurrence.on.isoformat()}


def tick_json(report: TickReport) -> dict[str, Any]:
    """What a tick did, as one document."""
    return {
        "paused": report.agenda.pause or None,
        "released": [release_json(release) for release in report.released],
        "corrected": [release_json(release) for release in report.corrected],
        "missed": [_due_json(due) for due in report.missed],
        "waiting": [_due_json(due) for due in report.agenda.waiting],
        "held": [{"issue": id_, "reason": reason} for id_, reason in report.held],
        "faults": [str(fault) for fault in report.faults],
    }


def tick_lines(report: TickReport) -> list[str]:
    """What a tick did, as lines; empty if it did nothing."""
    lines = [f"released  {r.name}  due on {r.on}" for r in report.released]
    lines += [f"corrected {r.name}" for r in report.corrected]
    lines += [
        f"missed    {d.issue.id}/{d.occurrence.number}  was due on {d.occurrence.on}; "
        f"`sparkpub release {d.issue.id} --number {d.occurrence.number}` sends it, "
        f"`sparkpub skip {d.issue.id} {d.occurrence.number}` lets it go"
        for d in report.missed
    ]
    lines += [f"held      {id_}: {reason}; `sparkpub queue {id_}` lets it go" for id_, reason in report.held]
    lines += [f"waiting   {d.issue.id}/{d.occurrence.number}, spaced from the last" for d in report.agenda.waiting]
    if report.agenda.pause:
        lines.append(f"paused: {report.agenda.pause}; `sparkpub resume` goes on")
    return lines


def tick_once(face: Face, press: Press, now: datetime) -> TickReport:
    """One tick with everything it has to say on stderr: broken files, and issues that could not be rendered."""
    shelf = read_shelf(press.publication)
    face.tell(shelf.faults)
    report = tick(press, shelf, now=now)
    face.tell(report.faults)
    return report


def build_site(face: Face, press: Press, out: Path | None = None) -> BuildReport:
    """Build with a progress bar."""
    folder = out or press.publication.folder / press.publication.settings.site.out
    with progress(face, "building") as advance:
        return build(press, out=folder, progress=advance)


@click.command("tick")
@common
def tick_command(face: Face) -> int:
    """Release what is due now.

    A tick that finds nothing due does nothing. Run it as often as you like: each anniversary goes out at most once
    for ever. The site is built when something was released; `sparkpub send` mails it.
    """
    press = face.press_to_write()
    with press.lock():
        report = tick_once(face, press, face.now())
        if report.released or report.corrected:
            build_site(face, press)
    face.show(tick_json(report), lambda: "\n".join(tick_lines(report)))
    if report.released:
        face.say("next: `sparkpub send`")
        say_rehearsal(face)
    elif not tick_lines(report):
        face.say("nothing is due")
    return 0


@click.command("release")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--number", type=click.IntRange(min=0), metavar="N", help="This occurrence, even one still to come.")
@click.option("--past", is_flag=True, help="Take in a whole archive: each piece dated at its own day, nobody mailed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def release_command(face: Face, ids: tuple[str, ...], number: int | None, past: bool, yes: bool) -> int:
    """Release an issue by hand, or take in an archive.

    The latest occurrence whose date has come and that is not released goes out now; a coming one only with
    --number. With --past, the pieces named (or all ready ones) become public as of their own dates.
    """
    if past and (number is not None):
        raise UsageError("--past takes each issue's own dates; leave --number out")
    if not past and not ids:
        raise UsageError("say which issue: `sparkpub release ID`, or `sparkpub release --past` for a whole archive")
    if number is not None and len(ids) > 1:
        raise UsageError("--number goes with one issue")
    press = face.press_to_write()
    with press.lock():
        released = _take_in(face, press, ids) if past else _by_hand(face, press, ids, number, yes=yes)
        build_site(face, press)
    face.show([release_json(r) for r in released], lambda: "\n".join(f"released  {r.name}  {r.on}" for r in released))
    if past:
        face.say(f"{plural(len(released), 'piece')} taken in; nobody was mailed")
    else:
        face.say("next: `sparkpub send`")
        say_rehearsal(face)
    return 0


def _take_in(face: Face, press: Press, ids: Sequence[str]) -> list[Release]:
    """Release the past of the issues named, or of all."""
    shelf = read_shelf(press.publication)
    face.tell(shelf.faults if not ids else ())
    issues = shelf.pick(ids) if ids else list(shelf.issues.values())
    return release_past(press, issues, now=face.now())


def _by_hand(face: Face, press: Press, ids: Sequence[str], number: int | None, *, yes: bool) -> list[Release]:
    """Show what would go out to whom, ask, and release."""
    now = face.now()
    shelf = read_shelf(press.publication)
    dues = [due_by_hand(press, issue, number, now=now) for issue in shelf.pick(ids)]
    settings = press.publication.settings
    for due in dues:
        readers = press.ledger.count_audience(settings.audience.get(due.issue.audience))
        late = (now.date() - due.occurrence.on).days
        when = f"{plural(late, 'day')} late" if late > 0 else f"due on {due.occurrence.on}"
        question = (
            f"{due.issue.id}/{due.occurrence.number}, {when}\n  subject   {due.issue.title}\n"
            f"  from      {settings.publication.from_}\n"
            f"  audience  {due.issue.audience}, {plural(readers, 'reader')}, by {press.transport}"
        )
        confirm(question, yes=yes, count=readers if press.transport == "smtp" else None)
    return [release_by_hand(press, due, now=now) for due in dues]


@click.command("build")
@click.option("--out", type=click.Path(file_okay=False), help="Folder (default: [site] out).")
@common
def build_command(face: Face, out: str | None) -> int:
    """Build the site and the feeds.

    Everything released is in them, nothing else. Files whose bytes would not change are left alone.
    """
    press = face.press_or_copy()
    report = build_site(face, press, Path(out) if out else None)
    document = {
        "out": str(report.out),
        "pages": report.pages,
        "files": report.files,
        "written": report.written,
        "removed": report.removed,
    }
    face.show(
        document,
        lambda: (
            f"{plural(report.pages, 'page')}, {plural(report.files, 'file')}: {report.written} written, "
            f"{report.removed} removed, in {report.out}"
        ),
    )
    return 0


def send_json(report: SendReport) -> dict[str, Any]:
    """What `send` did, as one document."""
    return {
        "sent": report.sent,
        "deferred": report.deferred,
        "failed": report.failed,
        "uncertain": report.uncertain,
        "stopped": report.stopped or None,
    }


def send_all(face: Face, press: Press, release: Release | None = None, limit: int | None = None) -> SendReport:
    """Send with a progress bar."""
    with progress(face, "sending") as advance:
        return send(press, now=face.now(), release=release, limit=limit, progress=advance)


def send_line(report: SendReport) -> str:
    """What `send` did, in a line."""
    words = [f"{report.sent} sent"]
    for count, word in ((report.deferred, "deferred"), (report.failed, "failed"), (report.uncertain, "uncertain")):
        if count:
            words.append(f"{count} {word}")
    return ", ".join(words) + (f"; stopped: {report.stopped}" if report.stopped else "")


@click.command("send")
@click.argument("release", required=False, metavar="[ISSUE/N]")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many messages.")
@common
def send_command(face: Face, release: str | None, limit: int | None) -> int:
    """Send until nothing is due.

    A broken-off run is taken up where it stood: nobody is mailed twice. It does not wait for retries; `run` does.
    """
    press = face.press_to_write()
    with press.lock():
        chosen = find_release(press, release) if release else None
        report = send_all(face, press, chosen, limit)
    face.show(send_json(report), lambda: send_line(report))
    say_rehearsal(face)
    return 0


@click.command("stop")
@click.argument("release", required=False, metavar="[ISSUE/N]")
@common
def stop_command(face: Face, release: str | None) -> int:
    """Stop one release, or everything, within one message."""
    press = face.press_to_write()
    if release:
        stop_release(press, find_release(press, release), now=face.now())
    else:
        stop_everything(press, now=face.now())
    what = release or "everything"
    face.show(
        {"stopped": what}, lambda: f"{what} is stopped; `sparkpub resume{f' {release}' if release else ''}` goes on"
    )
    return 0


@click.command("resume")
@click.argument("release", required=False, metavar="[ISSUE/N]")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def resume_command(face: Face, release: str | None, yes: bool) -> int:
    """Go on after a stop.

    What came due meanwhile goes out within its grace; what is later is missed, for you to decide.
    """
    press = face.press_to_write()
    chosen = find_release(press, release) if release else None
    rows = [r for r in status_rows(press) if r["state"] in ("sending", "stopped") and release in (None, r["release"])]
    waiting = sum(r["pending"] + r["deferred"] for r in rows)
    what = release or "the press"
    confirm(
        f"{what}: {plural(waiting, 'message')} will go out by {press.transport}",
        yes=yes,
        count=waiting if press.transport == "smtp" else None,
    )
    if chosen:
        resume_release(press, chosen, now=face.now())
    else:
        resume_everything(press, now=face.now())
    face.show({"resumed": what}, lambda: f"{what} goes on; next: `sparkpub run --once`")
    return 0


@click.command("status")
@click.argument("release", required=False, metavar="[ISSUE/N]")
@common
def status_command(face: Face, release: str | None) -> int:
    """Show the balance: every reader of every release in one column.

    Exit 1 if something waits for you: a release is stopped or has uncertain deliveries, or the press is stopped.
    """
    press = face.press()
    rows = status_rows(press)
    if release:
        find_release(press, release)
        rows = [row for row in rows if row["release"] == release]
    stopped = press.stopped()
    face.show({"releases": rows, "stopped": stopped or None}, lambda: _balance(rows))
    if not rows:
        face.say("nothing was released yet; bare `sparkpub` says what to do next")
    if stopped:
        face.say(f"the press is stopped: {stopped}; `sparkpub resume` goes on")
    say_rehearsal(face)
    return 1 if stopped or any(row["uncertain"] or row["state"] == "stopped" for row in rows) else 0


_COUNTS = ("eligible", "sent", "pending", "sending", "deferred", "failed", "uncertain", "suppressed", "cancelled")


def _balance(rows: list[dict[str, Any]]) -> str:
    """The balance as a table; columns that are nowhere more than 0 are left out."""
    if not rows:
        return ""
    shown = [name for name in _COUNTS if name in ("eligible", "sent") or any(row[name] for row in rows)]
    head = {"release": "Release", "date": "Date", "state": "State", **{name: name.title() for name in shown}}
    return table(head, [{key: str(row[key]) for key in head} for row in rows])


@click.command("run")
@click.option("--once", is_flag=True, help="Tick and send once, then end: the line for cron.")
@click.option("--every", default=60, show_default=True, type=click.IntRange(min=1), help="Seconds between ticks.")
@common
def run_command(face: Face, once: bool, every: int) -> int:
    """Do everything in one process: tick, build, send, again.

    Only one runs at a time, whoever starts it. Ctrl-C or a TERM signal ends it between two messages; nothing is lost.
    """
    if face.pretended_now and not once:
        raise UsageError("--now stands still; it goes with `run --once`")
    press = face.press_to_write()
    with press.lock():
        while True:
            document = _round(face, press)
            if once:
                break
            time.sleep(every)
    face.show(document, lambda: "")
    say_rehearsal(face)
    return 0


def _round(face: Face, press: Press) -> dict[str, Any]:
    """One round of a press: release what is due, build, send; says only what happened."""
    report = tick_once(face, press, face.now())
    if report.released or report.corrected or not report.agenda.pause:
        build_site(face, press)
    sent = send_all(face, press)
    for line in tick_lines(report):
        face.say(line)
    if sent.sent or sent.deferred or sent.failed or sent.uncertain:
        face.say(send_line(sent))
    return {"tick": tick_json(report), "send": send_json(sent)}
