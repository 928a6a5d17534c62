"""One SMTP line: bytes out, replies in, each with its time limit; TLS where it is asked for."""

import asyncio
import re
import ssl
from dataclasses import dataclass
from typing import Final, Self

from sparkpub.errors import TransportError

_LINE_LIMIT: Final = 8192
_REPLY_LINES: Final = 200
_REPLY = re.compile(rb"([2-5][0-9]{2})([ -]|$)(.*)", re.DOTALL)
_DROPPED = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)


class LineLostError(TransportError):
    """The connection broke, fell silent, or spoke no SMTP any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait for each thing, in seconds (RFC 5321 §4.5.3.2)."""

    connect: float = 60
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    final: float = 600
    quit: float = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A relay's reply: its code, 200 to 599, and the text of its lines."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The first line's text."""
        return self.lines[0] if self.lines else ""

    @property
    def is_good(self) -> bool:
        """Whether the relay agrees: 2yz."""
        return self.code // 100 == 2  # noqa: PLR2004 - RFC 5321 §4.2.1


class Wire:
    """A connection to a relay. asyncio sets TCP_NODELAY on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use a connection that stands."""
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, host: str, port: int, *, tls: ssl.SSLContext | None, seconds: float) -> Self:
        """Connect, inside TLS from the first byte where `tls` is given.

        Raises:
            LineLostError: it cannot be reached, or its certificate is not trusted.
        """
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_connection(
                    host, port, ssl=tls, server_hostname=host if tls else None, limit=_LINE_LIMIT
                )
        except ssl.SSLCertVerificationError as error:
            raise LineLostError(f"its certificate is not trusted: {error.verify_message}") from error
        except TimeoutError as error:
            raise LineLostError(f"no connection within {seconds:g} s") from error
        except OSError as error:
            raise LineLostError(error.strerror or str(error)) from error
        return cls(reader, writer)

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS protects the line."""
        return self._writer.get_extra_info("ssl_object") is not None

    async def start_tls(self, context: ssl.SSLContext, host: str, *, seconds: float) -> None:
        """Go on inside TLS, after the relay agreed to.

        Raises:
            LineLostError: the certificate is not trusted, or the relay said more before TLS than it was asked:
                somebody between may have put it there.
        """
        if getattr(self._reader, "_buffer", b""):  # asyncio has no public way to ask
            raise LineLostError("it went on speaking in the clear after agreeing to TLS")
        try:
            async with asyncio.timeout(seconds):
                await self._writer.start_tls(context, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise LineLostError(f"its certificate is not trusted: {error.verify_message}") from error
        except (TimeoutError, *_DROPPED) as error:
            raise LineLostError(f"TLS failed: {str(error) or type(error).__name__}") from error

    async def write(self, data: bytes, *, seconds: float) -> None:
        """Send bytes; returns when the line has taken nearly all of them.

        Raises:
            LineLostError: it is broken or takes no more.
        """
        try:
            self._writer.write(data)
            async with asyncio.timeout(seconds):
                await self._writer.drain()
        except TimeoutError as error:
            raise LineLostError(f"it took no data for {seconds:g} s") from error
        except _DROPPED as error:
            raise LineLostError("connection lost") from error

    async def reply(self, *, seconds: float) -> Reply:
        """The next reply, however many lines it has.

        Raises:
            LineLostError: none came in time, or what came is none.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._reply()
        except TimeoutError as error:
            raise LineLostError(f"no reply within {seconds:g} s") from error
        except _DROPPED as error:
            raise LineLostError("connection lost") from error

    async def _reply(self) -> Reply:
        lines: list[str] = []
        for _ in range(_REPLY_LINES):
            line = await self._reader.readuntil(b"\n")
            found = _REPLY.fullmatch(line.rstrip(b"\r\n"))
            if found is None:
                raise LineLostError("what it said is no reply")
            code, mark, text = found.groups()
            lines.append(text.decode("utf-8", "replace"))
            if mark != b"-":
                return Reply(code=int(code), lines=tuple(lines))
        raise LineLostError("its reply has no end")

    def close(self) -> None:
        """Hang up without a word; what was not sent yet never is."""
        self._writer.transport.abort()
