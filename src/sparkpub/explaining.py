"""Explain a calendar: what never falls, what falls together, which months are empty; and tell calendar programs.

A calendar file is read again and again. Each event in it has its next revision, or the one it had: what programs were
told is known by the file that is about to be replaced and by a record in the cache. Either is enough: the file where
nobody keeps the cache, the record where each run writes another file.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from sparkpub.adapters.files import write_if_changed
from sparkpub.core.ics import CalendarItem, calendar_ics
from sparkpub.core.lint.registry import Manuscript
from sparkpub.core.lint.rules import rule_that_never_falls
from sparkpub.core.model import Issue, Status
from sparkpub.core.records import OccurrenceState
from sparkpub.core.revisions import newest, read_told, revised, told, told_in, write_told
from sparkpub.errors import Fault, Severity
from sparkpub.press import Publication
from sparkpub.queueing import Standing

_RECORD = Path("var", "cache", "calendar.json")
_BYTES_MAX = 100_000_000
_COMING = frozenset({OccurrenceState.UNQUEUED, OccurrenceState.QUEUED, OccurrenceState.HELD})


def never_falling(issues: Iterable[Issue]) -> list[Fault]:
    """A warning for each issue, drafts left out, whose rule falls on no day at all."""
    return [
        Fault(path=issue.path, line=found.line, message=found.message, cure=found.cure, severity=Severity.WARNING)
        for issue in issues
        if issue.status is not Status.DRAFT
        for found in rule_that_never_falls(Manuscript(issue=issue))
    ]


def collisions(rows: Iterable[Standing]) -> list[list[Standing]]:
    """The occurrences still to come that fall on one instant with others, slot by slot."""
    coming = sorted((row for row in rows if row.state in _COMING), key=lambda row: row.due.occurrence.at)
    slots = [list(slot) for _, slot in groupby(coming, key=lambda row: row.due.occurrence.at)]
    return [slot for slot in slots if len({row.due.issue.path for row in slot}) > 1]


def empty_months(rows: Sequence[Standing], start: date, end: date) -> list[tuple[str, str]]:
    """The spans of months in the half-open [start, end) on which nothing falls: the first and the last, `2017-09`."""
    full = {(row.due.occurrence.on.year, row.due.occurrence.on.month) for row in rows}
    spans: list[list[str]] = []
    was_empty = False
    for year, month in _months(start, end):
        is_empty = (year, month) not in full
        name = f"{year:04}-{month:02}"
        if is_empty and was_empty:
            spans[-1][1] = name
        elif is_empty:
            spans.append([name, name])
        was_empty = is_empty
    return [(first, last) for first, last in spans]


def _months(start: date, end: date) -> Iterator[tuple[int, int]]:
    """The months of which a half-open window holds at least a day."""
    last = end.toordinal() - 1
    if last < start.toordinal():
        return
    until = date.fromordinal(last)
    for number in range(start.year * 12 + start.month - 1, until.year * 12 + until.month):
        yield number // 12, number % 12 + 1


def write_calendar(publication: Publication, file: Path, rows: Iterable[Standing], *, now: datetime) -> int:
    """Write a calendar file in which only what changed has another revision; returns how many events it holds."""
    settings, record = publication.settings, publication.folder / _RECORD
    items = [CalendarItem.of(row.due.issue, row.due.occurrence, settings=settings, stamp=now) for row in rows]
    former = newest(told_in(_read(file)), read_told(_read(record)))
    events = revised(items, former, now=now)
    write_if_changed(file, calendar_ics(events, title=settings.publication.title))
    with contextlib.suppress(OSError):  # a copy may be read by somebody who may not write into it
        write_if_changed(record, write_told({**former, **told(events)}))
    return len(events)


def _read(path: Path) -> bytes:
    """The bytes of a file, none if there is no file or not one of a size that we would write."""
    with contextlib.suppress(OSError):
        if path.is_file() and path.stat().st_size <= _BYTES_MAX:
            return path.read_bytes()
    return b""
