"""What all commands share: the common options, opening the publication, and how results are shown."""

import functools
import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import click

from sparkpub.cli.options import note_output, remember, shared_options
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
    _press: Press | None = field(default=None, repr=False)
    _can_write: bool = field(default=False, repr=False)

    @property
    def publication(self) -> Publication:
        """The publication here, opened once."""
        if self._publication is None:
            self._publication = open_publication(self.publication_folder or os.curdir)
        return self._publication

    def press_to_read(self) -> Press:
        """The publication with its ledger, for a command that changes nothing; it needs no secret.

        Raises:
            CopyError: this folder is a copy.
        """
        if self._press is None:
            self._press = open_press(self.publication, os.environ, needs_key=False)
        return self._press

    def press_to_write(self) -> Press:
        """The publication with its ledger, for a command that changes it.

        Raises:
            UsageError: `--now` is given and the transport is smtp: pretending would write a false time.
            CopyError: this folder is a copy.
        """
        self.now_to_write()
        if self._press is None or not self._can_write:
            self.close()
            self._press = open_press(self.publication, os.environ)
            self._can_write = True
        return self._press

    def press_or_copy(self) -> Press:
        """The press, or on a copy a press that has released nothing: for commands that only read."""
        try:
            return self.press_to_read()
        except CopyError:
            self.say("this is a copy: what was released is known only on the press")
            self._press = open_copy(self.publication)
            return self._press

    def close(self) -> None:
        """Let the ledger go."""
        if self._press is not None:
            self._press.ledger.close()

    def now(self) -> datetime:
        """The instant in UTC: the clock's, or the one that `--now` pretends."""
        if self.pretended_now is None:
            from sparkpub.adapters import clock

            return clock.now()
        return instant(self.pretended_now, self.publication.zone)

    def now_to_write(self) -> datetime:
        """The instant as a command may write it down.

        Raises:
            UsageError: `--now` is given and the transport is smtp: pretending would write a false time.
        """
        if self.pretended_now and self.publication.settings.delivery.transport == "smtp":
            raise UsageError("--now would write a false time into the ledger of a press that mails; leave it out")
        return self.now()

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
        note_output()
        if self.as_json:
            click.echo(_json(document))
        elif written := text():
            click.echo(written)

    def show_rows(self, documents: Iterable[Any], texts: Callable[[], Iterable[str]]) -> None:
        """Print a result of any length as it comes: one JSON list, or what `texts` writes, piece by piece."""
        note_output()
        if not self.as_json:
            for text in texts():
                click.echo(text)
            return
        before = "[\n"
        for document in documents:
            sys.stdout.write(before + textwrap.indent(_json(document), "  "))
            before = ",\n"
        click.echo("[]" if before == "[\n" else "\n]")


def _json(document: Any) -> str:  # noqa: ANN401 - any JSON document
    """A document as it is printed: in the letters of its language where the output takes them."""
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(document, ensure_ascii=not is_unicode, indent=2)


def instant(text: str, zone: tzinfo) -> datetime:
    """An instant as typed, in UTC; without an offset it is read in `zone`.

    Raises:
        UsageError: it is no ISO 8601 date or time.
    """
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is None:
            read = read.replace(tzinfo=zone)
        return read.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise UsageError(f"--now '{text}' is no instant; write it like 2017-09-04T07:00 or 2017-09-04") from None


def common(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the options that every command takes, and its `Face` as first argument."""

    @shared_options
    @click.pass_context
    @functools.wraps(command)
    def with_face(
        ctx: click.Context, /, publication: str | None, now: str | None, as_json: bool, quiet: bool, **rest: object
    ) -> int | None:
        given = remember(ctx, publication=publication, now=now, as_json=as_json, quiet=quiet)
        face = Face(
            publication_folder=given.get("publication"),
            pretended_now=given.get("now"),
            as_json=given.get("as_json", False),
            is_quiet=given.get("quiet", False),
        )
        try:
            return command(face, **rest)
        finally:
            face.close()

    return with_face


def confirm(question: str, *, yes: bool, count: int | None = None) -> None:
    """Ask before something that cannot be taken back; where people are mailed, `count` is to be typed.

    Raises:
        UsageError: the answer was no; or there is no terminal to ask on, and `--yes` was not given.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{question}\nnothing was done: there is no terminal to ask on; add --yes to go ahead")
    click.echo(question, err=True)
    try:
        if count is None:
            is_agreed = click.confirm("Go ahead?", err=True)
        else:
            typed = click.prompt(f"Type {count} to mail them", err=True, default="", show_default=False)
            is_agreed = typed == str(count)
    except click.Abort:
        click.echo(err=True)
        raise
    if not is_agreed:
        raise UsageError("nothing was done")


REHEARSAL = "rehearsal: nobody was mailed"


def say_rehearsal(face: Face) -> None:
    """End a summary with the plain truth where the transport only rehearses."""
    if face.publication.settings.delivery.transport == "maildir":
        face.say(REHEARSAL)


def from_here(path: Path) -> Path:
    """A path as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def plural(count: int, noun: str) -> str:
    """`1 reader`, `2 readers`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@contextmanager
def progress(face: Face, what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, nothing elsewhere; it is told how many are done, of how many (0: who knows)."""
    if face.is_quiet or face.as_json or not sys.stderr.isatty():
        yield lambda done, total: None  # noqa: ARG005 - the same shape as below
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
