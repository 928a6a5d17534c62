"""Keep the ledger's mirror in step, and let no ledger run that lacks what its mirror has.

    commit ──▶ events after the mirror's last line ──▶ lines ──one append──▶ mirror

The lines follow from the ledger's history alone, so that whatever a crash left out can be written later.
"""

from dataclasses import asdict

from sparkpub.adapters.ledger import Event, Ledger, MirroredRelease
from sparkpub.adapters.mirror import Line, Mirror
from sparkpub.core.instants import instant_text
from sparkpub.errors import LedgerError, LostLedgerError

# Words of people and relays may name an address: only details that we wrote ourselves go into the mirror.
_OWN_DETAIL = frozenset({"released", "corrected", "claimed", "closed", "missed", "skipped", "moved", "repeated"})
# What may be lost in a power cut without harm: the ledger has it, and it makes nothing go out.
_HASTY = frozenset({"closed", "finished", "corrected", "queued", "imported", "resumed", "began"})


def keep_in_step(ledger: Ledger, mirror: Mirror, *, key: str) -> None:
    """Complete the mirror now and after every commit that adds to the history; a ledger in memory has none.

    Raises:
        LedgerError: the ledger lacks rows which the mirror has, or the mirror cannot be used.
    """
    ledger.mark_key = key
    if ledger.path is None:
        return

    def complete() -> None:
        mirror.complete(lambda last: _missing(ledger, mirror, last), is_durable=lambda line: line.verb not in _HASTY)

    complete()
    ledger.watch(complete)


def guard(ledger: Ledger, mirror: Mirror) -> None:
    """See that the ledger has the mirror's newest row, and so all before it.

    Raises:
        LedgerError: it has not: an older copy was put back, or another press's ledger.
    """
    if ledger.path is not None and (last := mirror.last()):
        _refuse_older(ledger, mirror, last)


def refuse_lost(mirror: Mirror, place: str) -> None:
    """Where there is no ledger, see that none was lost.

    Raises:
        LostLedgerError: a mirror is here, so a ledger was.
    """
    if mirror.is_there:
        raise LostLedgerError(
            f"the ledger of this press is lost: {place} is missing or empty, but its mirror {mirror.path} is here; "
            "`sparkpub restore FILE` puts a backup back and has it learn from the mirror what it lacks"
        )


def _missing(ledger: Ledger, mirror: Mirror, last: Line | None) -> list[Line]:
    """The lines that a mirror lacks behind its last one."""
    if last is not None:
        _refuse_older(ledger, mirror, last)
    return [line_of(ledger, n, event) for n, event in ledger.events_after(last.n if last else 0)]


def _refuse_older(ledger: Ledger, mirror: Mirror, last: Line) -> None:
    """See that the ledger has the event of a line."""
    event = ledger.event(last.n)
    if event is not None and last.is_of(line_of(ledger, last.n, event)):
        return
    cure = "`sparkpub restore FILE` puts a backup back and has it learn from the mirror what it lacks"
    if event is None:
        lacking = last.n - ledger.last_event()
        raise LedgerError(
            f"the ledger is older than its mirror {mirror.path}: it lacks {lacking:,} of its rows, the last of them "
            f"'{last}', and would mail again what was mailed; {cure}"
        )
    raise LedgerError(
        f"the ledger went another way than its mirror {mirror.path}: the mirror ends with '{last}', where the ledger "
        f"has '{event.verb} {event.subject}'; it is an older copy that went on, or another press's: {cure}"
    )


def line_of(ledger: Ledger, n: int, event: Event) -> Line:
    """An event as a line of the mirror, without anything that may be an address."""
    release = None
    if event.verb == "released":
        number = event.detail.partition(",")[0]
        release = ledger.mirrored_release(event.subject, int(number)) if number.isdecimal() else None
    return Line(
        n=n,
        at=event.at,
        verb=event.verb,
        subject="a reader" if "@" in event.subject else event.subject,
        detail=event.detail if event.verb in _OWN_DETAIL else "",
        release=_release_row(release) if release else {},
    )


def _release_row(release: MirroredRelease) -> dict[str, object]:
    """What a line keeps of a release, as JSON takes it."""
    instants = {"on": release.on.isoformat(), "released_at": instant_text(release.released_at)}
    return {**asdict(release), **instants}
