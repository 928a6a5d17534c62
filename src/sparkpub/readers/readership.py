"""One reader's record, changed by a person of the press: what is known, the address, whether anything of it stays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sparkpub.adapters.maildir import remove_messages
from sparkpub.core.addresses import address_key, plain_line
from sparkpub.core.checks import language_fault, suggestion
from sparkpub.core.reader_list import COLUMNS, WISHES
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.core.settings import Settings
from sparkpub.core.wishes import NO_SERIES, Rhythm
from sparkpub.errors import UsageError
from sparkpub.press import Press
from sparkpub.readers.subscribing import find_reader, usable_address

_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to change of a reader's record; what is not named stays.

    An attribute with the value "" is taken away. `without_series` and `without_tags` are refused from now on, `with_`
    ones wanted again; NO_SERIES stands for pieces in no series.
    """

    name: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    untags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    without_series: tuple[str, ...] = ()
    with_series: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    with_tags: tuple[str, ...] = ()
    from_beginning: tuple[str, ...] = ()
    rhythm: Rhythm | None = None
    is_round_only: bool | None = None


def change_reader(press: Press, address: str, changes: Changes, *, now: datetime) -> Subscriber:
    """Change a reader's record, and return it as it is now. Whether they are mailed is nothing that this changes.

    Raises:
        UsageError: nobody has the address, or something of the changes cannot be used.
    """
    _check(press.publication.settings, changes)
    with press.ledger.transaction():
        reader = find_reader(press, address)
        press.ledger.set_subscriber(_changed(reader, changes), at=now)
    return find_reader(press, address)


def _check(settings: Settings, changes: Changes) -> None:
    """Say what of some changes cannot be used, if anything.

    Raises:
        UsageError: with what it is, and what to write instead.
    """
    if changes.language and (fault := language_fault(changes.language)):
        raise UsageError(f"language {fault}")
    attributes = (text for pair in changes.attributes.items() for text in pair)
    for text in (changes.name or "", *changes.tags, *changes.without_tags, *attributes):
        if not text.isprintable() or len(text) > _LONGEST:
            raise UsageError(f"'{plain_line(text)[:80]}' is too long or holds control characters; write it in one line")
    for tag in changes.tags:
        if not tag.strip() or ";" in tag or "," in tag:
            raise UsageError(f"tag '{tag}' is none; write one word or phrase without , and ;, and --tag again for more")
    for key in changes.attributes:
        if not key.strip() or "=" in key or key.strip().lower() in (*COLUMNS, WISHES):
            raise UsageError(f"'{key}' can name no attribute; write --attribute town=Kraków")
    for series in (*changes.without_series, *changes.from_beginning):
        if series not in (*settings.series, *((NO_SERIES,) if series in changes.without_series else ())):
            raise UsageError(f"unknown series '{plain_line(series)[:80]}'; {suggestion(series, settings.series)}")


def _changed(reader: Subscriber, changes: Changes) -> Subscriber:
    """A reader with the changes made."""
    attributes = {**reader.attributes, **{key.strip().lower(): text for key, text in changes.attributes.items()}}
    wishes = reader.wishes
    wishes = replace(
        wishes,
        without_series=_with(wishes.without_series, changes.without_series, changes.with_series),
        without_tags=_with(wishes.without_tags, changes.without_tags, changes.with_tags),
        from_beginning=_with(wishes.from_beginning, changes.from_beginning, changes.without_series),
        rhythm=wishes.rhythm if changes.rhythm is None else changes.rhythm,
        is_round_only=wishes.is_round_only if changes.is_round_only is None else changes.is_round_only,
    )
    return replace(
        reader,
        name=reader.name if changes.name is None else " ".join(changes.name.split()),
        language=reader.language if changes.language is None else changes.language,
        tags=_with(reader.tags, map(plain_line, changes.tags), map(plain_line, changes.untags)),
        attributes={key: text for key, text in attributes.items() if text},
        wishes=wishes,
    )


def _with(words: Iterable[str], more: Iterable[str], fewer: Iterable[str]) -> tuple[str, ...]:
    """Words with some more, each once, and without others."""
    left = set(fewer)
    return tuple(word for word in dict.fromkeys((*words, *more)) if word not in left)


def move_reader(press: Press, old: str, new: str, *, now: datetime) -> Subscriber:
    """Reach a reader at another address, with their history and their wishes; what waits for them goes to the new one.

    A suppression of the old address stays with the old one, and no list brings that back. Another spelling of the
    same address changes nothing but the spelling.

    Raises:
        UsageError: nobody has the old address, or has not confirmed it; or the new one cannot be used, is another
            reader's or suppressed.
    """
    address = usable_address(new)
    with press.ledger.transaction():
        reader = find_reader(press, old)
        evidence = reader.evidence
        if address_key(address) != address_key(reader.address):
            if reader.state is SubscriberState.UNCONFIRMED:
                raise UsageError(
                    f"{reader.address} has not confirmed, and its link would confirm another's address; "
                    f"`sparkpub subscribers add {address}` asks there"
                )
            if other := press.ledger.find_subscriber(address):
                raise UsageError(f"{other.address} is a reader already, {other.state}; erase one of both")
            if reason := press.ledger.suppression(address):
                raise UsageError(
                    f"{address} is never mailed: {reason}; `sparkpub subscribers unsuppress {address}` if that is over"
                )
            moved = f"moved to this address by hand on {now:%Y-%m-%d}"
            evidence = f"{evidence}; {moved}" if evidence else moved
        press.ledger.move(reader, address, evidence=evidence, at=now)
    return find_reader(press, address)


def erase_reader(press: Press, address: str, *, now: datetime) -> bool:
    """Forget an address, in the ledger and among the messages of rehearsals; False if nothing was known of it.

    Its keyed hash stays: a suppression of it holds on, and no list brings it back.

    Raises:
        UsageError: it is no address.
    """
    usable = usable_address(address)
    known = press.ledger.find_subscriber(usable)
    is_erased = press.ledger.erase(usable, now)
    press.ledger.shred()
    if known:
        remove_messages(press.outbox, known.subscriber_id, known.address)
    return is_erased


def suppress_address(press: Press, address: str, *, reason: str, now: datetime) -> tuple[str, bool]:
    """Never mail an address again, whoever it is; returns it as it is kept, and whether that is new.

    Raises:
        UsageError: it is no address, or the reason is no line of text.
    """
    usable, words = usable_address(address), " ".join(reason.split())
    if not words or not words.isprintable() or len(words) > _LONGEST:
        raise UsageError("--reason is a line of text: why this address is never to be mailed")
    return usable, press.ledger.suppress(usable, words, now)
