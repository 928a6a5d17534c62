"""Mail that lies in files: one message, an mbox (RFC 4155), a folder of messages, a Maildir, or the input."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO

from sparkpub.adapters.inbox.mail import BATCH, Mail
from sparkpub.core.reports.mime import SIZE_MAX
from sparkpub.errors import TransportError, UsageError

_SEEN = "S"
_MARK = ":2,"
_LINE_MAX = 65_536
_FROM = b"From "


class FileInbox:
    """Mail in files that are only read."""

    def __init__(self, mails: Iterable[Mail]) -> None:
        """Give this mail."""
        self._mails = mails

    def batches(self) -> Iterator[list[Mail]]:
        """The mail, some at a time."""
        mails = iter(self._mails)
        while batch := list(islice(mails, BATCH)):
            yield batch

    def heard(self, batch: list[Mail]) -> None:
        """Nothing is noted in files: the ledger counts the same mail once."""


class MaildirInbox:
    """A Maildir: what lies in new, and what a mail program has moved to cur unread."""

    def __init__(self, folder: Path) -> None:
        """Read `folder`/new and `folder`/cur."""
        self._folder = folder

    def batches(self) -> Iterator[list[Mail]]:
        """The mail that was not heard yet, oldest name first, some at a time.

        Raises:
            TransportError: the folder is no Maildir, or cannot be read.
        """
        try:
            names = sorted(f"new/{entry.name}" for entry in os.scandir(self._folder / "new"))
            names += sorted(f"cur/{e.name}" for e in os.scandir(self._folder / "cur") if _SEEN not in _flags(e.name))
        except OSError as error:
            raise TransportError(f"{self._folder} cannot be read as a Maildir: {error.strerror}; {_CURE}") from error
        yield from FileInbox(_read_all(self._folder, names)).batches()

    def heard(self, batch: list[Mail]) -> None:
        """Move the mail to cur with the flag S, which says that it was seen.

        Raises:
            TransportError: it cannot be moved.
        """
        for mail in batch:
            base = Path(mail.name).name.partition(_MARK)[0]
            flags = "".join(sorted({*_flags(mail.name), _SEEN}))
            try:
                with suppress(FileNotFoundError):  # somebody else has moved it
                    (self._folder / mail.name).rename(self._folder / "cur" / f"{base}{_MARK}{flags}")
            except OSError as error:
                raise TransportError(f"{self._folder} cannot be written: {error.strerror}; {_CURE}") from error


_CURE = "check [inbox] maildir and who may use the folder"


def _flags(name: str) -> str:
    return name.partition(_MARK)[2]


def open_files(path: Path) -> FileInbox | MaildirInbox:
    """The inbox that a path is: a Maildir, a folder of messages, an mbox, or one message.

    Raises:
        UsageError: there is nothing that could be one.
    """
    if (path / "new").is_dir() and (path / "cur").is_dir():
        return MaildirInbox(path)
    if path.is_dir():
        names = sorted(entry.name for entry in os.scandir(path) if entry.is_file() and not entry.name.startswith("."))
        return FileInbox(_read_all(path, names))
    if not path.is_file():
        raise UsageError(f"{path} is no message, mbox, folder or Maildir; name one, or - for the input")
    with path.open("rb") as file:
        is_mbox = file.read(len(_FROM)) == _FROM
    return FileInbox(_split(path) if is_mbox else _read_all(path.parent, [path.name]))


def single_message(stream: IO[bytes]) -> FileInbox:
    """The one message that comes in by a pipe, from an alias of a mail server say; the pipe is read to its end."""
    data = stream.read(SIZE_MAX)
    while stream.read(_LINE_MAX):  # who writes must not find the pipe closed
        pass
    if data.startswith(_FROM):
        data = data.partition(b"\n")[2]
    return FileInbox([Mail(name="the input", data=data)])


def _read_all(folder: Path, names: Iterable[str]) -> Iterator[Mail]:
    """The files of these names; what is no regular file, or is gone by now, is passed over."""
    for name in names:
        try:
            descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                yield Mail(name=name, data=file.read(SIZE_MAX))


def _split(path: Path) -> Iterator[Mail]:
    """The messages of an mbox: each begins with a line `From …` after an empty one; of long ones only the beginning."""
    with path.open("rb") as file:
        data, is_after_empty, number, size = bytearray(), True, 0, 0
        while line := file.readline(_LINE_MAX):
            if is_after_empty and line.startswith(_FROM):
                if number:
                    yield Mail(name=f"{path.name} {number}", data=bytes(data[:SIZE_MAX]))
                data, number, size = bytearray(), number + 1, 0
            elif size < SIZE_MAX:
                data += line[1:] if line.startswith(b">" + _FROM) else line
                size += len(line)
            is_after_empty = line in (b"\n", b"\r\n")
        if number:
            yield Mail(name=f"{path.name} {number}", data=bytes(data[:SIZE_MAX]))
