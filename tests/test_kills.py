"""Killed anywhere, a press that runs again comes to the same end; two schedulers release nothing twice."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from killing import day_s_work, kill_at_random, run_apart, steps_of, tick_in_two
from press_room import NO_SPACING, PressRoom, instant, issue_text, new_room, opened
from sparkpub.core.records import ReleaseState

DUE = "2017-09-04 07:00"


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A press before a busy day: two pieces are due, one is too late, and one that is out already has a correction."""
    folder = tmp_path_factory.mktemp("morning") / "press"
    issues = {
        "a": issue_text("a"),
        "b": issue_text("b"),
        "late": issue_text("late", of="1917-09-02"),
        "out": issue_text("out", of="1917-09-01"),
    }
    room = new_room(folder, schedule=NO_SPACING, issues=issues)
    room.queue("a", "b", "late", "out", at="2017-08-31")
    room.tick("2017-09-01 07:00")
    room.send("2017-09-01 07:00")
    room.write("out", of="1917-09-01", corrections='["2017-09-03: a slip"]', body="Without the slip.")
    room.press.ledger.close()
    return folder


def ended(folder: Path) -> dict[str, Any]:
    """How a press ends that nothing disturbs any more."""
    assert run_apart(day_s_work, folder, DUE, 0) == 0
    room = PressRoom(press=opened(folder))
    end = ending(room)
    room.press.ledger.close()
    return end


def ending(room: PressRoom) -> dict[str, Any]:
    """Everything that readers, editors and the next tick can see of a press."""
    ledger = room.press.ledger
    new = room.press.outbox / "new"
    public = room.folder / "public"
    return {
        "releases": ledger.releases(),
        "balances": [ledger.balance(release.release_id) for release in ledger.releases()],
        "decisions": ledger.decisions(),
        "queue": ledger.issue_states(),
        "facts": [ledger.fact(key) for key in ("watermark", "waiting_since", "stopped")],
        "history": {id_: room.history(id_) for id_ in ("a", "b", "late", "out")},
        "mail": {path.name: path.read_bytes() for path in new.iterdir()},
        "half-written mail": list((room.press.outbox / "tmp").iterdir()),
        "site": {str(p.relative_to(public)): p.read_bytes() for p in public.rglob("*") if p.is_file()},
    }


@pytest.fixture(scope="module")
def undisturbed(morning: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """How that day ends when nothing happens, and how many steps it takes."""
    folder = shutil.copytree(morning, tmp_path_factory.mktemp("undisturbed") / "press")
    return ended(folder), steps_of(folder)


def test_an_undisturbed_day_ends_with_everything_done(undisturbed: tuple[dict[str, Any], int]) -> None:
    end, steps = undisturbed
    assert [r.name for r in end["releases"]] == ["out/100", "a/100", "b/100"]
    assert {r.state for r in end["releases"]} == {ReleaseState.FINISHED}
    assert [b.sent for b in end["balances"]] == [3, 3, 3]
    assert end["history"]["late"] == ["queued", "missed"]
    assert end["history"]["out"] == ["queued", "released", "finished", "corrected"]
    assert len(end["mail"]) == 9
    assert steps > 100


@pytest.mark.parametrize("seed", range(4))
def test_killed_again_and_again_it_comes_to_the_same_end(
    tmp_path: Path, morning: Path, undisturbed: tuple[dict[str, Any], int], seed: int
) -> None:
    end, steps = undisturbed
    chance = random.Random(seed)
    folder = shutil.copytree(morning, tmp_path / "press")
    for _ in range(4):
        assert run_apart(day_s_work, folder, DUE, chance.randint(1, steps)) in (0, -9)
    assert ended(folder) == end


@pytest.mark.soak
def test_killed_before_any_step_it_comes_to_the_same_end(
    tmp_path: Path, morning: Path, undisturbed: tuple[dict[str, Any], int]
) -> None:
    end, steps = undisturbed
    for step in range(1, steps + 1):
        folder = shutil.copytree(morning, tmp_path / f"press-{step}")
        assert run_apart(day_s_work, folder, DUE, step) == -9, f"step {step} was never reached"
        assert ended(folder) == end, f"killed before step {step}"
        shutil.rmtree(folder)


def crowd(folder: Path, count: int) -> PressRoom:
    """A press with many issues on one slot."""
    ids = [f"i{number:03}" for number in range(count)]
    room = new_room(folder, schedule=NO_SPACING, issues={id_: issue_text(id_) for id_ in ids})
    room.queue(*ids, at="2017-09-01")
    return room


def test_two_schedulers_release_each_of_fifty_issues_once_with_its_deliveries(tmp_path: Path) -> None:
    room = crowd(tmp_path / "press", 50)
    first, second = tick_in_two(room.folder, DUE)
    names = [f"i{number:03}/100" for number in range(50)]
    assert sorted(first + second) == names
    assert room.eligible() == dict.fromkeys(names, 3)
    assert all(room.history(name.partition("/")[0]) == ["queued", "released"] for name in names)
    assert not room.tick("2017-09-04 07:01").released


def test_two_schedulers_keep_the_space_between_releases(tmp_path: Path) -> None:
    room = crowd(tmp_path / "press", 6)
    room.set("")
    for hour in range(7, 12):
        both = tick_in_two(room.folder, f"2017-09-04 {hour:02}:00")
        assert sum(map(len, both)) == 1
    assert room.released == [f"2017-09-04 {7 + number:02}:00 i{number:03}/100" for number in range(5)]


@pytest.mark.parametrize(
    ("issues", "kills"), [(12, 4), pytest.param(300, 80, marks=pytest.mark.soak)], ids=["few", "many"]
)
def test_two_processes_killed_at_random_lose_nothing_and_repeat_nothing(
    tmp_path: Path, issues: int, kills: int
) -> None:
    room = crowd(tmp_path / "press", issues)
    kill_at_random(room.folder, DUE, kills=kills, seed=1917)
    releases = room.press.ledger.releases()
    assert sorted(release.name for release in releases) == [f"i{number:03}/100" for number in range(issues)]
    assert {release.state for release in releases} == {ReleaseState.FINISHED}
    balances = [room.press.ledger.balance(release.release_id) for release in releases]
    assert all((balance.eligible, balance.sent) == (3, 3) for balance in balances)
    assert len(list((room.press.outbox / "new").iterdir())) == 3 * issues
    assert not room.tick("2017-09-04 07:01").released
    assert room.press.ledger.fact("watermark") == instant("2017-09-04 07:01").isoformat()
