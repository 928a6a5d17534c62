"""Messages: whatever readers are called and editors write, the message parses back as it was meant."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.addresses import plain_line
from sparkpub.core.mail import Compiled, MessageHead, ReaderValues, compile_message, load_compiled
from sparkpub.core.mime import quoted_printable
from sparkpub.core.model import Edition, Issue, Status
from sparkpub.core.sentinels import sentinels
from sparkpub.errors import LedgerError

HASH = "5f" * 32
MARKS = sentinels(HASH)
RELEASED_AT = datetime(2017, 9, 4, 4, 0, tzinfo=UTC)
HEAD = MessageHead(
    sender_name="The Press",
    sender_address="editor@example.org",
    date=RELEASED_AT,
    host="example.org",
    list_title="On This Day",
    list_id="news.example.org",
    archive_url="https://example.org/archive/",
    feedback_id="soviets.100:example.org:sparkpub",
    web_url="https://mail.example.org",
    unsubscribe_address="leave@example.org",
)
READER = ReaderValues(
    address="ada@example.org",
    name="Ada",
    message_id="<abc@example.org>",
    unsubscribe_url="https://mail.example.org/u/1.x",
    preferences_url="https://mail.example.org/p/1.y",
    leave_urls=("https://mail.example.org/u/1.x", "mailto:leave@example.org?subject=unsubscribe%201.x"),
)

# Names as readers type them: any text, and the ones that have broken mailers before.
NASTY = [
    "Bcc: everyone@example.org",
    "Ada\r\nBcc: everyone@example.org",
    "a\n.\r\nMAIL FROM:<x@example.org>",
    '"quoted\\" <x@y.example>',
    "=?utf-8?b?QWRh?=",
    "שלום, עולם\u202e evil",
    "👩‍👩‍👧‍👦 family",
    "x" * 300,
    "é" * 300,
    "Jean, Marie; (comment) [x]: <>@",
    MARKS["unsubscribe_url"],
    "\x00\x07\x1b[31m",
    ".",
]
names = st.one_of(st.sampled_from(NASTY), st.text(max_size=300))
bodies = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=400)


def edition(*, text: str = "Hello", html_text: str = "<p>Hello</p>", subject: str = "The Soviets") -> Edition:
    issue = Issue(
        id="soviets",
        slug="soviets",
        title="The Soviets",
        status=Status.READY,
        language="en",
        body="",
        body_line=1,
        path="issues/soviets.md",
        source=b"",
        content_hash="",
    )
    return Edition(hash=HASH, issue=issue, number=100, subject=subject, html=html_text, text=text)


def parsed(message: bytes) -> EmailMessage:
    return message_from_bytes(message, policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    assert body is not None
    return cast("str", body.get_content()).replace("\r\n", "\n")


def assert_is_clean(message: bytes) -> None:
    """7-bit, CRLF only, short lines, nothing to stuff."""
    assert message.isascii()
    assert b"\x00" not in message
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", message) is None
    head, _, body = message.partition(b"\r\n\r\n")
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    # A longer header line is one word, an address say, with at most its field's name before it.
    assert all(len(line) <= 78 or len(line.split()) <= 2 for line in head.split(b"\r\n"))
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert not any(line.startswith((b".", b"From ")) for line in body.split(b"\r\n"))
    assert not any(line.endswith((b" ", b"\t")) for line in body.split(b"\r\n"))


@given(name=names)
def test_a_name_is_read_back_as_one_line_whatever_it_holds(name: str) -> None:
    message = compile_message(edition(), head=HEAD).splice(replace(READER, name=name))
    assert_is_clean(message)
    read = parsed(message)
    (mailbox,) = read["To"].addresses
    assert mailbox.addr_spec == "ada@example.org"
    shown, meant = mailbox.display_name, plain_line(name)
    assert shown == meant or (shown.endswith("…") and meant.startswith(shown[:-1]) and len(meant.encode()) > 40)
    assert read["Bcc"] is None
    assert len(read.defects) == 0


@given(subject=names.filter(lambda text: plain_line(text) != ""))
def test_a_subject_is_read_back_as_it_was_written(subject: str) -> None:
    message = compile_message(edition(subject=subject), head=HEAD).splice(READER)
    assert_is_clean(message)
    assert parsed(message)["Subject"] == plain_line(subject)


@given(before=bodies, after=bodies)
def test_both_twins_are_read_back_with_the_readers_values_in_place(before: str, after: str) -> None:
    text = f"{before}\n{MARKS['unsubscribe_url']}{after}\n{MARKS['preferences_url']}"
    page = f"<p>{html.escape(before)}<a href='{MARKS['unsubscribe_url']}'>x</a>{html.escape(after)}</p>"
    values = replace(READER, unsubscribe_url="https://mail.example.org/u/1?a=1&b=<2>")
    message = compile_message(edition(text=text, html_text=page), head=HEAD).splice(values)
    assert_is_clean(message)
    read = parsed(message)
    wanted = text.replace(MARKS["unsubscribe_url"], values.unsubscribe_url)
    wanted = wanted.replace(MARKS["preferences_url"], values.preferences_url)
    assert part(read, "plain") == wanted.replace("\r\n", "\n").replace("\r", "\n")
    assert html.escape(values.unsubscribe_url) in part(read, "html")
    assert MARKS["unsubscribe_url"] not in part(read, "html")


@given(address=st.text(max_size=60))
def test_an_address_that_is_none_never_reaches_a_header(address: str) -> None:
    compiled = compile_message(edition(), head=HEAD)
    try:
        message = compiled.splice(replace(READER, address=address))
    except ValueError:
        return
    assert parsed(message)["To"].addresses[0].addr_spec == address


@given(text=bodies)
def test_a_quoted_printable_run_begins_and_ends_at_the_start_of_a_line(text: str) -> None:
    run = quoted_printable(text)
    assert run == b"" or run.endswith(b"\r\n")
    import quopri

    normal = re.sub(r"\r\n|\r|\n", "\n", text)
    assert quopri.decodestring(run).replace(b"\r\n", b"\n").decode() == normal


def test_the_header_says_what_the_contract_lists() -> None:
    read = parsed(compile_message(edition(), head=HEAD).splice(READER))
    assert read["From"] == "The Press <editor@example.org>"
    assert read["To"] == "Ada <ada@example.org>"
    assert read["Date"].datetime == RELEASED_AT
    assert read["Message-ID"] == "<abc@example.org>"
    assert read["List-Id"] == "On This Day <news.example.org>"
    assert read["List-Unsubscribe"] == (
        "<https://mail.example.org/u/1.x>, <mailto:leave@example.org?subject=unsubscribe%201.x>"
    )
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read["List-Archive"] == "<https://example.org/archive/>"
    assert read["List-Post"] == "NO"
    assert read["Feedback-ID"] == "soviets.100:example.org:sparkpub"
    assert read["Content-Language"] == "en"
    assert read["MIME-Version"] == "1.0"
    assert read.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in read.iter_parts()] == ["text/plain", "text/html"]


def test_no_header_names_a_way_to_leave_that_nobody_serves() -> None:
    head = replace(HEAD, web_url="", unsubscribe_address="")
    read = parsed(compile_message(edition(), head=head).splice(replace(READER, leave_urls=())))
    assert read["List-Unsubscribe"] is None
    assert read["List-Unsubscribe-Post"] is None


def test_mail_alone_offers_no_one_click() -> None:
    head = replace(HEAD, web_url="")
    read = parsed(compile_message(edition(), head=head).splice(replace(READER, leave_urls=READER.leave_urls[1:])))
    assert read["List-Unsubscribe"] == "<mailto:leave@example.org?subject=unsubscribe%201.x>"
    assert read["List-Unsubscribe-Post"] is None


def test_a_compiled_message_is_kept_and_read_back_byte_for_byte() -> None:
    compiled = compile_message(edition(text=f"Leave: {MARKS['unsubscribe_url']}\n"), head=HEAD)
    assert load_compiled(compiled.dump()) == compiled
    assert Compiled.load(compiled.dump()).splice(READER) == compiled.splice(READER)


@pytest.mark.parametrize("data", [b"", b"sparkmail 2\n....", b"sparkmail 1\nnot compressed"])
def test_a_message_of_another_version_is_refused_with_a_cure(data: bytes) -> None:
    with pytest.raises(LedgerError, match=";"):
        load_compiled(data)
