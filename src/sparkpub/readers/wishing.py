"""What readers do for themselves: ask, confirm, leave, say what they want, be forgotten.

    the web face ──▶ ask ──▶ letter ──▶ the reader's mailbox ──▶ confirm ──▶ active
                     leave, change, forget: by links that only their mailbox has

Each function runs inside the transaction of whoever calls it, and says what came of it as a value: what a stranger
is told never depends on whether an address is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from sparkpub.adapters.spool import Leaving, Spool
from sparkpub.core.consent import CONFIRM_WITHIN, Asker, asked_words, caps, confirmed_words, mailbox, usable_name
from sparkpub.core.records import LetterKind, Subscriber, SubscriberState
from sparkpub.core.tokens import Tokens
from sparkpub.core.wishes import Wishes
from sparkpub.press import Press


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A form that somebody filled in; `address` was parsed. `net` is their network, `wording` what they read."""

    address: str
    name: str = ""
    language: str = ""
    form: str = ""
    wording: str = ""
    net: str = ""


class Asked(Enum):
    """What came of asking: a letter may be on its way, or too many ask."""

    ANSWERED = auto()
    TOO_MANY = auto()


class Confirmed(Enum):
    """What came of a link to confirm."""

    ACTIVE = auto()
    BEFORE = auto()
    EXPIRED = auto()
    UNKNOWN = auto()


def ask(press: Press, form: Ask, *, now: datetime) -> Asked:
    """Have a letter sent to an address that somebody typed, as far as it is not too many.

    Known or not, suppressed or not: the answer is the same, and so is what is written.
    """
    if is_over(press, Asker.NETWORK, form.net, now) or is_over(press, Asker.ALL, "", now):
        return Asked.TOO_MANY
    is_asked_often = is_over(press, Asker.ADDRESS, mailbox(form.address), now)
    values = ((Asker.ADDRESS, mailbox(form.address)), (Asker.NETWORK, form.net), (Asker.ALL, ""))
    press.ledger.note_asks([_mark(press, asker, value) for asker, value in values if value or asker is Asker.ALL], now)
    if not is_asked_often and press.ledger.suppression(form.address) is None:
        _note_wish(press, form, now)
    return Asked.ANSWERED


def is_over(press: Press, asker: Asker, value: str, now: datetime) -> bool:
    """Whether whoever this is asked as often as they may."""
    if not value and asker is not Asker.ALL:
        return False
    mark = _mark(press, asker, value)
    return any(
        press.ledger.count_asks(mark, since=now - cap.within) >= cap.count
        for cap in caps(press.publication.settings.web.asks_per_hour)
        if cap.asker is asker
    )


def _mark(press: Press, asker: Asker, value: str) -> str:
    """What asks are noted under: nobody's address or network, but a keyed hash of it."""
    return f"{asker} {press.ledger.mark(value)}" if value else asker.value


def _note_wish(press: Press, form: Ask, now: datetime) -> None:
    """Note a new wish and queue the letter that goes with it. Whoever has left stays so until they confirm."""
    ledger = press.ledger
    evidence = asked_words(at=now, form=form.form, wording=form.wording, net=form.net)
    known = ledger.find_subscriber(form.address)
    if known is not None and known.state is SubscriberState.ACTIVE:
        ledger.queue_letter(LetterKind.KNOWN, known.subscriber_id, wished_at=now, at=now)
        return
    if known is None:
        ledger.add_subscriber(
            form.address,
            name=usable_name(form.name),
            state=SubscriberState.UNCONFIRMED,
            language=form.language,
            evidence=evidence,
            at=now,
        )
        known = ledger.find_subscriber(form.address)
    else:
        name, language = usable_name(form.name) or known.name, form.language or known.language
        ledger.set_subscriber(replace(known, name=name, language=language, evidence=evidence, asked_at=now), at=now)
    if known is not None:
        ledger.queue_letter(LetterKind.CONFIRM, known.subscriber_id, wished_at=now, at=now)
        ledger.record(now, "asked", f"reader {ledger.mark(form.address)}", evidence)


def confirmation_of(press: Press, token: str, *, now: datetime) -> tuple[Confirmed, Subscriber | None]:
    """What a link to confirm is good for now, and whose it is. It is looked at only."""
    found = Tokens(press.key).read_wish(token)
    reader = press.ledger.subscriber(found[0]) if found else None
    if found is None or reader is None or reader.asked_at is None:
        return Confirmed.UNKNOWN, None
    wished_at = found[1]
    if reader.state is SubscriberState.ACTIVE:
        return Confirmed.BEFORE, reader
    # Who has left is in again by a wish made since, and by no older link; leaving is a wish of its own.
    is_standing = wished_at == reader.asked_at or reader.state is SubscriberState.UNCONFIRMED
    if not is_standing or now - wished_at > CONFIRM_WITHIN:
        return Confirmed.EXPIRED, reader
    return Confirmed.ACTIVE, reader


def confirm(press: Press, token: str, *, net: str, now: datetime) -> tuple[Confirmed, Subscriber | None]:
    """Make whoever holds a good link to confirm a reader, once, and have them welcomed.

    Returns what came of it, and whose link it is.
    """
    state, reader = confirmation_of(press, token, now=now)
    if state is not Confirmed.ACTIVE or reader is None or reader.asked_at is None:
        return state, reader
    words = confirmed_words(at=now, net=net)
    ledger = press.ledger
    active = replace(reader, state=SubscriberState.ACTIVE, evidence=f"{reader.evidence}; {words}")
    ledger.set_subscriber(active, at=now)
    ledger.record(now, "confirmed", f"reader {ledger.mark(reader.address)}", words)
    if press.publication.settings.web.welcome:
        ledger.queue_letter(LetterKind.WELCOME, reader.subscriber_id, wished_at=reader.asked_at, at=now)
    return Confirmed.ACTIVE, active


def leave(press: Press, subscriber_id: int, *, now: datetime) -> Subscriber | None:
    """Let a reader go, and return who it was; who has left already, or is forgotten, stays so."""
    reader = press.ledger.subscriber(subscriber_id)
    if reader is not None:
        press.ledger.part_with(reader, now)
    return reader


def absorb(press: Press) -> int:
    """Let those go who left while the ledger could not be written; returns how many that were.

    Raises:
        LedgerError: it still cannot be.
        BusyError: it still cannot be.
    """

    def take(entries: Sequence[Leaving]) -> None:
        with press.ledger.transaction():
            for entry in entries:
                reader = press.ledger.subscriber(entry.subscriber_id)
                if reader is not None and not _has_asked_since(reader, entry.at):
                    press.ledger.part_with(reader, entry.at)

    return spool_of(press).absorb(take)


def _has_asked_since(reader: Subscriber, left_at: datetime) -> bool:
    """Whether a reader changed their mind after they left."""
    return reader.state is SubscriberState.ACTIVE and reader.asked_at is not None and reader.asked_at > left_at


def spool_of(press: Press) -> Spool:
    """Where wishes to leave wait that could not be written."""
    return Spool(press.state / "spool.jsonl")


def change(press: Press, subscriber_id: int, *, name: str, language: str, wishes: Wishes, now: datetime) -> None:
    """Put what a reader says of themselves, and wants, in place of what was known."""
    reader = press.ledger.subscriber(subscriber_id)
    if reader is None:
        return
    changed = replace(reader, name=usable_name(name), language=language, wishes=wishes)
    if changed != reader:
        press.ledger.set_subscriber(changed, at=now)
        press.ledger.record(now, "changed", f"reader {press.ledger.mark(reader.address)}", "by the reader")


def forget(press: Press, subscriber_id: int, *, now: datetime) -> None:
    """Forget a reader who asked for it; that they are never to be mailed again stays, as a keyed hash."""
    reader = press.ledger.subscriber(subscriber_id)
    if reader is not None:
        press.ledger.erase(reader.address, now)
