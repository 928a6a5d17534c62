"""Where Hebrew custom keeps the day of a death or a birth in a year of another shape.

The rules are those of Hebcal's `getYahrzeitHD` and `getBirthdayHD` (after Reingold and Dershowitz, "Calendrical
Calculations"); tests/vectors holds dates that its own code gave.
"""

from typing import Final

from sparkpub.core.calendars import ADAR_I, Month, days_of, months_of
from sparkpub.core.model import Calendar, Observance

_SHEVAT: Final = Month(5)
_ADAR: Final = Month(6)
_NISAN: Final = Month(7)
_OF_VARYING_LENGTH: Final = frozenset({Month(2), Month(3)})  # Heshvan and Kislev have 29 or 30 days
_LAST: Final = 30


def observed(observance: Observance, *, event: tuple[int, Month, int], year: int) -> tuple[Month, int]:
    """The month and day in `year` on which custom keeps an event of (year, month, day)."""
    event_year, month, day = event
    if month in _OF_VARYING_LENGTH and day == _LAST:
        return _after_a_30th(observance, event_year=event_year, month=month, year=year)
    is_leap = ADAR_I in months_of(Calendar.HEBREW, year)
    if month == ADAR_I and not is_leap:
        if day == _LAST:
            return (_SHEVAT, _LAST) if observance is Observance.YAHRZEIT else (_NISAN, 1)
        return _ADAR, day
    if month == _ADAR and is_leap and observance is Observance.YAHRZEIT:
        was_leap = ADAR_I in months_of(Calendar.HEBREW, event_year)
        return (_ADAR if was_leap else ADAR_I), day
    return month, day


def _after_a_30th(observance: Observance, *, event_year: int, month: Month, year: int) -> tuple[Month, int]:
    """The 30th of Heshvan or Kislev: where that is missing, the next day, 1 Kislev or 1 Tevet.

    A yahrzeit follows its first year: if that lacked the 30th, it is kept on the last day of the month ever after.
    """
    days = days_of(Calendar.HEBREW, year, month)
    if _LAST in days:
        return month, _LAST
    is_first_short = _LAST not in days_of(Calendar.HEBREW, event_year + 1, month)
    if observance is Observance.YAHRZEIT and is_first_short:
        return month, days[-1]
    return Month(month.number + 1), 1
