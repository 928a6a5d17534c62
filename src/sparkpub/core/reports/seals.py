"""What in a message only we can have written: return addresses, links to leave, Message-IDs, all signed with our key.

Whoever sent a report with one of them had that reader's own message, or was sent its bounce. Nobody else's address can
be named with it, so that a forged report does nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sparkpub.core.reports.mime import Mail, all_text, fields
from sparkpub.core.tokens import Purpose, Tokens

# Fields that name whom the envelope of a message was for; each mail server has its own.
_ENVELOPE: Final = (
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Forwarded-To",
    "X-Rcpt-To",
    "To",
    "Received",
)
_RETURN = re.compile(
    r"[^\s<>\",;:@]{1,100}\+[0-9a-z]{1,12}-[0-9a-z]{1,12}-[0-9a-f]{10}@[0-9a-z.-]{1,255}", re.IGNORECASE
)
_SIGNED = r"[0-9a-z]{1,12}\.[A-Za-z0-9_-]{43}"
_LINK = re.compile(rf"(?:/u/|unsubscribe(?:%20|\+|\s)+)({_SIGNED})(?![A-Za-z0-9_-])", re.IGNORECASE)
_SUBJECT = re.compile(rf"(?:\w{{1,6}}:\s*)?unsubscribe\s+({_SIGNED})\s*", re.IGNORECASE)
_FEEDBACK = re.compile(
    r"Feedback-ID:\s*([a-z0-9][a-z0-9-]{0,63})\.([0-9]{1,6}):([^\s:]{1,255}):sparkpub", re.IGNORECASE
)
_MESSAGE_ID = re.compile(r"Message-ID:\s*(<[^\s<>]{1,300}>)", re.IGNORECASE)
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The reader that a seal names, and the release where it names one too: by number, or by name (`ISSUE/N`)."""

    subscriber_id: int
    release_id: int | None = None
    release_name: str = ""


class Seals:
    """Finds and checks our seals."""

    def __init__(self, tokens: Tokens) -> None:
        """Check with the press's key."""
        self._tokens = tokens

    def of_address(self, address: str) -> Sealed | None:
        """What a signed return address names."""
        pair = self._tokens.read_return_address(address)
        return Sealed(release_id=pair[0], subscriber_id=pair[1]) if pair else None

    def of_envelope(self, message: Mail, to: str = "") -> Sealed | None:
        """What the address names that a message was sent to; `to` is the envelope's where it is known."""
        places = [to, *(line for name in _ENVELOPE for line in fields(message, name))]
        return self._only(found for place in places for found in self._returns(place))

    def of_contents(self, message: Mail) -> Sealed | None:
        """What the message within a report, or quoted in it, names; None also where it names two readers."""
        text = all_text(message)
        if by_return := self._only(self._returns(text)):
            return by_return
        tokens = list(dict.fromkeys(_LINK.findall(text)))[:_MOST]
        readers = {reader for token in tokens if (reader := self._tokens.read(Purpose.LEAVE, token)) is not None}
        if len(readers) != 1:
            return None
        (subscriber_id,) = readers
        return Sealed(subscriber_id=subscriber_id, release_name=self._release(text, subscriber_id))

    def of_wish(self, subject: str) -> int | None:
        """The reader whose token stands in the subject `unsubscribe TOKEN`, as List-Unsubscribe writes it."""
        found = _SUBJECT.fullmatch(subject)
        return self._tokens.read(Purpose.LEAVE, found[1]) if found else None

    def _returns(self, text: str) -> list[Sealed]:
        """What the return addresses in a text name, as far as they are ours."""
        addresses = list(dict.fromkeys(_RETURN.findall(text)))[:_MOST]
        return [sealed for address in addresses if (sealed := self.of_address(address))]

    @staticmethod
    def _only(found: Iterable[Sealed]) -> Sealed | None:
        """The one thing that is named, None if there is none or another beside it."""
        distinct = set(found)
        return distinct.pop() if len(distinct) == 1 else None

    def _release(self, text: str, subscriber_id: int) -> str:
        """The release that a returned message says it is of, if its Message-ID proves it."""
        for issue, number, host in _FEEDBACK.findall(text)[:_MOST]:
            name = f"{issue.lower()}/{int(number)}"
            if self._tokens.message_id(name, subscriber_id, host) in _MESSAGE_ID.findall(text)[:_MOST]:
                return name
        return ""
