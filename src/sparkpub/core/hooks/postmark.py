"""Postmark: it signs nothing, so the webhook is known by a password that only Postmark was told.

SPARKPUB_HOOK_POSTMARK_SECRET is that password: of the address (`https://any:PASSWORD@…`, sent as Basic authentication),
or of a header X-Sparkpub-Secret that the webhook is set to send.
"""

import base64
import binascii
import hmac
from typing import Final

from sparkpub.core.bounces import Meaning
from sparkpub.core.hooks.request import HookRefused, HookRequest, addresses, document, event_name, table, text, words
from sparkpub.core.reports import Report, ReportKind, Voucher

HEADER: Final = "x-sparkpub-secret"
# https://postmarkapp.com/developer/api/bounce-api#bounce-types; the others say nothing about an address.
_BOUNCES: Final = {
    "HardBounce": Meaning.GONE,
    "BadEmailAddress": Meaning.GONE,
    "SoftBounce": Meaning.UNKNOWN,
    "DnsError": Meaning.TRANSIENT,
    "SpamNotification": Meaning.POLICY,
    "VirusNotification": Meaning.POLICY,
    "Blocked": Meaning.POLICY,
    "DMARCPolicy": Meaning.POLICY,
    "Unknown": Meaning.UNKNOWN,
}


def check(request: HookRequest, secret: str) -> None:
    """See that a request knows the password; the comparison takes the same time whatever it says.

    Raises:
        HookRefused: it does not.
    """
    given = request.headers.get(HEADER) or _password(request.headers.get("authorization", ""))
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode()):
        raise HookRefused("its password is wrong")


def _password(authorization: str) -> str:
    """The password of Basic authentication (RFC 7617), "" if there is none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def reports(request: HookRequest) -> tuple[Report, ...]:
    """What a checked event tells; nothing of other events, nor of what Postmark still tries."""
    given = table(document(request.body))
    facts = _facts(given)
    if facts is None:
        return ()
    kind, meaning = facts
    record = text(given.get("RecordType"))
    return (
        Report(
            kind=kind,
            voucher=Voucher.PROVIDER,
            meaning=meaning,
            addresses=addresses(given.get("Email"), given.get("Recipient")),
            words=words(given.get("Details")) or words(given.get("Description")) or words(record),
            mail=event_name("postmark", record, given.get("ID") or given.get("MessageID"), given.get("ChangedAt")),
        ),
    )


def _facts(given: object) -> tuple[ReportKind, Meaning] | None:
    """What an event is, None if it is nothing to us."""
    event = table(given)
    kind, record = text(event.get("Type")), text(event.get("RecordType"))
    if record == "SpamComplaint" or (record == "Bounce" and kind == "SpamComplaint"):
        return ReportKind.COMPLAINT, Meaning.NOTHING
    if record == "Bounce" and kind == "Unsubscribe":
        return ReportKind.LEFT, Meaning.NOTHING
    if record == "Bounce" and kind in _BOUNCES:
        return ReportKind.BOUNCE, _BOUNCES[kind]
    has_left = event.get("SuppressSending") is True and text(event.get("Origin")) == "Recipient"
    if record == "SubscriptionChange" and has_left and text(event.get("SuppressionReason")) == "ManualSuppression":
        return ReportKind.LEFT, Meaning.NOTHING
    return None
