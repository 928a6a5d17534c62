"""The kinds of words that commands take."""

import os
import re
from datetime import date, timedelta
from pathlib import Path

import click

from sparkpub.cli.face import Face
from sparkpub.errors import SparkpubError, UsageError

_ID = re.compile(rb"^id:[ \t]*[\"']?([a-z0-9-]+)", re.MULTILINE)


def a_date(value: str) -> date:
    """A date typed as 2017-09-04.

    Raises:
        click.BadParameter: it is none.
    """
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is no date; write it like 2017-09-04") from None


def issue_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The ids of the issues here that begin so, for a shell that completes; none where anything is wrong."""
    from sparkpub.adapters.config import find_publication
    from sparkpub.adapters.files import read_issues

    del param
    try:
        folder = find_publication(
            Path(ctx.params.get("publication") or (ctx.obj or {}).get("publication") or os.curdir)
        )
        found = [_ID.search(data) for _, data in read_issues(folder)]
    except (OSError, SparkpubError):
        return []
    ids = (match[1].decode("ascii", "replace") for match in found if match)
    return sorted(id_ for id_ in ids if id_.startswith(incomplete))


def window(face: Face, start: date | None, end: date | None) -> tuple[date, date]:
    """The half-open span of dates that was asked for: by default a year from today, in the publication's zone.

    Raises:
        UsageError: it ends before it begins.
    """
    today = start or _today(face)
    if end is None:
        start = min(today, date.max - timedelta(days=1))  # of the last day there is nothing can be the end
        end = date.max if start.year == date.max.year else _a_year_later(start)
        return start, end
    start = today
    if end <= start:
        raise UsageError(f"--until {end} must come after --from {start}; write both, like --from 2017-01-01")
    return start, end


def _today(face: Face) -> date:
    """Today in the publication's zone; at the ends of the calendar, where a zone may lead beyond, in UTC."""
    now = face.now()
    try:
        return now.astimezone(face.publication.zone).date()
    except OverflowError:
        return now.date()


def _a_year_later(on: date) -> date:
    """The same day of the next year; after 29 February comes 1 March."""
    try:
        return on.replace(year=on.year + 1)
    except ValueError:
        return date(on.year + 1, 3, 1)
