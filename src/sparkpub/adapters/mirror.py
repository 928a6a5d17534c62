"""The ledger's mirror: a file that is only ever added to, one line an event, each written after its commit.

It knows nobody's address. It notices when an older ledger is put back, and tells that one what it lacks.
"""

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sparkpub.core.instants import instant_text, read_instant
from sparkpub.errors import BusyError, LedgerError

_TAIL = 65_536
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event of the ledger under its number there. `release` holds what a restored ledger must know of a release."""

    n: int
    at: datetime
    verb: str
    subject: str
    detail: str = ""
    release: Mapping[str, Any] = field(default_factory=dict)

    def is_of(self, other: "Line") -> bool:
        """Whether both tell of the same event."""
        return (self.n, self.at, self.verb, self.subject) == (other.n, other.at, other.verb, other.subject)

    def __str__(self) -> str:
        """`released a at 2017-09-04 07:00 UTC`."""
        return f"{self.verb} {self.subject} at {self.at:%Y-%m-%d %H:%M} UTC"


class Mirror:
    """The mirror's file."""

    def __init__(self, path: Path) -> None:
        """Keep the mirror in this file; it need not be there."""
        self.path = path

    @property
    def is_there(self) -> bool:
        """Whether there is anything in it."""
        with contextlib.suppress(OSError):
            return self.path.stat().st_size > 0
        return False

    def last(self) -> Line | None:
        """The last whole line, None if there is none. A line that is torn off, or being written, does not count.

        Raises:
            LedgerError: the file is no mirror, or cannot be read.
        """
        try:
            with self._errors(), self.path.open("rb") as file:
                return self._last(_tail(file.fileno())[0])
        except FileNotFoundError:
            return None

    def lines(self) -> list[Line]:
        """Every whole line.

        Raises:
            LedgerError: one of them cannot be read, or lines before the last are missing.
        """
        try:
            with self._errors():
                data = self.path.read_bytes()
        except FileNotFoundError:
            return []
        found: list[Line] = []
        for number, text in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), 1):
            line = self._parsed(text, f":{number}")
            if found and line.n != found[-1].n + 1:
                raise LedgerError(f"{self.path}:{number}: lines are missing before event {line.n}; {_MEND}")
            found.append(line)
        return found

    def complete(self, missing: Callable[[Line | None], Sequence[Line]], *, is_durable: Callable[[Line], bool]) -> None:
        """Mend a torn end, then add what `missing` gives for the last line, in one write and under a lock.

        If any of it `is_durable`, all is on the disk afterwards.

        Raises:
            LedgerError: the file is no mirror, or cannot be written.
            BusyError: the disk is full.
        """
        with self._errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                whole, end = _tail(descriptor)
                if end != os.fstat(descriptor).st_size:
                    os.ftruncate(descriptor, end)
                lines = missing(self._last(whole))
                if lines:
                    _append(descriptor, "".join(map(_text, lines)).encode(), end)
                    if any(map(is_durable, lines)):
                        os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _last(self, whole: bytes) -> Line | None:
        """The last of some whole lines."""
        lines = whole.splitlines()
        return self._parsed(lines[-1], "") if lines else None

    def _parsed(self, text: bytes, place: str) -> Line:
        """A line as it was written."""
        try:
            row = json.loads(text)
            return Line(
                n=int(row["n"]),
                at=read_instant(row["at"]),
                verb=str(row["verb"]),
                subject=str(row["subject"]),
                detail=str(row.get("detail", "")),
                release=dict(row.get("release", {})),
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise LedgerError(f"{self.path}{place} is no line of a mirror; {_MEND}") from error

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the system's errors into ours; a file that is not there passes."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno in _FULL:
                raise BusyError(f"{self.path}: the disk is full; make room and run the same command again") from error
            raise LedgerError(f"{self.path}: {error.strerror}; check the mirror and who may write it") from error


_MEND = "mend it; or, if the ledger is the newest there is, move the file away and it is written anew"


def _tail(descriptor: int) -> tuple[bytes, int]:
    """The whole lines at the end of a file, not necessarily all, and where the last of them ends."""
    size = os.fstat(descriptor).st_size
    length = _TAIL
    while True:
        start = max(0, size - length)
        data = os.pread(descriptor, size - start, start)
        end = data.rfind(b"\n") + 1
        if start == 0:
            return data[:end], start + end
        begin = data.find(b"\n") + 1
        if begin < end:
            return data[begin:end], start + end
        length *= 4


def _append(descriptor: int, data: bytes, end: int) -> None:
    """Add to the end in one write; what goes in only in part is taken back."""
    if os.write(descriptor, data) != len(data):
        os.ftruncate(descriptor, end)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _text(line: Line) -> str:
    """A line as it is written."""
    row: dict[str, Any] = {
        "n": line.n,
        "at": instant_text(line.at),
        "verb": line.verb,
        "subject": line.subject,
    }
    if line.detail:
        row["detail"] = line.detail
    if line.release:
        row["release"] = dict(line.release)
    return json.dumps(row, ensure_ascii=False) + "\n"
