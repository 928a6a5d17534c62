"""Send what is released, and say of every reader where they stand.

    recover dead runs ─▶ claim, intend, deliver, settle, close ─▶ finish what has nothing open

The same under both transports. A release remembers its transport and is never sent by another.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sparkpub.adapters.clock import boot_id, monotonic
from sparkpub.adapters.ledger import LOST, Run
from sparkpub.adapters.maildir import Maildir, stable_name
from sparkpub.core.outcomes import Fate, Outcome
from sparkpub.core.records import DeliveryState, Release, ReleaseState
from sparkpub.errors import SparkpubError
from sparkpub.leaving import refuse_unready
from sparkpub.mirroring import keep_in_step
from sparkpub.outgoing import LATE, Mailbag, Progress
from sparkpub.press import Press
from sparkpub.queueing import RESUMED
from sparkpub.sending.routes import relays

if TYPE_CHECKING:  # asyncio takes long to import, and only mailing needs it
    from asyncio import AbstractEventLoop


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """What one run of `send` came to.

    The counts are of this run. `stopped` says why nothing more was begun ("" if nothing stopped it); `late` are
    releases that were stopped because their grace ran out, `foreign` those that another transport has to send.
    `resting` are those whose canary is out while the others wait. `recovered` counts deliveries that a run before
    this one left in doubt.
    """

    transport: str
    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    recovered: int = 0
    finished: tuple[Release, ...] = ()
    late: tuple[Release, ...] = ()
    foreign: tuple[Release, ...] = ()
    resting: tuple[Release, ...] = ()
    stopped: str = ""


def send(
    press: Press,
    *,
    now: datetime,
    release: Release | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> SendReport:
    """Deliver until nothing is due, of one release or of all; it does not wait for retries.

    `progress` is told how many are done, of how many.

    Raises:
        BusyError: another process sends here, the ledger is locked, or the disk is full.
        UsageError: smtp is not ready for real readers.
        TransportError: no relay can be used; what was not sent stays due.
    """
    is_smtp = press.transport == "smtp"
    if is_smtp:
        refuse_unready(press, now=now)
    with press.lock():
        keep_in_step(press.ledger, press.publication.mirror, key=press.key)
        epoch = press.ledger.begin_run(boot=boot_id(), pid=os.getpid(), at=now)
        recovered = _recover(press, epoch, now)
        bag = Mailbag(press, epoch=epoch, clock=_ticking(now) if is_smtp else lambda: now, only=release, limit=limit)
        bag.progress, bag.total = progress, _due_count(press, release, now) if progress else 0
        with _closing_run(press, epoch, now), press.ledger.hasty():
            if is_smtp:
                _mail(press, bag)
            else:
                _rehearse(press, bag)
            bag.finish()
        finished = _finish(press, now)
    return _report(press, bag, recovered=recovered, finished=finished)


def _report(press: Press, bag: Mailbag, *, recovered: int, finished: tuple[Release, ...]) -> SendReport:
    """What a run came to."""
    open_ = press.ledger.releases_in(ReleaseState.SENDING)
    return SendReport(
        transport=press.transport,
        sent=bag.counts[DeliveryState.SENT],
        deferred=bag.counts[DeliveryState.DEFERRED],
        failed=bag.counts[DeliveryState.FAILED],
        uncertain=bag.counts[DeliveryState.UNCERTAIN],
        recovered=recovered,
        finished=finished,
        late=tuple(bag.late),
        foreign=tuple(release for release in open_ if release.transport != press.transport),
        resting=bag.resting,
        stopped=bag.stopped,
    )


def _due_count(press: Press, only: Release | None, now: datetime) -> int:
    """How many letters a run will try, if nothing stops it."""
    total = 0
    for release in press.ledger.releases_in(ReleaseState.SENDING):
        if release.transport == press.transport and (only is None or only.release_id == release.release_id):
            counts = press.ledger.open_counts(release.release_id, at=now)
            total += counts.pending + counts.due
    return total


def _recover(press: Press, epoch: int, now: datetime) -> int:
    """Name every doubt that dead runs left, and take up again what a bare `resume` lets go on.

    We hold the lock, so whatever other run has not ended is dead.
    """
    ledger = press.ledger
    found = 0
    for run in ledger.open_runs(besides=epoch):
        found += _settle_run(press, run, is_new_boot=run.boot != boot_id(), now=now)
    if press.publication.settings.delivery.uncertain == "resend":
        for release_id in ledger.uncertain_releases():
            if ledger.release(release_id).transport == press.transport:
                ledger.resend_uncertain(release_id, at=now, but_code=LOST)
    resumed = ledger.fact(RESUMED)
    for release in ledger.releases_in(ReleaseState.STOPPED):
        notes = ledger.stop_notes(release.release_id)
        if resumed and notes.reason == LATE and notes.stopped_at and notes.stopped_at < datetime.fromisoformat(resumed):
            ledger.resume_release(release.release_id, at=datetime.fromisoformat(resumed))
    return found


def _settle_run(press: Press, run: Run, *, is_new_boot: bool, now: datetime) -> int:
    """Close a run that is over: what it left on its way is uncertain; a Maildir can simply be written again."""
    ledger = press.ledger
    found = 0
    with ledger.transaction():
        for release in (*ledger.releases(), *ledger.digests()):
            doubt = DeliveryState.PENDING if release.transport == "maildir" else DeliveryState.UNCERTAIN
            found += ledger.recover_run(run, release=release, state=doubt, is_new_boot=is_new_boot, at=now)
        ledger.close_run(run.epoch, at=now)
    return found


@contextmanager
def _closing_run(press: Press, epoch: int, now: datetime) -> Iterator[None]:
    """End the run however it ends; where the ledger does not take it, the next run will name the doubts."""
    run = Run(epoch=epoch, boot=boot_id(), pid=os.getpid())
    try:
        yield
    except BaseException:
        with suppress(SparkpubError):
            _settle_run(press, run, is_new_boot=False, now=now)
        raise
    _settle_run(press, run, is_new_boot=False, now=now)


def _finish(press: Press, now: datetime) -> tuple[Release, ...]:
    """Mark releases finished that have nothing open any more, and clear what a cancellation overtook."""
    finished = []
    for release in press.ledger.releases_in(ReleaseState.SENDING):
        with press.ledger.transaction():
            if press.ledger.finish_release(release.release_id):
                press.ledger.record(now, "finished", release.name, "")
                finished.append(release)
    for release in press.ledger.releases_in(ReleaseState.CANCELLED):
        press.ledger.cancel_release(release.release_id, at=now)
    return tuple(finished)


def _rehearse(press: Press, bag: Mailbag) -> None:
    """Put every letter into the Maildir; one that lies there already is done."""
    maildir = Maildir(press.outbox)
    host = urlsplit(press.publication.settings.publication.base_url).hostname or "localhost"
    beginning = datetime(1970, 1, 1, tzinfo=UTC)
    while (letter := bag.take()) is not None:
        if not bag.begin_now(letter):
            continue
        name = stable_name(
            released_at=int((letter.waiting.release.released_at - beginning).total_seconds()),
            release_id=letter.waiting.release.release_id,
            subscriber_id=letter.waiting.due.subscriber_id,
            host=host,
        )
        maildir.deliver(name, letter.data)
        bag.settle_now(letter, Outcome(fate=Fate.ACCEPTED, code="written to the Maildir"))


def _mail(press: Press, bag: Mailbag) -> None:
    """Deliver every letter over SMTP. Ctrl-C lets the letters on their way come to an end first."""
    import asyncio

    from sparkpub.adapters import smtp

    routes = relays(press)

    async def carry() -> None:
        with _stopping_on_signals(bag, asyncio.get_running_loop()):
            await smtp.deliver(routes, bag, connections=press.publication.settings.delivery.connections)

    asyncio.run(carry())
    if bag.stopped == _INTERRUPTED:
        raise KeyboardInterrupt


_INTERRUPTED = "interrupted"


@contextmanager
def _stopping_on_signals(bag: Mailbag, loop: "AbstractEventLoop") -> Iterator[None]:
    """Inside the loop, the first Ctrl-C or TERM takes no further letter; a second one is Python's own."""

    def stop(number: int) -> None:
        bag.stopped = _INTERRUPTED
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        # Only the main thread may; elsewhere whoever runs us stops us.
        with suppress(RuntimeError, ValueError):
            loop.add_signal_handler(number, stop, number)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(RuntimeError, ValueError):
                loop.remove_signal_handler(number)


def _ticking(now: datetime) -> Callable[[], datetime]:
    """A clock that shows `now` at first and goes on from there, whatever is done to the machine's."""
    began = monotonic()
    return lambda: now + timedelta(seconds=int(monotonic() - began))
