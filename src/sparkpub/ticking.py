"""A tick by the index: it reads the files alone that it needs, and does what a tick with the whole shelf does."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sparkpub.adapters.clock import monotonic
from sparkpub.adapters.shelf_index import UNUSABLE
from sparkpub.errors import Fault
from sparkpub.gathering import gather
from sparkpub.indexing import Glance, Indexed, forget
from sparkpub.press import Press
from sparkpub.publishing import TickReport, tick
from sparkpub.shelf import read_shelf

# So few files are looked at in less time than it takes to hear which of them changed.
_MANY = 2_000
# Not every file system tells of every change: from time to time all files are looked at.
_SECONDS_BETWEEN = 600.0


class Ticker:
    """Ticks of one press, with what it remembers of its issue files from one to the next; to be closed."""

    def __init__(self, press: Press, *, is_lasting: bool = False) -> None:
        """Nothing is opened before the first tick. One that `is_lasting` listens for changes between its ticks."""
        self._press = press
        self._index: Indexed | None = None
        self._is_lasting = is_lasting
        self._ear: Ear | None = None

    def close(self) -> None:
        """Let the index go, and listen no more."""
        if self._ear is not None:
            self._ear.close()
            self._ear = None
        if self._index is not None:
            self._index.close()
            self._index = None

    def tick(
        self, *, now: datetime, tell: Callable[[Iterable[Fault]], None], changed: frozenset[str] | None = None
    ) -> TickReport:
        """One tick; the faults of all issue files are told first.

        `changed` are the paths that may have changed since the last tick, None if nobody knows.
        """
        if changed is None and self._ear is not None:
            changed = self._ear.take()
        glance = self._look(now, changed)
        shelf = glance.shelf if glance else read_shelf(self._press.publication)
        tell(shelf.faults)
        report = tick(self._press, shelf, now=now)
        if glance:
            self._settle(glance, report)
        report = with_gathered(self._press, report, now=now)
        if self._is_lasting and self._ear is None and glance and glance.files > _MANY:
            self._ear = Ear(self._press.publication.folder)
        return report

    def _look(self, now: datetime, changed: frozenset[str] | None) -> Glance | None:
        """What this tick must look at, None where no index can be kept or this one turns out to be broken."""
        try:
            if self._index is None:
                self._index = Indexed(self._press.publication)
            return self._index.look(self._press.ledger, now=now, changed=changed)
        except UNUSABLE:
            self._give_up()
            return None
        except BaseException:
            if self._ear is not None:
                self._ear.forget()  # what was heard may not have been looked at
            raise

    def _settle(self, glance: Glance, report: TickReport) -> None:
        """Note what need not be looked at again; without that note it is."""
        if self._index is None:
            return
        try:
            self._index.settle(glance, is_paused=bool(report.agenda.pause), has_faults=bool(report.faults))
        except UNUSABLE:
            self._give_up()

    def _give_up(self) -> None:
        """Have the next tick begin a new index."""
        if self._index is not None:
            self._index.close()
            self._index = None
        forget(self._press.publication)


def with_gathered(press: Press, report: TickReport, *, now: datetime) -> TickReport:
    """What a tick did, and what is gathered after it: nothing where the press has paused itself."""
    if report.agenda.pause:
        return report
    gathered = gather(press, now=now)
    faults = report.faults + gathered.faults
    return replace(report, digests=gathered.digests, again=gathered.again, faults=faults)


class Ear:
    """Hears which files change, in a thread of its own; to be closed."""

    def __init__(self, folder: Path) -> None:
        """Listen to a publication's folder from now on."""
        self._lock = threading.Lock()
        self._heard: set[str] = set()
        self._is_deaf = True
        self._looked_at = monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(folder,), name="ear")
        self._thread.start()

    def take(self) -> frozenset[str] | None:
        """The paths that changed since this was last asked; None if all files have to be looked at."""
        with self._lock:
            heard, is_deaf = frozenset(self._heard), self._is_deaf
            self._heard.clear()
            self._is_deaf = not self._thread.is_alive()
        if is_deaf or monotonic() - self._looked_at > _SECONDS_BETWEEN:
            self._looked_at = monotonic()
            return None
        return heard

    def forget(self) -> None:
        """Have all files looked at."""
        with self._lock:
            self._is_deaf = True

    def close(self) -> None:
        """Listen no more."""
        self._stop.set()
        self._thread.join()

    def _listen(self, folder: Path) -> None:
        """Gather what is heard; whatever ends that, the ear is deaf then, and all files are looked at instead."""
        from sparkpub.adapters.watch import watch

        try:
            watch(folder, self._hear, self._stop)
        finally:
            with self._lock:
                self._is_deaf = True

    def _hear(self, paths: frozenset[str]) -> None:
        """Note changed paths; none at all mean that the listening has only begun."""
        with self._lock:
            self._heard |= paths
            self._is_deaf = self._is_deaf or not paths
