"""Letters: the messages that are not releases, such as the one that asks a new reader to confirm."""

from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from sparkpub.core.addresses import parse_mailbox
from sparkpub.core.mime import CRLF, mailbox_field, quoted_printable, text_field
from sparkpub.core.records import Subscriber
from sparkpub.core.settings import Settings
from sparkpub.core.tokens import Tokens

_CONFIRMATION = """\
Somebody, we hope you, asked for {title} at this address.

To receive it, open this page and press the button there:

{url}

If it was not you, leave this mail unanswered: nothing will come.

{title}
{postal_address}
"""


def confirmation(settings: Settings, tokens: Tokens, reader: Subscriber, *, at: datetime) -> bytes:
    """The message that asks a reader to confirm: plain text, CRLF, the same whenever it is made for one instant.

    It is marked as made by a machine (RFC 3834), so that no auto-reply answers it.
    """
    publication = settings.publication
    url = f"{settings.web.url.rstrip('/')}/c/{tokens.sign_wish(reader.subscriber_id, reader.asked_at or at)}"
    name, address = parse_mailbox(publication.from_)
    host = urlsplit(publication.base_url).hostname or "localhost"
    message_id = tokens.message_id(f"confirm/{at:%Y%m%d%H%M%S}", reader.subscriber_id, host)
    text = _CONFIRMATION.format(title=publication.title, url=url, postal_address=publication.postal_address)
    fields = (
        mailbox_field("From", name, address),
        mailbox_field("To", reader.name, reader.address),
        text_field("Subject", f"Please confirm: {publication.title}"),
        f"Date: {format_datetime(at)}\r\n".encode("ascii"),
        f"Message-ID: {message_id}\r\n".encode("ascii"),
        b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
        b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n',
    )
    return b"".join(fields) + CRLF + quoted_printable(text)
