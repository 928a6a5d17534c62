"""What only a real process shows: pipes that close, full disks, Ctrl-C, kills, folders that may not be written."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli_runner import SPARKPUB, process

LONG = ("calendar", "--from", "1600-01-01", "--until", "4000-01-01")


def test_a_reader_that_closes_early_ends_it_quietly(gazette: Path) -> None:
    running = subprocess.Popen(
        [*SPARKPUB, *LONG, "--quiet"], cwd=gazette, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    assert running.stderr is not None
    assert running.stdout.readline().startswith(b"Date")
    running.stdout.close()
    assert running.stderr.read() == b""
    assert running.wait(timeout=30) == 0
    running.stderr.close()


@pytest.mark.parametrize("words", [("list",), LONG, ("subscribers", "export")], ids=["list", "calendar", "export"])
def test_a_full_disk_behind_the_output_is_one_sentence(words: tuple[str, ...], gazette: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*SPARKPUB, *words], cwd=gazette, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 75
    assert done.stderr.decode() == "the disk is full; make room and run the same command again\n"


def test_a_closed_output_is_no_fault(gazette: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *SPARKPUB, "list"], cwd=gazette, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_output_that_cannot_hold_a_letter_shows_it_escaped(gazette: Path) -> None:
    environ = {"PYTHONIOENCODING": "latin-1", "PATH": os.environ["PATH"]}
    process("new", "Zürich – Łódź", "--quiet", cwd=gazette)
    listed = subprocess.run([*SPARKPUB, "list"], cwd=gazette, env=environ, capture_output=True, check=True)
    assert "\\u0141ód".encode("latin-1") in listed.stdout
    shown = subprocess.run([*SPARKPUB, "list", "--json"], cwd=gazette, env=environ, capture_output=True, check=True)
    assert b"\\u0141" in shown.stdout


def test_ctrl_c_ends_a_running_press_with_130_and_no_traceback(gazette: Path) -> None:
    running = subprocess.Popen([*SPARKPUB, "run"], cwd=gazette, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stderr is not None
    assert b"Ctrl-C ends it" in running.stderr.readline()
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert (out, err.strip()) == (b"", b"stopped; nothing is lost: run the same command again")
    assert process("run", "--once", cwd=gazette).code == 0


def test_a_file_that_cannot_be_written_whole_is_left_as_it_was(gazette: Path) -> None:
    assert process("render", "hello", "--out", "look", cwd=gazette).code == 0
    before = {path.name: path.read_bytes() for path in (gazette / "look").iterdir()}
    issue = gazette / "issues" / "hello.md"
    issue.write_text(issue.read_text() + "\nOne more sentence.\n")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    ran = process("render", "hello", "--out", "look", cwd=gazette, preexec_fn=small_files)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert {path.name: path.read_bytes() for path in (gazette / "look").iterdir()} == before


def test_a_kill_while_writing_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    program = (
        "import itertools, pathlib, sys\n"
        "from sparkpub.adapters.files import write_if_changed\n"
        "for letter in itertools.cycle(b'ab'):\n"
        "    write_if_changed(pathlib.Path('file'), bytes([letter]) * 3_000_000)\n"
    )
    (tmp_path / "file").write_bytes(b"old")
    for wait in (0.2, 0.23, 0.26):
        running = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path)
        time.sleep(wait)
        running.kill()
        running.wait()
        data = (tmp_path / "file").read_bytes()
        assert data in (b"old", b"a" * 3_000_000, b"b" * 3_000_000)


def test_an_init_that_is_killed_leaves_nothing_that_looks_like_a_publication(tmp_path: Path) -> None:
    for number, wait in enumerate((0.15, 0.3, 0.4, 0.5)):
        folder = tmp_path / f"gazette-{number}"
        running = subprocess.Popen(
            [*SPARKPUB, "init", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(wait)
        running.kill()
        running.wait()
        if (folder / "sparkpub.toml").exists():
            assert process("check", cwd=folder).code == 0
            assert process("tick", cwd=folder).code == 0


def without_power() -> None:
    """In a new process: even root may write only what permissions say, for CAP_DAC_OVERRIDE and its like are gone."""
    if os.geteuid() == 0:
        drop_from_bounding_set = 24
        for capability in (1, 2, 3):
            ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("new", "A Title"), 2),
        (("render", "hello", "--out", "look"), 2),
        (("simulate", "--from", "2026-10-15", "--until", "2026-10-16"), 2),
        (("queue", "hello"), 3),
        (("run", "--once"), 3),
        (("init", "other"), 2),
    ],
    ids=["new", "render", "simulate", "queue", "run", "init"],
)
def test_a_folder_that_may_not_be_written_is_named_in_one_sentence(
    words: tuple[str, ...], code: int, gazette: Path
) -> None:
    paths = [gazette, *gazette.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    ran = process(*words, cwd=gazette, preexec_fn=without_power)
    for path in paths:
        path.chmod(0o755)
    assert ran.code == code, ran
    (said,) = ran.err.splitlines()
    assert "check " in said
    assert ".new" not in said


def test_python_m_sparkpub_is_sparkpub(tmp_path: Path) -> None:
    assert process("--help", cwd=tmp_path).out.startswith("Usage: sparkpub ")


def test_help_imports_nothing_that_commands_need(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom sparkpub.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'pydantic', 'rich', 'jinja2', 'lxml', 'sqlite3', 'yaml'}\n"
        "print([name for name in sys.modules if name.split('.')[0] in heavy])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True, text=True)
    assert done.stdout.endswith("\n[]\n")
