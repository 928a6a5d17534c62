"""A series from its beginning: a new reader gets each past piece on its date, once, and nobody gets one twice."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from killing import tick_in_two
from press_room import PressRoom, instant, issue_text, new_room, opened
from restoring import go_on, lose, put_back
from sparkpub.core.beginnings import days_like
from sparkpub.core.records import ReleaseState
from sparkpub.core.wishes import Rhythm, Wishes
from sparkpub.keeping import back_up
from sparkpub.sending import retry_failed, status_rows

SERIES = '[series.war]\ntitle = "The War"\n[series.peace]\ntitle = "The Peace"\n'
NEW = "new@example.org"


@pytest.fixture
def past_room(tmp_path: Path) -> Iterator[PressRoom]:
    """In 2017 three readers got two pieces of one series and one of another; then somebody new came."""
    hundred = "years: [100]"
    issues = {
        "a": issue_text("a", choice=hundred, series="war"),
        "b": issue_text("b", of="1917-09-06", choice=hundred, series="war", tags="[grim]"),
        "c": issue_text("c", of="1917-09-04", choice=hundred, series="peace"),
    }
    room = new_room(tmp_path / "press", schedule='min_spacing = "0s"\nmax_gap = "5000d"\n' + SERIES, issues=issues)
    room.queue("a", "b", "c", at="2017-08-01")
    for day in ("2017-09-04 07:00", "2017-09-06 07:00"):
        room.tick(day)
        room.send(day)
    room.press.ledger.add_subscriber(NEW, at=instant("2020-01-01"))
    wish(room, from_beginning=("war",))
    room.tick("2020-01-01")
    yield room
    room.press.ledger.close()


def wish(room: PressRoom, address: str = NEW, **wishes: object) -> None:
    reader = room.press.ledger.find_subscriber(address)
    assert reader is not None
    changed = replace(reader, wishes=Wishes(**wishes))  # type: ignore[arg-type]
    room.press.ledger.set_subscriber(changed, at=instant("2020-01-01"))


def again(room: PressRoom, at: str) -> list[str]:
    """What a tick sends again, and nothing that it should not release."""
    report = room.tick(at)
    assert report.released == ()
    assert report.agenda.pause == ""
    return [release.name for release in report.again]


def letters(room: PressRoom, address: str = NEW) -> list[tuple[str, str]]:
    """Subject and date of each message to a reader."""
    found = []
    for path in sorted((room.press.outbox / "new").glob("*"), key=lambda path: path.name):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if message["To"].addresses[0].addr_spec == address:
            found.append((str(message["Subject"]), f"{message['Date'].datetime:%Y-%m-%d %H:%M}"))
    return sorted(found, key=lambda one: one[1])


def test_each_past_piece_comes_on_its_date_once_and_bears_the_date_of_its_sending(past_room: PressRoom) -> None:
    assert again(past_room, "2020-09-04 06:59") == []
    assert again(past_room, "2020-09-04 07:00") == ["a/100"]
    assert again(past_room, "2020-09-04 07:01") == []
    assert past_room.send("2020-09-04 07:01") == 1
    assert again(past_room, "2020-09-06 07:00") == ["b/100"]
    assert past_room.send("2020-09-06 07:00") == 1
    assert letters(past_room) == [("The piece a", "2020-09-04 07:00"), ("The piece b", "2020-09-06 07:00")]
    assert again(past_room, "2021-09-04 07:00") == []
    assert again(past_room, "2021-09-06 07:00") == []


def test_the_balance_grows_by_those_who_came_later_and_stays_exact(past_room: PressRoom) -> None:
    again(past_room, "2020-09-04 07:00")
    rows = {row["release"]: row for row in status_rows(past_room.press)}
    assert {name: (row["eligible"], row["sent"], row["pending"], row["state"]) for name, row in rows.items()} == {
        "a/100": (4, 3, 1, "sending"),
        "c/100": (3, 3, 0, "finished"),
        "b/100": (3, 3, 0, "finished"),
    }
    past_room.send("2020-09-04 07:00")
    row = {row["release"]: row for row in status_rows(past_room.press)}["a/100"]
    assert (row["eligible"], row["sent"], row["state"]) == (4, 4, "finished")


def test_who_had_a_piece_in_its_time_gets_nothing_again(past_room: PressRoom) -> None:
    wish(past_room, "ada@example.org", from_beginning=("war",))
    again(past_room, "2020-09-04 07:00")
    assert past_room.send("2020-09-04 07:00") == 1
    assert len(letters(past_room, "ada@example.org")) == 3


def test_what_a_reader_goes_without_does_not_come_either(past_room: PressRoom) -> None:
    wish(past_room, from_beginning=("war",), without_tags=("grim",))
    assert again(past_room, "2020-09-04 07:00") == ["a/100"]
    assert again(past_room, "2020-09-06 07:00") == []


@pytest.mark.parametrize("how", ["left", "suppressed", "stopped"])
def test_nothing_comes_to_who_left_is_suppressed_or_while_the_press_is_stopped(past_room: PressRoom, how: str) -> None:
    match how:
        case "left":
            past_room.press.ledger.unsubscribe(NEW, instant("2020-01-02"))
        case "suppressed":
            past_room.press.ledger.suppress(NEW, "it complained", instant("2020-01-02"))
        case "stopped":
            past_room.press.stop_file.touch()
    report = past_room.tick("2020-09-04 07:00")
    assert report.again == ()


def test_a_day_missed_by_more_than_grace_comes_the_year_after(past_room: PressRoom) -> None:
    assert again(past_room, "2020-09-05 07:01") == []
    assert again(past_room, "2021-09-04 12:00") == ["a/100"]


def test_a_day_that_is_late_by_less_comes_late(past_room: PressRoom) -> None:
    assert again(past_room, "2020-09-05 06:59") == ["a/100"]
    assert past_room.send("2020-09-05 06:59") == 1


def test_what_comes_out_anew_that_day_is_not_sent_as_of_old(past_room: PressRoom) -> None:
    past_room.write("a", choice="years: [100, 103]", series="war")
    past_room.queue("a", at="2020-01-02")
    report = past_room.tick("2020-09-04 07:00")
    assert [release.name for release in report.released] == ["a/103"]
    assert report.again == ()


def test_a_piece_whose_rule_was_edited_since_comes_as_of_old(past_room: PressRoom) -> None:
    past_room.write("y", of="1917-09-08", choice="every: 1", series="war")
    past_room.queue("y", at="2020-09-07")
    past_room.tick("2020-09-08 07:00")
    past_room.send("2020-09-08 07:00")
    past_room.write("y", of="1917-09-08", choice="years: [103]", series="war")
    past_room.queue("y", at="2021-01-01")
    past_room.press.ledger.add_subscriber("newer@example.org", at=instant("2021-01-01"))
    wish(past_room, "newer@example.org", from_beginning=("war",))
    assert again(past_room, "2021-09-08 07:00") == ["y/103"]


def test_a_piece_that_was_called_off_comes_to_nobody(past_room: PressRoom) -> None:
    release = past_room.press.ledger.releases("a")[0]
    past_room.press.ledger._db.write("UPDATE release SET state = 'cancelled' WHERE issue_id = 'a'")
    assert again(past_room, "2020-09-04 07:00") == []
    assert past_room.press.ledger.release_state(release.release_id) is ReleaseState.CANCELLED


def test_who_gets_digests_gets_past_pieces_in_them_and_not_twice(past_room: PressRoom) -> None:
    wish(past_room, from_beginning=("war", "peace"), rhythm=Rhythm.DAILY)
    assert again(past_room, "2020-09-04 07:00") == []
    assert [digest.name for digest in past_room.tick("2020-09-04 18:00").digests] == ["digest:daily/20200904"]
    assert past_room.send("2020-09-04 18:00") == 1
    assert letters(past_room) == [("The Small Press: 2 pieces, 4 September 2020", "2020-09-04 18:00")]
    wish(past_room, from_beginning=("war", "peace"))
    assert again(past_room, "2021-09-04 07:00") == []


def test_a_letter_tried_again_is_the_same_bytes(past_room: PressRoom) -> None:
    again(past_room, "2020-09-04 07:00")
    past_room.send("2020-09-04 07:00")
    (path,) = [p for p in (past_room.press.outbox / "new").glob("*") if NEW.encode() in p.read_bytes()]
    before = path.read_bytes()
    path.unlink()
    release = past_room.press.ledger.releases("a")[0]
    past_room.press.ledger._db.write("UPDATE delivery SET state = 4 WHERE release_id = :id", {"id": release.release_id})
    assert retry_failed(past_room.press, release, now=instant("2020-09-05")) == 4
    past_room.send("2020-09-05")
    assert path.read_bytes() == before


def test_a_leap_day_is_kept_a_day_early_for_who_reads_from_the_beginning() -> None:
    assert days_like(date(2021, 2, 28)) == ("02-28", "02-29")
    assert days_like(date(2024, 2, 28)) == ("02-28",)
    assert days_like(date(2024, 2, 29)) == ("02-29",)


def test_a_rehearsed_series_is_never_mailed_by_smtp(past_room: PressRoom) -> None:
    toml = past_room.folder / "sparkpub.toml"
    relay = '\n[delivery]\ntransport = "smtp"\n[smtp.main]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'
    toml.write_text(toml.read_text(encoding="utf-8") + relay, encoding="utf-8")
    (past_room.folder / "secrets.env").write_text("SPARKPUB_SECRET_KEY=" + "k" * 40 + "\n", encoding="utf-8")
    (past_room.folder / "secrets.env").chmod(0o600)
    past_room.reopen()
    assert again(past_room, "2020-09-04 07:00") == []


def test_a_ledger_that_was_put_back_sends_nothing_twice(past_room: PressRoom, tmp_path: Path) -> None:
    back_up(past_room.press, tmp_path / "backup.db", now=instant("2020-09-01"))
    again(past_room, "2020-09-04 07:00")
    assert past_room.send("2020-09-04 07:00") == 1
    lose(past_room)
    put_back(past_room, tmp_path / "backup.db", at="2020-09-04 12:00")
    assert go_on(past_room, "2020-09-04 12:00") == ([], 0)
    assert past_room.eligible()["a/100"] == 4
    assert go_on(past_room, "2021-09-04 07:00") == ([], 0)


def test_what_was_lost_before_it_left_still_comes(past_room: PressRoom, tmp_path: Path) -> None:
    back_up(past_room.press, tmp_path / "backup.db", now=instant("2020-09-01"))
    again(past_room, "2020-09-04 07:00")
    lose(past_room)
    put_back(past_room, tmp_path / "backup.db", at="2020-09-04 12:00")
    assert past_room.eligible()["a/100"] == 3
    assert go_on(past_room, "2020-09-04 12:00") == (["a/100"], 1)
    assert letters(past_room) == [("The piece a", "2020-09-04 12:00")]


def test_what_has_lost_its_message_with_a_ledger_comes_to_nobody(tmp_path: Path) -> None:
    lost = new_room(tmp_path / "other", schedule='min_spacing = "0s"\nmax_gap = "5000d"\n' + SERIES)
    lost.write("a", choice="years: [100]", series="war")
    lost.queue("a", at="2017-08-01")
    back_up(lost.press, tmp_path / "backup.db", now=instant("2017-09-01"))
    lost.tick("2017-09-04 07:00")
    lost.send("2017-09-04 07:00")
    lose(lost)
    put_back(lost, tmp_path / "backup.db", at="2017-09-05")
    lost.press.ledger.add_subscriber(NEW, at=instant("2020-01-01"))
    wish(lost, from_beginning=("war",))
    assert go_on(lost, "2020-09-03") == ([], 0)
    assert again(lost, "2020-09-04 07:00") == []
    lost.press.ledger.close()


def test_two_schedulers_send_it_once(past_room: PressRoom) -> None:
    past_room.press.ledger.close()
    tick_in_two(past_room.folder, "2020-09-04 07:00")
    past_room.press = opened(past_room.folder)
    assert past_room.eligible()["a/100"] == 4
    assert past_room.history("a") == ["queued", "released", "finished", "repeated"]
    assert past_room.send("2020-09-04 07:00") == 1
