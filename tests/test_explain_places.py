"""The same press anywhere: whatever zone, language or zone files a machine has, its disk full or its ledger busy."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from cli_runner import write_issue
from press_room import URL, PressRoom, room
from sparkpub.adapters.ledger import open_ledger
from sparkpub.core.records import ReleaseState
from sparkpub.errors import BusyError

__all__ = ["room"]

HERE = str(Path(__file__).parent)
DUE = "2017-09-04 07:00"

A_SPRING = """
import json, sys
from pathlib import Path
from cli_runner import sparkpub
folder = Path(sys.argv[1])
said = []
for words in (
    ["queue", "--all", "--now", "2027-03-01"],
    ["calendar", "--from", "2027-03-01", "--until", "2027-12-01", "--json", "--now", "2027-03-01"],
    ["tick", "--json", "--now", "2027-03-28T01:30:00Z"],
    ["tick", "--json", "--now", "2027-03-28T02:30:00Z"],
    ["show", "paris", "--json", "--now", "2027-04-01"],
    ["list", "--now", "2027-04-01"],
):
    ran = sparkpub(*words, cwd=folder)
    said.append([ran.code, ran.out])
print(json.dumps(said))
"""


def a_spring(folder: Path, **environ: str) -> Any:
    """What a press says of a spring in which clocks change, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", A_SPRING, str(folder)],
        env={**os.environ, "PYTHONPATH": HERE, **environ},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout)


@pytest.fixture
def spring(gazette: Path) -> Path:
    """A piece in the hour that Paris leaps over, and one in Auckland's evening of that day."""
    for id_, zone in (("paris", "Europe/Paris"), ("auckland", "Pacific/Auckland")):
        given = f'of: "1927-03-28", every: 1, time: "02:30", zone: {zone}'
        write_issue(gazette, id_, f"title: In {id_}\nsummary: S.\nanniversary: {{{given}}}")
    return gazette


OLD = "an old tree of zone files"
PLACES = [
    pytest.param({"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONTZPATH": OLD}, id="old tree"),
    pytest.param(
        {"TZ": "America/Anchorage", "LC_ALL": "tr_TR.UTF-8", "PYTHONTZPATH": ""}, id="no tree", marks=pytest.mark.soak
    ),
    pytest.param({"TZ": ":/nowhere", "LC_ALL": "xx_XX", "LANGUAGE": "ar"}, id="no such place", marks=pytest.mark.soak),
]


def old_tree(folder: Path) -> Path:
    """Zone files in which every zone is UTC."""
    utc = resources.files("tzdata").joinpath("zoneinfo", "Etc", "UTC").read_bytes()
    for name in ("Europe/Paris", "Pacific/Auckland", "Pacific/Kiritimati", "UTC"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(utc)
    (folder / "tzdata.zi").write_text("# version 1999a\n")
    return folder


@pytest.mark.parametrize("place", PLACES)
def test_a_press_says_the_same_under_any_zone_language_and_zone_files(
    place: dict[str, str], spring: Path, tmp_path: Path
) -> None:
    tree = str(old_tree(tmp_path / "zoneinfo"))
    twin = shutil.copytree(spring, tmp_path / "there" / "gazette")
    here = a_spring(spring, TZ="UTC", LC_ALL="C.UTF-8")
    there = a_spring(twin, **{key: tree if value == OLD else value for key, value in place.items()})
    rows = json.loads(here[1][1])[:2]
    assert [(row["issue"], row["utc"], row["why"]) for row in rows] == [
        ("auckland", "2027-03-27T13:30:00Z", ""),
        ("paris", "2027-03-28T01:30:00Z", "02:30 does not exist, 03:30 used"),
    ]
    released = [[one["release"] for one in json.loads(here[n][1])["released"]] for n in (2, 3)]
    assert released == [["auckland/100"], ["paris/100"]]
    assert there == here


def impatient(room: PressRoom) -> PressRoom:
    """The same press, that does not wait long for others."""
    room.press.ledger.close()
    room.press = replace(room.press, ledger=open_ledger(URL, room.folder, busy_seconds=0.05))
    return room


def finish(room: PressRoom, at: str) -> None:
    """A tick that is not disturbed releases what is due, to everybody, once."""
    room.tick(at)
    (release,) = room.press.ledger.releases()
    assert release.name == "a/100"
    assert room.eligible() == {"a/100": 3}
    assert room.send(at) == 3
    assert room.press.ledger.releases()[0].state is ReleaseState.FINISHED
    assert not room.tick(at).released


def test_a_tick_that_finds_the_ledger_locked_is_done_by_the_next(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    other = open_ledger(URL, room.folder)
    impatient(room)
    with other.transaction():
        with pytest.raises(BusyError, match="run the same command again in a moment"):
            room.tick(DUE)
        assert room.released == []
    other.close()
    finish(room, "2017-09-04 07:05")


NO_ROOM = """
import resource, signal, sys
from pathlib import Path
from press_room import instant, opened
from sparkpub.errors import BusyError, LedgerError
from sparkpub.publishing import tick
from sparkpub.shelf import read_shelf
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
press = opened(Path(sys.argv[1]))
shelf = read_shelf(press.publication)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    tick(press, shelf, now=instant("2017-09-04 07:00"))
    print("done")
except (BusyError, LedgerError) as fault:
    print(fault)
"""


@pytest.mark.parametrize("size", [1, 30_000])
def test_a_tick_on_a_full_disk_is_done_by_the_next(size: int, room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.press.ledger.close()
    program = [sys.executable, "-c", NO_ROOM, str(room.folder), str(size)]
    done = subprocess.run(
        program, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": HERE}, timeout=60
    )
    assert "disk" in done.stdout
    room.reopen()
    assert len(room.released) <= 1
    assert room.eligible() in ({}, {"a/100": 3})
    finish(room, "2017-09-04 07:05")


def test_later_numbers_are_held_once_however_often_the_press_looks(room: PressRoom) -> None:
    room.set('max_gap = "800d"\n')
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    room.write("a", of="1917-09-06")
    assert len(room.tick("2017-09-05").held) == 1
    assert not room.tick("2018-09-06 07:00").released
    assert not room.tick("2018-09-06 08:00").held
    room.queue("a", at="2018-09-07")
    assert not room.tick("2018-09-07 08:00").held
    assert [r.name for r in room.tick("2019-09-06 07:00").released] == ["a/102"]
    assert room.history("a").count("held") == 1


def test_another_time_and_zone_move_what_is_to_come_and_leave_the_mailed_page_alone(room: PressRoom) -> None:
    room.set('max_gap = "800d"\n')
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    first = (room.build() / "issues" / "a" / "100" / "index.html").read_bytes()
    room.write("a", choice='every: 1, time: "22:00", zone: America/New_York', body="Written anew.")
    assert not room.tick("2018-09-05 01:59").released
    assert [r.name for r in room.tick("2018-09-05 02:00").released] == ["a/101"]
    site = room.build() / "issues" / "a"
    assert b"Written anew." in (site / "101" / "index.html").read_bytes()
    mailed = (site / "100" / "index.html").read_bytes()
    assert b"Sound text." in first
    assert b"Sound text." in mailed
    assert b"Written anew." not in mailed
