"""An IMAP server on loopback, over TLS: as much of RFC 9051 as a fetch needs, and whatever nonsense a test asks for.

A script is asked before each answer with the command's name and arguments; it answers with bytes that are sent as they
are (`TAG` stands for the command's tag), or with None for the usual answer.
"""

import asyncio
import base64
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from smtp_sink import server_context

Script = Callable[[str, str], bytes | None]
STALL = b"stall"
DROP = b"drop"


def no_script(command: str, arguments: str) -> bytes | None:
    del command, arguments
    return None


@dataclass
class Mailbox:
    """One folder of one user; `seen` are the numbers of the mail that was marked."""

    mails: dict[int, bytes]
    user: str = "bounces@press.example.org"
    password: str = "pass word"
    folder: str = "INBOX"
    script: Script = no_script
    capabilities: str = "IMAP4rev1 AUTH=PLAIN"
    greeting: bytes = b"* OK ready\r\n"
    port: int = 0
    seen: set[int] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"imaps://{self.user.replace('@', '%40')}@localhost:{self.port}/{self.folder}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            writer.write(self.greeting)
            while line := await reader.readline():
                tag, _, rest = line.decode().strip().partition(" ")
                name, _, arguments = rest.partition(" ")
                if name.upper() == "UID":
                    name, _, arguments = arguments.partition(" ")
                self.commands.append(f"{name.upper()} {arguments}".strip())
                answer = self.script(name.upper(), arguments)
                if answer == STALL:
                    await asyncio.sleep(60)
                if answer == DROP:
                    return
                if answer is None:
                    answer = await self._answer(name.upper(), arguments, reader, writer)
                writer.write(answer.replace(b"TAG", tag.encode()))
                await writer.drain()
                if name.upper() == "LOGOUT":
                    return
        except OSError:
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _answer(  # noqa: PLR0911 - one for each command
        self, name: str, arguments: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        match name:
            case "CAPABILITY":
                return f"* CAPABILITY {self.capabilities}\r\nTAG OK done\r\n".encode()
            case "AUTHENTICATE":
                writer.write(b"+ \r\n")
                said = base64.b64decode(await reader.readline())
                is_known = said == f"\0{self.user}\0{self.password}".encode()
                return b"TAG OK in\r\n" if is_known else b"TAG NO [AUTHENTICATIONFAILED] wrong\r\n"
            case "LOGIN":
                quoted = self.password.replace("\\", "\\\\").replace('"', '\\"')
                is_known = arguments == f'"{self.user}" "{quoted}"'
                return b"TAG OK in\r\n" if is_known else b"TAG NO wrong\r\n"
            case "SELECT":
                is_there = arguments.strip('"') == self.folder
                return (
                    f"* {len(self.mails)} EXISTS\r\nTAG OK done\r\n".encode() if is_there else b"TAG NO no folder\r\n"
                )
            case "SEARCH":
                unseen = " ".join(str(uid) for uid in sorted(set(self.mails) - self.seen))
                return f"* SEARCH {unseen}\r\nTAG OK done\r\n".encode()
            case "FETCH":
                return b"".join(map(self._fetched, _uids(arguments))) + b"TAG OK done\r\n"
            case "STORE":
                self.seen |= set(_uids(arguments))
                return b"TAG OK done\r\n"
        return b"* BYE\r\nTAG OK done\r\n"

    def _fetched(self, uid: int) -> bytes:
        data = self.mails.get(uid)
        if data is None:
            return b""
        return b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%b)\r\n" % (uid, uid, len(data), data)


def _uids(arguments: str) -> list[int]:
    return [int(uid) for uid in re.findall(r"\d+", arguments.partition(" ")[0])]


@contextmanager
def serving(mailbox: Mailbox) -> Iterator[Mailbox]:
    """The server at work, in a thread of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(mailbox.serve, "127.0.0.1", 0, ssl=server_context()))
    mailbox.port = server.sockets[0].getsockname()[1]
    loop.set_exception_handler(lambda *_: None)  # a client that does not trust us is no fault of the server
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield mailbox
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, mailbox), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server, mailbox: Mailbox) -> None:
    server.close()
    tasks = list(mailbox._tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)


def client_context() -> ssl.SSLContext:
    from smtp_sink import client_context as trusting

    return trusting()
