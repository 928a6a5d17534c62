"""What is remembered of issue files, so that a tick opens those alone that it needs: facts, instants, what is awaited.

It can be thrown away at any time: it is a cache, and whoever finds it gone, unreadable or of another program begins a
new one. Nothing is released on its word: it only says which files to read.
"""

import contextlib
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

_VERSION: Final = 2
_SCHEMA: Final = """
-- A file with the facts of its issue; a broken one has faults (as JSON) and no id. `doubled` are the faults of one that
-- has its id, slug or feed_id in common with another. `rule` and `awaits` (dates of corrections) are texts. `seal` is
-- over all before it.
CREATE TABLE file (
    file_id      INTEGER PRIMARY KEY,
    path         TEXT NOT NULL UNIQUE,
    stamp        TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    id           TEXT NOT NULL,
    slug         TEXT NOT NULL,
    feed_id      TEXT NOT NULL,
    status       TEXT NOT NULL,
    rule         TEXT NOT NULL,
    awaits       TEXT NOT NULL,
    faults       TEXT NOT NULL,
    seal         INTEGER NOT NULL,
    doubled      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX file_id_of ON file (id) WHERE id <> '';
CREATE INDEX file_slug ON file (slug) WHERE id <> '';
CREATE INDEX file_feed_id ON file (feed_id) WHERE feed_id <> '';
CREATE INDEX file_faulty ON file (path) WHERE faults <> '';
CREATE INDEX file_doubled ON file (path) WHERE doubled <> '';

-- When each ready issue is due, within the horizon.
CREATE TABLE due (
    at      INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    on_date TEXT NOT NULL,
    PRIMARY KEY (at, file_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX due_file ON due (file_id);

-- The days on which corrections are to be shown.
CREATE TABLE awaited (
    on_date TEXT NOT NULL,
    file_id INTEGER NOT NULL,
    PRIMARY KEY (on_date, file_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX awaited_file ON awaited (file_id);

-- The issues whose files changed since a tick last came to its end.
CREATE TABLE touched (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- The issues that are queued and have no sound file.
CREATE TABLE missing (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_TABLES: Final = ("file", "due", "awaited", "touched", "missing", "fact")
_FACTS: Final = "path, stamp, content_hash, id, slug, feed_id, status, rule, awaits, faults"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What one issue file says, as far as it is remembered."""

    path: str
    stamp: str
    content_hash: str
    id: str = ""
    slug: str = ""
    feed_id: str = ""
    status: str = ""
    rule: str = ""
    awaits: str = ""
    faults: str = ""

    @property
    def seal(self) -> int:
        """A check over everything: a byte that the disk lost is found."""
        return _seal(self._texts)

    @property
    def _texts(self) -> tuple[str, ...]:
        return (
            self.path,
            self.stamp,
            self.content_hash,
            self.id,
            self.slug,
            self.feed_id,
            self.status,
            self.rule,
            self.awaits,
            self.faults,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """An issue that is due at an instant, and under which number and date."""

    id: str
    number: int
    on: date
    at: datetime


# What says that the memory cannot be used; whoever meets it does without.
UNUSABLE: Final = (sqlite3.Error, OSError, ValueError)
Instants = Iterable[tuple[int, int, str]]


class ShelfIndex:
    """The memory of a publication's issue files."""

    def __init__(self, path: Path, key: str) -> None:
        """Open it, or begin a new one where there is none that can be read, or one made under another key."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            self._db = _opened(path, key)
        except sqlite3.DatabaseError:
            discard(path)
            self._db = _opened(path, key)

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

    def stamps(self) -> dict[str, str]:
        """The stamp of each file that is known."""
        return dict(self._db.execute("SELECT path, stamp FROM file"))

    def count(self) -> int:
        """How many files there are, or were: the number that the newest was given."""
        return int(self._db.execute("SELECT coalesce(max(file_id), 0) FROM file").fetchone()[0])

    def drop_unsealed(self) -> bool:
        """Forget every file whose facts are not as they were written; returns whether there was any."""
        sealed = " || char(0) || ".join(_FACTS.split(", "))
        rows = self._db.execute(f"SELECT file_id, seal, CAST({sealed} AS BLOB) FROM file")  # noqa: S608 - our own words
        broken = [(file_id,) for file_id, seal, facts in rows if seal != zlib.crc32(facts)]
        for file_id in broken:
            self._drop(file_id)
        return bool(broken)

    def facts(self, path: str) -> FileFacts | None:
        """What is known of a file."""
        return next(self._facts("path = ?", path), None)

    def sound(self, issue_id: str) -> FileFacts | None:
        """The one file of an issue, None if it has none or more than one."""
        return next(self._facts("id = ? AND id <> '' AND doubled = ''", issue_id), None)

    def all_sound(self) -> Iterator[FileFacts]:
        """Every file that counts, in the order of the paths."""
        return self._facts("id <> '' AND doubled = '' ORDER BY path")

    def _facts(self, condition: str, *values: str) -> Iterator[FileFacts]:
        names = _FACTS.split(", ")
        for row in self._db.execute(f"SELECT {_FACTS} FROM file WHERE {condition}", values):  # noqa: S608 - our own words
            yield FileFacts(**dict(zip(names, row, strict=True)))

    def put(self, facts: FileFacts, instants: Instants) -> None:
        """Keep what a file says that was not known, and when it is due within the horizon: (second, number, date)."""
        names = _FACTS.split(", ")
        values = [getattr(facts, name) for name in names]
        marks = ", ".join("?" * (len(names) + 1))
        cursor = self._db.execute(
            f"INSERT INTO file ({_FACTS}, seal) VALUES ({marks})",  # noqa: S608 - names of columns
            [*values, facts.seal],
        )
        self._put_due(cursor.lastrowid or 0, instants)
        for on in facts.awaits.split():
            self._db.execute("INSERT OR IGNORE INTO awaited VALUES (?, ?)", (on, cursor.lastrowid))

    def put_stamp(self, facts: FileFacts) -> None:
        """Keep another stamp of a file whose bytes are the same."""
        self._db.execute("UPDATE file SET stamp = ?, seal = ? WHERE path = ?", (facts.stamp, facts.seal, facts.path))

    def drop(self, path: str) -> None:
        """Forget a file."""
        row = self._db.execute("SELECT file_id FROM file WHERE path = ?", (path,)).fetchone()
        if row:
            self._drop(row)

    def _drop(self, file_id: tuple[int]) -> None:
        for table in ("file", "due", "awaited"):
            self._db.execute(f"DELETE FROM {table} WHERE file_id = ?", file_id)  # noqa: S608 - our own words

    def renew_due(self, instants_of: Callable[[str], Instants]) -> None:
        """Reckon anew when each ready issue is due, for another horizon; a rule's text in, instants out."""
        self._db.execute("DELETE FROM due")
        rules = self._db.execute("SELECT file_id, rule FROM file WHERE status = 'ready' AND rule <> ''").fetchall()
        for file_id, rule in rules:
            self._put_due(file_id, instants_of(rule))

    def _put_due(self, file_id: int, instants: Instants) -> None:
        for at, number, on in instants:
            self._db.execute("INSERT OR REPLACE INTO due VALUES (?, ?, ?, ?)", (at, file_id, number, on))

    def due(self, first: datetime, last: datetime) -> list[DueRow]:
        """What is due from one instant to another, both in, of files that count."""
        rows = self._db.execute(
            "SELECT f.id, d.number, d.on_date, d.at FROM due d JOIN file f USING (file_id) "
            "WHERE d.at BETWEEN ? AND ? AND f.doubled = '' ORDER BY d.at",
            (int(first.timestamp()), int(last.timestamp())),
        )
        zone = first.tzinfo
        return [
            DueRow(id=id_, number=number, on=date.fromisoformat(on), at=datetime.fromtimestamp(at, zone))
            for id_, number, on, at in rows
        ]

    def awaited(self, after: str, up_to: str) -> list[str]:
        """The issues that have a correction dated after one date and up to another."""
        rows = self._db.execute(
            "SELECT DISTINCT f.id FROM awaited a JOIN file f USING (file_id) WHERE a.on_date > ? AND a.on_date <= ?",
            (after, up_to),
        )
        return [id_ for (id_,) in rows]

    def alike(self) -> list[tuple[str, str, str, str]]:
        """(path, id, slug, feed_id) of every file that has one of its names in common with another, by path."""
        return self._db.execute(
            "SELECT path, id, slug, feed_id FROM file WHERE id <> '' AND ("
            "  id IN (SELECT id FROM file WHERE id <> '' GROUP BY id HAVING count(*) > 1)"
            "  OR slug IN (SELECT slug FROM file WHERE id <> '' GROUP BY slug HAVING count(*) > 1)"
            "  OR feed_id IN (SELECT feed_id FROM file WHERE feed_id <> '' GROUP BY feed_id HAVING count(*) > 1)"
            ") ORDER BY path"
        ).fetchall()

    def set_doubled(self, doubled: Mapping[str, str]) -> None:
        """Note which files do not count, by path, with their faults; an issue of which that is new is touched."""
        before = {
            path: (id_, faults)
            for path, id_, faults in self._db.execute("SELECT path, id, doubled FROM file WHERE doubled <> ''")
        }
        for path in before.keys() | doubled.keys():
            faults = doubled.get(path, "")
            if before.get(path, ("", ""))[1] != faults:
                self._db.execute("UPDATE file SET doubled = ? WHERE path = ?", (faults, path))
                self._db.execute("INSERT OR IGNORE INTO touched SELECT id FROM file WHERE path = ?", (path,))

    def faults(self) -> list[str]:
        """The faults of every file that has any, as they were kept."""
        found = []
        for column in ("faults", "doubled"):
            rows = self._db.execute(f"SELECT {column} FROM file WHERE {column} <> '' ORDER BY path")  # noqa: S608 - our own words
            found += [text for (text,) in rows]
        return found

    def has_doubled(self) -> bool:
        """Whether a file has its id, slug or feed_id in common with another."""
        return self._db.execute("SELECT 1 FROM file WHERE doubled <> '' LIMIT 1").fetchone() is not None

    def touch(self, ids: Iterable[str]) -> None:
        """Have the next tick look at issues."""
        for id_ in ids:
            if id_:
                self._db.execute("INSERT OR IGNORE INTO touched VALUES (?)", (id_,))

    def touched(self) -> list[str]:
        """The issues whose files changed since a tick last came to its end."""
        return [id_ for (id_,) in self._db.execute("SELECT id FROM touched ORDER BY id")]

    def settle(self, kept: Iterable[str]) -> None:
        """A tick has looked at all that was touched, but for these."""
        self._db.execute("DELETE FROM touched")
        self.touch(kept)

    def set_missing(self, missing: Iterable[str], found: Iterable[str]) -> None:
        """Note queued issues that have no sound file, and others that have one or are not queued any more."""
        self._db.executemany("DELETE FROM missing WHERE id = ?", ((id_,) for id_ in found))
        self._db.executemany("INSERT OR IGNORE INTO missing VALUES (?)", ((id_,) for id_ in missing))

    def clear_missing(self) -> None:
        """Forget which issues have no sound file."""
        self._db.execute("DELETE FROM missing")

    def has_missing(self) -> bool:
        """Whether an issue is queued and has no sound file."""
        return self._db.execute("SELECT 1 FROM missing LIMIT 1").fetchone() is not None


def discard(path: Path) -> None:
    """Throw a memory away, as far as that can be done."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with contextlib.suppress(OSError):
            path.with_name(name).unlink(missing_ok=True)


def _seal(texts: Iterable[str]) -> int:
    """A check over texts."""
    return zlib.crc32("\0".join(texts).encode("utf-8", "surrogatepass"))


def _opened(path: Path, key: str) -> sqlite3.Connection:
    """A connection to a memory of this version and key; another one is emptied."""
    db = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # a power cut may take the last rows, and leaves the others whole
        (version,) = db.execute("PRAGMA user_version").fetchone()
        kept = db.execute("SELECT value FROM fact WHERE name = 'key'").fetchone() if version == _VERSION else None
        if kept != (key,):
            _renew(db, key)
        for table in _TABLES:
            db.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()  # noqa: S608 - our own words
    except BaseException:
        db.close()
        raise
    return db


def _renew(db: sqlite3.Connection, key: str) -> None:
    """Empty a memory."""
    db.execute("BEGIN IMMEDIATE")
    for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        db.execute(f'DROP TABLE "{table}"')
    for statement in _SCHEMA.split(";\n")[:-1]:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {_VERSION}")
    db.execute("INSERT INTO fact VALUES ('key', ?)", (key,))
    db.execute("COMMIT")
