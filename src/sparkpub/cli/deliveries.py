"""What became of single deliveries, and what a person decides of them: doubts, failures, one address's story."""

from typing import Any

import click

from sparkpub.articles import audience_of, subject_of
from sparkpub.cli.arguments import issue_ids
from sparkpub.cli.face import Face, common, confirm, plural, say_rehearsal
from sparkpub.cli.releasing import lateness, message_words
from sparkpub.cli.tables import table
from sparkpub.core.records import Release
from sparkpub.errors import UsageError
from sparkpub.posting import post_letter
from sparkpub.press import Press
from sparkpub.proofing import proof
from sparkpub.readers.subscribing import usable_address
from sparkpub.sending import (
    cancel_release,
    doubt_rows,
    drop_uncertain,
    find_release,
    resend_uncertain,
    retry_failed,
    story,
)
from sparkpub.shelf import read_shelf


@click.command("cancel")
@click.argument("release", metavar="ISSUE/N")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def cancel_command(face: Face, release: str, yes: bool) -> int:
    """Call the rest of a release off, for good.

    What was sent is sent; page and feeds stay. To go on later, `stop` is enough. It asks first; without a terminal it
    needs --yes.
    """
    press = face.press_to_write()
    chosen = find_release(press, release)
    balance = press.ledger.balance(chosen.release_id)
    waiting = balance.pending + balance.deferred
    confirm(f"cancel {chosen.name}: {plural(balance.sent, 'message')} sent, {waiting:,} will never be sent", yes=yes)
    cancel_release(press, chosen, now=face.now())
    face.show({"cancelled": chosen.name, "messages": waiting}, lambda: f"{chosen.name} is cancelled")
    return 0


@click.command("retry-failed")
@click.argument("release", metavar="ISSUE/N")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def retry_failed_command(face: Face, release: str, yes: bool) -> int:
    """Try what has failed once more, from the start.

    Suppressed addresses are left alone. It asks first; without a terminal it needs --yes.
    """
    press = face.press_to_write()
    chosen = find_release(press, release)
    count = press.ledger.count_retriable(chosen.release_id)
    if count:
        _ask(face, press, chosen, f"{count:,} failed, tried again", count, yes=yes)
        count = retry_failed(press, chosen, now=face.now())
    face.show({"release": chosen.name, "retried": count}, lambda: f"{plural(count, 'message')} will be tried again")
    face.say(f"next: `sparkpub send {chosen.name}`" if count else "nothing that has failed can be tried again")
    say_rehearsal(face)
    return 0


@click.command("uncertain")
@click.argument("release", metavar="ISSUE/N")
@click.option("--resend", "choice", flag_value="resend", help="Send them again: some may get it twice.")
@click.option("--drop", "choice", flag_value="drop", help="Never send them again: some may not have got it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def uncertain_command(face: Face, release: str, choice: str | None, yes: bool) -> int:
    """List the messages whose end is unknown, or decide about them.

    The connection was lost between the last byte and the relay's answer, or the sending process died there. Exit 1
    while there are any. --resend asks first; without a terminal it needs --yes.
    """
    if choice is None:
        return _list_doubts(face, release)
    press = face.press_to_write()
    chosen = find_release(press, release)
    count = len(doubt_rows(press, chosen))
    done = 0
    if count and choice == "resend":
        _ask(face, press, chosen, f"{count:,} uncertain, sent again: some may get it twice", count, yes=yes)
        done = resend_uncertain(press, chosen, now=face.now())
    elif count:
        done = drop_uncertain(press, chosen, now=face.now())
    words = "will be sent again" if choice == "resend" else "will never be sent again"
    face.show({"release": chosen.name, choice: done}, lambda: f"{plural(done, 'message')} {words}")
    if done and choice == "resend":
        face.say(f"next: `sparkpub send {chosen.name}`")
    if done < count:
        face.say(f"of {plural(count - done, 'message')} the text is lost with an older ledger; --drop lets them rest")
    say_rehearsal(face)
    return 1 if done < count else 0


def _list_doubts(face: Face, release: str) -> int:
    """Name every doubt."""
    press = face.press_or_copy()
    chosen = find_release(press, release)
    rows = doubt_rows(press, chosen)
    head = {"address": "Address", "at": "At", "why": "Why"}
    face.show({"release": chosen.name, "uncertain": rows}, lambda: table(head, _texts(rows)) if rows else "")
    if rows:
        face.say(
            f"`sparkpub uncertain {chosen.name} --resend` sends them again, under the same Message-ID; --drop lets "
            "them rest"
        )
    else:
        face.say(f"nothing of {chosen.name} is in doubt")
    return 1 if rows else 0


@click.command("why")
@click.argument("address")
@click.argument("release", required=False, metavar="[ISSUE/N]")
@common
def why_command(face: Face, address: str, release: str | None) -> int:
    """Tell one address's whole story.

    Whether it asked, has left or is suppressed, and what became of each release to it.
    """
    press = face.press_to_read()
    told = story(press, address, find_release(press, release) if release else None)
    face.show(told, lambda: _story(told))
    return 0


def _story(told: dict[str, Any]) -> str:
    """The story as people read it."""
    name = f"{told['name']} <{told['address']}>" if told["name"] else told["address"]
    lines = [f"{name}: {told['state'] or 'no reader'}" + (f" ({told['evidence']})" if told["evidence"] else "")]
    if told["suppressed"]:
        lines.append(f"never mailed: {told['suppressed']}; `sparkpub subscribers unsuppress {told['address']}`")
    if told["deliveries"]:
        head = {"release": "Release", "state": "State", "attempts": "Attempts", "at": "At", "code": "What was said"}
        lines += ["", table(head, _texts(told["deliveries"]))]
    elif told["state"]:
        lines.append("in no release so far")
    if told["reports"]:
        head = {"at": "At", "kind": "Came back", "release": "Release", "meaning": "Means", "words": "What was said"}
        lines += ["", table(head, _texts(told["reports"]))]
    if told["gathered"]:
        lines += ["", *(_gathered(row) for row in told["gathered"])]
    if told["letters"]:
        head = {"letter": "Letter", "state": "State", "at": "At", "code": "What was said"}
        lines += ["", table(head, _texts(told["letters"]))]
    return "\n".join(lines)


def _gathered(row: dict[str, str]) -> str:
    """What became of a piece that a reader gets in a digest."""
    return f"{row['release']} " + (f"came in {row['digest']}" if row["digest"] else "waits for a digest")


def _texts(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Rows as texts, nothing for None."""
    return [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]


@click.command("test-send")
@click.argument("id_", metavar="ID", shell_complete=issue_ids)
@click.option("--to", "addresses", multiple=True, required=True, metavar="ADDRESS", help="Who gets it; repeatable.")
@click.option("--number", type=click.IntRange(min=0), metavar="N", help="As of this occurrence.")
@click.argument("more", nargs=-1, metavar="[ADDRESS]...")
@common
def test_send_command(
    face: Face, id_: str, addresses: tuple[str, ...], number: int | None, more: tuple[str, ...]
) -> int:
    """Send one issue as a marked message, outside the ledger.

    Its subject begins with [Test]; its links let nobody leave. Drafts can be sent too.
    """
    press, now = face.press_to_write(), face.now()
    (issue,) = read_shelf(press.publication).pick([id_])
    recipients = [usable_address(address) for address in (*addresses, *more)]
    for place, recipient in enumerate(dict.fromkeys(recipients)):
        letter = proof(press, issue, number, to=recipient, mark="Test", now=now)
        post_letter(press, letter, recipient=recipient, name=f"test-{issue.id}-{place}", at=now)
    sent = list(dict.fromkeys(recipients))
    face.show({"issue": issue.id, "to": sent}, lambda: f"{issue.id} as a test to {', '.join(sent)}")
    say_rehearsal(face)
    return 0


def _ask(face: Face, press: Press, release: Release, what: str, count: int, *, yes: bool) -> None:
    """Show what would go out, as whom, to whom, and ask."""
    if release.transport != press.transport:
        raise UsageError(f"{release.name} was released by {release.transport}; it is never sent by {press.transport}")
    head = f"{release.name}, released on {release.released_at:%Y-%m-%d}, {lateness(release.released_at, face.now())}"
    question = message_words(press, head, subject_of(release), f"{audience_of(release)}, {what}")
    confirm(question, yes=yes, count=count if press.transport == "smtp" else None)
