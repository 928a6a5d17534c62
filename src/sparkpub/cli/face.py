"""What all commands share: the common options, opening the publication, and how results are shown."""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import click

from sparkpub.errors import CopyError, Fault, UsageError
from sparkpub.press import Press, Publication, open_copy, open_press, open_publication


@dataclass(slots=True, kw_only=True)
class Face:
    """One invocation: where, when, and how to answer."""

    publication_folder: str | None = None
    pretended_now: str | None = None
    as_json: bool = False
    is_quiet: bool = False
    _publication: Publication | None = field(default=None, repr=False)

    @property
    def publication(self) -> Publication:
        """The publication here, opened once."""
        if self._publication is None:
            self._publication = open_publication(self.publication_folder or os.curdir)
        return self._publication

    def press(self) -> Press:
        """The publication with its ledger, for reading."""
        return open_press(self.publication, os.environ)

    def press_to_write(self) -> Press:
        """The publication with its ledger, for a command that changes it.

        Raises:
            UsageError: `--now` is given and the transport is smtp: pretending would write a false time.
            CopyError: this folder is a copy.
        """
        if self.pretended_now and self.publication.settings.delivery.transport == "smtp":
            raise UsageError("--now would write a false time into the ledger of a press that mails; leave it out")
        return self.press()

    def press_or_copy(self) -> Press:
        """The press, or on a copy a press that has released nothing: for commands that only read."""
        try:
            return self.press()
        except CopyError:
            self.say("this is a copy: what the press has released is known only there")
            return open_copy(self.publication)

    def now(self) -> datetime:
        """The instant in UTC: the clock's, or the one that `--now` pretends."""
        if self.pretended_now is None:
            from sparkpub.adapters import clock

            return clock.now()
        return instant(self.pretended_now, self.publication)

    def say(self, message: str) -> None:
        """Tell something beside the result, on stderr, unless `--quiet`."""
        if not self.is_quiet:
            click.echo(message, err=True)

    def tell(self, faults: Iterable[Fault]) -> None:
        """Name the faults of broken files on stderr; the sound issues go on."""
        for fault in faults:
            click.echo(str(fault), err=True)

    def show(self, document: Any, text: Callable[[], str]) -> None:  # noqa: ANN401 - any JSON document
        """Print the result: one JSON document, or what `text` writes."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        elif written := text():
            click.echo(written)


def instant(text: str, publication: Publication) -> datetime:
    """An instant as typed, in UTC; without an offset it is read in the publication's zone.

    Raises:
        UsageError: it is no ISO 8601 date or time.
    """
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is None:
            read = read.replace(tzinfo=publication.zone)
        return read.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise UsageError(f"--now '{text}' is no instant; write it like 2017-09-04T07:00 or 2017-09-04") from None


def common(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the options that every command takes, and its `Face` as first argument."""

    @click.option("--publication", "publication", metavar="DIR", help="Folder of the publication.")
    @click.option("--now", metavar="INSTANT", help="Pretend it is this instant.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @click.option("--quiet", is_flag=True, help="Print only what was asked for.")
    @click.pass_context
    @functools.wraps(command)
    def with_face(
        ctx: click.Context, /, publication: str | None, now: str | None, as_json: bool, quiet: bool, **rest: object
    ) -> int | None:
        above = ctx.find_root().obj or {}
        face = Face(
            publication_folder=publication or above.get("publication"),
            pretended_now=now or above.get("now"),
            as_json=as_json or above.get("as_json", False),
            is_quiet=quiet or above.get("quiet", False),
        )
        return command(face, **rest)

    return with_face


def confirm(question: str, *, yes: bool, count: int | None = None) -> None:
    """Ask before something that cannot be taken back; where people are mailed, `count` is to be typed.

    Raises:
        UsageError: there is no terminal to ask on, and `--yes` was not given.
        click.Abort: the answer was no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{question}\nnothing was done: there is no terminal to ask on; add --yes to go ahead")
    click.echo(question, err=True)
    if count is None:
        click.confirm("Go ahead?", abort=True, err=True)
    elif click.prompt(f"Type {count} to mail them", err=True, default="", show_default=False) != str(count):
        raise click.Abort


def plural(count: int, noun: str) -> str:
    """`1 reader`, `2 readers`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@contextmanager
def progress(face: Face, what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, nothing elsewhere; the callback takes how many are done, of how many."""
    if face.is_quiet or face.as_json or not sys.stderr.isatty():
        yield lambda done, total: None  # noqa: ARG005 - the same shape as below
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def table(head: Mapping[str, str], rows: Sequence[Mapping[str, str]]) -> str:
    """Rows under a head as aligned columns; `head` maps keys to titles. Coloured only on a terminal.

    The last column takes what the terminal leaves; on a pipe nothing is cut.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    is_terminal = sys.stdout.isatty()
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for title in head.values():
        grid.add_column(title, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(row[key], style=_STYLES.get(row[key], "")) for key in head))
    console = Console(force_terminal=is_terminal, width=None if is_terminal else 200, highlight=False)
    with console.capture() as capture:
        console.print(grid)
    return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())


_STYLES = {
    "queued": "green",
    "released": "blue",
    "finished": "green",
    "held": "yellow",
    "missed": "red",
    "stopped": "yellow",
    "past": "dim",
    "skipped": "dim",
    "unqueued": "dim",
    "fault": "red",
}
