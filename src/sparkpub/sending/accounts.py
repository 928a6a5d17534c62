"""Where everybody stands: the balance of each release, every doubt by name, one address's whole story."""

from typing import Any

from sparkpub.core.addresses import parse_address
from sparkpub.core.instants import instant_text
from sparkpub.core.records import Balance, DeliveryState, Release
from sparkpub.errors import UsageError
from sparkpub.press import Press


def find_release(press: Press, name: str) -> Release:
    """The release that `ISSUE/N` names.

    Raises:
        UsageError: there is none.
    """
    found = press.ledger.release_named(name)
    if found is not None:
        return press.ledger.release(found)
    raise UsageError(f"there is no release '{name}'; `sparkpub status` lists them, each as ISSUE/N")


def status_rows(press: Press, only: Release | None = None) -> list[dict[str, Any]]:
    """The balance of every release, or of one, as the rows of `status --json`, in the order of release."""
    known = [*press.ledger.releases(), *press.ledger.releases_without_text(), *press.ledger.digests()]
    return [
        _status_row(release, press.ledger.balance(release.release_id))
        for release in sorted(known, key=lambda release: (release.released_at, release.release_id))
        if only is None or release.release_id == only.release_id
    ]


def _status_row(release: Release, balance: Balance) -> dict[str, Any]:
    return {
        "release": release.name,
        "issue": release.issue_id,
        "number": release.number,
        "date": release.on.isoformat(),
        "released_at": instant_text(release.released_at),
        "state": release.state.value,
        "transport": release.transport,
        "eligible": balance.eligible,
        **{state.value: getattr(balance, state.value) for state in _COLUMNS},
    }


_COLUMNS = (
    DeliveryState.SENT,
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.DEFERRED,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
    DeliveryState.SUPPRESSED,
    DeliveryState.CANCELLED,
)


def doubt_rows(press: Press, release: Release) -> list[dict[str, Any]]:
    """Every delivery of a release whose end is unknown, by name, as the rows of `uncertain --json`."""
    return [
        {
            "address": row.address,
            "name": row.name,
            "at": row.at and instant_text(row.at),
            "why": row.code,
            "attempts": row.attempts,
        }
        for row in press.ledger.uncertain_deliveries(release.release_id)
    ]


def story(press: Press, address: str, only: Release | None = None) -> dict[str, Any]:
    """Everything that the press knows of an address, as the document of `why --json`.

    Raises:
        UsageError: it is no address, or the press knows nothing of it.
    """
    try:
        parsed = parse_address(address)
    except ValueError as fault:
        raise UsageError(f"{address}: {fault}; write it like name@example.org") from None
    ledger = press.ledger
    reader, suppression = ledger.find_subscriber(parsed), ledger.suppression(parsed)
    if reader is None and suppression is None and ledger.is_gone(parsed):
        raise UsageError(
            f"{parsed} has left; all that is kept of it is a keyed hash, so that no list brings it back; "
            "`sparkpub subscribers add` asks it anew"
        )
    if reader is None and suppression is None:
        raise UsageError(f"the press knows nothing of {parsed}; `sparkpub subscribers list` shows its readers")
    rows = ledger.deliveries_of(reader.subscriber_id) if reader else []
    return {
        "address": reader.address if reader else parsed,
        "name": reader.name if reader else "",
        "state": reader.state.value if reader else None,
        "evidence": reader.evidence if reader else "",
        "suppressed": suppression,
        "deliveries": [row.document() for row in rows if only is None or row.release_id == only.release_id],
        "reports": _past_rows(press, reader.subscriber_id) if reader else [],
        "gathered": ledger.gathered_of(reader.subscriber_id) if reader else [],
        "letters": _letter_rows(press, reader.subscriber_id) if reader else [],
    }


def _past_rows(press: Press, subscriber_id: int) -> list[dict[str, Any]]:
    """What came back of an address's messages, oldest first."""
    return [
        {
            "release": past.release or None,
            "kind": past.kind,
            "meaning": past.meaning,
            "status": past.status,
            "words": past.words,
            "at": instant_text(past.at),
        }
        for past in press.ledger.reports_of(subscriber_id)
    ]


def _letter_rows(press: Press, subscriber_id: int) -> list[dict[str, Any]]:
    """The letters in the story of an address; `at` of a deferred one is when it is tried again."""
    return [
        {"letter": kind.value, "state": state.value, "at": instant_text(at), "code": code}
        for kind, state, at, code in press.ledger.letters_of(subscriber_id)
    ]
