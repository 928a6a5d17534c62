"""Readers: who asked, who confirmed, who left, and lists of them in and out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sparkpub.adapters.ledger import ReaderRow
from sparkpub.core.addresses import parse_address, plain_line
from sparkpub.core.letters import confirmation
from sparkpub.core.reader_list import Entry, Reject, decode_list, has_status, read_list, write_list
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.core.tokens import Tokens
from sparkpub.errors import Fault, InputError, UsageError
from sparkpub.posting import post_letter
from sparkpub.press import Press

_BATCH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to: readers taken in, readers known before and left as they were, rows refused."""

    added: int
    known: int
    rejects: tuple[Reject, ...]
    is_dry_run: bool = False


def import_list(  # noqa: PLR0913 - what the command is given, as it is
    press: Press,
    data: bytes,
    *,
    path: str,
    state: SubscriberState | None,
    is_dry_run: bool,
    now: datetime,
    progress: Callable[[int, int], None],
) -> Imported:
    """Take in a list of readers; `state` is for rows that name none. Nobody is ever subscribed again by a list.

    Raises:
        InputError: the file is no list.
        UsageError: the list does not say who is active, and neither does `state`.
    """
    try:
        text = decode_list(data)
        rows = list(read_list(text))
    except ValueError as fault:
        message, _, cure = str(fault).partition("; ")
        raise InputError(Fault(path=path, line=0, message=message, cure=cure)) from None
    if state is None and not has_status(text):
        raise UsageError(
            f"{path} has no column 'status'; say what its readers are: --as active if they asked and confirmed "
            "elsewhere, --as unconfirmed if not"
        )
    readers, rejects = _sorted(rows, state, evidence=f"imported from {path}")
    added = 0
    try:
        with press.ledger.transaction():
            for start in range(0, len(readers), _BATCH):
                batch = readers[start : start + _BATCH]
                added += press.ledger.import_subscribers(batch, at=now).added
                progress(start + len(batch), len(readers))
            if is_dry_run:
                raise _Undone  # noqa: TRY301 - the transaction is what takes it back
            press.ledger.record(now, "imported", "readers", f"{added} of {len(rows)} rows")
    except _Undone:
        pass
    return Imported(added=added, known=len(readers) - added, rejects=tuple(rejects), is_dry_run=is_dry_run)


class _Undone(Exception):  # noqa: N818 - no error: a dry run takes back what it tried
    """Raised to roll a transaction back."""


def _sorted(
    rows: list[Entry | Reject], state: SubscriberState | None, *, evidence: str
) -> tuple[list[ReaderRow], list[Reject]]:
    """The rows that go in and those that do not, each in the order of the list."""
    readers: list[ReaderRow] = []
    rejects: list[Reject] = []
    for row in rows:
        if isinstance(row, Reject):
            rejects.append(row)
        elif chosen := row.state or state:
            readers.append(
                ReaderRow(
                    address=row.address,
                    name=row.name,
                    state=chosen,
                    language=row.language,
                    tags=row.tags,
                    attributes=row.attributes,
                    evidence=evidence,
                )
            )
        else:
            rejects.append(Reject(line=row.line, reason=f"{row.address} has no status; fill it in, or use --as"))
    return readers, rejects


def export_list(press: Press) -> Iterator[str]:
    """Every reader as lines of CSV, with a column for each attribute that any of them has."""
    attributes = sorted({name for reader in press.ledger.subscribers() for name in reader.attributes})
    yield from write_list(press.ledger.subscribers(), attributes)


def find_reader(press: Press, address: str) -> Subscriber:
    """The reader with this address, however it is spelled.

    Raises:
        UsageError: it is no address, or nobody has it.
    """
    reader = press.ledger.find_subscriber(usable_address(address))
    if reader is None:
        raise UsageError(f"no reader has the address {address}; `sparkpub subscribers list` shows them")
    return reader


def usable_address(text: str) -> str:
    """An address as typed, checked.

    Raises:
        UsageError: it is none.
    """
    try:
        return parse_address(text)
    except ValueError as fault:
        raise UsageError(f"'{plain_line(text)[:80]}' is no usable address: {fault}") from None


def add_confirmed(press: Press, address: str, *, name: str, evidence: str, now: datetime) -> Subscriber:
    """Add a reader who has asked already; whoever has left is active again, since this is a new wish.

    Raises:
        UsageError: the address or the name cannot be used, or no evidence is given.
    """
    if not evidence.strip():
        raise UsageError("--confirmed needs words: how and when this reader asked, for the day somebody wants to know")
    usable = usable_address(address)
    return _added(press, usable, name=_usable_name(name), state=SubscriberState.ACTIVE, evidence=evidence, now=now)


def add_unconfirmed(press: Press, address: str, *, name: str, now: datetime) -> Subscriber:
    """Add a reader who has still to confirm, and write the letter that asks for it.

    Raises:
        UsageError: the address or the name cannot be used, the reader is active already, or nobody could confirm.
    """
    usable = usable_address(address)
    if not press.publication.settings.web.url:
        raise UsageError(
            "nobody could follow the link of a confirmation: sparkpub.toml has no [web] url; set it, or add readers "
            'who have asked already with --confirmed "how and when"'
        )
    known = press.ledger.find_subscriber(usable)
    if known is not None and known.state is SubscriberState.ACTIVE:
        raise UsageError(f"{known.address} is active already; nothing was changed")
    reader = _added(
        press, usable, name=_usable_name(name), state=SubscriberState.UNCONFIRMED, evidence="added by hand", now=now
    )
    letter = confirmation(press.publication.settings, Tokens(press.key), reader, at=now)
    post_letter(press, letter, recipient=reader.address, name=f"confirm-{reader.subscriber_id}", at=now)
    return reader


def unsubscribe(press: Press, reader: Subscriber, *, now: datetime) -> None:
    """Let a reader go, and everything that still waits for them unsent."""
    press.ledger.unsubscribe(reader.address, now)


def _added(
    press: Press, address: str, *, name: str, state: SubscriberState, evidence: str, now: datetime
) -> Subscriber:
    """The reader with this address, new or with the new state."""
    with press.ledger.transaction():
        known = press.ledger.find_subscriber(address)
        if known is None:
            press.ledger.add_subscriber(address, name=name, state=state, evidence=evidence, at=now)
        else:
            changed = replace(known, name=name or known.name, state=state, evidence=evidence)
            press.ledger.set_subscriber(changed, at=now)
    return find_reader(press, address)


def _usable_name(name: str) -> str:
    """A name as typed, checked.

    Raises:
        UsageError: it cannot stand in a header.
    """
    if not name.isprintable():
        raise UsageError("the name holds control characters; write it in one line")
    return " ".join(name.split())
