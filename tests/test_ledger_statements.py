"""The ledger's statements: each one, by its name, is one that SQLite and a real PostgreSQL both take."""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import resources

import pytest

from ledger_engines import sqlite
from ledger_life import live
from ledger_notes import Note
from postgresql import PROGRAMS, Answer, Server, literal, postgresql, schema
from sparkpub.adapters import ledger
from sparkpub.adapters.ledger.sqlite import with_hints
from sparkpub.adapters.ledger.statements import numbered, statements

SQLITES_OWN = {"schema.sql", "sqlite.sql"}
FILES = sorted({file.name for file in resources.files(ledger).iterdir() if file.name.endswith(".sql")} - SQLITES_OWN)
VERBS = {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP"}
TABLES = "SELECT s.subscriber_id FROM subscriber s JOIN release r ON r.release_id = s.subscriber_id"
NUMBERED: Mapping[str, str] = dict(re.findall(r"CREATE TABLE (\w+) \(\s+(\w+) BIGINT GENERATED", "\n".join(schema())))
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


def test_a_ledger_s_life_has_every_statement_in_it() -> None:
    ran = {re.sub(r":(\w+?)_\d+\b", r":\1", note.sql) for note in live()}
    parts = {f"{file}: {name}": sql for file in FILES for name, sql in statements(file).items()}
    assert not [name for name, sql in parts.items() if not any(sql in whole for whole in ran)]


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


def makes_tables(sql: str) -> bool:
    """Whether a statement is one that no engine prepares."""
    return sql.startswith(("CREATE", "DROP"))


def planned(name: str, sql: str) -> tuple[str, str]:
    """Two steps that have PostgreSQL understand and plan a statement; one that makes tables is run."""
    if makes_tables(sql):
        return sql, "SELECT 1"
    text, values = numbered(sql, "$")
    nothing = f"({', '.join(['NULL'] * len(values))})" if values else ""
    return f"PREPARE {name} AS {text}", f"EXPLAIN EXECUTE {name}{nothing}"


@needs_postgresql
@pytest.mark.parametrize("name", STATEMENTS)
def test_postgresql_takes_the_statement(name: str, faults_on_postgresql: Mapping[str, str]) -> None:
    assert not faults_on_postgresql[name]


def numbering(sql: str) -> str:
    """What has PostgreSQL number the next row of a table as SQLite does: after the highest number that is there.

    It numbers rows that a constraint refuses as well, as both do where no number may be given twice.
    """
    into = re.match(r"INSERT INTO (\w+)", sql)
    if into is None or into[1] not in NUMBERED or into[1] == "subscriber":
        return "SELECT 1"
    table, column = into[1], NUMBERED[into[1]]
    highest = f"SELECT coalesce(max({column}), 0) + 1 FROM {table}"  # noqa: S608 - our own words
    return f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), ({highest}), FALSE)"


def as_text(value: object, seen: str | None) -> str | None:
    """A value that SQLite gave as psql shows it, where it showed `seen`: a truth is 1 in SQLite and t there."""
    match value:
        case None:
            return None
        case bytes():
            return f"\\x{value.hex()}"
        case int() if seen in {"t", "f"}:
            return "ft"[value]
        case float():
            return repr(value).removesuffix(".0")
        case _:
            return str(value)


def same(note: Note, answer: Answer) -> bool:
    """Whether PostgreSQL gave what SQLite did. Columns are found by name; rows have an order if they want one."""
    if answer.count != note.count or len(answer.rows) != len(note.rows):
        return False
    is_named = sorted(note.columns) == sorted(str(column) for column in answer.columns)
    places = [answer.columns.index(column) for column in note.columns] if is_named else range(len(answer.columns))
    wanted = [*note.rows]
    for found in answer.rows:
        cells = [found[place] for place in places]
        row = next((row for row in wanted if [*map(as_text, row, cells)] == cells), None)
        if row is None or ("ORDER BY" in note.sql and row is not wanted[0]):
            return False
        wanted.remove(row)
    return True


@needs_postgresql
def test_a_ledger_lives_on_postgresql_as_it_does_on_sqlite(server: Server) -> None:
    notes = live()
    steps = ["BEGIN", *schema()]
    start = len(steps)
    for number, note in enumerate(notes):
        text, names = numbered(note.sql, "$")
        given = f"({', '.join(literal(note.values[name]) for name in names)})" if names else ""
        run = [f"PREPARE s{number} AS {text}", f"EXECUTE s{number}{given}"]
        steps += [numbering(text), *(["SELECT 1", text] if makes_tables(text) else run)]
    answers = server.run([*steps, "ROLLBACK"])[start:-1]
    for number, note in enumerate(notes):
        assert not [answer.fault for answer in answers[number * 3 : number * 3 + 3] if answer.fault], note
        assert makes_tables(note.sql) or same(note, answers[number * 3 + 2]), (note, answers[number * 3 + 2])
