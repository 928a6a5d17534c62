"""Processes that help with a long build: each renders what it is given, this one renders too, and writes.

    items ──▶ here, one by one
         └──▶ a helper, in bundles ──▶ results come back in any order

A helper only reads the cache and answers: it ends when this process does, however that ends, and it never leaves a
file. What a helper cannot do, or leaves undone, is done here, so that every fault is met here.
"""

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeVar

from sparkpub.adapters.site_cache import SiteCache
from sparkpub.adapters.templates import environment
from sparkpub.building.workshop import Bench, Workshop, unchanging
from sparkpub.core.settings import Settings

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 4  # more helpers wait for this process, which does all the writing
_BUNDLE = 12
OPENING, SLIPS, OUTPUTS, PIECES = "opening", "slips", "outputs", "pieces"


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True, eq=False)
class _Helper:
    process: subprocess.Popen[bytes]
    line: Connection
    bundle: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Crew:
    """The helpers of one build, called when there is enough to do."""

    folder: Path
    settings: Settings
    cache: Path
    jobs: int | None = None
    audio: Mapping[str, int] = field(default_factory=dict)
    _helpers: list[_Helper] = field(default_factory=list)
    _is_called: bool = False

    def call(self) -> None:
        """Let the helpers begin; more than once is once."""
        if self._is_called:
            return
        self._is_called = True
        for _ in range(min(self.jobs or processors(), _MOST) - 1):
            here, there = Pipe()
            # Neither fork, which may copy a lock that is held, nor spawn, which runs the caller's script again.
            process = subprocess.Popen(  # noqa: S603 - this program
                [sys.executable, "-P", "-m", __name__, str(there.fileno())],
                pass_fds=(there.fileno(),),
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            there.close()
            helper = _Helper(process=process, line=here)
            self._helpers.append(helper)
            self._send(helper, OPENING, (self.folder, self.settings, self.cache, self.audio))

    def tell(self, task: str, message: object) -> None:
        """Tell every helper something that has no answer."""
        for helper in list(self._helpers):
            self._send(helper, task, message)

    def spread(
        self, task: str, items: Sequence[Item], *, name: Callable[[Item], object], here: Callable[[Item], Result]
    ) -> Iterator[tuple[Item, Result]]:
        """Each item with its result, in any order. `name` is what a helper is told of an item, `here` does it here."""
        waiting = deque(items)
        while waiting or any(helper.bundle for helper in self._helpers):
            for helper in list(self._helpers):
                if not helper.bundle and len(waiting) > 1:
                    helper.bundle = [waiting.popleft() for _ in range(min(_BUNDLE, (len(waiting) + 1) // 2))]
                    self._send(helper, task, [name(item) for item in helper.bundle])
            busy = [helper.line for helper in self._helpers if helper.bundle]
            ready = wait(busy, timeout=0 if waiting else None) if busy else []
            if not ready and waiting:
                item = waiting.popleft()
                yield item, here(item)
            for helper in [helper for helper in self._helpers if helper.line in ready]:
                bundle, helper.bundle = helper.bundle, []
                for item, result in zip(bundle, self._results(helper, len(bundle)), strict=True):
                    yield item, here(item) if result is None else result

    def close(self) -> None:
        """Let the helpers go."""
        for helper in self._helpers:
            _end(helper)
        self._helpers.clear()

    def _send(self, helper: _Helper, task: str, message: object) -> None:
        with suppress(OSError):  # one that is gone is missed when its answer is awaited
            helper.line.send((task, message))

    def _results(self, helper: _Helper, count: int) -> list[Any]:
        """The answer of a helper; one that is gone has done nothing."""
        try:
            answer: list[Any] = helper.line.recv()
        except (EOFError, OSError):
            self._helpers.remove(helper)
            _end(helper)
            return [None] * count
        return answer


def _end(helper: _Helper) -> None:
    """See a helper off."""
    helper.line.close()
    try:
        helper.process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        helper.process.kill()
        helper.process.wait()


def help_along(line: Connection) -> None:
    """What a helper does until the other process closes the line or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process decides when a build is broken off
    with suppress(EOFError, OSError):
        _, (folder, settings, cache, audio) = line.recv()
        with closing(SiteCache(cache)) as kept:
            workshop = Workshop(settings, unchanging(environment(folder)), kept, audio)
            bench = Bench(workshop, ())
            while True:
                task, message = line.recv()
                if task == PIECES:
                    bench = Bench(workshop, message)
                    continue
                make = workshop.slip if task == SLIPS else bench.render
                line.send([_tried(make, one) for one in message])


def _tried(make: Callable[[Any], object], one: object) -> object:
    """What comes of it, None if it cannot be made: then the other process meets the fault, where it can be told."""
    try:
        return make(one)
    except Exception:  # noqa: BLE001 - it is raised again there
        return None


if __name__ == "__main__":
    help_along(Connection(int(sys.argv[1])))
