"""Teach a ledger that was put back what its mirror knows and it does not, so that nothing goes out twice.

    lines after the ledger's last event, in their order ──▶ releases block their number and date, what was claimed
    counts as sent or in doubt, who left has left, what was held, skipped or called off stays so

What was lost for good, such as readers who came since, is not made up; nothing is ever set so that it goes out.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from sparkpub.adapters.ledger import Event, Ledger, MirroredRelease
from sparkpub.adapters.mirror import Line
from sparkpub.core.model import Issue
from sparkpub.core.records import Decision, DeliveryState, QueueState, Verdict
from sparkpub.core.wishes import Piece
from sparkpub.errors import InputError, LedgerError
from sparkpub.press import Publication
from sparkpub.recalling import Recalled
from sparkpub.rendering import correct_edition

_CLAIMED = re.compile(r"batch \d+.*, readers (\d+) to (\d+)(?:: (.*))?")
_NUMBER_ON = re.compile(r"(\d+), due on (\d{4}-\d{2}-\d{2})")
_DUE_ON = re.compile(r"due on (\d{4}-\d{2}-\d{2})")
_DATED = re.compile(r"(\d+), dated (\d{4}-\d{2}-\d{2})")
_BUT = "all sent but "
# Readers who came after the last release have numbers that the mirror never saw.
_SPARE_NUMBERS = 10_000


@dataclass(slots=True, kw_only=True)
class Learned:
    """What a ledger learned: how many rows, which releases it did not know, and of those whose text was not found.

    `changed_texts` are those whose file is another now than when it was mailed. `called_off` counts deliveries of
    unknown releases that no claim covers: nobody has that mail, and nobody will. `moved` counts readers who moved to
    addresses that are lost.
    """

    rows: int = 0
    releases: list[MirroredRelease] = field(default_factory=list)
    without_text: list[str] = field(default_factory=list)
    changed_texts: list[str] = field(default_factory=list)
    called_off: int = 0
    moved: int = 0


def replay(
    ledger: Ledger, lines: Iterable[Line], *, publication: Publication, texts: Mapping[str, Issue], now: datetime
) -> Learned:
    """Go through lines of a mirror that the ledger lacks; `texts` are the issues as their files have them.

    To be called inside a transaction.

    Raises:
        LedgerError: a line says nothing that can be read.
    """
    learned, recalled = Learned(), Recalled(ledger, publication, texts)
    corrected: dict[tuple[str, int], date] = {}
    ledger.doubt_open_claims(at=now)
    for line in lines:
        ledger.add_event(line.n, Event(at=line.at, verb=line.verb, subject=line.subject, detail=line.detail))
        learned.rows += 1
        with _readable(line):
            if line.verb == "released":
                if release := _block(ledger, line, publication, texts, learned):
                    recalled.release(release, line)
            elif line.verb == "repeated":
                recalled.repeat(line)
            elif line.verb == "corrected" and (found := _DATED.fullmatch(line.detail)):
                corrected[line.subject, int(found[1])] = date.fromisoformat(found[2])
            elif follow := _FOLLOWED.get(line.verb):
                follow(ledger, line)
                learned.moved += line.verb == "moved"
    learned.called_off = recalled.close()
    for release in learned.releases:
        learned.called_off += ledger.call_off_the_rest(release.release_id, at=now)
        ledger.finish_release(release.release_id)
        if not release.is_digest:
            _find_text(ledger, release, publication, texts, corrected, learned)
    ledger.leave_numbers_free(max((r.last_reader for r in learned.releases), default=0), _SPARE_NUMBERS)
    return learned


@contextmanager
def _readable(line: Line) -> Iterator[None]:
    """Say of a line that it cannot be read, if so."""
    try:
        yield
    except (ValueError, IndexError, OverflowError) as error:
        raise LedgerError(f"the mirror's line {line.n}, '{line}', says '{line.detail[:80]}'; mend it") from error


def _block(
    ledger: Ledger, line: Line, publication: Publication, texts: Mapping[str, Issue], learned: Learned
) -> MirroredRelease | None:
    """Let a release count as made, and freeze its audience as far as the ledger knows it; None if it was known."""
    release = _release_of(line)
    if not ledger.add_mark_of_release(release, settings=publication.source):
        return None
    learned.releases.append(release)
    if release.is_mailed and not release.is_digest:
        issue = texts.get(release.issue_id)
        audience = publication.settings.audience.get(issue.audience) if issue else None
        piece = Piece.of(issue, release.number) if issue else None
        ledger.plan_deliveries(release.release_id, audience, piece)
    return release


def _release_of(line: Line) -> MirroredRelease:
    """What a line keeps of a release.

    Raises:
        LedgerError: it keeps nothing that can be read.
    """
    try:
        row = dict(line.release)
        instants = {
            "on": date.fromisoformat(row["on"]),
            "released_at": datetime.fromisoformat(row["released_at"]).astimezone(UTC),
        }
        return MirroredRelease(**{**row, **instants})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LedgerError(
            f"the mirror's line {line.n}, '{line}', does not say which release it was; mend it"
        ) from error


def _find_text(
    ledger: Ledger,
    mirrored: MirroredRelease,
    publication: Publication,
    texts: Mapping[str, Issue],
    corrected: Mapping[tuple[str, int], date],
    learned: Learned,
) -> None:
    """Let page and feeds show a release by its file, where there is one; nothing can be mailed of it."""
    release, issue = ledger.release(mirrored.release_id), texts.get(mirrored.issue_id)
    try:
        edition = correct_edition(publication, issue, release) if issue else None
    except InputError:
        edition = None
    if issue is None or edition is None:
        learned.without_text.append(release.name)
        return
    for asset in edition.assets:
        ledger.put_asset(asset)
    ledger.put_edition(edition.hash, issue.id, release.number, source=issue.source, compiled=b"", media=edition.media)
    on = corrected.get((release.issue_id, release.number))
    at = datetime.combine(on, publication.settings.schedule.time, publication.zone) if on else release.released_at
    ledger.correct_release(
        release.release_id,
        source=issue.source,
        settings=publication.source,
        edition_hash=edition.hash,
        updated_at=max(at, release.released_at),
    )
    if issue.content_hash != mirrored.text_hash and on is None:
        learned.changed_texts.append(release.name)


def _claim(ledger: Ledger, line: Line) -> None:
    """What was claimed may have left."""
    release_id, found = ledger.release_named(line.subject), _CLAIMED.fullmatch(line.detail)
    if release_id is not None and found:
        ledger.doubt(release_id, (int(found[1]), int(found[2])), at=line.at)


def _close(ledger: Ledger, line: Line) -> None:
    """What was closed has its results: those that are named, and all others sent."""
    release_id, found = ledger.release_named(line.subject), _CLAIMED.fullmatch(line.detail)
    if release_id is None or not found:
        return
    first, last = int(found[1]), int(found[2])
    ledger.doubt(release_id, (first, last), at=line.at)
    results = found[3] or ""
    if not results.startswith("all sent"):
        return  # too many to be named: all of them stay in doubt
    pairs = (part.split() for part in results.removeprefix(_BUT).split(", ") if results.startswith(_BUT))
    for number, state in sorted((int(number), DeliveryState(word)) for word, number in pairs):
        ledger.settle_doubt(release_id, (first, number - 1), DeliveryState.SENT, at=line.at)
        known = DeliveryState.UNCERTAIN if state is DeliveryState.SENDING else state
        ledger.settle_doubt(release_id, (number, number), known, at=line.at)
        first = number + 1
    ledger.settle_doubt(release_id, (first, last), DeliveryState.SENT, at=line.at)


def _heed_reader(ledger: Ledger, line: Line) -> None:
    """A reader left, was suppressed, moved or was erased."""
    ledger.heed(line.verb, line.subject.removeprefix("reader "), line.at)


def _change_release(ledger: Ledger, line: Line) -> None:
    """A release was stopped, resumed, finished or called off."""
    release_id = ledger.release_named(line.subject)
    if release_id is None:
        return
    match line.verb:
        case "stopped":
            ledger.stop_release(release_id, reason="stopped before the ledger was lost", at=line.at)
        case "resumed":
            ledger.resume_release(release_id, at=line.at)
        case "finished":
            ledger.finish_release(release_id)
        case "cancelled":
            ledger.cancel_release(release_id, at=line.at)


def _change_queue(ledger: Ledger, line: Line) -> None:
    """An issue was held, or taken up again; one that the ledger never saw queued goes out by nobody's word."""
    state = ledger.issue_state(line.subject)
    if state is None:
        return
    if line.verb == "held":
        ledger.save_issue_state(replace(state, state=QueueState.HELD, reason="held before the ledger was lost"))
    elif state.state is QueueState.HELD:
        ledger.save_issue_state(replace(state, state=QueueState.QUEUED, activated_at=line.at, reason=""))


def _decide(ledger: Ledger, line: Line) -> None:
    """An occurrence was skipped or missed."""
    if line.verb == "skipped":
        issue_id, _, number = line.subject.rpartition("/")
        found = _DUE_ON.fullmatch(line.detail)
        on = found[1] if found else ""
    else:
        issue_id, found = line.subject, _NUMBER_ON.fullmatch(line.detail)
        number, on = (found[1], found[2]) if found else ("", "")
    if number.isdecimal() and on:
        verdict = Verdict(line.verb)
        decision = Decision(
            issue_id=issue_id, number=int(number), on=date.fromisoformat(on), verdict=verdict, decided_at=line.at
        )
        ledger.decide(decision)


_FOLLOWED: Mapping[str, Callable[[Ledger, Line], None]] = {
    "claimed": _claim,
    "closed": _close,
    **dict.fromkeys(("left", "suppressed", "unsuppressed", "erased", "moved"), _heed_reader),
    **dict.fromkeys(("stopped", "resumed", "finished", "cancelled"), _change_release),
    **dict.fromkeys(("held", "queued"), _change_queue),
    **dict.fromkeys(("skipped", "missed"), _decide),
}
