"""Readers: who asked, who confirmed, who left."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sparkpub.adapters.ledger import PastReport
from sparkpub.core.addresses import parse_address, plain_line
from sparkpub.core.instants import instant_text
from sparkpub.core.records import LetterKind, Subscriber, SubscriberState
from sparkpub.core.wishes import wish_lines
from sparkpub.errors import UsageError
from sparkpub.press import Press


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

    Of who is active already, what is on file stays, and the evidence is added to it.

    Raises:
        UsageError: the address or the name cannot be used, or no evidence is given.
    """
    if not evidence.strip():
        raise UsageError("--confirmed needs words: how and when this reader asked, for the day somebody wants to know")
    usable = usable_address(address)
    with press.ledger.transaction():
        known = press.ledger.find_subscriber(usable)
        if known is not None and known.state is SubscriberState.ACTIVE and known.evidence:
            is_on_file = f"; {plain_line(evidence)}; " in f"; {known.evidence}; "
            evidence = known.evidence if is_on_file else f"{known.evidence}; {evidence}"
        return _added(press, usable, name=_usable_name(name), state=SubscriberState.ACTIVE, evidence=evidence, now=now)


def add_unconfirmed(press: Press, address: str, *, name: str, now: datetime) -> Subscriber:
    """Add a reader who has still to confirm, and queue the letter that asks for it; the mailroom posts it.

    Who has left stays so until they confirm: what was typed for them is no wish of theirs.

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
    has_left = known is not None and known.state is SubscriberState.UNSUBSCRIBED
    state = SubscriberState.UNSUBSCRIBED if has_left else SubscriberState.UNCONFIRMED
    with press.ledger.transaction():
        reader = _added(press, usable, name=_usable_name(name), state=state, evidence="added by hand", now=now)
        press.ledger.queue_letter(LetterKind.CONFIRM, reader.subscriber_id, wished_at=now, at=now)
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
            changed = replace(known, name=name or known.name, state=state, evidence=evidence, asked_at=now)
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


def everything_about(press: Press, reader: Subscriber) -> dict[str, Any]:
    """All that the press has kept of a reader, as one document: what the law says a reader may have (GDPR, art. 15)."""
    ledger = press.ledger
    return {
        "email": reader.address,
        "name": reader.name,
        "status": reader.state.value,
        "suppressed": ledger.suppression(reader.address),
        "language": reader.language,
        "tags": list(reader.tags),
        "attributes": dict(reader.attributes),
        "wishes": list(wish_lines(reader.wishes)),
        "evidence": reader.evidence,
        "asked_at": reader.asked_at and instant_text(reader.asked_at),
        "deliveries": [row.document() for row in ledger.deliveries_of(reader.subscriber_id)],
        "reports": [_report(row) for row in ledger.reports_of(reader.subscriber_id)],
        "gathered": ledger.gathered_of(reader.subscriber_id),
        "letters": [
            {"kind": kind.value, "state": state.value, "at": instant_text(at), "code": code}
            for kind, state, at, code in ledger.letters_of(reader.subscriber_id)
        ],
    }


def _report(row: PastReport) -> dict[str, Any]:
    """What came back of one message, as a document."""
    words = {"kind": row.kind, "meaning": row.meaning, "status": row.status, "words": row.words}
    return {"release": row.release, **words, "at": instant_text(row.at)}
