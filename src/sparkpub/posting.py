"""Post single letters that belong to no release: by the transport of the publication, outside the ledger."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sparkpub.adapters.maildir import Maildir
from sparkpub.core.addresses import parse_mailbox
from sparkpub.core.outcomes import Fate, Outcome
from sparkpub.errors import BusyError, TransportError
from sparkpub.press import Press
from sparkpub.sending import relays


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """One message with its envelope."""

    sender: str
    recipient: str
    data: bytes


class _Single:
    """A post of one letter, which keeps what became of it."""

    is_paced = True

    def __init__(self, letter: _Letter) -> None:
        self._waiting: list[_Letter] = [letter]
        self.outcome: Outcome | None = None

    async def next(self, route: str) -> _Letter | None:
        del route
        return self._waiting.pop() if self._waiting else None

    async def begin(self, letter: _Letter) -> bool:
        del letter
        return True

    def settle(self, letter: _Letter, outcome: Outcome, route: str) -> None:
        del letter, route
        self.outcome = outcome

    def give_back(self, letter: _Letter) -> None:
        self._waiting.append(letter)


def post_letter(press: Press, data: bytes, *, recipient: str, name: str, at: datetime) -> None:
    """Send one message now, or put it into the outbox where the transport rehearses. `name` says which letter it is.

    Raises:
        TransportError: the relay cannot be used, or refuses the letter.
        BusyError: the relay says "later", or whether it took the letter cannot be known.
    """
    settings = press.publication.settings
    if press.transport == "maildir":
        host = urlsplit(settings.publication.base_url).hostname or "localhost"
        Maildir(press.outbox).deliver(f"{int(at.timestamp())}.{name}.{host}", data)
        return
    from sparkpub.adapters import smtp

    _, sender = parse_mailbox(settings.publication.from_)
    post = _Single(_Letter(sender=sender, recipient=settings.delivery.sandbox or recipient, data=data))
    asyncio.run(smtp.deliver(relays(press), post, connections=1))
    outcome = post.outcome
    if outcome is not None and outcome.fate is Fate.ACCEPTED:
        return
    if outcome is not None and outcome.fate is Fate.REJECTED:
        raise TransportError(f"the relay refused the letter: {outcome.code}; mend the address and try again")
    raise BusyError(f"the relay did not take the letter ({outcome.code if outcome else 'no answer'}); try again later")
