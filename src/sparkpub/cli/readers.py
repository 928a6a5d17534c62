"""Readers: who gets it."""

import click

from sparkpub.cli.face import Face, common, say_rehearsal
from sparkpub.cli.letters import confirmation_words, post_lines
from sparkpub.cli.options import remember, shared_options
from sparkpub.cli.reader_changes import (
    erase_command,
    move_command,
    set_command,
    show_command,
    suppress_command,
)
from sparkpub.cli.reader_lists import export_command, import_command, list_command
from sparkpub.cli.reader_rows import reader_json
from sparkpub.core.records import SubscriberState
from sparkpub.readers.subscribing import add_confirmed, add_unconfirmed, find_reader, unsubscribe, usable_address


@click.group("subscribers")
@shared_options
@click.pass_context
def subscribers_command(ctx: click.Context, /, **given: object) -> None:
    """The readers: add, list, import, export, unsubscribe.

    They live in the ledger, on the press alone, and are in no repository.
    """
    remember(ctx, **given)


@subscribers_command.command("add")
@click.argument("address")
@click.option("--name", default="", metavar="NAME", help="The reader's name.")
@click.option("--confirmed", metavar="EVIDENCE", help="How and when this reader asked; no confirmation is sent then.")
@common
def add_command(face: Face, address: str, name: str, confirmed: str | None) -> int:
    """Add one reader.

    A confirmation with a link is sent to the address, and the reader is active once it was followed. Where the
    reader has asked already, on paper say, give that as evidence.
    """
    press = face.press_to_write()
    known = press.ledger.find_subscriber(usable_address(address))
    had_left = known is not None and known.state is SubscriberState.UNSUBSCRIBED
    was_active = known is not None and known.state is SubscriberState.ACTIVE
    if confirmed is not None:
        reader = add_confirmed(press, address, name=name, evidence=confirmed, now=face.now())
    else:
        reader = add_unconfirmed(press, address, name=name, now=face.now())
    face.show(reader_json(reader), lambda: f"{reader.address} is {reader.state}")
    if had_left and confirmed is None:
        face.say(f"{reader.address} had left, and stays so until the letter is answered")
    elif had_left:
        face.say(f"{reader.address} had left; the history keeps when, and the evidence now on file is the new wish")
    elif was_active:
        face.say(f"{reader.address} was active already; the evidence stands beside what was on file")
    if confirmed is not None and (reason := press.ledger.suppression(reader.address)):
        face.say(f"{reader.address} is never mailed: {reason}; `sparkpub subscribers unsuppress {reader.address}`")
    if confirmed is None:
        for line in post_lines(press, now=face.now()):
            face.say(line)
        face.say(confirmation_words(press, reader))
        say_rehearsal(face)
    return 0


@subscribers_command.command("unsubscribe")
@click.argument("address")
@common
def unsubscribe_command(face: Face, address: str) -> int:
    """Let a reader go; what is not sent yet is not sent any more."""
    press = face.press_to_write()
    reader = find_reader(press, address)
    has_left = reader.state is SubscriberState.UNSUBSCRIBED
    if not has_left:
        unsubscribe(press, reader, now=face.now())
    told = "had left already" if has_left else "has left"
    face.show({"email": reader.address, "status": "unsubscribed"}, lambda: f"{reader.address} {told}")
    return 0


@subscribers_command.command("unsuppress")
@click.argument("address")
@common
def unsuppress_command(face: Face, address: str) -> int:
    """Mail an address again that was suppressed.

    Whoever has left stays away.
    """
    press = face.press_to_write()
    usable = usable_address(address)
    is_taken_back = press.ledger.unsuppress(usable, face.now())
    told = "may be mailed again" if is_taken_back else "was not suppressed; nothing was changed"
    face.show({"email": usable, "unsuppressed": is_taken_back}, lambda: f"{usable} {told}")
    return 0


_OTHERS = (
    *(list_command, import_command, export_command),
    *(show_command, set_command, move_command, erase_command, suppress_command),
)
for _command in _OTHERS:
    subscribers_command.add_command(_command)
