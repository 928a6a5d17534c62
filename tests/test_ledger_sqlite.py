"""The ledger in SQLite: whatever is wrong with its file or disk is said with a cure, and its indexes are used."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from ledger_engines import sqlite
from sample_press import NOW
from sparkpub.adapters.ledger import ReaderRow, open_ledger
from sparkpub.adapters.ledger.sqlite import with_hints
from sparkpub.adapters.ledger.statements import read_sql, statements
from sparkpub.errors import BusyError, CopyError, LedgerError

URL = "sqlite:///var/ledger.db"


def test_no_ledger_here_means_this_is_a_copy(tmp_path: Path) -> None:
    with pytest.raises(CopyError, match="this is a copy; queue on the press"):
        open_ledger(URL, tmp_path)
    assert not (tmp_path / "var").exists()


def test_a_beginning_that_was_broken_off_can_be_made_again(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/ledger.db").touch()
    with pytest.raises(CopyError, match="init --press"):
        open_ledger(URL, tmp_path)
    open_ledger(URL, tmp_path, create=True).close()


def test_another_engine_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="SQLite") as fault:
        open_ledger("postgresql://ada:hunter2@db/x", tmp_path)
    assert "hunter2" not in str(fault.value)


def test_a_file_that_is_no_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    path = tmp_path / "var/ledger.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(LedgerError, match="no ledger"):
        open_ledger(URL, tmp_path)
    assert path.read_bytes() == b"Dear diary, " * 1000
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE cookies (id)")
    other.close()
    with pytest.raises(LedgerError, match="another program"):
        open_ledger(URL, tmp_path)


def test_a_folder_in_the_ledgers_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var/ledger.db").mkdir(parents=True)
    with pytest.raises(LedgerError, match="no file"):
        open_ledger(URL, tmp_path)


def test_a_newer_sparkpubs_ledger_is_refused(tmp_path: Path) -> None:
    open_ledger(URL, tmp_path, create=True).close()
    raw = sqlite3.connect(tmp_path / "var/ledger.db")
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(LedgerError, match="newer"):
        open_ledger(URL, tmp_path)


def test_a_torn_ledger_is_said_to_be_damaged(tmp_path: Path) -> None:
    ledger = open_ledger(URL, tmp_path, create=True)
    ledger.import_subscribers((ReaderRow(address=f"r{n}@example.org") for n in range(500)), NOW)
    ledger.close()
    path = tmp_path / "var/ledger.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 // 4096 * 4096])
    with pytest.raises(LedgerError, match="damaged"):  # noqa: PT012 - wherever it notices
        torn = open_ledger(URL, tmp_path)
        list(torn.subscribers())


FULL = """
import resource, signal, sys
from pathlib import Path
from sample_press import NOW
from sparkpub.adapters.ledger import ReaderRow, open_ledger
from sparkpub.errors import BusyError, LedgerError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ledger = open_ledger("sqlite:///var/ledger.db", Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    for start in range(0, 1_000_000, 1000):
        ledger.import_subscribers([ReaderRow(address=f"n{n}@example.org") for n in range(start, start + 1000)], NOW)
except (BusyError, LedgerError) as fault:
    print(fault)
"""


def test_a_disk_that_takes_no_more_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    ledger = open_ledger(URL, tmp_path, create=True)
    ledger.add_subscriber("a@example.org", at=NOW)
    ledger.close()
    program = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(
        program, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(Path(__file__).parent)}
    )
    assert "disk" in done.stdout
    ledger = open_ledger(URL, tmp_path)
    assert ledger.find_subscriber("a@example.org") is not None
    assert ledger.count_subscribers() % 1000 == 1
    ledger.close()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs the right to mount a small disk")
def test_a_full_disk_is_for_another_time(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        ledger = open_ledger(URL, disk, create=True)
        with pytest.raises(BusyError, match="disk is full"):
            ledger.import_subscribers((ReaderRow(address=f"n{n}@example.org") for n in range(20000)), NOW)
        assert ledger.count_subscribers() == 0
        ledger.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_open_deliveries_are_found_by_the_partial_index() -> None:
    names = ("next_batch", "due_in_batch", "open_counts", "recover_sending", "cancel_open", "releases_with_uncertain")
    with sqlite() as room:
        raw = room.make()._db._connection
        for name in names:
            sql = with_hints(statements("deliveries.sql")[name])
            plan = raw.execute(f"EXPLAIN QUERY PLAN {sql}", defaultdict(int)).fetchall()
            assert any("delivery_open" in row["detail"] for row in plan), name


def test_the_schema_explains_every_table() -> None:
    before = ""
    for line in read_sql("schema.sql").splitlines():
        if line.startswith("CREATE TABLE"):
            assert before.startswith("--"), line
        before = line
