"""A tick by the index: it reads the files alone that it needs, and does what a tick with the whole shelf does."""

from datetime import datetime

from sparkpub.adapters.shelf_index import UNUSABLE
from sparkpub.errors import Fault
from sparkpub.indexing import Glance, Indexed, forget
from sparkpub.press import Press
from sparkpub.publishing import TickReport, tick
from sparkpub.shelf import read_shelf


class Ticker:
    """Ticks of one press, with what it remembers of its issue files from one to the next; to be closed."""

    def __init__(self, press: Press) -> None:
        """Nothing is opened before the first tick."""
        self._press = press
        self._index: Indexed | None = None

    def close(self) -> None:
        """Let the index go."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def tick(self, *, now: datetime, changed: frozenset[str] | None = None) -> tuple[TickReport, tuple[Fault, ...]]:
        """One tick, and the faults of all issue files; `changed` are the paths that may have, None if any may."""
        glance = self._look(now, changed)
        if glance is None:
            shelf = read_shelf(self._press.publication)
            return tick(self._press, shelf, now=now), shelf.faults
        report = tick(self._press, glance.shelf, now=now)
        self._settle(glance, report)
        return report, glance.shelf.faults

    def _look(self, now: datetime, changed: frozenset[str] | None) -> Glance | None:
        """What this tick must look at, None where no index can be kept or this one turns out to be broken."""
        try:
            if self._index is None:
                self._index = Indexed(self._press.publication)
            return self._index.look(self._press.ledger, now=now, changed=changed)
        except UNUSABLE:
            self._give_up()
            return None

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
        self.close()
        forget(self._press.publication)
