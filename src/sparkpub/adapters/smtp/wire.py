"""One SMTP line: bytes out, replies in, each with its time limit; TLS where it is asked for.

It is an asyncio protocol, not a pair of streams: bytes come into a buffer of our own, replies that came together are
read together, one that was read before is known again, and one timer a line watches all waits, so that a message costs
no more Python than it must.
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final, Self

from sparkpub.errors import TransportError

_LINE_LIMIT: Final = 8192
_REPLY_LINES: Final = 200
_REPLIES_AHEAD: Final = 100
_REPLIES_KNOWN: Final = 100
_BUFFER: Final = 16_384
_REPLY = re.compile(rb"([2-5][0-9]{2})([ -]|$)(.*)", re.DOTALL)


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


class Wire(asyncio.BufferedProtocol):
    """A connection to a relay. asyncio sets TCP_NODELAY on it."""

    def __init__(self) -> None:
        """Wait to be connected."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(_BUFFER))  # asyncio's TLS fills a slice of it
        self._rest = b""
        self._lines: list[str] = []
        self._known: dict[bytes, Reply] = {}
        self._replies: deque[Reply] = deque()
        self._fault: LineLostError | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._deadline, self._silence = 0.0, ""
        self._timer: asyncio.TimerHandle | None = None
        self._is_full = False

    @classmethod
    async def open(cls, host: str, port: int, *, tls: ssl.SSLContext | None, seconds: float) -> Self:
        """Connect, inside TLS from the first byte where `tls` is given.

        Raises:
            LineLostError: it cannot be reached, or its certificate is not trusted.
        """
        loop = asyncio.get_running_loop()
        connecting = loop.create_connection(cls, host, port, ssl=tls, server_hostname=host if tls else None)
        wire: Self
        _, wire = await _in_time(connecting, seconds, f"no connection within {seconds:g} s")
        return wire

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS protects the line."""
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is not None

    async def start_tls(self, context: ssl.SSLContext, host: str, *, seconds: float) -> None:
        """Go on inside TLS, after the relay agreed to.

        Raises:
            LineLostError: the certificate is not trusted, or the relay said more before TLS than it was asked:
                somebody between may have put it there.
        """
        if self._rest or self._lines or self._replies:
            raise LineLostError("it went on speaking in the clear after agreeing to TLS")
        starting = self._loop.start_tls(self._open_transport(), self, context, server_hostname=host)
        transport = await _in_time(starting, seconds, f"TLS did not begin within {seconds:g} s")
        if transport is None:
            raise LineLostError("TLS failed: the connection was lost")
        self._transport = transport

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where bytes are to come."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Read as many replies as have come."""
        *lines, self._rest = (self._rest + self._buffer[:nbytes]).split(b"\n")
        for line in lines:
            reply = self._known.get(line)
            if reply is None or self._lines or self._fault is not None:
                self._line(line)
            else:
                self._replies.append(reply)
        if len(self._replies) > _REPLIES_AHEAD:
            self._lose("its reply has no end")
        if len(self._rest) > _LINE_LIMIT:
            self._lose("what it said is no reply")
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nothing more will come."""
        del exc
        self._lose("connection lost")
        self._wake()

    def pause_writing(self) -> None:
        """Note that the line is full."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Note that the line takes more again."""
        self._is_full = False
        self._wake()

    def _line(self, line: bytes) -> None:
        """One line of a reply; what comes after nonsense belongs to nobody."""
        if self._fault is not None:
            return
        found = _REPLY.fullmatch(line.rstrip(b"\r")) if len(line) <= _LINE_LIMIT else None
        if found is None:
            self._lose("what it said is no reply")
            return
        code, mark, text = found.groups()
        self._lines.append(text.decode("utf-8", "replace"))
        if mark != b"-":
            reply = Reply(code=int(code), lines=tuple(self._lines))
            self._replies.append(reply)
            if len(self._lines) == 1 and len(self._known) < _REPLIES_KNOWN:
                self._known[line] = reply
            self._lines = []
        if len(self._lines) >= _REPLY_LINES:
            self._lose("its reply has no end")

    def _lose(self, why: str) -> None:
        """Give the line up; the first reason counts."""
        if self._fault is None:
            self._fault = LineLostError(why)

    # Waiting

    async def write(self, data: bytes, *, seconds: float) -> None:
        """Send bytes; returns when the line has taken nearly all of them.

        Raises:
            LineLostError: it is broken or takes no more.
        """
        transport = self._open_transport()
        if transport.is_closing():
            raise LineLostError("connection lost")
        transport.write(data)
        while self._is_full:
            if transport.is_closing():
                raise LineLostError("connection lost")
            await self._wait(seconds, f"it took no data for {seconds:g} s")

    def replies(self, count: int) -> "list[Reply] | None":
        """The next replies, if so many have come already; None if not."""
        if len(self._replies) < count:
            return None
        return [self._replies.popleft() for _ in range(count)]

    async def reply(self, *, seconds: float) -> Reply:
        """The next reply, however many lines it has.

        Raises:
            LineLostError: none came in time, or what came is none.
        """
        until = 0.0
        while not self._replies:
            if self._fault is not None:
                raise LineLostError(str(self._fault))
            until = until or self._loop.time() + seconds
            await self._wait(until - self._loop.time(), f"no reply within {seconds:g} s")
        return self._replies.popleft()

    def _open_transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise LineLostError("connection lost")
        return self._transport

    async def _wait(self, seconds: float, silence: str) -> None:
        """Wait until something happens on the line; `silence` says what it means if nothing does."""
        self._deadline, self._silence = self._loop.time() + seconds, silence
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)
        self._waiting = self._loop.create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _look_at_clock(self) -> None:
        """End a wait that was too long, or look again when the present one would be."""
        self._timer = None
        if self._waiting is None or self._waiting.done():
            return
        if self._loop.time() >= self._deadline:
            self._waiting.set_exception(LineLostError(self._silence))
        else:
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def close(self) -> None:
        """Hang up without a word; what was not sent yet never is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()


async def _in_time(work: Awaitable[Any], seconds: float, silence: str) -> Any:  # noqa: ANN401 - what the work gives
    """What some work on a line comes to, with its errors as ours."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except ssl.SSLCertVerificationError as error:
        raise LineLostError(f"its certificate is not trusted: {error.verify_message}") from error
    except TimeoutError as error:
        raise LineLostError(silence) from error
    except ssl.SSLError as error:
        raise LineLostError(f"TLS failed: {error.reason or error}") from error
    except OSError as error:
        raise LineLostError(error.strerror or str(error) or "connection lost") from error
