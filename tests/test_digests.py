"""Digests: what readers get together, once a day or once a week, and never by itself as well."""

import email
import email.policy
import random
import shutil
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from conftest import Golden
from killing import day_s_work, run_apart, steps_of, tick_in_two
from press_room import PressRoom, instant, issue_text, new_room, opened
from restoring import go_on, lose, put_back
from sparkpub.adapters.zones import zone
from sparkpub.core.lint import lint_email
from sparkpub.core.turns import Turn
from sparkpub.core.wishes import Rhythm, Wishes
from sparkpub.gathering import gather
from sparkpub.keeping import back_up
from sparkpub.sending import find_release, status_rows, story
from sparkpub.simulating import simulate

ADA, GRACE, ZOE = "ada@example.org", "grace@example.org", "zoe@example.org"


def wish(room: PressRoom, address: str, **wishes: object) -> None:
    reader = room.press.ledger.find_subscriber(address)
    assert reader is not None
    changed = replace(reader, wishes=Wishes(**wishes))  # type: ignore[arg-type]
    room.press.ledger.set_subscriber(changed, at=instant("2017-01-02"))


def digests(room: PressRoom, at: str) -> list[str]:
    """The digests that are made at an instant."""
    return [release.name for release in gather(room.press, now=instant(at)).digests]


def mails(room: PressRoom) -> dict[str, list[str]]:
    """The subjects in the outbox by the reader."""
    found: dict[str, list[str]] = {}
    for path in sorted((room.press.outbox / "new").glob("*"), key=lambda path: path.name):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        address = message["To"].addresses[0].addr_spec
        found.setdefault(address, []).append(str(message["Subject"]))
    return found


@pytest.fixture
def busy_room(room: PressRoom) -> PressRoom:
    """Two pieces on 4 September 2017; Ada gets them by herself, Grace in daily digests, Zoe in weekly ones."""
    room.set('min_spacing = "0s"\n')
    room.write("b", of="1967-09-04", series="", summary="What b is about.")
    room.queue("a", "b", at="2017-08-01")
    room.tick("2017-09-03 19:00")
    wish(room, GRACE, rhythm=Rhythm.DAILY)
    wish(room, ZOE, rhythm=Rhythm.WEEKLY)
    return room


def test_who_wished_for_digests_gets_one_of_all_that_came_out_and_nothing_by_itself(busy_room: PressRoom) -> None:
    busy_room.tick("2017-09-04 07:00")
    assert busy_room.eligible() == {"a/100": 1, "b/50": 1}
    assert digests(busy_room, "2017-09-04 17:59") == []
    assert digests(busy_room, "2017-09-04 18:00") == ["digest:daily/20170904"]
    assert digests(busy_room, "2017-09-04 18:01") == []
    busy_room.send("2017-09-04 18:01")
    assert mails(busy_room) == {
        ADA: ["The piece a", "The piece b"],
        GRACE: ["The Small Press: 2 pieces, 4 September 2017"],
    }
    assert digests(busy_room, "2017-09-10 18:00") == ["digest:weekly/20170910"]  # a Sunday
    busy_room.send("2017-09-10 18:00")
    assert mails(busy_room)[ZOE] == ["The Small Press: 2 pieces, 10 September 2017"]


def test_a_digest_is_in_the_balance_and_nowhere_else(busy_room: PressRoom) -> None:
    busy_room.tick("2017-09-04 07:00")
    page = sorted(path.relative_to(busy_room.folder) for path in busy_room.build().rglob("*") if path.is_file())
    digests(busy_room, "2017-09-04 18:00")
    busy_room.send("2017-09-04 18:00")
    assert page == sorted(path.relative_to(busy_room.folder) for path in busy_room.build().rglob("*") if path.is_file())
    assert [row["release"] for row in status_rows(busy_room.press)] == ["a/100", "b/50", "digest:daily/20170904"]
    assert all(row["sent"] == row["eligible"] == 1 for row in status_rows(busy_room.press))
    assert busy_room.released == ["2017-09-04 07:00 a/100", "2017-09-04 07:00 b/50"]
    assert busy_room.press.ledger.last_mailed_at() == instant("2017-09-04 07:00")


def test_readers_whose_pieces_differ_get_digests_that_do(busy_room: PressRoom) -> None:
    wish(busy_room, ZOE, rhythm=Rhythm.DAILY, is_round_only=True, without_tags=("war",))
    busy_room.write("c", of="1918-09-04", tags="[war]")  # its 99th
    busy_room.queue("c", at="2017-08-01")
    busy_room.tick("2017-09-04 07:00")
    assert digests(busy_room, "2017-09-04 18:00") == ["digest:daily/20170904", "digest:daily:2/20170904"]
    busy_room.send("2017-09-04 18:00")
    subject = "The Small Press: {} pieces, 4 September 2017"
    assert mails(busy_room)[GRACE] == [subject.format(3)]
    assert mails(busy_room)[ZOE] == [subject.format(2)]


def test_a_day_on_which_nothing_came_out_has_no_digest(busy_room: PressRoom) -> None:
    assert digests(busy_room, "2017-09-03 18:00") == []
    assert status_rows(busy_room.press) == []


def test_what_is_later_than_grace_waits_for_the_next_digest(busy_room: PressRoom) -> None:
    busy_room.set('min_spacing = "0s"\ngrace = "2h"\n')
    busy_room.tick("2017-09-04 08:00")
    assert digests(busy_room, "2017-09-04 20:01") == []
    assert digests(busy_room, "2017-09-05 19:30") == ["digest:daily/20170905"]


def test_a_stopped_press_makes_no_digest_and_loses_nothing(busy_room: PressRoom) -> None:
    busy_room.tick("2017-09-04 07:00")
    busy_room.press.stop_file.touch()
    assert digests(busy_room, "2017-09-04 18:00") == []
    busy_room.press.stop_file.unlink()
    assert digests(busy_room, "2017-09-04 18:30") == ["digest:daily/20170904"]


def test_what_was_stopped_or_called_off_is_in_no_digest(busy_room: PressRoom) -> None:
    first, second = busy_room.tick("2017-09-04 07:00").released
    busy_room.press.ledger.stop_release(first.release_id, reason="a slip", at=instant("2017-09-04 08:00"))
    busy_room.press.ledger.cancel_release(second.release_id, at=instant("2017-09-04 08:00"))
    assert digests(busy_room, "2017-09-04 18:00") == []
    busy_room.press.ledger.resume_release(first.release_id, at=instant("2017-09-05 08:00"))
    assert digests(busy_room, "2017-09-05 18:00") == ["digest:daily/20170905"]
    busy_room.send("2017-09-05 18:00")
    assert mails(busy_room)[GRACE] == ["The Small Press: The piece a"]


def test_who_leaves_gets_no_digest_and_who_changes_their_mind_gets_what_waits(busy_room: PressRoom) -> None:
    busy_room.tick("2017-09-04 07:00")
    busy_room.press.ledger.unsubscribe(GRACE, instant("2017-09-04 12:00"))
    wish(busy_room, ZOE)
    assert digests(busy_room, "2017-09-04 18:00") == ["digest:daily/20170904"]
    busy_room.send("2017-09-04 18:00")
    assert set(mails(busy_room)) == {ADA, ZOE}
    assert busy_room.press.ledger.count_gathered() == 0


def test_who_is_erased_leaves_nothing_behind(busy_room: PressRoom) -> None:
    busy_room.tick("2017-09-04 07:00")
    reader = busy_room.press.ledger.find_subscriber(GRACE)
    assert reader is not None
    busy_room.press.ledger.erase(GRACE, instant("2017-09-04 12:00"))
    assert busy_room.press.ledger.gathered_of(reader.subscriber_id) == []


def test_a_digest_shows_each_piece_with_its_day_and_a_way_to_it(busy_room: PressRoom, golden: Golden) -> None:
    busy_room.write("b", of="1967-09-04", kicker="Fifty years", summary="What *b* & its like are about.", title="B & C")
    busy_room.tick("2017-09-04 07:00")
    digests(busy_room, "2017-09-04 18:00")
    busy_room.send("2017-09-04 18:00")
    (path,) = [path for path in (busy_room.press.outbox / "new").glob("*") if b"2 pieces" in path.read_bytes()]
    data = path.read_bytes()
    golden("digest/message.eml", data)
    message = email.message_from_bytes(data, policy=email.policy.default)
    html, text = (message.get_body((kind,)) for kind in ("html", "plain"))
    assert html is not None
    assert text is not None
    golden("digest/email.html", html.get_content())
    golden("digest/email.txt", text.get_content())
    assert "https://press.example.org/issues/b/50/" in text.get_content()
    found = lint_email(
        busy_room.shelf().issues["b"],
        html=html.get_content(),
        text=text.get_content(),
        subject=str(message["Subject"]),
        body_bytes=len(html.get_content().encode()),
        expected={"postal_address": busy_room.press.publication.settings.publication.postal_address},
        assets=(),
    )
    assert found == []
    assert "100 years ago: 4 September 1917" in html.get_content()


def test_a_digest_of_one_piece_is_named_after_it(room: PressRoom) -> None:
    wish(room, ADA, rhythm=Rhythm.DAILY)
    room.queue("a", at="2017-08-01")
    room.tick("2017-09-04 07:00")
    assert digests(room, "2017-09-04 18:00") == ["digest:daily/20170904"]
    room.send("2017-09-04 18:00")
    assert mails(room)[ADA] == ["The Small Press: The piece a"]


def test_a_theme_with_a_fault_stops_no_press_and_its_digest_comes_once_it_is_mended(busy_room: PressRoom) -> None:
    busy_room.tick("2017-09-04 07:00")
    template = busy_room.folder / "templates" / "email" / "digest.html.j2"
    template.parent.mkdir(parents=True)
    template.write_text("{{ nothing_of_that_name }}", encoding="utf-8")
    busy_room.reopen()
    report = gather(busy_room.press, now=instant("2017-09-04 18:00"))
    assert [fault.path for fault in report.faults] == ["templates/email/digest.html.j2"]
    template.unlink()
    busy_room.reopen()
    assert digests(busy_room, "2017-09-04 18:10") == ["digest:daily/20170904"]


@pytest.mark.parametrize(
    ("on", "at"),
    [
        (date(2026, 3, 29), "2026-03-29T01:30+00:00"),  # 02:30 does not exist: the offset before it
        (date(2026, 10, 25), "2026-10-25T00:30+00:00"),  # 02:30 comes twice: the first
        (date(2026, 7, 1), "2026-07-01T00:30+00:00"),
    ],
)
def test_a_turn_falls_once_on_each_day_whatever_the_clock_does(on: date, at: str) -> None:
    turn = Turn(time=time(2, 30), zone=zone("Europe/Berlin"))
    assert turn.at(on) == datetime.fromisoformat(at)
    assert turn.due_on(turn.at(on), grace=timedelta(hours=1), done=None) == on
    assert turn.due_on(turn.at(on) + timedelta(minutes=30), grace=timedelta(hours=1), done=on) is None
    assert turn.next_after(turn.at(on)) == turn.at(on + timedelta(days=1))


def test_a_weekly_turn_is_taken_on_its_day_or_within_grace() -> None:
    turn = Turn(time=time(18), zone=zone("UTC"), weekday=6)
    due = [turn.due_on(instant(f"2017-09-{day} 18:00"), grace=timedelta(hours=24), done=None) for day in range(10, 17)]
    assert due == [date(2017, 9, 10), date(2017, 9, 10), None, None, None, None, None]


def test_stop_retry_and_why_know_a_digest_by_its_name(busy_room: PressRoom) -> None:
    busy_room.tick("2017-09-04 07:00")
    digests(busy_room, "2017-09-04 18:00")
    assert find_release(busy_room.press, "digest:daily/20170904").is_digest
    told = story(busy_room.press, GRACE)
    assert [row["release"] for row in told["deliveries"]] == ["digest:daily/20170904"]
    assert told["gathered"] == [
        {"release": "a/100", "digest": "digest:daily/20170904"},
        {"release": "b/50", "digest": "digest:daily/20170904"},
    ]


@pytest.mark.parametrize("when", ["before it came out", "before its digest"])
def test_a_ledger_that_was_put_back_sends_no_digest_twice(busy_room: PressRoom, tmp_path: Path, when: str) -> None:
    backup = tmp_path / "backup.db"
    if when == "before it came out":
        back_up(busy_room.press, backup, now=instant("2017-09-04 06:00"))
    busy_room.tick("2017-09-04 07:00")
    if when == "before its digest":
        back_up(busy_room.press, backup, now=instant("2017-09-04 08:00"))
    busy_room.tick("2017-09-04 18:00")
    assert busy_room.send("2017-09-04 18:00") == 3
    shutil.rmtree(busy_room.press.outbox)
    lose(busy_room)
    put_back(busy_room, backup, at="2017-09-04 20:00")
    assert go_on(busy_room, "2017-09-04 20:00") == ([], 0)
    assert digests(busy_room, "2017-09-05 18:00") == []
    (digest,) = busy_room.press.ledger.digests()
    balance = busy_room.press.ledger.balance(digest.release_id)
    assert (digest.state.value, balance.eligible, balance.sent) == ("finished", 1, 1)


def test_a_digest_that_was_lost_before_it_left_is_called_off(busy_room: PressRoom, tmp_path: Path) -> None:
    back_up(busy_room.press, tmp_path / "backup.db", now=instant("2017-09-04 06:00"))
    busy_room.tick("2017-09-04 07:00")
    busy_room.send("2017-09-04 07:00")
    busy_room.tick("2017-09-04 18:00")
    lose(busy_room)
    done = put_back(busy_room, tmp_path / "backup.db", at="2017-09-04 20:00")
    assert done.learned.called_off == 3  # the digest to Grace, and two pieces that waited for Zoe
    assert done.learned.without_text == []
    assert go_on(busy_room, "2017-09-04 20:00") == ([], 0)
    assert digests(busy_room, "2017-09-10 18:00") == []


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A press whose pieces are out and whose readers wait for two digests, and for one from the beginning."""
    folder = tmp_path_factory.mktemp("evening") / "press"
    room = new_room(folder, schedule='min_spacing = "0s"\n', issues={"a": issue_text("a"), "b": issue_text("b")})
    room.queue("a", "b", at="2017-08-01")
    wish(room, GRACE, rhythm=Rhythm.DAILY)
    wish(room, ZOE, rhythm=Rhythm.DAILY)
    for at in ("2017-09-03 19:00", "2017-09-04 07:00"):
        room.tick(at)
    room.send("2017-09-04 07:00")
    room.press.ledger.close()
    return folder


def settled(told: dict[str, Any]) -> dict[str, Any]:
    """A reader's story without how often it was tried: who dies between intent and reply tries once more."""
    return told | {"deliveries": [(row["release"], row["state"], row["code"]) for row in told["deliveries"]]}


def ended(folder: Path) -> dict[str, Any]:
    """How an evening ends that nothing disturbs any more."""
    assert run_apart(day_s_work, folder, "2017-09-04 18:00", 0) == 0
    room = PressRoom(press=opened(folder))
    ledger = room.press.ledger
    end = {
        "status": status_rows(room.press),
        "why": [settled(story(room.press, address)) for address in (ADA, GRACE, ZOE)],
        "waiting": ledger.count_gathered(),
        "mail": {path.name: path.read_bytes() for path in (room.press.outbox / "new").iterdir()},
    }
    ledger.close()
    return end


@pytest.mark.parametrize("seed", range(3))
def test_killed_again_and_again_a_digest_goes_out_once(tmp_path: Path, evening: Path, seed: int) -> None:
    end = ended(shutil.copytree(evening, tmp_path / "undisturbed"))
    steps = steps_of(tmp_path / "undisturbed")
    assert [row["release"] for row in end["status"]] == ["a/100", "b/100", "digest:daily/20170904"]
    assert len(end["mail"]) == 4
    chance = random.Random(seed)
    folder = shutil.copytree(evening, tmp_path / "press")
    for _ in range(4):
        assert run_apart(day_s_work, folder, "2017-09-04 18:00", chance.randint(1, steps)) in (0, -9)
    assert ended(folder) == end


@pytest.mark.soak
def test_killed_before_any_step_a_digest_goes_out_once(tmp_path: Path, evening: Path) -> None:
    end = ended(shutil.copytree(evening, tmp_path / "undisturbed"))
    for step in range(1, steps_of(tmp_path / "undisturbed") + 1):
        folder = shutil.copytree(evening, tmp_path / f"press-{step}")
        assert run_apart(day_s_work, folder, "2017-09-04 18:00", step) == -9
        assert ended(folder) == end, f"killed before step {step}"
        shutil.rmtree(folder)


def test_two_schedulers_make_one_digest(tmp_path: Path, evening: Path) -> None:
    folder = shutil.copytree(evening, tmp_path / "press")
    tick_in_two(folder, "2017-09-04 18:00")
    room = PressRoom(press=opened(folder))
    (digest,) = room.press.ledger.digests()
    assert room.press.ledger.balance(digest.release_id).eligible == 2
    assert [event.verb for event in room.press.ledger.history("digest:daily")] == ["released"]
    room.press.ledger.close()


def test_a_simulated_year_shows_what_readers_of_digests_get(busy_room: PressRoom, tmp_path: Path) -> None:
    readers = list(busy_room.press.ledger.subscribers())
    done = simulate(
        busy_room.press.publication,
        busy_room.shelf(),
        window=(date(2017, 9, 1), date(2017, 9, 30)),
        out=tmp_path / "simulated",
        readers=readers,
        progress=lambda *_: None,
    )
    assert [(row["release"], row["sent"]) for row in done.rows] == [
        ("a/100", 1),
        ("b/50", 1),
        ("digest:daily/20170904", 1),
        ("digest:weekly/20170910", 1),
    ]
    assert done.rows[2]["title"] == "The Small Press: 2 pieces, 4 September 2017"
    assert done.rows[2]["local"] == "2017-09-04T18:00:00+00:00"
