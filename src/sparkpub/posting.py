"""Post single letters that belong to no release: by the transport of the publication, over one connection."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from sparkpub.adapters.maildir import Maildir
from sparkpub.core.addresses import parse_mailbox
from sparkpub.core.outcomes import Fate, Outcome
from sparkpub.errors import BusyError, TransportError
from sparkpub.press import Press
from sparkpub.sending import relays

if TYPE_CHECKING:  # asyncio's client takes long to import, and only mailing needs it
    from sparkpub.adapters.smtp import Letter, Post

_L = TypeVar("_L", bound="Letter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message with whom it is from and for."""

    sender: str
    recipient: str
    data: bytes = field(repr=False)


class _Single:
    """A post of one letter, which keeps what became of it."""

    is_paced = True

    def __init__(self, letter: Envelope) -> None:
        self._waiting: list[Envelope] = [letter]
        self.outcome: Outcome | None = None

    async def next(self, route: str) -> Envelope | None:
        del route
        return self._waiting.pop() if self._waiting else None

    async def begin(self, letter: Envelope) -> bool:
        del letter
        return True

    def settle(self, letter: Envelope, outcome: Outcome, route: str) -> None:
        del letter, route
        self.outcome = outcome

    def give_back(self, letter: Envelope) -> None:
        self._waiting.append(letter)


def post_letter(press: Press, data: bytes, *, recipient: str, name: str, at: datetime) -> None:
    """Send one message now, or put it into the outbox where the transport rehearses. `name` says which letter it is.

    Raises:
        TransportError: the relay cannot be used, or refuses the letter.
        BusyError: the relay says "later", or whether it took the letter cannot be known.
    """
    settings = press.publication.settings
    if press.transport == "maildir":
        Outbox(press).lay_out(data, name=name, at=at)
        return
    _, sender = parse_mailbox(settings.publication.from_)
    post = _Single(Envelope(sender=sender, recipient=settings.delivery.sandbox or recipient, data=data))
    carry(press, post)
    outcome = post.outcome
    if outcome is not None and outcome.fate is Fate.ACCEPTED:
        return
    if outcome is not None and outcome.fate is Fate.REJECTED:
        raise TransportError(f"the relay refused the letter: {outcome.code}; mend the address and try again")
    raise BusyError(f"the relay did not take the letter ({outcome.code if outcome else 'no answer'}); try again later")


class Outbox:
    """Where the letters of a press lie that rehearses."""

    def __init__(self, press: Press) -> None:
        """The outbox of a press, made when the first letter comes."""
        self._folder = Maildir(press.outbox)
        self._host = urlsplit(press.publication.settings.publication.base_url).hostname or "localhost"

    def lay_out(self, data: bytes, *, name: str, at: datetime) -> None:
        """Put a letter there; one of that name and instant is there already, and stays.

        Raises:
            BusyError: the disk is full.
            TransportError: the outbox cannot be written.
        """
        self._folder.deliver(f"{int(at.timestamp())}.{name}.{self._host}", data)


def carry(press: Press, post: "Post[_L]") -> None:
    """Bring the letters of a post to the relays, over one connection, until it has none left.

    Raises:
        TransportError: no relay can be used; letters that were not tried were given back.
    """
    from sparkpub.adapters import smtp

    asyncio.run(smtp.deliver(relays(press), post, connections=1))
