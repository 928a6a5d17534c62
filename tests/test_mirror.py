"""The mirror: it follows every commit, knows nobody's address, and keeps a ledger that lacks something from running."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from killing import run_apart, tick_untold
from press_room import PressRoom, instant, issue_text, new_room, opened
from sparkpub.adapters.mirror import Mirror
from sparkpub.errors import LedgerError, LostLedgerError
from sparkpub.press import open_press
from sparkpub.starting import init_press

DAY = "2017-09-04 07:00"


def lines(room: PressRoom) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (room.folder / "var/ledger.jsonl").read_text().splitlines()]


def verbs(room: PressRoom) -> list[str]:
    return [line["verb"] for line in lines(room)]


def sent_day(room: PressRoom) -> None:
    """Queue a, release it on its day, send it."""
    room.queue("a", at="2017-09-01")
    room.tick(DAY)
    assert room.send(DAY) == 3


def test_every_event_has_its_line_after_its_commit(room: PressRoom) -> None:
    sent_day(room)
    assert verbs(room) == ["queued", "released", "claimed", "closed", "finished"]
    assert [line["n"] for line in lines(room)] == [1, 2, 3, 4, 5]
    assert lines(room)[2]["detail"] == "batch 0, 3 deliveries, readers 1 to 3"
    assert lines(room)[3]["detail"] == "batch 0, readers 1 to 3: all sent"
    release = lines(room)[1]["release"]
    assert (release["number"], release["on"], release["eligible"], release["last_reader"]) == (100, "2017-09-04", 3, 3)


def test_the_mirror_names_no_address_but_by_keyed_hash(room: PressRoom) -> None:
    ledger = room.press.ledger
    ledger.unsubscribe("ada@example.org", instant(DAY))
    ledger.suppress("grace@example.org", "refused: 550 <grace@example.org> unknown", instant(DAY))
    ledger.erase("zoe@example.org", instant(DAY))
    ledger.record(instant(DAY), "left", "someone@example.org", "someone@example.org")
    assert [line["subject"] for line in lines(room)[:3]] == [
        f"reader {ledger.mark(f'{name}@EXAMPLE.org')}" for name in ("ada", "grace", "zoe")
    ]
    text = (room.folder / "var/ledger.jsonl").read_text()
    assert "@" not in text
    assert (room.folder / "var/ledger.jsonl").stat().st_mode & 0o077 == 0


def test_a_mirror_that_was_removed_is_written_again_with_the_same_bytes(room: PressRoom) -> None:
    sent_day(room)
    path = room.folder / "var/ledger.jsonl"
    whole = path.read_bytes()
    path.unlink()
    room.reopen()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_a_torn_end_is_mended(room: PressRoom, cut: int) -> None:
    sent_day(room)
    path = room.folder / "var/ledger.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    room.reopen()
    assert path.read_bytes() == whole


def test_a_line_that_says_nothing_is_named(room: PressRoom) -> None:
    sent_day(room)
    path = room.folder / "var/ledger.jsonl"
    path.write_bytes(path.read_bytes() + b"nonsense\n")
    with pytest.raises(LedgerError, match="no line of a mirror"):
        opened(room.folder)


def test_lines_that_were_taken_out_are_missed(room: PressRoom) -> None:
    sent_day(room)
    path = room.folder / "var/ledger.jsonl"
    kept = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(kept[:1] + kept[2:]))
    with pytest.raises(LedgerError, match="lines are missing before event 3"):
        Mirror(path).lines()


def test_what_a_kill_between_commit_and_append_left_out_is_completed_at_the_next_start(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.press.ledger.close()
    assert run_apart(tick_untold, room.folder, DAY) == -signal.SIGKILL
    assert verbs(room) == ["queued"]
    room.press = opened(room.folder)
    assert room.released == [f"{DAY} a/100"]
    assert verbs(room) == ["queued", "released"]


def put_back(room: PressRoom, older: Path) -> None:
    """Put a copy of the ledger in its place, as somebody who knows nothing of mirrors would."""
    room.press.ledger.close()
    for path in (room.folder / "var").glob("ledger.db*"):
        path.unlink()
    shutil.copy(older, room.folder / "var/ledger.db")


def test_a_ledger_that_lacks_what_its_mirror_has_refuses_to_run(room: PressRoom, tmp_path: Path) -> None:
    room.press.ledger.copy_to(tmp_path / "older.db")
    sent_day(room)
    put_back(room, tmp_path / "older.db")
    for needs_key in (True, False):
        with pytest.raises(LedgerError, match=r"older than its mirror .*lacks 5 .*finished a/100.*sparkpub restore"):
            open_press(room.press.publication, {}, needs_key=needs_key)


def test_an_older_ledger_that_went_on_by_itself_is_found_out_too(room: PressRoom, tmp_path: Path) -> None:
    room.press.ledger.copy_to(tmp_path / "older.db")
    room.queue("a", at="2017-09-01")
    mirror = room.folder / "var/ledger.jsonl"
    saved = mirror.read_bytes()
    put_back(room, tmp_path / "older.db")
    mirror.unlink()
    room.press = opened(room.folder)
    for _ in range(3):
        room.hold("a", at="2017-09-02")
    room.press.ledger.close()
    mirror.write_bytes(saved)
    with pytest.raises(LedgerError, match="went another way"):
        opened(room.folder)


def test_a_lost_ledger_is_called_lost_and_not_begun_anew(room: PressRoom) -> None:
    sent_day(room)
    room.press.ledger.close()
    for path in (room.folder / "var").glob("ledger.db*"):
        path.unlink()
    for attempt in (
        lambda: opened(room.folder),
        lambda: init_press(room.folder, now=instant(DAY), environ={}),
    ):
        with pytest.raises(LostLedgerError, match=r"lost.*sparkpub restore FILE"):
            attempt()
    assert not (room.folder / "var/ledger.db").exists()


def test_two_processes_write_each_line_once(tmp_path: Path) -> None:
    room = new_room(tmp_path / "press", issues={"a": issue_text("a"), "b": issue_text("b")})
    other = PressRoom(press=opened(room.folder))
    for day in ("2017-09-01", "2017-09-02", "2017-09-03"):
        room.queue("a", at=day)
        other.hold("b", at=day)
    assert [line["n"] for line in lines(room)] == [1, 2, 3, 4, 5, 6]
    assert verbs(room) == ["queued", "held"] * 3
    other.press.ledger.close()
    room.press.ledger.close()
