"""Notices: plain letters from the press to its editors."""

import hashlib
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from sparkpub.core.addresses import parse_mailbox
from sparkpub.core.mime import CRLF, mailbox_field, quoted_printable, text_field
from sparkpub.core.settings import Settings


def notice(settings: Settings, *, to: str, subject: str, text: str, at: datetime) -> bytes:
    """A message in plain text with CRLF, the same whenever it is made of the same words for one instant.

    It is marked as made by a machine (RFC 3834), so that no auto-reply answers it.
    """
    publication = settings.publication
    name, address = parse_mailbox(publication.from_)
    host = urlsplit(publication.base_url).hostname or "localhost"
    seed = f"{to}\n{at.isoformat()}\n{subject}\n{text}"
    fields = (
        mailbox_field("From", name, address),
        mailbox_field("To", "", settings.delivery.sandbox or to),
        text_field("Subject", subject),
        f"Date: {format_datetime(at)}\r\n".encode("ascii"),
        f"Message-ID: <{hashlib.sha256(seed.encode()).hexdigest()[:32]}@{host}>\r\n".encode("ascii"),
        b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
        b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n',
    )
    return b"".join(fields) + CRLF + quoted_printable(text)
