"""Open a publication for reading, and the press for writing: what the use cases are given.

folder ──open_publication──▶ Publication (settings, templates, zones)   works in every checkout
Publication ──open_press───▶ Press (and the ledger, the key)            only where the ledger is
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sparkpub.adapters.config import find_publication, load_settings
from sparkpub.adapters.ledger import Ledger, open_ledger
from sparkpub.adapters.locks import lock
from sparkpub.adapters.machine import machine_id
from sparkpub.adapters.mirror import Mirror
from sparkpub.adapters.secrets import PUBLIC_KEY, fingerprint, load_secret
from sparkpub.adapters.zones import zone
from sparkpub.core.durations import seconds
from sparkpub.core.settings import Settings
from sparkpub.errors import CopyError, LedgerError, UsageError
from sparkpub.mirroring import guard, keep_in_step, refuse_lost

if TYPE_CHECKING:  # a build that changes nothing renders and decides nothing
    import jinja2

    from sparkpub.core.decisions import Pace

KEY_NAME = "SPARKPUB_SECRET_KEY"
FINGERPRINT, STOPPED = "key_fingerprint", "stopped"
MACHINE, HANDED_OVER = "machine", "handed_over"


@dataclass(frozen=True)
class Publication:
    """The newsletter: one `sparkpub.toml` with its issues and templates, as any checkout has it."""

    folder: Path
    settings: Settings

    @property
    def mirror(self) -> Mirror:
        """The ledger's mirror."""
        return Mirror(self.folder / self.settings.ledger.mirror)

    @cached_property
    def source(self) -> str:
        """The settings as their file has them."""
        return (self.folder / "sparkpub.toml").read_text(encoding="utf-8")

    @cached_property
    def templates(self) -> "jinja2.Environment":
        """The publication's theme."""
        from sparkpub.adapters.templates import environment

        return environment(self.folder)

    @property
    def zone(self) -> tzinfo:
        """The zone in which dates and times are read that name none."""
        return zone(self.settings.publication.timezone)

    @property
    def pace(self) -> "Pace":
        """How late, how rarely and how close together releases may be."""
        from sparkpub.core.decisions import Pace

        schedule = self.settings.schedule
        return Pace(
            grace=timedelta(seconds=seconds(schedule.grace)),
            max_gap=timedelta(seconds=seconds(schedule.max_gap)),
            min_spacing=timedelta(seconds=seconds(schedule.min_spacing)),
        )

    @property
    def is_strict(self) -> bool:
        """Whether only what a person has seen goes out: an edit after approval holds an issue."""
        return self.settings.schedule.approval == "strict"

    @property
    def series_order(self) -> Mapping[str, int]:
        """The order of each series among the others."""
        return {id_: series.order for id_, series in self.settings.series.items()}


@dataclass(frozen=True, slots=True)
class Press:
    """The one machine that holds the ledger and releases; every other checkout is a copy.

    `state` is the folder of everything that is in no repository (locks, caches), `outbox` the Maildir that
    rehearsals write into, `stop_file` the file whose presence stops everything.
    """

    publication: Publication
    ledger: Ledger
    key: str
    state: Path
    outbox: Path
    stop_file: Path

    def lock(self) -> AbstractContextManager[None]:
        """Hold, inside, the right to release and send; it ends with the process, whatever kills it.

        Raises:
            BusyError: another process has it.
        """
        return lock(self.state / "run.lock")

    def stopped(self) -> str:
        """Why nothing may be released or sent, "" if nothing forbids it."""
        if self.stop_file.exists():
            return f"there is a file {self.stop_file.name}"
        return self.ledger.fact(STOPPED) or ""

    @property
    def transport(self) -> str:
        """What a release made now will be sent by."""
        return self.publication.settings.delivery.transport


def open_publication(start: str | Path) -> Publication:
    """The publication in `start` or the nearest folder above it.

    Raises:
        UsageError: there is none.
        InputError: its settings have faults.
    """
    folder = find_publication(Path(start))
    return Publication(folder=folder, settings=load_settings(folder))


def open_press(
    publication: Publication, environ: Mapping[str, str], *, needs_key: bool = True, busy_seconds: float = 10.0
) -> Press:
    """The publication with its ledger; who only reads it needs no key. Another process is waited for `busy_seconds`.

    Raises:
        CopyError: there is no ledger here, or it was handed over to another machine.
        LostLedgerError: there was one.
        LedgerError: it was kept under another key, or lacks what its mirror has.
        UsageError: it mails, and there is no key that `needs_key` asks for.
    """
    ledger = _ledger(publication, environ, busy_seconds)
    try:
        key = _key(publication, ledger, environ, is_needed=needs_key)
        if needs_key:
            _refuse_handed_over(ledger)
            keep_in_step(ledger, publication.mirror, key=key)
            mind_machine(ledger)
        else:
            ledger.mark_key = key
            guard(ledger, publication.mirror)
    except BaseException:
        ledger.close()
        raise
    state = publication.folder / "var"
    return Press(
        publication=publication,
        ledger=ledger,
        key=key,
        state=state,
        outbox=state / "outbox",
        stop_file=publication.folder / "STOP",
    )


def open_copy(publication: Publication) -> Press:
    """The publication with an empty ledger in memory, for commands that only read, where the press is elsewhere."""
    state = publication.folder / "var"
    return Press(
        publication=publication,
        ledger=open_ledger("sqlite://", publication.folder),
        key=PUBLIC_KEY,
        state=state,
        outbox=state / "outbox",
        stop_file=publication.folder / "STOP",
    )


def ledger_url(publication: Publication, environ: Mapping[str, str]) -> str:
    """Where the ledger is: a secret says so, or the settings."""
    return load_secret(publication.folder, "SPARKPUB_LEDGER_URL", environ) or publication.settings.ledger.url


def _ledger(publication: Publication, environ: Mapping[str, str], busy_seconds: float) -> Ledger:
    """The ledger, unless it never was here or is lost."""
    url = ledger_url(publication, environ)
    try:
        return open_ledger(url, publication.folder, busy_seconds=busy_seconds)
    except CopyError:
        refuse_lost(publication.mirror, url.removeprefix("sqlite:///"))
        raise


def _refuse_handed_over(ledger: Ledger) -> None:
    """See that no other machine is the press now."""
    if handed := ledger.fact(HANDED_OVER):
        raise CopyError(
            f"this press was handed over: {handed}; work on the machine where that was restored, or take the press "
            "back with `sparkpub restore FILE`"
        )


def mind_machine(ledger: Ledger) -> None:
    """Stop a ledger that finds itself on another machine: there may be two presses now, and only a person knows."""
    here, known = machine_id(), ledger.fact(MACHINE)
    if not here or known == here:
        return
    with ledger.transaction():
        ledger.set_fact(MACHINE, here)
        if known is not None:
            ledger.set_fact(STOPPED, _MOVED)


_MOVED = "its ledger was kept on another machine until now; see that no press runs there any more"


def _key(publication: Publication, ledger: Ledger, environ: Mapping[str, str], *, is_needed: bool) -> str:
    """The key that signs links and message ids, checked against the one the ledger was begun with."""
    key = load_secret(publication.folder, KEY_NAME, environ)
    if key is None:
        if is_needed and publication.settings.delivery.transport == "smtp":
            raise UsageError(
                f"{KEY_NAME} is not set and secrets.env has none; `sparkpub init --press .` writes one on a new press, "
                "on a moved one copy secrets.env from the old machine"
            )
        return PUBLIC_KEY
    known = ledger.fact(FINGERPRINT)
    if known not in (None, fingerprint(key)):
        raise LedgerError("the ledger was kept under another key; copy secrets.env from the old machine")
    return key
