"""The ledger's statements: each one, by its name, is one that SQLite and a real PostgreSQL both take."""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import resources

import pytest

from ledger_engines import sqlite
from postgresql import PROGRAMS, Server, postgresql, schema
from sparkpub.adapters import ledger
from sparkpub.adapters.ledger.sqlite import with_hints
from sparkpub.adapters.ledger.statements import numbered, statements

SQLITES_OWN = {"schema.sql", "sqlite.sql"}
FILES = sorted({file.name for file in resources.files(ledger).iterdir() if file.name.endswith(".sql")} - SQLITES_OWN)
VERBS = {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP"}
TABLES = "SELECT s.subscriber_id FROM subscriber s JOIN release r ON r.release_id = s.subscriber_id"
TEMPORARY = ("lists/make_arriving", "lists/make_refused")

# `make test` installs it or stops; this is for whoever starts pytest without.
needs_postgresql = pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is not installed")


def whole(sql: str) -> str:
    """A statement; or the plainest statement that a condition, or the page of one, can be added to."""
    word = sql.split(maxsplit=1)[0]
    if word in VERBS:
        return sql
    return f"{TABLES}\n{sql}" if word in {"ORDER", "LIMIT"} else f"{TABLES}\nWHERE {sql}"


STATEMENTS: Mapping[str, str] = {
    f"{file.removesuffix('.sql')}/{name}": whole(sql) for file in FILES for name, sql in statements(file).items()
}


def before(sql: str) -> str:
    """What makes room for a table that was made for all others already."""
    made = re.match(r"CREATE TEMPORARY TABLE (\w+)", sql)
    return f"DROP TABLE {made[1]}" if made else "SELECT 1"


@pytest.fixture(scope="module")
def faults_on_sqlite() -> Mapping[str, str]:
    """What SQLite finds wrong with each statement."""
    found = dict.fromkeys(STATEMENTS, "")
    with sqlite() as room:
        raw = room.make()._db._connection
        for name in TEMPORARY:
            raw.execute(STATEMENTS[name])
        for name, sql in STATEMENTS.items():
            raw.execute("BEGIN")
            raw.execute(before(sql))
            try:
                raw.execute(f"EXPLAIN {with_hints(sql)}", defaultdict(int))
            except sqlite3.Error as error:
                found[name] = str(error)
            raw.execute("ROLLBACK")
    return found


@pytest.mark.parametrize("name", STATEMENTS)
def test_sqlite_takes_the_statement(name: str, faults_on_sqlite: Mapping[str, str]) -> None:
    assert not faults_on_sqlite[name]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgresql() as running:
        yield running


@pytest.fixture(scope="module")
def faults_on_postgresql(server: Server) -> Mapping[str, str]:
    """What PostgreSQL finds wrong with each statement. It is told the type of no value: it has to see it by itself."""
    made = [*schema(), *(STATEMENTS[name] for name in TEMPORARY)]
    steps = ["BEGIN", *made]
    for number, sql in enumerate(STATEMENTS.values()):
        steps += ["SAVEPOINT here", before(sql), *planned(f"s{number}", sql), "ROLLBACK TO here"]
    answers = server.run([*steps, "ROLLBACK"])
    assert not [answer.fault for answer in answers[: len(made) + 1] if answer.fault]
    faults = [answer.fault for answer in answers[len(made) + 1 : -1]]
    each = len(faults) // len(STATEMENTS)
    return {name: next(filter(None, faults[n * each : (n + 1) * each]), "") for n, name in enumerate(STATEMENTS)}


def planned(name: str, sql: str) -> tuple[str, str]:
    """Two steps that have PostgreSQL understand and plan a statement; one that makes tables is run."""
    if sql.startswith(("CREATE", "DROP")):
        return sql, "SELECT 1"
    text, values = numbered(sql, "$")
    nothing = f"({', '.join(['NULL'] * len(values))})" if values else ""
    return f"PREPARE {name} AS {text}", f"EXPLAIN EXECUTE {name}{nothing}"


@needs_postgresql
@pytest.mark.parametrize("name", STATEMENTS)
def test_postgresql_takes_the_statement(name: str, faults_on_postgresql: Mapping[str, str]) -> None:
    assert not faults_on_postgresql[name]
