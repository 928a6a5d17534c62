"""The engines that a ledger can be kept in. The ledger's tests are one contract for them all: `engine` is a parameter.

For another engine write a room beside `SqliteRoom`, and a line in ENGINES.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import pytest

from sparkpub.adapters.ledger import Ledger, open_ledger


class LedgerRoom(Protocol):
    """One ledger of an engine, and the ways to it."""

    def make(self) -> Ledger:
        """Make it: an empty one."""
        ...

    def open(self, *, busy_seconds: float = 10.0) -> Ledger:
        """Open it once more, as after a restart or in another process."""
        ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What somebody who is no sparkpub finds in it."""
        ...


Engine = Callable[[], AbstractContextManager[LedgerRoom]]


class SqliteRoom:
    """A ledger in a file."""

    URL = "sqlite:///ledger.db"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[Ledger] = []

    def make(self) -> Ledger:
        return self._kept(open_ledger(self.URL, self.folder, create=True, is_durable=False))

    def open(self, *, busy_seconds: float = 10.0) -> Ledger:
        return self._kept(open_ledger(self.URL, self.folder, busy_seconds=busy_seconds, is_durable=False))

    def _kept(self, ledger: Ledger) -> Ledger:
        self.opened.append(ledger)
        return ledger

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "ledger.db")) as connection:
            return connection.execute(sql).fetchall()


@contextmanager
def sqlite() -> Iterator[SqliteRoom]:
    """A room that is empty yet; what was opened in it is closed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        room = SqliteRoom(Path(folder))
        try:
            yield room
        finally:
            for ledger in room.opened:
                ledger.close()


ENGINES: Final[Mapping[str, Engine]] = {"sqlite": sqlite}


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn: what it gives is a room for one new ledger."""
    return ENGINES[request.param]


@pytest.fixture
def ledger_room(engine: Engine) -> Iterator[LedgerRoom]:
    """A room for a ledger that is not made yet."""
    with engine() as room:
        yield room


@pytest.fixture
def ledger(ledger_room: LedgerRoom) -> Ledger:
    """An empty ledger."""
    return ledger_room.make()
