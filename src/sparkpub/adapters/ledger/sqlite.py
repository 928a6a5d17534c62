"""The ledger's engine on SQLite: one file, one connection, short transactions, errors as our own.

All that only SQLite has is here and in sqlite.sql; schema.sql is in its words.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sparkpub.adapters.ledger.statements import numbered, read_sql, statements
from sparkpub.errors import BusyError, CopyError, LedgerError, UsageError

APPLICATION_ID: Final = 0x7370_6B70  # "spkp", so that no other program's file is taken for a ledger
SCHEMA_VERSION: Final = 1

Values = Mapping[str, object]

_LOCKED = (BusyError, " is locked by another process; run the same command again in a moment")
_DAMAGED = (LedgerError, " is damaged or no ledger; `sparkpub restore FILE` puts a backup of it back")
_NOT_WRITABLE = (
    " cannot be written; check who owns it, its folder, and the files -wal and -shm beside it, and their modes"
)
_MEANINGS: Final[Mapping[int, tuple[type[LedgerError] | type[BusyError], str]]] = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: (BusyError, ": the disk is full; make room and run the same command again"),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: (LedgerError, _NOT_WRITABLE),
    sqlite3.SQLITE_CANTOPEN: (LedgerError, " cannot be opened; check that its folder is there and may be written"),
    sqlite3.SQLITE_IOERR: (LedgerError, " cannot be read or written; check the disk and its free space"),
}
_ROOMY_KIB: Final = 65_536
_SQL = statements("sqlite.sql")
_HINT: Final = re.compile(r"/\* (INDEXED BY \w+) \*/")
_PRIMARY = 0xFF  # extended result codes keep the primary one in their low byte


class Database:
    """A connection that commits each statement by itself unless a transaction is open."""

    def __init__(
        self, path: Path | None, *, busy_seconds: float = 10.0, is_durable: bool = True, is_readable_only: bool = False
    ) -> None:
        """Connect to a file, or to a ledger in memory where `path` is None.

        With `is_durable` each commit is on the disk when it returns (synchronous=FULL), except inside `hasty`. One that
        `is_readable_only` lies where nothing can be written, so that nobody else writes either.
        """
        self.path = path
        self._is_readable_only = is_readable_only
        self._level = "FULL" if is_durable else "OFF"
        self._depth = 0
        self._has_news = False
        self.on_news: Callable[[], None] | None = None
        with self.errors():
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?{_way_to_read(path)}" if path and is_readable_only else path or ":memory:",
                timeout=busy_seconds,
                isolation_level=None,
                cached_statements=256,
                uri=is_readable_only,
            )
            self._connection.row_factory = sqlite3.Row

    @property
    def name(self) -> str:
        """The ledger's file as messages name it."""
        return str(self.path) if self.path else "the ledger in memory"

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def _explain(self, error: sqlite3.Error) -> LedgerError | BusyError:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & _PRIMARY
        kind, words = _MEANINGS.get(code, (LedgerError, f": {error}; is it from another version of sparkpub?"))
        return kind(f"{self.name}{words}")

    def prepare(self, *, create: bool) -> None:
        """Set the connection up and see that the file is a ledger of this version; make an empty one if asked.

        Raises:
            LedgerError: it belongs to another program or a newer sparkpub, is damaged or cannot be written.
            CopyError: it is empty, and `create` is False.
            UsageError: it holds a ledger, and `create` is True.
        """
        with self.errors():
            (application_id,) = self._connection.execute("PRAGMA application_id").fetchone()
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if tables and application_id != APPLICATION_ID:
                raise LedgerError(f"{self.name} is another program's database; name another file in [ledger] url")
            if version > SCHEMA_VERSION:
                raise LedgerError(f"{self.name} was written by a newer sparkpub; upgrade this one")
            if tables and create:
                raise UsageError(f"this is the press already: {self.name} holds its ledger")
            if not tables and not create:
                raise CopyError(f"{self.name} is empty; `sparkpub init --press .` makes this the press")
            if self._is_readable_only:
                return
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {self._level}")
            self._connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
            if not tables:
                self._create()

    def _create(self) -> None:
        """Make the tables in one transaction: a start that is broken off leaves an empty file."""
        with self.transaction():
            for statement in _split(read_sql("schema.sql")):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, with the right to write from the start; an inner one joins the outer."""
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self.write("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
            self.write("COMMIT")
        except BaseException:
            self._has_news = False
            raise
        finally:
            self._depth = 0
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
        self._tell_news()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside a transaction: all of this or nothing, and the transaction goes on either way; not to be nested."""
        self.write("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk has taken everything back already
                self.write("ROLLBACK TO attempt")
                self.write("RELEASE attempt")
            raise
        self.write("RELEASE attempt")

    def note_news(self) -> None:
        """Have `on_news` called once what is being written is committed."""
        self._has_news = True
        if not self._depth:
            self._tell_news()

    def _tell_news(self) -> None:
        if self._has_news:
            self._has_news = False
            if self.on_news is not None:
                self.on_news()

    @contextmanager
    def hasty(self) -> Iterator[None]:
        """Inside, commits outlive the process but perhaps not the power; not to be entered in a transaction."""
        with self._synchronous("NORMAL"):
            yield

    @contextmanager
    def durable(self) -> Iterator[None]:
        """Inside `hasty`: commits are on the disk when they return, with all that came before them."""
        with self._synchronous("FULL"):
            yield

    @contextmanager
    def _synchronous(self, level: str) -> Iterator[None]:
        """Commit at another level inside; a scratch ledger has one level only."""
        before = self._level
        if before in ("OFF", level):
            yield
            return
        self.write(f"PRAGMA synchronous = {level}")
        self._level = level
        try:
            yield
        finally:
            self._level = before
            self.write(f"PRAGMA synchronous = {before}")

    def write(self, sql: str, values: Values | None = None) -> int:
        """Run a statement; returns how many rows it changed."""
        with self.errors():
            return self._connection.execute(with_hints(sql), values or {}).rowcount

    def write_each(self, sql: str, values: Iterable[Values]) -> list[int]:
        """Run a statement for each of some values; how many rows each changed."""
        sql = with_hints(sql)
        with self.errors():
            execute = self._connection.execute
            return [execute(sql, each).rowcount for each in values]

    def write_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each of many rows, whose values come in the order in which the statement names them.

        So a million rows need no mapping each.
        """
        with self.errors():
            self._connection.executemany(numbered(sql, "?")[0], rows)

    @contextmanager
    def staging(self) -> Iterator[None]:
        """A transaction for temporary tables alone: nobody has to wait for it."""
        self.write("BEGIN")
        try:
            yield
            self.write("COMMIT")
        finally:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def roomy(self) -> Iterator[None]:
        """Inside, SQLite keeps more of the file in memory: for many rows whose keys come in no order."""
        (before,) = self.row("PRAGMA cache_size")
        self.write(f"PRAGMA cache_size = -{_ROOMY_KIB}")
        try:
            yield
        finally:
            self.write(f"PRAGMA cache_size = {before}")

    def rows(self, sql: str, values: Values | None = None) -> list[Any]:
        """All rows of a query."""
        with self.errors():
            return self._connection.execute(with_hints(sql), values or {}).fetchall()

    def row(self, sql: str, values: Values | None = None) -> Any:  # noqa: ANN401 - a row of the query's own shape
        """The first row of a query, or None; the statement is run to its end."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def last_number(self, table: str) -> int:
        """The highest number that a table, which never gives one twice, has given so far; 0 if none."""
        return int(self.row(_SQL["last_number"], {"table": table})[0])

    def number_after(self, table: str, number: int) -> None:
        """Have a table, which never gives a number twice, give those after this one from now on."""
        self.write(_SQL["drop_number"], {"table": table})
        self.write(_SQL["set_number"], {"table": table, "number": number})

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file, nothing if it is sound."""
        found = [str(row[0]) for row in self.rows("PRAGMA quick_check(5)")]
        return [] if found == ["ok"] else found

    def copy_to(self, path: Path) -> None:
        """Write everything as it is at one instant, whoever else works meanwhile, into a new file."""
        make_private(path)
        self.write("VACUUM INTO :path", {"path": str(path)})

    def shred(self) -> None:
        """Have nothing in the write-ahead log that is not in the file any more, unless somebody reads it just now."""
        self.write("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let the file go."""
        with self.errors():
            self._connection.close()


@lru_cache(maxsize=1000)
def with_hints(sql: str) -> str:
    """A statement with the hints that its comments give for SQLite alone."""
    return _HINT.sub(r"\1", sql)


def copy_file(source: Path, target: Path) -> None:
    """Write the ledger in a file, and in what SQLite keeps beside it, into a new one; the source is only read.

    Raises:
        LedgerError: it is damaged, or no ledger.
    """
    connection = None
    try:
        connection = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        if application_id != APPLICATION_ID:
            raise LedgerError(f"{source} is no ledger of sparkpub; name a file that `sparkpub backup` wrote")
        found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
        if found != ["ok"]:
            raise LedgerError(f"{source} is damaged ({found[0]}); take an earlier backup")
        make_private(target)
        connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise LedgerError(f"{source} cannot be read as a ledger ({error}); take another backup") from error
    finally:
        if connection is not None:
            connection.close()


def make_private(path: Path) -> None:
    """Have an empty file there that its owner alone reads and writes, for SQLite to fill: -wal and -shm follow it."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _way_to_read(path: Path) -> str:
    """How to open a ledger where nothing can be written: without -wal SQLite has to be told that nobody writes."""
    wal = path.with_name(f"{path.name}-wal")
    return "mode=ro" if wal.exists() and wal.stat().st_size else "immutable=1"


def is_ledger_file(path: Path) -> bool:
    """Whether a file begins like a ledger (https://sqlite.org/fileformat.html, 1.3)."""
    with path.open("rb") as file:
        head = file.read(72)
    return head.startswith(b"SQLite format 3\0") and head[68:72] == APPLICATION_ID.to_bytes(4, "big")


def _split(script: str) -> Iterator[str]:
    """The statements of a script one by one, so that they can share a transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
