"""The desk: what readers' pages ask of the press, whatever state the ledger is in."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sparkpub.adapters.secrets import PUBLIC_KEY, load_secret
from sparkpub.adapters.spool import Leaving, Spool
from sparkpub.core.hooks import PROVIDERS, secret_name
from sparkpub.core.records import Subscriber
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.errors import BusyError, CopyError, LedgerError, SparkpubError, UsageError
from sparkpub.press import HANDED_OVER, KEY_NAME, Press, Publication, open_press
from sparkpub.readers.wishing import absorb, leave, spool_of
from sparkpub.web.carrier import Carrier
from sparkpub.web.clerk import Clerk

T = TypeVar("T")
_BUSY_SECONDS = 2.0  # a mail program that presses the button for its reader waits no longer


@dataclass(frozen=True, slots=True)
class Desk:
    """Where requests turn to; to be closed. `tokens` reads the links, `clock` tells the instant in UTC.

    `hook_secrets` are those of the mail services whose reports are heard, by their names.
    """

    publication: Publication
    key: str
    tokens: Tokens
    clerk: Clerk
    spool: Spool
    clock: Callable[[], datetime]
    hook_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    carrier: Carrier | None = None

    def wake(self) -> None:
        """Have the letters posted that wait, if this desk posts any."""
        if self.carrier is not None:
            self.carrier.wake()

    def reader(self, purpose: Purpose, token: str) -> int | None:
        """The number of the reader a link was signed for, None if it never was."""
        return self.tokens.read(purpose, token)

    def look(self, subscriber_id: int) -> Subscriber | None:
        """A reader as they are known now."""
        return self.clerk.read(lambda press: press.ledger.subscriber(subscriber_id))

    def read(self, work: Callable[[Press], T]) -> T:
        """What some work that only reads returns."""
        return self.clerk.read(work)

    def write(self, work: Callable[[Press], T]) -> T:
        """What some work returns, once it is on the disk."""
        return self.clerk.write(work)

    def leave(self, subscriber_id: int) -> Subscriber | None:
        """Let a reader go: now, or where the ledger cannot be written, as soon as it can; who it was, if known.

        Raises:
            CopyError: the press is elsewhere by now.
            LedgerError: not even the spool could be written.
        """
        now = self.clock()
        try:
            return self.clerk.write(lambda press: leave(press, subscriber_id, now=now))
        except CopyError:
            raise
        except (LedgerError, BusyError) as error:
            self.spool.append(Leaving(subscriber_id=subscriber_id, at=now))
            if isinstance(error, BusyError):  # whoever looks who it was would wait once more
                return None
        try:
            return self.look(subscriber_id)
        except SparkpubError:  # the wish is on the disk; the page need not know whose it was
            return None

    def close(self) -> None:
        """Let the ledger go."""
        self.clerk.close()
        if self.carrier is not None:
            self.carrier.close()


def open_desk(
    publication: Publication, environ: Mapping[str, str], *, clock: Callable[[], datetime], posts_letters: bool = False
) -> Desk:
    """A desk on the press here, which posts the letters that it has written where it `posts_letters`.

    Raises:
        CopyError: the press is elsewhere.
        LedgerError: it cannot be opened, not even to be read.
        UsageError: it has no key of its own: anybody could make its links.
    """
    opener = _Opener(publication, environ)
    press = opener.open()
    key, spool = press.key, spool_of(press)
    press.ledger.close()
    if key == PUBLIC_KEY:
        raise UsageError(
            f"the links of readers need a key of this press: {KEY_NAME} is not set and secrets.env has none; "
            "`sparkpub init --press .` writes one"
        )
    return Desk(
        publication=publication,
        key=key,
        tokens=Tokens(key),
        clerk=Clerk(opener.open, is_current=opener.is_current),
        spool=spool,
        clock=clock,
        hook_secrets=_hook_secrets(publication, environ),
        carrier=Carrier(lambda: open_press(publication, environ), clock=clock) if posts_letters else None,
    )


def _hook_secrets(publication: Publication, environ: Mapping[str, str]) -> dict[str, str]:
    """The secrets of mail services that are here, by their names."""
    found = {name: load_secret(publication.folder, secret_name(name), environ) for name in PROVIDERS}
    return {name: secret for name, secret in found.items() if secret}


class _Opener:
    """Opens the press, and tells when another ledger has taken its place."""

    def __init__(self, publication: Publication, environ: Mapping[str, str]) -> None:
        self._publication, self._environ = publication, environ
        self._opened: os.stat_result | None = None

    def open(self) -> Press:
        """The press, and what waited for it; where it can only be read, as it is.

        Raises:
            CopyError: the press is elsewhere.
            LedgerError: it cannot be read.
        """
        press = self._open()
        path = press.ledger.path
        self._opened = path.stat() if path else None
        return press

    def _open(self) -> Press:
        try:
            press = open_press(self._publication, self._environ, busy_seconds=_BUSY_SECONDS)
        except CopyError:
            raise
        except (LedgerError, BusyError):
            return open_press(self._publication, self._environ, needs_key=False)
        with suppress(LedgerError, BusyError):  # else it waits on
            absorb(press)
        return press

    def is_current(self, press: Press) -> bool:
        """Whether the ledger is still the press's: none was put in its place, and it was not handed over."""
        path = press.ledger.path
        try:
            is_same = path is None or self._opened is None or os.path.samestat(path.stat(), self._opened)
        except OSError:
            return False
        return is_same and not press.ledger.fact(HANDED_OVER)
