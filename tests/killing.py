"""A press that dies: a day's work in a process of its own, killed before its n-th step that leaves a trace.

A step is one statement of the ledger, or one file of the press opened for writing, renamed or removed. The kill is a
real SIGKILL, the work is the real one; nothing in it knows that it is watched.
"""

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from press_room import PressRoom, opened
from sparkpub.errors import BusyError

_FILE_STEPS = frozenset({"os.rename", "os.link", "os.remove", "os.mkdir", "os.truncate"})

# A process without threads that forks the others: what is slow to import is imported there once.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pytest", "premailer", "feedgen.feed", "sparkpub.building", "sparkpub.publishing"])


class _Steps:
    """Counts steps, and dies before the chosen one."""

    def __init__(self, folder: Path, die_at: int) -> None:
        self._folder, self._die_at, self.count = str(folder), die_at, 0

    def step(self) -> None:
        self.count += 1
        if self.count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_statement(self, _: str) -> None:
        self.step()

    def on_event(self, event: str, given: tuple[Any, ...]) -> None:
        if event in _FILE_STEPS or (event == "open" and _writes(*given[1:3])):
            path = given[0]
            if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self._folder):
                self.step()


def _writes(mode: str | None, flags: int) -> bool:
    return bool(set(mode) & set("wax+")) if mode else bool(flags & (os.O_WRONLY | os.O_RDWR))


def day_s_work(folder: Path, at: str, die_at: int) -> None:
    """Tick, build and send, as `run --once` does, and note how many steps that took; dies before step `die_at`."""
    steps = _Steps(folder, die_at)
    room = PressRoom(press=opened(folder))
    room.press.ledger._db._connection.set_trace_callback(steps.on_statement)
    sys.addaudithook(steps.on_event)
    with room.press.lock():
        report = room.tick(at)
        room.build()
        room.send(at)
    assert not report.agenda.pause
    _note(folder).write_text(str(steps.count), encoding="ascii")


def _note(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.steps")


def steps_of(folder: Path) -> int:
    """How many steps the last day's work took that came to its end."""
    return int(_note(folder).read_text(encoding="ascii"))


def run_apart(work: Callable[..., None], *given: object) -> int:
    """Do some work in a process of its own; returns its exit code, -9 if it was killed."""
    process = CONTEXT.Process(target=work, args=given)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def tick_apart(folder: Path, at: str) -> list[str]:
    """One tick of one scheduler; returns what it released."""
    room = PressRoom(press=opened(folder))
    released = [release.name for release in room.tick(at).released]
    room.press.ledger.close()
    return released


def tick_untold(folder: Path, at: str) -> None:
    """One tick that dies between the first commit and its line in the mirror."""
    room = PressRoom(press=opened(folder))
    room.press.ledger.watch(lambda: os.kill(os.getpid(), signal.SIGKILL))
    room.tick(at)


def tick_in_two(folder: Path, at: str) -> list[list[str]]:
    """Two schedulers tick at the same moment, without a lock between them; what each released."""
    with CONTEXT.Pool(2) as pool:
        return pool.map(partial(tick_apart, at=at), [folder, folder], chunksize=1)


def tick_and_send_to_the_end(folder: Path, at: str) -> None:
    """Tick and send until there is nothing left to do; another process may be at it as well."""
    room = PressRoom(press=opened(folder))
    while True:
        released = room.tick(at).released
        try:
            sent = room.send(at)
        except BusyError:
            time.sleep(0.01)
            continue
        if not released and not sent:
            return


def kill_at_random(folder: Path, at: str, *, kills: int, seed: int) -> None:
    """Two processes tick and send; one or the other is killed again and again, then both come to their end."""
    chance = random.Random(seed)
    start = partial(CONTEXT.Process, target=tick_and_send_to_the_end, args=(folder, at))
    workers = [start(), start()]
    for worker in workers:
        worker.start()
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 0.6))
        victim = chance.randrange(2)
        workers[victim].kill()
        workers[victim].join()
        workers[victim] = start()
        workers[victim].start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
