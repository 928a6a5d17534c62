"""Hear what came back: bounces, complaints, wishes to leave, from an inbox or from the provider that mails for us.

    inbox ──bytes──▶ core.reports ──▶ reports ──┐
    provider's event ──▶ core.hooks ──▶ reports ─┴─ hear ──▶ ledger: a report, a score, a suppression, a reader who left

Only what a seal of ours or the provider vouches for changes anything; the rest is shown to a person, with what to type.
The same report heard again changes nothing.
"""

import os
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from sparkpub.adapters.bounce_words import failures
from sparkpub.adapters.inbox import ImapInbox, Mail, MaildirInbox
from sparkpub.adapters.ledger import Inquiry, ReportRow
from sparkpub.adapters.secrets import load_secret
from sparkpub.core.addresses import address_key
from sparkpub.core.bounces import Meaning
from sparkpub.core.records import ReleaseState, Subscriber, SubscriberState
from sparkpub.core.reports import Report, ReportKind, Seals, Voucher, read_report
from sparkpub.core.tokens import Tokens
from sparkpub.errors import UsageError
from sparkpub.leaving import note_fetched
from sparkpub.outgoing import brake
from sparkpub.press import Press

PASSWORD = "SPARKPUB_INBOX_PASSWORD"  # noqa: S105 - its name
_REASON_MAX = 120


class Inbox(Protocol):
    """Mail in batches, which is told of each batch once it was heard."""

    def batches(self) -> Iterator[list[Mail]]:
        """The mail, some at a time."""

    def heard(self, batch: list[Mail]) -> None:
        """Note that the ledger has what a batch says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What some mail came to, each message or report in one count.

    `gone` and `bounced` are bounces, `ignored` what changes nothing, `known` what was heard before, `waiting` what a
    person has to look at. `suppressed` counts the addresses that are not mailed any more, `stopped` names the releases
    that stopped themselves.
    """

    gone: int = 0
    bounced: int = 0
    complained: int = 0
    left: int = 0
    ignored: int = 0
    known: int = 0
    waiting: int = 0
    suppressed: int = 0
    stopped: tuple[str, ...] = ()

    @property
    def all(self) -> int:
        """How much was heard."""
        parts = (self.gone, self.bounced, self.complained, self.left, self.ignored, self.known, self.waiting)
        return sum(parts)

    def __add__(self, other: "Heard") -> "Heard":
        """Both together."""
        names = ("gone", "bounced", "complained", "left", "ignored", "known", "waiting", "suppressed")
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Heard(**sums, stopped=tuple(dict.fromkeys((*self.stopped, *other.stopped))))


def read_inbox(press: Press, inbox: Inbox, *, now: datetime, to: str = "") -> Heard:
    """Hear all mail of an inbox; `to` is the envelope's recipient where the mail does not say.

    Raises:
        TransportError: the inbox cannot be read; what was heard until then stays heard.
        LedgerError, BusyError: the ledger cannot be written; the batch is read again another time.
    """
    seals, to_leave = Seals(Tokens(press.key)), press.publication.settings.inbox.unsubscribe_address
    total = Heard()
    for batch in inbox.batches():
        found = [read_report(mail.data, seals=seals, free_form=failures, to_leave=to_leave, to=to) for mail in batch]
        total += hear(press, [report for reports in found for report in reports], now=now)
        inbox.heard(batch)
    return total


def fetch_inbox(
    press: Press, *, now: datetime, environ: Mapping[str, str] = os.environ, context: ssl.SSLContext | None = None
) -> Heard:
    """Hear the mail that lies where `[inbox]` says; `context` is for servers of tests.

    Raises:
        UsageError: the settings name no inbox, or there is no password for it.
        TransportError: it cannot be read.
    """
    total = Heard()
    for inbox in _inboxes(press, environ, context):
        total += read_inbox(press, inbox, now=now)
    note_fetched(press, now=now)
    return total


def _inboxes(press: Press, environ: Mapping[str, str], context: ssl.SSLContext | None) -> list[Inbox]:
    """The inboxes of the settings."""
    settings, folder = press.publication.settings.inbox, press.publication.folder
    if not settings.has_mailbox:
        raise UsageError(
            "there is no inbox to fetch from; set [inbox] imap or maildir in sparkpub.toml, or read files with "
            "`sparkpub inbox read PATH`"
        )
    found: list[Inbox] = []
    if settings.imap:
        password = load_secret(folder, PASSWORD, environ)
        if password is None:
            raise UsageError(f"[inbox] imap has no password; set {PASSWORD} in secrets.env")
        found.append(ImapInbox(settings.imap, password, context=context))
    if settings.maildir:
        found.append(MaildirInbox(folder / settings.maildir))
    return found


def hear(press: Press, reports: Sequence[Report], *, now: datetime) -> Heard:
    """Write down what reports say and let it have its effect, all in one transaction; then see whether a release stops.

    Raises:
        LedgerError, BusyError: the ledger cannot be written; nothing of it was heard.
    """
    ear = _Ear(press, now)
    with press.ledger.transaction():
        for report in reports:
            ear.hear(report)
    stopped = []
    for release_id in sorted(ear.releases):
        release = press.ledger.release(release_id)
        if release.state is ReleaseState.SENDING and brake(
            press.ledger, press.publication.settings.delivery, release, now=now
        ):
            stopped.append(release.name)
    return Heard(**ear.counts, stopped=tuple(stopped))


class _Ear:
    """Hears reports one by one, and counts."""

    def __init__(self, press: Press, now: datetime) -> None:
        self._ledger, self._now = press.ledger, now
        self._is_new: dict[str, bool] = {}
        self.counts: Counter[str] = Counter()
        self.releases: set[int] = set()

    def hear(self, report: Report) -> None:
        """Hear one report, unless the mail or event that brought it was heard before."""
        if report.mail and report.mail not in self._is_new:
            self._is_new[report.mail] = self._ledger.note_heard(report.mail, at=self._now)
        if report.mail and not self._is_new[report.mail]:
            self.counts["known"] += 1
        elif report.kind is ReportKind.IGNORED:
            self.counts["ignored"] += 1
        elif report.kind is ReportKind.PERSON:
            self._hear_person(report)
        elif report.voucher is Voucher.NOBODY:
            self._doubt(report)
        else:
            self._believe(report)

    def _hear_person(self, report: Report) -> None:
        """Show a person what a reader wrote, or anybody to the address for leaving. Its From can be forged."""
        reader = self._ledger.find_subscriber(report.sender) if report.sender else None
        is_reader = reader is not None and reader.state is SubscriberState.ACTIVE
        if not (report.is_to_leave or (is_reader and report.wants_out)):
            self.counts["ignored"] += 1
            return
        what = "asks to leave, it seems" if report.wants_out else "wrote to the address for leaving"
        words = f"{what}; anybody can write under this name" if is_reader else f"{what}, and is no active reader"
        self._ask(report, report.sender, words, verb="unsubscribe" if is_reader else "")

    def _doubt(self, report: Report) -> None:
        """Show a person a report that nobody vouches for, if it is about a reader and would cost the address."""
        is_hard = report.kind is not ReportKind.BOUNCE or report.meaning is Meaning.GONE
        for address in report.addresses if is_hard else ():
            reader = self._ledger.find_subscriber(address)
            if reader is not None and reader.state is SubscriberState.ACTIVE and not reader.is_suppressed:
                said = report.words or report.status or report.kind.value
                words = f"a {report.kind.value} without our seal, so it may be forged: {said}"[: _REASON_MAX * 2]
                self._ask(report, reader.address, words, verb="suppress")
                return
        self.counts["ignored"] += 1

    def _ask(self, report: Report, address: str, why: str, *, verb: str) -> None:
        """Have a person asked."""
        inquiry = Inquiry(at=self._now, address=address, subject=report.subject, why=why, verb=verb)
        is_asked = self._ledger.add_inquiry(f"{report.mail} {address}", inquiry)
        self.counts["waiting" if is_asked else "ignored"] += 1

    def _believe(self, report: Report) -> None:
        """Let a report have its effect."""
        reader = self._reader(report)
        subscriber_id = reader.subscriber_id if reader else report.subscriber_id
        if subscriber_id is None:  # the provider mails for others as well
            self.counts["ignored"] += 1
            return
        if report.kind is ReportKind.BOUNCE:
            report = replace(report, meaning=_meaning_for(reader, report))
        release_id = self._release(report, subscriber_id)
        row = ReportRow(
            release_id=release_id or 0,
            subscriber_id=subscriber_id,
            kind=report.kind.value,
            meaning=report.meaning,
            status=report.status,
            words=report.words if reader else "",  # they may name somebody who was erased
        )
        is_new = self._ledger.add_report(row, at=self._now)
        if release_id:
            self.releases.add(release_id)
        if reader is not None and report.kind is ReportKind.LEFT:
            is_new = self._ledger.unsubscribe(reader.address, self._now)
        elif reader is not None and is_new:
            self.counts["suppressed"] += self._bear(reader.address, report)
        self.counts[_count_of(report) if is_new else "known"] += 1

    def _reader(self, report: Report) -> Subscriber | None:
        """The reader whom a report is about: the one that our seal names, else the one with that address."""
        if report.subscriber_id is not None:
            return self._ledger.subscriber(report.subscriber_id)
        found = (self._ledger.find_subscriber(address) for address in report.addresses)
        return next((reader for reader in found if reader is not None), None)

    def _release(self, report: Report, subscriber_id: int) -> int | None:
        """The release whose message a report is about, as far as it is known; else the newest that the reader has."""
        for release_id in (report.release_id, self._ledger.release_named(report.release_name)):
            if release_id is not None and self._ledger.has_delivery(release_id, subscriber_id):
                return release_id
        return self._ledger.newest_sent(subscriber_id)

    def _bear(self, address: str, report: Report) -> bool:
        """Let an address bear a bounce or a complaint; whether it is suppressed now."""
        if report.kind is ReportKind.COMPLAINT:
            return self._ledger.suppress(address, f"complained: {report.words}", self._now)
        often = "" if report.meaning is Meaning.GONE else "again and again, "
        reason = f"bounced: {often}{report.words or report.status or report.meaning.value}"[:_REASON_MAX]
        return self._ledger.bear(address, report.meaning, reason, at=self._now)


def _meaning_for(reader: Subscriber | None, report: Report) -> Meaning:
    """What a bounce means for its reader; what is gone behind another address costs this one nothing at once.

    A reader's mail may be forwarded, or the address may be a list of many.
    """
    keys = {address_key(address) for address in report.addresses}
    is_other = reader is not None and keys and address_key(reader.address) not in keys
    return Meaning.UNKNOWN if is_other and report.meaning is Meaning.GONE else report.meaning


def _count_of(report: Report) -> str:
    """In which count a report goes."""
    if report.kind is ReportKind.BOUNCE:
        return "gone" if report.meaning is Meaning.GONE else "bounced"
    return "complained" if report.kind is ReportKind.COMPLAINT else "left"
