"""The kinds of words that commands take."""

from datetime import date

import click

from sparkpub.cli.face import Face
from sparkpub.errors import UsageError


def a_date(value: str) -> date:
    """A date typed as 2017-09-04.

    Raises:
        click.BadParameter: it is none.
    """
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is no date; write it like 2017-09-04") from None


def window(face: Face, start: date | None, end: date | None) -> tuple[date, date]:
    """The half-open span of dates that was asked for: by default a year from today, in the publication's zone.

    Raises:
        UsageError: it ends before it begins.
    """
    start = start or face.now().astimezone(face.publication.zone).date()
    if end is None:
        end = date.max if start.year == date.max.year else _a_year_later(start)
    if end <= start:
        raise UsageError(f"--until {end} must come after --from {start}; write both, like --from 2017-01-01")
    return start, end


def _a_year_later(on: date) -> date:
    """The same day of the next year; after 29 February comes 1 March."""
    try:
        return on.replace(year=on.year + 1)
    except ValueError:
        return date(on.year + 1, 3, 1)
