"""The spool: wishes to leave that came while the ledger could not be written, kept until it can.

A line an entry, appended under a lock and on the disk before the answer goes out. The file is its owner's alone, and
nobody else's words are believed: a link, a pipe, a line that is none of ours.
"""

import errno
import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from sparkpub.core.instants import instant_text, read_instant
from sparkpub.errors import BusyError, LedgerError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NUMBER_MAX = 2**63  # what a ledger can hold
_PIECE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A reader who left, and when."""

    subscriber_id: int
    at: datetime


class Spool:
    """The spool's file; it need not be there."""

    def __init__(self, path: Path) -> None:
        """Keep entries in this file."""
        self.path = path

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        try:
            return self.path.stat().st_size == 0
        except OSError:
            return True

    def append(self, leaving: Leaving) -> None:
        """Keep an entry; it is on the disk when this returns.

        Raises:
            BusyError: the disk is full.
            LedgerError: the file cannot be written.
        """
        row = {"reader": leaving.subscriber_id, "at": instant_text(leaving.at)}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked(_FLAGS | os.O_APPEND | os.O_CREAT) as descriptor:
                _write(descriptor, f"{_begin(descriptor)}{json.dumps(row)}\n".encode("ascii"))
                os.fsync(descriptor)
        except OSError as error:
            raise self._explained(error) from error

    def absorb(self, take: Callable[[Sequence[Leaving]], None]) -> int:
        """Have `take` have all that waits, then forget it; if it raises, everything stays. Returns how many that were.

        A line that was torn off is passed over: its sender was not answered, and asks again.
        """
        if self.is_empty:
            return 0
        try:
            with self._locked(_FLAGS) as descriptor:
                with os.fdopen(os.dup(descriptor), "rb") as file:
                    entries = [entry for line in _lines(file) if (entry := _entry(line))]
                take(entries)
                os.ftruncate(descriptor, 0)
                os.fsync(descriptor)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._explained(error) from error
        return len(entries)

    @contextmanager
    def _locked(self, flags: int) -> Iterator[int]:
        """The file, which is a plain one and readable by its owner alone, while nobody else has it."""
        descriptor = os.open(self.path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no file")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _explained(self, error: OSError) -> BusyError | LedgerError:
        if error.errno in _FULL:
            return BusyError(f"{self.path}: the disk is full; make room")
        return LedgerError(f"{self.path}: {error.strerror}; check who may write it")


def _write(descriptor: int, line: bytes) -> None:
    """Write a line, whole: what is torn off is no wish."""
    if os.write(descriptor, line) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _begin(descriptor: int) -> str:
    """What must stand before a new line: an end for one that was torn off."""
    size = os.fstat(descriptor).st_size
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file; of one without an end, a piece at a time."""
    while line := file.readline(_PIECE):
        yield line


def _entry(line: bytes) -> Leaving | None:
    """A line as it was written, None if it is none of ours."""
    try:
        row = json.loads(line)
        at = read_instant(row["at"])
        number = row["reader"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_number = type(number) is int and 0 <= number < _NUMBER_MAX
    return Leaving(subscriber_id=number, at=at) if is_number else None
