"""What a build remembers for the next: releases as they were rendered, and the files it left.

It can be thrown away at any time: a build without it starts anew, knowing of no file that an earlier one wrote. Rows
are committed after the files that they speak of, so that a crash leaves rows that are missing or old, never early.
"""

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

_VERSION: Final = 3
_SCHEMA: Final = """
-- A release as it was rendered, with a key over all that it was rendered from. Every build reads all of these rows.
CREATE TABLE piece (
    piece_id INTEGER PRIMARY KEY,
    key      TEXT NOT NULL,
    facts    TEXT NOT NULL
) STRICT;

-- Its lines in the calendar and in the search index: a build reads all of these too, as soon as one changed.
CREATE TABLE line (
    piece_id INTEGER PRIMARY KEY,
    calendar TEXT NOT NULL,
    found    TEXT NOT NULL
) STRICT;

-- What pages show of it: a build reads those that it needs. The long texts stand behind the short ones.
CREATE TABLE shown (
    piece_id INTEGER PRIMARY KEY,
    card     TEXT NOT NULL,
    opening  TEXT NOT NULL,
    html     TEXT NOT NULL,
    entry    TEXT NOT NULL
) STRICT;

-- A file that a build of ours may have left. An empty key: it is claimed, but perhaps not written yet.
CREATE TABLE output (
    file    TEXT PRIMARY KEY,
    key     TEXT NOT NULL,
    size    INTEGER NOT NULL,
    mtime   INTEGER NOT NULL,
    digest  TEXT NOT NULL,
    is_page INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Blocks of long pages as they were rendered, each under a key over all that it shows.
CREATE TABLE block (
    path TEXT NOT NULL,
    key  TEXT NOT NULL,
    html TEXT NOT NULL,
    PRIMARY KEY (path, key)
) STRICT;

-- `left`: the key of what the last build that came to its end was made from. `boot`: when it ended, as a boot id.
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""

_TABLES: Final = {"calendar": "line", "found": "line"} | dict.fromkeys(("card", "opening", "html", "entry"), "shown")
_PART: Final = {
    name: f"SELECT {name} FROM {table} WHERE piece_id = ?"  # noqa: S608 - names of ours
    for name, table in _TABLES.items()
}
_SOME_PARTS: Final = {
    name: f"SELECT piece_id, {name} FROM {table} WHERE piece_id IN (SELECT value FROM json_each(?))"  # noqa: S608
    for name, table in _TABLES.items()
}
_ALL_PARTS: Final = {name: f"SELECT piece_id, {name} FROM {table}" for name, table in _TABLES.items()}  # noqa: S608
_DROP: Final = tuple(f"DELETE FROM {table} WHERE piece_id = ?" for table in ("piece", "line", "shown"))  # noqa: S608


class Left(NamedTuple):
    """A file as a build left it: the key of what it shows, its size, time and digest."""

    key: str
    size: int
    mtime: int
    digest: str
    is_page: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A rendered release to be kept, with its parts by their names."""

    piece_id: int
    key: str
    facts: str
    parts: Mapping[str, str] = field(repr=False)


class SiteCache:
    """The memory of the builds into one folder."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin a new one where there is none that can be read."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            self._db = _opened(path)
        except sqlite3.DatabaseError:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
            self._db = _opened(path)

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def fact(self, name: str) -> str:
        """A single value, "" where there is none."""
        row = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_fact(self, name: str, value: str) -> None:
        """Keep a single value."""
        self._db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def outputs(self) -> dict[str, Left]:
        """Every file that builds may have left."""
        rows = self._db.execute("SELECT file, key, size, mtime, digest, is_page FROM output")
        return {file: Left(key, size, mtime, digest, bool(is_page)) for file, key, size, mtime, digest, is_page in rows}

    def stamps(self) -> Iterator[tuple[str, int, int, bool]]:
        """(file, size, time, whether it is a page) of every file that builds left, for a quick look."""
        return iter(self._db.execute("SELECT file, size, mtime, is_page FROM output"))

    def claim(self, files: Iterable[str]) -> None:
        """Note that these files are ours from now on, before they are written."""
        self._db.executemany("INSERT OR IGNORE INTO output VALUES (?, '', -1, -1, '', 0)", ((file,) for file in files))

    def put_outputs(self, left: Mapping[str, Left]) -> None:
        """Note how files were left."""
        self._db.executemany(
            "INSERT OR REPLACE INTO output VALUES (?, ?, ?, ?, ?, ?)",
            ((file, one.key, one.size, one.mtime, one.digest, int(one.is_page)) for file, one in left.items()),
        )

    def forget(self, files: Iterable[str]) -> None:
        """Note that these files are gone."""
        self._db.executemany("DELETE FROM output WHERE file = ?", ((file,) for file in files))

    def piece_keys(self) -> dict[int, str]:
        """The key of each release that is kept."""
        return dict(self._db.execute("SELECT piece_id, key FROM piece"))

    def put_pieces(self, pieces: Iterable[Piece]) -> None:
        """Keep rendered releases."""
        for one in pieces:
            part = one.parts.__getitem__
            self._db.execute("INSERT OR REPLACE INTO piece VALUES (?, ?, ?)", (one.piece_id, one.key, one.facts))
            lines = (one.piece_id, part("calendar"), part("found"))
            self._db.execute("INSERT OR REPLACE INTO line VALUES (?, ?, ?)", lines)
            shown = (one.piece_id, part("card"), part("opening"), part("html"), part("entry"))
            self._db.execute("INSERT OR REPLACE INTO shown VALUES (?, ?, ?, ?, ?)", shown)

    def drop_pieces(self, piece_ids: Collection[int]) -> None:
        """Keep these releases no longer."""
        for statement in _DROP:
            self._db.executemany(statement, ((piece_id,) for piece_id in piece_ids))

    def facts(self) -> dict[int, str]:
        """The facts of each release that is kept."""
        return dict(self._db.execute("SELECT piece_id, facts FROM piece"))

    def part(self, name: str, piece_id: int) -> str:
        """One part of a release: `card`, `calendar`, `found`, `opening`, `html` or `entry`."""
        return str(self._db.execute(_PART[name], (piece_id,)).fetchone()[0])

    def some(self, name: str, piece_ids: Sequence[int]) -> dict[int, str]:
        """One part of each of these releases."""
        return dict(self._db.execute(_SOME_PARTS[name], (json.dumps([*piece_ids]),)))

    def parts(self, name: str) -> dict[int, str]:
        """One part of each release."""
        return dict(self._db.execute(_ALL_PARTS[name]))

    def blocks(self, path: str) -> dict[str, str]:
        """The blocks of a page by their keys."""
        return dict(self._db.execute("SELECT key, html FROM block WHERE path = ?", (path,)))

    def put_blocks(self, path: str, blocks: Mapping[str, str]) -> None:
        """Keep the blocks of a page, and no others of it."""
        known = {key for (key,) in self._db.execute("SELECT key FROM block WHERE path = ?", (path,))}
        with self.transaction():
            gone = ((path, key) for key in known - blocks.keys())
            self._db.executemany("DELETE FROM block WHERE path = ? AND key = ?", gone)
            new = ((path, key, html) for key, html in blocks.items() if key not in known)
            self._db.executemany("INSERT INTO block VALUES (?, ?, ?)", new)


def _opened(path: Path) -> sqlite3.Connection:
    """A connection to a memory of this version; one of another version is emptied, but for the files it knows."""
    db = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # a power cut may take the last rows, and leaves the others whole
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version != _VERSION:
            _renew(db)
        db.execute("SELECT count(*) FROM fact").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def _renew(db: sqlite3.Connection) -> None:
    """Empty a memory of another version, but for the names of the files that builds wrote."""
    files: list[tuple[str]] = []
    with contextlib.suppress(sqlite3.OperationalError):
        files = db.execute("SELECT file FROM output").fetchall()
    db.execute("BEGIN IMMEDIATE")
    for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        db.execute(f'DROP TABLE "{table}"')
    for statement in _SCHEMA.split(";")[:-1]:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {_VERSION}")
    db.executemany("INSERT INTO output VALUES (?, '', -1, -1, '', 0)", files)
    db.execute("COMMIT")
