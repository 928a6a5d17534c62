"""Put messages into a Maildir under stable names: putting one there again changes nothing."""

import os
import re
from functools import cached_property
from pathlib import Path

from sparkpub.core.addresses import address_key
from sparkpub.errors import BusyError, TransportError

_FULL = (28, 122)  # ENOSPC, EDQUOT
_DELIVERY = re.compile(r"\.R\d+S(\d+)\.")  # as `stable_name` writes it
_HEAD_MAX = 16_384


class Maildir:
    """A Maildir folder, made when the first message comes."""

    def __init__(self, folder: Path) -> None:
        """Deliver into `folder`/new."""
        self._folder = folder
        self._new, self._tmp, self._cur = folder / "new", folder / "tmp", folder / "cur"

    @cached_property
    def _seen(self) -> frozenset[str]:
        """Names of messages that a mail reader has moved to cur, without their flags."""
        for folder in (self._folder, self._new, self._tmp, self._cur):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return frozenset(entry.name.partition(":")[0] for entry in os.scandir(self._cur))

    def deliver(self, name: str, data: bytes) -> bool:
        """Put a message there as a whole; False if one of that name is there already. Line ends become LF.

        Raises:
            BusyError: the disk is full.
            TransportError: the folder cannot be written.
        """
        try:
            target = self._new / name
            if name in self._seen or target.exists():
                return False
            scratch = self._tmp / name
            with open(scratch, "wb", opener=_private) as file:
                file.write(data.replace(b"\r\n", b"\n"))
            scratch.replace(target)
        except OSError as error:
            if error.errno in _FULL:
                raise BusyError(f"{self._new}: the disk is full; make room and run the same command again") from error
            raise TransportError(f"{self._new}: {error.strerror}; check the folder and its permissions") from error
        return True


def remove_messages(folder: Path, subscriber_id: int, address: str) -> int:
    """Remove every message to a reader: deliveries by their names, letters by whom they are to; returns how many."""
    count = 0
    for place in (folder / "new", folder / "cur", folder / "tmp"):
        for entry in os.scandir(place) if place.is_dir() else ():
            delivery = _DELIVERY.search(entry.name)
            if int(delivery[1]) == subscriber_id if delivery else _names(Path(entry.path), address):
                Path(entry.path).unlink(missing_ok=True)
                count += 1
    return count


def _names(path: Path, address: str) -> bool:
    """Whether the head of a message names an address."""
    with path.open("rb") as file:
        head = file.read(_HEAD_MAX).partition(b"\n\n")[0]
    return address_key(address) in address_key(head.decode("utf-8", "replace"))


def _private(path: str, flags: int) -> int:
    """Make a file that its owner alone reads: it has somebody's address in it."""
    return os.open(path, flags, 0o600)


def stable_name(*, released_at: int, release_id: int, subscriber_id: int, host: str) -> str:
    """`<release epoch>.R<release>S<subscriber>.<host>`: the same for the same delivery, always."""
    safe = host.replace("/", "\\057").replace(":", "\\072")
    return f"{released_at}.R{release_id}S{subscriber_id}.{safe}"
