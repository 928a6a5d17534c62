"""The Maildir and the lock: the same message again changes nothing, and one process works at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from sparkpub.adapters.locks import lock
from sparkpub.adapters.maildir import Maildir, stable_name
from sparkpub.errors import BusyError, TransportError

NAME = stable_name(released_at=1504497600, release_id=3, subscriber_id=7, host="press.example.org")


def test_names_are_stable_and_tell_release_and_reader() -> None:
    assert NAME == "1504497600.R3S7.press.example.org"
    assert "/" not in stable_name(released_at=0, release_id=1, subscriber_id=1, host="a/../b:c")


def test_a_message_arrives_whole_with_the_line_ends_of_its_kind(tmp_path: Path) -> None:
    assert Maildir(tmp_path / "out").deliver(NAME, b"Subject: x\r\n\r\nHello\r\n")
    assert (tmp_path / "out/new" / NAME).read_bytes() == b"Subject: x\n\nHello\n"
    assert list((tmp_path / "out/tmp").iterdir()) == []


def test_a_name_that_is_there_means_done(tmp_path: Path) -> None:
    assert Maildir(tmp_path).deliver(NAME, b"first")
    assert not Maildir(tmp_path).deliver(NAME, b"second")
    assert (tmp_path / "new" / NAME).read_bytes() == b"first"
    (tmp_path / "new" / NAME).rename(tmp_path / "cur" / f"{NAME}:2,S")
    assert not Maildir(tmp_path).deliver(NAME, b"third")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(TransportError, match="out"):
        Maildir(tmp_path / "out").deliver(NAME, b"x")


HOLDER = """
import sys
from pathlib import Path
from sparkpub.adapters.locks import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_holds_the_lock_and_its_death_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "var/run.lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"process {holder.pid}"), lock(path):
            pass
        holder.kill()
    with lock(path):
        pass


def test_who_holds_the_lock_may_take_it_again(tmp_path: Path) -> None:
    with lock(tmp_path / "run.lock"), lock(tmp_path / "run.lock"):
        pass
    with lock(tmp_path / "run.lock"):
        pass
