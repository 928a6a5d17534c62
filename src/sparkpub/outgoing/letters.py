"""A claimed delivery as the message it is: spliced, addressed, signed.

Signing takes twice as long as all else and lets other Python run meanwhile, so that signed letters are made in threads
where there is a loop.
"""

import os
import re
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from sparkpub.adapters.ledger import DueDelivery
from sparkpub.core.addresses import parse_mailbox
from sparkpub.core.mail import LEAVE, MESSAGE_ID, ONE_CLICK, Addressing, Compiled, ReaderValues, load_compiled
from sparkpub.core.records import Release
from sparkpub.core.tokens import Tokens
from sparkpub.outgoing.sealing import Splice, signers_of, splice_of
from sparkpub.press import Press

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_MOST_THREADS = 8


class Waiting(NamedTuple):
    """A claimed delivery that is not a letter yet."""

    due: DueDelivery
    release: Release
    claim_id: int


class OutgoingLetter(NamedTuple):
    """One message on its way, with the delivery it is."""

    waiting: Waiting
    sender: str
    recipient: str
    data: bytes

    def __repr__(self) -> str:
        """Without the message."""
        return f"<letter of release {self.waiting.due.release_id} to reader {self.waiting.due.subscriber_id}>"


class Letters:
    """Makes the letters of a press."""

    def __init__(self, press: Press) -> None:
        """Write with the press's settings and key.

        Raises:
            InputError: `[dkim]` names a key that cannot be used; a rehearsal without the key goes unsigned.
        """
        settings = press.publication.settings
        self._press, self._tokens = press, Tokens(press.key)
        self._signers = signers_of(press)
        _, self._from = parse_mailbox(settings.publication.from_)
        self._inbox, self._sandbox = settings.inbox.address, settings.delivery.sandbox
        self._message_of: tuple[int, Splice, Addressing] | None = None

    def write(self, waiting: Waiting) -> OutgoingLetter:
        """The message of a delivery; to the sandbox where there is one."""
        sender, recipient, splice, reader = self._addressed(waiting)
        return OutgoingLetter(waiting=waiting, sender=sender, recipient=recipient, data=splice(reader))

    async def write_soon(self, waiting: Waiting) -> OutgoingLetter:
        """The same; others are made meanwhile where it takes long."""
        if not self._signers:
            return self.write(waiting)
        import asyncio

        sender, recipient, splice, reader = self._addressed(waiting)
        data = await asyncio.get_running_loop().run_in_executor(self._threads, splice, reader)
        return OutgoingLetter(waiting=waiting, sender=sender, recipient=recipient, data=data)

    @cached_property
    def _threads(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, _MOST_THREADS), thread_name_prefix="signing")

    def finish(self) -> None:
        """End the threads."""
        if "_threads" in self.__dict__:
            self._threads.shutdown()

    def _addressed(self, waiting: Waiting) -> tuple[str, str, Splice, ReaderValues]:
        """Sender and recipient of a delivery, what makes its message, and the reader's values for that."""
        due, release = waiting.due, waiting.release
        recipient = self._sandbox or due.address
        splice, addressing = self._message(release)
        reader = addressing.values(due.subscriber_id, address=recipient, name=due.name, attributes=due.attributes)
        sender = self._from
        if self._inbox:
            sender = self._tokens.return_address(self._inbox, release.release_id, due.subscriber_id)
        return sender, recipient, splice, reader

    def _message(self, release: Release) -> tuple[Splice, Addressing]:
        """What makes a release's messages, and who addresses them, kept while letters of it are taken."""
        if self._message_of is None or self._message_of[0] != release.release_id:
            compiled = load_compiled(self._press.ledger.mailed_edition(release.release_id).compiled)
            web, inbox = self._press.publication.settings.web, self._press.publication.settings.inbox
            if web.url or inbox.unsubscribe_address:
                compiled = with_way_out(compiled, is_one_click=bool(web.url))
            if release.again_at is not None:
                compiled = with_date(compiled, release.again_at)
            addressing = Addressing(self._press.publication.settings, self._tokens, release=release.name)
            splice = splice_of(compiled, self._signers, at=release.dated_at)
            self._message_of = (release.release_id, splice, addressing)
        return self._message_of[1:]


_DATE = re.compile(rb"(?<=\r\nDate: )[^\r\n]+")


def with_date(compiled: Compiled, at: datetime) -> Compiled:
    """A message that bears another instant: one that is sent years after it was compiled is dated when it is sent."""
    place = compiled.holes.index(MESSAGE_ID) if MESSAGE_ID in compiled.holes else 0
    runs = list(compiled.runs)
    runs[place] = _DATE.sub(format_datetime(at).encode("ascii"), runs[place], count=1)
    return Compiled(runs=tuple(runs), holes=compiled.holes)


_AFTER_LEAVING = b"List-Archive: <"


def with_way_out(compiled: Compiled, *, is_one_click: bool) -> Compiled:
    """A message with List-Unsubscribe, also where it was compiled before there was a way to leave."""
    place = next((n for n, run in enumerate(compiled.runs) if _AFTER_LEAVING in run), None)
    if place is None:
        return compiled
    runs, holes = list(compiled.runs), list(compiled.holes)
    before, mark, after = runs[place].partition(_AFTER_LEAVING)
    if LEAVE not in holes:
        runs[place : place + 1] = [before, mark + after]
        holes.insert(place, LEAVE)
        before, place = b"", place + 1
    if is_one_click and ONE_CLICK not in before:
        runs[place] = before + ONE_CLICK + mark + after
    return Compiled(runs=tuple(runs), holes=tuple(holes))
