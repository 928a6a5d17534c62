"""Refuse to mail real readers from a publication that is not set up, or that nobody could leave."""

import tomllib
from datetime import datetime, timedelta
from importlib import resources

from sparkpub.adapters.ledger import Ledger
from sparkpub.adapters.secrets import PUBLIC_KEY
from sparkpub.core.addresses import RESERVED
from sparkpub.core.records import ReleaseState
from sparkpub.core.settings import Settings
from sparkpub.errors import UsageError
from sparkpub.press import Press

_FETCHED = "inbox_fetched"
_LATELY = timedelta(hours=24)


def refuse_unready(press: Press, *, now: datetime) -> None:
    """Say what is missing before smtp may start, if anything is.

    Raises:
        UsageError: a placeholder of `init` stands, there is no key, or real readers could not leave.
    """
    refuse_unprepared(press)
    if _has_due(press, now):
        _refuse_unleavable(press, now)


def refuse_release(press: Press, *, now: datetime) -> None:
    """Say why nothing may be released for smtp yet, if so: a release is for ever, with its entry id and its text.

    Raises:
        UsageError: it could not be sent then.
    """
    if press.transport == "smtp":
        refuse_unprepared(press)
        _refuse_unleavable(press, now)


def refuse_unprepared(press: Press) -> None:
    """Say what of the settings is missing before anything is released or sent by smtp, if anything is.

    Raises:
        UsageError: a placeholder of `init` stands, there is no key, or no relay.
    """
    settings = press.publication.settings
    if press.key == PUBLIC_KEY:
        raise UsageError("smtp needs a key of its own; `sparkpub init --press .` writes one into secrets.env")
    for key, placeholder in placeholders_in(settings).items():
        raise UsageError(f'{key} in sparkpub.toml is still "{placeholder}"; write your own before you mail')
    if not settings.smtp:
        raise UsageError('transport = "smtp" needs a relay; add [smtp.main] with its host to sparkpub.toml')


def note_fetched(press: Press, *, now: datetime) -> None:
    """Note that the mail of the inbox was fetched now, so that who asks to leave by mail is heard."""
    press.ledger.set_fact(_FETCHED, f"{now.isoformat()} {press.publication.settings.inbox.unsubscribe_address}")


def _refuse_unleavable(press: Press, now: datetime) -> None:
    """Say that real readers could not leave, if so: by a link that is answered, or by mail that is fetched."""
    if press.publication.settings.delivery.sandbox or not press.ledger.has_reader_besides(RESERVED):
        return
    if not _is_left_by_mail(press, now) and not _answers(press):
        raise UsageError(
            "nobody could leave this newsletter: the links to leave must be answered, with this press's key, where "
            "[web] url leads, or mail to [inbox] unsubscribe_address must have been fetched within a day, and no mail "
            "is fetched: `sparkpub inbox fetch` tells why. To go on trying, set [delivery] sandbox"
        )


def placeholders_in(settings: Settings) -> dict[str, str]:
    """What `init` wrote and nobody has replaced yet, by its key."""
    starter = tomllib.loads((resources.files("sparkpub") / "starter" / "sparkpub.toml").read_text(encoding="utf-8"))
    written = {key: starter["publication"][key] for key in ("title", "base_url", "from", "postal_address")}
    ours = settings.publication
    return {key: text for key, text in written.items() if getattr(ours, f"{key}_" if key == "from" else key) == text}


def _has_due(press: Press, now: datetime) -> bool:
    """Whether anything would be mailed now."""
    return any(
        release.transport == press.transport and press.ledger.has_due(release.release_id, at=now)
        for release in press.ledger.releases_in(ReleaseState.SENDING)
    )


def is_fetched(ledger: Ledger, *, unsubscribe_address: str, now: datetime) -> bool:
    """Whether the mail of the inbox was fetched lately, with this address for leaving in the settings."""
    at, _, address = (ledger.fact(_FETCHED) or "").partition(" ")
    return bool(at) and address == unsubscribe_address and timedelta() <= now - datetime.fromisoformat(at) <= _LATELY


def _is_left_by_mail(press: Press, now: datetime) -> bool:
    """Whether who asks to leave by mail is heard."""
    address = press.publication.settings.inbox.unsubscribe_address
    return bool(address) and is_fetched(press.ledger, unsubscribe_address=address, now=now)


def _answers(press: Press) -> bool:
    """Whether the web face answers where the links lead."""
    from sparkpub.adapters.probe import answers  # brings urllib along

    url = press.publication.settings.web.url
    return bool(url and answers(url, press.key))
