"""Who may read what a press keeps, and what can be done where nothing may be written."""

import json
import os
from pathlib import Path

import pytest

from cli_runner import process, sparkpub, write_issue
from powerless import powerless
from sparkpub.adapters.ledger import open_ledger
from sparkpub.errors import LedgerError


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_names_readers_is_for_its_owner_alone(gazette: Path) -> None:
    assert mode(gazette / "var") == 0o700
    write_issue(gazette, "now", 'title: "Now"\nrelease: "2026-02-01"')
    sparkpub("subscribers", "add", "ada@example.org", "--confirmed", "asked", "--now", "2026-01-02", cwd=gazette)
    sparkpub("queue", "now", "--now", "2026-01-02", cwd=gazette)
    assert sparkpub("run", "--once", "--now", "2026-02-01T23:00", cwd=gazette).code == 0
    assert sparkpub("backup", "copy.db", cwd=gazette).code == 0
    ledgers = [*(gazette / "var").glob("ledger.db*"), gazette / "copy.db"]
    assert {mode(path) for path in ledgers} == {0o600}
    (message,) = (gazette / "var" / "outbox" / "new").iterdir()
    assert mode(message) == 0o600
    assert {mode(path) for path in (message.parents[0], message.parents[1])} == {0o700}


def test_a_clone_that_becomes_the_press_closes_var(gazette: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "sparkpub.toml").write_bytes((gazette / "sparkpub.toml").read_bytes())
    (clone / "var").mkdir(mode=0o755)
    assert sparkpub("init", "--press", ".", cwd=clone).code == 0
    assert (mode(clone / "var"), mode(clone / "var" / "ledger.db")) == (0o700, 0o600)


def shut(folder: Path) -> None:
    """Take the right to write from everybody, as a mount that can only be read does."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(mode(path) & 0o555)


@pytest.mark.parametrize(
    "command",
    [("list",), ("status",), ("calendar",), (), ("show", "hello"), ("build", "--out", "../site")],
    ids=" ".join,
)
def test_where_nothing_may_be_written_everything_can_be_looked_at(gazette: Path, command: tuple[str, ...]) -> None:
    shut(gazette)
    done = process(*command, cwd=gazette, preexec_fn=powerless)
    assert (done.code, "cannot" in done.err) == (0, False), done.err


def test_where_nothing_may_be_written_nothing_is_decided(gazette: Path) -> None:
    shut(gazette)
    done = process("hold", "hello", cwd=gazette, preexec_fn=powerless)
    assert done.code in (2, 3)
    assert "ledger.db" in done.err or "Read-only" in done.err or "Permission" in done.err


def test_doctor_names_what_of_the_ledger_cannot_be_written(gazette: Path) -> None:
    assert "the ledger is sound" in process("doctor", cwd=gazette, preexec_fn=powerless).out
    ledger = gazette / "var" / "ledger.db"
    ledger.chmod(0o400)
    done = process("doctor", "--json", cwd=gazette, preexec_fn=powerless)
    (found,) = (each for each in json.loads(done.out) if each["check"] == "ledger")
    assert (done.code, found["ok"], found["message"]) == (1, False, f"{ledger} cannot be written")


@pytest.mark.skipif(os.geteuid() != 0, reason="a file of another mode is made by root")
def test_a_ledger_kept_from_being_written_by_what_is_beside_it_is_told_so(gazette: Path) -> None:
    ledger = open_ledger("sqlite:///var/ledger.db", gazette)
    (gazette / "var" / "ledger.db-shm").chmod(0o444)
    (gazette / "var" / "ledger.db-wal").chmod(0o444)
    done = process("hold", "hello", cwd=gazette, preexec_fn=powerless)
    ledger.close()
    assert done.code == 3
    assert "-wal and -shm" in done.err


def test_a_simulation_writes_over_nothing_that_no_simulation_wrote(gazette: Path) -> None:
    mine = gazette.parent / "mine"
    mine.mkdir()
    (mine / "releases.json").write_text("mine")
    for place in (".", "..", "issues", "issues/new", "public", "static/x", "var", "../mine", "sparkpub.toml"):
        done = sparkpub("simulate", "--out", place, cwd=gazette)
        assert (place, done.code) == (place, 2)
    assert (mine / "releases.json").read_text() == "mine"
    assert list((gazette / "issues").iterdir()) == [gazette / "issues" / "hello.md"]
    (gazette.parent / "empty").mkdir()
    for place in ("../empty", "../empty", "../not/yet"):
        assert sparkpub("simulate", "--out", place, cwd=gazette).code == 0


def test_a_folder_that_holds_no_ledger_stays_a_copy(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="this is a copy"):
        open_ledger("sqlite:///var/ledger.db", tmp_path)
