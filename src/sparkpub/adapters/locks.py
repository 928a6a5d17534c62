"""A lock that one process holds and that ends with it, whatever kills it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparkpub.errors import BusyError

_HELD: dict[Path, int] = {}


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` inside; in a process that holds it already nothing happens.

    Raises:
        BusyError: another process holds it.
    """
    path = path.absolute()
    if path in _HELD:
        _HELD[path] += 1
        try:
            yield
        finally:
            _HELD[path] -= 1
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            who = f"process {holder}" if holder.isdecimal() else "another process"
            raise BusyError(f"{who} is sending here; let it finish, or run the same command again later") from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        _HELD[path] = 1
        try:
            yield
        finally:
            del _HELD[path]
            os.truncate(descriptor, 0)
    finally:
        os.close(descriptor)
