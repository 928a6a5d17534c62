"""The inbox: what comes back, and who asks to leave by mail."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from sparkpub.adapters.inbox import open_files, single_message
from sparkpub.adapters.ledger import Inquiry
from sparkpub.cli.face import Face, common, plural, say_rehearsal
from sparkpub.cli.options import remember, shared_options
from sparkpub.cli.standings import command_for
from sparkpub.cli.tables import table
from sparkpub.core.instants import instant_text
from sparkpub.errors import BusyError, LedgerError, TransportError, UsageError
from sparkpub.hearing import Heard, fetch_inbox, read_inbox
from sparkpub.press import Press


@click.group("inbox")
@shared_options
@click.pass_context
def inbox_command(ctx: click.Context, /, **given: object) -> None:
    """What comes back: bounces, complaints, wishes to leave.

    `run` fetches from the inbox of the settings by itself; these commands are for the rest.
    """
    remember(ctx, **given)


@inbox_command.command("read")
@click.argument("path", metavar="PATH|-")
@click.option("--to", default="", metavar="ADDRESS", help="The envelope's recipient, where the mail does not say.")
@common
def read_command(face: Face, path: str, to: str) -> int:
    """Hear mail from files, or one message from the input.

    PATH is a message, an mbox, a folder or a Maildir, or - for the input. The same mail read again changes nothing.
    Exit 1 while something waits for you; of the input never, since a mail server would return the message then: what
    keeps it from being heard is exit 75 there, "try again later".
    """
    is_piped = path == "-"
    inbox = single_message(sys.stdin.buffer) if is_piped else open_files(Path(path))
    try:
        press = face.press_to_write()
        heard = read_inbox(press, inbox, now=face.now(), to=to)
    except LedgerError as fault:
        if is_piped:
            raise BusyError(f"{fault}; the message was not heard, deliver it again later") from fault
        raise
    code = _show(face, press, heard)
    return 0 if is_piped else code


@inbox_command.command("fetch")
@common
def fetch_command(face: Face) -> int:
    """Hear the new mail of the inbox, and mark it as seen.

    The inbox is `[inbox] imap` or `maildir` of the settings. Where this succeeds within a day, mail to `[inbox]
    unsubscribe_address` counts as a way to leave. Exit 1 while something waits for you.
    """
    press = face.press_to_write()
    return _show(face, press, fetch_inbox(press, now=face.now()))


@inbox_command.command("list")
@common
def list_command(face: Face) -> int:
    """List the mail that waits for you, with what to type.

    It is what people wrote, and reports that may be forged. Exit 1 while there is any.
    """
    waiting = face.press_to_read().ledger.inquiries()
    face.show(inquiries_json(waiting), lambda: _table(waiting) if waiting else "")
    if waiting:
        face.say("type what stands beside it, or `sparkpub inbox settle NUMBER` where nothing is to be done")
    else:
        face.say("nothing waits for you")
    return 1 if waiting else 0


@inbox_command.command("settle")
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1), metavar="NUMBER...")
@common
def settle_command(face: Face, numbers: tuple[int, ...]) -> int:
    """Let mail wait no more, because you have seen to it.

    Its numbers are those of `inbox list`.
    """
    press, now = face.press_to_write(), face.now()
    with press.ledger.transaction():
        for number in numbers:
            if not press.ledger.settle_inquiry(number, at=now):
                raise UsageError(f"no mail waits under the number {number}; `sparkpub inbox list` shows what does")
    face.show({"settled": list(numbers)}, lambda: f"{plural(len(numbers), 'message')} settled")
    return 0


def _show(face: Face, press: Press, heard: Heard) -> int:
    """Show what was heard; the exit code."""
    press.ledger.settle_answered(at=face.now())
    waiting = press.ledger.inquiries()
    document = {**heard_json(heard), "inquiries": inquiries_json(waiting)}
    face.show(document, lambda: "\n".join(heard_lines(heard)) or "nothing new")
    if waiting:
        face.say(f"{plural(len(waiting), 'message')} for you: `sparkpub inbox list`")
    say_rehearsal(face)
    return 1 if waiting else 0


_WORDS = (
    ("gone", "gone"),
    ("bounced", "bounced"),
    ("complained", "complained"),
    ("left", "left"),
    ("waiting", "for you"),
    ("ignored", "without consequence"),
    ("known", "heard before"),
)


def heard_json(heard: Heard) -> dict[str, Any]:
    """What was heard, as one document."""
    return {
        "heard": heard.all,
        **{name: getattr(heard, name) for name, _ in _WORDS},
        "suppressed": heard.suppressed,
        "stopped": list(heard.stopped),
    }


def heard_lines(heard: Heard) -> list[str]:
    """What was heard, as lines; empty if there was nothing."""
    told = [f"{getattr(heard, name):,} {words}" for name, words in _WORDS if getattr(heard, name)]
    lines = [f"heard      {', '.join(told)}"] if told else []
    if heard.suppressed:
        addresses = "1 address is" if heard.suppressed == 1 else f"{heard.suppressed:,} addresses are"
        lines.append(f"           {addresses} never mailed again")
    lines += [
        f"stopped    {name}: too much of it comes back; `sparkpub status {name}` and `sparkpub resume {name}`"
        for name in heard.stopped
    ]
    return lines


def inquiries_json(waiting: list[Inquiry]) -> list[dict[str, Any]]:
    """What waits for a person, as a list."""
    return [
        {
            "number": each.number,
            "at": instant_text(each.at),
            "address": each.address,
            "subject": each.subject,
            "why": each.why,
            "type": command_for(each),
        }
        for each in waiting
    ]


def came_back(press: Press, row: Mapping[str, Any]) -> str:
    """What came back of a release of `status`, in a line; "" if nothing did."""
    release_id = press.ledger.release_named(row["release"])
    if release_id is None:
        return ""
    counts = press.ledger.report_counts(release_id)
    told = (
        (counts.gone + counts.bounced, "came back"),
        (counts.complained, "complained of"),
        (counts.left, "left by mail"),
    )
    return ", ".join(f"{count:,} {words}" for count, words in told if count)


def _table(waiting: list[Inquiry]) -> str:
    """What waits, as people read it."""
    head = {"number": "Number", "at": "At", "address": "Address", "why": "Why", "type": "Type"}
    return table(head, [{key: str(row[key]) for key in head} for row in inquiries_json(waiting)])


def hear_round(press: Press, face: Face) -> tuple[dict[str, Any] | None, list[str]]:
    """The inbox's part of a round: the document, None without an inbox, and the lines.

    Whatever is wrong with the inbox is told, and keeps nothing from being sent.
    """
    if not press.publication.settings.inbox.has_mailbox:
        return None, []
    try:
        heard = fetch_inbox(press, now=face.now())
    except (TransportError, UsageError) as fault:
        return {"fault": str(fault)}, [f"inbox      {fault}"]
    has_news = heard.all > heard.ignored + heard.known  # vacation notes are none
    return heard_json(heard), heard_lines(heard) if has_news else []
