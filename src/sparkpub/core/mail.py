"""Compile an edition into a message once, and splice each reader's values into it.

    Edition ──compile_message──▶ Compiled: literal runs of bytes, and holes between them
    Compiled.splice(reader)   ──▶ one RFC 5322 message, the join of the runs and the reader's encoded values

Every literal run is encoded once; a value is encoded for the place it stands in: escaped in HTML, percent-encoded in
the address of a link, one line as it is in the text, folded in a header. Values are put between runs, never looked
for in them, so no value can act as a mark. `core.dkim` signs what comes out.

A hole is `to`, `message-id`, `list-unsubscribe`, or `PLACE:FIELD` with a place of `html`, `url` or `text`; the field is
one of `core.sentinels.FIELDS` or `NAME:DEFAULT`.
"""

import html
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from operator import attrgetter
from typing import Final, Self
from urllib.parse import quote, urlsplit

from sparkpub.core.addresses import parse_mailbox, plain_line
from sparkpub.core.mime import CRLF, list_id_field, mailbox_field, quoted_printable, text_field
from sparkpub.core.model import Edition
from sparkpub.core.personal import field_name
from sparkpub.core.sentinels import FIELDS, sentinels
from sparkpub.core.settings import Settings
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.errors import LedgerError

_MAGIC: Final = b"sparkmail 1\n"
TO, MESSAGE_ID, LEAVE = "to", "message-id", "list-unsubscribe"
"""The holes that are whole header fields."""
ONE_CLICK: Final = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
"""The field that says that one POST lets a reader leave (RFC 8058)."""

# The address that a sentinel in plain text stands in, if any.
_ADDRESS_BEGUN = re.compile(r"\b(?:https?://|mailto:)\S*\Z")


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

    `leave_urls` are the addresses of List-Unsubscribe, in order. `attributes` are the further columns of the readers'
    list, by names as in `{{ reader.NAME }}`.
    """

    address: str
    name: str
    message_id: str
    unsubscribe_url: str
    preferences_url: str
    leave_urls: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A message with holes: a run of bytes, a hole, a run, … and a run at the end. `holes` are the holes' names."""

    runs: tuple[bytes, ...] = field(repr=False)
    holes: tuple[str, ...]

    def splice(self, reader: ReaderValues) -> bytes:
        """The message for one reader: CRLF, no line that begins with a dot, 7-bit but for an address beyond ASCII.

        Raises:
            ValueError: the reader's address cannot stand in a header.
        """
        values = {hole: encode(reader) for hole, encode in _encoders(self.holes)}
        parts = [self.runs[0]]
        for hole, run in zip(self.holes, self.runs[1:], strict=True):
            parts += (values[hole], run)
        return b"".join(parts)

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
    marks = sentinels(edition.hash, edition.fields)
    joined = _Runs()
    _write_header(joined, edition, head)
    joined.literal(f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode())
    for kind, text in (("text", edition.text), ("html", edition.html)):
        subtype = "plain" if kind == "text" else "html"
        joined.literal(f"--{boundary}\r\n".encode())
        joined.literal(f'Content-Type: text/{subtype}; charset="utf-8"\r\n'.encode())
        joined.literal(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n")
        for piece, place, name in _placed(kind, text, marks):
            joined.literal(quoted_printable(piece))
            if name:
                joined.hole(f"{place}:{name}")
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


def _placed(kind: str, text: str, marks: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """The text between sentinels, each piece with the place and the field of the sentinel after it ("" after the last).

    Within a longer address the place is `url`: there a value is one part, and cannot become another.
    """
    fields = {mark: name for name, mark in marks.items()}
    parts = re.split("(" + "|".join(map(re.escape, fields)) + ")", text)
    pieces, names = parts[::2], [fields[mark] for mark in parts[1::2]]
    is_inside = False
    for index, name in enumerate(names):
        before, after = pieces[index], pieces[index + 1]
        if kind == "html":
            is_inside = is_inside if not set("<>") & set(before) else before.rfind("<") > before.rfind(">")
            is_whole = name in FIELDS and before.endswith(('"', "'")) and after.startswith(('"', "'"))
            is_part = is_inside and not is_whole
        else:
            is_part = is_inside = bool(_ADDRESS_BEGUN.search(before)) or (is_inside and not re.search(r"\s", before))
        yield before, "url" if is_part else kind, name
    yield pieces[-1], "", ""


def _write_header(joined: _Runs, edition: Edition, head: MessageHead) -> None:
    """Every header field but Content-Type, with holes for To, Message-ID and List-Unsubscribe."""
    joined.literal(mailbox_field("From", head.sender_name, head.sender_address))
    joined.hole(TO)
    joined.literal(text_field("Subject", edition.subject))
    joined.literal(f"Date: {format_datetime(head.date)}\r\n".encode("ascii"))
    joined.hole(MESSAGE_ID)
    if head.reply_to:
        joined.literal(mailbox_field("Reply-To", *parse_mailbox(head.reply_to)))
    joined.literal(list_id_field(head.list_title, head.list_id))
    if head.web_url or head.unsubscribe_address:
        joined.hole(LEAVE)
    if head.web_url:
        joined.literal(ONE_CLICK)
    joined.literal(f"List-Archive: <{head.archive_url}>\r\n".encode("ascii"))
    joined.literal(b"List-Post: NO\r\n")
    joined.literal(text_field("Feedback-ID", head.feedback_id))
    joined.literal(text_field("Content-Language", edition.issue.language))
    joined.literal(b"MIME-Version: 1.0\r\n")


def encoded_value(hole: str, reader: ReaderValues) -> bytes:
    """A reader's value, encoded for the hole it is put in.

    Raises:
        ValueError: the reader's address cannot stand in a header.
    """
    return _encoder(hole)(reader)


Encoder = Callable[[ReaderValues], bytes]


@lru_cache(maxsize=64)
def _encoders(holes: tuple[str, ...]) -> tuple[tuple[str, Encoder], ...]:
    """Each of some holes once, with what encodes the values put there."""
    return tuple((hole, _encoder(hole)) for hole in dict.fromkeys(holes))


@lru_cache(maxsize=1024)
def _encoder(hole: str) -> Encoder:
    """What encodes readers' values for a hole: its name is read once, not once a reader."""
    if hole == TO:
        return lambda reader: mailbox_field("To", reader.name, reader.address)
    if hole == MESSAGE_ID:
        return lambda reader: f"Message-ID: {reader.message_id}\r\n".encode("ascii")
    if hole == LEAVE:
        return _leave_field
    place, _, key = hole.partition(":")
    value = _field_value(key)
    if place == "html":
        return lambda reader: quoted_printable(html.escape(value(reader)))
    if place == "url":
        return lambda reader: quoted_printable(quote(value(reader), safe=""))
    return lambda reader: quoted_printable(value(reader))


def _leave_field(reader: ReaderValues) -> bytes:
    """List-Unsubscribe (RFC 2369), an address a line."""
    urls = ",\r\n ".join([f"<{url}>" for url in reader.leave_urls])
    return f"List-Unsubscribe: {urls}\r\n".encode("ascii")


def _field_value(key: str) -> Callable[[ReaderValues], str]:
    """What gives a reader's value of a field, as one line; the field's default where the reader has none."""
    if key in FIELDS:
        return attrgetter(key)
    name, _, default = key.partition(":")
    if name == "name":
        return lambda reader: plain_line(reader.name) or default
    return lambda reader: plain_line(reader.attributes.get(name, "")) or default


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


class Addressing:
    """Makes readers' values for the messages of one release; what is the same for all is reckoned once."""

    def __init__(self, settings: Settings, tokens: Tokens, *, release: str) -> None:
        """Address the messages of a release (`ISSUE/N`), with links signed by these tokens."""
        self._tokens, self._release = tokens, release
        self._web, self._inbox = settings.web.url.rstrip("/"), settings.inbox.unsubscribe_address
        self._host = urlsplit(settings.publication.base_url).hostname or "localhost"
        _, sender = parse_mailbox(settings.publication.from_)
        self._by_mail = _mailto(self._inbox, "unsubscribe ")
        self._to_sender = {subject: _mailto(sender, subject) for subject in ("unsubscribe", "preferences")}

    def values(
        self, subscriber_id: int, *, address: str, name: str, attributes: Mapping[str, str] | None = None
    ) -> ReaderValues:
        """One reader's values.

        The link to leave is the web face's where there is one, else mail to the unsubscribe address, else to the
        sender.
        """
        token = self._tokens.sign(Purpose.LEAVE, subscriber_id)
        urls = [f"{self._web}/u/{token}"] if self._web else []
        if self._inbox:
            urls.append(f"{self._by_mail}{token}")
        if self._web:
            preferences = f"{self._web}/p/{self._tokens.sign(Purpose.PREFERENCES, subscriber_id)}"
        else:
            preferences = self._to_sender["preferences"]
        return ReaderValues(
            address=address,
            name=name,
            message_id=self._tokens.message_id(self._release, subscriber_id, self._host),
            unsubscribe_url=urls[0] if urls else self._to_sender["unsubscribe"],
            preferences_url=preferences,
            leave_urls=tuple(urls),
            attributes={field_name(column): value for column, value in attributes.items()} if attributes else {},
        )


def _mailto(address: str, subject: str) -> str:
    """A link that begins a mail (RFC 6068)."""
    return f"mailto:{quote(address, safe='@+')}?subject={quote(subject)}"
