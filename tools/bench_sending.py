"""Measure sending: end to end with the ledger on, beside Postfix's smtp-source and what other programs do.

All send to Postfix's smtp-sink on loopback, in turns within one run, and say themselves what their sending took, their
start left out; only smtp-source is measured whole, it starts in a millisecond. The sink is one process, so that its own
time for a message is the ceiling of every client. smtp-source and smtp-sink come from Debian's package `postfix`, of
which nothing has to run; nodemailer and aiosmtplib are fetched into a folder that is thrown away.

usage: python tools/bench_sending.py [throughput|peers|delay|scale]...
"""

import asyncio
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench_press import edition, fill, open_bench, release
from sparkpub.core.sentinels import sentinels

SESSIONS = 8
OURS = "sparkpub, ledger on"
ROUNDS = 5
TOOLS = Path(__file__).parent
MEMORY_MOST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What some messages took: seconds on the wall, of a core, and of the sink's core, for each."""

    wall: float
    cpu: float
    sink: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the sink listens, and its process."""

    port: int
    pid: int

    def seconds(self) -> float:
        """How long the sink has worked until now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def watching(self, work: Callable[[int], Took], count: int) -> Callable[[int], Took]:
        """The same work, with what it took of the sink."""

        def watched(turn: int) -> Took:
            before = self.seconds()
            return replace(work(turn), sink=(self.seconds() - before) / count)

        return watched


@contextmanager
def sink() -> Iterator["Place"]:
    """Postfix's smtp-sink on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin")
    if program is None:
        raise SystemExit("smtp-sink is not installed; it is in Debian's package postfix, which need not run")
    with subprocess.Popen([program, "-u", "nobody", f"127.0.0.1:{port}", "1000"]) as running:
        try:
            _wait_for(port)
            yield Place(port=port, pid=running.pid)
        finally:
            running.terminate()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("smtp-sink does not answer")


@contextmanager
def press_folder(readers: int) -> Iterator[Path]:
    """The folder of a press with that many readers; `release` is up to each turn."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        press = open_bench(folder, create=True)
        fill(press.ledger, readers)
        press.ledger.close()
        yield folder


def ours(
    folder: Path, port: int, *, number: int, size: int, limit: int = 10**9, sessions: int = SESSIONS
) -> dict[str, float]:
    """Release to everybody and send; what the sending process says of itself."""
    press = open_bench(folder)
    release(press, number=number, size=size)
    press.ledger.close()
    return sending(folder, port, limit=limit, sessions=sessions)


def sending(folder: Path, port: int, *, limit: int = 10**9, sessions: int = SESSIONS) -> dict[str, float]:
    """Send what is released, in a process of its own."""
    words = [sys.executable, str(TOOLS / "bench_press.py"), str(folder), str(port), str(sessions), str(limit)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def smtp_source(port: int, *, count: int, size: int, sessions: int = SESSIONS) -> Took:
    """Postfix's smtp-source: C, the same bytes again and again, no ledger."""
    addresses = ("-f", "editor@press.example.org", "-t", "reader@readers.example.org")
    words = ["/usr/sbin/smtp-source", "-s", str(sessions), "-l", str(size), "-m", str(count), *addresses]
    return timed([*words, f"127.0.0.1:{port}"], count)


def timed(words: list[str], count: int, **more: object) -> Took:
    """What a program took for `count` messages, its start included."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, check=True, capture_output=True, **more)  # type: ignore[call-overload]
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall=wall / count, cpu=cpu / count)


def in_turns(works: dict[str, Callable[[int], Took]], rounds: int = ROUNDS) -> dict[str, list[Took]]:
    """Each work in turns, after one warm-up."""
    found: dict[str, list[Took]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            took = work(turn)
            if turn:
                found[name].append(took)
    return found


def show(title: str, found: dict[str, list[Took]]) -> None:
    """A line for each: messages a second, the core time of client and sink, and how ours compares, turn by turn."""
    print(f"\n{title}")
    for name, turns in found.items():
        wall, cpu, its = (statistics.median(getattr(took, what) for took in turns) for what in ("wall", "cpu", "sink"))
        line = f"  {name:<32} {1 / wall:8,.0f}/s  {cpu * 1e6:6.0f} µs of a core, the sink's {its * 1e6:4.0f}"
        if name != OURS:
            pairs = list(zip(turns, found[OURS], strict=True))
            walls, cpus = [a.wall / b.wall for a, b in pairs], [a.cpu / b.cpu for a, b in pairs]
            spread = f"{min(walls):.2f} to {max(walls):.2f}"
            line += f"; ours {statistics.median(walls):5.2f} x ({spread}), of a core {statistics.median(cpus):5.2f} x"
        print(line)


def throughput() -> None:
    """End to end beside smtp-source, at two sizes."""
    for size, count in ((20_000, 10_000), (60_000, 5_000)):
        with sink() as there, press_folder(count) as folder:
            works = {
                "smtp-source": lambda _, port=there.port, size=size, count=count: smtp_source(
                    port, count=count, size=size
                ),
                OURS: lambda turn, port=there.port, folder=folder, size=size: own(folder, port, turn + 1, size),
            }
            found = in_turns({name: there.watching(work, count) for name, work in works.items()})
            show(f"{size // 1000} KB, {SESSIONS} sessions, {count:,} messages a turn", found)


def own(folder: Path, port: int, number: int, size: int) -> Took:
    """A release of ours, end to end."""
    found = ours(folder, port, number=number, size=size)
    return Took(wall=found["seconds"] / found["sent"], cpu=found["cpu"] / found["sent"])


def peers() -> None:
    """The same beside nodemailer's pool, aiosmtplib, and Jinja2 with the standard library, at two sizes."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "nodemailer"], cwd=place, check=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place / "py"), "aiosmtplib"]
        subprocess.run(pip, check=True)
        (place / "peer.js").write_text(_NODEMAILER, encoding="utf-8")
        (place / "aio.py").write_text(_AIOSMTPLIB, encoding="utf-8")
        (place / "library.py").write_text(_LIBRARY, encoding="utf-8")
        for size, count in ((20_000, 3_000), (60_000, 1_500)):
            leave = sentinels(edition(size).hash)["unsubscribe_url"]
            page = edition(size).html.replace("Good morning", "Good morning, {{ name }}").replace(leave, "{{ leave }}")
            (place / "page.html").write_text(page, encoding="utf-8")
            _peers(place, size, count)


def _peers(place: Path, size: int, count: int) -> None:
    """All of them with one size of message."""
    with sink() as there, press_folder(count) as folder:

        def running(*words: str) -> Callable[[int], Took]:
            def run(_: int) -> Took:
                given = [*words, str(there.port), str(count), str(SESSIONS)]
                done = subprocess.run(given, cwd=place, check=True, capture_output=True, text=True)
                wall, cpu = map(float, done.stdout.split())
                return Took(wall=wall / count, cpu=cpu / count)

            return run

        works: dict[str, Callable[[int], Took]] = {
            "smtp-source": lambda _: smtp_source(there.port, count=count, size=size),
            OURS: lambda turn: own(folder, there.port, turn + 1, size),
            "nodemailer, pool": running("node", "peer.js"),
            "aiosmtplib": running(sys.executable, "aio.py"),
            "Jinja2 + EmailMessage + smtplib": running(sys.executable, "library.py"),
        }
        title = f"{size // 1000} KB, {SESSIONS} sessions (smtplib: one), {count:,} messages a turn"
        show(title, in_turns({name: there.watching(work, count) for name, work in works.items()}, 3))


def delay() -> None:
    """End to end beside smtp-source with 20 ms there and back."""
    size, count = 20_000, 1_000
    with sink() as far, delaying(far.port, 0.01) as port, press_folder(count) as folder:
        works: dict[str, Callable[[int], Took]] = {
            "smtp-source": lambda _: smtp_source(port, count=count, size=size),
            OURS: lambda turn: own(folder, port, turn + 1, size),
        }
        title = f"{size // 1000} KB, {SESSIONS} sessions, 20 ms there and back, {count:,} messages a turn"
        show(title, in_turns(works, 3))


@contextmanager
def delaying(far: int, seconds: float) -> Iterator[int]:
    """A proxy in a thread that holds every byte for so long, in each direction; its port."""
    ports: list[int] = []
    ready, ends = threading.Event(), []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

        async def write() -> None:
            while True:
                at, data = await queue.get()
                await asyncio.sleep(at - loop.time())
                if not data:
                    writer.close()
                    return
                writer.write(data)

        writing = asyncio.create_task(write())
        try:
            while data := await reader.read(1 << 18):
                queue.put_nowait((loop.time() + seconds, data))
        except OSError:
            pass
        queue.put_nowait((loop.time() + seconds, b""))
        await writing

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", far)
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer), return_exceptions=True)

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        end, loop = asyncio.Event(), asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(end.set))
        ready.set()
        await end.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield ports[0]
    finally:
        ends[0]()
        thread.join(10)


def scale() -> None:
    """Memory, the first message, planning: from ten thousand readers to a million, then with ten million old rows."""
    print("\nfrom 10,000 to 1,000,000 readers")
    with sink() as there:
        port = there.port
        for readers in (10_000, 100_000, 1_000_000):
            with press_folder(readers) as folder:
                press = open_bench(folder)
                planned = release(press, size=20_000)
                bare = bare_plan(folder)
                press.ledger.close()
                _say(readers, planned, bare, sending(folder, port, limit=5_000))
                if readers == 1_000_000:  # noqa: PLR2004 - the last of them
                    _with_old_rows(folder, port, readers)


def _with_old_rows(folder: Path, port: int, readers: int) -> None:
    """The same once ten million old deliveries lie there."""
    press = open_bench(folder)
    db = press.ledger._db  # noqa: SLF001
    db.write("UPDATE delivery SET state = 2 WHERE release_id = 1")
    db.write("UPDATE release SET state = 'finished'")
    for number in range(2, 11):
        release(press, number=number)
        db.write("UPDATE delivery SET state = 2 WHERE release_id = :n", {"n": number})
        db.write("UPDATE release SET state = 'finished'")
    print("  with 10,000,000 old rows:")
    planned = release(press, number=11)
    bare = bare_plan(folder)
    press.ledger.close()
    _say(readers, planned, bare, sending(folder, port, limit=5_000))


def bare_plan(folder: Path) -> float:
    """The bare INSERT … SELECT of every active reader into the same table, taken back afterwards."""
    press = open_bench(folder)
    db = press.ledger._db  # noqa: SLF001 - a measure may look inside
    db.write("BEGIN IMMEDIATE")
    begun = time.perf_counter()
    db.write(
        "INSERT INTO delivery (release_id, subscriber_id, batch, state) "
        "SELECT 1000, subscriber_id, 0, 0 FROM subscriber WHERE state = 'active'"
    )
    took = time.perf_counter() - begun
    db.write("ROLLBACK")
    press.ledger.close()
    return took


def _say(readers: int, planned: float, bare: float, found: dict[str, float]) -> None:
    peak = found["peak"] / 2**20
    print(
        f"  {readers:>9,} readers: planned in {planned:.2f} s, {planned / bare:.2f} x the bare INSERT of {bare:.2f} s; "
        f"first message after {planned + found['first']:.2f} s, {found['cpu'] / found['sent'] * 1e6:.0f} µs a message, "
        f"{found['sent'] / found['seconds']:,.0f}/s, {peak:.0f} MB at most"
        + ("" if found["peak"] <= MEMORY_MOST else " (too much)")
    )


# Each of these is what a person writes who reads the library's first page: one message a reader, made and sent.

_NODEMAILER = """
const nodemailer = require("nodemailer");
const page = require("fs").readFileSync("page.html", "utf-8");
const [port, count, sessions] = process.argv.slice(2).map(Number);
const began = process.hrtime.bigint(), before = process.cpuUsage();
const pool = nodemailer.createTransport({
  host: "127.0.0.1", port, secure: false, ignoreTLS: true, pool: true, maxConnections: sessions, maxMessages: Infinity,
});
(async () => {
  const sent = [];
  for (let reader = 0; reader < count; reader++) {
    const leave = `mailto:leave@press.example.org?subject=unsubscribe%20${reader}`;
    sent.push(pool.sendMail({
      from: "The Measure <editor@press.example.org>", to: `reader-${reader}@readers.example.org`,
      subject: "The Measure", text: "Good morning",
      html: page.replace("{{ name }}", `Reader ${reader}`).replace("{{ leave }}", leave),
    }));
    if (sent.length % 500 === 0) await Promise.all(sent);
  }
  await Promise.all(sent);
  pool.close();
  const used = process.cpuUsage(before);
  console.log(Number(process.hrtime.bigint() - began) / 1e9, (used.user + used.system) / 1e6);
})();
"""

_MESSAGE = """
import sys, time
from email.message import EmailMessage
from pathlib import Path
import jinja2
sys.path.insert(0, "py")
port, count, sessions = map(int, sys.argv[1:])
page = jinja2.Environment(autoescape=True).from_string(Path("page.html").read_text())

def letter(reader):
    made = EmailMessage()
    made["From"], made["To"] = "The Measure <editor@press.example.org>", f"reader-{reader}@readers.example.org"
    made["Subject"] = "The Measure"
    made.set_content("Good morning")
    leave = f"mailto:leave@press.example.org?subject=unsubscribe%20{reader}"
    made.add_alternative(page.render(name=f"Reader {reader}", leave=leave), subtype="html")
    return made
"""

_SAYING = """
print(time.perf_counter() - began, time.process_time() - before)
"""

_AIOSMTPLIB = (
    _MESSAGE
    + """
import asyncio
import aiosmtplib

async def work(readers):
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for reader in readers:
            await client.send_message(letter(reader))

async def main():
    await asyncio.gather(*(work(range(first, count, sessions)) for first in range(sessions)))

began, before = time.perf_counter(), time.process_time()
asyncio.run(main())
"""
    + _SAYING
)

_LIBRARY = (
    _MESSAGE
    + """
import smtplib

began, before = time.perf_counter(), time.process_time()
with smtplib.SMTP("127.0.0.1", port) as client:
    for reader in range(count):
        client.send_message(letter(reader))
"""
    + _SAYING
)

MEASURES = {"throughput": throughput, "peers": peers, "delay": delay, "scale": scale}


def main(names: list[str]) -> None:
    """Print the figures of the measures named, or of all."""
    print(f"Python {sys.version.split()[0]}; medians, in turns; the machine's other work counts in")
    for name in names or MEASURES:
        MEASURES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
