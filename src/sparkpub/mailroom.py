"""The mailroom: write and post the letters that the ledger has queued, each once for the wish that it answers.

    due ──still wanted?──▶ composed, signed ──begun (committed)──▶ the transport ──settled (committed)──▶ its end

A letter of which nobody knows whether it went is posted again under the same Message-ID: a confirmation that comes
twice does no harm, one that never comes loses a reader. Whatever stops the press stops letters too, confirmations among
them: who stops it wants nothing to leave.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

import jinja2

from sparkpub.adapters.catalogues import catalogue
from sparkpub.adapters.locks import lock
from sparkpub.adapters.templates import template_fault
from sparkpub.articles import issue_of, neighbour_of
from sparkpub.core.addresses import is_address, parse_mailbox
from sparkpub.core.article import Neighbour
from sparkpub.core.consent import CONFIRM_WITHIN, LONGEST_CAP
from sparkpub.core.letters import LetterWriter, address_letter
from sparkpub.core.outcomes import Attempt, Fate, Outcome, RetryPolicy, settle
from sparkpub.core.records import DeliveryState, Letter, LetterKind, SubscriberState
from sparkpub.core.tokens import Tokens
from sparkpub.errors import InputError
from sparkpub.leaving import refuse_unprepared
from sparkpub.outgoing.pacing import Pacing, domain_of
from sparkpub.outgoing.quota import Quota
from sparkpub.outgoing.sealing import signers_of, splice_of
from sparkpub.posting import Envelope, Outbox, carry
from sparkpub.press import Press

if TYPE_CHECKING:
    from sparkpub.core.dkim import Signer

NOT_WANTED = "no longer wanted"
"""Code of a letter that was dropped because its reader has confirmed, asked anew or left meanwhile."""

EXPIRED = "its link is no good any more"
"""Code of a letter to confirm that waited for longer than its link is good."""

_LOCK = "letters.lock"
_PATIENCE_SECONDS = 10.0  # whose turn comes later waits for the next round
_A_MONTH = timedelta(days=30)
_A_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostReport:
    """What one round of the mailroom came to; `dropped` are those that nobody wants any more.

    `waiting` counts what is still to be posted, `stopped` says why nothing more was begun ("" if nothing stopped it).
    """

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    dropped: int = 0
    waiting: int = 0
    stopped: str = ""


def post_letters(press: Press, *, now: datetime, is_stopping: Callable[[], bool] = lambda: False) -> PostReport:
    """Post what is due. Nothing is due: nothing is opened, locked or asked for.

    Raises:
        BusyError: another process posts letters here, the ledger is locked, or the disk is full.
        InputError: a template of letters has faults, or `[dkim]` names a key that cannot be used.
        UsageError: smtp is not set up.
        TransportError: no relay can be used; what was not sent stays due.
    """
    if next(press.ledger.due_letters(now), None) is None:
        return PostReport(waiting=press.ledger.count_letters())
    if press.transport == "smtp":
        refuse_unprepared(press)
    with lock(press.state / _LOCK):
        bag = _Letterbag(press, now=now, is_stopping=is_stopping)
        try:
            if press.transport == "smtp":
                carry(press, bag)
            else:
                bag.rehearse()
        finally:
            bag.finish()
    counts = bag.counts
    return PostReport(
        sent=counts[DeliveryState.SENT],
        deferred=counts[DeliveryState.DEFERRED],
        failed=counts[DeliveryState.FAILED],
        dropped=counts[DeliveryState.SUPPRESSED],
        waiting=press.ledger.count_letters(),
        stopped=bag.stopped,
    )


def forget_old_asks(press: Press, *, now: datetime) -> int:
    """Forget who asked a month ago, got the letter and never confirmed, mail settled then, and yesterday's asks.

    And which mail was heard a year ago.

    Returns how many readers were forgotten.
    """
    press.ledger.forget_asks(now - LONGEST_CAP)
    press.ledger.forget_inquiries(now - _A_MONTH)
    press.ledger.forget_heard(now - _A_YEAR)
    return press.ledger.forget_unconfirmed(now - _A_MONTH, at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posted(Envelope):
    """A letter on its way, with what the ledger knows of it."""

    letter: Letter


class _Letterbag:
    """The post that both transports work for: takes due letters one by one and notes what becomes of each."""

    is_paced = True

    def __init__(self, press: Press, *, now: datetime, is_stopping: Callable[[], bool]) -> None:
        settings = press.publication.settings
        self._press, self._ledger, self._now, self._is_stopping = press, press.ledger, now, is_stopping
        delivery = settings.delivery
        self._policy = RetryPolicy.of(delivery)
        self._pacing, self._quota = Pacing(delivery, press.ledger), Quota(delivery, press.ledger)
        self._tokens = Tokens(press.key)
        self._sandbox = delivery.sandbox
        self._sender = settings.inbox.address or parse_mailbox(settings.publication.from_)[1]
        self._due: Iterator[Letter] = press.ledger.due_letters(now)
        self._back: list[_Posted] = []
        self._begun: set[int] = set()
        self.counts: Counter[DeliveryState] = Counter()
        self.stopped = ""

    @cached_property
    def _writer(self) -> LetterWriter:
        publication = self._press.publication
        return LetterWriter(publication.settings, publication.templates, zone=publication.zone, words=catalogue)

    async def next(self, route: str) -> _Posted | None:
        """The next letter, when the rates let it go; one that would have to wait long is left for the next round."""
        while (posted := self._take()) is not None:
            if self._quota.left(self._now) <= 0:
                return None
            domain = domain_of(posted.letter.reader.address)
            if await _has_turn(partial(self._pacing.domain_wait, domain)) and await _has_turn(
                partial(self._pacing.route_wait, route)
            ):
                return posted
        return None

    def rehearse(self) -> None:
        """Put every due letter into the outbox under its own name: one that lies there already is done."""
        outbox = Outbox(self._press)
        while (posted := self._take()) is not None:
            if not self._begin(posted):
                return
            letter = posted.letter
            name = f"{letter.kind}-{letter.reader.subscriber_id}"
            outbox.lay_out(posted.data, name=name, at=letter.wished_at)
            self._settle(posted, Outcome(fate=Fate.ACCEPTED, code="written to the Maildir"))

    def _take(self) -> _Posted | None:
        """The next letter that is still wanted, as its message; those that are not are dropped on the way."""
        if self._back:
            return None if self._is_stopped() else self._back.pop()
        for letter in self._due:
            if self._is_stopped():
                return None
            if why := self._why_not(letter):
                self._ledger.settle_letter(letter, DeliveryState.SUPPRESSED, code=why, at=self._now)
                self.counts[DeliveryState.SUPPRESSED] += 1
                continue
            return self._written(letter)
        return None

    def _is_stopped(self) -> bool:
        if not self.stopped:
            self.stopped = "interrupted" if self._is_stopping() else self._press.stopped()
        return bool(self.stopped)

    def _why_not(self, letter: Letter) -> str:
        """Why a letter is not to be posted any more, "" if it is."""
        reader = letter.reader
        if reader.is_suppressed:
            return "its address is never mailed"
        if not is_address(reader.address):
            return "its address is none that can be mailed"
        match letter.kind:
            case LetterKind.CONFIRM:
                if self._now - letter.wished_at >= CONFIRM_WITHIN:
                    return EXPIRED
                is_open = reader.state is not SubscriberState.ACTIVE and reader.asked_at == letter.wished_at
                return "" if is_open else NOT_WANTED
            case LetterKind.WELCOME:
                is_welcome = self._press.publication.settings.web.welcome
                return "" if reader.state is SubscriberState.ACTIVE and is_welcome else NOT_WANTED
            case LetterKind.KNOWN:
                return "" if reader.state is SubscriberState.ACTIVE else NOT_WANTED

    def _written(self, letter: Letter) -> _Posted:
        """A letter as its message, signed."""
        settings, folder = self._press.publication.settings, self._press.publication.folder
        recipient = self._sandbox or letter.reader.address
        addressed = replace(letter, reader=replace(letter.reader, address=recipient))
        try:
            sheet = self._writer.sheet(letter, self._newest if letter.kind is LetterKind.WELCOME else None)
        except jinja2.TemplateError as error:
            raise InputError(template_fault(error, folder)) from error
        values = address_letter(addressed, settings=settings, tokens=self._tokens)
        compiled = sheet.compiled(addressed, values, settings=settings, tokens=self._tokens)
        data = splice_of(compiled, self._signers, at=letter.queued_at)(values)
        return _Posted(sender=self._sender, recipient=recipient, data=data, letter=letter)

    @cached_property
    def _signers(self) -> "tuple[Signer, ...]":
        return signers_of(self._press)

    @cached_property
    def _newest(self) -> Neighbour | None:
        """The piece that was mailed last, where it has a page."""
        release = self._ledger.newest_mailed()
        if release is None:
            return None
        return neighbour_of(self._press.publication.settings, issue_of(release), release)

    async def begin(self, letter: _Posted) -> bool:
        """Commit that a letter's body is about to leave; False if somebody stopped it."""
        return self._begin(letter)

    def _begin(self, posted: _Posted) -> bool:
        if self._is_stopped():
            return False
        with self._ledger.transaction():
            if not self._ledger.begin_letter(posted.letter, at=self._now):
                return False
            if self._press.transport == "smtp":
                self._quota.use(1, self._now)
        self._begun.add(posted.letter.letter_id)
        return True

    def settle(self, letter: _Posted, outcome: Outcome, route: str) -> None:
        """Note what became of a letter."""
        self._pacing.hear(route, letter.letter.reader.address, outcome)
        self._settle(letter, outcome)

    def _settle(self, posted: _Posted, outcome: Outcome) -> None:
        """Write down what follows; whether it went cannot be known is no end: it is tried again as the same message."""
        letter = posted.letter
        if outcome.fate is Fate.UNCERTAIN:
            outcome = replace(outcome, fate=Fate.DEFERRED)
        attempt = Attempt(
            release_id=0,  # of none; letters are told apart by their own numbers
            subscriber_id=letter.letter_id,
            number=letter.attempts + 1,
            first_at=letter.first_at,
        )
        done = settle(outcome, attempt, now=self._now, policy=self._policy)
        with self._ledger.transaction():
            if letter.letter_id not in self._begun:
                self._ledger.begin_letter(letter, at=self._now)
            self._ledger.settle_letter(letter, done.state, code=done.code, at=done.at)
            if outcome.is_address_fault and not self._sandbox:
                self._ledger.suppress(letter.reader.address, f"refused: {outcome.code}", self._now)
        self.counts[done.state] += 1

    def give_back(self, letter: _Posted) -> None:
        """Take a letter back that was not tried."""
        self._back.append(letter)

    def finish(self) -> None:
        """Write down what was learned of paces."""
        if self._press.transport == "smtp":
            self._pacing.keep()


async def _has_turn(ask: Callable[[], float]) -> bool:
    """Wait for a turn, which `ask` takes or says when to ask again; False if that would take long."""
    waited = 0.0
    while (wait := ask()) > 0:
        waited += wait
        if waited > _PATIENCE_SECONDS:
            return False
        await asyncio.sleep(wait)
    return True
