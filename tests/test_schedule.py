"""When an anniversary falls: the contract's rules one by one, other engines' dates, and what always holds."""

import csv
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.adapters.zones import zone
from sparkpub.core.calendars import Month, date_fault, days_of, months_of
from sparkpub.core.model import (
    Anniversary,
    Calendar,
    Every,
    FixedDate,
    LeapDay,
    Match,
    Milestones,
    Observance,
    PrintedDate,
    Years,
)
from sparkpub.core.printed import parse_printed
from sparkpub.core.schedule import (
    check_anniversary,
    event_date,
    is_endless,
    next_occurrences,
    numbered,
    occurrences,
    repeats,
)

VECTORS = Path(__file__).parent / "vectors" / "anniversaries.csv"
ALWAYS = (date.min, date.max)
YEARLY = Every(step=1)


def rule(of: str, calendar: str = "gregorian", match: str = "nominal", **given: Any) -> Anniversary:
    """An anniversary at 07:00 in UTC, every year, unless told otherwise."""
    given = {"choice": YEARLY, "time": time(7), "zone": zone("UTC"), **given}
    named = Calendar(calendar)
    return Anniversary(of=parse_printed(of, named), calendar=named, match=Match(match), **given)


def nth(anniversary: Anniversary, number: int) -> date | None:
    found = numbered(anniversary, number)
    return found.on if found else None


def why(anniversary: Anniversary, number: int) -> tuple[str, ...]:
    found = numbered(anniversary, number)
    assert found is not None
    return found.why


def vectors() -> list[dict[str, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_dates_enough_and_each_names_another_engine() -> None:
    rows = vectors()
    questions = {(row["of"], row["calendar"], row["match"], row["options"], row["number"]) for row in rows}
    assert len(questions) >= 150
    assert all(row["source"] and row["engine"] and "convertdate" not in row["engine"] for row in rows)


def test_dates_enough_stand_in_a_published_source() -> None:
    unpublished = ("computed", "commonly given", "rules of")
    published = [row for row in vectors() if not row["source"].startswith(unpublished)]
    assert len({(row["of"], row["calendar"], row["match"], row["options"], row["number"]) for row in published}) >= 150
    assert {row["calendar"] for row in published} == set(Calendar) - {Calendar.GREGORIAN}


@pytest.mark.parametrize(
    "row", vectors(), ids=lambda row: f"{row['of']}-{row['match']}-{row['options']}-{row['number']}"
)
def test_other_engines_find_the_same_date(row: dict[str, str]) -> None:
    options: dict[str, Any] = dict(option.split("=") for option in row["options"].split())
    readers = {"leap_day": LeapDay, "observance": Observance}
    given = {key: readers[key](value) for key, value in options.items()}
    found = nth(rule(row["of"], row["calendar"], row["match"], **given), int(row["number"]))
    assert (found.isoformat() if found else "none") == row["expected"]


@pytest.mark.parametrize(
    ("match", "expected"),
    [("nominal", date(2017, 12, 25)), ("converted", date(2018, 1, 7)), ("calendar", date(2017, 12, 25))],
)
def test_christmas_1917_old_style_has_its_hundredth_where_the_match_says(match: str, expected: date) -> None:
    assert nth(rule("1917-12-25", "russia", match), 100) == expected


def test_the_converted_number_counts_from_the_gregorian_year() -> None:
    assert event_date(rule("1917-12-25", "russia")) == date(1918, 1, 7)
    assert occurrences(rule("1917-12-25", "russia", "converted"), date(2018, 1, 1), date(2019, 1, 1))[0].number == 100


def test_a_julian_day_of_its_own_calendar_may_leave_a_gregorian_year_out() -> None:
    julian = rule("1600-12-19", "julian", "calendar")
    assert nth(julian, 299) == date(1899, 12, 31)
    assert nth(julian, 300) == date(1901, 1, 1)
    assert not occurrences(julian, date(1900, 1, 1), date(1901, 1, 1))


def test_an_islamic_date_comes_twice_in_some_gregorian_years() -> None:
    found = occurrences(rule("1400-01-01", "islamic-civil", "calendar"), date(2008, 1, 1), date(2009, 1, 1))
    assert [one.number for one in found] == [29, 30]


def test_a_country_keeps_its_julian_days_until_its_change() -> None:
    found = occurrences(rule("1900-02-05", "russia", "calendar"), date(1917, 1, 1), date(1920, 1, 1))
    assert [one.on for one in found] == [date(1917, 2, 18), date(1918, 2, 13), date(1919, 2, 5)]
    assert found[1].why == ("5 Feb moved back", "31 Jan 1918 Old Style")


@pytest.mark.parametrize(
    ("leap_day", "expected"),
    [(LeapDay.BACKWARD, date(2017, 2, 28)), (LeapDay.FORWARD, date(2017, 3, 1)), (LeapDay.OMIT, None)],
)
def test_a_leap_day_moves_as_the_rule_says(leap_day: LeapDay, expected: date | None) -> None:
    leap = rule("1904-02-29", leap_day=leap_day)
    assert nth(leap, 113) == expected
    assert nth(leap, 112) == date(2016, 2, 29)
    assert nth(leap, 196) == (expected and expected.replace(year=2100))


def test_a_moved_leap_day_says_so() -> None:
    assert why(rule("1904-02-29"), 1) == ("29 Feb moved back",)
    assert why(rule("1904-02-29", leap_day=LeapDay.FORWARD), 1) == ("29 Feb moved forward",)
    assert why(rule("1904-02-29"), 4) == ()


def test_a_julian_leap_day_is_looked_for_by_its_printed_name() -> None:
    assert nth(rule("1900-02-29", "julian", "nominal"), 104) == date(2004, 2, 29)
    assert nth(rule("1900-02-29", "julian", "converted"), 100) == date(2000, 3, 13)


@pytest.mark.parametrize(
    ("day", "match", "expected"),
    [
        ("first", "nominal", date(2017, 9, 1)),
        ("last", "nominal", date(2017, 9, 30)),
        (15, "nominal", date(2017, 9, 15)),
        ("first", "converted", date(2017, 9, 14)),
        ("last", "converted", date(2017, 10, 13)),
        (15, "converted", date(2017, 9, 28)),
    ],
)
def test_a_month_chooses_its_day_before_it_is_matched(day: Any, match: str, expected: date) -> None:
    assert nth(rule("1917-09", "russia", match, day=day), 100) == expected


def test_the_last_of_a_month_is_found_anew_but_converted_keeps_the_events() -> None:
    assert nth(rule("1917-02", match="nominal", day="last"), 99) == date(2016, 2, 29)
    assert nth(rule("1917-02", match="calendar", day="last"), 99) == date(2016, 2, 29)
    assert nth(rule("1917-02", match="converted", day="last"), 99) == date(2016, 2, 28)
    assert why(rule("1917-02", day="last"), 99) == ("last day of the month",)


def test_the_first_of_a_month_that_began_late_is_its_first_existing_day() -> None:
    assert event_date(rule("1918-02", "russia")) == date(1918, 2, 14)
    assert event_date(rule("1582-12", "france", day="last")) == date(1582, 12, 31)


@pytest.mark.parametrize(
    ("leap_day", "observance", "expected"),
    [
        (LeapDay.BACKWARD, None, date(2025, 2, 28)),  # 30 Shevat
        (LeapDay.FORWARD, None, date(2025, 3, 30)),  # Adar has 29 days: 1 Nisan
        (LeapDay.OMIT, None, None),
        (LeapDay.OMIT, Observance.YAHRZEIT, date(2025, 2, 28)),
        (LeapDay.OMIT, Observance.BIRTHDAY, date(2025, 3, 30)),
    ],
)
def test_30_adar_i_in_a_common_year(leap_day: LeapDay, observance: Observance | None, expected: date | None) -> None:
    leap = rule("5774-M05L-30", "hebrew", "calendar", leap_day=leap_day, observance=observance)
    assert nth(leap, 11) == expected


def test_a_missing_month_is_moved_before_its_day() -> None:
    adar = rule("5774-M05L-14", "hebrew", "calendar", leap_day=LeapDay.FORWARD)
    assert why(adar, 11) == ("no Adar I in 5785, Adar used", "14 Adar 5785")
    assert why(rule("5773-M06-14", "hebrew", "calendar", observance=Observance.YAHRZEIT), 1) == (
        "14 Adar kept on 14 Adar I (yahrzeit)",
        "14 Adar I 5774",
    )


def test_hebrew_months_take_their_last_day_anew() -> None:
    heshvan = rule("5770-M02", "hebrew", "calendar", day="last", observance=Observance.YAHRZEIT)
    assert why(heshvan, 1)[-1] == "30 Heshvan 5771"
    assert why(heshvan, 2)[-1] == "29 Heshvan 5772"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Years(numbers=frozenset({100, 25})), [25, 100]),
        (Every(step=40), [40, 80, 120, 160]),
        (Milestones(), [10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 100, 125, 150, 175]),
    ],
)
def test_numbers_are_chosen_by_the_rule(choice: Any, expected: list[int]) -> None:
    found = occurrences(rule("1842-05-01", choice=choice), date(1842, 1, 1), date(2020, 1, 1))
    assert [one.number for one in found] == expected
    assert numbered(rule("1842-05-01", choice=choice), 101) is None
    assert numbered(rule("1842-05-01", choice=choice), 0) is None


def test_from_and_until_are_both_in() -> None:
    bounded = rule("1917-09-04", from_on=date(2017, 9, 4), until_on=date(2019, 9, 4))
    assert [one.number for one in occurrences(bounded, *ALWAYS)] == [100, 101, 102]
    assert [one.number for one in next_occurrences(bounded, date.min, 9)] == [100, 101, 102]
    assert numbered(bounded, 103) is None
    assert numbered(bounded, 99) is None


def test_windows_are_half_open() -> None:
    yearly = rule("1917-09-04")
    assert occurrences(yearly, date(2017, 9, 4), date(2017, 9, 5))
    assert not occurrences(yearly, date(2017, 9, 3), date(2017, 9, 4))
    assert not occurrences(yearly, date(2017, 9, 5), date(2017, 9, 4))


@pytest.mark.parametrize(
    ("on", "at", "name", "utc", "local", "said"),
    [
        ("2017-03-12", "02:30", "America/New_York", "07:30", "03:30", ("02:30 does not exist, 03:30 used",)),
        ("2017-11-05", "01:30", "America/New_York", "05:30", "01:30", ("01:30 comes twice, the first used",)),
        ("2017-10-01", "02:15", "Australia/Lord_Howe", "15:45", "02:45", ("02:15 does not exist, 02:45 used",)),
        ("2011-12-30", "07:00", "Pacific/Apia", "17:00", "07:00", ("07:00 does not exist, 31 Dec 07:00 used",)),
        ("2018-11-04", "00:00", "America/Sao_Paulo", "03:00", "01:00", ("00:00 does not exist, 01:00 used",)),
        ("2017-09-04", "07:00", "Europe/Moscow", "04:00", "07:00", ()),
    ],
)
def test_the_instant_follows_rfc_5545_in_gaps_and_overlaps(
    on: str, at: str, name: str, utc: str, local: str, said: tuple[str, ...]
) -> None:
    fixed = FixedDate(on=date.fromisoformat(on), time=time.fromisoformat(at), zone=zone(name))
    (found,) = occurrences(fixed, *ALWAYS)
    assert (f"{found.at:%H:%M}", f"{found.local:%H:%M}", found.why) == (utc, local, said)
    assert found.on == fixed.on
    assert found.number == 0


def test_a_gap_may_move_the_instant_to_another_day_and_the_ledgers_date_stays() -> None:
    yearly = rule("1911-12-30", zone=zone("Pacific/Apia"))
    found = numbered(yearly, 100)
    assert found is not None
    assert (found.on, found.local.date()) == (date(2011, 12, 30), date(2011, 12, 31))


@pytest.mark.parametrize(
    ("of", "calendar", "given", "words"),
    [
        ("1917-09-04", "gregorian", {}, None),
        ("5774-M05L-05", "hebrew", {"match": "calendar", "observance": Observance.YAHRZEIT}, None),
        ("5774-M05L-05", "hebrew", {}, "use 'calendar'"),
        ("1400-01-10", "islamic-civil", {}, "use 'calendar'"),
        ("1917-09-04", "gregorian", {"observance": Observance.YAHRZEIT}, "belongs to the hebrew calendar"),
        ("5774-M05L-05", "hebrew", {"match": "converted", "observance": Observance.BIRTHDAY}, "needs match 'calendar'"),
        ("1917-09", "russia", {"day": 31}, "day 31 does not exist"),
        ("1918-02", "russia", {"day": 5}, "day 5 does not exist"),
        ("1916-02", "gregorian", {"day": 29}, None),
        ("1917-09-04", "gregorian", {"choice": Every(step=0)}, "every"),
        ("1917-09-04", "gregorian", {"choice": Years(numbers=frozenset())}, "years"),
        ("1917-09-04", "gregorian", {"choice": Years(numbers=frozenset({0}))}, "years"),
        ("1917-09-04", "gregorian", {"from_on": date(2018, 1, 1), "until_on": date(2017, 1, 1)}, "lies before"),
    ],
)
def test_an_impossible_rule_is_refused_in_words(
    of: str, calendar: str, given: dict[str, Any], words: str | None
) -> None:
    fault = check_anniversary(rule(of, calendar, given.pop("match", "nominal"), **given))
    assert (words in fault) if fault and words else fault == words


def test_a_date_that_never_was_is_refused_by_the_schedule_itself() -> None:
    never = replace(rule("1917-09-04"), of=PrintedDate(text="1917-02-29", year=1917, month=2, day=29))
    assert "it ends on 28" in str(check_anniversary(never))
    with pytest.raises(ValueError, match="it ends on 28"):
        occurrences(never, *ALWAYS)


def test_whether_a_rule_returns_and_ends() -> None:
    once, twice = Years(numbers=frozenset({100})), Years(numbers=frozenset({100, 125}))
    fixed = FixedDate(on=date(2017, 1, 1), time=time(7), zone=zone("UTC"))
    assert [repeats(each) for each in (fixed, rule("1917-09-04", choice=once))] == [False, False]
    assert [repeats(each) for each in (rule("1917-09-04", choice=twice), rule("1917-09-04"))] == [True, True]
    assert [is_endless(each) for each in (fixed, rule("1917-09-04", choice=twice))] == [False, False]
    assert is_endless(rule("1917-09-04", choice=Milestones()))
    assert not is_endless(rule("1917-09-04", until_on=date(2030, 1, 1)))


def test_a_rule_that_can_never_fire_has_no_next_occurrence() -> None:
    assert (
        next_occurrences(
            rule("1904-02-29", choice=Years(numbers=frozenset({1, 3})), leap_day=LeapDay.OMIT), date.min, 1
        )
        == []
    )


def test_an_instant_outside_the_years_of_the_calendar_is_no_occurrence() -> None:
    first = FixedDate(on=date.min, time=time(0), zone=zone("Asia/Tokyo"))
    assert occurrences(first, *ALWAYS) == []
    assert nth(rule("1999-12-31", time=time(23), zone=zone("America/New_York")), 8000) is None
    assert nth(rule("1999-12-31"), 8001) is None


@st.composite
def rules(draw: st.DrawFn) -> Anniversary:
    """Any rule that can be scheduled."""
    calendar = draw(st.sampled_from(Calendar))
    base = {Calendar.HEBREW: 3761, Calendar.ISLAMIC_CIVIL: -621}.get(calendar, 0)
    year = draw(st.integers(1500, 2050)) + base
    month = draw(st.sampled_from(months_of(calendar, year)))
    day = draw(st.sampled_from([None, *days_of(calendar, year, month)]))
    named = calendar not in (Calendar.HEBREW, Calendar.ISLAMIC_CIVIL)
    match = draw(st.sampled_from(list(Match) if named else [Match.CONVERTED, Match.CALENDAR]))
    is_observed = calendar is Calendar.HEBREW and match is Match.CALENDAR
    printed = PrintedDate(text="drawn", year=year, month=month.number, day=day, is_leap_month=month.is_leap)
    assert date_fault(printed, calendar) is None
    choices = st.one_of(
        st.builds(Every, step=st.integers(1, 30)),
        st.builds(Milestones),
        st.builds(Years, numbers=st.frozensets(st.integers(1, 600), min_size=1)),
    )
    return Anniversary(
        of=printed,
        calendar=calendar,
        match=match,
        choice=draw(choices),
        time=draw(st.times()).replace(microsecond=0),
        zone=zone(draw(st.sampled_from(["UTC", "Europe/Moscow", "America/New_York", "Pacific/Apia"]))),
        leap_day=draw(st.sampled_from(LeapDay)),
        observance=draw(st.sampled_from([None, *Observance])) if is_observed else None,
        day=draw(st.sampled_from(["first", "last"])),
    )


DATES = st.dates(date(1500, 1, 1), date(2300, 1, 1))


@given(drawn=rules(), cuts=st.lists(DATES, min_size=3, max_size=6))
def test_windows_join_without_gap_or_repeat(drawn: Anniversary, cuts: list[date]) -> None:
    cuts.sort()
    whole = occurrences(drawn, cuts[0], cuts[-1])
    joined = [one for start, end in pairwise(cuts) for one in occurrences(drawn, start, end)]
    assert joined == whole


@given(drawn=rules())
def test_each_number_comes_at_most_once_and_later_numbers_later(drawn: Anniversary) -> None:
    found = occurrences(drawn, date(1500, 1, 1), date(2300, 1, 1))
    assert all(a.number < b.number and a.on < b.on for a, b in pairwise(found))


@given(drawn=rules(), start=DATES)
def test_the_ways_to_ask_agree(drawn: Anniversary, start: date) -> None:
    found = occurrences(drawn, start, date(2700, 1, 1))
    assert all(numbered(drawn, one.number) == one for one in found[:5])
    assert next_occurrences(drawn, start, 3)[: len(found)] == found[:3]


@given(drawn=rules(), year=st.integers(1600, 2200))
def test_a_year_holds_at_most_two_and_one_but_for_calendar(drawn: Anniversary, year: int) -> None:
    found = occurrences(drawn, date(year, 1, 1), date(year + 1, 1, 1))
    assert len(found) <= (2 if drawn.match is Match.CALENDAR else 1)


@given(of=DATES, leap_day=st.sampled_from(LeapDay), start=DATES, years=st.integers(0, 30))
def test_for_gregorian_dates_the_three_matches_agree(of: date, leap_day: LeapDay, start: date, years: int) -> None:
    end = start.replace(year=start.year + years, day=1)
    nominal, converted, calendar = (
        occurrences(rule(of.isoformat(), match=match, leap_day=leap_day), start, end) for match in Match
    )
    assert nominal == converted == calendar


@given(drawn=rules(), start=DATES)
def test_no_more_is_moved_than_a_year_lacks(drawn: Anniversary, start: date) -> None:
    for one in next_occurrences(drawn, start, 3):
        is_moved = any(" moved " in said for said in one.why)
        if drawn.match is Match.NOMINAL and drawn.of.day is not None and not is_moved:
            assert (one.on.month, one.on.day) == (drawn.of.month, drawn.of.day)


def test_the_result_depends_on_neither_tz_nor_locale_nor_clock() -> None:
    script = (
        "import locale\n"
        "from datetime import date, time\n"
        "from sparkpub.adapters.zones import zone\n"
        "from sparkpub.core.model import *\n"
        "from sparkpub.core.printed import parse_printed\n"
        "from sparkpub.core.schedule import occurrences\n"
        "locale.setlocale(locale.LC_ALL, '')\n"
        "of = parse_printed('1900-02-29', Calendar.JULIAN)\n"
        "for match in Match:\n"
        "    rule = Anniversary(of=of, calendar=Calendar.JULIAN, match=match, choice=Every(step=1),\n"
        "                       time=time(2, 30), zone=zone('America/New_York'))\n"
        "    print([(o.number, str(o.at), str(o.local), o.why) for o in occurrences(rule, date.min, date.max)])\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"TZ": tz, "LC_ALL": locale, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for tz, locale, seed in [("UTC", "C", "0"), ("Asia/Tokyo", "C.UTF-8", "1"), ("America/New_York", "POSIX", "2")]
    }
    assert len(seen) == 1
    assert "29 Feb moved back" in seen.pop()


def test_utc_and_local_are_the_same_instant() -> None:
    found = numbered(rule("1917-09-04", zone=zone("Europe/Moscow")), 100)
    assert found is not None
    assert found.at == found.local == datetime(2017, 9, 4, 4, tzinfo=UTC)
    assert found.local.isoformat() == "2017-09-04T07:00:00+03:00"
    assert months_of(Calendar.RUSSIA, 1917)[8] == Month(9)
