"""Release: what is due by itself, what a person decides, and the site that shows it."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import click

from sparkpub.cli.arguments import issue_ids
from sparkpub.cli.building import build_site
from sparkpub.cli.face import Face, common, confirm, plural, say_rehearsal
from sparkpub.cli.faults import explain
from sparkpub.cli.standings import how_to_go_on
from sparkpub.core.decisions import Due
from sparkpub.core.instants import instant_text
from sparkpub.core.records import Release
from sparkpub.errors import Fault, InputError, UsageError
from sparkpub.press import Press
from sparkpub.publishing import TickReport, due_by_hand, release_by_hand, release_past
from sparkpub.queueing import Readers, readers_of
from sparkpub.shelf import read_shelf
from sparkpub.ticking import Ticker


def release_json(release: Release) -> dict[str, Any]:
    """A release as commands name it."""
    return {
        "release": release.name,
        "issue": release.issue_id,
        "number": release.number,
        "date": release.on.isoformat(),
        "released_at": instant_text(release.released_at),
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
        "digests": [release_json(release) for release in report.digests],
        "again": [release_json(release) for release in report.again],
        "missed": [_due_json(due) for due in report.missed],
        "waiting": [_due_json(due) for due in report.agenda.waiting],
        "held": [{"issue": id_, "reason": reason} for id_, reason in report.held],
        "faults": [str(fault) for fault in report.faults],
    }


def tick_lines(report: TickReport) -> list[str]:
    """What a tick did, as lines; empty if it did nothing."""
    lines = [f"released   {r.name}, due on {r.on}" for r in report.released]
    lines += [f"corrected  {r.name}: page and feeds" for r in report.corrected]
    lines += [f"again      {r.name}, of {r.on}: to who reads its series from the beginning" for r in report.again]
    lines += [f"digest     {r.name}" for r in report.digests]
    lines += [
        f"missed     {d.issue.id}/{d.occurrence.number}, due on {d.occurrence.on}; "
        f"`sparkpub release {d.issue.id} --number {d.occurrence.number}` sends it, "
        f"`sparkpub skip {d.issue.id} {d.occurrence.number}` lets it go"
        for d in report.missed
    ]
    lines += [
        f"held       {id_}: {reason}; `sparkpub show {id_}` tells why, `sparkpub queue {id_}` lets it go"
        for id_, reason in report.held
    ]
    lines += [f"waiting    {d.issue.id}/{d.occurrence.number}, spaced from the last" for d in report.agenda.waiting]
    if report.agenda.pause:
        lines.append(f"paused     {report.agenda.pause}; {how_to_go_on(report.agenda.pause)}")
    return lines


def tick_once(face: Face, ticker: Ticker, now: datetime) -> TickReport:
    """One tick with everything it has to say on stderr: broken files, and issues that could not be rendered."""
    report = ticker.tick(now=now, tell=face.tell)
    face.tell(dict.fromkeys(report.faults))
    return report


def try_to_build(face: Face, press: Press) -> int:
    """Build what was released; a site that cannot be built keeps no mail from going out. Returns the exit code."""
    try:
        report = build_site(face, press)
    except (InputError, OSError) as fault:
        message, code = explain(fault)
        click.echo(f"{message}\nthe site was not built; mend that, then `sparkpub build`", err=True)
        return code
    if press.publication.settings.site.announce and not face.pretended_now:
        from sparkpub.announcing import note

        note(press, report.changed, now=face.now())
    return report.exit_code


def announce_feeds(face: Face, press: Press) -> None:
    """Tell the hub of changed feeds, last of all; what it does not take is said and changes no exit code."""
    if press.publication.settings.site.announce and not face.pretended_now:
        from sparkpub.announcing import announce

        for line in announce(press, now=face.now()):
            click.echo(line, err=True)


@click.command("tick")
@common
def tick_command(face: Face) -> int:
    """Release what is due now.

    A tick that finds nothing due does nothing. Run it as often as you like: each anniversary goes out at most once
    for ever. The site is built when something was released; `sparkpub send` mails it.
    """
    press = face.press_to_write()
    code = 0
    with press.lock(), closing(Ticker(press)) as ticker:
        report = tick_once(face, ticker, face.now())
        if report.released or report.corrected:
            code = try_to_build(face, press)
    lines = tick_lines(report)
    face.show(tick_json(report), lambda: "\n".join(lines))
    if report.released or report.digests or report.again:
        face.say("next: `sparkpub send`")
        say_rehearsal(face)
    elif not lines:
        face.say("nothing is due; `sparkpub calendar` lists what comes")
    announce_feeds(face, press)
    return code


@click.command("release")
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=issue_ids)
@click.option("--number", type=click.IntRange(min=0), metavar="N", help="This occurrence, even one still to come.")
@click.option("--past", is_flag=True, help="Take in a whole archive: each piece dated at its own day, nobody mailed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def release_command(face: Face, ids: tuple[str, ...], number: int | None, past: bool, yes: bool) -> int:
    """Release an issue by hand, or take in an archive.

    The latest occurrence whose date has come and that is not released goes out now; a coming one only with
    --number. It asks first; without a terminal it needs --yes. With --past, the pieces named (or all ready ones)
    become public as of their own dates, and nobody is asked or mailed.
    """
    if past and (number is not None):
        raise UsageError("--past takes each issue's own dates; leave --number out")
    if not past and not ids:
        raise UsageError("say which issue: `sparkpub release ID`, or `sparkpub release --past` for a whole archive")
    if number is not None and len(ids) > 1:
        raise UsageError("--number goes with one issue; release the others on their own")
    press = face.press_to_write()
    with press.lock():
        released, faults = _take_in(face, press, ids) if past else (_by_hand(face, press, ids, number, yes=yes), ())
        face.tell(dict.fromkeys(faults))
        code = try_to_build(face, press) or (InputError.exit_code if faults else 0)
    face.show([release_json(r) for r in released], lambda: "\n".join(f"released   {r.name}, {r.on}" for r in released))
    if past:
        face.say(f"{plural(len(released), 'piece')} taken in, nobody was mailed; they stand in {_site(press)}")
    else:
        face.say("next: `sparkpub send`")
        say_rehearsal(face)
    announce_feeds(face, press)
    return code


def _site(press: Press) -> str:
    """Where the site is built, as people see it from here."""
    return press.publication.settings.site.out + "/"


def _take_in(face: Face, press: Press, ids: Sequence[str]) -> tuple[list[Release], tuple[Fault, ...]]:
    """Release the past of the issues named, or of all; what has faults is left out."""
    shelf = read_shelf(press.publication)
    face.tell(shelf.faults if not ids else ())
    issues = shelf.pick(ids) if ids else list(shelf.issues.values())
    taken = release_past(press, issues, now=face.now())
    return list(taken.released), taken.faults


def _by_hand(face: Face, press: Press, ids: Sequence[str], number: int | None, *, yes: bool) -> list[Release]:
    """Show what would go out to whom, ask, and release."""
    now = face.now()
    issues = read_shelf(press.publication).pick(dict.fromkeys(ids))  # named twice is meant once
    dues = [due_by_hand(press, issue, number, now=now) for issue in issues]
    counts = [readers_of(press, due.issue, due.occurrence.number) for due in dues]
    questions = [_question(press, due, readers, now=now) for due, readers in zip(dues, counts, strict=True)]
    confirm(
        "\n".join(questions),
        yes=yes,
        count=sum(readers.alone for readers in counts) if press.transport == "smtp" else None,
    )
    return [release_by_hand(press, due, now=now) for due in dues]


def _question(press: Press, due: Due, readers: Readers, *, now: datetime) -> str:
    """What would go out, when, as whom, to whom."""
    return message_words(
        press,
        f"{due.issue.id}/{due.occurrence.number}, {lateness(due.occurrence.at, now)}",
        due.issue.title,
        f"{due.issue.audience}, {plural(readers.alone, 'reader')}{readers.more}",
    )


def message_words(press: Press, head: str, subject: str, audience: str) -> str:
    """What a person is shown before people are mailed."""
    settings = press.publication.settings
    return (
        f"{head}\n  subject   {subject}\n  from      {settings.publication.from_}\n"
        f"  audience  {audience}, by {press.transport}"
    )


def lateness(at: datetime, now: datetime) -> str:
    """How late an instant is met now: `on time`, `5 hours late`, `40 days late`, `3 days early`."""
    hours = int(abs((now - at).total_seconds()) // 3600)
    if hours == 0:
        return "on time"
    span = plural(hours, "hour") if hours < 48 else plural(hours // 24, "day")  # noqa: PLR2004 - two days
    return f"{span} {'late' if now > at else 'early'}"
