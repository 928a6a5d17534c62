"""`sparkpub serve` as a process of its own, spoken to in bytes, as an attacker does."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cli_runner import SPARKPUB
from web_room import KEY

HOST = b"Host: press.example.org\r\n"
CLOSE = b"Connection: close\r\n"
FORM = b"application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back on one connection: perhaps nothing, perhaps more than one answer."""

    data: bytes

    @property
    def status(self) -> int:
        """The first answer's."""
        return int(self.data[9:12]) if self.data.startswith(b"HTTP/1.") else 0

    @property
    def count(self) -> int:
        """How many answers there are."""
        return self.data.count(b"HTTP/1.1 ") + self.data.count(b"HTTP/1.0 ")

    @property
    def head(self) -> str:
        """The first answer's header in lower case."""
        return self.data.partition(b"\r\n\r\n")[0].decode("latin-1").lower()

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]


@dataclass(frozen=True, slots=True)
class Served:
    """A press that is served at a port of this machine."""

    folder: Path
    port: int

    def connect(self, *, room: int = 0) -> socket.socket:
        """A new connection, which takes so many bytes unread where `room` is given."""
        made = socket.socket()
        if room:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        made.settimeout(20)
        made.connect(("127.0.0.1", self.port))
        return made

    def say(self, data: bytes) -> Answer:
        """Send bytes as they are and read until the server hangs up."""
        with self.connect() as line:
            line.sendall(data)
            return Answer(heard(line))

    def get(self, path: str, *fields: bytes, method: bytes = b"GET") -> Answer:
        lines = b"".join(field + b"\r\n" for field in (fields or (HOST.strip(),)))
        return self.say(method + b" " + path.encode("latin-1") + b" HTTP/1.1\r\n" + lines + CLOSE + b"\r\n")

    def post(self, path: str, body: bytes, *fields: bytes, kind: bytes = FORM) -> Answer:
        lines = b"".join(field + b"\r\n" for field in (HOST.strip(), b"Content-Type: " + kind, *fields))
        size = b"Content-Length: %d\r\n" % len(body)
        return self.say(b"POST " + path.encode() + b" HTTP/1.1\r\n" + lines + size + CLOSE + b"\r\n" + body)


def heard(line: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    data = b""
    try:
        while part := line.recv(65_536):
            data += part
    except ConnectionResetError:
        pass
    return data


def until(what: str, seconds: float = 20) -> Iterator[float]:
    """Look again and again; says what was waited for in vain."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield end
        time.sleep(0.05)
    raise AssertionError(what)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The press in a folder, served; what it prints goes to said.txt beside it."""
    (folder / "secrets.env").write_text(f"SPARKPUB_SECRET_KEY={KEY}\n")
    (folder / "secrets.env").chmod(0o600)
    with (folder.parent / "said.txt").open("wb") as said:
        running = subprocess.Popen(
            [*SPARKPUB, "serve", "--listen", "127.0.0.1:0"], cwd=folder, stdout=subprocess.PIPE, stderr=said
        )
    assert running.stdout is not None
    try:
        url = running.stdout.readline().decode().strip()
        assert url, (folder.parent / "said.txt").read_text()
        yield Served(folder, urlsplit(url).port or 0)
    finally:
        running.terminate()
        rest = running.stdout.read()
        running.wait()
        running.stdout.close()
    assert rest == b""
