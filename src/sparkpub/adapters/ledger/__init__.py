"""The ledger: the record of every release and every delivery, and the only place that knows who gets mail.

statements.py  ◀── *.sql                    plain SQL that a DBA can read, for every engine
sqlite.py      ◀── schema.sql, sqlite.sql   Database, one engine: connection, transactions, errors, what it alone has
queue ◀─ paces
      ◀─ releases ◀─ readers ◀─ moving ◀─ letters                    rows by topic, each a class that adds its methods
                                       ◀─ audiences ◀─ lists, gathering
                                                    ◀─ deliveries ◀─ following, replaying, reports
Ledger             all of them, on one database
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sparkpub.adapters.ledger.deliveries import LOST, Claim, DueDelivery, OpenCounts, Run
from sparkpub.adapters.ledger.following import DeliveryRow, FollowingRows
from sparkpub.adapters.ledger.gathering import GatheredRows
from sparkpub.adapters.ledger.glances import GlanceRows
from sparkpub.adapters.ledger.letters import LetterRows
from sparkpub.adapters.ledger.lists import EVERYBODY, Choice, ListRows
from sparkpub.adapters.ledger.paces import PaceRows
from sparkpub.adapters.ledger.queue import Event
from sparkpub.adapters.ledger.readers import ImportCounts, ReaderRow
from sparkpub.adapters.ledger.releases import StopNotes, StoredEdition
from sparkpub.adapters.ledger.replaying import MirroredRelease, ReplayedRows
from sparkpub.adapters.ledger.reports import Inquiry, PastReport, ReportCounts, ReportRow, ReportRows
from sparkpub.adapters.ledger.sqlite import Database, copy_file, is_ledger_file, make_private
from sparkpub.errors import CopyError, LedgerError

__all__ = [
    "EVERYBODY",
    "LOST",
    "Choice",
    "Claim",
    "DeliveryRow",
    "DueDelivery",
    "Event",
    "ImportCounts",
    "Inquiry",
    "Ledger",
    "MirroredRelease",
    "OpenCounts",
    "PastReport",
    "ReaderRow",
    "ReportCounts",
    "ReportRow",
    "Run",
    "StopNotes",
    "StoredEdition",
    "copy_file",
    "is_ledger_file",
    "open_ledger",
]

_FILE = "sqlite:///"
_MEMORY = ("sqlite://", "sqlite:///:memory:")


class Ledger(FollowingRows, ReplayedRows, ReportRows, GlanceRows, LetterRows, ListRows, GatheredRows, PaceRows):
    """The ledger of one press."""

    @property
    def path(self) -> Path | None:
        """The ledger's file, None for one in memory."""
        return self._db.path

    def watch(self, on_news: Callable[[], None]) -> None:
        """Have a function called after each commit that added to the history."""
        self._db.on_news = on_news

    def faults(self) -> list[str]:
        """What is wrong with the file itself; nothing if it is sound."""
        return self._db.faults()

    def copy_to(self, path: Path) -> None:
        """Write the ledger as it is at one instant into a new file, whoever else works meanwhile."""
        self._db.copy_to(path)

    def hasty(self) -> AbstractContextManager[None]:
        """Inside, commits outlive this process but perhaps not a power cut: for intents and replies in a claim."""
        return self._db.hasty()

    def durable(self) -> AbstractContextManager[None]:
        """Inside `hasty`: commits are on the disk when they return, with all that came before."""
        return self._db.durable()

    def attempt(self) -> AbstractContextManager[None]:
        """Inside a transaction: all of this or nothing, and the transaction goes on either way; not to be nested."""
        return self._db.attempt()

    def close(self) -> None:
        """Let the file go."""
        self._db.close()


def open_ledger(
    url: str, folder: Path, *, create: bool = False, busy_seconds: float = 10.0, is_durable: bool = True
) -> Ledger:
    """The ledger that `url` names: `sqlite:///var/ledger.db` below `folder`, `sqlite:////abs/path`, or `sqlite://`.

    The last lives in memory and is made at once. Where nothing can be written, it is opened to be read.
    `is_durable=False` is for scratch ledgers only.

    Raises:
        CopyError: there is no ledger, and `create` is False.
        UsageError: there is one, and `create` is True.
        LedgerError: the file is damaged, another program's, or a newer sparkpub's; or the url names another engine.
        BusyError: another process holds it for longer than `busy_seconds`.
    """
    if url in _MEMORY:
        return _prepared(Database(None, is_durable=False), create=True)
    if not url.startswith(_FILE):
        raise LedgerError(f"[ledger] url '{_without_password(url)}': {_ENGINES}")
    path = folder / url.removeprefix(_FILE)
    if not path.is_file():
        if path.exists():
            raise LedgerError(f"{path} is no file; name another in [ledger] url")
        if not create:
            raise CopyError(f"this is a copy; queue on the press (there is no {path})")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if create and not (path.is_file() and path.stat().st_size):
        make_private(path)
    try:
        return _prepared(Database(path, busy_seconds=busy_seconds, is_durable=is_durable), create=create)
    except LedgerError:
        if create or not _is_read_only(path):
            raise
        return _prepared(Database(path, busy_seconds=busy_seconds, is_readable_only=True), create=False)


def _is_read_only(path: Path) -> bool:
    """Whether a ledger lies where this user can write nothing: it can be looked at all the same."""
    return not os.access(path.parent, os.W_OK) and os.access(path, os.R_OK)


_ENGINES = "this version keeps its ledger in SQLite; write it like sqlite:///var/ledger.db"


def _without_password(url: str) -> str:
    """The engine of a url, without who and where."""
    return url.partition(":")[0] + "://…"


def _prepared(database: Database, *, create: bool) -> Ledger:
    """A ledger on a database that was looked at, closed again if it is none."""
    try:
        database.prepare(create=create)
    except BaseException:
        database.close()
        raise
    return Ledger(database)
