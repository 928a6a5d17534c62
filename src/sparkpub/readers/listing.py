"""Lists of readers in and out: CSV, as it comes, however long it is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import PurePath

from sparkpub.adapters.ledger import EVERYBODY, Choice, ImportCounts
from sparkpub.core.addresses import plain_line
from sparkpub.core.checks import suggestion
from sparkpub.core.reader_list import ReaderList, Reject, write_list
from sparkpub.core.records import SubscriberState
from sparkpub.core.settings import AudienceSettings, Settings
from sparkpub.errors import Fault, InputError, UsageError
from sparkpub.press import Press

_BATCH = 2000
EVERYONE = "all"
"""The audience that needs no settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A list that is to be taken in: its name for people, and its pieces as they come.

    `state` is for rows that name none; `size` counts its bytes, 0 if nobody knows. Where it `is_asking`, a letter is
    queued that asks who of it is unconfirmed to confirm.
    """

    name: str
    pieces: Iterable[bytes]
    state: SubscriberState | None = None
    size: int = 0
    is_asking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to: readers taken in, readers known before and left as they were, rows refused.

    `asked` counts the letters to confirm that were queued.
    """

    added: int
    known: int
    rejected: int
    asked: int = 0
    is_dry_run: bool = False


def import_list(
    press: Press,
    incoming: Incoming,
    *,
    now: datetime,
    tell: Callable[[Reject], None],
    progress: Callable[[int, int], None],
    is_dry_run: bool = False,
) -> Imported:
    """Take in a list of readers, whole or not at all.

    Nobody is ever subscribed again by a list, and nobody who was asked to confirm is asked again. `tell` hears of each
    row that is refused, in their order; `progress` of rows done, of how many (0: nobody knows). While a list arrives no
    other process has to wait for the ledger.

    Raises:
        InputError: the file is no list.
        UsageError: the list does not say who is active, and nobody else does; or nobody could confirm.
    """
    if incoming.is_asking and not press.publication.settings.web.url:
        raise UsageError("nobody could follow the link of a confirmation: sparkpub.toml has no [web] url; set it first")
    with press.ledger.arrivals():
        try:
            read = _arrive(press, ReaderList(incoming.pieces), incoming, progress)
        except ValueError as fault:
            message, _, cure = str(fault).partition("; ")
            raise InputError(Fault(path=incoming.name, line=0, message=message, cure=cure)) from None
        rejected = press.ledger.refuse_repeated()
        gone = press.ledger.leave_out_gone()
        for reject in press.ledger.refused():
            tell(reject)
        if is_dry_run:
            counts, asked = press.ledger.count_arrived(), press.ledger.count_to_ask() if incoming.is_asking else 0
        else:
            counts, asked = _take_in(press, incoming, read, now=now, progress=progress)
    known = counts.known + gone
    return Imported(added=counts.added, known=known, rejected=rejected, asked=asked, is_dry_run=is_dry_run)


def _arrive(press: Press, readers: ReaderList, incoming: Incoming, progress: Callable[[int, int], None]) -> int:
    """Have every row of a list arrive; returns how many there are.

    Raises:
        ValueError: the file is no list.
        UsageError: the list does not say who is active.
    """
    if incoming.state is None and not readers.has_status:
        raise UsageError(
            f"{incoming.name} has no column 'status'; say what its readers are: --as active if they asked and "
            "confirmed elsewhere, --as unconfirmed if not"
        )
    rows, count = iter(readers), 0
    while batch := list(islice(rows, _BATCH)):
        press.ledger.arrive(batch, state=incoming.state)
        count += len(batch)
        # Arriving is half of the work; how many rows will come is known from how far the file was read.
        progress(count // 2, count * incoming.size // max(readers.bytes_read, 1))
    return count


def _take_in(
    press: Press, incoming: Incoming, read: int, *, now: datetime, progress: Callable[[int, int], None]
) -> tuple[ImportCounts, int]:
    """Add whoever arrived and is new; how many that were, and how many letters to confirm were queued."""
    with press.ledger.transaction():
        counts = press.ledger.take_in(
            evidence=f"imported from {_list_name(incoming)}",
            at=now,
            progress=lambda done: progress((read + done) // 2, read),
        )
        asked = press.ledger.ask_arrived(at=now) if incoming.is_asking else 0
        told = f", {asked} asked to confirm" if asked else ""
        press.ledger.record(now, "imported", "readers", f"{counts.added} of {read} rows{told}")
    return counts, asked


def _list_name(incoming: Incoming) -> str:
    """What a list is called in a reader's evidence, which they may read: without the folders of this machine."""
    return "a list" if incoming.name == "-" else PurePath(incoming.name).name


def choice_of(
    settings: Settings,
    *,
    state: SubscriberState | None = None,
    segment: AudienceSettings | None = None,
    audience: str | None = None,
) -> Choice:
    """The readers whom all of this holds of; an audience by its name are those whom its releases reach.

    Raises:
        UsageError: there is no such audience.
    """
    segments = [segment] if segment and segment != AudienceSettings() else []
    if audience is not None and audience != EVERYONE:
        if audience not in settings.audience:
            cure = suggestion(audience, [EVERYONE, *settings.audience])
            raise UsageError(f"unknown audience '{plain_line(audience)[:80]}'; {cure}")
        segments.append(settings.audience[audience])
    return Choice(state=state, is_mailed=audience is not None, segments=tuple(segments))


def export_list(press: Press, choice: Choice = EVERYBODY) -> Iterator[str]:
    """The readers chosen as CSV, a piece at a time, with a column for each attribute that any of them has."""
    attributes, has_wishes = press.ledger.columns(choice)
    yield from write_list(press.ledger.readers(choice), attributes, with_wishes=has_wishes)
