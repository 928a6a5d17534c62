"""What a ledger of any size says of few issues: all that a tick that looks at no others must know."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from sparkpub.adapters.ledger import Ledger
from sparkpub.adapters.shelf_index import DueRow
from sparkpub.core.decisions import Account, Due, Pace, looked_at, midnight
from sparkpub.core.model import Issue
from sparkpub.core.records import QueueState
from sparkpub.core.schedule import occurrences
from sparkpub.press import STOPPED
from sparkpub.queueing import RESUMED, WAITING, WATERMARK
from sparkpub.shelf import Shelf


def account_of(ledger: Ledger, issues: Iterable[Issue], *, now: datetime, pace: Pace) -> Account:
    """What the ledger says now of these issues and of the press, as far as a tick at `now` must know it."""
    chosen = list(issues)
    press = press_account(ledger)
    window = looked_at(press, now=now, pace=pace)
    dates = {o.on for issue in chosen if issue.rule for o in occurrences(issue.rule, *window)}
    mailed = ((on, ledger.mailed_up_to(on)) for on in (*dates, date.max))
    states = ((issue.id, ledger.issue_state(issue.id)) for issue in chosen)
    return replace(
        press,
        states={issue_id: state for issue_id, state in states if state},
        releases=tuple(release for issue in chosen for release in ledger.released_of(issue.id)),
        decisions=tuple(decision for issue in chosen for decision in ledger.decisions_of(issue.id)),
        mailed=tuple((on, at) for on, at in mailed if at),
    )


def press_account(ledger: Ledger) -> Account:
    """What the ledger says now of the press alone; before its first tick, of the whole queue as well."""
    watermark, resumed, waiting = (ledger.fact(key) for key in (WATERMARK, RESUMED, WAITING))
    return Account(
        states={} if watermark else ledger.issue_states(),
        releases=(),
        decisions=(),
        watermark=datetime.fromisoformat(watermark) if watermark else None,
        resumed_at=datetime.fromisoformat(resumed) if resumed else None,
        waiting_since=date.fromisoformat(waiting) if waiting else None,
        stopped=ledger.fact(STOPPED) or "",
    )


class Coming:
    """Everything that is due in a span of time, in the order of the instants."""

    def __init__(self, dues: Iterable[Due]) -> None:
        """Put them in order."""
        rows = (
            DueRow(id=due.issue.id, number=due.occurrence.number, on=due.occurrence.on, at=due.occurrence.at)
            for due in dues
        )
        self._rows = sorted(rows, key=lambda row: row.at)

    def between(self, first: datetime, last: datetime) -> list[DueRow]:
        """What is due from one instant to another, both in."""
        start = bisect_left(self._rows, first, key=lambda row: row.at)
        return self._rows[start : bisect_right(self._rows, last, key=lambda row: row.at)]

    def after(self, now: datetime) -> datetime | None:
        """The next instant at which something is due, None if nothing more is."""
        place = bisect_right(self._rows, now, key=lambda row: row.at)
        return self._rows[place].at if place < len(self._rows) else None

    @property
    def last(self) -> datetime | None:
        """The last instant, None if there is none."""
        return self._rows[-1].at if self._rows else None

    def part(self, shelf: Shelf, ledger: Ledger, *, now: datetime, pace: Pace, window: tuple[date, date]) -> Shelf:
        """The part of a shelf that a tick at `now` must look at, where files do not change and all is queued."""
        seen = looked_at(press_account(ledger), now=now, pace=pace, window=window)
        first = date.fromordinal(max(seen[0].toordinal() - 1, 1))  # a day begins elsewhere earlier
        rows = self.between(midnight(first), now)
        issues = {id_: shelf.issues[id_] for id_ in open_issues(ledger, rows, window=seen)}
        return replace(shelf, issues=issues, is_whole=False)


def open_issues(ledger: Ledger, due: Iterable[DueRow], *, window: tuple[date, date]) -> list[str]:
    """The issues of which something that was due on dates of a window still waits for a decision, each once.

    `due` are instants that have come. An issue too many is no harm: whoever decides looks at it again.
    """
    settled = ledger.settled_on(*window)
    found: dict[str, None] = {}
    for row in due:
        is_beside = not window[0] <= row.on < window[1]
        if is_beside or row.id in found or (row.id, row.number, row.on) in settled:
            continue
        state = ledger.issue_state(row.id)
        if state and state.state is QueueState.QUEUED and state.activated_at <= row.at:
            found[row.id] = None
    return list(found)
