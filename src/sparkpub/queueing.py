"""The editors' queue: which issues may go out, when each next does, why then, and to how many."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sparkpub.adapters.ledger import Ledger
from sparkpub.core.decisions import (
    Account,
    Due,
    held,
    occurrence_state,
    order,
    queued,
)
from sparkpub.core.diffs import diff
from sparkpub.core.model import Issue, Status
from sparkpub.core.records import Decision, Holder, IssueState, OccurrenceState, Verdict
from sparkpub.core.schedule import is_endless, next_occurrences, numbered, occurrences
from sparkpub.core.wishes import Piece
from sparkpub.errors import UsageError
from sparkpub.press import STOPPED, Press, Publication

WATERMARK, RESUMED, WAITING = "watermark", "resumed_at", "waiting_since"
NO_ACCOUNT = Account(states={}, releases=(), decisions=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An occurrence with its state and everything there is to say about why it falls there."""

    due: Due
    state: OccurrenceState
    why: tuple[str, ...]


def account(ledger: Ledger) -> Account:
    """What the ledger says now, as far as a tick must know it."""
    watermark, resumed, waiting = (ledger.fact(key) for key in (WATERMARK, RESUMED, WAITING))
    return Account(
        states=ledger.issue_states(),
        releases=tuple(ledger.released()),
        decisions=tuple(ledger.decisions()),
        watermark=datetime.fromisoformat(watermark) if watermark else None,
        resumed_at=datetime.fromisoformat(resumed) if resumed else None,
        waiting_since=date.fromisoformat(waiting) if waiting else None,
        stopped=ledger.fact(STOPPED) or "",
    )


def queue(press: Press, issues: Iterable[Issue], *, now: datetime) -> None:
    """Let issues go out on their dates from `now` on; a held one is taken up again.

    Under strict approval their texts are kept as they are now, so that a later edit can be shown.

    Raises:
        UsageError: some of them are drafts or held in their files; nothing is queued then.
    """
    chosen = list(issues)
    if unready := [issue for issue in chosen if issue.status is not Status.READY]:
        cures = [f"{i.path}: status is {i.status}; write `status: ready` to queue '{i.id}'" for i in unready]
        raise UsageError("\n".join(cures))
    with press.ledger.transaction():
        states = press.ledger.issue_states()
        for issue in chosen:
            press.ledger.save_issue_state(queued(issue, now, states.get(issue.id)))
            if press.publication.is_strict:
                press.ledger.approve(issue.id, issue.source)
            press.ledger.record(now, "queued", issue.id, "")


def hold(press: Press, issue: Issue, *, reason: str, now: datetime) -> None:
    """Keep an issue back until it is queued again."""
    with press.ledger.transaction():
        state = press.ledger.issue_states().get(issue.id) or queued(issue, now)
        press.ledger.save_issue_state(held(state, Holder.PERSON, reason))
        press.ledger.record(now, "held", issue.id, reason)


def edited(ledger: Ledger, issue: Issue, state: IssueState | None) -> list[str]:
    """The lines of a diff from the text that a person approved to what the file says now, where that is kept."""
    if state is None or state.content_hash == issue.content_hash:
        return []
    approved = ledger.approved(issue.id)
    return [] if approved is None else diff(approved, issue.source, path=issue.path)


def skip(press: Press, issue: Issue, number: int, *, now: datetime) -> Due:
    """Leave out occurrence `number` of an issue, for good.

    Raises:
        UsageError: it has no such occurrence, or that one is released or decided already.
    """
    due = find(issue, number)
    decision = Decision(issue_id=issue.id, number=number, on=due.occurrence.on, verdict=Verdict.SKIPPED, decided_at=now)
    with press.ledger.transaction():
        state = occurrence_state(due, account(press.ledger), now=now, pace=press.publication.pace)
        if state in (OccurrenceState.RELEASED, OccurrenceState.SKIPPED):
            raise UsageError(f"{issue.id}/{number} is {state} already; nothing was changed")
        press.ledger.decide(decision)
        press.ledger.record(now, "skipped", f"{issue.id}/{number}", f"due on {due.occurrence.on}")
    return due


def find(issue: Issue, number: int) -> Due:
    """The occurrence of an issue with this number.

    Raises:
        UsageError: there is none.
    """
    occurrence = numbered(issue.rule, number) if issue.rule else None
    if occurrence is not None:
        return Due(issue=issue, occurrence=occurrence)
    raise UsageError(f"{issue.id} has no occurrence {number}; `sparkpub show {issue.id}` lists the next ones")


def calendar(
    publication: Publication,
    issues: Iterable[Issue],
    known: Account,
    *,
    start: date,
    end: date,
    now: datetime,
) -> list[Standing]:
    """Every occurrence in [start, end) of every issue that is not a draft, in the order of release."""
    found = [
        Due(issue=issue, occurrence=occurrence)
        for issue in issues
        if issue.status is not Status.DRAFT and issue.rule is not None
        for occurrence in occurrences(issue.rule, start, end)
    ]
    found.sort(key=lambda due: order(due, publication.series_order))
    sharing = _on_one_slot(found)
    return [
        Standing(
            due=due,
            state=occurrence_state(due, known, now=now, pace=publication.pace),
            why=due.occurrence.why + sharing.get(due.occurrence.at, ()) + _doubt(due, known),
        )
        for due in found
    ]


def _doubt(due: Due, known: Account) -> tuple[str, ...]:
    """What to say of an issue that another file claims to be."""
    return (known.doubled[due.issue.id],) if due.issue.id in known.doubled else ()


_NOW = timedelta(0)
_OPEN = frozenset({OccurrenceState.UNQUEUED, OccurrenceState.QUEUED, OccurrenceState.HELD})


def due_within(
    publication: Publication, issues: Iterable[Issue], known: Account, *, now: datetime, span: timedelta
) -> list[Issue]:
    """The issues of which something comes within a time from `now` on, queued or not, in the order of release."""
    first, last = now.date().toordinal() - 1, now.date().toordinal() + span.days + 3  # a day begins elsewhere earlier
    start, end = (date.fromordinal(min(max(day, 1), date.max.toordinal())) for day in (first, last))
    rows = calendar(publication, issues, known, start=start, end=end, now=now)
    coming = (row.due for row in rows if row.state in _OPEN and _NOW <= row.due.occurrence.at - now <= span)
    return list({due.issue.id: due.issue for due in coming}.values())


_COUNTED = {2: "two", 3: "three", 4: "four"}


def _on_one_slot(found: list[Due]) -> dict[datetime, tuple[str, ...]]:
    """What to say of the instants at which more than one occurrence falls."""
    counts = Counter(due.occurrence.at for due in found)
    return {at: (f"{_COUNTED.get(count, count)} on this slot",) for at, count in counts.items() if count > 1}


SETTLED = frozenset({OccurrenceState.RELEASED, OccurrenceState.SKIPPED})


def upcoming(
    publication: Publication,
    issue: Issue,
    known: Account,
    *,
    now: datetime,
    count: int,
    leaves_out: frozenset[OccurrenceState] = SETTLED,
) -> list[Standing]:
    """The next occurrences of one issue with their states, but those that will not come: released or skipped."""
    if issue.rule is None:
        return []
    start, wanted = date.fromordinal(max(now.toordinal() - 1, 1)), count + 2
    while True:
        coming = next_occurrences(issue.rule, start, wanted)
        dues = [Due(issue=issue, occurrence=one) for one in coming if one.at >= now]
        states = [occurrence_state(due, known, now=now, pace=publication.pace) for due in dues]
        open_ = [
            Standing(due=due, state=state, why=due.occurrence.why)
            for due, state in zip(dues, states, strict=True)
            if state not in leaves_out
        ]
        if len(open_) >= count or len(coming) < wanted:
            return open_[:count]
        wanted *= 2


def has_no_end(issue: Issue) -> bool:
    """Whether an issue comes back for ever."""
    return issue.rule is not None and is_endless(issue.rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """How many readers a piece would go to now: each `alone`, and more of them in digests."""

    alone: int
    in_digests: int

    @property
    def more(self) -> str:
        """Those in digests, as they follow the number of the others; "" for none."""
        if not self.in_digests:
            return ""
        return f", {self.in_digests:,} more in {'a digest' if self.in_digests == 1 else 'digests'}"


def readers_of(press: Press, issue: Issue, number: int) -> Readers:
    """How many readers one number of an issue would go to now; number 0 where none is known yet."""
    audience, piece = press.publication.settings.audience.get(issue.audience), Piece.of(issue, number)
    return Readers(
        alone=press.ledger.count_audience(audience, piece), in_digests=press.ledger.count_in_digests(audience, piece)
    )
