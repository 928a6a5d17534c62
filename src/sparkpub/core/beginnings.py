"""A series from its beginning: what of it came out on this day of earlier years, so that a new reader gets it too."""

from calendar import isleap
from collections.abc import Iterable
from datetime import date

from sparkpub.core.records import Release

_LEAP_DAY = "02-29"


def days_like(on: date) -> tuple[str, ...]:
    """The days of earlier years that are kept on a date, like `09-04`: on 28 February of a common year, two.

    A 29 February is kept a day early where a year lacks it (RFC 7529 SKIP=BACKWARD), whatever the issue's own rule says
    of itself: it is the reader's date, not the event's.
    """
    day = f"{on:%m-%d}"
    is_last_of_short_february = (on.month, on.day) == (2, 28) and not isleap(on.year)
    return (day, _LEAP_DAY) if is_last_of_short_february else (day,)


def newest_of_each(releases: Iterable[Release]) -> list[Release]:
    """Of each issue the newest release alone: nobody needs one text for its hundredth and its hundred and tenth."""
    return sorted({one.issue_id: one for one in sorted(releases, key=_age)}.values(), key=_age)


def _age(release: Release) -> tuple[date, int]:
    return release.on, release.release_id
