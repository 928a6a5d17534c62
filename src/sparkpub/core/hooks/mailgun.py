"""Mailgun: each event carries a time, a token and their HMAC-SHA256 under the account's HTTP webhook signing key.

That key is SPARKPUB_HOOK_MAILGUN_SECRET. The signature does not cover the event, so a token is worth one event and no
more: the ledger knows an event by its token, and hears of no second one under it.
"""

import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

from sparkpub.core.bounces import Meaning, meaning_of
from sparkpub.core.hooks.request import HookRefused, HookRequest, addresses, document, event_name, table, text, words
from sparkpub.core.reports import Report, ReportKind, Seals, Voucher

FRESH: Final = timedelta(hours=12)
"""How old a signature may be; Mailgun goes on trying for eight hours."""
_AHEAD: Final = timedelta(minutes=5)
_TOKEN_MAX = 100


def check(request: HookRequest, key: str, *, now: datetime) -> None:
    """See that Mailgun signed a request, and lately.

    Raises:
        HookRefused: it did not.
    """
    given = table(table(document(request.body)).get("signature"))
    timestamp, token, signature = (text(given.get(name)) for name in ("timestamp", "token", "signature"))
    if not token or len(token) > _TOKEN_MAX or not timestamp.isdecimal() or len(timestamp) > 12:  # noqa: PLR2004
        raise HookRefused("it has no signature")
    expected = hmac.new(key.encode(), f"{timestamp}{token}".encode("utf-8", "surrogatepass"), "sha256").hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass")):
        raise HookRefused("its signature is wrong")
    try:
        age = now - datetime.fromtimestamp(int(timestamp), UTC)
    except (OverflowError, ValueError, OSError):
        raise HookRefused("its time is none") from None
    if not -_AHEAD <= age <= FRESH:
        raise HookRefused("its signature is old")


def reports(request: HookRequest, seals: Seals) -> tuple[Report, ...]:
    """What a checked event tells; nothing of other events, nor of what Mailgun still tries."""
    given = table(document(request.body))
    event = table(given.get("event-data"))
    facts = _facts(event)
    if facts is None:
        return ()
    kind, meaning = facts
    status = table(event.get("delivery-status"))
    sealed = seals.of_address(text(table(event.get("envelope")).get("sender")))
    return (
        Report(
            kind=kind,
            voucher=Voucher.PROVIDER,
            meaning=meaning,
            subscriber_id=sealed.subscriber_id if sealed else None,
            release_id=sealed.release_id if sealed else None,
            addresses=addresses(event.get("recipient")),
            status=words(status.get("enhanced-code"))[:20],
            words=words(status.get("message")) or words(status.get("description")) or words(event.get("event")),
            mail=event_name("mailgun", table(given.get("signature")).get("token")),
        ),
    )


def _facts(event: object) -> tuple[ReportKind, Meaning] | None:
    """What an event is, None if it is nothing to us."""
    given = table(event)
    match text(given.get("event")), text(given.get("severity")), text(given.get("reason")):
        case ("complained", _, _) | ("failed", "permanent", "suppress-complaint"):
            return ReportKind.COMPLAINT, Meaning.NOTHING
        case ("unsubscribed", _, _) | ("failed", "permanent", "suppress-unsubscribe"):
            return ReportKind.LEFT, Meaning.NOTHING
        case ("failed", "permanent", "suppress-bounce"):
            return ReportKind.BOUNCE, Meaning.GONE
        case ("failed", "permanent", "old"):
            return ReportKind.BOUNCE, Meaning.TRANSIENT
        case ("failed", "permanent", _):
            status = table(given.get("delivery-status"))
            said = words(status.get("message"), status.get("description"))
            return ReportKind.BOUNCE, meaning_of(text(status.get("enhanced-code")), said)
    return None
