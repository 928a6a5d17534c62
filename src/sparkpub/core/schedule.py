"""When an issue falls: `occurrences(rule, start, end)` depends on its arguments alone.

    Anniversary ──anchor──▶ month and day of a cycle ──each chosen year──▶ existing day ──zone──▶ Occurrence

A cycle is the row of years that a match counts: Gregorian ones for `nominal` and `converted`, those of the source
calendar for `calendar`. No year before or after is looked at than those the window can reach.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice
from typing import Final, Literal

from sparkpub.core.calendars import (
    WITHOUT_GREGORIAN_MONTHS,
    Month,
    civil,
    date_fault,
    days_of,
    month_beside,
    month_instead,
    month_name,
    months_of,
    years_within,
)
from sparkpub.core.model import (
    Anniversary,
    Calendar,
    Every,
    FixedDate,
    LeapDay,
    Match,
    Milestones,
    Observance,
    Occurrence,
    PrintedDate,
    Years,
)
from sparkpub.core.observances import observed

_A_DAY: Final = timedelta(days=1)
_CENTURY: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Anchor:
    """The month and day that return, in the cycle that they return in; `event_on` is the event's Gregorian date.

    `year` is the cycle's year 0. `why` tells how the day was found where the source does not simply print it.
    """

    calendar: Calendar
    year: int
    month: Month
    day: int | Literal["last"]
    event_on: date
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A day of a calendar, before it is a Gregorian date."""

    year: int
    month: Month
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """The date of one occurrence, with what led there."""

    on: date
    why: tuple[str, ...]


def occurrences(rule: FixedDate | Anniversary, start: date, end: date) -> list[Occurrence]:
    """The occurrences of a rule on dates in the half-open window [start, end), in order.

    A day whose instant lies outside the years 1 to 9999 in UTC is none.

    Raises:
        ValueError: `check_anniversary` finds a fault in the rule's date.
    """
    if start >= end:
        return []
    if isinstance(rule, FixedDate):
        fixed = numbered(rule, 0) if start <= rule.on < end else None
        return [fixed] if fixed else []
    first_on = max(start, rule.from_on or date.min)
    last_on = min(end - _A_DAY, rule.until_on or date.max)
    return list(_found(rule, first_on, last_on))


def next_occurrences(rule: FixedDate | Anniversary, start: date, count: int) -> list[Occurrence]:
    """The first `count` occurrences on or after `start`, fewer where the rule ends."""
    if isinstance(rule, FixedDate):
        return occurrences(rule, start, date.max)[:count]
    first_on, last_on = max(start, rule.from_on or date.min), rule.until_on or date.max
    return list(islice(_found(rule, first_on, last_on), count))


def numbered(rule: FixedDate | Anniversary, number: int) -> Occurrence | None:
    """The occurrence with this number, None where the rule has none; a fixed date's is 0."""
    if isinstance(rule, FixedDate):
        return _occurrence(0, rule.on, rule, ()) if number == 0 else None
    if number < 1 or number not in _numbers(rule.choice, number, number):
        return None
    day = _day_of(rule, _anchor_of(rule), number)
    if day is None or not (rule.from_on or date.min) <= day.on <= (rule.until_on or date.max):
        return None
    return _occurrence(number, day.on, rule, day.why)


def event_date(rule: Anniversary) -> date:
    """The Gregorian date of the event itself; where its source prints a month, of the day chosen in it."""
    return _anchor_of(rule).event_on


def repeats(rule: FixedDate | Anniversary) -> bool:
    """Whether an issue may be released more than once."""
    if isinstance(rule, FixedDate):
        return False
    return not isinstance(rule.choice, Years) or len(rule.choice.numbers) > 1


def is_endless(rule: FixedDate | Anniversary) -> bool:
    """Whether nothing in the rule ends it."""
    return isinstance(rule, Anniversary) and not isinstance(rule.choice, Years) and rule.until_on is None


def check_anniversary(anniversary: Anniversary) -> str | None:
    """What makes a rule impossible, in words for its editor; None if it can be scheduled."""
    of, calendar = anniversary.of, anniversary.calendar
    if fault := date_fault(of, calendar):
        return f"'{of.text}' is no date: {fault}"
    month = Month(of.month, of.is_leap_month)
    if of.day is None and isinstance(anniversary.day, int) and anniversary.day not in days_of(calendar, of.year, month):
        return f"day {anniversary.day} does not exist in '{of.text}'"
    return _combination_fault(anniversary) or _choice_fault(anniversary)


def _combination_fault(rule: Anniversary) -> str | None:
    """What does not go together in a rule whose date exists."""
    if rule.match is Match.NOMINAL and rule.calendar in WITHOUT_GREGORIAN_MONTHS:
        return f"match 'nominal' needs months with Gregorian names, {rule.calendar} has none; use 'calendar'"
    if rule.observance and rule.calendar is not Calendar.HEBREW:
        return f"observance '{rule.observance}' belongs to the hebrew calendar, not to {rule.calendar}"
    if rule.observance and rule.match is not Match.CALENDAR:
        return f"observance '{rule.observance}' needs match 'calendar', not '{rule.match}'"
    return None


def _choice_fault(rule: Anniversary) -> str | None:
    """What is wrong with the numbers chosen, or with their bounds."""
    if isinstance(rule.choice, Years) and (not rule.choice.numbers or min(rule.choice.numbers) < 1):
        return "years must be whole numbers from 1"
    if isinstance(rule.choice, Every) and rule.choice.step < 1:
        return "every must be a whole number from 1"
    if rule.from_on and rule.until_on and rule.until_on < rule.from_on:
        return f"until {rule.until_on} lies before from {rule.from_on}"
    return None


def _anchor_of(rule: Anniversary) -> _Anchor:
    return _anchor(rule.of, rule.calendar, rule.match, rule.day)


@lru_cache(maxsize=65_536)
def _anchor(of: PrintedDate, calendar: Calendar, match: Match, day: int | str) -> _Anchor:
    """The month and day that return; cached, because a tick asks for those of every issue."""
    if fault := date_fault(of, calendar):
        raise ValueError(f"'{of.text}' is no date: {fault}")
    if match is Match.NOMINAL and calendar in WITHOUT_GREGORIAN_MONTHS:
        raise ValueError(f"match 'nominal' needs months with Gregorian names, {calendar} has none")
    month = Month(of.month, of.is_leap_month)
    chosen, why = _day_of_month(of, days_of(calendar, of.year, month), day)
    event_on = civil(calendar, of.year, month, chosen)
    if event_on is None:
        raise ValueError(f"day {day} does not exist in '{of.text}'")
    if match is Match.CONVERTED:
        return _Anchor(
            calendar=Calendar.GREGORIAN,
            year=event_on.year,
            month=Month(event_on.month),
            day=event_on.day,
            event_on=event_on,
            why=why + _conversion(calendar, _Place(year=of.year, month=month, day=chosen), event_on),
        )
    return _Anchor(
        calendar=calendar if match is Match.CALENDAR else Calendar.GREGORIAN,
        year=of.year,
        month=month,
        day="last" if of.day is None and day == "last" else chosen,
        event_on=event_on,
        why=why,
    )


def _day_of_month(of: PrintedDate, days: Iterable[int], day: int | str) -> tuple[int, tuple[str, ...]]:
    """The day of the event: as printed, or chosen in a month that its source prints without one."""
    if of.day is not None:
        return of.day, ()
    existing = list(days)
    if isinstance(day, int):
        return day, (f"day {day} of the month",)
    return (existing[-1], ("last day of the month",)) if day == "last" else (existing[0], ("first day of the month",))


def _conversion(calendar: Calendar, place: _Place, on: date) -> tuple[str, ...]:
    """How far the Gregorian date is from the printed one: "13 days converted"."""
    if calendar in WITHOUT_GREGORIAN_MONTHS:
        return (f"{_words(calendar, place)} was {_date_words(on)} {on.year}",)
    # Counted from the first of the month, for 29 February 1900 is no Gregorian date to count from.
    shift = (on - date(place.year, place.month.number, 1)).days - (place.day - 1)
    return (f"{shift} {'day' if abs(shift) == 1 else 'days'} converted",) if shift else ()


def _found(rule: Anniversary, first_on: date, last_on: date) -> Iterator[Occurrence]:
    """The occurrences on dates from `first_on` to `last_on`, both in; each later number is a later date."""
    anchor = _anchor_of(rule)
    first, last = years_within(anchor.calendar, first_on, last_on)
    for number in _numbers(rule.choice, max(1, first - anchor.year), last - anchor.year):
        day = _day_of(rule, anchor, number)
        one = _occurrence(number, day.on, rule, day.why) if day and first_on <= day.on <= last_on else None
        if one:
            yield one


def _numbers(choice: Years | Every | Milestones, first: int, last: int) -> Iterable[int]:
    """The chosen numbers in [first, last], ascending."""
    match choice:
        case Years():
            return sorted(number for number in choice.numbers if first <= number <= last)
        case Every():
            return range(-(-first // choice.step) * choice.step, last + 1, choice.step)
        case Milestones():
            young = (n for n in range(first, min(last + 1, _CENTURY)) if n % 10 == 0 or n % 25 == 0)
            return chain(young, range(max(_CENTURY, -(-first // 25) * 25), last + 1, 25))


def _day_of(rule: Anniversary, anchor: _Anchor, number: int) -> _Day | None:
    """The date of a chosen number, None where it is left out or lies beyond the years 1 to 9999."""
    year = anchor.year + number
    month: Month = anchor.month
    day: int | str = anchor.day
    why = anchor.why
    if rule.observance:
        month, day, observance_why = _observed(rule.observance, anchor, year)
        why += observance_why
    elif month not in months_of(anchor.calendar, year):
        if rule.leap_day is LeapDay.OMIT:
            return None
        step = 1 if rule.leap_day is LeapDay.FORWARD else -1
        lacking, month = month, month_instead(month, step=step)
        names = [month_name(anchor.calendar, year, each) for each in (lacking, month)]
        why += (f"no {names[0]} in {year}, {names[1]} used",)
    place = _existing(anchor.calendar, year, month, day, rule.leap_day)
    on = civil(anchor.calendar, place.year, place.month, place.day) if place else None
    if place is None or on is None:
        return None
    if day not in ("last", place.day) or month != place.month:
        moved = "back" if rule.leap_day is LeapDay.BACKWARD else "forward"
        why += (f"{day} {month_name(anchor.calendar, year, month)} moved {moved}",)
    if (place.year, place.month.number, place.day) != (on.year, on.month, on.day):
        style = "" if anchor.calendar in WITHOUT_GREGORIAN_MONTHS else " Old Style"
        why += (_words(anchor.calendar, place) + style,)
    return _Day(on=on, why=why)


def _existing(calendar: Calendar, year: int, month: Month, day: int | str, skip: LeapDay) -> _Place | None:
    """A day in a month that exists; what the month lacks is moved or left out (RFC 7529, SKIP)."""
    days = days_of(calendar, year, month)
    if not days:
        return None
    if day == "last":
        return _Place(year=year, month=month, day=days[-1])
    if day in days:
        return _Place(year=year, month=month, day=int(day))
    match skip:
        case LeapDay.OMIT:
            return None
        case LeapDay.FORWARD:
            year, month = month_beside(calendar, year, month, step=1)
            return _Place(year=year, month=month, day=days_of(calendar, year, month)[0])
    before = [each for each in days if each < int(day)]
    if not before:  # the days up to it fell out at a change of calendar
        year, month = month_beside(calendar, year, month, step=-1)
        before = list(days_of(calendar, year, month))
    return _Place(year=year, month=month, day=before[-1])


def _observed(observance: Observance, anchor: _Anchor, year: int) -> tuple[Month, int | str, tuple[str, ...]]:
    """The month and day that custom keeps, and in words what it changed."""
    first = anchor.day if isinstance(anchor.day, int) else 1
    month, day = observed(observance, event=(anchor.year, anchor.month, first), year=year)
    if anchor.day == "last":
        return month, anchor.day, ()
    if (month, day) == (anchor.month, anchor.day):
        return month, day, ()
    names = (
        month_name(anchor.calendar, year if each == month else anchor.year, each) for each in (anchor.month, month)
    )
    printed, kept = names
    return month, day, (f"{anchor.day} {printed} kept on {day} {kept} ({observance})",)


def _occurrence(number: int, on: date, rule: FixedDate | Anniversary, why: tuple[str, ...]) -> Occurrence | None:
    """A date at the rule's time in its zone: in a gap with the offset before it, in an overlap the first (fold=0).

    So RFC 5545 §3.3.5 has it. None where the instant lies outside the years 1 to 9999.
    """
    naive = datetime.combine(on, rule.time.replace(fold=0))
    aware = naive.replace(tzinfo=rule.zone)
    try:
        at = aware.astimezone(UTC)
        local = at.astimezone(rule.zone)
    except OverflowError:
        return None
    if local.replace(tzinfo=None, fold=0) != naive:
        if local.date() == on:
            why += (f"{naive:%H:%M} does not exist, {local:%H:%M} used",)
        else:
            why += (f"{naive:%H:%M} does not exist, {_date_words(local)} {local:%H:%M} used",)
    elif aware.utcoffset() != aware.replace(fold=1).utcoffset():
        why += (f"{naive:%H:%M} comes twice, the first used",)
    return Occurrence(number=number, on=on, at=at, local=local, why=why)


def _words(calendar: Calendar, place: _Place) -> str:
    """A day of a calendar in English, "5 Adar I 5784"; a locale has no say in it."""
    return f"{place.day} {month_name(calendar, place.year, place.month)} {place.year}"


def _date_words(on: date) -> str:
    """Day and month in English."""
    return f"{on.day} {month_name(Calendar.GREGORIAN, on.year, Month(on.month))}"
