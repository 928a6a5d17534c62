"""Reports: what servers, mailboxes and people write back, and what nobody can make us believe."""

import random
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sample_reports import (
    GONE,
    INBOX,
    TO_LEAVE,
    Sent,
    arf,
    fields,
    multipart,
    notification,
    outlook_complaint,
    outlook_full,
    person,
    postfix,
    qmail,
    read,
    report_of,
    text,
    vacation,
    wish,
    yahoo_in_words,
)
from sparkpub.core.bounces import Meaning
from sparkpub.core.reports import ReportKind, Voucher
from sparkpub.core.reports.mime import SIZE_MAX
from sparkpub.core.tokens import Purpose, Tokens

SENT = Sent()
FORGED = Sent(tokens=Tokens("another key"))

by_server = pytest.mark.parametrize("server", GONE, ids=lambda server: server.__name__)


@by_server
def test_the_address_that_we_signed_tells_which_delivery_bounced(server: Callable[[Sent], str]) -> None:
    report = report_of(server(SENT))
    assert (report.kind, report.meaning, report.voucher) == (ReportKind.BOUNCE, Meaning.GONE, Voucher.SEAL)
    assert (report.release_id, report.subscriber_id) == (SENT.release_id, SENT.subscriber_id)
    assert report.addresses == (SENT.address,)
    assert report.words


@by_server
def test_a_forged_bounce_is_nobodys_word(server: Callable[[Sent], str]) -> None:
    for report in read(server(FORGED)):
        assert report.voucher is Voucher.NOBODY
        assert (report.release_id, report.subscriber_id) == (None, None)


def test_a_signed_address_is_worth_nothing_for_another_reader() -> None:
    other = SENT.return_address.replace("-7-", "-8-")
    assert (
        report_of(postfix(SENT).replace(SENT.return_address, other).replace(SENT.leave_token, "")).voucher
        is Voucher.NOBODY
    )


def unsigned(data: str) -> str:
    """The same where the bounce came to the plain address, as from a server that drops what follows the plus."""
    return data.replace(SENT.return_address, INBOX)


def test_without_the_signed_address_the_returned_letter_tells_the_reader_and_the_release() -> None:
    report = report_of(unsigned(postfix(SENT)))
    assert (report.voucher, report.subscriber_id) == (Voucher.SEAL, SENT.subscriber_id)
    assert (report.release_id, report.release_name) == (None, SENT.release)


def test_a_release_that_the_message_id_does_not_prove_is_not_believed() -> None:
    report = report_of(unsigned(postfix(SENT)).replace("hello.100:", "hello.101:"))
    assert (report.subscriber_id, report.release_name) == (SENT.subscriber_id, "")


def test_a_bounce_that_quotes_the_letters_of_two_readers_is_nobodys_word() -> None:
    other = replace(SENT, subscriber_id=8)
    both = unsigned(notification(INBOX, "failed", fields(SENT.address), original=SENT.letter + other.letter))
    assert report_of(both).voucher is Voucher.NOBODY


def test_the_envelope_counts_where_no_header_names_it() -> None:
    bare = notification(INBOX, "failed", fields(SENT.address))
    assert report_of(bare).voucher is Voucher.NOBODY
    assert report_of(bare, to=SENT.return_address).subscriber_id == SENT.subscriber_id


def test_a_full_mailbox_is_no_missing_one() -> None:
    report = report_of(outlook_full(SENT))
    assert (report.meaning, report.status) == (Meaning.FULL, "5.2.2")


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_what_may_still_arrive_is_no_bounce(action: str) -> None:
    data = notification(SENT.return_address, "…", fields(SENT.address, status="4.4.1", action=action))
    assert report_of(data).kind is ReportKind.IGNORED


@pytest.mark.parametrize("action", ["failed (nobody there)", "error", "Failed"])
def test_what_servers_write_for_failed_is_read(action: str) -> None:
    assert (
        report_of(notification(SENT.return_address, "…", fields(SENT.address, action=action))).meaning is Meaning.GONE
    )


def test_several_recipients_in_one_are_each_told_where_nobody_vouches() -> None:
    status = fields("a@example.net") + "\n" + fields("b@example.net", status="5.2.2").partition("\n\n")[2]
    found = read(notification(INBOX, "…", status))
    assert [(report.addresses, report.meaning) for report in found] == [
        (("a@example.net",), Meaning.GONE),
        (("b@example.net",), Meaning.FULL),
    ]


def test_several_recipients_of_one_letter_of_ours_are_one_bounce_the_worst() -> None:
    status = fields("a@example.net", status="5.2.2") + "\n" + fields("b@example.net").partition("\n\n")[2]
    report = report_of(notification(SENT.return_address, "…", status))
    assert (report.meaning, report.addresses) == (Meaning.GONE, ("b@example.net",))


def test_original_and_final_recipient_are_both_kept() -> None:
    status = fields("ada@forwarded.example", more="Original-Recipient: rfc822;ada@example.net")
    assert report_of(notification(SENT.return_address, "…", status)).addresses == (
        "ada@example.net",
        "ada@forwarded.example",
    )


def test_a_notification_in_utf8_is_read() -> None:
    data = (
        postfix(SENT).replace("message/delivery-status", "message/global-delivery-status").replace("rfc822;", "utf-8;")
    )
    assert report_of(data).meaning is Meaning.GONE


@pytest.mark.parametrize(
    "words",
    [
        "This is a warning message only. You do not need to resend your message.",
        "Your message is delayed, we are still trying.",
    ],
)
def test_a_warning_in_words_is_no_bounce(words: str) -> None:
    said = yahoo_in_words(SENT).partition("\n\n")[0] + f"\n\n{words}\n"
    assert report_of(said).kind is ReportKind.IGNORED


def test_a_server_that_says_nothing_one_can_read_is_still_a_bounce() -> None:
    said = yahoo_in_words(SENT).partition("\n\n")[0] + "\n\nIt failed, and that is all I know.\n"
    assert (report_of(said).kind, report_of(said).meaning) == (ReportKind.BOUNCE, Meaning.UNKNOWN)


def test_blame_of_us_in_a_bounce_costs_no_address() -> None:
    status = fields(SENT.address, status="5.7.1", diagnostic="550 5.7.1 blocked by reputation")
    assert report_of(notification(SENT.return_address, "…", status)).meaning is Meaning.POLICY


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("abuse", ReportKind.COMPLAINT),
        ("fraud", ReportKind.COMPLAINT),
        ("virus", ReportKind.COMPLAINT),
        ("opt-out", ReportKind.LEFT),
        ("not-spam", ReportKind.IGNORED),
        ("auth-failure", ReportKind.IGNORED),
        ("something-new", ReportKind.IGNORED),
    ],
)
def test_each_type_of_complaint_means_what_its_registry_says(type_: str, kind: ReportKind) -> None:
    report = report_of(arf(SENT, type_=type_))
    assert (report.kind, report.voucher, report.subscriber_id) == (kind, Voucher.SEAL, SENT.subscriber_id)


def test_a_complaint_tells_its_release_by_the_return_address_too() -> None:
    report = report_of(arf(SENT, mail_from=SENT.return_address, original=""))
    assert (report.release_id, report.subscriber_id) == (SENT.release_id, SENT.subscriber_id)


def test_a_complaint_without_our_letter_is_nobodys_word() -> None:
    report = report_of(arf(SENT, original=""))
    assert (report.kind, report.voucher, report.addresses) == (ReportKind.COMPLAINT, Voucher.NOBODY, (SENT.address,))
    assert report_of(arf(FORGED)).voucher is Voucher.NOBODY


def test_a_complaint_of_outlook_has_no_form_and_is_read() -> None:
    report = report_of(outlook_complaint(SENT))
    assert (report.kind, report.subscriber_id) == (ReportKind.COMPLAINT, SENT.subscriber_id)


@pytest.mark.parametrize("form", ["{}", "Re: {}", "{} ", "UNSUBSCRIBE {}"])
def test_a_wish_to_leave_is_read_from_its_subject(form: str) -> None:
    subject = form.format(SENT.leave_token if "UNSUB" in form else f"unsubscribe {SENT.leave_token}")
    report = report_of(wish(SENT, subject))
    assert (report.kind, report.voucher, report.subscriber_id) == (ReportKind.LEFT, Voucher.SEAL, SENT.subscriber_id)


def test_a_long_subject_that_was_folded_or_encoded_is_read() -> None:
    folded = wish(SENT, f"unsubscribe\n {SENT.leave_token}")
    assert report_of(folded).kind is ReportKind.LEFT
    encoded = wish(SENT, f"=?utf-8?q?unsubscribe_{SENT.leave_token.replace('_', '=5F')}?=")
    assert report_of(encoded).kind is ReportKind.LEFT


@pytest.mark.parametrize(
    "token",
    [
        FORGED.leave_token,
        SENT.leave_token[:-1],
        SENT.tokens.sign(Purpose.CONFIRM, SENT.subscriber_id),
        "8" + SENT.leave_token[1:],
        "",
    ],
)
def test_a_token_that_we_never_signed_for_leaving_lets_nobody_go(token: str) -> None:
    assert report_of(wish(SENT, f"unsubscribe {token}")).kind is ReportKind.PERSON


def test_what_a_person_writes_is_for_a_person_whatever_its_from_says() -> None:
    report = report_of(person())
    assert (report.kind, report.voucher, report.subscriber_id) == (ReportKind.PERSON, Voucher.NOBODY, None)
    assert (report.sender, report.subject) == ("ada@example.net", "Your letter")
    assert report.wants_out
    assert report.is_to_leave


def test_a_letter_that_only_quotes_our_own_does_not_speak_of_leaving() -> None:
    quoted = "Lovely piece!\n\n> To unsubscribe, follow this link.\n"
    assert not report_of(person(body=quoted)).wants_out
    assert not report_of(person(to=INBOX)).is_to_leave


def test_a_persons_reply_that_quotes_our_link_lets_nobody_go() -> None:
    body = f"Please unsubscribe me\n\n> https://press.example.org/u/{SENT.leave_token}\n"
    assert report_of(person(body=body)).kind is ReportKind.PERSON


def letter(*head: str, body: str = "Away.", to: str = SENT.return_address) -> str:
    """What Ada's program sends to the return address of our letter."""
    return "\n".join([f"From: Ada <{SENT.address}>", f"To: {to}", *head, "", body, ""])


AUTOMATIC = {
    "vacation": vacation(SENT),
    "no header but the subject": letter("Subject: Automatic reply: A piece"),
    "X-Autoreply": letter("Subject: Hi", "X-Autoreply: yes"),
    "empty sender": letter("Subject: Hi", "Return-Path: <>"),
    "a list": letter("Subject: Hi", "List-Id: <a.example.net>", to=INBOX),
    "a receipt": multipart(
        "disposition-notification", [("text/plain", "read")], head=f"From: a@b.example\nTo: {INBOX}"
    ),
}


@pytest.mark.parametrize("name", AUTOMATIC)
def test_answers_of_programs_change_nothing(name: str) -> None:
    assert report_of(AUTOMATIC[name]).kind is ReportKind.IGNORED


def test_a_postmaster_who_is_away_is_no_bounce() -> None:
    data = letter("Subject: Away", "Auto-Submitted: auto-replied").replace("Ada <ada@", "<postmaster@")
    assert report_of(data).kind is ReportKind.IGNORED


# Hostile bytes.

PIECES = st.sampled_from(
    [
        *[server(SENT) for server in GONE],
        arf(SENT),
        wish(SENT),
        person(),
        "\n--=_edge\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n",
        "Content-Type: message/rfc822\n\n",
        "Content-Transfer-Encoding: base64\n",
        "Content-Type: text/plain; charset*0*=nothing'x'%zz; charset*1=b\n",
        "Subject: =?utf-8?b?////?= =?nothing?q?x?=\n",
        "Status: 5.1.1.1.1.1\n",
        f"To: {SENT.return_address}, <<<>>>, =?x?=\n",
    ]
)


@given(parts=st.lists(st.one_of(st.binary(max_size=200), PIECES.map(str.encode)), max_size=8))
@example(parts=[b"Content-Type: text/plain; a*0*=x; a*=y; a*1=z\n\n"])
@example(parts=[b"\xff\xfe\x00" * 50])
def test_any_bytes_are_read_without_an_exception(parts: list[bytes]) -> None:
    found = read(b"".join(parts))
    assert found
    for report in found:
        assert len(report.words) <= 200
        assert len(report.subject) <= 200
        assert report.words.isprintable()


@given(seed=st.randoms(use_true_random=False), server=st.sampled_from([*GONE, arf]))
def test_a_report_with_bytes_changed_never_names_another_reader(seed: object, server: Callable[[Sent], str]) -> None:
    data = bytearray(server(SENT).encode())
    for _ in range(10):
        data[seed.randrange(len(data))] = seed.randrange(256)  # type: ignore[attr-defined]
    for report in read(bytes(data)):
        assert report.subscriber_id in (None, SENT.subscriber_id)


@pytest.mark.soak
def test_a_hundred_thousand_broken_messages_are_read_and_name_nobody_else() -> None:
    whole = [server(SENT).encode() for server in GONE] + [data.encode() for data in (arf(SENT), wish(SENT), person())]
    chance = random.Random(time.time_ns())
    for _ in range(100_000):
        data = bytearray(
            b"".join(chance.choice(whole)[: chance.randrange(20, 4000)] for _ in range(chance.randrange(1, 4)))
        )
        for _ in range(chance.randrange(12)):
            place, length = chance.randrange(len(data)), chance.randrange(20)
            data[place : place + chance.randrange(2) * length] = chance.randbytes(chance.randrange(2) * length)
            data = data or bytearray(b"\n")
        for report in read(bytes(data)):
            assert report.subscriber_id in (None, SENT.subscriber_id)


@given(release=st.integers(0, 2**64), reader=st.integers(0, 2**64), seal=st.from_regex(r"[0-9a-f]{10}", fullmatch=True))
def test_guessed_seals_are_worth_nothing(release: int, reader: int, seal: str) -> None:
    data = notification(f"bounces+{release}-{reader}-{seal}@press.example.org", "…", fields(SENT.address))
    assert report_of(data).voucher is Voucher.NOBODY


NESTED = {
    "multiparts in multiparts": b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3000)
    ),
    "messages in messages": b"Content-Type: message/rfc822\n\n" * 30_000,
    "just under the bound": b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(95)
    )
    + b"x\n" * 400_000,
    "one endless line": b"Subject: " + b"=?utf-8?q?" * 100_000,
    "many fields": b"".join(b"Received: for <a+b-c-0123456789@x>\n" for _ in range(25_000)),
    "a long word before the plus": b"To: " + b"a" * 900_000 + b"+1-7-0123456789@x\n",
    "ats": b"To: " + b"a@" * 400_000,
    "commas": b"From: " + b"," * 900_000,
    "brackets": b"From: " + b"(" * 900_000,
    "quotas": b"From: MAILER-DAEMON@x\nSubject: failure\n\n" + b"over the " * 100_000,
}


@pytest.mark.parametrize("name", NESTED)
def test_bytes_made_to_cost_time_cost_little(name: str) -> None:
    began = time.monotonic()
    assert read(NESTED[name])
    assert time.monotonic() - began < 5


def test_of_a_huge_message_only_the_beginning_is_read() -> None:
    report = report_of(qmail(SENT).encode() + b"x" * (SIZE_MAX * 3))
    assert report.meaning is Meaning.GONE


def test_words_of_strangers_become_one_plain_line() -> None:
    status = fields(SENT.address, diagnostic="550 5.1.1 \x1b[31mred\u202e " + "long " * 200)
    words = report_of(notification(SENT.return_address, "…", status)).words
    assert words.isprintable()
    assert len(words) <= 200
    assert "\u202e" not in words


def test_the_address_for_wishes_may_be_written_in_any_case() -> None:
    assert report_of(person(to=TO_LEAVE.upper())).is_to_leave


def test_a_bounce_without_a_group_of_fields_says_nothing() -> None:
    assert (
        report_of(
            notification(
                SENT.return_address,
                "…",
                text("""
        Reporting-MTA: dns; mx.example.net
        """),
            )
        ).kind
        is ReportKind.IGNORED
    )
