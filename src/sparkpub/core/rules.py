"""The rule of an issue: its fixed date or its anniversary, from front matter, series and publication."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time, tzinfo
from typing import Literal

from sparkpub.core.checks import parse_date, parse_time, shown
from sparkpub.core.fields import Fields
from sparkpub.core.keys import ANNIVERSARY_KEYS
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
    Status,
    Years,
)
from sparkpub.core.printed import parse_printed
from sparkpub.core.schedule import check_anniversary
from sparkpub.core.settings import ScheduleSettings, SeriesSettings, Settings

Zones = Callable[[str], tzinfo]
Choice = Years | Every | Milestones
Day = int | Literal["first", "last"]

_WORDS: Mapping[str, Day] = {"first": "first", "last": "last"}
_CHOICES = ("years", "every", "milestones")
_MOST_YEARS = 9999
_LONGEST_MONTH = 31
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
_OFFSET = re.compile(r"(.*\d)\s*(Z|[+-]\d{2}:?\d{2})")
_OWN_MONTHS = (Calendar.HEBREW, Calendar.ISLAMIC_CIVIL)


def read_rule(
    fields: Fields, *, status: Status, series: str, settings: Settings, zones: Zones
) -> FixedDate | Anniversary | None:
    """The rule that front matter gives, None where it gives none or has faults, which are noted."""
    schedule, home = settings.schedule, zones(settings.publication.timezone)
    shared = settings.series.get(series)
    has_event = "anniversary" in fields or (shared is not None and bool(shared.of))
    if "release" in fields and "anniversary" in fields:
        first, second = sorted(("release", "anniversary"), key=fields.line)
        fields.note(second, f"'{second}' stands beside '{first}'; an issue has one of the two: delete the other")
        return None
    if "release" in fields:
        return _fixed(fields, schedule, zones, home)
    if "zone" in fields:
        fields.note("zone", "'zone' belongs beside 'release'; indent it under 'anniversary:', or delete it")
    if not has_event:
        if status is Status.READY:
            cure = 'add `release: "2026-12-01"` or `anniversary:`, or make it a draft'
            fields.note("status", f"a ready issue has neither 'release' nor 'anniversary'; {cure}")
        return None
    own = fields.table("anniversary", '{of: "1917-09-04", years: [100]}') if "anniversary" in fields else fields.empty()
    if own is None:
        return None
    is_open = status is Status.DRAFT or ("series" in fields and shared is None)
    return _anniversary(own, shared, settings=settings, zones=zones, is_open=is_open)


def read_zone(fields: Fields, zones: Zones, default: tzinfo) -> tzinfo:
    """The zone that a table names, else the default."""

    def parse(name: str) -> tzinfo:
        try:
            if _ZONE_NAME.fullmatch(name):
                return zones(name)
        except (KeyError, ValueError) as error:
            said = str(error.args[0]) if error.args else ""
            if "; " in said:
                raise ValueError(said) from None
        raise ValueError(f"unknown zone {shown(name)}; write an IANA name such as Europe/London")

    return fields.parsed("zone", parse) or default


def _fixed(fields: Fields, schedule: ScheduleSettings, zones: Zones, home: tzinfo) -> FixedDate | None:
    """The rule of a piece that goes out once."""
    fields.require("release", '"2026-12-01 07:00"')
    zone = read_zone(fields, zones, home)
    release = fields.parsed("release", _parse_release)
    if release is None:
        return None
    on, at = release
    return FixedDate(on=on, time=schedule.time if at is None else at, zone=zone)


def _parse_release(text: str) -> tuple[date, time | None]:
    """A date, with a time of day or without."""
    if found := _OFFSET.fullmatch(text[11:]):
        raise ValueError(
            f'{shown(text)} has an offset; write `release: "{text[:11]}{found[1]}"` and its zone beside it'
        )
    day, _, clock = text.replace("T", " ", 1).partition(" ")
    on = parse_date(day)
    return on, parse_time(clock.strip()) if clock.strip() else None


def _anniversary(
    own: Fields, series: SeriesSettings | None, *, settings: Settings, zones: Zones, is_open: bool
) -> Anniversary | None:
    """The rule of a piece that returns; `own` are the keys of the issue itself."""
    faults, schedule = own.count, settings.schedule
    own.refuse_unknown(key.name for key in ANNIVERSARY_KEYS)
    fields = own.over(_inherited(own, series), within="anniversary")
    fields.require("of", '"1917-09-04"')
    calendar = fields.choice("calendar", Calendar, Calendar.GREGORIAN)
    of = fields.parsed("of", lambda text: _parse_of(text, calendar))
    usual = Match.CALENDAR if calendar in _OWN_MONTHS else Match(schedule.match)
    choice = _choice(fields, own, is_open=is_open)
    is_hebrew = calendar is Calendar.HEBREW
    observance = fields.choice("observance", Observance, Observance.YAHRZEIT) if "observance" in fields else None
    if observance and not is_hebrew and "observance" in own:
        own.note("observance", "'observance' is for hebrew dates; delete it, or say what `leap_day` should do")
    day = _day(fields, own, of)
    since, until = fields.date("from"), fields.date("until")
    if since and until and until < since:
        fields.note("until", f"'until' is before 'from' ({since}); exchange them")
    at, zone = fields.time("time", schedule.time), read_zone(fields, zones, zones(settings.publication.timezone))
    match = fields.choice("match", Match, usual)
    leap_day = fields.choice("leap_day", LeapDay, LeapDay(schedule.leap_day))
    if own.count > faults or of is None or choice is None:
        return None
    rule = Anniversary(
        of=of,
        calendar=calendar,
        match=match,
        choice=choice,
        time=at,
        zone=zone,
        leap_day=leap_day,
        observance=observance if is_hebrew else None,
        day=day,
        from_on=since,
        until_on=until,
    )
    if fault := check_anniversary(rule):
        key = next((key for key in ("match", "observance", "day") if fault.startswith(key) and key in own), "of")
        own.note(key, fault if "; " in fault else f"{fault}; change one of the two")
        return None
    return rule


def _parse_of(text: str, calendar: Calendar) -> PrintedDate:
    """The date of the event; whatever is wrong with it has a cure."""
    try:
        return parse_printed(text, calendar)
    except ValueError as error:
        cure = "" if "; " in str(error) else "; check the date in its source, and `calendar:`"
        raise ValueError(f"{error}{cure}") from None


def _inherited(own: Fields, series: SeriesSettings | None) -> Mapping[str, str | tuple[str, ...]]:
    """What the series says of keys that the issue leaves out; of the three choices, the issue's stands alone."""
    if series is None:
        return {}
    names = [key.name for key in ANNIVERSARY_KEYS]
    if any(name in own for name in _CHOICES):
        names = [name for name in names if name not in _CHOICES]
    given = {name: getattr(series, "from_" if name == "from" else name) for name in names}
    return {
        name: tuple(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in given.items()
        if value not in ("", None, ())
    }


def _choice(fields: Fields, own: Fields, *, is_open: bool) -> Choice | None:
    """Which anniversaries are meant; a draft, and a piece whose series is not known, may leave that open."""
    given = [name for name in _CHOICES if name in fields]
    if not given:
        cure = "add `years: [100]`, `every: 1` or `milestones: wikipedia`"
        if not is_open:
            own.note("", f"which anniversaries? none of 'years', 'every' and 'milestones' is given; {cure}")
        return None
    if len(given) > 1:
        own.note(given[1], f"'{given[1]}' stands beside '{given[0]}'; choose one of them")
        return None
    match given[0]:
        case "years":
            return _years(fields)
        case "every":
            step = fields.parsed("every", _parse_number)
            return None if step is None else Every(step=step)
    if (word := fields.text("milestones")) == "wikipedia":
        return Milestones()
    if word:
        fields.note("milestones", f"{shown(word)} is no rule of milestones; write `milestones: wikipedia`")
    return None


def _years(fields: Fields) -> Years | None:
    """The anniversaries of a list of numbers."""
    faults = fields.count
    numbers = set()
    for text in fields.names("years"):
        try:
            numbers.add(_parse_number(text))
        except ValueError as error:
            fields.note("years", str(error))
    if not numbers and fields.count == faults:
        fields.note("years", "'years' names no anniversary; write `years: [100]`")
    return Years(numbers=frozenset(numbers)) if numbers else None


def _parse_number(text: str) -> int:
    """The number of an anniversary, or of years between two."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= _MOST_YEARS:
        raise ValueError(f"{shown(text)} is no number of years; write a whole number from 1")
    return int(text)


def _day(fields: Fields, own: Fields, of: PrintedDate | None) -> Day:
    """The day that stands for a month; beside a full date only a series may have one, which is then not meant."""
    if of is not None and of.day is not None:
        if "day" in own:
            own.note("day", "'day' is for dates that know the month only; delete it")
        return "first"
    return fields.parsed("day", _parse_day) or "first"


def _parse_day(text: str) -> Day:
    """The day that stands for a month."""
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(r"[0-9]{1,2}", text) and 1 <= int(text) <= _LONGEST_MONTH:
        return int(text)
    raise ValueError(f"{shown(text)} is no day; write first, last or 1 to 31")
