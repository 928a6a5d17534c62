"""Compile an edition into a message once, and splice each reader's values into it.

    Edition ──compile_message──▶ Compiled: literal runs of bytes, and holes between them
    Compiled.splice(reader)   ──▶ one RFC 5322 message, the join of the runs and the reader's encoded values

Every literal run is encoded once; a value is encoded for the place it stands in: escaped in HTML, as it is in the
text, folded in a header. Values are put between runs, never looked for in them, so no value can act as a mark.
"""

import html
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Final, Self
from urllib.parse import quote, urlsplit

from sparkpub.core.addresses import parse_mailbox, plain_line
from sparkpub.core.mime import CRLF, list_id_field, mailbox_field, quoted_printable, text_field
from sparkpub.core.model import Edition
from sparkpub.core.sentinels import sentinels
from sparkpub.core.settings import Settings
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.errors import LedgerError

_MAGIC: Final = b"sparkmail 1\n"
_TO, _MESSAGE_ID, _LEAVE = "to", "message-id", "list-unsubscribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageHead:
    """What the header of a release's messages says that is the same for every reader.

    `date` is the release instant. `web_url` and `unsubscribe_address` are "" where nobody serves them: then no
    header names them. `host` is the right side of Message-IDs.
    """

    sender_name: str
    sender_address: str
    date: datetime
    host: str
    list_title: str
    list_id: str
    archive_url: str
    feedback_id: str
    reply_to: str = ""
    web_url: str = ""
    unsubscribe_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderValues:
    """What one reader's message says that no other's does; plain text, each encoded where it is put.

    `leave_urls` are the addresses of List-Unsubscribe, in order.
    """

    address: str
    name: str
    message_id: str
    unsubscribe_url: str
    preferences_url: str
    leave_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A message with holes: a run of bytes, a hole, a run, … and a run at the end. `holes` are the holes' names."""

    runs: tuple[bytes, ...] = field(repr=False)
    holes: tuple[str, ...]

    def splice(self, reader: ReaderValues) -> bytes:
        """The message for one reader: 7-bit, CRLF, no line that begins with a dot.

        Raises:
            ValueError: the reader's address cannot stand in a header.
        """
        values = {hole: _value(hole, reader) for hole in set(self.holes)}
        parts: list[bytes] = []
        for run, hole in zip(self.runs, self.holes, strict=False):
            parts += (run, values[hole])
        return b"".join(parts) + self.runs[-1]

    def dump(self) -> bytes:
        """The message as bytes to be kept, for `load`."""
        plan = json.dumps({"holes": self.holes, "lengths": [len(run) for run in self.runs]}).encode()
        return _MAGIC + zlib.compress(plan + b"\n" + b"".join(self.runs))

    @classmethod
    def load(cls, data: bytes) -> Self:
        """The message that `dump` wrote.

        Raises:
            LedgerError: it is none, or a newer version's.
        """
        if not data.startswith(_MAGIC):
            raise LedgerError("the ledger holds a message that this version cannot read; use the sparkpub that made it")
        try:
            head, _, rest = zlib.decompress(data[len(_MAGIC) :]).partition(b"\n")
            plan = json.loads(head)
        except (zlib.error, ValueError) as error:
            raise LedgerError("the ledger holds a damaged message; put a backup of it back") from error
        runs, start = [], 0
        for length in plan["lengths"]:
            runs.append(rest[start : start + length])
            start += length
        return cls(runs=tuple(runs), holes=tuple(plan["holes"]))


def load_compiled(data: bytes) -> Compiled:
    """The message that `Compiled.dump` wrote.

    Raises:
        LedgerError: it is none, or a newer version's.
    """
    return Compiled.load(data)


def compile_message(edition: Edition, *, head: MessageHead) -> Compiled:
    """The message of an edition, ready to be spliced for any reader.

    It is multipart/alternative, text first, both parts quoted-printable; its bytes depend on the arguments alone.
    """
    boundary = f"=_sp_{edition.hash[:40]}"
    marks = sentinels(edition.hash)
    joined = _Runs()
    _write_header(joined, edition, head)
    joined.literal(f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode())
    for kind, text in (("text", edition.text), ("html", edition.html)):
        subtype = "plain" if kind == "text" else "html"
        joined.literal(f"--{boundary}\r\n".encode())
        joined.literal(f'Content-Type: text/{subtype}; charset="utf-8"\r\n'.encode())
        joined.literal(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n")
        for piece, hole in _pieces(text, marks):
            joined.literal(quoted_printable(piece))
            if hole:
                joined.hole(f"{kind}:{hole}")
        joined.literal(CRLF)
    joined.literal(f"--{boundary}--\r\n".encode())
    return Compiled(runs=(*joined.runs, b"".join(joined.open)), holes=tuple(joined.holes))


class _Runs:
    """Literal bytes and holes as they come, neighbouring literals made one."""

    def __init__(self) -> None:
        self.runs: list[bytes] = []
        self.holes: list[str] = []
        self.open: list[bytes] = []

    def literal(self, data: bytes) -> None:
        self.open.append(data)

    def hole(self, name: str) -> None:
        self.runs.append(b"".join(self.open))
        self.holes.append(name)
        self.open = []


def _pieces(text: str, marks: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The text between sentinels, each piece with the field whose sentinel follows it ("" after the last)."""
    fields = {mark: name for name, mark in marks.items()}
    parts = re.split("(" + "|".join(map(re.escape, fields)) + ")", text)
    for piece, mark in zip(parts[::2], [*parts[1::2], ""], strict=True):
        yield piece, fields.get(mark, "")


def _write_header(joined: _Runs, edition: Edition, head: MessageHead) -> None:
    """Every header field but Content-Type, with holes for To, Message-ID and List-Unsubscribe."""
    joined.literal(mailbox_field("From", head.sender_name, head.sender_address))
    joined.hole(_TO)
    joined.literal(text_field("Subject", edition.subject))
    joined.literal(f"Date: {format_datetime(head.date)}\r\n".encode("ascii"))
    joined.hole(_MESSAGE_ID)
    if head.reply_to:
        joined.literal(mailbox_field("Reply-To", *parse_mailbox(head.reply_to)))
    joined.literal(list_id_field(head.list_title, head.list_id))
    if head.web_url or head.unsubscribe_address:
        joined.hole(_LEAVE)
    if head.web_url:
        joined.literal(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
    joined.literal(f"List-Archive: <{head.archive_url}>\r\n".encode("ascii"))
    joined.literal(b"List-Post: NO\r\n")
    joined.literal(text_field("Feedback-ID", head.feedback_id))
    joined.literal(text_field("Content-Language", edition.issue.language))
    joined.literal(b"MIME-Version: 1.0\r\n")


def _value(hole: str, reader: ReaderValues) -> bytes:
    """A reader's value, encoded for the hole it is put in."""
    if hole == _TO:
        return mailbox_field("To", reader.name, reader.address)
    if hole == _MESSAGE_ID:
        return f"Message-ID: {reader.message_id}\r\n".encode("ascii")
    if hole == _LEAVE:
        urls = ",\r\n ".join(f"<{url}>" for url in reader.leave_urls)
        return f"List-Unsubscribe: {urls}\r\n".encode("ascii")
    kind, _, name = hole.partition(":")
    value = reader.unsubscribe_url if name == "unsubscribe_url" else reader.preferences_url
    return quoted_printable(html.escape(value) if kind == "html" else value)


def message_head(settings: Settings, *, issue_id: str, number: int, released_at: datetime) -> MessageHead:
    """The head of a release's messages, as the settings have it.

    Raises:
        ValueError: `from` holds no address.
    """
    publication = settings.publication
    host = urlsplit(publication.base_url).hostname or "localhost"
    name, address = parse_mailbox(publication.from_)
    list_id = publication.list_id.strip("<> ") or (host if "." in host else f"list.{host}")
    return MessageHead(
        sender_name=name,
        sender_address=address,
        date=released_at,
        host=host,
        list_title=publication.title,
        list_id=plain_line(list_id),
        archive_url=quote(f"{publication.base_url}/archive/", safe=":/?&=%+,;@~"),
        feedback_id=f"{issue_id}.{number}:{host}:sparkpub",
        reply_to=publication.reply_to,
        web_url=settings.web.url.rstrip("/"),
        unsubscribe_address=settings.inbox.unsubscribe_address,
    )


def reader_values(
    settings: Settings, tokens: Tokens, *, release: str, subscriber_id: int, address: str, name: str
) -> ReaderValues:
    """One reader's values for the messages of a release (`ISSUE/N`).

    The link to leave is the web face's where there is one, else mail to the unsubscribe address, else to the sender.
    """
    token = tokens.sign(Purpose.LEAVE, subscriber_id)
    web, inbox = settings.web.url.rstrip("/"), settings.inbox.unsubscribe_address
    host = urlsplit(settings.publication.base_url).hostname or "localhost"
    urls = []
    if web:
        urls.append(f"{web}/u/{token}")
    if inbox:
        urls.append(_mailto(inbox, f"unsubscribe {token}"))
    _, sender = parse_mailbox(settings.publication.from_)
    return ReaderValues(
        address=address,
        name=name,
        message_id=tokens.message_id(release, subscriber_id, host),
        unsubscribe_url=urls[0] if urls else _mailto(sender, "unsubscribe"),
        preferences_url=(
            f"{web}/p/{tokens.sign(Purpose.PREFERENCES, subscriber_id)}" if web else _mailto(sender, "preferences")
        ),
        leave_urls=tuple(urls),
    )


def _mailto(address: str, subject: str) -> str:
    """A link that begins a mail (RFC 6068)."""
    return f"mailto:{quote(address, safe='@+')}?subject={quote(subject)}"
