"""Addresses with letters beyond ASCII before the @: mailed by a relay that knows them, refused by any other."""

import asyncio
import base64
import csv
import io
import json
import quopri
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.utils import parseaddr
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unicodedata import normalize

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from cli_runner import sparkpub
from sample_press import NOW, SETTINGS, open_sample, release, with_relay
from sample_reports import Sent, arf, exim_in_words, fields, notification, qmail, report_of
from smtp_sink import Sink, running
from sparkpub.adapters.config import load_settings
from sparkpub.adapters.dkim_key import read_signers
from sparkpub.adapters.inbox import single_message
from sparkpub.adapters.ledger import ReaderRow
from sparkpub.adapters.smtp import deliver
from sparkpub.core.addresses import address_key, is_address, named_address, parse_address
from sparkpub.core.bounces import Meaning
from sparkpub.core.hooks import HookRequest, sendgrid
from sparkpub.core.mail import compile_message
from sparkpub.core.mime import mailbox_field
from sparkpub.core.notices import notice
from sparkpub.core.outcomes import Fate
from sparkpub.core.records import Release, ReleaseState, SubscriberState
from sparkpub.core.reports import ReportKind, Voucher
from sparkpub.core.settings import DeliverySettings, DkimSettings, InboxSettings, WebSettings
from sparkpub.hearing import read_inbox
from sparkpub.mailroom import post_letters
from sparkpub.posting import post_letter
from sparkpub.press import Press
from sparkpub.readers.readership import erase_reader
from sparkpub.readers.subscribing import add_unconfirmed
from sparkpub.sending import retry_failed, send
from test_dkim import pem
from test_mail import HEAD, READER, edition
from test_smtp import Bag, OneLetter, post, route
from web_room import WebRoom

CHINESE, GERMAN, GREEK = "用户@xn--r8jz45g.example", "jürgen@example.org", "δοκιμή@xn--hxajbheg2az3al.example"
BEYOND = (CHINESE, GERMAN, GREEK)
KNOWING = ("PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8")
STEP_BY_STEP = ("SIZE 10000000", "8BITMIME", "SMTPUTF8")
PLAIN = ("PIPELINING", "SIZE 10000000", "8BITMIME")

# Addresses


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("用户@例え.example", CHINESE),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp"),
        (" jürgen@Example.ORG ", GERMAN),
        ("ju\u0308rgen@example.org", GERMAN),
        ("δοκιμή@παράδειγμα.example", GREEK),
        ("δοκιμή@παράδειγμα.δοκιμή", "δοκιμή@xn--hxajbheg2az3al.xn--jxalpdlp"),
        ("Ünïcödé+news.Ünï@Bücher.example", "Ünïcödé+news.Ünï@xn--bcher-kva.example"),
        ("\u212aelvin@example.org", "Kelvin@example.org"),
        ("é" * 32 + "@example.org", "é" * 32 + "@example.org"),
    ],
)
def test_letters_beyond_ascii_stay_in_their_normal_form(typed: str, address: str) -> None:
    assert parse_address(typed) == address
    assert is_address(address)


@pytest.mark.parametrize(
    "text",
    [
        *("ü\u202egro.elpmaxe@example.org", "ü\u200b@example.org", "ü\u2066@example.org", "ü\ufeff@example.org"),
        *("ü\x00@example.org", "ü\x85@example.org", "ü\u2028@example.org", "ü\u00a0b@example.org", "ü\n@example.org"),
        *("ü\u034f@example.org", "\u3164@example.org", "ü\ufe0f@example.org", "\U000e0101ü@example.org"),
        *("ü\ud800@example.org", "\ud83d\ude00@example.org", "a@\ud800.org", "ü\uffff@example.org"),
        *("\u0338a@example.org", "ü..b@example.org", ".ü@example.org", "ü.@example.org", "ü@example", "ü@-a.org"),
        *("ü@example.org>\r\nRCPT TO:<x@y.zz", '"ü"@example.org', "ü<@example.org", "ü @example.org", "ü＠example.org"),
        *("é" * 33 + "@example.org", "é@" + "a." * 125 + "or"),
    ],
)
def test_what_hides_or_breaks_something_is_no_address(text: str) -> None:
    assert not is_address(text)
    assert named_address(text) == ""
    with pytest.raises(ValueError, match=r"^it "):
        parse_address(text)


TRICKY = st.sampled_from("aZ9.+-ßſςσΣİıéẞǅ用\u0301\u0327\u200d\u202e")
letters = st.text(st.characters() | TRICKY, min_size=1, max_size=40)


@given(local=letters, domain=st.sampled_from(["example.org", "Bücher.example", "例え.jp", "x", "LOCALHOST"]))
def test_whatever_is_parsed_is_an_address_with_one_key(local: str, domain: str) -> None:
    try:
        address = parse_address(f"{local}@{domain}")
    except ValueError:
        return
    assert is_address(address)
    assert parse_address(address) == named_address(address) == address
    assert address.isprintable()
    assert address.count("@") == 1
    key = address_key(address)
    assert address_key(key) == key
    assert key.isascii() == address.isascii()
    assert named_address(f"{local}@{domain}") in ("", address, f"{local}@{domain}")
    if not address.isascii() and domain != "LOCALHOST":
        read = validate_email(address, check_deliverability=False, test_environment=True)
        assert (read.local_part, read.ascii_domain) == (local_of(address), address.rpartition("@")[2])


def local_of(address: str) -> str:
    return address.rpartition("@")[0]


@given(text=st.text(st.characters(codec="utf-8"), max_size=20))
def test_what_is_an_address_is_parsed_as_itself(text: str) -> None:
    for address in (text, f"{text}@example.org", f"ü{text}@example.org"):
        if is_address(address) and not address.isascii():
            assert parse_address(address) == address


@pytest.mark.parametrize(
    "spellings",
    [
        ("jürgen@example.org", "JÜRGEN@example.org", "ju\u0308rgen@Example.org", "Jürgen@EXAMPLE.ORG"),
        ("ΟΔΥΣΣΕΎΣ@example.org", "οδυσσεύς@example.org", "οδυσσεύσ@example.org"),
        ("ЖУК@example.org", "жук@example.org"),
    ],
)
def test_spellings_by_case_and_normal_form_are_one_reader(spellings: Sequence[str]) -> None:
    assert len({address_key(each) for each in spellings}) == 1
    assert len({address_key(parse_address(each)) for each in spellings}) == 1


@pytest.mark.parametrize("others", ["straße strasse", "ſam sam", "ıan ian", "ﬁn fin"])
def test_letters_that_only_look_alike_are_two_readers(others: str) -> None:
    one, other = (address_key(f"{local}@example.org") for local in others.split())
    assert one != other


def test_no_letter_beyond_ascii_becomes_one_within_it() -> None:
    for letter in filter(str.isprintable, map(chr, range(0x80, sys.maxunicode + 1))):
        address = normalize("NFC", f"x{letter}@example.org")
        assert address_key(address).isascii() == address.isascii(), ascii(letter)


# Messages


@pytest.mark.parametrize("name", ["", "Ada", "Ada, “the Countess” Ελλάς", "x" * 300, 'a "b" <c>'])
@pytest.mark.parametrize("address", BEYOND)
def test_the_address_stands_in_to_as_utf_8_and_nothing_else_does(name: str, address: str) -> None:
    message = compile_message(edition(subject="Ünïcödé"), head=HEAD).splice(replace(READER, name=name, address=address))
    head, _, body = message.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.isascii()]
    assert [line.decode().rpartition(" ")[2].strip("<>") for line in lines] == [address]
    assert body.isascii()
    told = message_from_bytes(message, policy=policy.SMTPUTF8)["To"]
    assert parseaddr(str(told))[1] == address
    plain = compile_message(edition(subject="Ünïcödé"), head=HEAD).splice(replace(READER, name=name))
    assert plain.isascii()


def test_a_sender_is_never_beyond_ascii(tmp_path: Path) -> None:
    assert mailbox_field("To", "", CHINESE).decode() == f"To: {CHINESE}\r\n"
    letters = Bag([OneLetter("ada@example.org", sender=GERMAN), OneLetter(CHINESE, sender=GERMAN)])
    with running(Sink(features=KNOWING)) as sink:
        post(sink, letters)
    assert sink.received == []
    assert {outcome.meaning for outcome in letters.outcomes.values()} == {Meaning.GONE}
    assert not list(tmp_path.iterdir())


def test_both_kinds_of_signature_hold(tmp_path: Path) -> None:
    for name, key in (("rsa", rsa.generate_private_key(65537, 2048)), ("ed", Ed25519PrivateKey.generate())):
        (tmp_path / name).write_bytes(pem(key))
        (tmp_path / name).chmod(0o600)
    own = DkimSettings(
        domain="press.example.org", selector="r", key_file="rsa", ed25519_selector="e", ed25519_key_file="ed"
    )
    records = {f"{each.selector}._domainkey.press.example.org.": each.record() for each in read_signers(tmp_path, own)}

    def is_signed(message: bytes, index: int) -> bool:
        try:
            return bool(dkim.DKIM(message).verify(index, dnsfunc=lambda name, **_: records[name.decode()].encode()))
        except dkim.DKIMException:
            return False

    with mailing(tmp_path, [CHINESE], dkim=own) as (press, _, sink):
        assert send(press, now=NOW).sent == 1
        (letter,) = sink.received
        assert [is_signed(letter.data, index) for index in (0, 1)] == [True, True]
        assert not is_signed(letter.data.replace("用户".encode(), "用戶".encode()), 0)


# The relay


@pytest.mark.parametrize("features", [KNOWING, STEP_BY_STEP], ids=["pipelined", "step by step"])
def test_a_relay_that_knows_such_letters_is_told_of_them_and_of_no_others(features: Sequence[str]) -> None:
    letters = Bag([OneLetter(each) for each in ("a@example.org", CHINESE, GERMAN, "b@example.org", GREEK)])
    with running(Sink(features=features)) as sink:
        post(sink, letters)
    assert {outcome.fate for outcome in letters.outcomes.values()} == {Fate.ACCEPTED}
    assert sink.connections == 1
    options = [each.sender.partition("> ")[2] for each in sink.received]
    size = f"SIZE={len(OneLetter('').data)}"
    assert options == [size, *[f"{size} BODY=8BITMIME SMTPUTF8"] * 2, size, f"{size} BODY=8BITMIME SMTPUTF8"]
    assert [each.recipient for each in sink.received][1:3] == [CHINESE, GERMAN]


def test_a_relay_that_forgot_8bitmime_is_not_asked_for_it() -> None:
    letters = Bag([OneLetter(CHINESE)])
    with running(Sink(features=("SMTPUTF8",))) as sink:
        post(sink, letters)
    assert [each.sender for each in sink.received] == ["FROM:<press@example.org> SMTPUTF8"]


@pytest.mark.parametrize("features", [PLAIN, ("SIZE 10000000",), ()], ids=["pipelined", "step by step", "bare"])
@pytest.mark.parametrize("place", range(4))
def test_a_relay_that_does_not_is_asked_for_all_the_others(features: Sequence[str], place: int) -> None:
    others = ["a@example.org", "b@example.org", "c@example.org"]
    letters = Bag([OneLetter(each) for each in (*others[:place], CHINESE, GERMAN, *others[place:])])
    with running(Sink(features=features)) as sink:
        post(sink, letters)
    assert [each.recipient for each in sink.received] == others
    assert sink.connections == 1
    assert not [said for said in sink.commands if said.startswith("RSET") or not said.isascii()]
    for address in (CHINESE, GERMAN):
        outcome = letters.outcomes[address]
        assert (outcome.fate, outcome.meaning, outcome.is_address_fault) == (Fate.REJECTED, Meaning.POLICY, False)
        assert outcome.code.startswith("5.6.7 127.0.0.1:")
        assert outcome.code.endswith("takes no letters beyond a to z before the @ (SMTPUTF8)")


def test_many_that_are_refused_in_a_row_let_the_loop_do_its_other_work() -> None:
    letters = Bag([OneLetter(f"ü{n}@example.org") for n in range(500)])
    seen: list[int] = []

    async def watch() -> None:
        while len(letters.outcomes) < 500:
            seen.append(len(letters.outcomes))
            await asyncio.sleep(0)

    async def both(sink: Sink) -> None:
        await asyncio.gather(deliver([route(sink)], letters, connections=1), watch())

    with running(Sink(features=PLAIN)) as sink:
        asyncio.run(both(sink))
    assert len(set(seen)) > 400


# A release


@contextmanager
def mailing(
    folder: Path,
    addresses: Sequence[str],
    *,
    features: Sequence[str] = KNOWING,
    dkim: DkimSettings | None = None,
    **delivery: object,
) -> Iterator[tuple[Press, Release, Sink]]:
    """A press with a release to these readers, and the relay it mails by."""
    with running(Sink(features=features)) as sink:
        inbox = InboxSettings(address="bounces@press.example.org")
        press = open_sample(folder, replace(with_relay(sink.port, **delivery), inbox=inbox, dkim=dkim), create=True)
        press.ledger.import_subscribers([ReaderRow(address=each, name="Ada") for each in addresses], NOW)
        yield press, release(press), sink
        press.ledger.close()


def test_readers_of_all_kinds_get_their_letters(tmp_path: Path) -> None:
    readers = [*BEYOND, "ada@example.org"]
    with mailing(tmp_path, readers) as (press, kept, sink):
        assert send(press, now=NOW).sent == 4
        assert sorted(each.recipient for each in sink.received) == sorted(readers)
        assert press.ledger.release(kept.release_id).state is ReleaseState.FINISHED
        for each in sink.received:
            assert f"\r\nTo: Ada <{each.recipient}>\r\n".encode() in each.data
            assert each.data.isascii() is each.recipient.isascii()


def test_a_relay_without_such_letters_costs_no_reader_and_stops_no_release(tmp_path: Path) -> None:
    beyond, plain = [f"ü{n}@example.org" for n in range(300)], [f"r{n}@example.org" for n in range(300)]
    settings: dict[str, Any] = {"stop_least": 10, "canary": "50", "canary_wait": "0s"}
    with mailing(tmp_path, [*beyond, *plain], features=PLAIN, **settings) as (press, kept, sink):
        report = send(press, now=NOW)
        assert (report.sent, report.failed, report.stopped) == (300, 300, "")
        assert press.ledger.release(kept.release_id).state is ReleaseState.FINISHED
        assert press.ledger.balance(kept.release_id).balances
        assert press.ledger.judged(kept.release_id).failed == 0
        assert not any(press.ledger.suppression(each) for each in beyond)
        assert press.ledger.score(beyond[0]).value == 0.0
        assert not [said for said in sink.commands if not said.isascii()]
        sink.features = KNOWING  # another relay
        assert retry_failed(press, press.ledger.release(kept.release_id), now=NOW) == 300
        assert send(press, now=NOW + timedelta(minutes=1)).sent == 300
        assert len({each.recipient for each in sink.received}) == len(sink.received) == 600


def test_a_canary_is_of_readers_whom_the_relay_can_write_to(tmp_path: Path) -> None:
    beyond, plain = [f"ü{n}@example.org" for n in range(30)], [f"r{n}@example.org" for n in range(30)]
    with mailing(tmp_path, [*beyond, *plain], features=PLAIN, canary="10", connections=1) as (press, kept, sink):
        assert [each.name for each in send(press, now=NOW).resting] == [kept.name]
        assert len(sink.received) == 10
        send(press, now=NOW + timedelta(hours=1))
        assert len(sink.received) == 30


def test_a_sandbox_takes_their_letters_by_any_relay(tmp_path: Path) -> None:
    with mailing(tmp_path, BEYOND, features=PLAIN, sandbox="me@example.net") as (press, _, sink):
        assert send(press, now=NOW).sent == 3
        assert {each.recipient for each in sink.received} == {"me@example.net"}
        assert all(each.data.isascii() for each in sink.received)
        letter = notice(press.publication.settings, to=CHINESE, subject="x", text="y", at=NOW)
        post_letter(press, letter, recipient=CHINESE, name="x", at=NOW)
        assert b"To: me@example.net\r\n" in sink.received[-1].data


def test_a_sandbox_may_itself_be_such_an_address(tmp_path: Path) -> None:
    with mailing(tmp_path, ["ada@example.org"], sandbox=GERMAN) as (press, _, sink):
        assert send(press, now=NOW).sent == 1
        assert sink.received[0].recipient == GERMAN


# What comes back


@pytest.mark.parametrize(
    "named",
    [
        "utf-8; 用户@例え.example",
        "utf-8;用户@xn--r8jz45g.example",
        r"utf-8; \x{7528}\x{6237}@xn--r8jz45g.example",
        r"UTF-8;\x{7528}\x{6237}@\x{4F8B}\x{3048}.example",
        "utf-8; 用户@例え.example <user@example.net>",
        "rfc822; 用户@例え.example",
    ],
)
@pytest.mark.parametrize("kind", ["message/delivery-status", "message/global-delivery-status"])
def test_a_bounce_names_its_reader_in_each_form(tmp_path: Path, named: str, kind: str) -> None:
    with mailing(tmp_path, [CHINESE, "user@example.net"]) as (press, kept, sink):
        send(press, now=NOW)
        letter = next(each for each in sink.received if each.recipient == CHINESE)
        said = (
            fields("ada@example.org").replace("rfc822; ada@example.org", named).replace("rfc822;ada@example.org", named)
        )
        assert named in said
        bounce = notification(letter.sender.partition("<")[2].partition(">")[0], "failed", said)
        bounce = bounce.replace("message/delivery-status", kind)
        assert read_inbox(press, single_message(io.BytesIO(bounce.encode())), now=NOW).gone == 1
        assert press.ledger.suppression(CHINESE)
        assert press.ledger.suppression("user@example.net") is None
        assert press.ledger.report_counts(kept.release_id).gone == 1


@pytest.mark.parametrize("name", ["base64", "quoted-printable"])
def test_a_report_that_was_encoded_on_its_way_is_read(name: str) -> None:
    encode: Callable[[bytes], bytes] = base64.encodebytes if name == "base64" else quopri.encodestring
    said = (
        f"Reporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: utf-8; {CHINESE}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    )
    head = Sent(address=CHINESE).head.encode()
    parts = (("global-delivery-status", said.encode()), ("global-headers", head))
    message = b'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
    for kind, part in parts:
        fields_ = f"--B\r\nContent-Type: message/{kind}\r\nContent-Transfer-Encoding: {name}\r\n\r\n"
        message += fields_.encode() + encode(part) + b"\r\n"
    report = report_of(message + b"--B--\r\n")
    assert (report.addresses, report.meaning) == ((CHINESE,), Meaning.GONE)
    assert (report.voucher, report.subscriber_id, report.release_name) == (Voucher.SEAL, 7, "hello/100")


@pytest.mark.parametrize("more", ["", "X: a\x0cfoo: b\n", "Subject: \x85é\x0b用\n"])
@pytest.mark.parametrize("name", ["base64", "quoted-printable"])
def test_a_letter_that_is_not_encoded_as_its_bounce_says_tells_whose_it_was(name: str, more: str) -> None:
    original = more + Sent(address=CHINESE).letter
    bounce = notification("editor@press.example.org", "failed", fields("x@example.org"), original=original)
    kind = "Content-Type: message/rfc822\n"
    assert bounce.count(kind) == 1
    report = report_of(bounce.replace(kind, f"{kind}Content-Transfer-Encoding: {name}\n"))
    assert (report.kind, report.meaning) == (ReportKind.BOUNCE, Meaning.GONE)
    assert (report.voucher, report.subscriber_id, report.release_name) == (Voucher.SEAL, 7, "hello/100")


@pytest.mark.parametrize("kind", ["message/rfc822", "message/global", "message/global-headers", "text/rfc822-headers"])
def test_the_letter_in_a_bounce_tells_whose_it_was(kind: str) -> None:
    original = Sent(address=CHINESE).letter
    bounce = notification("editor@press.example.org", "failed", fields("x@example.org"), original=original)
    assert "message/rfc822" in bounce or "text/rfc822-headers" in bounce
    bounce = bounce.replace("message/rfc822", kind).replace("text/rfc822-headers", kind)
    report = report_of(bounce)
    assert (report.voucher, report.subscriber_id, report.release_name) == (Voucher.SEAL, 7, "hello/100")


def test_words_of_servers_and_people_name_such_readers() -> None:
    for bounce in (exim_in_words, qmail):
        report = report_of(bounce(Sent(address="用户@例え.example")))
        assert (report.kind, report.subscriber_id) == (ReportKind.BOUNCE, 7)
    person = report_of("From: 用户 <用户@例え.example>\r\nSubject: отписаться, bitte\r\n\r\nhello\r\n")
    assert (person.kind, person.sender, person.wants_out) == (ReportKind.PERSON, CHINESE, True)
    assert person.subject == "отписаться, bitte"
    assert report_of(arf(Sent(address="用户@例え.example"))).addresses == (CHINESE,)
    left = f"From: 用户@例え.example\r\nSubject: unsubscribe {Sent().leave_token}\r\n\r\n"
    assert (report_of(left).kind, report_of(left).subscriber_id) == (ReportKind.LEFT, 7)


def test_a_provider_names_such_a_reader_in_any_form() -> None:
    def heard(address: object) -> tuple[str, ...]:
        body = json.dumps([{"event": "bounce", "email": address, "status": "5.1.1", "sg_event_id": "1"}]).encode()
        (report,) = sendgrid.reports(HookRequest(headers={}, body=body))
        return report.addresses

    assert heard("用户@例え.example") == heard(CHINESE) == (CHINESE,)
    assert heard("JU\u0308RGEN@Example.org") == ("JÜRGEN@example.org",)
    assert heard("Ada@Example.org") == ("Ada@Example.org",)
    assert heard("ü\u202e@example.org") == heard(5) == heard(None) == ()


# What people type


def test_a_reader_asks_confirms_and_leaves_by_the_web(web: WebRoom) -> None:
    assert web.ask("JU\u0308RGEN@Bücher.example") == HTTPStatus.OK
    address = "JÜRGEN@xn--bcher-kva.example"
    reader = web.reader("jürgen@xn--bcher-kva.example")
    assert reader.address == address
    assert [letter.reader.address for letter in web.letters()] == [address]
    assert web.client.post(web.confirm_path(reader)).status_code == HTTPStatus.OK
    assert web.reader(address).state is SubscriberState.ACTIVE
    assert web.ask("jürgen@bücher.example") == HTTPStatus.OK  # the same reader, not another
    assert web.client.post(web.leave_path(reader)).status_code == HTTPStatus.OK
    assert web.reader(address).state is SubscriberState.UNSUBSCRIBED
    page = web.client.post("/subscribe", data={"email": "ü\u202e@example.org"})
    assert page.status_code == HTTPStatus.BAD_REQUEST
    assert "This is not written like an email address" in page.text


def test_a_reader_types_the_address_in_any_spelling_to_be_erased(web: WebRoom) -> None:
    reader = web.add("Jürgen@xn--bcher-kva.example")
    path = web.preferences_path(reader)

    def erase(typed: str) -> int:
        return web.client.post(f"{path}/erase", data={"address": typed}).status_code

    export = web.client.post(f"{path}/export")
    assert json.loads(export.data)["email"] == reader.address
    assert erase("jurgen@bücher.example") == HTTPStatus.BAD_REQUEST
    assert erase("ju\u0308rgen@BÜCHER.example") == HTTPStatus.OK
    assert web.press.ledger.find_subscriber(reader.address) is None
    assert web.press.ledger.is_gone("JÜRGEN@xn--bcher-kva.example")


def test_letters_to_confirm_go_there_and_are_erased_with_their_reader(tmp_path: Path) -> None:
    settings = replace(
        SETTINGS, delivery=DeliverySettings(transport="maildir"), web=WebSettings(url="https://p.example.org")
    )
    press = open_sample(tmp_path, settings, create=True)
    add_unconfirmed(press, "Jürgen@example.org", name="", now=NOW)
    assert post_letters(press, now=NOW).sent == 1
    (letter,) = (tmp_path / "var" / "outbox" / "new").iterdir()
    assert "\nTo: Jürgen@example.org\n".encode() in letter.read_bytes()
    assert erase_reader(press, "JÜRGEN@example.org", now=NOW)
    assert not letter.exists()
    press.ledger.close()


def test_a_letter_to_confirm_that_the_relay_cannot_take_suppresses_nobody(tmp_path: Path) -> None:
    with running(Sink(features=PLAIN)) as sink:
        settings = replace(with_relay(sink.port), web=WebSettings(url="https://p.example.org"))
        press = open_sample(tmp_path, settings, create=True)
        add_unconfirmed(press, GERMAN, name="", now=NOW)
        assert post_letters(press, now=NOW).failed == 1
        assert press.ledger.suppression(GERMAN) is None
        sink.features = KNOWING
        add_unconfirmed(press, GERMAN, name="", now=NOW + timedelta(hours=1))
        assert post_letters(press, now=NOW + timedelta(hours=1)).sent == 1
        press.ledger.close()


def test_a_reader_is_added_shown_moved_and_erased(gazette: Path) -> None:
    def subscribers(*words: str) -> str:
        ran = sparkpub("subscribers", *words, cwd=gazette)
        assert ran.code == 0, ran.err
        return ran.out

    subscribers("add", "用户@例え.example", "--name", "用户", "--confirmed", "by post")
    assert json.loads(subscribers("show", "用户@例え.example", "--json"))["email"] == CHINESE
    subscribers("set", "用户@例え.example", "--tag", "x")
    assert CHINESE in subscribers("list")
    subscribers("move", "用户@例え.example", "ju\u0308rgen@example.org")
    assert json.loads(subscribers("show", "JÜRGEN@example.org", "--json"))["email"] == GERMAN
    assert sparkpub("why", "Jürgen@example.org", "--json", cwd=gazette).json["address"] == GERMAN
    subscribers("suppress", "JÜRGEN@example.org", "--reason", "asked by phone")
    assert json.loads(subscribers("show", GERMAN, "--json"))["suppressed"]
    subscribers("erase", "JU\u0308RGEN@example.org", "--yes")
    told = sparkpub("subscribers", "show", GERMAN, cwd=gazette)
    assert told.code == 2
    assert GERMAN.encode() not in (gazette / "var" / "ledger.db").read_bytes()


def test_a_list_goes_out_and_comes_in_as_it_was(gazette: Path, tmp_path: Path) -> None:
    rows = ["email,name,status"] + [
        f"{each},Ada,active" for each in ("用户@例え.example", "ju\u0308rgen@example.org", GREEK)
    ]
    (tmp_path / "in.csv").write_text("\n".join(rows), encoding="utf-8")
    assert sparkpub("subscribers", "import", str(tmp_path / "in.csv"), "--as", "active", cwd=gazette).code == 0
    first = sparkpub("subscribers", "export", cwd=gazette).out
    assert {row["email"] for row in csv.DictReader(io.StringIO(first))} == set(BEYOND)
    (tmp_path / "again.csv").write_text(first, encoding="utf-8")
    assert sparkpub("subscribers", "import", str(tmp_path / "again.csv"), cwd=gazette).code == 0
    assert sparkpub("subscribers", "export", cwd=gazette).out == first


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("publication.from", 'from = "The Press <jürgen@example.org>"'),
        ("publication.reply_to", 'reply_to = "jürgen@example.org"'),
        ("inbox.address", '[inbox]\naddress = "jürgen@example.org"'),
        ("inbox.unsubscribe_address", '[inbox]\nunsubscribe_address = "jürgen@example.org"'),
    ],
)
def test_a_sender_beyond_ascii_is_refused_with_place_and_cure(gazette: Path, place: str, line: str) -> None:
    path = gazette / "sparkpub.toml"
    text = path.read_text(encoding="utf-8")
    table, key = place.split(".")
    if table == "publication":
        kept = "\n".join(each for each in text.splitlines() if not each.startswith(f"{key} ="))
        text = kept.replace("[publication]", f"[publication]\n{line}", 1)
    else:
        text = f"{text}\n{line}\n"
    path.write_text(text, encoding="utf-8")
    ran = sparkpub("check", cwd=gazette)
    assert ran.code != 0
    assert f"{key}: 'jürgen@example.org' has letters beyond a to z before the @" in ran.err + ran.out
    assert "send from another address" in ran.err + ran.out
    assert (ran.err + ran.out).count("letters beyond") == 1


def test_whom_the_press_writes_to_may_have_any_address(gazette: Path) -> None:
    with (gazette / "sparkpub.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[alerts]\nto = "ju\u0308rgen@Bücher.example"\n[inbox]\naddress = "back@Bücher.example"\n')
    settings_ = load_settings(gazette)
    assert settings_.alerts.to == "jürgen@xn--bcher-kva.example"
    assert settings_.inbox.address == "back@xn--bcher-kva.example"
