"""Intents and results, written together: all that came up in one turn of the loop is one commit of the ledger.

An intent waits for its commit, a result does not: it is written with or before the next intent of its connection. So
at any commit no connection has more than one message whose end is unknown.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from sparkpub.adapters.ledger import Ledger
from sparkpub.core.outcomes import Settlement
from sparkpub.outgoing.letters import Waiting


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a delivery; `suppresses` says why its address is never to be mailed again, "" if it may be."""

    waiting: Waiting
    settlement: Settlement
    tried_at: datetime
    suppresses: str = ""


class Commits:
    """Collects what is to be written, and writes it."""

    def __init__(
        self, ledger: Ledger, *, epoch: int, may_begin: Callable[[], bool], on_written: Callable[[Result], None]
    ) -> None:
        """Write for this run; `may_begin` is asked before each commit of intents, `on_written` is told of results."""
        self._ledger, self._epoch = ledger, epoch
        self._may_begin, self._on_written = may_begin, on_written
        self._intents: list[tuple[Waiting, datetime, asyncio.Future[bool]]] = []
        self._results: list[Result] = []
        self._is_called = False
        self._fault: Exception | None = None

    async def intend(self, waiting: Waiting, at: datetime) -> bool:
        """Have it committed that a body is about to leave; False if it must not.

        Raises:
            LedgerError, BusyError: the ledger cannot be written; nothing more may begin.
        """
        self.check()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()
        self._intents.append((waiting, at, done))
        self._call(loop)
        return await done

    def intend_now(self, waiting: Waiting, at: datetime) -> bool:
        """The same, where there is no loop."""
        return self._may_begin() and self._ledger.intend(waiting.due, epoch=self._epoch, at=at)

    def add(self, result: Result) -> None:
        """Have a result committed soon."""
        self._results.append(result)
        if self._fault is None:
            self._call(asyncio.get_running_loop())

    def add_now(self, result: Result) -> None:
        """The same, where there is no loop."""
        self._results.append(result)
        self._write()

    def check(self) -> None:
        """Raise what kept the ledger from being written."""
        if self._fault is not None:
            raise self._fault

    def finish(self) -> None:
        """Write what is left.

        Raises:
            LedgerError, BusyError: the ledger cannot be written: the run's recovery will name the doubts.
        """
        self.check()
        self._write()

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write after everything else that this turn of the loop has to do."""
        if not self._is_called:
            self._is_called = True
            loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write, and let those who wait go on."""
        self._is_called = False
        waiting = [intent for intent in self._intents if not intent[2].done()]  # a cancelled one must not begin
        self._intents = []
        try:
            answers = self._write(waiting)
        except Exception as fault:  # noqa: BLE001 - it is raised to whoever waits, and to whoever asks next
            self._fault = fault
            for _, _, done in waiting:
                done.set_exception(fault)
            return
        for (_, _, done), answer in zip(waiting, answers, strict=True):
            done.set_result(answer)

    def _write(self, intents: list[tuple[Waiting, datetime, asyncio.Future[bool]]] | None = None) -> list[bool]:
        """One commit; whether each of the intents may begin."""
        intents, results, ledger = intents or [], self._results, self._ledger
        if not intents and not results:
            return []
        may_begin = not intents or self._may_begin()
        # A suppression is history: the mirror has it at once, so the ledger must not lose it with the power.
        is_history = any(result.suppresses for result in results)
        with ledger.durable() if is_history else nullcontext(), ledger.transaction():
            for result in results:
                self._settle(result)
            answers = [may_begin and ledger.intend(each.due, epoch=self._epoch, at=at) for each, at, _ in intents]
        self._results = []
        for result in results:
            self._on_written(result)
        return answers

    def _settle(self, result: Result) -> None:
        settlement, due = result.settlement, result.waiting.due
        self._ledger.settle(
            due,
            epoch=self._epoch,
            state=settlement.state,
            code=settlement.code,
            at=settlement.at,
            tried_at=result.tried_at,
        )
        if result.suppresses:
            self._ledger.suppress(due.address, result.suppresses, result.tried_at)
