"""Whatever comes in from outside, broken in every way: each reader says so, and loses nothing that is sound."""

import asyncio
import csv
import io
import json
import os
import random
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broken_input import broken, pieces
from press_room import SETTINGS, instant
from sample_reports import GONE, SEALS, Sent, arf, person, read, wish
from sparkpub.adapters.config import load_settings
from sparkpub.adapters.mirror import Mirror
from sparkpub.adapters.secrets import load_secret
from sparkpub.adapters.smtp.wire import Reply, Wire
from sparkpub.adapters.spool import Leaving, Spool
from sparkpub.adapters.zones import zone
from sparkpub.core.addresses import is_address, parse_address, parse_mailbox, plain_line
from sparkpub.core.consent import form_name, mailbox, network, usable_name
from sparkpub.core.hooks import HookRefused, HookRequest, mailgun, postmark, sendgrid, ses
from sparkpub.core.issues import parse_issue
from sparkpub.core.languages import choose
from sparkpub.core.reader_list import Entry, ReaderList, Reject, write_list
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.core.reports import Report, Voucher
from sparkpub.core.settings import Settings
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.core.wishes import read_wishes, wish_lines
from sparkpub.errors import Fault, InputError, LedgerError

ROOT = Path(__file__).parents[1]
TOKENS = Tokens("a key of this press, for tests")
NOW = instant("2026-11-24 12:00")
SENT = Sent()
CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Desk:
    """What readers of files need: a folder of their own, and settings that are sound."""

    folder: Path
    settings: Settings


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("input")
    (folder / "sparkpub.toml").write_text(SETTINGS, encoding="utf-8")
    settings = load_settings(folder)
    return Desk(folder, settings)


# Lists of readers

LISTS = [
    b"email,name,status,language,tags,city\nada@example.org,Ada,active,en,a;b,Paris\nbob@example.org,,unconfirmed,,,\n",
    'email;name\r\nzo\u00eb@b\u00fccher.example;"Zo\u00eb;O\'Hara"\r\n"x@example.org";"=1"\r\n\r\nbad;row;long\r\n'.encode(),
    "\ufeffE-Mail,email,wishes\n1,ada@example.org,rhythm: weekly\n2,ada@example.org,nothing\n".encode(),
    'email,name\nada@example.org,"two\nlines"\nb@example.org,\'=x\n'.encode("utf-16"),
    b"email,name\r" + b"r@example.org,R\r" * 50,
    b"email,name,note\nada@example.org,\"-1;=2, @3\",''\n",
]


def read_list(parts: Iterable[bytes]) -> tuple[list[Entry | Reject], str]:
    """The rows of a list, and what was wrong with the rest."""
    rows: list[Entry | Reject] = []
    try:
        rows.extend(ReaderList(parts))
    except ValueError as fault:
        return rows, str(fault)
    return rows, ""


def rows_in(data: bytes) -> int:
    """How many rows a list has after its head, as the csv module alone counts them."""
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    lines = io.StringIO(text, newline="")
    first = next(lines, "")
    reader = csv.reader(iter([first, *lines]), delimiter=";" if first.count(";") > first.count(",") else ",")
    found = -1
    while True:
        try:
            found += any(cell.strip() for cell in next(reader))
        except csv.Error:
            found += 1
        except StopIteration:
            return found


def judge_list(data: bytes, chance: random.Random, desk: Desk) -> None:
    rows, fault = read_list([data])
    again, fault_again = read_list(pieces(data, chance))
    assert bool(fault) == bool(fault_again)
    entries = [row for row in rows if isinstance(row, Entry)]
    if not fault:  # a list with a fault is not taken in at all
        assert rows == again
        assert len(rows) == rows_in(data)
    for entry in entries:
        assert is_address(entry.address)
        assert not CONTROLS.search(
            "".join([entry.name, *entry.tags, *(text for pair in entry.attributes for text in pair)])
        )
    judge_export(entries)
    del desk


def judge_export(entries: list[Entry]) -> None:
    """What was read is written so that it can be read again, and no spreadsheet finds a formula in it."""
    readers = [
        Subscriber(
            subscriber_id=number,
            address=entry.address,
            name=entry.name,
            state=entry.state or SubscriberState.ACTIVE,
            language=entry.language,
            tags=entry.tags,
            attributes=dict(entry.attributes),
            wishes=entry.wishes,
        )
        for number, entry in enumerate(entries)
    ]
    further = sorted({name for entry in entries for name, _ in entry.attributes})
    text = "".join(write_list(readers, further, with_wishes=True))
    again, fault = read_list([text.encode()])
    assert fault == ""
    told = [entry._replace(line=0, state=entry.state or SubscriberState.ACTIVE) for entry in entries]
    assert [row._replace(line=0) for row in again] == told
    for cells in csv.reader(io.StringIO(text, newline="")):
        for cell in cells:
            for start in (cell, *re.split("[;,] *", cell)):
                assert start[:1] not in set("=+-@\uff1d\uff0b\uff0d\uff20")


# Mail that comes back

MAILS = [server(SENT).encode() for server in GONE] + [arf(SENT).encode(), wish(SENT).encode(), person().encode()]


def judge_mail(data: bytes, chance: random.Random, desk: Desk) -> None:
    del chance, desk
    found = read(data)
    assert found
    for report in found:
        assert report.subscriber_id in (None, SENT.subscriber_id)
        assert (report.voucher is Voucher.SEAL) == (report.subscriber_id is not None)
        assert all(is_address(address) for address in report.addresses)
        for words in (report.words, report.subject, report.status):
            assert not CONTROLS.search(words)
            assert len(words) <= 200


# Webhooks

EVENTS: list[bytes] = [
    json.dumps(event).encode()
    for event in (
        {
            "Type": "Notification",
            "MessageId": "m",
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:bounces",
            "Message": json.dumps(
                {
                    "notificationType": "Bounce",
                    "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "ada@example.org"}]},
                    "mail": {"source": SENT.return_address},
                }
            ),
            "Signature": "AAAA",
            "SignatureVersion": "1",
            "Timestamp": "2026-11-24T12:00:00.000Z",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        },
        {
            "signature": {"timestamp": "1795521600", "token": "t" * 50, "signature": "0" * 64},
            "event-data": {
                "event": "failed",
                "severity": "permanent",
                "recipient": "ada@example.org",
                "delivery-status": {"code": 550, "message": "No such user", "enhanced-code": "5.1.1"},
                "envelope": {"sender": SENT.return_address},
            },
        },
        {"RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "Email": "ada@example.org", "Details": "550 5.1.1"},
        [
            {"email": "ada@example.org", "event": "bounce", "type": "blocked", "sg_event_id": "x", "status": "5.7.1"},
            {"email": "ada@example.org", "event": "dropped", "reason": "Bounced Address", "timestamp": 1},
        ],
    )
]
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"


def judge_event(data: bytes, chance: random.Random, desk: Desk) -> None:
    del chance, desk
    words = data.decode("latin-1").replace("\n", "")[:200]
    names = ("authorization", postmark.HEADER, sendgrid.SIGNATURE, sendgrid.TIMESTAMP)
    request = HookRequest(headers=dict.fromkeys(names, words), body=data)
    hearing: tuple[Callable[[], tuple[Report, ...]], ...] = (
        lambda: ses.reports(ses.read(request, TOPIC), SEALS),
        lambda: mailgun.reports(request, SEALS),
        lambda: postmark.reports(request),
        lambda: sendgrid.reports(request),
    )
    for hear in hearing:
        with suppress(HookRefused):
            for report in hear():
                assert all(is_address(address) for address in report.addresses)
                assert not CONTROLS.search(report.words + report.status + report.mail)
    checking: tuple[Callable[[], None], ...] = (
        lambda: mailgun.check(request, "key", now=NOW),
        lambda: postmark.check(request, "a password"),
        lambda: sendgrid.check(request, "key"),
    )
    for check in checking:
        with pytest.raises(HookRefused):
            check()


# What a relay says

REPLIES = [
    b"220 mx.example.net ESMTP\r\n250-mx.example.net\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250 STARTTLS\r\n",
    b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data\r\n250 2.0.0 Ok: queued as 4B1C23F5A1\r\n" * 3,
    b"550-5.1.1 The account does not exist.\r\n550 5.1.1 Look for typos\r\n421 4.3.2 Closing\r\n",
    "452 4.2.2 La bo\u00eete est pleine\n250\r\n250 \r\n".encode(),
]


async def _said(parts: Iterable[bytes]) -> tuple[list[Reply], str]:
    """What a relay's bytes mean: its replies, and why the line was given up."""
    wire, replies = Wire(), list[Reply]()
    for part in parts:
        for start in range(0, len(part), 16_384):
            piece = part[start : start + 16_384]
            wire.get_buffer(-1)[: len(piece)] = piece
            wire.buffer_updated(len(piece))
            while found := wire.replies(1):
                replies += found
    return replies, str(wire._fault or "")


def judge_reply(data: bytes, chance: random.Random, desk: Desk) -> None:
    del desk

    async def both() -> None:
        replies, fault = await _said([data])
        assert (replies, fault) == await _said(pieces(data, chance))
        assert all(200 <= reply.code <= 599 and reply.lines for reply in replies)

    asyncio.run(both())


# What editors write

ISSUES = [path.read_bytes() for path in sorted((ROOT / "issues").rglob("*.md"))]
TOMLS = [
    (ROOT / "sparkpub.toml").read_bytes(),
    SETTINGS.encode(),
    b'[web]\nurl = "https://a.example"\n[series.a]\ntitle = "A"\n',
]


def judge_issue(data: bytes, chance: random.Random, desk: Desk) -> None:
    del chance
    found = parse_issue(data, path="issues/a.md", settings=desk.settings, zones=zone)
    if isinstance(found, tuple):
        assert found
        for fault in found:
            assert fault.message
            assert str(fault).isprintable()
            assert 0 <= fault.line <= data.count(b"\n") + data.count(b"\r") + 2


def judge_settings(data: bytes, chance: random.Random, desk: Desk) -> None:
    del chance
    (desk.folder / "sparkpub.toml").write_bytes(data)
    faults: tuple[Fault, ...] | None = None
    try:
        load_settings(desk.folder)
    except InputError as error:
        faults = error.faults
    assert faults != ()
    assert all(str(fault).isprintable() for fault in faults or ())


SECRETS = [
    b"# a comment\nSPARKPUB_SECRET_KEY=abc\nexport SPARKPUB_SMTP_PASSWORD='hunter2'\n",
    b'SPARKPUB_SECRET_KEY = "x y"\r\n',
]


def judge_secrets(data: bytes, chance: random.Random, desk: Desk) -> None:
    del chance
    (desk.folder / "secrets.env").write_bytes(data + b"\nhunter3 hunter3")
    with pytest.raises(InputError) as caught:  # the last line sets nothing
        load_secret(desk.folder, "SPARKPUB_SECRET_KEY", {})
    assert "hunter" not in str(caught.value)


# Files of the press

LEFT = [Leaving(subscriber_id=n, at=NOW) for n in (1, 2, 3)]
SPOOLED = [f'{{"reader": {n}, "at": "2026-11-24T12:00:00Z"}}\n'.encode() for n in (7, 2**62, 2**63, -1, 10**30)] + [
    b'{"reader": true, "at": "2026-11-24T12:00:00Z"}\n{"reader": 1.5, "at": "2026-11-24T12:00:00Z"}\n',
    b'{"reader": 1e999, "at": "2026-11-24T12:00:00Z"}\n{"reader": "7", "at": 7}\n[[[]]]\nnull\n',
]


def judge_spool(data: bytes, chance: random.Random, desk: Desk) -> None:
    spool = Spool(desk.folder / "spool.jsonl")
    sound = [f'{{"reader": {each.subscriber_id}, "at": "{each.at:%Y-%m-%dT%H:%M:%SZ}"}}\n'.encode() for each in LEFT]
    cut = chance.randrange(len(data) + 1)
    spool.path.write_bytes(data[:cut] + b"\n" + sound[0] + data[cut:] + b"\n" + sound[1] + sound[2])
    taken: list[Leaving] = []
    assert spool.absorb(taken.extend) == len(taken)
    assert spool.is_empty
    rest = iter(taken)
    assert all(each in rest for each in LEFT)  # in their order
    assert all(0 <= each.subscriber_id < 2**63 and each.at.tzinfo for each in taken)


MIRRORED = [
    b"".join(
        b'{"n": %d, "at": "2026-11-24T12:00:00Z", "verb": "sent", "subject": "reader x"}\n' % n for n in range(1, 9)
    ),
    b'{"n": 1, "at": "2026-11-24T12:00:00Z", "verb": "released", "subject": "a/1", "release": {"number": 1}}\n',
    b'{"n": 1e999, "at": "2026-11-24T12:00:00Z", "verb": "a", "subject": "b"}\n' + b"[" * 20_000 + b"\n",
]


def judge_mirror(data: bytes, chance: random.Random, desk: Desk) -> None:
    del chance
    mirror = Mirror(desk.folder / "ledger.jsonl")
    mirror.path.write_bytes(data)
    for look in (mirror.lines, mirror.last):
        with suppress(LedgerError):
            look()


# Words of strangers

TOKEN_TEXTS = [TOKENS.sign(Purpose.LEAVE, 7).encode(), TOKENS.sign_wish(7, NOW).encode(), SENT.return_address.encode()]
WORDS = [
    b"ada@example.org",
    "zo\u00eb@b\u00fccher.example".encode(),
    b'"Ada" <ada@example.org>',
    b"2001:db8::1%eth0",
    b"::ffff:192.0.2.7",
    b"footer.form-1",
    b"fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5",
    b"rhythm: weekly\nwithout series: a\nonly round\nfrom beginning: a",
    *TOKEN_TEXTS,
]
OFFERED = ("en", "ar", "de", "pt-BR")


def judge_words(data: bytes, chance: random.Random, desk: Desk) -> None:
    del desk
    text = data.decode("utf-8", chance.choice(("surrogateescape", "replace", "backslashreplace")))
    assert not CONTROLS.search(plain_line(text) + usable_name(text))
    assert form_name(text) in ("", text)
    assert network(text) == "" or "/" in network(text)
    assert choose(text, OFFERED) in ("", *OFFERED)
    wishes = read_wishes(text)
    assert read_wishes("\n".join(wish_lines(wishes))) == wishes
    for purpose in Purpose:
        assert TOKENS.read(purpose, text) in (None, 7)
    assert TOKENS.read_wish(text) in (None, (7, NOW))
    assert TOKENS.read_return_address(text) is None  # signed by another key
    for parse in (parse_address, lambda words: parse_mailbox(words)[1]):
        with suppress(ValueError):
            address = parse(text)
            assert is_address(address)
            assert not CONTROLS.search(address + mailbox(address))


@dataclass(frozen=True, slots=True)
class Reader:
    """One that reads what comes from outside: what whole inputs look like, and how to judge it upon any."""

    whole: list[bytes]
    judge: Callable[[bytes, random.Random, Desk], None]
    few: int
    many: int


READERS = {
    "lists": Reader(LISTS, judge_list, 250, 20_000),
    "mail": Reader(MAILS, judge_mail, 150, 10_000),
    "events": Reader(EVENTS, judge_event, 200, 20_000),
    "replies": Reader(REPLIES, judge_reply, 250, 10_000),
    "issues": Reader(ISSUES, judge_issue, 200, 15_000),
    "settings": Reader(TOMLS, judge_settings, 20, 2_000),
    "secrets": Reader(SECRETS, judge_secrets, 100, 3_000),
    "spool": Reader(SPOOLED, judge_spool, 60, 3_000),
    "mirror": Reader(MIRRORED, judge_mirror, 60, 7_000),
    "words": Reader(WORDS, judge_words, 800, 30_000),
}
"""By name, with how many inputs each is given in every run of the tests and in the long one."""


def feed(reader: Reader, seed: int, desk: Desk) -> None:
    """Have a broken input judged."""
    chance = random.Random(seed)
    reader.judge(broken(reader.whole, chance), chance, desk)


@pytest.mark.parametrize("name", READERS)
def test_what_is_whole_is_read(name: str, desk: Desk) -> None:
    for data in READERS[name].whole:
        READERS[name].judge(data, random.Random(0), desk)


@pytest.mark.parametrize("name", READERS)
def test_what_is_broken_is_refused_in_words(name: str, desk: Desk) -> None:
    @settings(max_examples=READERS[name].few)
    @given(seed=st.integers(0, 2**32))
    def judged(seed: int) -> None:
        feed(READERS[name], seed, desk)

    judged()


@pytest.mark.soak
def test_a_hundred_thousand_broken_inputs_break_nothing(desk: Desk) -> None:
    fed, start = 0, int.from_bytes(os.urandom(4))
    for name, reader in READERS.items():
        for seed in range(start, start + reader.many):
            try:
                feed(reader, seed, desk)
            except BaseException as fault:
                fault.add_note(f"{name}, seed {seed}")
                raise
            fed += 1
    assert fed >= 100_000
