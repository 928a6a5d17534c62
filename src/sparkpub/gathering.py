"""Gather: digests for those who wished for one a day or a week, and series from their beginning for new readers.

    what waits for a digest ──its hour──▶ one release for each set of pieces, with deliveries; it makes nothing public
    what came out on this day of earlier years ──▶ the same releases, with deliveries added

Both end in deliveries like any other, so that sending, stopping, doubts and the balance are one thing. Each day's turn
is taken once: what was missed by more than `grace` waits for the next digest, or for the next year.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sparkpub.adapters.zones import tzdata_version
from sparkpub.articles import issue_of
from sparkpub.core.beginnings import days_like, newest_of_each
from sparkpub.core.decisions import rule_hash
from sparkpub.core.digests import DIGESTS, digest_id, digest_number, digest_turn
from sparkpub.core.model import Issue
from sparkpub.core.records import QueueState, Release, ReleaseDraft, ReleaseState
from sparkpub.core.schedule import occurrences
from sparkpub.core.turns import Turn
from sparkpub.core.wishes import Piece, Rhythm
from sparkpub.errors import Fault, InputError
from sparkpub.leaving import refuse_release
from sparkpub.press import Press
from sparkpub.recalling import TURN
from sparkpub.rendering import Rendered, render_digest

_BEGINNINGS = "beginnings"
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was made of readers' wishes: digests, and releases that go to some readers again; faults of the theme."""

    digests: tuple[Release, ...] = ()
    again: tuple[Release, ...] = ()
    faults: tuple[Fault, ...] = ()


def gather(press: Press, *, now: datetime) -> Gathered:
    """Make what is due at `now` (UTC), once; nothing while the press is stopped. To be called after a tick's releases.

    Raises:
        UsageError: something is due that smtp could not send; it stays due.
    """
    if press.stopped():
        return Gathered()
    digests: list[Release] = []
    faults: tuple[Fault, ...] = ()
    try:
        for rhythm in DIGESTS:
            digests += _digests(press, rhythm, now)
    except InputError as error:
        faults = error.faults
    return Gathered(digests=tuple(digests), again=_begin_anew(press, now), faults=faults)


def next_turn(press: Press, now: datetime) -> datetime | None:
    """The next instant at which something may be due here, None where no reader wishes for anything of the kind."""
    turns = []
    if press.ledger.has_rhythms():
        turns += [_digest_turn(press, rhythm) for rhythm in DIGESTS]
    if press.ledger.series_from_beginning():
        turns.append(_daily(press))
    return min(filter(None, (turn.next_after(now) for turn in turns)), default=None)


def _digest_turn(press: Press, rhythm: Rhythm) -> Turn:
    return digest_turn(rhythm, press.publication.settings.schedule, press.publication.zone)


def _daily(press: Press) -> Turn:
    """When past pieces of a series come: at the publication's hour."""
    return Turn(time=press.publication.settings.schedule.time, zone=press.publication.zone)


def _due_on(press: Press, name: str, turn: Turn, now: datetime) -> date | None:
    """The date whose turn has come and was not taken. A new press takes none that came before its first tick."""
    done = press.ledger.fact(f"{TURN}{name}")
    if not done:
        done = turn.last_before(now).isoformat()
        press.ledger.set_fact(f"{TURN}{name}", done)
    return turn.due_on(now, grace=press.publication.pace.grace, done=date.fromisoformat(done))


def _is_open(press: Press, name: str, on: date) -> bool:
    """Whether, inside the transaction, nobody stopped the press and no other process took this turn meanwhile."""
    done = press.ledger.fact(f"{TURN}{name}")
    return not press.stopped() and (not done or date.fromisoformat(done) < on)


def _close(press: Press, name: str, on: date) -> None:
    press.ledger.set_fact(f"{TURN}{name}", on.isoformat())


def _digests(press: Press, rhythm: Rhythm, now: datetime) -> list[Release]:
    """The digests of one rhythm, if their hour has come: one for each set of pieces that some readers have waiting.

    They are rendered before the transaction that makes them, and anew where something came to wait meanwhile, or was
    corrected.
    """
    on = _due_on(press, rhythm, _digest_turn(press, rhythm), now)
    if on is None:
        return []
    ledger = press.ledger
    rendered: dict[tuple[str, tuple[str, ...]], tuple[Rendered, str]] = {}
    while True:
        sets = list(ledger.gathered_for(rhythm))
        if sets:
            refuse_release(press, now=now)
        for variant, pieces in enumerate(sets):
            key = (digest_id(rhythm, variant), _texts(press, pieces))
            if key not in rendered:
                releases = [ledger.release(release_id) for release_id in pieces]
                rendered[key] = render_digest(press, key[0], releases, on=on, released_at=now)
        with ledger.transaction():
            if not _is_open(press, rhythm, on):
                return []
            waiting = ledger.gathered_for(rhythm)
            keys = [(digest_id(rhythm, variant), _texts(press, pieces)) for variant, pieces in enumerate(waiting)]
            if not all(key in rendered for key in keys):
                continue
            made = [
                _make(press, key[0], pieces, readers, rendered[key], on=on, now=now)
                for key, (pieces, readers) in zip(keys, waiting.items(), strict=True)
            ]
            _close(press, rhythm, on)
        return [ledger.release(release_id) for release_id in made]


def _texts(press: Press, pieces: tuple[int, ...]) -> tuple[str, ...]:
    """What tells one state of some pieces from the next: which they are, and the edition that each shows."""
    releases = map(press.ledger.release, pieces)
    return tuple(f"{release.release_id} {release.edition_hash}" for release in releases)


def _make(  # noqa: PLR0913 - one digest
    press: Press,
    id_: str,
    pieces: tuple[int, ...],
    readers: list[int],
    rendered: tuple[Rendered, str],
    *,
    on: date,
    now: datetime,
) -> int:
    """Keep a digest and plan its deliveries; returns its number."""
    (mail, subject), ledger, number = rendered, press.ledger, digest_number(on)
    ledger.put_edition(mail.edition.hash, id_, number, source=b"", compiled=mail.compiled, media={})
    release_id = ledger.add_release(
        ReleaseDraft(
            issue_id=id_,
            number=number,
            on=on,
            released_at=now,
            updated_at=now,
            edition_hash=mail.edition.hash,
            issue_source=subject.encode(),
            issue_path="",
            settings=press.publication.source,
            entry_id=f"{id_}/{number}",
            transport=press.transport,
            repeats=True,
            is_digest=True,
            tzdata=tzdata_version(),
        )
    )
    ledger.plan_digest(release_id, pieces, readers)
    names = " ".join(ledger.release(piece).name for piece in pieces)
    ledger.record(now, "released", id_, f"{number}, due on {on}, of {names}")
    return release_id


def _begin_anew(press: Press, now: datetime) -> tuple[Release, ...]:
    """Send what came out on this day of earlier years to who reads its series from the beginning and never had it."""
    on = _due_on(press, _BEGINNINGS, _daily(press), now)
    if on is None:
        return ()
    found = list(_from_beginning(press, on))
    if found:
        refuse_release(press, now=now)
    ledger, audiences = press.ledger, press.publication.settings.audience
    again: list[int] = []
    with ledger.transaction():
        if not _is_open(press, _BEGINNINGS, on):
            return ()
        for release, issue in found:
            if ledger.release_state(release.release_id) is not ReleaseState.FINISHED:
                continue
            audience, piece = audiences.get(issue.audience), Piece.of(issue, release.number)
            alone = ledger.plan_again(release.release_id, audience, piece)
            together = ledger.gather(release.release_id, audience, piece, is_again=True)
            if alone:
                ledger.send_again(release.release_id, at=now)
                again.append(release.release_id)
            if alone or together:
                detail = f"on {on}, {alone} readers of its series, {together} in digests"
                ledger.record(now, "repeated", release.name, detail)
        _close(press, _BEGINNINGS, on)
    return tuple(ledger.release(release_id) for release_id in again)


def _from_beginning(press: Press, on: date) -> Iterator[tuple[Release, Issue]]:
    """Past releases of a date with their issues, of series that somebody reads from the beginning.

    An issue that comes out anew on that day is left out: who reads its series gets that.
    """
    series = press.ledger.series_from_beginning()
    if not series:
        return
    for release in newest_of_each(press.ledger.released_on_days(days_like(on), before=on)):
        issue = issue_of(release)
        if issue.series in series and release.transport == press.transport and not _comes_anew(press, issue, on):
            yield release, issue


def _comes_anew(press: Press, issue: Issue, on: date) -> bool:
    """Whether an issue is released on a date, or will be."""
    if any(released.on == on for released in press.ledger.released_of(issue.id)):
        return True
    state = press.ledger.issue_state(issue.id)
    if state is None or state.state is not QueueState.QUEUED or issue.rule is None:
        return False
    if state.rule_hash != rule_hash(issue.rule):  # edited since: the text released then tells nothing of today
        return False
    return any(not press.ledger.is_skipped(issue.id, one.number) for one in occurrences(issue.rule, on, on + _A_DAY))
