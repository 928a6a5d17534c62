"""Presses that break while they send, each a process of its own; nothing in what they run knows of it.

python breaking_press.py die FOLDER PORT FRAGMENT NTH     killed before the n-th statement that contains a text
python breaking_press.py watch FOLDER PORT NOTE           notes how much of the write-ahead log is on the disk for sure
python breaking_press.py zombie FOLDER PORT [RATE]        sends beside others, without the lock that keeps them apart
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sample_press import NOW, open_sample, with_relay
from sparkpub.adapters import smtp
from sparkpub.adapters.clock import boot_id
from sparkpub.adapters.ledger import Ledger
from sparkpub.errors import TransportError
from sparkpub.outgoing import Mailbag
from sparkpub.sending import relays, send

CONNECTIONS = 3


def die(folder: Path, port: int, fragment: str, nth: int) -> None:
    """Send, and be killed at a named point."""
    press = open_sample(folder, with_relay(port, connections=CONNECTIONS))
    seen = 0

    def on_statement(sql: str) -> None:
        nonlocal seen
        seen += fragment in sql
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    press.ledger._db._connection.set_trace_callback(on_statement)
    send(press, now=NOW)


class _Watched(Ledger):
    """A ledger that notes how long its write-ahead log was when all of it was last on the disk for sure."""

    note: Path

    def _write_note(self) -> None:
        assert self.path is not None
        size = self.path.with_name(f"{self.path.name}-wal").stat().st_size
        new = self.note.with_suffix(".new")
        new.write_text(str(size))
        new.replace(self.note)

    @contextmanager
    def hasty(self) -> Iterator[None]:
        self._write_note()
        with super().hasty():
            yield

    @contextmanager
    def durable(self) -> Iterator[None]:
        with super().durable():
            yield
        self._write_note()


def watch(folder: Path, port: int, note: Path) -> None:
    """Send from a ledger whose log only grows, and note what a power cut would leave of it."""
    press = open_sample(folder, with_relay(port, connections=CONNECTIONS))
    press.ledger._db.write("PRAGMA wal_autocheckpoint = 0")
    watched = _Watched(press.ledger._db)
    watched.note = note
    send(replace(press, ledger=watched), now=NOW)


def cut_power(folder: Path, note: Path) -> None:
    """Let a press that was killed have lost its power: its log ends where it was on the disk, a new boot begins."""
    wal = folder / "var" / "ledger.db-wal"
    short = wal.with_suffix(".short")
    short.write_bytes(wal.read_bytes()[: int(note.read_text())])
    short.replace(wal)
    wal.with_name("ledger.db-shm").unlink(missing_ok=True)
    press = open_sample(folder)
    press.ledger._db.write("UPDATE run SET boot = 'the boot before' WHERE ended_at IS NULL")
    press.ledger.close()


def zombie(folder: Path, port: int, rate: float | None = None) -> None:
    """Take the same batches as others do who send at the same time, all together no faster than a rate a second."""
    press = open_sample(folder, with_relay(port, connections=CONNECTIONS, rate_per_second=rate))
    epoch = press.ledger.begin_run(boot=boot_id(), pid=os.getpid(), at=NOW)
    bag = Mailbag(press, epoch=epoch, clock=lambda: NOW, only=None, limit=None)
    with press.ledger.hasty():
        try:
            asyncio.run(smtp.deliver(relays(press), bag, connections=CONNECTIONS))
        except TransportError as fault:
            sys.stderr.write(str(fault))
        bag.finish()
    press.ledger.close_run(epoch, at=NOW)


def main() -> None:
    kind, folder, port, *more = sys.argv[1:]
    if kind == "die":
        die(Path(folder), int(port), more[0], int(more[1]))
    elif kind == "watch":
        watch(Path(folder), int(port), Path(more[0]))
    else:
        zombie(Path(folder), int(port), float(more[0]) if more else None)


if __name__ == "__main__":
    main()
