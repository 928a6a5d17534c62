"""Why a date, what to mind about it, and what calendar programs are told."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from icalendar import Calendar, Component

from cli_runner import Ran, sparkpub, write_issue
from press_room import PressRoom, instant, issue_text, room
from sparkpub.core.ics import CalendarItem, calendar_ics
from sparkpub.core.revisions import newest, read_told, revised, told, told_in, write_told
from sparkpub.explaining import collisions, empty_months
from sparkpub.queueing import NO_ACCOUNT, Standing, calendar

__all__ = ["room"]

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LATER = datetime(2026, 12, 2, tzinfo=UTC)


def rows_of(room: PressRoom, start: str, end: str) -> list[Standing]:
    shelf = room.shelf()
    dates = date.fromisoformat(start), date.fromisoformat(end)
    known = shelf.mark_doubled(NO_ACCOUNT)
    return calendar(
        room.press.publication, shelf.all_issues, known, start=dates[0], end=dates[1], now=instant("2017-01-01")
    )


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ('{of: "1916-02-29", every: 1}', "29 Feb moved back"),
        ('{of: "1916-02-29", every: 1, leap_day: forward}', "29 Feb moved forward"),
        ('{of: "1917-03-26", every: 1, time: "02:30", zone: Europe/Paris}', "02:30 does not exist, 03:30 used"),
        ('{of: "1917-10-29", every: 1, time: "02:30", zone: Europe/Paris}', "02:30 comes twice, the first used"),
        ('{of: "1917-09-04", calendar: russia, match: converted, every: 1}', "13 days converted"),
        ('{of: "1917-09", every: 1}', "first day of the month"),
        ('{of: "1917-09", every: 1, day: last}', "last day of the month"),
        ('{of: "1917-09-04", calendar: julian, match: calendar, every: 1}', "4 Sep 2017 Old Style"),
        ('{of: "1917-09-04", every: 1}', ""),
    ],
)
def test_each_step_that_was_not_plain_is_explained(rule: str, why: str, room: PressRoom) -> None:
    room.write("a", anniversary=rule)
    (row,) = rows_of(room, "2017-01-01", "2018-01-01")
    assert "; ".join(row.why) == why


def test_only_what_is_still_to_come_collides(room: PressRoom) -> None:
    room.write("b")
    room.write("c", of="1917-09-05")
    (slot,) = collisions(rows_of(room, "2017-01-01", "2018-01-01"))
    assert [row.due.issue.id for row in slot] == ["a", "b"]
    assert {"two on this slot"} == {why for row in slot for why in row.why}
    assert collisions(rows_of(room, "2016-01-01", "2017-01-01")) == []


@pytest.mark.parametrize(
    ("start", "end", "spans"),
    [
        ("2017-01-01", "2018-01-01", [("2017-01", "2017-08"), ("2017-10", "2017-12")]),
        ("2017-08-31", "2017-10-02", [("2017-08", "2017-08"), ("2017-10", "2017-10")]),
        ("2017-09-01", "2017-10-01", []),
        ("2017-09-04", "2017-09-05", []),
        ("9999-12-01", "9999-12-31", [("9999-12", "9999-12")]),
    ],
)
def test_a_month_of_which_the_window_holds_a_day_is_empty_or_not(
    start: str, end: str, spans: list[tuple[str, str]], room: PressRoom
) -> None:
    dates = date.fromisoformat(start), date.fromisoformat(end)
    assert empty_months(rows_of(room, start, end), *dates) == spans


def look(folder: Path, *args: str) -> Ran:
    return sparkpub(
        "calendar", "--from", "2026-12-01", "--until", "2027-12-01", "--now", "2026-11-01", *args, cwd=folder
    )


def test_the_calendar_warns_of_what_never_falls_and_goes_on(gazette: Path) -> None:
    write_issue(gazette, "late", 'title: L\nanniversary:\n  of: "1917-09-04"\n  years: [100]\n  until: "2016-12-31"')
    write_issue(gazette, "feb", 'title: F\nanniversary:\n  of: "1917-02-30"\n  years: [110]')
    write_issue(gazette, "off", 'title: O\nstatus: draft\nanniversary: {of: "1917-09-04", every: 9999}')
    ran = look(gazette, "--json")
    assert ran.code == 0
    assert [row["issue"] for row in ran.json] == ["hello"]
    assert "issues/late.md:8: it never falls: until 2016-12-31 is before its first anniversary, 2017-09-04" in ran.err
    assert "issues/feb.md" in ran.err
    assert "off.md" not in ran.err


def test_a_rule_that_never_falls_is_one_fault_among_all_and_is_not_queued(gazette: Path) -> None:
    path = write_issue(gazette, "late", 'title: L\nanniversary: {of: "1917-09-04", years: [100], until: "2016-12-31"}')
    write_issue(gazette, "todo", 'title: T\nrelease: "2026-12-10"', "TODO\n")
    check = sparkpub("check", cwd=gazette)
    assert check.code == 2
    assert "SPK093" in check.out
    assert "todo.md" in check.out
    assert sparkpub("queue", "late", cwd=gazette).code == 2
    assert sparkpub("show", "late", cwd=gazette).code == 0
    path.write_text(path.read_text().replace("2016", "2018"))
    assert "SPK093" not in sparkpub("check", cwd=gazette).out


def test_the_calendar_names_shared_slots_and_empty_months(gazette: Path) -> None:
    for name in "abc":
        write_issue(gazette, name, f'title: {name}\nrelease: "2026-12-10"')
    ran = look(gazette, "--empty")
    assert ran.out.count("three on this slot") == 3
    assert "on one slot, 2026-12-10 07:00 +0000: a, b, c; they go out 1h apart unless `time` parts them\n" in ran.err
    assert "empty months: 2027-01 to 2027-09, 2027-11\n" in ran.err
    assert "empty months" not in look(gazette).err


def test_two_files_with_one_id_are_held_in_list_and_calendar(gazette: Path) -> None:
    for name, day in (("one", 10), ("two", 11)):
        write_issue(gazette, name, f'id: same\ntitle: {name}\nrelease: "2026-12-{day}"')
    rows = [row for row in look(gazette, "--json").json if row["issue"] == "same"]
    assert [(row["date"], row["state"]) for row in rows] == [("2026-12-10", "held"), ("2026-12-11", "held")]
    assert "id 'same' is also in issues/" in rows[0]["why"]
    listed = [row for row in sparkpub("list", "--json", cwd=gazette).json if row["id"] == "same"]
    assert [(row["path"], row["state"]) for row in listed] == [("issues/one.md", "held"), ("issues/two.md", "held")]
    assert sparkpub("show", "same", cwd=gazette).code == 2


def item(uid: str = "a/1@e.org", title: str = "A") -> CalendarItem:
    return CalendarItem(
        uid=uid, at=NOW, stamp=NOW, title=title, description="Why, \n so; long " * 9, url="https://e.org/"
    )


def test_only_a_changed_event_has_another_revision() -> None:
    a, b = item("a"), item("b")
    known = told(revised([a, b], {}, now=NOW))
    again = revised([a, item("b", "B2"), item("c")], known, now=LATER)
    assert [(i.uid, i.sequence, i.stamp) for i in again] == [("a", 0, NOW), ("b", 1, LATER), ("c", 0, LATER)]
    back = revised([a, b], {**known, **told(again)}, now=LATER)
    assert [(i.uid, i.sequence) for i in back] == [("a", 0), ("b", 2)]


def test_what_was_told_is_read_from_the_file_or_from_the_record() -> None:
    events = revised([item("a"), item("ö,;\\\\b")], {}, now=NOW)
    file = calendar_ics(events, title="T")
    assert sorted(told_in(file).values(), key=str) == sorted(told(events).values(), key=str)
    assert read_told(write_told(told(events))) == told(events)
    assert newest(told(events), told(revised([item("a", "A2")], told(events), now=LATER)))["a"].sequence == 1


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b"{",
        b'{"a": 1}',
        b'{"a": ["x", -1, "20170904T070000Z"]}',
        b'{"a": ["x", 1, "yesterday"]}',
        b"BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n",
        b"BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20170904T070000Z\r\nSEQUENCE:99999999999\r\nEND:VEVENT\r\n",
        b"END:VEVENT\r\nBEGIN:VEVENT\r\n",
    ],
)
def test_a_file_that_is_no_calendar_of_ours_tells_nothing(junk: bytes) -> None:
    assert told_in(junk) == {}
    assert read_told(junk) == {}


def events(path: Path) -> dict[str, Component]:
    return {
        str(event["UID"]).partition("@")[0]: event for event in Calendar.from_ical(path.read_bytes()).walk("VEVENT")
    }


def test_one_edit_is_one_revision_whatever_file_is_written(gazette: Path) -> None:
    write_issue(gazette, "moves", 'title: Moves\nrelease: "2026-12-10"')
    write_issue(gazette, "stays", 'title: Stays\nrelease: "2026-12-10"')
    look(gazette, "--ics", "one.ics")
    first = (gazette / "one.ics").read_bytes()
    assert look(gazette, "--ics", "one.ics", "--now", "2026-11-02").code == 0
    assert (gazette / "one.ics").read_bytes() == first
    write_issue(gazette, "moves", 'title: Moves\nrelease: "2026-12-11"')
    sparkpub("calendar", "--from", "2026-12-01", "--ics", "two.ics", "--now", "2026-11-03T08:00", cwd=gazette)
    before, after = events(gazette / "one.ics"), events(gazette / "two.ics")
    assert before.keys() == after.keys() == {"hello/445", "moves/0", "stays/0"}
    assert {uid: event.decoded("SEQUENCE") for uid, event in after.items()} == {
        "hello/445": 0,
        "moves/0": 1,
        "stays/0": 0,
    }
    assert after["moves/0"].decoded("DTSTAMP") == datetime(2026, 11, 3, 8, tzinfo=UTC)
    assert after["stays/0"].decoded("DTSTAMP") == before["stays/0"].decoded("DTSTAMP")
    assert after["moves/0"].decoded("DTSTART") == datetime(2026, 12, 11, 7, tzinfo=UTC)


def test_the_file_alone_is_memory_enough(gazette: Path) -> None:
    write_issue(gazette, "moves", 'title: Moves\nrelease: "2026-12-10"')
    look(gazette, "--ics", "one.ics")
    (gazette / "var" / "cache" / "calendar.json").unlink()
    write_issue(gazette, "moves", 'title: Moves on\nrelease: "2026-12-10"')
    look(gazette, "--ics", "one.ics", "--now", "2026-11-02")
    assert {uid: event.decoded("SEQUENCE") for uid, event in events(gazette / "one.ics").items()} == {
        "hello/445": 0,
        "moves/0": 1,
    }


def test_each_correction_is_a_revision_of_a_release(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.tick("2017-09-04 07:00")
    ics = room.build() / "calendar.ics"
    (event,) = events(ics).values()
    assert (event.decoded("SEQUENCE"), event.decoded("DTSTAMP")) == (0, instant("2017-09-04 07:00"))
    (room.folder / "issues" / "a.md").write_text(
        issue_text("a", corrections='["2017-09-06: A name."]'), encoding="utf-8"
    )
    room.tick("2017-09-06 08:00")
    room.build()
    (event,) = events(ics).values()
    assert (event.decoded("SEQUENCE"), event.decoded("DTSTAMP")) == (1, instant("2017-09-06 07:00"))
