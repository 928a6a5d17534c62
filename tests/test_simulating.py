"""Simulations: the whole press against a clock that is only told, the same bytes every time, nothing real touched."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from conftest import Golden
from press_room import NO_SPACING, PressRoom, issue_text, new_room, with_template
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.errors import UsageError
from sparkpub.press import open_publication
from sparkpub.shelf import read_shelf
from sparkpub.simulating import Simulated, sample_readers, simulate

ROOT = Path(__file__).parents[1]
YEAR = (date(2017, 1, 1), date(2018, 1, 1))


def simulated(
    folder: Path, out: Path, *, window: tuple[date, date] = YEAR, readers: list[Subscriber] | None = None
) -> Simulated:
    publication = open_publication(folder)
    return simulate(
        publication,
        read_shelf(publication),
        window=window,
        out=out,
        readers=sample_readers(3) if readers is None else readers,
        progress=lambda done, total: None,  # noqa: ARG005
    )


def names(done: Simulated) -> list[str]:
    return [row["release"] for row in done.rows]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def many(tmp_path: Path) -> PressRoom:
    """A press with a yearly piece, one of another calendar, a fixed date and a draft."""
    issues = {
        "a": issue_text("a", body="Grüße – “quoted”.\n\n| A | B |\n|---|---|\n| 1 | 2 |"),
        "b": issue_text("b", anniversary='{of: "1917-10-25", calendar: russia, match: converted, years: [100]}'),
        "c": issue_text("c", release='"2017-03-01 18:30"'),
        "d": issue_text("d", release='"2017-03-02"', status="draft"),
    }
    return new_room(tmp_path / "press", issues=issues)


def test_every_ready_issue_goes_out_on_its_date_to_three_readers(many: PressRoom, tmp_path: Path) -> None:
    done = simulated(many.folder, tmp_path / "out")
    assert [(row["release"], row["date"], row["sent"], row["state"]) for row in done.rows] == [
        ("c/0", "2017-03-01", 3, "finished"),
        ("a/100", "2017-09-04", 3, "finished"),
        ("b/100", "2017-11-07", 3, "finished"),
    ]
    assert done.messages == 9
    assert done.ticks >= 365
    assert json.loads((tmp_path / "out" / "releases.json").read_bytes()) == list(done.rows)


def test_the_mail_lies_under_names_that_tell_release_and_reader(many: PressRoom, tmp_path: Path) -> None:
    simulated(many.folder, tmp_path / "out")
    lying = sorted(path.name for path in (tmp_path / "out" / "mail" / "new").iterdir())
    assert lying[0] == "1488393000.R1S1.press.example.org"
    assert len(lying) == 9


def test_twice_the_same_bytes_in_the_same_folder_and_in_another(many: PressRoom, tmp_path: Path) -> None:
    simulated(many.folder, tmp_path / "one")
    first = tree(tmp_path / "one")
    simulated(many.folder, tmp_path / "one")
    simulated(many.folder, tmp_path / "two")
    assert tree(tmp_path / "one") == first
    assert tree(tmp_path / "two") == first
    assert {"releases.json", "calendar.ics", "email.html", "site/index.html", "site/atom.xml"} <= set(first)


def run_cli(folder: Path, out: Path, *given: str, **environ: str) -> subprocess.CompletedProcess[str]:
    window = ["--from", "2017-01-01", "--until", "2018-01-01", "--out", str(out)]
    command = [sys.executable, "-m", "sparkpub", "simulate", *window, *given]
    return subprocess.run(  # noqa: PLW1510 - the code is looked at
        command, cwd=folder, env=os.environ | environ, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    "environ",
    [
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/Anchorage", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "4711", "PYTHONTZPATH": "/nowhere"},
    ],
    ids=["east", "west"],
)
def test_neither_zone_nor_locale_nor_hash_seed_of_the_machine_matters(
    many: PressRoom, tmp_path: Path, environ: dict[str, str]
) -> None:
    simulated(many.folder, tmp_path / "here")
    done = run_cli(many.folder, tmp_path / "there", **environ)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "there") == tree(tmp_path / "here")


def test_the_real_ledger_is_not_touched_even_when_its_readers_are_copied(many: PressRoom, tmp_path: Path) -> None:
    many.queue("a", at="2017-09-01")
    many.tick("2017-09-04 07:00")
    many.send("2017-09-04 07:00")
    many.press.ledger.close()
    before = tree(many.folder / "var")
    done = run_cli(many.folder, tmp_path / "out", "--readers", "all")
    assert done.returncode == 0, done.stderr
    after = tree(many.folder / "var")
    assert after["ledger.db"] == before["ledger.db"]
    assert {name for name in after if name.startswith("outbox/")} == {
        name for name in before if name.startswith("outbox/")
    }
    assert any(b"To: Ada <ada@example.org>" in data for data in tree(tmp_path / "out" / "mail").values())


def test_a_folder_without_a_ledger_is_simulated_as_well(many: PressRoom, tmp_path: Path) -> None:
    many.press.ledger.close()
    (many.folder / "var" / "ledger.db").unlink()
    assert len(simulated(many.folder, tmp_path / "out").rows) == 3
    assert not (many.folder / "var" / "ledger.db").exists()


def test_a_stop_of_the_real_press_stops_no_simulation(many: PressRoom, tmp_path: Path) -> None:
    (many.folder / "STOP").touch()
    assert len(simulated(many.folder, tmp_path / "out").rows) == 3


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2017, 9, 4), date(2017, 9, 5), ["a/100"]),
        (date(2017, 9, 3), date(2017, 9, 4), []),
        (date(2017, 9, 5), date(2018, 9, 4), ["b/100"]),
        (date(2017, 9, 4), date(2018, 9, 5), ["a/100", "b/100", "a/101"]),
    ],
)
def test_the_first_date_is_in_and_the_last_is_out(
    many: PressRoom, tmp_path: Path, start: date, end: date, expected: list[str]
) -> None:
    assert names(simulated(many.folder, tmp_path / "out", window=(start, end))) == expected


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_window_is_of_dates_wherever_they_begin(many: PressRoom, tmp_path: Path, zone: str) -> None:
    for time in ("00:30", "23:30"):
        many.write("a", anniversary=f'{{of: "1917-09-04", every: 1, zone: {zone}, time: "{time}"}}')
        done = simulated(many.folder, tmp_path / "out", window=(date(2017, 9, 4), date(2017, 9, 5)))
        assert [(row["date"], row["local"][11:16]) for row in done.rows] == [("2017-09-04", time)]


@pytest.mark.parametrize("window", [(date.min, date(1, 1, 3)), (date(9999, 12, 30), date.max)], ids=["first", "last"])
def test_the_first_and_the_last_days_there_are_can_be_simulated(
    many: PressRoom, tmp_path: Path, window: tuple[date, date]
) -> None:
    assert names(simulated(many.folder, tmp_path / "out", window=window)) == []


def test_as_many_readers_as_were_asked_for_with_names_of_every_kind(many: PressRoom, tmp_path: Path) -> None:
    done = simulated(many.folder, tmp_path / "out", readers=sample_readers(5))
    assert done.messages == 15
    heads = [data.partition(b"\n\n")[0] for data in tree(tmp_path / "out" / "mail").values()]
    assert sum(b"=?utf-8?" in head.partition(b"To:")[2].partition(b"\nSubject:")[0] for head in heads) == 6
    assert sum(b"To: reader-3@example.org" in head for head in heads) == 3


def test_without_readers_pages_and_feeds_are_made_all_the_same(many: PressRoom, tmp_path: Path) -> None:
    simulated(many.folder, tmp_path / "out")
    done = simulated(many.folder, tmp_path / "out", readers=[])
    assert (done.messages, len(done.rows)) == (0, 3)
    assert not list((tmp_path / "out").glob("mail/new/*"))
    assert not (tmp_path / "out" / "email.html").exists()


def test_whom_the_press_never_mails_the_simulation_does_not_mail_either(many: PressRoom, tmp_path: Path) -> None:
    readers = [
        Subscriber(subscriber_id=1, address="a@example.org", name="", state=SubscriberState.ACTIVE),
        Subscriber(subscriber_id=2, address="b@example.org", name="", state=SubscriberState.UNSUBSCRIBED),
        Subscriber(subscriber_id=3, address="c@example.org", name="", state=SubscriberState.ACTIVE, is_suppressed=True),
    ]
    done = simulated(many.folder, tmp_path / "out", readers=readers)
    assert [row["eligible"] for row in done.rows] == [1, 1, 1]


def test_a_broken_issue_is_named_once_and_the_rest_goes_on(many: PressRoom, tmp_path: Path) -> None:
    many.write("a", body="![a map](map.png)")
    (many.folder / "issues" / "torn.md").write_text("---\nid: torn\n", encoding="utf-8")
    done = simulated(many.folder, tmp_path / "out")
    assert names(done) == ["c/0", "b/100"]
    assert [fault.path for fault in done.faults] == ["issues/a.md"]
    assert [due.issue.id for report in done.reports for due in report.missed] == ["a"]


def test_a_template_with_a_fault_leaves_no_half_of_anything(many: PressRoom, tmp_path: Path) -> None:
    with_template(many, "email/email.html.j2", "{{ no_such_thing }}")
    done = simulated(many.folder, tmp_path / "out")
    assert done.rows == ()
    assert [fault.path for fault in done.faults] == ["templates/email/email.html.j2"]


def test_what_shares_a_slot_is_spaced(many: PressRoom, tmp_path: Path) -> None:
    for id_ in "xyz":
        many.write(id_)
    done = simulated(many.folder, tmp_path / "out", window=(date(2017, 9, 4), date(2017, 9, 5)))
    assert [(row["release"], row["released_at"][11:16]) for row in done.rows] == [
        ("a/100", "07:00"),
        ("x/100", "08:00"),
        ("y/100", "09:00"),
        ("z/100", "10:00"),
    ]


@pytest.mark.parametrize("schedule", ['max_gap = "6h"\n', 'grace = "1m"\n', NO_SPACING, 'min_spacing = "90d"\n'])
def test_every_pace_of_a_press_can_be_simulated(many: PressRoom, tmp_path: Path, schedule: str) -> None:
    many.set(schedule)
    assert sorted(names(simulated(many.folder, tmp_path / "out"))) == ["a/100", "b/100", "c/0"]


def test_what_an_earlier_simulation_left_is_never_mixed_in(many: PressRoom, tmp_path: Path) -> None:
    """The first was broken off before it could write its list, and a title was edited since."""
    simulated(many.folder, tmp_path / "out")
    (tmp_path / "out" / "releases.json").unlink()
    many.write("a", title="Another title", slug="another")
    simulated(many.folder, tmp_path / "out")
    simulated(many.folder, tmp_path / "fresh")
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_a_folder_that_is_not_a_simulation_s_loses_nothing(many: PressRoom, tmp_path: Path) -> None:
    mine = tmp_path / "out" / "site" / "mine.html"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(UsageError, match="no simulation wrote it"):
            simulated(many.folder, tmp_path / "out")
    assert tree(tmp_path / "out") == {"site/mine.html": b"mine"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Simulated, Path]:
    """The repository's own publication in 2017."""
    out = tmp_path_factory.mktemp("example") / "2017"
    return simulated(ROOT, out), out


def test_the_example_s_2017_is_what_it_was(example: tuple[Simulated, Path], golden: Golden) -> None:
    done, out = example
    assert done.reports == ()
    golden("simulation/releases.json", (out / "releases.json").read_bytes())
    golden("simulation/calendar.ics", (out / "calendar.ics").read_bytes())


def test_the_example_s_mail_pages_and_feeds_are_what_they_were(example: tuple[Simulated, Path], golden: Golden) -> None:
    done, out = example
    number = 1 + names(done).index("soviets-september/100")
    (message,) = (out / "mail" / "new").glob(f"*.R{number}S2.*")
    golden("simulation/message.eml", message.read_bytes())
    golden("simulation/page.html", (out / "site/issues/soviets-september/100/index.html").read_bytes())
    golden("simulation/atom.xml", (out / "site/atom.xml").read_bytes())


def test_the_example_sends_each_piece_on_the_day_its_rule_says(example: tuple[Simulated, Path]) -> None:
    rows: dict[str, Any] = {row["release"]: row for row in example[0].rows}
    assert rows["soviets-september/100"]["local"] == "2017-09-04T07:00:00+03:00"
    assert rows["soviets-september/100"]["released_at"] == "2017-09-04T04:00:00Z"
    assert len(rows) == 15
    assert all(row["sent"] == row["eligible"] == 3 for row in rows.values())
