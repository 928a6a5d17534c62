"""SendGrid: the signed event webhook, ECDSA on P-256 over the time and the body.

SPARKPUB_HOOK_SENDGRID_SECRET is the verification key that SendGrid shows, a public key in base64. An old request may be
sent again by whoever saw it: the ledger knows each event by its number, so that it changes nothing.
"""

import base64
import binascii
from typing import Final

from sparkpub.core.bounces import Meaning, meaning_of
from sparkpub.core.hooks.request import (
    HookRefused,
    HookRequest,
    addresses,
    document,
    event_name,
    items,
    table,
    text,
    words,
)
from sparkpub.core.reports import Report, ReportKind, Voucher

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
_SIMPLE: Final = {
    "spamreport": (ReportKind.COMPLAINT, Meaning.NOTHING),
    "unsubscribe": (ReportKind.LEFT, Meaning.NOTHING),
    "group_unsubscribe": (ReportKind.LEFT, Meaning.NOTHING),
}
# Why SendGrid did not even try.
_DROPPED: Final = {
    "bounced address": (ReportKind.BOUNCE, Meaning.GONE),
    "invalid": (ReportKind.BOUNCE, Meaning.GONE),
    "spam reporting address": (ReportKind.COMPLAINT, Meaning.NOTHING),
    "unsubscribed address": (ReportKind.LEFT, Meaning.NOTHING),
}


def check(request: HookRequest, key: str) -> None:
    """See that SendGrid signed a request.

    Raises:
        HookRefused: it did not; or the key is none.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(base64.b64decode(key))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise HookRefused("SPARKPUB_HOOK_SENDGRID_SECRET is no verification key") from None
    if not isinstance(public, EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise HookRefused("SPARKPUB_HOOK_SENDGRID_SECRET is no key on the curve P-256")
    signed = request.headers.get(TIMESTAMP, "").encode("utf-8", "surrogatepass") + request.body
    try:
        signature = base64.b64decode(request.headers.get(SIGNATURE, ""), validate=True)
        public.verify(signature, signed, ECDSA(hashes.SHA256()))
    except (binascii.Error, ValueError, InvalidSignature):
        raise HookRefused("its signature is wrong") from None


def reports(request: HookRequest) -> tuple[Report, ...]:
    """What the checked events of a request tell; nothing of other events."""
    found = []
    for each in items(document(request.body)):
        event = table(each)
        if facts := _facts(event):
            kind, meaning = facts
            found.append(
                Report(
                    kind=kind,
                    voucher=Voucher.PROVIDER,
                    meaning=meaning,
                    addresses=addresses(event.get("email")),
                    status=words(event.get("status"))[:20],
                    words=words(event.get("reason")) or words(event.get("event")),
                    mail=event_name("sendgrid", event.get("sg_event_id")),
                )
            )
    return tuple(found)


def _facts(given: object) -> tuple[ReportKind, Meaning] | None:
    """What an event is, None if it is nothing to us."""
    event = table(given)
    kind = text(event.get("event"))
    if kind == "dropped":
        return _DROPPED.get(text(event.get("reason")).lower())
    if kind == "bounce":
        is_block = text(event.get("type")) == "blocked"
        meaning = Meaning.POLICY if is_block else meaning_of(text(event.get("status")), words(event.get("reason")))
        return ReportKind.BOUNCE, meaning
    return _SIMPLE.get(kind)
