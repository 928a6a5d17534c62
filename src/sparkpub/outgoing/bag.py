"""The mailbag: letters taken from the ledger in claimed batches, and what became of each written back.

    claim (durable) ─▶ take ─▶ begin (intent) ─▶ the transport ─▶ settle ─▶ close (durable)

It is the post that both transports work for. The ledger decides who gets mail; a stop is seen before each letter.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime

from sparkpub.adapters.clock import monotonic
from sparkpub.adapters.ledger import Claim
from sparkpub.core.addresses import is_address
from sparkpub.core.bounces import Meaning
from sparkpub.core.outcomes import UNSPEAKABLE, Attempt, Fate, Outcome, RetryPolicy, settle
from sparkpub.core.records import DeliveryState, Release, ReleaseState
from sparkpub.outgoing.brake import Brake
from sparkpub.outgoing.canary import Canary
from sparkpub.outgoing.commits import Commits, Result
from sparkpub.outgoing.holding import Holding
from sparkpub.outgoing.letters import Letters, OutgoingLetter, Waiting
from sparkpub.outgoing.pacing import Pacing
from sparkpub.outgoing.quota import Quota
from sparkpub.press import Press
from sparkpub.queueing import RESUMED

LATE = "its grace ran out before all of it was begun"
_BATCH = 500
_LONGEST_SLEEP = 1.0
_PATIENCE_SECONDS = 10.0  # for domains that have asked for less, once there is nothing else; the next run goes on
_LOOK_SECONDS = 0.02  # how old what was seen of a stop may be before a letter is taken; before it begins, nothing

Progress = Callable[[int, int], None]


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
        self._sandbox = delivery.sandbox
        self._policy = RetryPolicy.of(delivery)
        self._letters = Letters(press)
        is_mailing = press.transport == "smtp"
        self._quota = Quota(delivery, press.ledger) if is_mailing else None
        self._canary = Canary(delivery, press.ledger) if is_mailing else None
        self._brake = Brake(press.ledger, delivery) if is_mailing else None
        self._pacing = Pacing(delivery, press.ledger) if is_mailing else None
        self._holding = Holding(self._pacing) if self._pacing else None
        self._commits = Commits(
            press.ledger,
            epoch=epoch,
            clock=clock,
            may_begin=lambda: not self.is_stopped(),
            on_written=self._written,
        )
        self._waiting: deque[Waiting] = deque()
        self._open: Counter[int] = Counter()
        self._release_of: dict[int, int] = {}
        self._cursors: dict[int, tuple[int, int]] = {}
        self._looked_at: dict[int, tuple[float, bool]] = {}
        self._patient_until = 0.0
        self.counts: Counter[DeliveryState] = Counter()
        self.late: list[Release] = []
        self.stopped = ""
        self.progress: Progress | None = None
        self.total = 0

    @property
    def is_paced(self) -> bool:
        """Whether letters must not be taken ahead of their turn."""
        return self._pacing is not None and self._pacing.is_limited

    @property
    def resting(self) -> tuple[Release, ...]:
        """Releases whose first few are out while the others wait."""
        return tuple(resting.release for resting in self._canary.resting.values()) if self._canary else ()

    async def next(self, route: str) -> OutgoingLetter | None:
        """The next letter, when the rates let it go; None when there is none left or everything is stopped."""
        self._commits.check()
        if not self.is_paced or self._pacing is None or self._holding is None:
            taken = self._take_waiting()
            return None if taken is None else await self._letters.write_soon(taken)
        import asyncio

        while (waiting := self._take_ready(self._holding)) is None:
            self._patient_until = self._patient_until or monotonic() + _PATIENCE_SECONDS
            is_enough = monotonic() > self._patient_until and not self._pacing.is_asked_for
            if not self._holding or is_enough or self.is_stopped():
                return None
            await asyncio.sleep(min(self._holding.wait, _LONGEST_SLEEP))
            self._pacing.look()
        while (wait := self._pacing.route_wait(route)) > 0:
            await asyncio.sleep(min(wait, _LONGEST_SLEEP))
            if self.is_stopped():
                self._put_back(waiting)
                return None
            self._pacing.look()
        return await self._letters.write_soon(waiting)

    def take(self) -> OutgoingLetter | None:
        """The next letter at once; None when there is none left or everything is stopped."""
        waiting = self._take_waiting()
        return None if waiting is None else self._letters.write(waiting)

    def _take_ready(self, holding: Holding) -> Waiting | None:
        """The next delivery whose domain may be written to now; those that may not are held."""
        if (waiting := holding.let_go()) is not None:
            return waiting
        while len(holding) < _BATCH and (waiting := self._take_waiting()) is not None:
            if holding.admit(waiting):
                return waiting
        return None

    def _take_waiting(self) -> Waiting | None:
        """The next claimed delivery that can be mailed, claiming more when there is none."""
        while self._left is None or self._left > 0:
            if not self._waiting and not self._claim():
                return None
            waiting = self._waiting.popleft()
            if self.stopped:
                self._waiting.appendleft(waiting)
                return None
            if not self._may_take(waiting.release.release_id):
                self._drop(waiting)
            elif not is_address(waiting.due.address):
                outcome = Outcome(fate=Fate.REJECTED, code="its address is none that can be mailed")
                self._commits.add_now(self._result(waiting, outcome))
            else:
                if self._left is not None:
                    self._left -= 1
                return waiting
        return None

    def _may_take(self, release_id: int) -> bool:
        """Whether nobody has stopped everything, or this release, as far as was seen a moment ago."""
        now = monotonic()
        at, may = self._looked_at.get(release_id, (-1.0, False))
        if now - at > _LOOK_SECONDS:
            may = not self.is_stopped() and self._ledger.release_state(release_id) is ReleaseState.SENDING
            self._looked_at[release_id] = (now, may)
            if self._pacing is not None:
                self._pacing.look()
        return may

    def is_stopped(self) -> bool:
        """Whether somebody stopped everything: the ledger says so, a file STOP lies in the folder, or Ctrl-C."""
        if not self.stopped:
            self.stopped = self._press.stopped()
        return bool(self.stopped)

    def _claim(self) -> bool:
        """Take on the next batch that is due, newest release first; False if there is none."""
        now = self._clock()
        if self.is_stopped():
            return False
        for release in self._ledger.releases_in(ReleaseState.SENDING):
            if release.transport != self._press.transport:
                continue
            if self._only and release.release_id != self._only.release_id:
                continue
            if self._is_late(release, now) or (self._brake and self._brake.has_stopped(release, now=now)):
                continue
            claim = self._claim_within_limits(release, now)
            if claim is not None:
                self._waiting.extend(Waiting(due, release, claim.claim_id) for due in claim.due)
                self._open[claim.claim_id] = len(claim.due)
                self._release_of[claim.claim_id] = release.release_id
                return True
        return False

    def _claim_within_limits(self, release: Release, now: datetime) -> Claim | None:
        """Claim durably, no more than the day and the canary allow."""
        count = _BATCH if self._left is None else min(_BATCH, self._left)
        if self._canary is not None:
            claimed = sum(n for id_, n in self._open.items() if self._release_of[id_] == release.release_id)
            allowance = self._canary.allowance(release, claimed=claimed, now=now)
            count = count if allowance is None else min(count, allowance)
        with self._ledger.durable(), self._ledger.transaction():
            count = count if self._quota is None else min(count, self._quota.left(now))
            if count <= 0:
                return None
            after = self._cursors.get(release.release_id, (0, 0))
            claim = self._ledger.claim_batch(release, epoch=self._epoch, count=count, at=now, after=after)
            if claim is not None and self._quota is not None:
                self._quota.use(len(claim.due), now)
            if self._pacing is not None:
                self._pacing.keep()
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
        with self._ledger.durable(), self._ledger.transaction():
            if self._ledger.stop_release(release.release_id, reason=LATE, at=now):
                self._ledger.record(now, "stopped", release.name, LATE)
        self.late.append(release)
        return True

    async def begin(self, letter: OutgoingLetter) -> bool:
        """Commit that a letter's body is about to leave; False if somebody stopped it or another run has it."""
        if await self._commits.intend(letter.waiting):
            return True
        self._refuse(letter.waiting)
        return False

    def begin_now(self, letter: OutgoingLetter) -> bool:
        """The same, where there is no loop."""
        if self._commits.intend_now(letter.waiting):
            return True
        self._refuse(letter.waiting)
        return False

    def _refuse(self, waiting: Waiting) -> None:
        """Look anew at what may be taken: somebody has stopped it, or another has it."""
        self._looked_at.clear()
        self._drop(waiting)

    def settle(self, letter: OutgoingLetter, outcome: Outcome, route: str) -> None:
        """Note what became of a letter. What that says of its address counts as any bounce does."""
        if self._pacing is not None:
            self._pacing.hear(route, letter.waiting.due.address, outcome)
        self._commits.add(self._result(letter.waiting, outcome))

    def settle_now(self, letter: OutgoingLetter, outcome: Outcome) -> None:
        """The same, where there is no loop."""
        self._commits.add_now(self._result(letter.waiting, outcome))

    def finish(self) -> None:
        """Write what is left, and what was learned."""
        self._letters.finish()
        self._commits.finish()
        if self._pacing is not None:
            self._pacing.keep()

    def give_back(self, letter: OutgoingLetter) -> None:
        """Take a letter back that was not tried."""
        self._put_back(letter.waiting)

    def _put_back(self, waiting: Waiting) -> None:
        self._waiting.appendleft(waiting)
        if self._left is not None:
            self._left += 1

    def _result(self, waiting: Waiting, outcome: Outcome) -> Result:
        """What follows from an outcome."""
        now, due = self._clock(), waiting.due
        attempt = Attempt(
            release_id=due.release_id,
            subscriber_id=due.subscriber_id,
            number=due.attempts + 1,
            first_at=due.first_at,
        )
        settlement = settle(outcome, attempt, now=now, policy=self._policy)
        is_about_reader = settlement.state is DeliveryState.FAILED and not self._sandbox
        meaning = outcome.meaning if is_about_reader else Meaning.NOTHING
        return Result(waiting, settlement, tried_at=now, meaning=meaning)

    def _written(self, results: Sequence[Result]) -> None:
        """Count results that stand in the ledger now, and close the claims of which they were the last ones."""
        for waiting, settlement, *_ in results:
            self.counts[settlement.state] += 1
            if self._brake is not None and not settlement.code.startswith(UNSPEAKABLE):
                self._brake.note(waiting.release.release_id, settlement.state)
            self._drop(waiting)
        if self.progress and results:
            done = self.counts.total()
            self.progress(done, max(self.total, done))

    def _drop(self, waiting: Waiting) -> None:
        """Have one less of a claim to wait for."""
        self._open[waiting.claim_id] -= 1
        if self._open[waiting.claim_id] <= 0:
            del self._open[waiting.claim_id]
            with self._ledger.durable():
                self._ledger.close_claim(waiting.claim_id, at=self._clock())
