"""Readers by the list: shown, taken in, given out."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from sparkpub.adapters.ledger import Choice
from sparkpub.cli.face import Face, common, plural, progress
from sparkpub.cli.reader_rows import reader_json, reader_row
from sparkpub.cli.tables import pages
from sparkpub.core.reader_list import Reject
from sparkpub.core.records import SubscriberState
from sparkpub.core.settings import AudienceSettings
from sparkpub.errors import UsageError
from sparkpub.readers.listing import Imported, Incoming, choice_of, export_list, import_list

_LIST_MAX = 500_000_000
_PIECE = 1 << 18
_HEAD = {"email": "Address", "name": "Name", "status": "Status", "language": "Language", "tags": "Tags"}


@click.command("list")
@click.option("--status", type=click.Choice([s.value for s in SubscriberState]), help="Only readers with this status.")
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Only readers with this tag; repeatable, any of them."
)
@click.option("--language", "languages", multiple=True, metavar="CODE", help="Only of this language; en is en-GB too.")
@click.option("--audience", metavar="NAME", help="Only whom a release for this audience reaches.")
@click.option("--count", "is_counted", is_flag=True, help="Only say how many they are.")
@common
def list_command(
    face: Face,
    status: str | None,
    tags: tuple[str, ...],
    languages: tuple[str, ...],
    audience: str | None,
    is_counted: bool,
) -> int:
    """List the readers, all or those of whom every condition holds."""
    press = face.press_to_read()
    choice = choice_of(
        press.publication.settings,
        state=SubscriberState(status) if status else None,
        segment=AudienceSettings(tags=tags, language=languages),
        audience=audience,
    )
    count = press.ledger.count_readers(choice)
    if is_counted:
        face.show({"readers": count}, lambda: f"{count:,}")
        return 0
    readers = press.ledger.readers(choice)
    face.show_rows(map(reader_json, readers), lambda: pages(_HEAD, map(reader_row, readers)))
    is_chosen = choice != Choice()
    who = f"{status} reader" if status else "reader"
    face.say(plural(count, who) if count else _nobody(status, is_chosen=is_chosen))
    return 0


def _nobody(status: str | None, *, is_chosen: bool) -> str:
    """What to say of an empty list."""
    if is_chosen:
        return f"no reader is {status}" if status else "no reader is like that"
    return 'no readers yet; `sparkpub subscribers add ADDRESS --confirmed "how and when"` adds one'


@click.command("import")
@click.argument("file", metavar="FILE.csv", type=click.Path(dir_okay=False, exists=True, allow_dash=True))
@click.option("--as", "state", type=click.Choice(["active", "unconfirmed"]), help="For rows that give no status.")
@click.option("--ask", "is_asking", is_flag=True, help="Ask who is unconfirmed to confirm, by letter, each once.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@common
def import_command(face: Face, file: str, state: str | None, is_asking: bool, dry_run: bool) -> int:
    """Take in readers from a CSV file, or from the input.

    FILE is - for the input. Columns are email, name, status, language, tags (separated by `;`), and wishes as `export`
    writes them; any other column is an attribute. Rows that cannot be used are listed with line and reason, the others
    go in; exit 1 then. Nobody who left is subscribed again, and nobody is mailed but by --ask.
    """
    press = face.press_to_write()
    rejects: list[Reject] = []

    def tell(reject: Reject) -> None:
        sys.stderr.write(f"{file}:{reject.line}: {reject.reason}\n")
        if face.as_json:
            rejects.append(reject)

    with progress(face, "importing") as advance:
        done = import_list(
            press,
            _incoming(file, SubscriberState(state) if state else None, is_asking=is_asking),
            is_dry_run=dry_run,
            now=face.now(),
            tell=tell,
            progress=advance,
        )
    face.show(_imported_json(done, rejects), lambda: _imported_text(done))
    if done.asked and not dry_run:
        face.say("`sparkpub run`, `serve` or `send` posts the letters, at the pace of [delivery]")
    return 1 if done.rejected else 0


def _incoming(file: str, state: SubscriberState | None, *, is_asking: bool) -> Incoming:
    """A list of readers: a regular file, or the input.

    Raises:
        UsageError: it is something else, which may never end.
    """
    if file == "-":
        return Incoming(name=file, pieces=_pieces(file), state=state, is_asking=is_asking)
    if not Path(file).is_file():
        raise UsageError(f"{file} is no regular file; name a CSV file, or - for the input")
    size = Path(file).stat().st_size
    return Incoming(name=file, pieces=_pieces(file), size=size, state=state, is_asking=is_asking)


def _pieces(file: str) -> Iterator[bytes]:
    """The bytes of a list, piece by piece.

    Raises:
        UsageError: there are too many for a list.
    """
    left = _LIST_MAX
    with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as opened:
        while piece := opened.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise UsageError(f"{file} is longer than {_LIST_MAX:,} bytes; is it a list? Split it")
            yield piece


def _imported_json(done: Imported, rejects: list[Reject]) -> dict[str, Any]:
    """An import as one document."""
    return {
        "added": done.added,
        "known": done.known,
        "asked": done.asked,
        "rejected": [reject._asdict() for reject in rejects],
        "dry_run": done.is_dry_run,
    }


def _imported_text(done: Imported) -> str:
    """An import in a line."""
    verb = "would be added" if done.is_dry_run else "added"
    known = f", {done.known:,} known already and left as they are" if done.known else ""
    refused = f", {plural(done.rejected, 'row')} refused" if done.rejected else ""
    asked = f", {plural(done.asked, 'letter')} to confirm{' would be' * done.is_dry_run} queued" if done.asked else ""
    return f"{plural(done.added, 'reader')} {verb}{known}{refused}{asked}"


@click.command("export")
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="File to write (default: the output).")
@click.option("--audience", metavar="NAME", help="Only whom a release for this audience reaches.")
@common
def export_command(face: Face, out: str | None, audience: str | None) -> int:
    """Write all readers, or those of an audience, as CSV.

    It is what `import` takes. A file can be read by its owner alone.
    """
    press = face.press_to_read()
    choice = choice_of(press.publication.settings, audience=audience)
    if out is not None:
        from sparkpub.adapters.files import write_private

        write_private(Path(out), (piece.encode() for piece in export_list(press, choice)))
        readers = press.ledger.count_readers(choice)
        face.show({"out": out, "readers": readers}, lambda: f"{plural(readers, 'reader')} written to {out}")
    else:
        pieces = (piece.replace("\r\n", "\n").removesuffix("\n") for piece in export_list(press, choice))
        face.show_rows(map(reader_json, press.ledger.readers(choice)), lambda: pieces)
    return 0
