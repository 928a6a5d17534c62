"""What a person decides of a release on its way: stop it, go on, call it off, try again, settle its doubts."""

from collections.abc import Callable
from datetime import datetime

from sparkpub.core.records import Release, ReleaseState
from sparkpub.errors import UsageError
from sparkpub.press import Press


def stop_release(press: Press, release: Release, *, now: datetime) -> None:
    """Begin no further message of a release; the one on its way comes to its end.

    Raises:
        UsageError: it is not being sent.
    """
    _change(
        press,
        release,
        "stopped",
        now,
        lambda: press.ledger.stop_release(release.release_id, reason="stopped by hand", at=now),
    )


def resume_release(press: Press, release: Release, *, now: datetime) -> None:
    """Go on with a stopped release; its grace counts from now.

    Raises:
        UsageError: it is not stopped.
    """
    _change(press, release, "resumed", now, lambda: press.ledger.resume_release(release.release_id, at=now))


def cancel_release(press: Press, release: Release, *, now: datetime) -> None:
    """Call the rest of a release off, for good; what was sent is sent, page and feeds stay.

    Raises:
        UsageError: there is nothing to call off.
    """
    _change(press, release, "cancelled", now, lambda: press.ledger.cancel_release(release.release_id, at=now))


def _change(press: Press, release: Release, verb: str, now: datetime, change: Callable[[], bool]) -> None:
    """Make a change of a release and note it, or say why it cannot be."""
    with press.ledger.transaction():
        if change():
            press.ledger.record(now, verb, release.name, "by hand")
            return
    state = press.ledger.release(release.release_id).state
    raise UsageError(f"{release.name} is {state}, so it cannot be {verb}; `sparkpub status` shows all")


def retry_failed(press: Press, release: Release, *, now: datetime) -> int:
    """Try what has failed once more from the start, but never an address that is suppressed; returns how many.

    Raises:
        UsageError: the release was called off, or is another transport's.
    """
    _refuse_unsendable(press, release)
    with press.ledger.transaction():
        count = press.ledger.retry_failed(release.release_id, at=now)
        if count:
            press.ledger.record(now, "retried", release.name, f"{count} failed")
    return count


def resend_uncertain(press: Press, release: Release, *, now: datetime) -> int:
    """Send what is in doubt again, under the same Message-ID; returns how many. Some readers may get it twice.

    Raises:
        UsageError: the release was called off, or is another transport's.
    """
    _refuse_unsendable(press, release)
    with press.ledger.transaction():
        count = press.ledger.resend_uncertain(release.release_id, at=now)
        if count:
            press.ledger.renew_grace(release.release_id, at=now)
            press.ledger.record(now, "resent", release.name, f"{count} uncertain")
    return count


def drop_uncertain(press: Press, release: Release, *, now: datetime) -> int:
    """Let what is in doubt rest: it counts as cancelled and is never sent again; returns how many."""
    with press.ledger.transaction():
        count = press.ledger.drop_uncertain(release.release_id, at=now)
        if count:
            press.ledger.record(now, "dropped", release.name, f"{count} uncertain")
    return count


def _refuse_unsendable(press: Press, release: Release) -> None:
    """Say why a release cannot be sent any more, if so."""
    if release.state is ReleaseState.CANCELLED:
        raise UsageError(f"{release.name} is cancelled, for good; nothing of it is sent again")
    if release.transport != press.transport:
        raise UsageError(
            f"{release.name} was released by {release.transport} and is never sent by {press.transport}; "
            "nothing was done"
        )
