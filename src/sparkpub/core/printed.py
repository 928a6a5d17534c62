"""Read a date as its source prints it: `1917-09-04`, `1917-09`, `1917-09-XX~`, `5774-M05L-05`."""

import re

from sparkpub.core.calendars import date_fault
from sparkpub.core.model import Calendar, PrintedDate

_SHAPE = re.compile(r"([0-9]{4})-(M?)([0-9]{2})(L?)(?:-([0-9]{2}|XX))?([?~%]?)")
_YEAR_ONLY = re.compile(r"[0-9]{4}(?:-XX(?:-XX)?)?[?~%]?")


def parse_printed(text: str, calendar: Calendar) -> PrintedDate:
    """The date in `text`, checked to have existed in `calendar`.

    Four digits of year, month and day, a trailing `?`, `~` or `%` kept for display (EDTF level 1). Without a day, or
    with `XX`, it is a month. Hebrew months are CLDR codes, M01 (Tishri) to M12 (Elul) and M05L (Adar I).

    Raises:
        ValueError: it has another form, or that day never was; the message says which.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        if _YEAR_ONLY.fullmatch(text):
            raise ValueError(f"'{text}' names no month; an anniversary needs a day or a month, like 1917-09")
        raise ValueError(f"'{text}' is no date; write it {_example(calendar)}")
    year, code, month, leap, day, qualifier = match.groups()
    if bool(code) is not (calendar is Calendar.HEBREW) or (leap and month != "05"):
        raise ValueError(f"'{text}' is no date of the {calendar} calendar; write it {_example(calendar)}")
    printed = PrintedDate(
        text=text,
        year=int(year),
        month=int(month),
        day=int(day) if day not in (None, "XX") else None,
        is_leap_month=bool(leap),
        qualifier=qualifier,
    )
    if fault := date_fault(printed, calendar):
        raise ValueError(f"'{text}' is no date: {fault}")
    return printed


def _example(calendar: Calendar) -> str:
    """How a date of a calendar is written."""
    if calendar is Calendar.HEBREW:
        return "like 5774-M05L-05, its month by CLDR code from Tishri: M01 to M12, M05L for Adar I, M06 for Adar"
    return "like 1917-09-04, or 1917-09 where the source gives a month"
