"""Mail: send, stop, go on, and the balance."""

import time
from contextlib import closing
from datetime import datetime
from typing import Any, NoReturn

import click

from sparkpub.articles import audience_of, subject_of
from sparkpub.cli.face import Face, common, confirm, from_here, plural, progress, say_rehearsal
from sparkpub.cli.inbox import came_back, hear_round
from sparkpub.cli.letters import post_lines, waiting_words
from sparkpub.cli.releasing import (
    announce_feeds,
    lateness,
    message_words,
    release_json,
    tick_json,
    tick_lines,
    tick_once,
    try_to_build,
)
from sparkpub.cli.standings import how_to_go_on
from sparkpub.cli.tables import table
from sparkpub.core.records import Release, ReleaseState
from sparkpub.errors import BusyError, InputError, TransportError, UsageError
from sparkpub.mailroom import forget_old_asks
from sparkpub.outgoing import LATE
from sparkpub.press import Press
from sparkpub.publishing import resume_everything, stop_everything
from sparkpub.readers.wishing import absorb
from sparkpub.sending import SendReport, find_release, resume_release, send, status_rows, stop_release
from sparkpub.shelf import read_shelf
from sparkpub.ticking import Ticker


def send_json(report: SendReport) -> dict[str, Any]:
    """What `send` did, as one document."""
    return {
        "sent": report.sent,
        "deferred": report.deferred,
        "failed": report.failed,
        "uncertain": report.uncertain,
        "finished": [release_json(release) for release in report.finished],
        "late": [release_json(release) for release in report.late],
        "stopped": report.stopped or None,
    }


def send_all(face: Face, press: Press, release: Release | None = None, limit: int | None = None) -> SendReport:
    """Send with a progress bar."""
    with progress(face, "sending") as advance:
        return send(press, now=face.now(), release=release, limit=limit, progress=advance)


def send_lines(report: SendReport) -> list[str]:
    """What `send` did, as lines; empty if nothing was to be sent."""
    counts = (
        (report.sent, "sent"),
        (report.deferred, "deferred"),
        (report.failed, "failed"),
        (report.uncertain, "uncertain"),
    )
    lines = []
    if told := [f"{count:,} {word}" for count, word in counts if count]:
        lines.append(", ".join(told))
    lines += [f"finished   {release.name}" for release in report.finished]
    lines += [
        f"stopped    {release.name}: not begun within grace; `sparkpub resume {release.name}` sends it now"
        for release in report.late
    ]
    lines += [
        f"left       {release.name}: it was released by {release.transport} and is never sent by {report.transport}"
        for release in report.foreign
    ]
    lines += [
        f"resting    {release.name}: the first few are out; the others follow if they fare well"
        for release in report.resting
    ]
    if report.recovered and report.transport == "smtp":
        lines.append(
            f"{plural(report.recovered, 'message')} of a run that broke off: `sparkpub status` names the doubts"
        )
    if report.stopped:
        lines.append(f"stopped    {report.stopped}; {how_to_go_on(report.stopped)}")
    return lines


@click.command("send")
@click.argument("release", required=False, metavar="[ISSUE/N]")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many messages.")
@common
def send_command(face: Face, release: str | None, limit: int | None) -> int:
    """Send until nothing is due.

    A run that broke off is taken up where it stood: nobody is mailed twice. It does not wait for retries; `run` does.
    It never overrides a stop.
    """
    press = face.press_to_write()
    with press.lock():
        absorb(press)
        chosen = find_release(press, release) if release else None
        letters = post_lines(press, now=face.now()) if not release and limit is None else []
        report = send_all(face, press, chosen, limit)
    lines = [*letters, *send_lines(report)]
    face.show(send_json(report), lambda: "\n".join(lines))
    if not lines:
        face.say("nothing is due; `sparkpub status` shows the balance")
    _say_where(face, press, report)
    say_rehearsal(face)
    return 0


def _say_where(face: Face, press: Press, report: SendReport) -> None:
    """Where the messages of a rehearsal lie."""
    if report.sent and report.transport == "maildir":
        face.say(f"the messages lie in {from_here(press.outbox)}, a Maildir that any mail program opens")


@click.command("stop")
@click.argument("release", required=False, metavar="[ISSUE/N]")
@common
def stop_command(face: Face, release: str | None) -> int:
    """Stop one release, or everything, within one message.

    It works while another process sends. A file STOP in the publication's folder stops everything too.
    """
    press = face.press_to_write()
    if release:
        stop_release(press, find_release(press, release), now=face.now())
    else:
        stop_everything(press, now=face.now())
    what = release or "everything"
    face.show({"stopped": what}, lambda: f"{what} is stopped")
    face.say(f"next: `sparkpub resume{f' {release}' if release else ''}` goes on")
    return 0


@click.command("resume")
@click.argument("release", required=False, metavar="[ISSUE/N]")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def resume_command(face: Face, release: str | None, yes: bool) -> int:
    """Go on after a stop.

    What came due meanwhile goes out within its grace; what is later is missed, for you to decide. A release that was
    stopped by name goes on only by name. It asks first; without a terminal it needs --yes.
    """
    press, now = face.press_to_write(), face.now()
    if press.stop_file.exists():
        raise UsageError(f"a file {press.stop_file.name} stops everything; `rm STOP` first, then `sparkpub resume`")
    chosen = find_release(press, release) if release else None
    if chosen and chosen.state is not ReleaseState.STOPPED:
        raise UsageError(f"{chosen.name} is {chosen.state}, not stopped; `sparkpub status` shows all")
    going = [chosen] if chosen else _going_on(press)
    counts = [_waiting(press, each) for each in going]
    heads = [f"resume {release or 'the press'}" + (f": {stopped}" if (stopped := press.stopped()) else "")]
    heads += [_question(press, each, count, now) for each, count in zip(going, counts, strict=True) if count]
    heads.append(f"{plural(sum(counts), 'message')} will go out by {press.transport}")
    confirm("\n".join(heads), yes=yes, count=sum(counts) if press.transport == "smtp" else None)
    if chosen:
        resume_release(press, chosen, now=now)
    else:
        resume_everything(press, now=now)
    what = release or "the press"
    face.show({"resumed": what, "waiting": sum(counts)}, lambda: f"{what} goes on")
    face.say("next: `sparkpub run --once`")
    return 0


def _going_on(press: Press) -> list[Release]:
    """The releases that a bare `resume` lets go on: those being sent, and those stopped because they were late."""
    late = [r for r in press.ledger.releases_in(ReleaseState.STOPPED) if _is_late(press, r)]
    going = [*press.ledger.releases_in(ReleaseState.SENDING), *late]
    return [release for release in going if release.transport == press.transport]


def _is_late(press: Press, release: Release) -> bool:
    """Whether a release was stopped because its grace ran out, not by a person."""
    return press.ledger.stop_notes(release.release_id).reason == LATE


def _waiting(press: Press, release: Release) -> int:
    """How many messages of a release are still to go out."""
    balance = press.ledger.balance(release.release_id)
    return balance.pending + balance.deferred


def _question(press: Press, release: Release, count: int, now: datetime) -> str:
    """What of a release would go out, as whom, to whom."""
    head = f"{release.name}, released on {release.released_at:%Y-%m-%d}, {lateness(release.released_at, now)}"
    audience = f"{audience_of(release)}, {plural(count, 'message')} left"
    return message_words(press, head, subject_of(release), audience)


@click.command("status")
@click.argument("release", required=False, metavar="[ISSUE/N]")
@common
def status_command(face: Face, release: str | None) -> int:
    """Show the balance: every reader of every release in one column.

    Exit 1 if something waits for you: a release is stopped or has uncertain deliveries, or the press is stopped.
    """
    press = face.press_or_copy()
    rows = status_rows(press, find_release(press, release) if release else None)
    stopped = press.stopped()
    letters = press.ledger.count_letters()
    face.show({"releases": rows}, lambda: _balance(rows))
    if not rows:
        face.say("nothing was released yet; bare `sparkpub` says what to do next")
    for row in rows:
        if row["state"] == "stopped":
            face.say(f"{row['release']} is stopped; `sparkpub resume {row['release']}` goes on")
    for row in rows:
        if told := came_back(press, row):
            face.say(f"{row['release']}: {told}")
    if letters:
        face.say(f"{waiting_words(letters)}; `sparkpub send` posts what waits")
    if stopped:
        face.say(f"the press is stopped: {stopped}; {how_to_go_on(stopped)}")
    say_rehearsal(face)
    return 1 if stopped or any(row["uncertain"] or row["state"] == "stopped" for row in rows) else 0


_COUNTS = ("eligible", "sent", "pending", "sending", "deferred", "failed", "uncertain", "suppressed", "cancelled")


def _balance(rows: list[dict[str, Any]]) -> str:
    """The balance as a table; columns that are nowhere more than 0 are left out."""
    if not rows:
        return ""
    shown = [name for name in _COUNTS if name in ("eligible", "sent") or any(row[name] for row in rows)]
    head = {"release": "Release", "date": "Date", "state": "State", **{name: name.title() for name in shown}}
    cells = [{key: f"{row[key]:,}" if key in shown else str(row[key]) for key in head} for row in rows]
    return table(head, cells)


@click.command("run")
@click.option("--once", is_flag=True, help="Tick, build and send once, then end: the line for cron.")
@click.option(
    "--every", default=60, show_default=True, type=click.IntRange(min=1), metavar="SECONDS", help="From round to round."
)
@common
def run_command(face: Face, once: bool, every: int) -> int:
    """Do everything in one process: tick, build, send, again.

    Only one runs at a time, whoever starts it; another ends with exit code 75. Ctrl-C ends it between two messages;
    nothing is lost, and the next run goes on. Settings are read at the start: start it again when they change.
    """
    if not once and (face.pretended_now or face.as_json):
        raise UsageError("--now and --json go with `run --once`; without --once it runs until it is ended")
    press = face.press_to_write()
    with press.lock(), closing(Ticker(press, is_lasting=not once)) as ticker:
        if not once:
            face.say(f"running, a round every {plural(every, 'second')}; Ctrl-C ends it")
            _run_on(face, press, ticker, every)
        document, lines, code = _round(face, press, ticker)
    face.show(document, lambda: "\n".join(lines))
    if not lines:
        face.say("nothing is due; `sparkpub calendar` lists what comes")
    say_rehearsal(face)
    return code


def _run_on(face: Face, press: Press, ticker: Ticker, every: int) -> NoReturn:
    """Round after round, until a signal ends it; a relay that is down or a full disk is tried again.

    What every round would say again, a stop say, is told once.
    """
    told: list[str] = []
    while True:
        try:
            _, lines, _ = _round(face, press, ticker)
        except (BusyError, TransportError, InputError) as fault:
            lines = [f"{fault}\nthis round did not work; the next one tries again"]
        for line in lines:
            if line not in told:
                click.echo(line, err=True)
        told = lines
        time.sleep(every)


def _round(face: Face, press: Press, ticker: Ticker) -> tuple[dict[str, Any], list[str], int]:
    """One round of a press: hear what came back, release what is due, build, send.

    Gives the document, what happened, the exit code.
    """
    absorb(press)
    inbox, heard = hear_round(press, face)
    report = tick_once(face, ticker, face.now())
    code = try_to_build(face, press)
    forget_old_asks(press, now=face.now())
    letters = post_lines(press, now=face.now())
    sent = send_all(face, press)
    _say_where(face, press, sent)
    lines = [*heard, *tick_lines(report), *letters, *send_lines(sent)]
    if report.agenda.pause and sent.stopped:
        lines.pop()  # said already
    lines += _tell_editors(face, press)
    announce_feeds(face, press)
    return {"inbox": inbox, "tick": tick_json(report), "send": send_json(sent)}, lines, code


def _tell_editors(face: Face, press: Press) -> list[str]:
    """Tell the editors what is new to them; what they were told."""
    if not press.publication.settings.alerts.to:
        return []
    from sparkpub.alerting import alert

    told = alert(press, read_shelf(press.publication), now=face.now())
    lines = [f"told       {waiting.words}; `{waiting.command}`" for waiting in told.waiting]
    lines += [f"proof      {name} was sent to the editors" for name in told.proofs]
    return [*lines, told.fault] if told.fault else lines
