"""The spool: wishes to leave that came while the ledger could not be written, kept until it can.

A line an entry, appended under a lock and on the disk before the answer goes out.
"""

import errno
import fcntl
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sparkpub.errors import BusyError, LedgerError

_FULL = (errno.ENOSPC, errno.EDQUOT)


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
        row = {"reader": leaving.subscriber_id, "at": f"{leaving.at:%Y-%m-%dT%H:%M:%SZ}"}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                os.write(descriptor, f"{_begin(descriptor)}{json.dumps(row)}\n".encode("ascii"))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._explained(error) from error

    def absorb(self, take: Callable[[Sequence[Leaving]], None]) -> int:
        """Have `take` have all that waits, then forget it; if it raises, everything stays. Returns how many that were.

        A line that was torn off is passed over: its sender was not answered, and asks again.
        """
        if self.is_empty:
            return 0
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                with os.fdopen(os.dup(descriptor), "rb") as file:
                    entries = [entry for line in file.read().splitlines() if (entry := _entry(line))]
                take(entries)
                os.ftruncate(descriptor, 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._explained(error) from error
        return len(entries)

    def _explained(self, error: OSError) -> BusyError | LedgerError:
        if error.errno in _FULL:
            return BusyError(f"{self.path}: the disk is full; make room")
        return LedgerError(f"{self.path}: {error.strerror}; check who may write it")


def _begin(descriptor: int) -> str:
    """What must stand before a new line: an end for one that was torn off."""
    size = os.fstat(descriptor).st_size
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


def _entry(line: bytes) -> Leaving | None:
    """A line as it was written, None if it is none of ours."""
    try:
        row = json.loads(line)
        at = datetime.strptime(row["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        return Leaving(subscriber_id=int(row["reader"]), at=at)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
