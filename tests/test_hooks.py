"""Webhooks: who speaks is checked before anything is heard, and each provider's words become the same reports."""

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from press_room import PressRoom, instant
from sample_reports import SEALS, Sent
from smtp_sink import client_context, server_context
from sparkpub.adapters.sns import Sns
from sparkpub.core.bounces import Meaning
from sparkpub.core.hooks import HookRefused, HookRequest, mailgun, postmark, secret_name, sendgrid, ses
from sparkpub.core.records import SubscriberState
from sparkpub.core.reports import Report, ReportKind, Seals, Voucher
from sparkpub.core.tokens import Tokens
from sparkpub.errors import BusyError, TransportError
from sparkpub.hearing import hear
from sparkpub.web.hooks import hooks_blueprint

NOW = datetime(2017, 9, 5, 12, tzinfo=UTC)
SENT = Sent()
ADA = SENT.address
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
SUBSCRIBE_URL = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
MAILGUN_KEY = "key-of-the-account"
PASSWORD = "a long password"


def certificate(key: rsa.RSAPrivateKey = RSA_KEY) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=datetime(2017, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2027, 1, 1, tzinfo=UTC),
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


# Each provider's requests, signed as it signs them.


def sns(message: object, *, kind: str = "Notification", version: str = "2", **changed: str) -> HookRequest:
    """A message of SNS; what is `changed` is changed before it is signed."""
    given = {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2017-09-05T11:59:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
    }
    if kind == "Notification":
        given["Subject"] = "Amazon SES Email Event Notification"
    else:
        given |= {"SubscribeURL": SUBSCRIBE_URL, "Token": "abc"}
    given |= changed
    order = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")
    signed = "".join(f"{name}\n{given[name]}\n" for name in order if name in given)
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 - what version 1 is
    signature = RSA_KEY.sign(signed.encode(), PKCS1v15(), digest)
    return HookRequest(
        headers={}, body=json.dumps({**given, "Signature": base64.b64encode(signature).decode()}).encode()
    )


def ses_bounce(
    kind: str = "Permanent", subtype: str = "General", *, source: str = "", **recipient: str
) -> dict[str, Any]:
    given = {"emailAddress": ADA, "action": "failed", **recipient}
    return {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": subtype,
            "bouncedRecipients": [given],
            "timestamp": "2017-09-05T11:58:00.000Z",
            "feedbackId": "0102015e-1",
            "reportingMTA": "dns; mx.example.net",
        },
        "mail": {
            "timestamp": "2017-09-04T07:00:00.000Z",
            "source": source or "editor@press.example.org",
            "destination": [ADA],
        },
    }


def ses_complaint(type_: str = "abuse", *, source: str = "") -> dict[str, Any]:
    return {
        "notificationType": "Complaint",
        "complaint": {"complainedRecipients": [{"emailAddress": ADA}], "complaintFeedbackType": type_},
        "mail": {"source": source},
    }


def mailgun_event(
    event: dict[str, Any], *, at: datetime = NOW, token: str = "a" * 50, key: str = MAILGUN_KEY
) -> HookRequest:
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    body = {"signature": {"timestamp": timestamp, "token": token, "signature": signature}, "event-data": event}
    return HookRequest(headers={}, body=json.dumps(body).encode())


def mailgun_failed(severity: str = "permanent", reason: str = "bounce", **status: object) -> dict[str, Any]:
    return {
        "event": "failed",
        "severity": severity,
        "reason": reason,
        "recipient": ADA,
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "envelope": {"sender": SENT.return_address, "transport": "smtp"},
        "delivery-status": {"attempt-no": 1, "code": 550, **status},
    }


def postmark_event(event: dict[str, Any], *, password: str = PASSWORD) -> HookRequest:
    basic = base64.b64encode(f"postmark:{password}".encode()).decode()
    return HookRequest(headers={"authorization": f"Basic {basic}"}, body=json.dumps(event).encode())


def postmark_bounce(kind: str) -> dict[str, Any]:
    details = "smtp;550 5.1.1 The email account does not exist."
    return {"RecordType": "Bounce", "Type": kind, "TypeCode": 1, "ID": 42, "Email": ADA, "Details": details}


def sendgrid_events(*events: dict[str, Any], key: ec.EllipticCurvePrivateKey = EC_KEY) -> HookRequest:
    body = json.dumps(events).encode()
    signature = key.sign(b"1504612800" + body, ec.ECDSA(hashes.SHA256()))
    headers = {sendgrid.SIGNATURE: base64.b64encode(signature).decode(), sendgrid.TIMESTAMP: "1504612800"}
    return HookRequest(headers=headers, body=body)


def sendgrid_bounce(**more: str) -> dict[str, Any]:
    return {
        "email": ADA,
        "event": "bounce",
        "type": "bounce",
        "sg_event_id": "6g4ZI7SA",
        "timestamp": 1504612800,
        **more,
    }


def sendgrid_key(key: ec.EllipticCurvePrivateKey = EC_KEY) -> str:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


SECRETS = {"ses": TOPIC, "mailgun": MAILGUN_KEY, "postmark": PASSWORD, "sendgrid": sendgrid_key()}


# What the events mean.


def told_by_ses(message: object) -> tuple[Report, ...]:
    return ses.reports(ses.read(sns(message), TOPIC), SEALS)


@pytest.mark.parametrize(
    ("message", "kind", "meaning"),
    [
        (ses_bounce(status="5.1.1", diagnosticCode="smtp; 550 5.1.1 user unknown"), ReportKind.BOUNCE, Meaning.GONE),
        (ses_bounce(subtype="NoEmail"), ReportKind.BOUNCE, Meaning.GONE),
        (ses_bounce(subtype="Suppressed"), ReportKind.BOUNCE, Meaning.GONE),
        (ses_bounce(status="5.7.1", diagnosticCode="smtp; 554 blocked"), ReportKind.BOUNCE, Meaning.POLICY),
        (ses_bounce("Transient", "MailboxFull", status="5.2.2"), ReportKind.BOUNCE, Meaning.FULL),
        (ses_bounce("Transient", "ContentRejected"), ReportKind.BOUNCE, Meaning.POLICY),
        (ses_bounce("Transient", "General", status="4.4.7"), ReportKind.BOUNCE, Meaning.TRANSIENT),
        (ses_bounce("Transient", "General"), ReportKind.IGNORED, Meaning.NOTHING),
        (ses_bounce("Undetermined", "Undetermined"), ReportKind.BOUNCE, Meaning.UNKNOWN),
        (ses_complaint(), ReportKind.COMPLAINT, Meaning.NOTHING),
        (ses_complaint(""), ReportKind.COMPLAINT, Meaning.NOTHING),
        (ses_complaint("not-spam"), ReportKind.IGNORED, Meaning.NOTHING),
    ],
)
def test_what_ses_tells(message: object, kind: ReportKind, meaning: Meaning) -> None:
    (report,) = told_by_ses(message)
    assert (report.kind, report.meaning, report.addresses) == (kind, meaning, (ADA,))
    assert report.voucher is Voucher.PROVIDER
    assert report.mail == "ses 22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"


def test_ses_knows_the_delivery_by_the_signed_sender() -> None:
    (report,) = told_by_ses(ses_complaint(source=SENT.return_address))
    assert (report.release_id, report.subscriber_id) == (SENT.release_id, SENT.subscriber_id)


def test_ses_tells_of_several_recipients_and_of_events_published_otherwise() -> None:
    message = ses_bounce(status="5.1.1")
    message["bounce"]["bouncedRecipients"].append({"emailAddress": "bob@example.net", "status": "5.1.1"})
    message["eventType"] = message.pop("notificationType")
    assert [report.addresses for report in told_by_ses(message)] == [(ADA,), ("bob@example.net",)]


@pytest.mark.parametrize(
    "message", [{"notificationType": "Delivery"}, {"eventType": "Open"}, "Successfully validated", [], 7]
)
def test_of_what_else_ses_tells_nothing_is_heard(message: object) -> None:
    assert told_by_ses(message) == ()


@pytest.mark.parametrize(
    ("event", "kind", "meaning"),
    [
        (mailgun_failed(**{"enhanced-code": "5.1.1", "message": "no such user"}), ReportKind.BOUNCE, Meaning.GONE),
        (mailgun_failed(message="550 5.0.0 user unknown"), ReportKind.BOUNCE, Meaning.GONE),
        (mailgun_failed(**{"enhanced-code": "5.7.1", "message": "spam"}), ReportKind.BOUNCE, Meaning.POLICY),
        (mailgun_failed(reason="suppress-bounce"), ReportKind.BOUNCE, Meaning.GONE),
        (mailgun_failed(reason="suppress-complaint"), ReportKind.COMPLAINT, Meaning.NOTHING),
        (mailgun_failed(reason="suppress-unsubscribe"), ReportKind.LEFT, Meaning.NOTHING),
        (mailgun_failed(reason="old"), ReportKind.BOUNCE, Meaning.TRANSIENT),
        ({"event": "complained", "recipient": ADA}, ReportKind.COMPLAINT, Meaning.NOTHING),
        ({"event": "unsubscribed", "recipient": ADA}, ReportKind.LEFT, Meaning.NOTHING),
    ],
)
def test_what_mailgun_tells(event: dict[str, Any], kind: ReportKind, meaning: Meaning) -> None:
    (report,) = mailgun.reports(mailgun_event(event), SEALS)
    assert (report.kind, report.meaning, report.addresses) == (kind, meaning, (ADA,))
    if "envelope" in event:
        assert (report.release_id, report.subscriber_id) == (SENT.release_id, SENT.subscriber_id)


@pytest.mark.parametrize(
    "event", [{"event": "delivered"}, {"event": "opened"}, mailgun_failed("temporary"), {}, {"event": 3}]
)
def test_of_what_else_mailgun_tells_nothing_is_heard(event: dict[str, Any]) -> None:
    assert mailgun.reports(mailgun_event(event), SEALS) == ()


@pytest.mark.parametrize(
    ("event", "kind", "meaning"),
    [
        (postmark_bounce("HardBounce"), ReportKind.BOUNCE, Meaning.GONE),
        (postmark_bounce("SoftBounce"), ReportKind.BOUNCE, Meaning.UNKNOWN),
        (postmark_bounce("DnsError"), ReportKind.BOUNCE, Meaning.TRANSIENT),
        (postmark_bounce("SpamNotification"), ReportKind.BOUNCE, Meaning.POLICY),
        (postmark_bounce("Unsubscribe"), ReportKind.LEFT, Meaning.NOTHING),
        ({"RecordType": "SpamComplaint", "ID": 43, "Email": ADA}, ReportKind.COMPLAINT, Meaning.NOTHING),
        (
            {
                "RecordType": "SubscriptionChange",
                "Recipient": ADA,
                "Origin": "Recipient",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
                "ChangedAt": "2017-09-05T10:53:34Z",
            },
            ReportKind.LEFT,
            Meaning.NOTHING,
        ),
    ],
)
def test_what_postmark_tells(event: dict[str, Any], kind: ReportKind, meaning: Meaning) -> None:
    (report,) = postmark.reports(postmark_event(event))
    assert (report.kind, report.meaning, report.addresses) == (kind, meaning, (ADA,))
    assert report.mail.startswith("postmark ")


@pytest.mark.parametrize(
    "event",
    [
        postmark_bounce("AutoResponder"),
        postmark_bounce("Transient"),
        {"RecordType": "Open"},
        {"RecordType": "SubscriptionChange", "Recipient": ADA, "SuppressSending": False},
        {},
    ],
)
def test_of_what_else_postmark_tells_nothing_is_heard(event: dict[str, Any]) -> None:
    assert postmark.reports(postmark_event(event)) == ()


@pytest.mark.parametrize(
    ("event", "kind", "meaning"),
    [
        (sendgrid_bounce(status="5.1.1", reason="550 5.1.1 no such user"), ReportKind.BOUNCE, Meaning.GONE),
        (sendgrid_bounce(status="5.2.2", reason="full"), ReportKind.BOUNCE, Meaning.FULL),
        (sendgrid_bounce(type="blocked", status="5.0.0", reason="user unknown"), ReportKind.BOUNCE, Meaning.POLICY),
        (sendgrid_bounce(event="dropped", reason="Bounced Address"), ReportKind.BOUNCE, Meaning.GONE),
        (sendgrid_bounce(event="dropped", reason="Spam Reporting Address"), ReportKind.COMPLAINT, Meaning.NOTHING),
        (sendgrid_bounce(event="dropped", reason="Unsubscribed Address"), ReportKind.LEFT, Meaning.NOTHING),
        (sendgrid_bounce(event="spamreport"), ReportKind.COMPLAINT, Meaning.NOTHING),
        (sendgrid_bounce(event="group_unsubscribe"), ReportKind.LEFT, Meaning.NOTHING),
    ],
)
def test_what_sendgrid_tells(event: dict[str, Any], kind: ReportKind, meaning: Meaning) -> None:
    (report,) = sendgrid.reports(sendgrid_events(event))
    assert (report.kind, report.meaning, report.addresses) == (kind, meaning, (ADA,))
    assert report.mail == "sendgrid 6g4ZI7SA"


def test_of_what_else_sendgrid_tells_nothing_is_heard() -> None:
    others = [sendgrid_bounce(event=name) for name in ("processed", "deferred", "delivered", "open", "click", "new")]
    assert sendgrid.reports(sendgrid_events(*others, sendgrid_bounce(event="dropped", reason="Something"))) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.just(ADA),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        *ses_bounce()["bounce"],
        *ses_bounce(),
        *mailgun_failed(),
        *postmark_bounce(""),
        *sendgrid_bounce(),
        "complaint",
        "status",
    ]
)


@given(st.dictionaries(KEYS, JSON, max_size=8))
def test_any_json_is_read_without_an_exception(event: dict[str, Any]) -> None:
    for kind in ("Bounce", "Complaint", ""):
        told_by_ses({**event, "notificationType": kind})
    mailgun.reports(mailgun_event({**event, "event": "failed", "severity": "permanent"}), SEALS)
    postmark.reports(postmark_event({**event, "RecordType": "Bounce", "Type": "HardBounce"}))
    for report in sendgrid.reports(sendgrid_events({**event, "event": "bounce"})):
        assert report.words.isprintable()


# Who speaks.


def checks(provider: str) -> Callable[[HookRequest], object]:
    """A provider's check, with its own secret."""
    return {
        "ses": lambda request: ses.verify(ses.read(request, TOPIC), certificate()),
        "mailgun": lambda request: mailgun.check(request, MAILGUN_KEY, now=NOW),
        "postmark": lambda request: postmark.check(request, PASSWORD),
        "sendgrid": lambda request: sendgrid.check(request, SECRETS["sendgrid"]),
    }[provider]


GOOD = {
    "ses": sns(ses_bounce(status="5.1.1")),
    "mailgun": mailgun_event(mailgun_failed(reason="suppress-bounce")),
    "postmark": postmark_event(postmark_bounce("HardBounce")),
    "sendgrid": sendgrid_events(sendgrid_bounce(status="5.1.1")),
}
every = pytest.mark.parametrize("provider", GOOD)


@every
def test_what_the_provider_signed_is_taken(provider: str) -> None:
    checks(provider)(GOOD[provider])


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_signatures_of_sns_are_known(version: str) -> None:
    checks("ses")(sns(ses_bounce(), version=version))
    checks("ses")(sns("…", kind="SubscriptionConfirmation", version=version))


@pytest.mark.parametrize("provider", ["ses", "mailgun", "sendgrid"])
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", b"[" * 100_000, b"\xff", b'{"signature": 3}', b'{"Type": []}']
)
def test_what_is_no_event_is_refused(provider: str, body: bytes) -> None:
    with pytest.raises(HookRefused):
        checks(provider)(HookRequest(headers=GOOD[provider].headers, body=body))


def altered(request: HookRequest, **changed: Any) -> HookRequest:
    """The same request with other fields under its old signature."""
    return HookRequest(headers=request.headers, body=json.dumps({**json.loads(request.body), **changed}).encode())


REFUSED: dict[str, tuple[str, HookRequest]] = {
    "ses: another message": ("ses", altered(GOOD["ses"], Message=json.dumps(ses_complaint()))),
    "ses: another subject": ("ses", altered(GOOD["ses"], Subject="x")),
    "ses: no signature": ("ses", altered(GOOD["ses"], Signature="")),
    "ses: a signature that is none": ("ses", altered(GOOD["ses"], Signature="*")),
    "ses: a version that is none": ("ses", altered(GOOD["ses"], SignatureVersion="3")),
    "ses: a stranger's topic, well signed": ("ses", sns(ses_bounce(), TopicArn=TOPIC.replace("bounces", "strangers"))),
    "ses: another kind": ("ses", altered(GOOD["ses"], Type="Something")),
    "mailgun: another key": ("mailgun", mailgun_event({}, key="guessed")),
    "mailgun: an old one": ("mailgun", mailgun_event({}, at=NOW - mailgun.FRESH - timedelta(seconds=1))),
    "mailgun: of tomorrow": ("mailgun", mailgun_event({}, at=NOW + timedelta(hours=1))),
    "mailgun: no token": ("mailgun", mailgun_event({}, token="")),
    "mailgun: no time": (
        "mailgun",
        altered(GOOD["mailgun"], signature={"timestamp": "9" * 12, "token": "a", "signature": ""}),
    ),
    "postmark: another password": ("postmark", postmark_event({}, password="guessed")),
    "postmark: none": ("postmark", HookRequest(headers={}, body=b"{}")),
    "postmark: not basic": ("postmark", HookRequest(headers={"authorization": f"Bearer {PASSWORD}"}, body=b"{}")),
    "postmark: nonsense": ("postmark", HookRequest(headers={"authorization": "Basic \xff*"}, body=b"{}")),
    "sendgrid: another key": ("sendgrid", sendgrid_events({}, key=ec.generate_private_key(ec.SECP256R1()))),
    "sendgrid: another body": ("sendgrid", HookRequest(headers=GOOD["sendgrid"].headers, body=b"[]")),
    "sendgrid: another time": (
        "sendgrid",
        HookRequest(headers={**GOOD["sendgrid"].headers, sendgrid.TIMESTAMP: "1"}, body=GOOD["sendgrid"].body),
    ),
    "sendgrid: none": ("sendgrid", HookRequest(headers={}, body=b"[]")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_anybody_else_wrote_is_refused(name: str) -> None:
    provider, request = REFUSED[name]
    with pytest.raises(HookRefused):
        checks(provider)(request)


def test_a_certificate_that_is_none_or_of_another_kind_is_refused() -> None:
    message = ses.read(GOOD["ses"], TOPIC)
    with pytest.raises(HookRefused, match="no certificate"):
        ses.verify(message, b"<html>")
    with pytest.raises(HookRefused, match="wrong"):
        ses.verify(message, certificate(rsa.generate_private_key(public_exponent=65537, key_size=2048)))


@pytest.mark.parametrize("key", ["", "nonsense", sendgrid_key(ec.generate_private_key(ec.SECP384R1()))])
def test_a_secret_that_is_no_key_of_sendgrid_lets_nobody_in(key: str) -> None:
    with pytest.raises(HookRefused, match="SPARKPUB_HOOK_SENDGRID_SECRET"):
        sendgrid.check(GOOD["sendgrid"], key)


def test_a_postmark_password_may_come_in_a_header_of_its_own() -> None:
    postmark.check(HookRequest(headers={postmark.HEADER: PASSWORD}, body=b"{}"), PASSWORD)


@pytest.mark.parametrize("topics", ["", "*", "bounces", "arn:aws:sns:eu-west-1:123456789012:other"])
def test_a_topic_that_is_not_named_is_refused(topics: str) -> None:
    with pytest.raises(HookRefused, match="topic"):
        ses.read(GOOD["ses"], topics)
    assert ses.read(GOOD["ses"], f"arn:aws:sns:us-east-1:123456789012:x, {TOPIC}").topic == TOPIC


# Where SNS may lead us.

ELSEWHERE = [
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
    "https://evil.example#@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com:x/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com\\@evil.example/SimpleNotificationService-0123456789abcdef.pem",
    "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://evil.sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns..amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://127.0.0.1/SimpleNotificationService-0123456789abcdef.pem",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem?x=1",
    "https://sns.eu-west-1.amazonaws.com/other.pem",
    "https://sns.eu-west-1.amazonaws.com/a/../SimpleNotificationService-0123456789abcdef.pem",
    "https://ѕns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "file:///etc/passwd",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_certificate_that_lies_elsewhere_is_never_asked_for(url: str) -> None:
    assert not ses.is_certificate_url(url)
    with pytest.raises(HookRefused, match="elsewhere"):
        ses.read(sns(ses_bounce(), SigningCertURL=url), TOPIC)


def test_certificates_lie_at_sns() -> None:
    assert ses.is_certificate_url(CERTIFICATE_URL)
    assert ses.is_certificate_url(CERTIFICATE_URL.replace("eu-west-1", "us-gov-east-1"))
    assert ses.is_certificate_url(CERTIFICATE_URL.replace("eu-west-1.amazonaws.com", "cn-north-1.amazonaws.com.cn"))


@pytest.mark.parametrize(
    "url",
    [
        *ELSEWHERE,
        SUBSCRIBE_URL.replace("ConfirmSubscription", "Unsubscribe"),
        SUBSCRIBE_URL.replace("bounces", "strangers"),
        SUBSCRIBE_URL + "&Action=Publish",
        SUBSCRIBE_URL.replace("/?", "/x?"),
    ],
)
def test_only_the_subscription_to_our_topic_is_confirmed(url: str) -> None:
    assert not ses.is_subscribe_url(url, TOPIC)
    assert ses.is_subscribe_url(SUBSCRIBE_URL, TOPIC)


# The whole way, by HTTP.


@dataclass
class Amazon:
    """SNS on loopback: what it answers, and what it was asked."""

    status: int = 200
    body: bytes = field(default_factory=certificate)
    location: str = ""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def connect(self, host: str) -> http.client.HTTPConnection:
        self.asked.append(host)
        return http.client.HTTPSConnection("localhost", self.port, timeout=5, context=client_context())


@contextmanager
def amazon(**given: Any) -> Iterator[Amazon]:
    state = Amazon(**given)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            self.send_response(state.status)
            if state.location:
                self.send_header("Location", state.location)
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *args: object) -> None:
            del args

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = server_context().wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(
    hear: Callable[[tuple[Report, ...]], None], *, sns: Sns | None = None, seals: Seals = SEALS, **secrets: str
) -> FlaskClient:
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=65_536)
    app.register_blueprint(
        hooks_blueprint(hear, seals=seals, secrets=secrets or SECRETS, now=lambda: NOW, sns=sns or Sns(_nowhere))
    )
    return app.test_client()


def _nowhere(host: str) -> http.client.HTTPConnection:
    raise AssertionError(f"{host} was asked")


def post(client: FlaskClient, provider: str, request: HookRequest) -> TestResponse:
    return client.post(f"/hooks/{provider}", data=request.body, headers=dict(request.headers))


def test_what_providers_tell_is_heard_by_the_press(room: PressRoom) -> None:
    release = room.release("a", 100, at="2017-09-04 07:00")
    room.send("2017-09-04 07:00")

    def told(reports: tuple[Report, ...]) -> None:
        hear(room.press, reports, now=instant("2017-09-05"))

    with amazon() as aws:
        web = client(told, sns=Sns(aws.connect), seals=Seals(Tokens(room.press.key)))
        bounce = ses_bounce(status="5.1.1", emailAddress="Ada@example.org")
        assert post(web, "ses", sns(bounce)).status_code == 200
        assert post(web, "ses", sns(bounce)).status_code == 200
    complaint = {"event": "complained", "recipient": "grace@example.org"}
    assert post(web, "mailgun", mailgun_event(complaint)).status_code == 200
    left = {**postmark_bounce("Unsubscribe"), "Email": "zoe@example.org"}
    assert post(web, "postmark", postmark_event(left)).status_code == 200
    assert post(web, "sendgrid", GOOD["sendgrid"]).status_code == 200
    ledger = room.press.ledger
    assert ledger.suppression("ada@example.org") == "bounced: Permanent General"
    assert ledger.suppression("grace@example.org") == "complained: complained"
    zoe = ledger.find_subscriber("zoe@example.org")
    assert zoe is not None
    assert zoe.state is SubscriberState.UNSUBSCRIBED
    assert ledger.suppression(ADA) is None
    counts = ledger.report_counts(release.release_id)
    assert (counts.gone, counts.complained, counts.left) == (1, 1, 1)


def test_a_token_of_mailgun_is_worth_one_event(room: PressRoom) -> None:
    def told(reports: tuple[Report, ...]) -> None:
        hear(room.press, reports, now=instant("2017-09-05"))

    web = client(told)
    for recipient in ("ada@example.org", "grace@example.org"):
        event = mailgun_event({"event": "complained", "recipient": recipient})
        assert post(web, "mailgun", event).status_code == 200
    assert room.press.ledger.suppression("ada@example.org")
    assert room.press.ledger.suppression("grace@example.org") is None


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_nothing_and_nothing_is_heard(name: str) -> None:
    provider, request = REFUSED[name]
    heard: list[object] = []
    with amazon() as aws:
        answer = post(client(heard.append, sns=Sns(aws.connect)), provider, request)
    assert (answer.status_code, answer.text) == (403, "Forbidden\n")
    assert heard == []


def test_a_provider_without_a_secret_is_not_there() -> None:
    heard: list[object] = []
    web = client(heard.append, postmark=PASSWORD)
    assert post(web, "mailgun", GOOD["mailgun"]).status_code == 404
    assert post(web, "nobody", GOOD["mailgun"]).status_code == 404
    assert web.get("/hooks/postmark").status_code == 405
    assert post(web, "postmark", GOOD["postmark"]).status_code == 200
    assert len(heard) == 1
    assert secret_name("postmark") == "SPARKPUB_HOOK_POSTMARK_SECRET"


def test_what_cannot_be_heard_now_is_sent_again_later() -> None:
    def told(reports: tuple[Report, ...]) -> None:
        del reports
        raise BusyError("the ledger is locked")

    assert post(client(told), "postmark", GOOD["postmark"]).status_code == 503


def test_events_that_change_nothing_are_taken_and_not_heard() -> None:
    heard: list[object] = []
    assert post(client(heard.append), "postmark", postmark_event({"RecordType": "Open"})).status_code == 200
    assert heard == []


def test_a_body_may_be_as_long_as_a_provider_makes_it_and_no_longer() -> None:
    heard: list[object] = []
    many = sendgrid_events(*[sendgrid_bounce(sg_event_id=str(n)) for n in range(2000)])
    assert len(many.body) > 100_000
    assert post(client(heard.append), "sendgrid", many).status_code == 200
    big = HookRequest(headers=GOOD["postmark"].headers, body=b" " * 2_000_001)
    assert post(client(heard.append), "postmark", big).status_code == 413


def test_a_subscription_to_our_topic_is_confirmed_once_it_is_signed() -> None:
    heard: list[object] = []
    with amazon() as aws:
        web = client(heard.append, sns=Sns(aws.connect))
        assert post(web, "ses", sns("Confirm it", kind="SubscriptionConfirmation")).status_code == 200
        assert any("ConfirmSubscription" in path for path in aws.asked)
        aws.asked.clear()
        elsewhere = sns("Confirm it", kind="SubscriptionConfirmation", SubscribeURL="https://169.254.169.254/")
        assert post(web, "ses", elsewhere).status_code == 403
        assert aws.asked == []
    assert heard == []


def test_a_certificate_is_asked_for_once_and_redirects_lead_nowhere() -> None:
    with amazon() as aws:
        asker = Sns(aws.connect)
        assert asker.certificate(CERTIFICATE_URL) == asker.certificate(CERTIFICATE_URL) == aws.body
        assert aws.asked == [
            "sns.eu-west-1.amazonaws.com",
            "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
        ]
    with amazon(status=302, location="https://169.254.169.254/") as aws, pytest.raises(TransportError, match="302"):
        Sns(aws.connect).certificate(CERTIFICATE_URL)
    assert len(aws.asked) == 2
    with amazon(body=b"x" * 50_000) as aws, pytest.raises(TransportError, match="20001 bytes"):
        Sns(aws.connect).certificate(CERTIFICATE_URL)
    with pytest.raises(TransportError, match="cannot be asked"):
        Sns(aws.connect).certificate(CERTIFICATE_URL)


def test_sns_that_cannot_be_asked_now_is_told_to_send_again() -> None:
    heard: list[object] = []
    with amazon(status=500) as aws:
        assert post(client(heard.append, sns=Sns(aws.connect)), "ses", GOOD["ses"]).status_code == 503
    assert heard == []


def test_sns_is_trusted_by_its_certificate_alone() -> None:
    with amazon() as aws:

        def untrusting(host: str) -> http.client.HTTPConnection:
            del host
            return http.client.HTTPSConnection("localhost", aws.port, timeout=5, context=ssl.create_default_context())

        with pytest.raises(TransportError, match="SSLCertVerificationError"):
            Sns(untrusting).certificate(CERTIFICATE_URL)
