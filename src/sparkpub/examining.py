"""Examine a press: what keeps it from running well, each with its cure. Nothing is changed."""

import os
import platform
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sparkpub import __version__
from sparkpub.adapters.dkim_key import read_signers
from sparkpub.adapters.ledger import Ledger, open_ledger
from sparkpub.adapters.machine import free_bytes, machine_id
from sparkpub.adapters.secrets import fingerprint, load_secret
from sparkpub.adapters.zone_records import text_records
from sparkpub.adapters.zones import system_tzdata_version, tzdata_version
from sparkpub.core.decisions import doubt_of_clock
from sparkpub.core.dns_records import DnsRecord, dns_records
from sparkpub.errors import BusyError, CopyError, LedgerError, SparkpubError
from sparkpub.keeping import BACKED_UP
from sparkpub.leaving import is_fetched, placeholders_in
from sparkpub.mirroring import guard, refuse_lost
from sparkpub.press import FINGERPRINT, HANDED_OVER, KEY_NAME, MACHINE, STOPPED, Publication, ledger_url
from sparkpub.queueing import account

_LEAST_FREE = 200_000_000
_OLDEST_BACKUP = timedelta(days=7)
_RESTORE = "`sparkpub restore FILE` puts a backup back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found; `cure` says what to do where it is not well."""

    check: str
    is_ok: bool
    message: str
    cure: str = ""


def examine(publication: Publication, environ: Mapping[str, str], *, now: datetime) -> list[Finding]:
    """Every check, in an order in which cures are best tried; on a copy those that need no ledger."""
    found = [_program(), zones_finding(tzdata_version(), system_tzdata_version()), *_settings(publication)]
    found += [*_secrets(publication, environ), _disk(publication), _stop_file(publication)]
    try:
        ledger = open_ledger(ledger_url(publication, environ), publication.folder)
    except CopyError as copy:
        return [*found, _no_ledger(publication, copy)]
    except (LedgerError, BusyError) as fault:
        return [*found, Finding(check="ledger", is_ok=False, message=str(fault), cure=_RESTORE)]
    with closing(ledger):
        return [*found, *_of_ledger(publication, ledger, environ, now)]


def zones_finding(ours: str, systems: str | None) -> Finding:
    """Whether our time zone data and the system's agree. Ours are used whatever the system has."""
    if systems is None or systems == ours:
        return Finding(check="tzdata", is_ok=True, message=f"time zone data {ours}")
    if systems < ours:
        message = f"the system's time zone data ({systems}) are older than ours ({ours}), which are used"
        return Finding(check="tzdata", is_ok=True, message=message, cure="upgrade the system's package tzdata")
    message = f"our time zone data ({ours}) are older than the system's ({systems})"
    return Finding(check="tzdata", is_ok=False, message=message, cure="`pip install --upgrade tzdata`")


def _program() -> Finding:
    """What runs here."""
    told = f"sparkpub {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return Finding(check="versions", is_ok=True, message=told)


def _settings(publication: Publication) -> Iterator[Finding]:
    """Whether what `init` wrote was replaced."""
    left = placeholders_in(publication.settings)
    yield Finding(
        check="settings",
        is_ok=not left,
        message=f"{', '.join(left)} still as `init` wrote them" if left else "no placeholder of `init` is left",
        cure="write your own into sparkpub.toml; nobody is mailed before" if left else "",
    )


def _secrets(publication: Publication, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether there is a key, and only its owner reads it."""
    path = publication.folder / "secrets.env"
    try:
        key = load_secret(publication.folder, KEY_NAME, environ)
    except (SparkpubError, OSError) as fault:
        yield Finding(check="secrets", is_ok=False, message=str(fault), cure="mend secrets.env")
        return
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        mode = f"{stat.S_IMODE(path.stat().st_mode):04o}"
        message = f"secrets.env is {mode}: others than its owner can use it"
        yield Finding(check="secrets", is_ok=False, message=message, cure="`chmod 600 secrets.env`")
    elif key is None and publication.settings.delivery.transport == "smtp":
        cure = "`sparkpub init --press .` on a new press; on a moved one copy secrets.env from the old machine"
        yield Finding(check="secrets", is_ok=False, message=f"there is no {KEY_NAME}", cure=cure)
    else:
        where = "in the environment" if environ.get(KEY_NAME) else "in secrets.env, for its owner alone"
        yield Finding(check="secrets", is_ok=True, message=f"the key is {where}" if key else "no key, none is needed")


def _disk(publication: Publication) -> Finding:
    """Whether there is room to go on."""
    free = free_bytes(publication.folder / "var")
    told = f"{free / 1e9:,.1f} GB free"
    return Finding(
        check="disk", is_ok=free >= _LEAST_FREE, message=told, cure="" if free >= _LEAST_FREE else "make room"
    )


def _stop_file(publication: Publication) -> Finding:
    """Whether a file stops everything."""
    is_stopped = (publication.folder / "STOP").exists()
    message = "a file STOP stops everything" if is_stopped else "no file STOP"
    return Finding(check="stop-file", is_ok=not is_stopped, message=message, cure="`rm STOP`" if is_stopped else "")


def _no_ledger(publication: Publication, copy: CopyError) -> Finding:
    """Whether the ledger is elsewhere, as it should be, or lost."""
    try:
        refuse_lost(publication.mirror, publication.settings.ledger.url.removeprefix("sqlite:///"))
    except LedgerError as lost:
        return Finding(check="ledger", is_ok=False, message=str(lost), cure=_RESTORE)
    return Finding(check="ledger", is_ok=True, message=f"none here: {copy}")


def _of_ledger(
    publication: Publication, ledger: Ledger, environ: Mapping[str, str], now: datetime
) -> Iterator[Finding]:
    """Every check of an open ledger."""
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("ledger", lambda: _soundness(ledger)),
        ("mirror", lambda: _mirror(publication, ledger)),
        ("key", lambda: _key(publication, ledger, environ)),
        ("press", lambda: _seat(ledger)),
        ("clock", lambda: _clock(publication, ledger, now)),
        ("texts", lambda: _texts(ledger)),
        ("backup", lambda: _backup(publication, ledger, now)),
        ("web", lambda: _web(publication, environ)),
        ("inbox", lambda: _inbox(publication, ledger, now)),
    )
    for name, check in checks:
        try:
            yield check()
        except SparkpubError as fault:
            message, _, cure = str(fault).partition("; ")
            yield Finding(check=name, is_ok=False, message=message, cure=cure or _RESTORE)


def _soundness(ledger: Ledger) -> Finding:
    """Whether the file is whole, and can be written by whoever looks."""
    faults = ledger.faults()
    if not faults and (closed := _closed(ledger)):
        cure = "check who owns it, and its mode, and look as the user who runs the press"
        return Finding(check="ledger", is_ok=False, message=f"{closed} cannot be written", cure=cure)
    message = f"damaged: {faults[0]}" if faults else "the ledger is sound"
    return Finding(check="ledger", is_ok=not faults, message=message, cure=_RESTORE if faults else "")


def _closed(ledger: Ledger) -> Path | None:
    """The ledger's folder, file or what SQLite keeps beside it, if one of them can only be read."""
    path = ledger.path
    if path is None:
        return None
    beside = (path.with_name(path.name + ending) for ending in ("-wal", "-shm"))
    needed = (path.parent, path, *(each for each in beside if each.exists()))
    return next((each for each in needed if not os.access(each, os.W_OK)), None)


def _mirror(publication: Publication, ledger: Ledger) -> Finding:
    """Whether the mirror can be read from its first line to its last, and the ledger has all of them."""
    guard(ledger, publication.mirror)
    count = len(publication.mirror.lines())
    behind = ledger.last_event() - count
    told = f"in step, {count:,} lines" if behind <= 0 else f"{behind:,} lines behind; the next command writes them"
    return Finding(check="mirror", is_ok=True, message=told)


def _key(publication: Publication, ledger: Ledger, environ: Mapping[str, str]) -> Finding:
    """Whether the key is the one that links in sent mail are signed with."""
    known, key = ledger.fact(FINGERPRINT), load_secret(publication.folder, KEY_NAME, environ)
    is_other = known is not None and (key is None or fingerprint(key) != known)
    if is_other:
        message = (
            "the ledger was kept under another key" if key else "the key that the ledger was kept under is not here"
        )
        return Finding(check="key", is_ok=False, message=message, cure="copy secrets.env from the old machine")
    return Finding(check="key", is_ok=True, message=f"fingerprint {known}" if known else "no fingerprint is kept")


def _seat(ledger: Ledger) -> Finding:
    """Whether this is the press, and goes on."""
    if handed := ledger.fact(HANDED_OVER):
        cure = "work where it was restored, or take it back: `sparkpub restore FILE`"
        return Finding(check="press", is_ok=False, message=f"handed over {handed}", cure=cure)
    known, here = ledger.fact(MACHINE), machine_id()
    if known and here and known != here:
        message = "the ledger was kept on another machine until now; the next command stops the press"
        return Finding(check="press", is_ok=False, message=message, cure="see that no press runs there any more")
    if stopped := ledger.fact(STOPPED):
        return Finding(check="press", is_ok=False, message=f"stopped: {stopped}", cure="`sparkpub resume`")
    return Finding(check="press", is_ok=True, message="this machine is the press")


def _clock(publication: Publication, ledger: Ledger, now: datetime) -> Finding:
    """Whether the clock can be believed."""
    doubt = doubt_of_clock(account(ledger), now=now, pace=publication.pace)
    cure = "set the clock (`timedatectl`), or `sparkpub resume` if it is right" if doubt else ""
    return Finding(check="clock", is_ok=not doubt, message=doubt or f"{now:%Y-%m-%d %H:%M} UTC", cure=cure)


def _texts(ledger: Ledger) -> Finding:
    """Whether every release has its text."""
    names = ", ".join(release.name for release in ledger.releases_without_text())
    message = f"lost with a ledger, so without a page: {names}" if names else "every release has its text"
    cure = "put their files back into issues/ and restore again" if names else ""
    return Finding(check="texts", is_ok=not names, message=message, cure=cure)


def _backup(publication: Publication, ledger: Ledger, now: datetime) -> Finding:
    """Whether a press that mails has a fresh backup."""
    at = ledger.fact(BACKED_UP)
    is_old = at is None or now - datetime.fromisoformat(at) > _OLDEST_BACKUP
    is_needed = publication.settings.delivery.transport == "smtp" and ledger.count_subscribers() > 0
    message = f"the last backup is of {at[:10]}" if at else "no backup was made yet"
    cure = "`sparkpub backup FILE`, and keep it on another disk" if is_old else ""
    return Finding(check="backup", is_ok=not (is_old and is_needed), message=message, cure=cure)


def _web(publication: Publication, environ: Mapping[str, str]) -> Finding:
    """Whether readers' links are answered where they lead, by this press."""
    url, key = publication.settings.web.url, load_secret(publication.folder, KEY_NAME, environ)
    if not url or not key:
        return Finding(check="web", is_ok=True, message="no [web] url, so no links" if key else "no key")
    from sparkpub.adapters.probe import answers  # brings urllib along

    is_ok = answers(url, key)
    message = f"{url} answers with this press's key" if is_ok else f"{url} does not answer with this press's key"
    cure = "" if is_ok else "keep `sparkpub serve` running, and lead [web] url to it: docs/subscribing.md"
    return Finding(check="web", is_ok=is_ok, message=message, cure=cure)


def _inbox(publication: Publication, ledger: Ledger, now: datetime) -> Finding:
    """Whether the mail that comes back was heard lately."""
    inbox = publication.settings.inbox
    if not inbox.has_mailbox:
        named = inbox.address or inbox.unsubscribe_address
        message = "[inbox] names no mailbox to fetch from" if named else "no [inbox], so nothing that bounces is heard"
        return Finding(check="inbox", is_ok=True, message=message)
    is_ok = is_fetched(ledger, unsubscribe_address=inbox.unsubscribe_address, now=now)
    message = "the inbox was fetched within a day" if is_ok else "the inbox was not fetched within a day"
    return Finding(
        check="inbox", is_ok=is_ok, message=message, cure="" if is_ok else "`sparkpub inbox fetch` tells why"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A DNS record that a mailing press needs, and whether it stands there: None where nobody answered."""

    record: DnsRecord
    stands: bool | None


def examine_dns(publication: Publication, *, servers: Sequence[tuple[str, int]] = ()) -> list[Published]:
    """The records to paste into the zone, each compared with what the DNS says now.

    Only text records are asked for; for SPF and DMARC any record of that kind counts, since it may say more than ours.

    Raises:
        InputError: a key of `[dkim]` cannot be used.
    """
    settings = publication.settings
    signers = read_signers(publication.folder, settings.dkim)
    records = dns_records(settings, dkim={signer.selector: signer.record() for signer in signers})
    return [Published(record=record, stands=_stands(record, servers)) for record in records]


def _stands(record: DnsRecord, servers: Sequence[tuple[str, int]]) -> bool | None:
    """Whether the DNS has a record, or for SPF and DMARC one of its kind."""
    if record.type != "TXT":
        return None
    found = text_records(record.name, servers=servers)
    if found is None:
        return None
    kind = record.value.partition(" ")[0].partition(";")[0]
    if kind in ("v=spf1", "v=DMARC1"):
        return any(text.startswith(kind) for text in found)
    return any(_squeezed(text) == _squeezed(record.value) for text in found)


def _squeezed(text: str) -> str:
    """A record without the spaces and the final semicolon that zone editors add and take away."""
    return "".join(text.split()).rstrip(";")
