"""Readers: who gets it."""

import sys
from pathlib import Path
from typing import Any

import click

from sparkpub.cli.face import Face, common, plural, progress, say_rehearsal
from sparkpub.cli.options import remember, shared_options
from sparkpub.cli.tables import table
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.errors import UsageError
from sparkpub.subscribing import (
    Imported,
    add_confirmed,
    add_unconfirmed,
    export_list,
    find_reader,
    import_list,
    unsubscribe,
    usable_address,
)


@click.group("subscribers")
@shared_options
@click.pass_context
def subscribers_command(ctx: click.Context, /, **given: object) -> None:
    """The readers: add, list, import, export, unsubscribe.

    They live in the ledger, on the press alone, and are in no repository.
    """
    remember(ctx, **given)


def reader_json(reader: Subscriber) -> dict[str, Any]:
    """A reader as one document."""
    return {
        "email": reader.address,
        "name": reader.name,
        "status": reader.state.value,
        "suppressed": reader.is_suppressed,
        "language": reader.language,
        "tags": list(reader.tags),
        "attributes": dict(reader.attributes),
        "evidence": reader.evidence,
    }


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
    if confirmed is not None:
        reader = add_confirmed(press, address, name=name, evidence=confirmed, now=face.now())
    else:
        reader = add_unconfirmed(press, address, name=name, now=face.now())
    face.show(reader_json(reader), lambda: f"{reader.address} is {reader.state}")
    if had_left:
        face.say(f"{reader.address} had left; the history keeps when, and the evidence now on file is the new wish")
    if confirmed is None:
        face.say("a confirmation was written; the reader becomes active by following its link")
        say_rehearsal(face)
    return 0


@subscribers_command.command("list")
@click.option("--status", type=click.Choice([s.value for s in SubscriberState]), help="Only readers with this status.")
@common
def list_readers_command(face: Face, status: str | None) -> int:
    """List the readers."""
    press = face.press_to_read()
    readers = [r for r in press.ledger.subscribers() if status in (None, r.state.value)]
    head = {"email": "Address", "name": "Name", "status": "Status", "language": "Language", "tags": "Tags"}
    face.show([reader_json(r) for r in readers], lambda: table(head, [_row(r) for r in readers]) if readers else "")
    chosen = f" {status}" if status else ""
    face.say(f"{len(readers):,}{chosen} {'reader' if len(readers) == 1 else 'readers'}" if readers else _nobody(status))
    return 0


def _nobody(status: str | None) -> str:
    """What to say of an empty list."""
    if status:
        return f"no reader is {status}"
    return 'no readers yet; `sparkpub subscribers add ADDRESS --confirmed "how and when"` adds one'


def _row(reader: Subscriber) -> dict[str, str]:
    """A reader as a row of the table."""
    status = f"{reader.state}, suppressed" if reader.is_suppressed else reader.state.value
    return {
        "email": reader.address,
        "name": reader.name,
        "status": status,
        "language": reader.language,
        "tags": ", ".join(reader.tags),
    }


@subscribers_command.command("import")
@click.argument("file", metavar="FILE.csv", type=click.Path(dir_okay=False, exists=True, allow_dash=True))
@click.option("--as", "state", type=click.Choice(["active", "unconfirmed"]), help="For rows that give no status.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@common
def import_command(face: Face, file: str, state: str | None, dry_run: bool) -> int:
    """Take in readers from a CSV file, or from the input where FILE is -.

    Columns are email, name, status, language and tags (separated by `;`); any other column is an attribute. Rows
    that cannot be used are listed with line and reason, the others go in; exit 1 then. Nobody who left is subscribed
    again, and nobody is mailed.
    """
    press = face.press_to_write()
    with progress(face, "importing") as advance:
        done = import_list(
            press,
            _bytes_of(file),
            path=file,
            state=SubscriberState(state) if state else None,
            is_dry_run=dry_run,
            now=face.now(),
            progress=advance,
        )
    for reject in done.rejects:
        click.echo(f"{file}:{reject.line}: {reject.reason}", err=True)
    face.show(_imported_json(done), lambda: _imported_text(done))
    return 1 if done.rejects else 0


_LIST_MAX = 500_000_000


def _bytes_of(file: str) -> bytes:
    """A list of readers: a regular file, or the input.

    Raises:
        UsageError: it is something else, which may never end, or too big to be a list.
    """
    if file == "-":
        data = sys.stdin.buffer.read(_LIST_MAX + 1)
    elif not Path(file).is_file():
        raise UsageError(f"{file} is no regular file; name a CSV file, or - for the input")
    else:
        with Path(file).open("rb") as opened:
            data = opened.read(_LIST_MAX + 1)
    if len(data) > _LIST_MAX:
        raise UsageError(f"{file} is longer than {_LIST_MAX:,} bytes; is it a list? Split it")
    return data


def _imported_json(done: Imported) -> dict[str, Any]:
    """An import as one document."""
    return {
        "added": done.added,
        "known": done.known,
        "rejected": [{"line": reject.line, "reason": reject.reason} for reject in done.rejects],
        "dry_run": done.is_dry_run,
    }


def _imported_text(done: Imported) -> str:
    """An import in a line."""
    verb = "would be added" if done.is_dry_run else "added"
    known = f", {done.known:,} known already and left as they are" if done.known else ""
    refused = f", {plural(len(done.rejects), 'row')} refused" if done.rejects else ""
    return f"{plural(done.added, 'reader')} {verb}{known}{refused}"


@subscribers_command.command("export")
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="File to write (default: the output).")
@common
def export_command(face: Face, out: str | None) -> int:
    """Write all readers as CSV, in the form that `import` takes."""
    press = face.press_to_read()
    if out is not None:
        from sparkpub.adapters.files import write_if_changed

        write_if_changed(Path(out), "".join(export_list(press)).encode())
        readers = sum(1 for _ in press.ledger.subscribers())
        face.show({"out": out, "readers": readers}, lambda: f"{plural(readers, 'reader')} written to {out}")
    elif face.as_json:
        face.show([reader_json(reader) for reader in press.ledger.subscribers()], str)
    else:
        sys.stdout.writelines(line.replace("\r\n", "\n") for line in export_list(press))
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
    """Mail an address again that was refused or complained of; whoever has left stays away."""
    press = face.press_to_write()
    usable = usable_address(address)
    is_taken_back = press.ledger.unsuppress(usable, face.now())
    told = "may be mailed again" if is_taken_back else "was not suppressed; nothing was changed"
    face.show({"email": usable, "unsuppressed": is_taken_back}, lambda: f"{usable} {told}")
    return 0
