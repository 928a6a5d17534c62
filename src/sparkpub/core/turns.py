"""Turns: what a press does once a day or a week at its hour, and not at all where the hour was missed by too much."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_WEEK = 7
_FIRST, _LAST = date.min.toordinal() + 1, date.max.toordinal() - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An hour of each day, or of one day of each week (`weekday`, 0 for Monday), in a zone.

    In a gap of the clock the offset before it counts, in an overlap the first (RFC 5545 §3.3.5).
    """

    time: time
    zone: tzinfo
    weekday: int | None = None

    def at(self, on: date) -> datetime:
        """Its instant on a date, in UTC."""
        return datetime.combine(on, self.time.replace(fold=0), self.zone).astimezone(UTC)

    def due_on(self, now: datetime, *, grace: timedelta, done: date | None) -> date | None:
        """The date whose turn has come; None where it is `done`, or later than `grace`."""
        on = next((on for on, at in self._around(now, -1) if at <= now), None)
        is_open = on is not None and (done is None or on > done) and now - self.at(on) <= grace
        return on if is_open else None

    def last_before(self, now: datetime) -> date:
        """The date of the last one before an instant; where the calendar has none, its first date."""
        return next((on for on, at in self._around(now, -1) if at < now), date.min)

    def next_after(self, now: datetime) -> datetime | None:
        """The first instant of it after another, None where the calendar ends before."""
        return next((at for _, at in self._around(now, 1) if at > now), None)

    def _around(self, now: datetime, step: int) -> Iterator[tuple[date, datetime]]:
        """Its dates and instants from an instant's date on, or backwards, over more than a week."""
        start = now.toordinal() - step  # it may be another day there
        for days in range(_WEEK + 3):
            ordinal = start + days * step
            if not _FIRST <= ordinal <= _LAST:
                return  # a day from the ends of the calendar, where zones reach beyond it
            on = date.fromordinal(ordinal)
            if self.weekday is None or on.weekday() == self.weekday:
                yield on, self.at(on)
