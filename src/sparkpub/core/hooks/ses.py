"""Amazon SES, whose notifications come by Amazon SNS.

A message is signed with a certificate of SNS, which anybody can have used: everybody may have a topic of their own.
So the topic itself is what is trusted, and it must be named: SPARKPUB_HOOK_SES_SECRET holds its ARN, or several with
commas between them.
"""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qs, urlsplit

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
from sparkpub.core.reports import Report, ReportKind, Seals, Voucher

_HOST = re.compile(r"sns\.[a-z]{2}(?:-[a-z0-9]{1,16}){1,3}-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]{16,64}\.pem")
_ARN = re.compile(r"arn:aws[a-z-]{0,12}:sns:[a-z0-9-]{1,32}:[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
# Which fields are signed, in this order: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
# What a bounce's type and subtype say where the status code says less.
_SUBTYPES: Final = {
    "NoEmail": Meaning.GONE,
    "Suppressed": Meaning.GONE,
    "OnAccountSuppressionList": Meaning.GONE,
    "MailboxFull": Meaning.FULL,
    "MessageTooLarge": Meaning.POLICY,
    "ContentRejected": Meaning.POLICY,
    "AttachmentRejected": Meaning.POLICY,
}
_COMPLAINTS_IGNORED: Final = ("not-spam", "auth-failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnsMessage:
    """A message of SNS before its signature is checked; the addresses in it are SNS's own."""

    type: str
    topic: str
    message_id: str
    message: str = field(repr=False)
    certificate_url: str
    subscribe_url: str
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    version: str


def read(request: HookRequest, topics: str) -> SnsMessage:
    """The message in a request.

    Raises:
        HookRefused: it is none, is of another topic, or leads elsewhere than to SNS.
    """
    given = table(document(request.body))
    kind = text(given.get("Type"))
    if kind not in _SIGNED:
        raise HookRefused("it is no message of SNS")
    topic = text(given.get("TopicArn"))
    known = [name.strip() for name in topics.split(",") if _ARN.fullmatch(name.strip())]
    if not any(hmac.compare_digest(topic.encode("utf-8", "surrogatepass"), name.encode()) for name in known):
        raise HookRefused("its topic is not the one in SPARKPUB_HOOK_SES_SECRET")
    lines = [f"{name}\n{text(given[name])}\n" for name in _SIGNED[kind] if name in given]
    try:
        signature = base64.b64decode(text(given.get("Signature")), validate=True)
    except (binascii.Error, ValueError):
        raise HookRefused("its signature is none") from None
    found = SnsMessage(
        type=kind,
        topic=topic,
        message_id=text(given.get("MessageId")),
        message=text(given.get("Message")),
        certificate_url=text(given.get("SigningCertURL")),
        subscribe_url=text(given.get("SubscribeURL")),
        signed="".join(lines).encode("utf-8", "surrogatepass"),
        signature=signature,
        version=text(given.get("SignatureVersion")),
    )
    if not is_certificate_url(found.certificate_url):
        raise HookRefused("its certificate lies elsewhere than at SNS")
    return found


def is_certificate_url(url: str) -> bool:
    """Whether a URL is one of a certificate at SNS: https, its host, its port, nothing else in it."""
    return _is_at_sns(url) and bool(_CERTIFICATE.fullmatch(urlsplit(url).path)) and not urlsplit(url).query


def is_subscribe_url(url: str, topic: str) -> bool:
    """Whether a URL confirms the subscription to this topic at SNS."""
    if not _is_at_sns(url) or urlsplit(url).path not in ("", "/"):
        return False
    query = parse_qs(urlsplit(url).query)
    return query.get("Action") == ["ConfirmSubscription"] and query.get("TopicArn") == [topic]


def _is_at_sns(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and not any(c in url for c in " \\@#")
    return parts.scheme == "https" and port in (None, 443) and is_plain and bool(_HOST.fullmatch(parts.hostname or ""))


def verify(message: SnsMessage, certificate: bytes) -> None:
    """See that SNS signed a message.

    Raises:
        HookRefused: it did not.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificate

    digest = {"1": hashes.SHA1(), "2": hashes.SHA256()}.get(message.version)  # noqa: S303 - what version 1 signs with
    try:
        key = load_pem_x509_certificate(certificate).public_key()
    except ValueError:
        raise HookRefused("what lies at SNS is no certificate") from None
    if digest is None or not isinstance(key, RSAPublicKey):
        raise HookRefused("its signature is of a kind that is not known")
    try:
        key.verify(message.signature, message.signed, PKCS1v15(), digest)
    except InvalidSignature:
        raise HookRefused("its signature is wrong") from None


def reports(message: SnsMessage, seals: Seals) -> tuple[Report, ...]:
    """What a checked notification tells; nothing of other events."""
    if message.type != "Notification":
        return ()
    try:
        told = table(document(message.message))
    except HookRefused:
        return ()  # SNS's own words, to a new topic say
    kind = text(told.get("notificationType")) or text(told.get("eventType"))
    name = event_name("ses", message.message_id)
    sealed = seals.of_address(text(table(told.get("mail")).get("source")))
    found = {"Bounce": _bounces, "Complaint": _complaints}.get(kind)
    if found is None:
        return ()
    return tuple(
        replace(
            report,
            voucher=Voucher.PROVIDER,
            subscriber_id=sealed.subscriber_id if sealed else None,
            release_id=sealed.release_id if sealed else None,
            mail=name,
        )
        for report in found(told)
    )


def _bounces(told: object) -> list[Report]:
    bounce = table(table(told).get("bounce"))
    kind, subtype = text(bounce.get("bounceType")), text(bounce.get("bounceSubType"))
    return [_bounce(table(each), kind, subtype) for each in items(bounce.get("bouncedRecipients"))]


def _bounce(recipient: object, kind: str, subtype: str) -> Report:
    """One recipient; an answer by a program is called a bounce for now without any code."""
    given = table(recipient)
    status, said = text(given.get("status")), words(given.get("diagnosticCode"))
    if subtype in _SUBTYPES:
        meaning = _SUBTYPES[subtype]
    elif kind == "Permanent":
        meaning = meaning_of(status, said)
    elif kind == "Transient":
        meaning = Meaning.TRANSIENT if status or said else Meaning.NOTHING
    else:
        meaning = Meaning.UNKNOWN
    return Report(
        kind=ReportKind.IGNORED if meaning is Meaning.NOTHING else ReportKind.BOUNCE,
        meaning=meaning,
        addresses=addresses(given.get("emailAddress")),
        status=words(status)[:20],
        words=said or words(kind, subtype),
    )


def _complaints(told: object) -> list[Report]:
    complaint = table(table(told).get("complaint"))
    type_ = text(complaint.get("complaintFeedbackType"))
    kind = ReportKind.IGNORED if type_ in _COMPLAINTS_IGNORED else ReportKind.COMPLAINT
    return [
        Report(kind=kind, addresses=addresses(table(each).get("emailAddress")), words=words(type_ or "abuse"))
        for each in items(complaint.get("complainedRecipients"))
    ]
