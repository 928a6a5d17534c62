"""Deciding: queue, hold, skip, list, show, calendar, simulate."""

import json
from pathlib import Path

import pytest

from cli_runner import Ran, sparkpub, write_issue

OLD_STYLE = 'title: The Soviets\nanniversary:\n  of: "1917-09-04"\n  calendar: russia\n'
NOW = ("--now", "2026-03-01")


def queue(gazette: Path, *words: str, now: str = "2026-03-01") -> Ran:
    return sparkpub("queue", *words, "--now", now, cwd=gazette)


def test_queue_says_to_whom_and_when_and_that_there_is_no_end(gazette: Path) -> None:
    sparkpub("subscribers", "add", "ada@example.org", "--confirmed", "asked", cwd=gazette)
    ran = queue(gazette, "hello")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "hello is queued for 'all', 1 reader today",
        "  Thu 2026-10-15 07:00 +0000, N = 444",
        "  Fri 2027-10-15 07:00 +0000, N = 445",
        "  Sun 2028-10-15 07:00 +0000, N = 446",
        "  every year, no end",
    ]


def test_queue_and_release_count_those_who_get_digests_too(gazette: Path) -> None:
    for address in ("ada@example.org", "grace@example.org", "zoe@example.org"):
        sparkpub("subscribers", "add", address, "--confirmed", "asked", cwd=gazette)
    sparkpub("subscribers", "set", "grace@example.org", "--rhythm", "weekly", cwd=gazette)
    assert queue(gazette, "hello").out.startswith("hello is queued for 'all', 2 readers today, 1 more in a digest\n")
    sparkpub("subscribers", "set", "ada@example.org", "--rhythm", "daily", cwd=gazette)
    assert queue(gazette, "hello").out.startswith("hello is queued for 'all', 1 reader today, 2 more in digests\n")
    asked = sparkpub("release", "hello", "--number", "444", "--now", "2026-10-15T08:00", cwd=gazette)
    assert "audience  all, 1 reader, 2 more in digests, by maildir" in asked.err
    sparkpub("subscribers", "set", "ada@example.org", "--without-tag", "calendars", cwd=gazette)
    (told,) = queue(gazette, "hello", "--json").json
    assert (told["readers"], told["in_digests"]) == (1, 1)


def test_queue_of_an_old_style_piece_names_the_other_day_and_how_to_choose_it(gazette: Path) -> None:
    write_issue(gazette, "soviets", OLD_STYLE + "  every: 10")
    ran = queue(gazette, "soviets")
    assert "2027-09-04 07:00 +0000, N = 110  (4 Sep, as printed; New Style 17 Sep: `match: converted`)" in ran.out
    assert ran.out.endswith("  every 10 years, no end\n")


def test_queue_of_a_printed_month_names_the_other_day_too(gazette: Path) -> None:
    write_issue(gazette, "may", OLD_STYLE.replace("1917-09-04", "1917-05") + "  every: 10")
    assert "(New Style 14 May: `match: converted`; first day of the month)" in queue(gazette, "may").out


@pytest.mark.parametrize(
    ("more", "last"),
    [
        ("  years: [110]", "N = 110  (4 Sep, as printed; New Style 17 Sep: `match: converted`)"),
        ("  every: 1\n  match: converted", "  every year, no end"),
        ("  every: 1\n  match: calendar", "  every year of its calendar, no end"),
        ("  milestones: wikipedia", "  every 10 and 25 years, from the 100th on every 25, no end"),
        ("  every: 1\n  until: 2028-12-31", "N = 111  (4 Sep, as printed; New Style 17 Sep: `match: converted`)"),
    ],
)
def test_how_often_a_piece_returns_is_said_where_it_has_no_end(more: str, last: str, gazette: Path) -> None:
    write_issue(gazette, "soviets", OLD_STYLE + more)
    assert queue(gazette, "soviets").out.rstrip().endswith(last)


def test_queue_of_a_passed_date_warns_and_exits_0(gazette: Path) -> None:
    write_issue(gazette, "gone", "title: Gone\nrelease: 2026-01-05")
    ran = queue(gazette, "gone")
    assert ran.code == 0
    assert "nothing will go out by itself; `sparkpub release gone` sends now" in ran.out
    assert "nothing will go out by itself" in queue(gazette, "gone", "--json").json[0]["warning"]


def test_queue_of_a_piece_that_was_released_says_so(gazette: Path) -> None:
    write_issue(gazette, "gone", "title: Gone\nrelease: 2026-01-05")
    sparkpub("release", "gone", "--yes", *NOW, cwd=gazette)
    assert "it was released for 2026-01-05, and no other date is to come" in queue(gazette, "gone").out


def test_queue_in_json_has_the_rows_of_the_calendar(gazette: Path) -> None:
    (document,) = queue(gazette, "hello", "--json").json
    assert document["issue"] == "hello"
    assert document["audience"] == "all"
    assert document["readers"] == 0
    assert [row["number"] for row in document["next"]] == [444, 445, 446]
    assert document["repeats"] == "every year, no end"


def test_queue_needs_ids_or_all_but_not_both(gazette: Path) -> None:
    assert queue(gazette).code == 2
    assert queue(gazette, "hello", "--all").code == 2


def test_queue_of_a_draft_says_what_makes_it_ready(gazette: Path) -> None:
    write_issue(gazette, "draft", "title: D\nstatus: draft\nrelease: 2027-01-05")
    ran = queue(gazette, "draft")
    assert ran.code == 2
    assert "write `status: ready`" in ran.err


def test_queue_of_an_issue_with_faults_queues_none_of_those_named(gazette: Path) -> None:
    write_issue(gazette, "hole", "title: H\nrelease: 2027-01-05", "![A map](none.png)")
    ran = queue(gazette, "hello", "hole")
    assert ran.code == 2
    assert "issues/hole.md:7: there is no picture 'none.png'" in ran.err
    assert [row["state"] for row in sparkpub("list", "--json", cwd=gazette).json] == ["unqueued", "unqueued"]


def test_queue_all_queues_the_sound_ones_and_names_the_others(gazette: Path) -> None:
    write_issue(gazette, "hole", "title: H\nrelease: 2027-01-05", "![A map](none.png)")
    (gazette / "issues" / "broken.md").write_text("no front matter")
    ran = queue(gazette, "--all")
    assert ran.code == 0
    assert "issues/hole.md:7: " in ran.err
    assert "issues/broken.md:1: " in ran.err
    assert ran.out.startswith("hello is queued")
    assert "nothing new to queue" in queue(gazette, "--all").err


def test_an_unknown_id_is_guessed(gazette: Path) -> None:
    ran = queue(gazette, "helo")
    assert ran.code == 2
    assert "did you mean 'hello'?" in ran.err


def test_a_held_issue_is_told_everywhere_and_taken_up_again(gazette: Path) -> None:
    queue(gazette, "hello")
    ran = sparkpub("hold", "hello", "--reason", "wait for the map", *NOW, cwd=gazette)
    assert ran.code == 0
    assert "`sparkpub queue hello`" in ran.err
    assert sparkpub("list", "--json", *NOW, cwd=gazette).json[0]["state"] == "held"
    assert "held (wait for the map)" in sparkpub("show", "hello", *NOW, cwd=gazette).out
    assert sparkpub(*NOW, cwd=gazette).code == 1
    queue(gazette, "hello")
    assert sparkpub("list", "--json", *NOW, cwd=gazette).json[0]["state"] == "queued"


def test_a_skipped_occurrence_stays_skipped(gazette: Path) -> None:
    ran = sparkpub("skip", "hello", "444", *NOW, cwd=gazette)
    assert (ran.code, ran.out) == (0, "hello/444, due on 2026-10-15, is left out\n")
    again = sparkpub("skip", "hello", "444", *NOW, cwd=gazette)
    assert again.code == 2
    assert "is skipped already" in again.err
    assert sparkpub("calendar", "--json", *NOW, cwd=gazette).json[0]["state"] == "skipped"


def test_an_occurrence_that_does_not_exist_cannot_be_skipped(gazette: Path) -> None:
    ran = sparkpub("skip", "hello", "0", cwd=gazette)
    assert ran.code == 2
    assert "`sparkpub show hello`" in ran.err


def test_the_calendar_has_exactly_the_keys_of_the_contract(gazette: Path) -> None:
    write_issue(gazette, "soviets", OLD_STYLE + "  years: [100]\n  zone: Europe/Moscow")
    rows = sparkpub("calendar", "--from", "2017-09-04", "--until", "2017-09-05", "--json", cwd=gazette).json
    assert rows == [
        {
            "issue": "soviets",
            "number": 100,
            "date": "2017-09-04",
            "local": "2017-09-04T07:00:00+03:00",
            "utc": "2017-09-04T04:00:00Z",
            "state": "past",
            "why": rows[0]["why"],
        }
    ]


def test_the_calendar_shows_from_and_not_until(gazette: Path) -> None:
    def dates(start: str, end: str) -> list[str]:
        rows = sparkpub("calendar", "--from", start, "--until", end, "--json", cwd=gazette).json
        return [row["date"] for row in rows]

    assert dates("2026-10-15", "2027-10-15") == ["2026-10-15"]
    assert dates("2026-10-16", "2027-10-16") == ["2027-10-15"]


def test_an_empty_calendar_says_how_to_see_more(gazette: Path) -> None:
    ran = sparkpub("calendar", "--from", "2026-01-01", "--until", "2026-02-01", cwd=gazette)
    assert (ran.code, ran.out) == (0, "")
    assert "--from and --until" in ran.err
    assert sparkpub("calendar", "--from", "2026-01-01", "--until", "2026-02-01", "--json", cwd=gazette).json == []


@pytest.mark.parametrize(
    "words", [("--from", "2027"), ("--until", "1917-02-30"), ("--from", "2027-01-01", "--until", "2026-01-01")]
)
@pytest.mark.parametrize("command", ["calendar", "simulate"])
def test_dates_that_are_none_or_end_before_they_begin_are_refused(
    command: str, words: tuple[str, ...], gazette: Path
) -> None:
    assert sparkpub(command, *words, cwd=gazette).code == 2


def test_a_calendar_goes_to_the_very_end_of_time(gazette: Path) -> None:
    rows = sparkpub("calendar", "--from", "9999-01-01", "--json", cwd=gazette).json
    assert [row["date"] for row in rows] == ["9999-10-15"]


def test_the_calendar_is_written_for_other_programs(gazette: Path) -> None:
    ran = sparkpub("calendar", *NOW, "--ics", "dates.ics", cwd=gazette)
    assert "1 occurrence written to dates.ics" in ran.err
    assert (gazette / "dates.ics").read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_a_device_is_written_into_and_never_replaced(gazette: Path) -> None:
    device = Path("/dev/null")
    assert sparkpub("calendar", *NOW, "--ics", str(device), cwd=gazette).code == 0
    assert device.is_char_device()


def test_broken_files_are_named_and_the_others_go_on(gazette: Path) -> None:
    (gazette / "issues" / "broken.md").write_text("no front matter")
    for command in ("list", "calendar"):
        ran = sparkpub(command, *NOW, "--json", cwd=gazette)
        assert ran.code == 0
        assert ran.err.startswith("issues/broken.md:1: no front matter; ")
        assert len(ran.json) == 1


def test_missed_pieces_are_listed_with_what_sends_them(gazette: Path) -> None:
    queue(gazette, "hello")
    sparkpub("tick", "--now", "2026-10-14", cwd=gazette)
    sparkpub("tick", "--now", "2026-10-18", cwd=gazette)
    ran = sparkpub("list", "--missed", cwd=gazette)
    assert ran.code == 1
    assert "sparkpub release hello --number 444" in ran.out
    assert "`sparkpub list --missed`" in sparkpub("list", cwd=gazette).err
    sparkpub("skip", "hello", "444", "--now", "2026-10-18", cwd=gazette)
    assert sparkpub("list", "--missed", cwd=gazette).code == 0


def test_show_tells_the_whole_story(gazette: Path) -> None:
    queue(gazette, "hello")
    sparkpub("release", "hello", "--number", "444", "--yes", "--now", "2026-10-15T08:00", cwd=gazette)
    ran = sparkpub("show", "hello", "--now", "2026-10-16", cwd=gazette)
    assert "  next      Fri 2027-10-15 07:00 +0000, N = 445\n" in ran.out
    assert "  released  2026-10-15  hello/444  sending, tz data " in ran.out
    assert "  2026-10-15 08:00 UTC  released  444, due on 2026-10-15\n" in ran.out


def test_show_of_a_draft_without_date_says_what_is_missing(gazette: Path) -> None:
    write_issue(gazette, "draft", "title: D\nstatus: draft")
    assert "no date yet: give it `release` or `anniversary`" in sparkpub("show", "draft", cwd=gazette).out


def test_a_simulation_says_what_was_released_why_and_what_to_open(gazette: Path) -> None:
    ran = sparkpub("simulate", "--from", "2026-10-01", "--until", "2026-11-01", cwd=gazette)
    assert ran.code == 0
    assert "Thu 2026-10-15  07:00  444  A Leap in the Calendar  15 October 1582" in ran.out
    assert "1 release from 2026-10-01 to before 2026-11-01, 3 messages to 3 readers" in ran.out
    for line in ran.out.splitlines():
        if line.startswith("  "):
            assert (gazette / line.split()[1]).exists()
    assert ran.err.endswith("rehearsal: nobody was mailed\n")


def test_a_simulation_in_json_is_one_document_and_mails_the_real_readers_nothing(gazette: Path) -> None:
    sparkpub("subscribers", "add", "ada@example.org", "--confirmed", "asked", cwd=gazette)
    words = ("simulate", "--from", "2026-10-01", "--until", "2026-11-01", "--readers", "all", "--out", "sim", "--json")
    document = sparkpub(*words, cwd=gazette).json
    assert (document["messages"], document["readers"]) == (1, 1)
    assert document["releases"] == json.loads((gazette / "sim" / "releases.json").read_text())
    assert sparkpub("status", "--json", cwd=gazette).json == {"releases": []}


def test_a_simulation_of_nothing_says_where_to_look(gazette: Path) -> None:
    ran = sparkpub("simulate", "--from", "2026-01-01", "--until", "2026-02-01", cwd=gazette)
    assert ran.code == 0
    assert "`sparkpub calendar`" in ran.err


@pytest.mark.parametrize("count", ["-1", "many", "1.5", ""])
def test_readers_that_are_no_number_are_refused(count: str, gazette: Path) -> None:
    assert sparkpub("simulate", "--readers", count, cwd=gazette).code == 2


def test_next_is_what_will_fire_and_skips_what_was_skipped(gazette: Path) -> None:
    queue(gazette, "hello")
    sparkpub("skip", "hello", "444", *NOW, cwd=gazette)
    (row,) = sparkpub("list", "--json", *NOW, cwd=gazette).json
    assert row["next"] == "2027-10-15"
    assert sparkpub("--json", *NOW, cwd=gazette).json["next"] == [{"issue": "hello", "date": "2027-10-15"}]
    assert [row["number"] for row in queue(gazette, "hello", "--json").json[0]["next"]] == [445, 446, 447]


def test_a_skipped_date_is_called_skipped_not_passed(gazette: Path) -> None:
    write_issue(gazette, "once", "title: Once\nrelease: 2026-05-05")
    sparkpub("skip", "once", "0", *NOW, cwd=gazette)
    assert "it was skipped" in queue(gazette, "once", "--json").json[0]["warning"]


def test_what_its_file_holds_is_shown_since_queue_would_refuse(gazette: Path) -> None:
    queue(gazette, "hello")
    path = gazette / "issues" / "hello.md"
    path.write_text(path.read_text().replace("status: ready", "status: hold"))
    sparkpub("tick", *NOW, cwd=gazette)
    steps = [step["type"] for step in sparkpub("--json", *NOW, cwd=gazette).json["steps"] if step["pressing"]]
    assert steps == ["sparkpub show hello"]


def test_the_earliest_and_the_last_instant_there_are_can_be_pretended(gazette: Path) -> None:
    queue(gazette, "hello")
    assert sparkpub("list", "--now", "0001-01-01", cwd=gazette).code == 0
    assert sparkpub("--now", "0001-01-01", cwd=gazette).code in (0, 1)
    last = sparkpub("calendar", "--now", "9999-12-31T23:59", cwd=gazette)
    assert "--until" not in last.err.partition("name other dates")[0]
    assert last.code == 0


def test_the_history_of_an_issue_outlives_its_file(gazette: Path) -> None:
    sparkpub("release", "hello", "--yes", "--now", "2026-10-16", cwd=gazette)
    (gazette / "issues" / "hello.md").unlink()
    shown = sparkpub("show", "hello", "--now", "2026-10-17", cwd=gazette)
    assert shown.code == 0
    assert "its file is gone" in shown.out
    assert "released" in shown.out
    document = sparkpub("show", "hello", "--json", "--now", "2026-10-17", cwd=gazette).json
    assert [release["release"] for release in document["releases"]] == ["hello/444"]
    assert sparkpub("show", "nothing", cwd=gazette).code == 2
