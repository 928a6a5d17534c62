"""Measure the web face beside a bare waitress that says "hello", in turns within one run, on loopback.

Ours is `sparkpub serve` with its ledger on the disk: an answered POST was committed, and the letter that goes with it
is in the queue; none is posted meanwhile. wrk sends; it is Debian's package of that name, and is fetched through apt
where it is missing and we are root.

usage: python tools/bench_web.py [requests|burst|crowd]...
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_corpus import write_ours
from bench_press import fill
from sparkpub.adapters.clock import since_1970
from sparkpub.adapters.ledger import open_ledger
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.web.server import THREADS

HERE = Path(__file__).parent
KEY = "a key of this press, for measures alone"
URL = "sqlite:///var/ledger.db"
READERS = 150_000  # a third leave, a third have yet to confirm, a third look at their preferences
ROUNDS = 5
SECONDS = 3
CONNECTIONS = 64
BURST = 10_000
CROWD = 500
PIECES = 60
_HELLO = (sys.executable, str(HERE / "bench_web.py"), "hello")
_FORM = "application/x-www-form-urlencoded"
_ONE_CLICK = "List-Unsubscribe=One-Click"
_MICROSECOND = 1e-6
_WEB = """
[web]
url = "https://bench.example.org"
asks_per_hour = 100000000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What wrk saw of one turn: answers a second, seconds until one, and seconds of the server's core for one."""

    rate: float
    half: float
    most: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: its process and where it answers."""

    pid: int
    url: str

    @property
    def cpu(self) -> float:
        """Seconds of a core that it took so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> int:
        """Bytes of memory that it has now."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Requests of one kind. `lines` gives what a turn sends, each line PATH, BODY and network, split by tabs."""

    server: Server
    method: str
    lines: Callable[[int], Sequence[str]]
    encoding: str = "gzip"


@contextmanager
def serving(words: Sequence[str]) -> Iterator[Server]:
    """A server that prints its address first."""
    environ = {**os.environ, "SPARKPUB_SECRET_KEY": KEY}
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            line = running.stdout.readline() if running.stdout else ""
            if not line:
                raise SystemExit(f"{' '.join(words)} does not serve")
            yield Server(pid=running.pid, url=line.strip())
        finally:
            running.send_signal(signal.SIGTERM)


@contextmanager
def press(readers: int = READERS) -> Iterator[Path]:
    """The folder of a stopped press with a built site and readers, of whom the second third have yet to confirm."""
    with tempfile.TemporaryDirectory(prefix="sparkpub-bench-") as scratch:
        folder = Path(scratch) / "press"
        write_ours(folder, PIECES)
        with (folder / "sparkpub.toml").open("a", encoding="utf-8") as file:
            file.write(_WEB)
        ledger = open_ledger(URL, folder, is_durable=False)
        fill(ledger, readers)
        third = {"third": readers // 3, "asked": int(since_1970())}
        ledger._db.write(  # noqa: SLF001 - a measure may look inside
            "UPDATE subscriber SET state = 'unconfirmed', asked_at = :asked "
            "WHERE subscriber_id > :third AND subscriber_id <= 2 * :third",
            third,
        )
        ledger.close()
        _run([sparkpub(), "build", "--quiet", "--publication", str(folder)])
        (folder / "STOP").touch()  # else letters would be posted in the turns of other works
        yield folder


def sparkpub() -> str:
    """The program under measure."""
    return str(Path(sys.executable).with_name("sparkpub"))


def ours(folder: Path) -> list[str]:
    """The command that serves a press."""
    return [sparkpub(), "serve", "--listen", "127.0.0.1:0", "--publication", str(folder)]


def hello() -> None:
    """Serve the floor: an application of one line behind waitress, with as many threads and connections as ours has."""
    from waitress.server import create_server

    def say(environ: dict[str, object], start: Callable[..., object]) -> list[bytes]:
        del environ
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        return [b"hello"]

    with socket.create_server(("127.0.0.1", 0), backlog=1024) as place:
        settings = {"threads": THREADS, "connection_limit": 2 * CROWD, "asyncore_use_poll": True}
        server = create_server(say, sockets=[place], ident=None, **settings)
        print(f"http://127.0.0.1:{place.getsockname()[1]}/", flush=True)
        server.run()


def requests() -> None:
    """Each kind of request beside "hello", turn by turn."""
    _need_wrk()
    with ExitStack() as stack:
        folder = stack.enter_context(press())
        own = stack.enter_context(serving(ours(folder)))
        floor = stack.enter_context(serving(_HELLO))
        works = {"hello": Work(server=floor, method="GET", lines=_same("/")), **_works(folder, own)}
        before = own.memory
        found: dict[str, list[Took]] = {name: [] for name in works}
        for turn in range(ROUNDS + 1):
            for name, work in works.items():
                took = wrk(work, turn, folder)
                if turn:
                    found[name].append(took)
        _show(found)
        print(f"  memory of the process: {before >> 20} MB before, {own.memory >> 20} MB after")


def _works(folder: Path, own: Server) -> dict[str, Work]:
    """What readers do, and what they look at."""
    tokens, third = Tokens(KEY), READERS // 3
    ledger = open_ledger(URL, folder)
    asked_at = next(reader.asked_at for reader in ledger.subscribers() if reader.subscriber_id > third)
    ledger.close()
    if asked_at is None:
        raise SystemExit("nobody has asked")

    def numbers(turn: int) -> range:  # other readers in each turn
        return range(turn * third // (ROUNDS + 1) + 1, (turn + 1) * third // (ROUNDS + 1) + 1)

    def leaving(turn: int) -> list[str]:
        return [f"/u/{tokens.sign(Purpose.LEAVE, number)}\t{_ONE_CLICK}\t" for number in numbers(turn)]

    def confirming(turn: int) -> list[str]:
        return [f"/c/{tokens.sign_wish(number + third, asked_at)}\t\t" for number in numbers(turn)]

    def choosing(turn: int) -> list[str]:
        return [f"/p/{tokens.sign(Purpose.PREFERENCES, number + 2 * third)}\t\t" for number in numbers(turn)]

    pages = _pages(folder / "public")
    return {
        "leave, one click": Work(server=own, method="POST", lines=leaving),
        "confirm": Work(server=own, method="POST", lines=confirming),
        "subscribe": Work(server=own, method="POST", lines=_asking),
        "preferences": Work(server=own, method="GET", lines=choosing),
        "pages, gzip": Work(server=own, method="GET", lines=pages),
        "pages, plain": Work(server=own, method="GET", lines=pages, encoding="identity"),
    }


def _asking(turn: int) -> list[str]:
    """Strangers, each from a network of their own."""
    networks = (f"{turn + 11}.{number >> 8}.{number & 255}.7" for number in range(1 << 16))
    return [
        f"/subscribe\temail=new-{turn}-{number}%40readers.example.org\t{network}"
        for number, network in enumerate(networks)
    ]


def _pages(public: Path) -> Callable[[int], Sequence[str]]:
    """Every page of a built site."""
    found = sorted(path.parent.relative_to(public).as_posix() for path in public.rglob("index.html"))
    lines = ["/\t\t" if path == "." else f"/{path}/\t\t" for path in found]
    return lambda _: lines


def _same(path: str) -> Callable[[int], Sequence[str]]:
    return lambda _: [f"{path}\t\t"]


def wrk(work: Work, turn: int, folder: Path, *, connections: int = CONNECTIONS) -> Took:
    """One turn of a kind of request."""
    file = folder / "requests.txt"
    lines = work.lines(turn)
    file.write_text("\n".join(lines) + "\n", encoding="ascii")
    before = work.server.cpu
    words = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "20s", "-s", str(HERE / "bench_web.lua")]
    text = _run([*words, work.server.url, "--", str(file), work.method, work.encoding])
    count, took, half, most, failed = map(int, re.findall(r"^found (.*)$", text, re.MULTILINE)[0].split())
    if failed:
        raise SystemExit(f"{failed} of {count} requests failed:\n{text}")
    return Took(
        rate=count / (took * _MICROSECOND),
        half=half * _MICROSECOND,
        most=most * _MICROSECOND,
        cpu=(work.server.cpu - before) / count,
    )


def _show(found: dict[str, list[Took]]) -> None:
    """A line for each kind: how many a second, how long one waited, and the ratio to the floor, turn by turn."""
    print(f"\n{CONNECTIONS} connections, {THREADS} threads, {ROUNDS} turns of {SECONDS} s")
    for name, turns in found.items():
        rate, half, most, cpu = (
            statistics.median(getattr(took, what) for took in turns) for what in ("rate", "half", "most", "cpu")
        )
        pairs = list(zip(turns, found["hello"], strict=True))
        ratios = [took.rate / floor.rate for took, floor in pairs]
        of_core = statistics.median(took.cpu / floor.cpu for took, floor in pairs)
        waits = f"p50 {half * 1e3:6.1f} ms  p99 {most * 1e3:6.1f} ms"
        spread = f"{statistics.median(ratios):5.2f} x hello ({min(ratios):.2f} to {max(ratios):.2f})"
        core = f"{cpu * 1e6:6,.0f} µs of a core, {of_core:.1f} x hello's"
        print(f"  {name:<17} {rate:6,.0f}/s  {waits}  {spread}  {core}")


def burst() -> None:
    """Ten thousand one-click requests at once, of which none may be lost."""
    with press(BURST * 2) as folder, serving(ours(folder)) as own:
        tokens = Tokens(KEY)
        paths = [f"/u/{tokens.sign(Purpose.LEAVE, number)}" for number in range(1, BURST + 1)]
        begun = time.perf_counter()
        answered = asyncio.run(_posted(own.url, paths))
        seconds = time.perf_counter() - begun
        ledger = open_ledger(URL, folder)
        row = ledger._db.row("SELECT count(*) AS n FROM subscriber WHERE state = 'unsubscribed'")  # noqa: SLF001
        ledger.close()
        print(
            f"\n{BURST:,} one-click requests over {CROWD} connections in {seconds:.1f} s: "
            f"{answered:,} answered, {row['n']:,} readers have left, {own.memory >> 20} MB"
        )
        if not answered == row["n"] == BURST:
            raise SystemExit("a wish to leave was lost")


async def _posted(url: str, paths: Sequence[str], connections: int = CROWD) -> int:
    """How many of these addresses answered 200 to a one-click POST."""
    host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
    waiting = iter(paths)
    head = f"Host: {host}\r\nContent-Type: {_FORM}\r\nContent-Length: {len(_ONE_CLICK)}\r\n\r\n"

    async def one_connection() -> int:
        reader, writer = await asyncio.open_connection(host, int(port))
        count = 0
        for path in waiting:
            writer.write(f"POST {path} HTTP/1.1\r\n{head}{_ONE_CLICK}".encode("ascii"))
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: (\d+)", answer, re.IGNORECASE)
            await reader.readexactly(int(length[1]) if length else 0)
            count += answer.startswith(b"HTTP/1.1 200 ")
        writer.close()
        return count

    return sum(await asyncio.gather(*(one_connection() for _ in range(connections))))


def crowd() -> None:
    """Pages over as many connections as a busy morning has, kept alive, and the memory they take."""
    _need_wrk()
    with ExitStack() as stack:
        folder = stack.enter_context(press(1000))
        own, floor = stack.enter_context(serving(ours(folder))), stack.enter_context(serving(_HELLO))
        before = own.memory
        print(f"\n{CROWD} connections kept alive")
        works = {"hello": (floor, _same("/")), "pages, gzip": (own, _pages(folder / "public"))}
        for name, (server, lines) in works.items():
            took = wrk(Work(server=server, method="GET", lines=lines), 0, folder, connections=CROWD)
            print(f"  {name:<17} {took.rate:6,.0f}/s  p50 {took.half * 1e3:4.0f} ms  p99 {took.most * 1e3:4.0f} ms")
        print(f"  memory of the process: {before >> 20} MB before, {own.memory >> 20} MB after")


def _need_wrk() -> None:
    """Have wrk, through apt where it is missing and we may."""
    if shutil.which("wrk"):
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise SystemExit("wrk is not installed; it is Debian's package of that name")
    _run(["apt-get", "update", "-qq"])
    _run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "wrk"])


def _run(words: Sequence[str]) -> str:
    """What a program prints."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


MEASURES = {"requests": requests, "burst": burst, "crowd": crowd, "hello": hello}


def main(names: Sequence[str]) -> None:
    """Print what was asked for, or all."""
    for name in names or ("requests", "burst", "crowd"):
        MEASURES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
