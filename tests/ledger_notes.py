"""A ledger's engine that notes what it is asked, and what it answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sparkpub.adapters.ledger.sqlite import Database, Values
from sparkpub.adapters.ledger.statements import numbered


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A statement with its values and what came of it: how many rows it found or changed, and those that it gave."""

    sql: str
    values: Values
    count: int
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class NotingDatabase(Database):
    """A ledger in memory that notes each of its statements but those about transactions, and those in its own words."""

    def __init__(self) -> None:
        super().__init__(None, is_durable=False)
        self.notes: list[Note] = []

    def write(self, sql: str, values: Values | None = None) -> int:
        count = super().write(sql, values)
        self._note(sql, values, count, ())
        return count

    def write_each(self, sql: str, values: Iterable[Values]) -> list[int]:
        return [self.write(sql, each) for each in values]

    def write_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        names = numbered(sql, "?")[1]
        for row in rows:
            self.write(sql, dict(zip(names, row, strict=True)))

    def rows(self, sql: str, values: Values | None = None) -> list[Any]:
        found = super().rows(sql, values)
        self._note(sql, values, len(found), found)
        return found

    def _note(self, sql: str, values: Values | None, count: int, rows: Sequence[Any]) -> None:
        if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "PRAGMA")) and "sqlite_sequence" not in sql:
            columns = tuple(rows[0].keys()) if rows else ()
            self.notes.append(
                Note(
                    sql=sql, values=dict(values or {}), count=count, columns=columns, rows=[tuple(row) for row in rows]
                )
            )
