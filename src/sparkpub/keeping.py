"""Keep a press: copy its ledger while it works, hand it over to another machine, put a copy back.

backup   ledger ──at one instant──▶ FILE                       the mirror can be written anew from it
restore  FILE + newer lines of the mirror ──▶ ledger, stopped   the ledger that was here is moved aside
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sparkpub.adapters.ledger import Ledger, copy_file, is_ledger_file, open_ledger
from sparkpub.adapters.locks import lock
from sparkpub.adapters.machine import machine_id
from sparkpub.adapters.mirror import Line, Mirror
from sparkpub.adapters.secrets import PUBLIC_KEY, fingerprint, load_secret
from sparkpub.core.model import Issue
from sparkpub.errors import BusyError, LedgerError, SparkpubError, UsageError
from sparkpub.mirroring import guard, keep_in_step, line_of
from sparkpub.press import FINGERPRINT, HANDED_OVER, KEY_NAME, MACHINE, STOPPED, Press, Publication, ledger_url
from sparkpub.replaying import Learned, replay

BACKED_UP = "backed_up_at"
_SCHEME = "sqlite:///"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore came to.

    `mirror` is the file that was read, None where there was none: then nothing is known that came after the backup.
    `aside` is where the ledger lies that was here before.
    """

    mirror: Path | None
    learned: Learned
    aside: Path | None


def back_up(press: Press, file: Path, *, now: datetime) -> None:
    """Copy the ledger as it is at this instant into a file that only its owner reads; an earlier backup is replaced.

    Raises:
        UsageError: the file is there and is no ledger.
        LedgerError: the ledger, or its copy, is damaged.
    """
    _refuse_other(press, file)
    with _beside(file) as new:
        press.ledger.copy_to(new)
        new.chmod(0o600)
        with closing(open_ledger(f"{_SCHEME}{new.absolute()}", file.parent)) as copy:
            if faults := copy.faults():
                raise LedgerError(f"the ledger is damaged ({faults[0]}); `sparkpub doctor` says more")
        _to_disk(new)
        new.replace(file)
    press.ledger.set_fact(BACKED_UP, now.isoformat())


def hand_over(press: Press, file: Path, *, now: datetime) -> None:
    """Copy the ledger into a file, and let nothing write to this one any more: the press goes on where it is restored.

    A hand-over that breaks off leaves this press closed; the same command again ends it.

    Raises:
        BusyError: something is being sent here.
        UsageError: the file is there and is no ledger.
    """
    _refuse_other(press, file)
    with press.lock():
        keep_in_step(press.ledger, press.publication.mirror, key=press.key)
        if not press.ledger.fact(HANDED_OVER):
            with press.ledger.transaction():
                press.ledger.set_fact(HANDED_OVER, f"on {now:%Y-%m-%d}, as {file.name}")
                press.ledger.record(now, "handed over", "press", "")
        try:
            back_up(press, file, now=now)
        except (SparkpubError, OSError):
            press.ledger.set_fact(HANDED_OVER, "")
            raise


def _refuse_other(press: Press, file: Path) -> None:
    """See that a backup replaces nothing but a backup."""
    if file.is_dir():
        raise UsageError(f"{file} is a folder; name a file in it, like {file / 'ledger.db'}")
    if file.exists() and (not is_ledger_file(file) or (press.ledger.path and file.samefile(press.ledger.path))):
        raise UsageError(f"{file} is there and is no backup; name another file")


def restore(
    publication: Publication,
    environ: Mapping[str, str],
    file: Path,
    *,
    mirror: Path | None,
    texts: Mapping[str, Issue],
    now: datetime,
) -> Restored:
    """Put a backup in the ledger's place, teach it what the mirror knows, and leave it stopped.

    `mirror` is one that was saved from elsewhere; without it the one here is read.

    Raises:
        UsageError: a file that was named is not there.
        LedgerError: the file is damaged or no ledger, was kept under another key, or is not the mirror's.
        BusyError: something is being sent here.
    """
    for path in filter(None, (file, mirror)):
        if not path.is_file():
            raise UsageError(f"there is no file {path}; name the backup, and with --mirror a saved ledger.jsonl")
    url = ledger_url(publication, environ)
    if not url.startswith(_SCHEME):
        raise LedgerError("`restore` puts back a ledger in SQLite; use the tools of the database for another")
    place = publication.folder / url.removeprefix(_SCHEME)
    with lock(publication.folder / "var" / "run.lock"):
        here = publication.mirror
        _save_news(place, here, key=_key(publication, environ) or PUBLIC_KEY)
        lines = _newest(here, Mirror(mirror) if mirror else None)
        place.parent.mkdir(parents=True, exist_ok=True)
        with _beside(place) as new:
            copy_file(file, new)
            new.chmod(0o600)
            key = _checked_key(publication, environ, new)
            with closing(open_ledger(f"{_SCHEME}{new.absolute()}", place.parent)) as ledger:
                ledger.mark_key = key
                learned = _taught(ledger, lines, publication, texts, name=file.name, now=now)
            _to_disk(new)
            aside = _moved_aside(place, now)
            new.replace(place)
        _complete_mirror(publication, here, lines, place, key)
    return Restored(mirror=mirror or (here.path if lines else None), learned=learned, aside=aside)


def _save_news(place: Path, mirror: Mirror, *, key: str) -> None:
    """Where the ledger that is here still works, have the mirror know all that it knows."""
    if not place.is_file() or not place.stat().st_size:
        return
    try:
        with closing(open_ledger(f"{_SCHEME}{place.absolute()}", place.parent)) as ledger:
            keep_in_step(ledger, mirror, key=key)
    except BusyError:
        raise
    except LedgerError:
        return  # damaged, or older than its mirror: that is why it is replaced


def _newest(here: Mirror, saved: Mirror | None) -> list[Line]:
    """The lines of the longer of two mirrors of the same ledger."""
    if saved is None:
        return here.lines()
    ours, theirs = here.lines(), saved.lines()
    if any(not one.is_of(other) for one, other in zip(ours, theirs, strict=False)):
        raise LedgerError(
            f"{saved.path} and {here.path} tell of two ledgers; move the one away that is not of the ledger you mean"
        )
    return max(ours, theirs, key=len)


def _key(publication: Publication, environ: Mapping[str, str]) -> str | None:
    """The key, if there is one."""
    return load_secret(publication.folder, KEY_NAME, environ)


def _checked_key(publication: Publication, environ: Mapping[str, str], file: Path) -> str:
    """The key that a backup was kept under."""
    with closing(open_ledger(f"{_SCHEME}{file.absolute()}", file.parent)) as ledger:
        known = ledger.fact(FINGERPRINT)
    key = _key(publication, environ)
    if known and (key is None or fingerprint(key) != known):
        why = "there is no key here" if key is None else "the backup was kept under another key"
        raise LedgerError(f"{why}; copy secrets.env from the machine that wrote the backup, then restore")
    return key or PUBLIC_KEY


def _refuse_foreign(ledger: Ledger, lines: list[Line], name: str) -> None:
    """See that a backup is of the ledger that the mirror belongs to."""
    for line in lines:
        event = ledger.event(line.n)
        if event is not None and not line.is_of(line_of(ledger, line.n, event)):
            raise LedgerError(
                f"{name} is no backup of the ledger that the mirror belongs to: the mirror has '{line}', where the "
                f"backup has '{event.verb} {event.subject}'; name another backup, or move the mirror away"
            )


def _taught(
    ledger: Ledger, lines: list[Line], publication: Publication, texts: Mapping[str, Issue], *, name: str, now: datetime
) -> Learned:
    """Let a copy learn what the mirror knows, and leave it stopped, as the press of this machine."""
    _refuse_foreign(ledger, lines, name)
    newer = [line for line in lines if line.n > ledger.last_event()]
    with ledger.transaction():
        learned = replay(ledger, newer, publication=publication, texts=texts, now=now)
        ledger.set_fact(HANDED_OVER, "")
        ledger.set_fact(MACHINE, machine_id())
        ledger.set_fact(STOPPED, f"restored on {now:%Y-%m-%d} from {name}; look at `sparkpub status` first")
        ledger.record(now, "restored", "press", "")
    return learned


def _moved_aside(place: Path, now: datetime) -> Path | None:
    """Give what is in the ledger's place another name, with what SQLite keeps beside it."""
    aside = place.with_name(f"{place.stem}-before-{now:%Y%m%dT%H%M%SZ}{place.suffix}")
    for ending in ("-wal", "-shm", ""):
        old = place.with_name(place.name + ending)
        if old.exists():
            old.rename(aside.with_name(aside.name + ending))
    return aside if aside.exists() else None


def _complete_mirror(publication: Publication, here: Mirror, lines: list[Line], place: Path, key: str) -> None:
    """Have the mirror here tell of all that the ledger knows now, beginning with what was read."""
    have = here.last()
    here.complete(
        lambda last: [line for line in lines if line.n > (last.n if last else 0)], is_durable=lambda _: have is None
    )
    with closing(open_ledger(f"{_SCHEME}{place.absolute()}", publication.folder)) as ledger:
        keep_in_step(ledger, here, key=key)
        guard(ledger, here)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name beside a file for what will take its place; whatever is left under it goes."""
    new = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        yield new
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            new.with_name(new.name + ending).unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Have a file on the disk, whatever happens to the power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
