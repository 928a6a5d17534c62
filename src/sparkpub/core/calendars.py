"""Calendars that sources print their dates in: which days each has, and which Gregorian day each of them was.

    (calendar, year, month) ──days_of──▶ the days that exist      ──civil──▶ a Gregorian date

convertdate does the arithmetic. It accepts days that never were (30 Adar of a common year, month 13), so every day
is looked up here among those that exist before it is converted. Years start on 1 January and count from 1; a
country's calendar is Julian up to its change and Gregorian from there (INTERFACE.md, "When an anniversary falls").
convertdate is imported where it is asked: with all its calendars it takes longer than most answers.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from sparkpub.core.model import Calendar, PrintedDate

_JULIAN_DAY_OF_ORDINAL_0: Final = 1721424.5
_LAST_ORDINAL: Final = date.max.toordinal()
_YEARS: Final = 9999


class Month(NamedTuple):
    """A month of a calendar: its number from 1 (Hebrew: that of its CLDR code, from Tishri), leap months marked."""

    number: int
    is_leap: bool = False


ADAR_I: Final = Month(5, is_leap=True)


@dataclass(frozen=True, slots=True)
class CutOver:
    """The change of a country from the Julian to the Gregorian calendar: the last day of one, the first of the next."""

    last_julian: tuple[int, int, int]
    first_gregorian: tuple[int, int, int]


CUT_OVERS: Final[Mapping[Calendar, CutOver]] = {
    Calendar.ITALY: CutOver((1582, 10, 4), (1582, 10, 15)),
    Calendar.FRANCE: CutOver((1582, 12, 9), (1582, 12, 20)),
    Calendar.BRITAIN: CutOver((1752, 9, 2), (1752, 9, 14)),
    Calendar.BULGARIA: CutOver((1916, 3, 31), (1916, 4, 14)),
    Calendar.RUSSIA: CutOver((1918, 1, 31), (1918, 2, 14)),
    Calendar.GREECE: CutOver((1923, 2, 15), (1923, 3, 1)),
}
WITHOUT_GREGORIAN_MONTHS: Final = frozenset({Calendar.HEBREW, Calendar.ISLAMIC_CIVIL})
"""Calendars whose printed month and day mean nothing in a Gregorian year."""

_GREGORIAN_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HEBREW_MONTHS: Final = (
    "Tishri",
    "Heshvan",
    "Kislev",
    "Tevet",
    "Shevat",
    "Adar",
    "Nisan",
    "Iyar",
    "Sivan",
    "Tammuz",
    "Av",
    "Elul",
)
_ISLAMIC_MONTHS: Final = (
    "Muharram",
    "Safar",
    "Rabi I",
    "Rabi II",
    "Jumada I",
    "Jumada II",
    "Rajab",
    "Sha'ban",
    "Ramadan",
    "Shawwal",
    "Dhu al-Qa'da",
    "Dhu al-Hijja",
)


class _Days(NamedTuple):
    """The days that exist in one month, in order, and the proleptic Gregorian ordinal of the first.

    They follow one another without a gap in time, even where their numbers jump at a change of calendar.
    """

    first: int
    days: Sequence[int]


def months_of(calendar: Calendar, year: int) -> tuple[Month, ...]:
    """The months of a year, in order."""
    return _LEAP_MONTHS if calendar is Calendar.HEBREW and _is_leap_in_hebrew(year) else _MONTHS


_MONTHS: Final = tuple(Month(number) for number in range(1, 13))
_LEAP_MONTHS: Final = (*_MONTHS[:5], ADAR_I, *_MONTHS[5:])


def days_of(calendar: Calendar, year: int, month: Month) -> Sequence[int]:
    """The numbers of the days that a month has, in order; empty where the year lacks that month."""
    found = _month(calendar, year, month)
    return found.days if found else ()


def civil(calendar: Calendar, year: int, month: Month, day: int) -> date | None:
    """The Gregorian date of a day, None where that day does not exist or lies outside the years 1 to 9999."""
    found = _month(calendar, year, month)
    if found is None or day not in found.days:
        return None
    ordinal = found.first + found.days.index(day)
    return date.fromordinal(ordinal) if 1 <= ordinal <= _LAST_ORDINAL else None


def month_beside(calendar: Calendar, year: int, month: Month, *, step: int) -> tuple[int, Month]:
    """The month `step` (1 or -1) after one that exists, with its year."""
    months = months_of(calendar, year)
    place = months.index(month) + step
    if place < 0:
        return year - 1, months_of(calendar, year - 1)[-1]
    return (year, months[place]) if place < len(months) else (year + 1, Month(1))


def month_instead(lacking: Month, *, step: int) -> Month:
    """The month after (step 1) or before (step -1) a leap month that a year lacks."""
    return Month(lacking.number + 1) if step > 0 else Month(lacking.number)


def years_within(calendar: Calendar, start: date, end: date) -> tuple[int, int]:
    """The first and last year of a calendar that could reach into [start, end], with a margin on both sides."""
    match calendar:
        case Calendar.GREGORIAN:
            return start.year, end.year
        case Calendar.HEBREW:
            return start.year + 3759, end.year + 3762
        case Calendar.ISLAMIC_CIVIL:
            return _islamic_year(start) - 1, _islamic_year(end) + 1
    return start.year - 1, end.year + 1


def month_name(calendar: Calendar, year: int, month: Month) -> str:
    """The English name of a month, short where Gregorian; Adar is Adar II in a leap year."""
    match calendar:
        case Calendar.HEBREW if month == ADAR_I:
            return "Adar I"
        case Calendar.HEBREW if month == Month(6) and _is_leap_in_hebrew(year):
            return "Adar II"
        case Calendar.HEBREW:
            return _HEBREW_MONTHS[month.number - 1]
        case Calendar.ISLAMIC_CIVIL:
            return _ISLAMIC_MONTHS[month.number - 1]
    return _GREGORIAN_MONTHS[month.number - 1]


def date_fault(of: PrintedDate, calendar: Calendar) -> str | None:
    """What is wrong with a printed date in its calendar, None if it existed."""
    if not 1 <= of.year <= _YEARS:
        return f"year {of.year} is outside the years 1 to {_YEARS}"
    month = Month(of.month, of.is_leap_month)
    days = days_of(calendar, of.year, month)
    if not days:
        if calendar is Calendar.HEBREW and month == ADAR_I:
            return f"{of.year} has no Adar I (M05L), it is a common year; its Adar is M06"
        return f"the {calendar} calendar has no month {of.month:02}{'L' if of.is_leap_month else ''}"
    if of.day is not None and of.day not in days:
        return _no_such_day(of, calendar, month, days)
    if civil(calendar, of.year, month, of.day or days[0]) is None:
        return "it lies outside the Gregorian years 1 to 9999"
    return None


def _no_such_day(of: PrintedDate, calendar: Calendar, month: Month, days: Sequence[int]) -> str:
    """Why a day is not among those of its month."""
    change = CUT_OVERS.get(calendar)
    if change and change.last_julian < (of.year, of.month, of.day or 0) < change.first_gregorian:
        last, first = (f"{y}-{m:02}-{d:02}" for y, m, d in (change.last_julian, change.first_gregorian))
        return f"that day never was in {calendar.title()}: {last} (Julian) was followed by {first} (Gregorian)"
    name = f"{month_name(calendar, of.year, month)} {of.year}"
    fault = f"{name} has no day {of.day} in the {calendar} calendar, it ends on {days[-1]}"
    if (of.month, of.day) == (2, 29) and days_of(Calendar.JULIAN, of.year, month)[-1] == of.day:
        fault += "; the julian calendar has it"
    return fault


@lru_cache(maxsize=16_384)
def _month(calendar: Calendar, year: int, month: Month) -> _Days | None:
    """The days of one month, None where the year lacks it or the calendar does not reach so far."""
    if month not in months_of(calendar, year) or year < 1:
        return None
    if calendar is Calendar.HEBREW:
        return _hebrew_year(year)[month]
    if calendar is Calendar.ISLAMIC_CIVIL:
        from convertdate import islamic

        length = islamic.month_length(year, month.number)
        return _Days(_ordinal(islamic.to_jd(year, month.number, 1)), range(1, length + 1))
    return _month_with_gregorian_name(calendar, year, month.number) if year <= _YEARS else None


def _month_with_gregorian_name(calendar: Calendar, year: int, month: int) -> _Days:
    """The days of a month that is Gregorian, Julian, or one of those in which a country changed."""
    change = CUT_OVERS.get(calendar)
    if calendar is Calendar.GREGORIAN or (change and (year, month) > change.last_julian[:2]):
        days = _gregorian_days(year, month)
        missing = change.first_gregorian[2] - 1 if change and (year, month) == change.first_gregorian[:2] else 0
        return _Days(days.first + missing, days.days[missing:])
    from convertdate import julian

    days = _Days(_ordinal(julian.to_jd(year, month, 1)), range(1, julian.month_length(year, month) + 1))
    if change and (year, month) == change.last_julian[:2]:
        return _Days(days.first, _days_of_change(change, days.days))
    return days


def _days_of_change(change: CutOver, days: Sequence[int]) -> Sequence[int]:
    """The days of the month in which the Julian calendar ended: to its last, then any Gregorian ones."""
    year, month, last = change.last_julian
    kept = days[:last]
    if change.first_gregorian[:2] != (year, month):
        return kept
    return (*kept, *_gregorian_days(year, month).days[change.first_gregorian[2] - 1 :])


def _gregorian_days(year: int, month: int) -> _Days:
    """The days of a Gregorian month."""
    return _Days(date(year, month, 1).toordinal(), range(1, monthrange(year, month)[1] + 1))


@lru_cache(maxsize=2_048)
def _hebrew_year(year: int) -> Mapping[Month, _Days]:
    """The months of a Hebrew year, from 1 Tishri on.

    Lengths are added up here: convertdate's own conversion calls a function that it deprecates with a warning.
    """
    from convertdate import hebrew

    first = _ordinal(hebrew.to_jd(year, hebrew.TISHRI, 1))
    found = {}
    for month in months_of(Calendar.HEBREW, year):
        length = hebrew.month_length(year, _convertdate_month(year, month))
        found[month] = _Days(first, range(1, length + 1))
        first += length
    return found


def _convertdate_month(year: int, month: Month) -> int:
    """The number convertdate has for a Hebrew month: it counts from Nisan, Adar I and a common year's Adar are 12."""
    if month.number == ADAR_I.number + 1:
        return 13 if _is_leap_in_hebrew(year) else 12
    return 12 if month.is_leap else (month.number + 5) % 12 + 1


def _is_leap_in_hebrew(year: int) -> bool:
    """Whether a Hebrew year has a thirteenth month."""
    from convertdate import hebrew

    return bool(hebrew.leap(year))


def _ordinal(julian_day: float) -> int:
    """The proleptic Gregorian ordinal of a Julian day that begins at midnight."""
    return int(julian_day - _JULIAN_DAY_OF_ORDINAL_0)


def _islamic_year(on: date) -> int:
    """The Islamic year of a Gregorian date, give or take one: 30 of its years have 10,631 days."""
    from convertdate import islamic

    return (on.toordinal() - _ordinal(islamic.EPOCH)) * 30 // 10_631 + 1
