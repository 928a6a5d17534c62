"""The kinds of words that commands take."""

from datetime import date
from typing import Any

import click


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
