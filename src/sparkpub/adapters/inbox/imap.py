"""A mailbox on an IMAP server (RFC 9051, by imaplib): by TLS alone, within bounds of time and size.

The server is one that the settings name, and is not trusted for that: whatever it answers, a fetch ends.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sparkpub.adapters.inbox.mail import Mail
from sparkpub.core.reports.mime import SIZE_MAX
from sparkpub.errors import TransportError

_PORT: Final = 993
_SECONDS: Final = 20.0
_TOTAL_SECONDS: Final = 180.0
_TOTAL_BYTES: Final = 300_000_000
_LINE_MAX: Final = 200_000
_LITERAL_MAX: Final = SIZE_MAX + 1000
_MOST: Final = 5000  # in one fetch; the next one goes on
_BATCH: Final = 20
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_NONSENSE = (imaplib.IMAP4.error, OSError, ValueError, LookupError, TypeError, AttributeError)


class _Bounded(imaplib.IMAP4_SSL):
    """imaplib's client, which by itself reads as much and for as long as a server likes."""

    _left = _TOTAL_BYTES
    _until = 0.0

    def bound(self, until: float) -> None:
        self._until = until

    def read(self, size: int) -> bytes:
        if size > _LITERAL_MAX:
            raise self.abort(f"it sends {size} bytes where {SIZE_MAX} were asked for")
        data = bytearray()
        while len(data) < size:
            part = self.file.read1(size - len(data))  # type: ignore[attr-defined]
            self._spend(len(part))
            data += part
        return bytes(data)

    def readline(self) -> bytes:
        line = bytearray()
        while not line.endswith(b"\n"):
            ahead = self.file.peek(1)  # type: ignore[attr-defined]
            end = ahead.find(b"\n") + 1 or len(ahead)
            line += self.file.read(end)
            self._spend(end)
            if len(line) > _LINE_MAX:
                raise self.abort("it sends a line without an end")
        return bytes(line)

    def _spend(self, size: int) -> None:
        """Take part of what there is of bytes and time."""
        if not size:
            raise self.abort("it closed the connection")
        self._left -= size
        if self._left < 0 or monotonic() > self._until:
            raise self.abort("it takes too long or sends too much")


class ImapInbox:
    """The unseen mail of one folder."""

    def __init__(
        self,
        url: str,
        password: str,
        *,
        context: ssl.SSLContext | None = None,
        seconds: float = _SECONDS,
        total_seconds: float = _TOTAL_SECONDS,
    ) -> None:
        """Read the mailbox of a checked url, `imaps://user@host/folder`; nothing is opened before it is read.

        Each step may take `seconds`, all of them `total_seconds`.
        """
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or _PORT
        self._user, self._password = unquote(parts.username or ""), password
        self._folder = unquote(parts.path.removeprefix("/")) or "INBOX"
        self._context, self._seconds = context or ssl.create_default_context(), seconds
        self._until = monotonic() + total_seconds
        self._client: _Bounded | None = None

    @property
    def name(self) -> str:
        """The mailbox as messages name it."""
        return f"imaps://{self._user}@{self._host}/{self._folder}"

    def batches(self) -> Iterator[list[Mail]]:
        """The unseen mail, some at a time; the connection is open as long as the mail is read.

        Raises:
            TransportError: the server cannot be reached, refuses us, or answers nonsense.
        """
        with self._errors():
            client = self._open()
        try:
            with self._errors():
                uids = self._unseen(client)
            for start in range(0, len(uids), _BATCH):
                with self._errors():
                    batch = self._fetch(client, uids[start : start + _BATCH])
                if batch:
                    yield batch
            with suppress(*_NONSENSE):
                client.logout()
        finally:
            self._client = None
            with suppress(*_NONSENSE):
                client.shutdown()

    def heard(self, batch: list[Mail]) -> None:
        """Mark mail of the last batch as seen.

        Raises:
            TransportError: the server does not take it.
        """
        if self._client is None:
            return
        uids = ",".join(mail.name for mail in batch)
        with self._errors():
            _expect(self._client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Seen)"), "it does not mark mail as seen")

    def _open(self) -> _Bounded:
        """Connect, log in, and select the folder."""
        client = _Bounded.__new__(_Bounded)
        client.bound(self._until)  # the greeting is read while it is made
        client.__init__(self._host, self._port, ssl_context=self._context, timeout=self._seconds)  # type: ignore[misc]
        try:
            self._log_in(client)
            _expect(client.select(_quoted(self._folder)), f"it does not open the folder {self._folder}")
        except BaseException:
            with suppress(*_NONSENSE):
                client.shutdown()
            raise
        self._client = client
        return client

    def _log_in(self, client: _Bounded) -> None:
        """Log in by AUTH=PLAIN (RFC 4616) where the server has it, which takes any name and password."""
        if "AUTH=PLAIN" in client.capabilities:
            secret = f"\0{self._user}\0{self._password}".encode()
            _expect(client.authenticate("PLAIN", lambda _: secret), "it does not let us in")
        else:
            _expect(client.login(_quoted(self._user), self._password), "it does not let us in")

    @staticmethod
    def _unseen(client: _Bounded) -> list[str]:
        """The numbers of the unseen mail, as many as one fetch takes."""
        (line, *_) = _expect(client.uid("SEARCH", "UNSEEN"), "it does not search")
        words = line.split() if isinstance(line, bytes) else []
        return [word.decode("ascii") for word in words if word.isdigit() and len(word) <= 10][:_MOST]  # noqa: PLR2004 - 32 bits

    @staticmethod
    def _fetch(client: _Bounded, uids: list[str]) -> list[Mail]:
        """The mail of these numbers, as far as it is still there. Reading it marks nothing."""
        what = f"(UID BODY.PEEK[]<0.{SIZE_MAX}>)"
        items = _expect(client.uid("FETCH", ",".join(uids), what), "it does not fetch mail")
        found: dict[str, Mail] = {}
        for place, item in enumerate(items):
            if not isinstance(item, tuple) or len(item) < 2:  # noqa: PLR2004 - what stands before the literal, and it
                continue
            after = items[place + 1] if place + 1 < len(items) else b""
            number = _UID.search(item[0]) or (_UID.search(after) if isinstance(after, bytes) else None)
            uid = number[1].decode("ascii") if number else ""
            if uid in uids:
                found[uid] = Mail(name=uid, data=bytes(item[1]))
        return [found[uid] for uid in uids if uid in found]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn whatever goes wrong inside into one of our errors."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            why = f"has a certificate that is not valid ({error.verify_message}); nothing was fetched"
            raise TransportError(f"the mailbox {self.name} {why}") from error
        except _NONSENSE as error:
            cure = "check [inbox] imap and SPARKPUB_INBOX_PASSWORD"
            raise TransportError(f"the mailbox {self.name} cannot be read: {_words(error)}; {cure}") from error


def _expect(answer: tuple[str, Any], fault: str) -> list[Any]:
    """What came with OK.

    Raises:
        IMAP4.error: the server said something else.
    """
    word, data = answer
    if word != "OK":
        raise imaplib.IMAP4.error(fault)
    return data or [b""]


def _quoted(text: str) -> str:
    """A text as a quoted string (RFC 9051 §4.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _words(error: BaseException) -> str:
    """Why, for people; what a server said is cut short, and is one line."""
    if isinstance(error, TimeoutError):
        return "it gave no answer in time"
    first = error.args[0] if error.args else ""
    said = first.decode("ascii", "replace") if isinstance(first, bytes) else getattr(error, "strerror", None) or first
    return "".join(c if c.isprintable() else " " for c in str(said or type(error).__name__))[:120].strip()
