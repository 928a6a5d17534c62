"""Processes that help with a long build: each renders what it is given, this one renders too, and writes.

    items ──▶ here, one by one
         └──▶ a mate, in bundles ──▶ results come back in any order

A mate only reads the cache and answers: it ends when this process does, however that ends, and it never leaves a
file. What a mate cannot do, or leaves undone, is done here, so that every fault is met here.
"""

import gc
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sparkpub.adapters.site_cache import SiteCache
from sparkpub.adapters.templates import environment
from sparkpub.building.workshop import Bench, Workshop, unchanging
from sparkpub.core.settings import Settings

if TYPE_CHECKING:  # most builds need no help, and begin without all that
    from multiprocessing.connection import Connection
    from queue import SimpleQueue
    from subprocess import Popen

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 4  # more mates wait for this process, which does all the writing
_BUNDLE = 32
_AHEAD = 2  # bundles that a mate has: it begins the next while this process takes in what came of the last
OPENING, SLIPS, OUTPUTS, PIECES = "opening", "slips", "outputs", "pieces"


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True, eq=False)
class _Mate:
    process: "Popen[bytes]"
    line: "Connection"
    bundles: deque[list[Any]] = field(default_factory=deque)


@dataclass(slots=True)
class Crew:
    """The mates of one build, called when there is enough to do."""

    folder: Path
    settings: Settings
    cache: Path
    ground: str
    jobs: int | None = None
    audio: Mapping[str, int] = field(default_factory=dict)
    _mates: list[_Mate] = field(default_factory=list)
    _is_called: bool = False

    def call(self) -> None:
        """Let the mates begin; more than once is once."""
        if self._is_called:
            return
        self._is_called = True
        import subprocess
        from multiprocessing import Pipe

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
            mate = _Mate(process=process, line=here)
            self._mates.append(mate)
            self._send(mate, OPENING, (self.folder, self.settings, self.cache, self.ground, self.audio))

    def tell(self, task: str, message: object) -> None:
        """Tell every mate something that has no answer."""
        for mate in list(self._mates):
            self._send(mate, task, message)

    def spread(
        self, task: str, items: Sequence[Item], *, name: Callable[[Item], object], here: Callable[[Item], Result]
    ) -> Iterator[tuple[Item, Result]]:
        """Each item with its result, in any order.

        `name` is what a mate is told of an item, "" for one that it cannot do; `here` does it here.
        """
        waiting = deque(items)
        while waiting or any(mate.bundles for mate in self._mates):
            for mate in list(self._mates):
                while len(mate.bundles) < _AHEAD and len(waiting) > 1:
                    bundle = _taken(waiting, min(_BUNDLE, (len(waiting) + 1) // (_AHEAD + 1)), name)
                    if not bundle:
                        break
                    mate.bundles.append(bundle)
                    self._send(mate, task, [name(item) for item in bundle])
            ready = self._ready(is_idle=not waiting)
            if not ready and waiting:
                item = waiting.popleft()
                yield item, here(item)
            for mate in ready:
                for item, result in self._answered(mate):
                    yield item, here(item) if result is None else result

    def close(self) -> None:
        """Let the mates go."""
        for mate in self._mates:
            mate.line.close()  # of all at first, so that they end together
        for mate in self._mates:
            _end(mate)
        self._mates.clear()

    def _send(self, mate: _Mate, task: str, message: object) -> None:
        with suppress(OSError):  # one that is gone is missed when its answer is awaited
            mate.line.send((task, message))

    def _ready(self, *, is_idle: bool) -> list[_Mate]:
        """The mates that have answered; one who is idle waits for the next."""
        asked = {mate.line: mate for mate in self._mates if mate.bundles}
        if not asked:
            return []
        from multiprocessing.connection import wait

        answered = wait(list(asked), timeout=None if is_idle else 0)
        return [mate for line, mate in asked.items() if line in answered]

    def _answered(self, mate: _Mate) -> list[tuple[Any, Any]]:
        """What a mate made of its first bundle; one that is gone makes nothing of any."""
        try:
            results = mate.line.recv()
        except (EOFError, OSError):
            self._mates.remove(mate)
            _end(mate)
            return [(item, None) for bundle in mate.bundles for item in bundle]
        return list(zip(mate.bundles.popleft(), results, strict=True))


def _taken(waiting: deque[Item], most: int, name: Callable[[Item], object]) -> list[Item]:
    """The first items that a mate can do, at most so many; they wait no longer."""
    bundle: list[Item] = []
    passed: list[Item] = []
    while waiting and len(bundle) < most:
        item = waiting.popleft()
        (passed if name(item) == "" else bundle).append(item)
    waiting.extendleft(reversed(passed))
    return bundle


def _end(mate: _Mate) -> None:
    """See a mate off."""
    from subprocess import TimeoutExpired

    mate.line.close()
    try:
        mate.process.wait(timeout=10)
    except TimeoutExpired:
        mate.process.kill()
        mate.process.wait()


def help_along(line: "Connection") -> None:
    """What a mate does until the other process closes the line or ends."""
    import signal

    gc.disable()  # as in the other process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process decides when a build is broken off
    with suppress(EOFError, OSError):
        _, (folder, settings, cache, ground, audio) = line.recv()
        with closing(SiteCache(cache)) as kept:
            workshop = Workshop(settings, unchanging(environment(folder), ground), kept, audio)
            bench = Bench(workshop, ())
            asked = _arriving(line)
            while (one := asked.get()) is not None:
                task, message = one
                if task == PIECES:
                    bench = Bench(workshop, message)
                    continue
                make = workshop.slip if task == SLIPS else bench.render
                line.send([_tried(make, one) for one in message])


def _arriving(line: "Connection") -> "SimpleQueue[tuple[str, Any] | None]":
    """What is asked on a line, None at its end; taken off at once, so that who asks never waits for what is made."""
    from queue import SimpleQueue
    from threading import Thread

    asked: SimpleQueue[tuple[str, Any] | None] = SimpleQueue()

    def listen() -> None:
        try:
            with suppress(EOFError, OSError):
                while True:
                    asked.put(line.recv())
        finally:  # also after what cannot be read: who asks waits until the mate answers or ends
            asked.put(None)

    Thread(target=listen, daemon=True).start()
    return asked


def _tried(make: Callable[[Any], object], one: object) -> object:
    """What comes of it, None if it cannot be made: then the other process meets the fault, where it can be told."""
    try:
        return make(one)
    except Exception:  # noqa: BLE001 - it is raised again there
        return None


if __name__ == "__main__":
    from multiprocessing.connection import Connection

    help_along(Connection(int(sys.argv[1])))
