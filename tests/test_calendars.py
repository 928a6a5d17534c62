"""Which days exist in each calendar, which Gregorian days they were, and how a printed date is read."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyluach.dates import HebrewDate

from sparkpub.core.calendars import ADAR_I, CUT_OVERS, Month, civil, days_of, month_beside, months_of, years_within
from sparkpub.core.durations import seconds
from sparkpub.core.model import Calendar
from sparkpub.core.printed import parse_printed

A_DAY = timedelta(days=1)
CALENDARS = st.sampled_from(Calendar)


def days_in_order(calendar: Calendar, year: int) -> list[date | None]:
    return [civil(calendar, year, m, d) for m in months_of(calendar, year) for d in days_of(calendar, year, m)]


@given(calendar=CALENDARS, year=st.integers(2, 9990))
def test_each_day_of_a_year_is_the_morrow_of_the_one_before(calendar: Calendar, year: int) -> None:
    days = [day for day in days_in_order(calendar, year) if day is not None]
    assert all(later - earlier == A_DAY for earlier, later in pairwise(days))


@given(calendar=CALENDARS, year=st.integers(2, 9000))
def test_years_follow_one_another_without_a_gap(calendar: Calendar, year: int) -> None:
    last, first = days_in_order(calendar, year)[-1], days_in_order(calendar, year + 1)[0]
    assert last is None or first is None or first - last == A_DAY


@given(calendar=CALENDARS, year=st.integers(1, 9990), data=st.data())
def test_a_year_lies_within_the_years_of_its_days(calendar: Calendar, year: int, data: st.DataObject) -> None:
    day = data.draw(st.sampled_from(days_in_order(calendar, year)))
    if day is not None:
        first, last = years_within(calendar, day, day)
        assert first <= year <= last


@given(calendar=CALENDARS, year=st.integers(2, 9000), data=st.data())
def test_the_month_after_the_month_before_is_the_month_itself(
    calendar: Calendar, year: int, data: st.DataObject
) -> None:
    month = data.draw(st.sampled_from(months_of(calendar, year)))
    before = month_beside(calendar, year, month, step=-1)
    assert month_beside(calendar, *before, step=1) == (year, month)


@given(year=st.integers(3762, 5999), data=st.data())
def test_hebrew_days_are_those_that_pyluach_finds(year: int, data: st.DataObject) -> None:
    month = data.draw(st.sampled_from(months_of(Calendar.HEBREW, year)))
    day = data.draw(st.sampled_from(list(days_of(Calendar.HEBREW, year, month))))
    is_leap = ADAR_I in months_of(Calendar.HEBREW, year)
    from_nisan = 12 if month.is_leap else 13 if month.number == 6 and is_leap else (month.number + 5) % 12 + 1
    assert civil(Calendar.HEBREW, year, month, day) == HebrewDate(year, from_nisan, day).to_pydate()


def test_a_change_of_calendar_leaves_its_days_out_and_loses_none() -> None:
    for calendar, change in CUT_OVERS.items():
        year, month, day = change.last_julian
        last = civil(calendar, year, Month(month), day)
        year, month, day = change.first_gregorian
        assert last == date(year, month, day) - A_DAY
        assert civil(calendar, year, Month(month), day) == date(year, month, day)


@pytest.mark.parametrize(
    ("calendar", "year", "month", "days"),
    [
        ("italy", 1582, 10, [*range(1, 5), *range(15, 32)]),
        ("france", 1582, 12, [*range(1, 10), *range(20, 32)]),
        ("britain", 1752, 9, [1, 2, *range(14, 31)]),
        ("bulgaria", 1916, 4, [*range(14, 31)]),
        ("russia", 1918, 2, [*range(14, 29)]),
        ("greece", 1923, 2, [*range(1, 16)]),
        ("russia", 1900, 2, [*range(1, 30)]),
        ("gregorian", 1900, 2, [*range(1, 29)]),
        ("islamic-civil", 1445, 12, [*range(1, 31)]),
        ("islamic-civil", 1444, 12, [*range(1, 30)]),
    ],
)
def test_a_month_has_the_days_that_its_country_lived_through(
    calendar: str, year: int, month: int, days: list[int]
) -> None:
    assert list(days_of(Calendar(calendar), year, Month(month))) == days


@pytest.mark.parametrize(
    ("text", "calendar", "expected"),
    [
        ("1917-09-04", "russia", (1917, 9, 4, False, "")),
        ("1900-02-29", "julian", (1900, 2, 29, False, "")),
        ("1917-09", "russia", (1917, 9, None, False, "")),
        ("1917-09-XX", "gregorian", (1917, 9, None, False, "")),
        ("1917-09-XX~", "gregorian", (1917, 9, None, False, "~")),
        ("1917-09-04?", "gregorian", (1917, 9, 4, False, "?")),
        ("1917-09%", "gregorian", (1917, 9, None, False, "%")),
        ("5774-M05L-05", "hebrew", (5774, 5, 5, True, "")),
        ("5774-M05L", "hebrew", (5774, 5, None, True, "")),
        ("5774-M06-14", "hebrew", (5774, 6, 14, False, "")),
        ("1445-12-30", "islamic-civil", (1445, 12, 30, False, "")),
        ("0988-08-01", "julian", (988, 8, 1, False, "")),
    ],
)
def test_a_printed_date_is_read_as_it_stands(
    text: str, calendar: str, expected: tuple[int, int, int | None, bool, str]
) -> None:
    printed = parse_printed(text, Calendar(calendar))
    assert (printed.year, printed.month, printed.day, printed.is_leap_month, printed.qualifier) == expected
    assert printed.text == text


@pytest.mark.parametrize(
    ("text", "calendar", "words"),
    [
        ("1900-02-29", "gregorian", "the julian calendar has it"),
        ("1901-02-29", "gregorian", "it ends on 28"),
        ("1918-02-05", "russia", "1918-01-31 (Julian) was followed by 1918-02-14 (Gregorian)"),
        ("1918-02-13", "russia", "never was"),
        ("1752-09-03", "britain", "never was"),
        ("1582-10-14", "italy", "never was"),
        ("1582-12-10", "france", "never was"),
        ("1916-04-13", "bulgaria", "never was"),
        ("1923-02-16", "greece", "never was"),
        ("1923-02-28", "greece", "never was"),
        ("1918-02-29", "russia", "no day 29"),
        ("1917-13-01", "julian", "no month 13"),
        ("1917-00-01", "gregorian", "no month 00"),
        ("1917-09-00", "gregorian", "no day 0"),
        ("1917-09-31", "gregorian", "no day 31"),
        ("5775-M05L-01", "hebrew", "common year"),
        ("5773-M06-30", "hebrew", "no day 30"),
        ("5774-M13-01", "hebrew", "no month 13"),
        ("5774-M04L-01", "hebrew", "M05L"),
        ("5774-05-05", "hebrew", "CLDR code"),
        ("1917-M09-04", "gregorian", "1917-09-04"),
        ("1444-12-30", "islamic-civil", "it ends on 29"),
        ("1917", "gregorian", "names no month"),
        ("1917-XX-XX", "gregorian", "names no month"),
        ("0000-01-01", "gregorian", "outside the years"),
        ("0001-01-01", "julian", "outside the Gregorian years"),
        ("1917-9-4", "gregorian", "is no date"),
        ("١٩١٧-٠٩-٠٤", "gregorian", "is no date"),
        ("1917-09-04\n", "gregorian", "is no date"),
        ("", "gregorian", "is no date"),
    ],
)
def test_a_date_that_never_was_is_refused_with_its_reason(text: str, calendar: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"^.[^ ]*. (is no date|names no month)") as caught:
        parse_printed(text, Calendar(calendar))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24h", 86_400),
        ("7d", 604_800),
        ("90m", 5_400),
        ("30s", 30),
        ("1d12h", 129_600),
        ("0s", 0),
        ("1d2h3m4s", 93_784),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1h1d", "1.5h", "1 h", "1y", "36526d", "9999999999s", "٣h"])
def test_a_duration_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="like 24h"):
        seconds(text)
