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


class Carrier:
    """A thread that posts the letters of a press when it is woken, and looks for itself now and then; to be closed."""

    def __init__(self, open_: Callable[[], Press], *, clock: Callable[[], datetime]) -> None:
        """Start. `open_` opens the press in the carrier's thread, for each round anew."""
        self._open, self._clock = open_, clock
        self._waking, self._is_ending = threading.Event(), False
        self._thread = threading.Thread(target=self._work, name="carrier", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that a letter waits."""
        self._waking.set()

    def close(self) -> None:
        """End between two letters."""
        self._is_ending = True
        self._waking.set()
        self._thread.join()

    def _work(self) -> None:
        """Round after round until told to end; what goes wrong is tried again, here or by `sparkpub run`."""
        told = ""
        while not self._is_ending:
            self._waking.wait(timeout=_SECONDS_BETWEEN)
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
                post_letters(press, now=self._clock(), is_stopping=lambda: self._is_ending)
        except BusyError:  # another process posts them, or holds the ledger
            return told
        except SparkpubError as error:
            if str(error) != told:
                _LOG.warning("letters wait: %s", error)
            return str(error)
        return ""
