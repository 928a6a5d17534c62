"""A relay for tests on loopback: scripted replies, and the truth of what it took, written down before it says so.

A script is asked before each reply with the verb and its argument, and answers with a reply of its own, one of the
words below, or "" for the usual reply. Verbs are GREETING, EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, BODY, RSET,
QUIT.
"""

import asyncio
import base64
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

DROP = "drop"  # hang up instead of answering; of a BODY nothing is kept
TAKE_AND_DROP = "take and drop"  # of a BODY: keep the message, then hang up without a word
STALL = "stall"  # say nothing and wait
RESET = "reset"  # as DROP, but the line is reset before anything can be said about it
TRICKLE = "trickle "  # say what follows a few bytes at a time

Script = Callable[[str, str], str]
DATA = Path(__file__).parent / "data" / "tls"


def no_script(verb: str, argument: str) -> str:
    del verb, argument
    return ""


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / "cert.pem", DATA / "key.pem")
    return context


def client_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(DATA / "cert.pem"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    sender: str
    recipient: str
    data: bytes


@dataclass
class Sink:
    script: Script = no_script
    features: Sequence[str] = ("PIPELINING", "SIZE 10000000")
    is_implicit_tls: bool = False
    login: tuple[str, str] | None = None
    log: Path | None = None
    port: int = 0
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await _Talk(self, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.transport.abort()

    def keep(self, sender: str, recipient: str, data: bytes) -> None:
        self.received.append(Received(sender=sender, recipient=recipient, data=data))
        if self.log:
            with self.log.open("a") as log:
                log.write(json.dumps({"recipient": recipient}) + "\n")


class _HangupError(OSError):
    pass


class _Talk:
    """One connection."""

    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sink, self.reader, self.writer = sink, reader, writer
        self.sender = ""
        self.recipient = ""

    async def run(self) -> None:
        await self.say("GREETING", "", "220 sink.example ESMTP")
        while True:
            line = (await self.reader.readuntil(b"\n")).decode().rstrip("\r\n")
            verb, _, argument = line.partition(" ")
            verb = verb.upper()
            self.sink.commands.append(line)
            if verb == "QUIT":
                await self.say(verb, argument, "221 bye")
                return
            await self.answer(verb, argument)

    async def answer(self, verb: str, argument: str) -> None:
        answers = {"MAIL": self.mail, "RCPT": self.rcpt, "AUTH": self.authenticate, "DATA": self.data}
        if verb in answers:
            await answers[verb](argument)
        elif verb == "EHLO":
            await self.say(verb, argument, "\r\n".join(self.features()))
        elif verb == "STARTTLS":
            await self.say(verb, argument, "220 go ahead")
            await self.writer.start_tls(server_context())
        elif verb in ("RSET", "HELO"):
            self.sender = self.recipient = ""
            await self.say(verb, argument, "250 2.0.0 ok")
        else:
            await self.say(verb, argument, "500 5.5.2 what?")

    async def mail(self, argument: str) -> None:
        unknown = next((word for word in argument.split()[1:] if not self.takes(word)), "")
        if self.sender:
            await self.say("MAIL", argument, "503 5.5.1 nested MAIL")
        elif unknown or not argument.isascii():
            await self.say("MAIL", argument, f"555 5.5.4 unsupported option: {unknown}")
        elif await self.say("MAIL", argument, "250 2.1.0 ok"):
            self.sender = argument

    async def rcpt(self, argument: str) -> None:
        if not self.sender:
            await self.say("RCPT", argument, "503 5.5.1 MAIL first")
        elif not argument.isascii() and not self.is_utf8:
            await self.say("RCPT", argument, "553 5.6.7 must declare SMTPUTF8 to send unicode address")
        elif await self.say("RCPT", argument, "250 2.1.5 ok"):
            self.recipient = argument[4:-1]

    @property
    def is_utf8(self) -> bool:
        return "SMTPUTF8" in self.sender.split()

    def takes(self, option: str) -> bool:
        """Whether an option of MAIL belongs to a feature that was announced, as Postfix asks."""
        feature = {"BODY=8BITMIME": "8BITMIME"}.get(option, option.partition("=")[0])
        return feature in (word.partition(" ")[0] for word in self.sink.features)

    def features(self) -> list[str]:
        words = ["sink.example", *self.sink.features]
        return [f"250{'-' if i < len(words) - 1 else ' '}{word}" for i, word in enumerate(words)]

    async def authenticate(self, argument: str) -> None:
        method, _, first = argument.partition(" ")
        if method == "PLAIN":
            _, user, password = base64.b64decode(first).split(b"\0")
        else:
            answers = []
            for question in ("Username:", "Password:"):
                self.writer.write(b"334 " + base64.b64encode(question.encode()) + b"\r\n")
                answers.append(base64.b64decode((await self.reader.readuntil(b"\n")).strip()))
            user, password = answers
        is_right = (user.decode(), password.decode()) == self.sink.login
        await self.say("AUTH", argument, "235 2.7.0 welcome" if is_right else "535 5.7.8 no")

    async def data(self, argument: str) -> None:
        del argument
        if not self.recipient:
            await self.say("DATA", "", "503 5.5.1 RCPT first")
            return
        if not await self.say("DATA", "", "354 go ahead"):
            return
        lines = []
        while (line := await self.reader.readuntil(b"\n")) != b".\r\n":
            lines.append(line)
        sender, recipient, is_utf8 = self.sender, self.recipient, self.is_utf8
        self.sender = self.recipient = ""
        scripted = self.sink.script("BODY", recipient)
        if not (is_utf8 or b"".join(lines).isascii()):
            scripted = "550 5.6.9 must declare SMTPUTF8 to send 8 bits in a header"
        if scripted in ("", TAKE_AND_DROP) or scripted.removeprefix(TRICKLE).startswith("2"):
            self.sink.keep(sender, recipient, b"".join(lines))
        await self.out(DROP if scripted == TAKE_AND_DROP else scripted or "250 2.0.0 taken")

    async def say(self, verb: str, argument: str, usual: str) -> bool:
        """Answer; whether the answer was a good one."""
        reply = self.sink.script(verb, argument) or usual
        await self.out(reply)
        return reply.removeprefix(TRICKLE).startswith(("2", "3"))

    async def out(self, reply: str) -> None:
        if reply in (DROP, RESET):
            if reply == RESET and (line := self.writer.get_extra_info("socket")) is not None:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _HangupError
        if reply.startswith(TRICKLE):
            await self.trickle(reply.removeprefix(TRICKLE))
            return
        if reply == STALL:
            await asyncio.sleep(3600)
        self.writer.write(reply.encode("utf-8", "surrogateescape") + b"\r\n")
        await self.writer.drain()
        if reply.startswith("421"):
            raise _HangupError

    async def trickle(self, reply: str) -> None:
        data = f"{reply}\r\n".encode()
        for start in range(0, len(data), 3):
            self.writer.write(data[start : start + 3])
            await self.writer.drain()
            await asyncio.sleep(0.01)


@contextmanager
def running(sink: Sink) -> Iterator[Sink]:
    """The sink on a free port of 127.0.0.1, in a thread of its own, until the end of the block."""
    ready = threading.Event()
    ends: list[Callable[[], object]] = []

    async def main() -> None:
        tls = server_context() if sink.is_implicit_tls else None
        server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, ssl=tls)
        sink.port = server.sockets[0].getsockname()[1]
        end, loop = asyncio.Event(), asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(end.set))
        ready.set()
        await end.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    ready.wait(10)
    try:
        yield sink
    finally:
        ends[0]()
        thread.join(10)
