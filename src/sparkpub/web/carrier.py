"""The carrier: has letters posted as soon as readers ask for them, beside whatever else the press is at."""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from sparkpub.errors import BusyError, SparkpubError
from sparkpub.mailroom import post_letters
from sparkpub.press import Press
from sparkpub.web.logs import note

_LOG = logging.getLogger("sparkpub.web")
_SECONDS_BETWEEN = 30.0
_SECONDS_TO_GATHER = 0.2  # in a burst, the letters of many readers go in one round


class Carrier:
    """A thread that posts the letters of a press when it is woken, and looks for itself now and then; to be closed."""

    def __init__(self, open_: Callable[[], Press], *, clock: Callable[[], datetime]) -> None:
        """Start. `open_` opens the press in the carrier's thread, for each round anew."""
        self._open, self._clock = open_, clock
        self._waking, self._ending = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="carrier", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that a letter waits."""
        self._waking.set()

    def close(self) -> None:
        """End between two letters."""
        self._ending.set()
        self._waking.set()
        self._thread.join()

    def _work(self) -> None:
        """Round after round until told to end; what goes wrong is tried again, here or by `sparkpub run`."""
        told = ""
        while not self._ending.is_set():
            self._waking.wait(timeout=_SECONDS_BETWEEN)
            self._ending.wait(timeout=_SECONDS_TO_GATHER)
            self._waking.clear()
            try:
                told = self._round(told)
            except Exception as error:  # noqa: BLE001 - the thread outlives a fault of ours
                note(error)

    def _round(self, told: str) -> str:
        """Post what is due; what kept it from going, said once."""
        try:
            press = self._open()
            with closing(press.ledger):
                post_letters(press, now=self._clock(), is_stopping=self._ending.is_set)
        except BusyError:  # another process posts them, or holds the ledger
            return told
        except SparkpubError as error:
            if str(error) != told:
                _LOG.warning("letters wait: %s", error)
            return str(error)
        return ""
