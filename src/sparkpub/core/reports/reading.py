"""Read one message that came back: what it says, of whom, and by whose word.

    notification (RFC 3464) ─▶ complaint (RFC 5965) ─▶ wish to leave ─▶ answers of programs ─▶ free form ─▶ a person

Whom it is about is asked first of the address that it was sent to, which we signed (VERP), then of the message that it
returns, whose links to leave we signed as well. A report with neither is nobody's word: it changes nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from sparkpub.core.bounces import WEIGHTS, Meaning
from sparkpub.core.reports.arf import Complaint, read_complaint
from sparkpub.core.reports.dsn import (
    Bounced,
    FreeForm,
    is_notification,
    is_of_server,
    read_free_form,
    read_notification,
    read_words,
)
from sparkpub.core.reports.mime import Mail, read_message, subject_of
from sparkpub.core.reports.people import is_automatic, read_letter
from sparkpub.core.reports.report import Report, ReportKind, Voucher
from sparkpub.core.reports.seals import Sealed, Seals

_DIGEST = 40
_IGNORED = Report(kind=ReportKind.IGNORED)


def read_report(
    data: bytes, *, seals: Seals, free_form: FreeForm, to_leave: str = "", to: str = ""
) -> tuple[Report, ...]:
    """What the bytes of a message say; there is always something, and never an exception.

    `free_form` finds bounces that have no form. `to_leave` is the address for wishes to leave, `to` the envelope's
    recipient where it is known.
    """
    mail = hashlib.sha256(data).hexdigest()[:_DIGEST]
    try:
        found = _read(read_message(data), seals, free_form, to_leave, to)
        return tuple(replace(report, mail=mail) for report in found)
    except Exception:  # noqa: BLE001 - the email package raises anything on broken bytes; such mail says nothing
        return (replace(_IGNORED, mail=mail),)


def _read(message: Mail, seals: Seals, free_form: FreeForm, to_leave: str, to: str) -> tuple[Report, ...]:
    if is_notification(message):
        return _bounces(read_notification(message), message, seals, to)
    if complaint := read_complaint(message):
        return (_complaint(complaint, message, seals, to),)
    reader = seals.of_wish(subject_of(message))
    if reader is not None:
        return (Report(kind=ReportKind.LEFT, voucher=Voucher.SEAL, subscriber_id=reader, words="by mail"),)
    is_server = is_of_server(message)
    if is_automatic(message) and not is_server:
        return (_IGNORED,)
    if found := read_free_form(message, free_form) or ((read_words(message),) if is_server else ()):
        return _bounces(found, message, seals, to)
    return (read_letter(message, to_leave=to_leave, to=to),)


def _bounces(found: Sequence[Bounced], message: Mail, seals: Seals, to: str) -> tuple[Report, ...]:
    """Bounces as reports: where a seal names the reader, one, of the worst that is said; else one a recipient."""
    if not found:
        return (_IGNORED,)
    sealed = seals.of_envelope(message, to) or seals.of_contents(message)
    if sealed is None:
        return tuple(_bounce(each, None) for each in found)
    return (_bounce(max(found, key=_badness), sealed),)


def _badness(bounced: Bounced) -> float:
    """How much worse than others it is; a refusal of us is worse than nothing."""
    return WEIGHTS[bounced.meaning] + 0.1 * (bounced.meaning is not Meaning.NOTHING)


def _bounce(bounced: Bounced, sealed: Sealed | None) -> Report:
    """One bounce; what may still arrive is none yet."""
    return Report(
        kind=ReportKind.IGNORED if bounced.meaning is Meaning.NOTHING else ReportKind.BOUNCE,
        voucher=Voucher.SEAL if sealed else Voucher.NOBODY,
        meaning=bounced.meaning,
        subscriber_id=sealed.subscriber_id if sealed else None,
        release_id=sealed.release_id if sealed else None,
        release_name=sealed.release_name if sealed else "",
        addresses=bounced.addresses,
        status=bounced.status,
        words=bounced.words,
    )


def _complaint(complaint: Complaint, message: Mail, seals: Seals, to: str) -> Report:
    """A complaint, of the reader whose return address or link it gives back."""
    sealed = seals.of_address(complaint.sender) or seals.of_envelope(message, to) or seals.of_contents(message)
    return Report(
        kind=complaint.kind,
        voucher=Voucher.SEAL if sealed else Voucher.NOBODY,
        subscriber_id=sealed.subscriber_id if sealed else None,
        release_id=sealed.release_id if sealed else None,
        release_name=sealed.release_name if sealed else "",
        addresses=complaint.addresses,
        words=complaint.words,
    )
