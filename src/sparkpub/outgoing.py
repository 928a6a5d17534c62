"""The mailbag: letters taken from the ledger in claimed batches, and what became of each written back.

    claim (durable) ─▶ take ─▶ begin (intent) ─▶ the transport ─▶ settle ─▶ close (durable)

It is the post that both transports work for. The ledger decides who gets mail; a stop is seen before each letter.
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sparkpub.adapters.clock import monotonic
from sparkpub.adapters.dkim_key import read_signer
from sparkpub.adapters.ledger import Claim, DueDelivery
from sparkpub.core.addresses import is_address, parse_mailbox
from sparkpub.core.durations import seconds
from sparkpub.core.mail import Addressing, ReaderValues, load_compiled
from sparkpub.core.model import DeliveryState, Release, ReleaseState
from sparkpub.core.outcomes import Fate, Outcome, RetryPolicy, settle
from sparkpub.core.tokens import Tokens
from sparkpub.press import Press
from sparkpub.queueing import RESUMED
from sparkpub.quota import Quota

LATE = "its grace ran out before all of it was begun"
_BATCH = 500
_LONGEST_SLEEP = 1.0

Progress = Callable[[int, int], None]
Splice = Callable[[ReaderValues], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingLetter:
    """One message on its way, with the delivery it is."""

    due: DueDelivery
    release: Release
    claim_id: int
    sender: str
    recipient: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A claimed delivery that is not a letter yet."""

    due: DueDelivery
    release: Release
    claim_id: int


class Mailbag:
    """Takes letters from the ledger one by one and notes what becomes of them."""

    def __init__(
        self, press: Press, *, epoch: int, clock: Callable[[], datetime], only: Release | None, limit: int | None
    ) -> None:
        """Take letters for this run, of one release or of all that are being sent, `limit` at most.

        Raises:
            InputError: `[dkim]` names a key that cannot be used; a rehearsal without the key goes unsigned.
        """
        self._press, self._ledger, self._epoch, self._clock = press, press.ledger, epoch, clock
        self._only, self._left = only, limit
        delivery = press.publication.settings.delivery
        self._policy = RetryPolicy(retry_seconds=delivery.retry_seconds, give_up_seconds=seconds(delivery.give_up))
        self._tokens = Tokens(press.key)
        dkim = press.publication.settings.dkim
        is_mailing = press.transport == "smtp"
        self._signer = read_signer(press.publication.folder, dkim, is_needed=is_mailing) if dkim else None
        _, self._from = parse_mailbox(press.publication.settings.publication.from_)
        self._quota = Quota(delivery, press.ledger) if is_mailing else None
        self._waiting: deque[_Waiting] = deque()
        self._held: list[tuple[float, int, _Waiting]] = []
        self._open: Counter[int] = Counter()
        self._cursors: dict[int, tuple[int, int]] = {}
        self._message_of: tuple[int, Splice, Addressing] | None = None
        self._next_slot = 0.0
        self._domain_slots: dict[str, float] = {}
        self.counts: Counter[DeliveryState] = Counter()
        self.late: list[Release] = []
        self.stopped = ""
        self.progress: Progress | None = None
        self.total = 0

    @property
    def is_paced(self) -> bool:
        """Whether letters must not be taken ahead of their turn."""
        delivery = self._press.publication.settings.delivery
        return delivery.rate_per_second is not None or bool(delivery.per_domain)

    async def next(self) -> OutgoingLetter | None:
        """The next letter, when the rates let it go; None when there is none left or everything is stopped."""
        import asyncio

        while (waiting := self._take_ready()) is None:
            if not self._held or self.is_stopped():
                return None
            await asyncio.sleep(min(max(self._held[0][0] - monotonic(), 0.0), _LONGEST_SLEEP))
        rate = self._press.publication.settings.delivery.rate_per_second
        if rate:
            now = monotonic()
            self._next_slot = max(now, self._next_slot) + 1 / rate
            await asyncio.sleep(self._next_slot - 1 / rate - now)
        return self._letter(waiting)

    def take(self) -> OutgoingLetter | None:
        """The next letter at once; None when there is none left or everything is stopped."""
        waiting = self._take_waiting()
        return None if waiting is None else self._letter(waiting)

    def _take_ready(self) -> _Waiting | None:
        """The next delivery whose domain may be written to now; those that may not are held."""
        rates = self._press.publication.settings.delivery.per_domain
        if not rates:
            return self._take_waiting()
        now = monotonic()
        if self._held and self._held[0][0] <= now:
            return heapq.heappop(self._held)[2]
        while (waiting := self._take_waiting()) is not None:
            domain = waiting.due.address.rpartition("@")[2].lower()
            if domain not in rates:
                return waiting
            ready_at = max(now, self._domain_slots.get(domain, 0.0))
            self._domain_slots[domain] = ready_at + 1 / max(rates[domain], 1e-6)
            if ready_at <= now:
                return waiting
            heapq.heappush(self._held, (ready_at, waiting.due.subscriber_id, waiting))
            if len(self._held) >= _BATCH:
                return None
        return None

    def _take_waiting(self) -> _Waiting | None:
        """The next claimed delivery that can be mailed, claiming more when there is none."""
        while not self.is_stopped() and (self._left is None or self._left > 0):
            if not self._waiting and not self._claim():
                return None
            waiting = self._waiting.popleft()
            if self._ledger.release_state(waiting.release.release_id) is not ReleaseState.SENDING:
                self._drop(waiting)
            elif not is_address(waiting.due.address):
                outcome = Outcome(fate=Fate.REJECTED, code="its address is none that can be mailed")
                self._note(waiting.due, waiting.release, waiting.claim_id, outcome)
            else:
                if self._left is not None:
                    self._left -= 1
                return waiting
        return None

    def is_stopped(self) -> bool:
        """Whether somebody stopped everything: the ledger says so, a file STOP lies in the folder, or Ctrl-C."""
        if not self.stopped:
            self.stopped = self._press.stopped()
        return bool(self.stopped)

    def _claim(self) -> bool:
        """Take on the next batch that is due, newest release first; False if there is none."""
        now = self._clock()
        for release in self._ledger.releases_in(ReleaseState.SENDING):
            if release.transport != self._press.transport:
                continue
            if self._only and release.release_id != self._only.release_id:
                continue
            if self._is_late(release, now):
                continue
            count = min(_BATCH, _BATCH if self._left is None else self._left)
            claim = self._claim_within_quota(release, count, now)
            if claim is not None:
                self._waiting.extend(_Waiting(due, release, claim.claim_id) for due in claim.due)
                self._open[claim.claim_id] = len(claim.due)
                return True
        return False

    def _claim_within_quota(self, release: Release, count: int, now: datetime) -> Claim | None:
        """Claim durably, no more than the day allows."""
        with self._ledger.durable(), self._ledger.transaction():
            allowed = count if self._quota is None else min(count, self._quota.left(now))
            if allowed <= 0:
                return None
            after = self._cursors.get(release.release_id, (0, 0))
            claim = self._ledger.claim_batch(release, epoch=self._epoch, count=allowed, at=now, after=after)
            if claim is not None and self._quota is not None:
                self._quota.use(len(claim.due), now)
        if claim is not None:
            self._cursors[release.release_id] = (claim.batch, claim.last)
        return claim

    def _is_late(self, release: Release, now: datetime) -> bool:
        """Whether a release has waited too long with deliveries not begun; then it stops until a person resumes it."""
        resumed = self._ledger.fact(RESUMED)
        began = [
            release.released_at,
            self._ledger.stop_notes(release.release_id).resumed_at or release.released_at,
            datetime.fromisoformat(resumed) if resumed else release.released_at,
        ]
        if now - max(began) <= self._press.publication.pace.grace:
            return False
        if not self._ledger.open_counts(release.release_id, at=now).pending:
            return False
        with self._ledger.transaction():
            if self._ledger.stop_release(release.release_id, reason=LATE, at=now):
                self._ledger.record(now, "stopped", release.name, LATE)
        self.late.append(release)
        return True

    def _letter(self, waiting: _Waiting) -> OutgoingLetter:
        """A claimed delivery as the message it is."""
        due, release = waiting.due, waiting.release
        settings = self._press.publication.settings
        recipient = settings.delivery.sandbox or due.address
        splice, addressing = self._message(release)
        reader = addressing.values(due.subscriber_id, address=recipient, name=due.name, attributes=due.attributes)
        inbox = settings.inbox.address
        sender = self._tokens.return_address(inbox, release.release_id, due.subscriber_id) if inbox else self._from
        return OutgoingLetter(
            due=due,
            release=release,
            claim_id=waiting.claim_id,
            sender=sender,
            recipient=recipient,
            data=splice(reader),
        )

    def _message(self, release: Release) -> tuple[Splice, Addressing]:
        """What makes a release's messages, and who addresses them, kept while letters of it are taken."""
        if self._message_of is None or self._message_of[0] != release.release_id:
            compiled = load_compiled(self._ledger.mailed_edition(release.release_id).compiled)
            addressing = Addressing(self._press.publication.settings, self._tokens, release=release.name)
            splice = self._signer.seal(compiled, at=release.released_at).splice if self._signer else compiled.splice
            self._message_of = (release.release_id, splice, addressing)
        return self._message_of[1:]

    def begin(self, letter: OutgoingLetter) -> bool:
        """Commit that a letter's body is about to leave; False if somebody stopped it or another run has it."""
        if not self.is_stopped() and self._ledger.intend(letter.due, epoch=self._epoch, at=self._clock()):
            return True
        self._drop(_Waiting(letter.due, letter.release, letter.claim_id))
        return False

    def settle(self, letter: OutgoingLetter, outcome: Outcome) -> None:
        """Commit what became of a letter. An address that is wrong for whoever writes to it is never mailed again."""
        self._note(letter.due, letter.release, letter.claim_id, outcome)
        if outcome.is_address_fault and not self._press.publication.settings.delivery.sandbox:
            self._ledger.suppress(letter.due.address, f"refused: {outcome.code}", self._clock())

    def give_back(self, letter: OutgoingLetter) -> None:
        """Take a letter back that was not tried."""
        self._waiting.appendleft(_Waiting(letter.due, letter.release, letter.claim_id))
        if self._left is not None:
            self._left += 1

    def _note(self, due: DueDelivery, release: Release, claim_id: int, outcome: Outcome) -> None:
        """Write an outcome down, and close its claim if it was the last one."""
        now = self._clock()
        settlement = settle(outcome, attempts=due.attempts + 1, first_at=due.first_at, now=now, policy=self._policy)
        self._ledger.settle(
            due, epoch=self._epoch, state=settlement.state, code=settlement.code, at=settlement.at, tried_at=now
        )
        self.counts[settlement.state] += 1
        if self.progress:
            self.progress(self.counts.total(), max(self.total, self.counts.total()))
        self._drop(_Waiting(due, release, claim_id))

    def _drop(self, waiting: _Waiting) -> None:
        """Have one less of a claim to wait for."""
        self._open[waiting.claim_id] -= 1
        if self._open[waiting.claim_id] <= 0:
            del self._open[waiting.claim_id]
            with self._ledger.durable():
                self._ledger.close_claim(waiting.claim_id, at=self._clock())


def ticking(now: datetime) -> Callable[[], datetime]:
    """A clock that shows `now` at first and goes on from there."""
    began = monotonic()
    return lambda: now + timedelta(seconds=int(monotonic() - began))
