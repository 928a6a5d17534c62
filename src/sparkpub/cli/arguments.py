"""The kinds of words that commands take."""

from datetime import date, timedelta
from typing import Any

import click

from sparkpub.cli.face import Face
from sparkpub.errors import UsageError


class DateType(click.ParamType[date]):
    """A date typed as 2017-09-04."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401
        """Read it, or say how to write it."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is no date; write it like 2017-09-04", param, ctx)


DATE = DateType()


def window(face: Face, start: date | None, end: date | None) -> tuple[date, date]:
    """The half-open span of dates that was asked for: by default a year from today, in the publication's zone.

    Raises:
        UsageError: it ends before it begins.
    """
    start = start or face.now().astimezone(face.publication.zone).date()
    if end is None:
        end = date.max if start.year == date.max.year else start + timedelta(days=366)
    if end <= start:
        raise UsageError(f"--until {end} must come after --from {start}")
    return start, end
