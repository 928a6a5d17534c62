"""Intents and results, written together: all that came up in one turn of the loop is one commit of the ledger.

An intent waits for its commit, a result does not: it is written with or before the next intent of its connection. So
at any commit no connection has more than one message whose end is unknown.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import NamedTuple

from sparkpub.adapters.ledger import Ledger
from sparkpub.core.bounces import WEIGHTS, Meaning
from sparkpub.core.outcomes import Settlement
from sparkpub.outgoing.letters import Waiting


class Result(NamedTuple):
    """What became of a delivery, and what that says of its address."""

    waiting: Waiting
    settlement: Settlement
    tried_at: datetime
    meaning: Meaning = Meaning.NOTHING


class Commits:
    """Collects what is to be written, and writes it."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        epoch: int,
        clock: Callable[[], datetime],
        may_begin: Callable[[], bool],
        on_written: Callable[[Sequence[Result]], None],
    ) -> None:
        """Write for this run; `may_begin` is asked before each commit of intents, `on_written` is told of results."""
        self._ledger, self._epoch, self._clock = ledger, epoch, clock
        self._may_begin, self._on_written = may_begin, on_written
        self._intents: list[tuple[Waiting, asyncio.Future[bool]]] = []
        self._results: list[Result] = []
        self._is_called = False
        self._fault: Exception | None = None

    async def intend(self, waiting: Waiting) -> bool:
        """Have it committed that a body is about to leave; False if it must not.

        Raises:
            LedgerError, BusyError: the ledger cannot be written; nothing more may begin.
        """
        self.check()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()
        self._intents.append((waiting, done))
        self._call(loop)
        return await done

    def intend_now(self, waiting: Waiting) -> bool:
        """The same, where there is no loop."""
        return self._may_begin() and self._ledger.intend(waiting.due, epoch=self._epoch, at=self._clock())

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
        waiting = [intent for intent in self._intents if not intent[1].done()]  # a cancelled one must not begin
        self._intents = []
        try:
            answers = self._write([intent[0] for intent in waiting])
        except Exception as fault:  # noqa: BLE001 - it is raised to whoever waits, and to whoever asks next
            self._fault = fault
            for _, done in waiting:
                done.set_exception(fault)
            return
        for (_, done), answer in zip(waiting, answers, strict=True):
            done.set_result(answer)

    def _write(self, intents: Sequence[Waiting] = ()) -> list[bool]:
        """One commit; whether each of the intents may begin."""
        results, ledger = self._results, self._ledger
        if not intents and not results:
            return []
        epoch, may_begin = self._epoch, not intents or self._may_begin()
        # A suppression is history: the mirror has it at once, so the ledger must not lose it with the power.
        is_history = any(WEIGHTS[result.meaning] for result in results)
        with ledger.durable() if is_history else nullcontext(), ledger.transaction():
            if results:
                ledger.settle_all([(each.waiting.due, each.settlement, each.tried_at) for each in results], epoch=epoch)
            if is_history:
                self._bear(results)
            if may_begin:
                answers = ledger.intend_all([each.due for each in intents], epoch=epoch, at=self._clock())
            else:
                answers = [False] * len(intents)
        self._results = []
        self._on_written(results)
        return answers

    def _bear(self, results: Sequence[Result]) -> None:
        """Hold against addresses what relays have said of them."""
        for result in results:
            if WEIGHTS[result.meaning]:
                why = f"refused: {result.settlement.code}"
                self._ledger.bear(result.waiting.due.address, result.meaning, why, at=result.tried_at)
