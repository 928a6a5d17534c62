"""The clerk: the one thread of the web face that holds the ledger.

    request ──work──▶ queue ──▶ clerk: everything that waits, in one transaction ──result──▶ request

A commit costs one wait for the disk, however many wishes are in it: so a burst is written as fast as it comes, and each
request is answered only once what it asked for is on the disk.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sparkpub.errors import BusyError, LedgerError, SparkpubError
from sparkpub.press import Press

T = TypeVar("T")

_AT_ONCE = 256
_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class _Task:
    """One piece of work and where its result goes."""

    work: Callable[[Press], Any]
    is_writing: bool
    done: "Future[Any]" = field(default_factory=Future)


class Clerk:
    """Works on the ledger for many requests at a time; to be closed."""

    def __init__(self, open_: Callable[[], Press], *, is_current: Callable[[Press], bool] = lambda _: True) -> None:
        """Start. `open_` opens the press in the clerk's thread, and again when it is no more current, or failed."""
        self._open, self._is_current = open_, is_current
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._press: Press | None = None
        self._thread = threading.Thread(target=self._work, name="clerk", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Press], T]) -> T:
        """What `work` returns, once all that it wrote is on the disk; it runs in a transaction that it shares.

        Raises:
            LedgerError: the ledger cannot be written; nothing was, or the work will find it done.
            BusyError: another process holds it, or the disk is full.
        """
        result: T = self._ask(_Task(work, is_writing=True))
        return result

    def read(self, work: Callable[[Press], T]) -> T:
        """What `work` returns, which only reads.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        result: T = self._ask(_Task(work, is_writing=False))
        return result

    def close(self) -> None:
        """End after what was asked for; whatever comes later is refused."""
        self._tasks.put(None)
        self._thread.join()

    def _ask(self, task: _Task) -> Any:  # noqa: ANN401 - what the work returns
        if not self._thread.is_alive():
            raise BusyError("the web face is ending; try again in a moment")
        self._tasks.put(task)
        try:
            return task.done.result(timeout=_SECONDS)
        except FutureTimeoutError:
            raise BusyError("the ledger is busy; try again in a moment") from None

    def _work(self) -> None:
        """Work until told to end."""
        is_ending = False
        while not is_ending:
            batch = [self._tasks.get()]
            while len(batch) < _AT_ONCE and not self._tasks.empty():
                batch.append(self._tasks.get())
            is_ending = None in batch
            self._serve([task for task in batch if task is not None])
        self._let_go()

    def _serve(self, batch: list[_Task]) -> None:
        """Answer some requests: the writing ones together, then the others."""
        writes = [task for task in batch if task.is_writing]
        try:
            press = self._current()
            if writes:
                _write(press, writes)
        except Exception as error:  # noqa: BLE001 - it belongs to the requests, which show a page for it
            self._let_go()
            _fail(writes, error)
        for task in batch:
            if not task.is_writing:
                self._read(task)

    def _read(self, task: _Task) -> None:
        try:
            task.done.set_result(task.work(self._press or self._current()))
        except Exception as error:  # noqa: BLE001 - as above
            self._let_go()
            _fail([task], error)

    def _current(self) -> Press:
        """The press, opened anew where it has to be."""
        if self._press is not None and not self._is_current(self._press):
            self._let_go()
        if self._press is None:
            self._press = self._open()
        return self._press

    def _let_go(self) -> None:
        if self._press is not None:
            with suppress(SparkpubError):
                self._press.ledger.close()
            self._press = None


def _write(press: Press, tasks: list[_Task]) -> None:
    """Have all of it written in one transaction. If something fails, once more, and it alone is taken back."""
    results: list[tuple[Any, Exception | None]]
    try:
        with press.ledger.transaction():
            results = [(task.work(press), None) for task in tasks]
    except (LedgerError, BusyError):
        raise
    except Exception:  # noqa: BLE001 - whose it is, the second time shows
        with press.ledger.transaction():
            results = [_attempt(press, task) for task in tasks]
    for task, (result, fault) in zip(tasks, results, strict=True):
        if fault is None:
            task.done.set_result(result)
        else:
            task.done.set_exception(fault)


def _attempt(press: Press, task: _Task) -> tuple[Any, Exception | None]:
    """What a piece of work returns, or what went wrong with it; then nothing of it is written."""
    try:
        with press.ledger.attempt():
            return task.work(press), None
    except (LedgerError, BusyError):
        raise
    except Exception as error:  # noqa: BLE001 - one request's fault is no other's
        return None, error


def _fail(tasks: list[_Task], error: Exception) -> None:
    """Tell requests that have no answer yet what went wrong."""
    for task in tasks:
        if not task.done.done():
            task.done.set_exception(error)
