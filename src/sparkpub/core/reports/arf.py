"""Complaints: a reader pressed the button that says spam, and whoever keeps the mailbox tells us (RFC 5965)."""

from dataclasses import dataclass
from typing import Final

from sparkpub.core.addresses import named_address
from sparkpub.core.reports.mime import Mail, addresses_in, field, inner, kind_of, parts
from sparkpub.core.reports.report import ReportKind

_KIND: Final = "message/feedback-report"
# The registered types (https://www.iana.org/assignments/marf-parameters); any other changes nothing.
_MEANINGS: Final = {
    "abuse": ReportKind.COMPLAINT,
    "fraud": ReportKind.COMPLAINT,
    "virus": ReportKind.COMPLAINT,
    "opt-out": ReportKind.LEFT,
    "opt-out-list": ReportKind.LEFT,
}
# Outlook.com's programme names the reader in a field and attaches the message, without a report's form.
_OUTLOOK: Final = "X-HmXmrOriginalRecipient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a feedback report says: what follows from it, the type it names, and whom and which envelope it is about."""

    kind: ReportKind
    words: str
    addresses: tuple[str, ...] = ()
    sender: str = ""


def read_complaint(message: Mail) -> Complaint | None:
    """What a feedback report says, None if the message is none."""
    for part in parts(message):
        if kind_of(part) == _KIND:
            return _read(part)
        if _OUTLOOK in part:
            address = named_address(field(part, _OUTLOOK))
            return Complaint(kind=ReportKind.COMPLAINT, words="abuse", addresses=(address,) if address else ())
    return None


def _read(part: Mail) -> Complaint:
    """The fields of a report; they are the header of what `part` holds."""
    block = next(iter(inner(part)), part)
    type_ = field(block, "Feedback-Type").lower()
    senders = addresses_in(block, "Original-Mail-From")
    return Complaint(
        kind=_MEANINGS.get(type_, ReportKind.IGNORED),
        words=type_[:40],
        addresses=tuple(addresses_in(block, "Original-Rcpt-To", "Removal-Recipient")),
        sender=senders[0] if senders else "",
    )
