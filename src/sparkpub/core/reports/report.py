"""A report: what came back of a message, by whose word, and about whom."""

from dataclasses import dataclass
from enum import StrEnum

from sparkpub.core.bounces import Meaning


class ReportKind(StrEnum):
    """What a report tells."""

    BOUNCE = "bounce"  # a message did not arrive
    COMPLAINT = "complaint"  # a reader called it spam
    LEFT = "left"  # a reader asks to leave
    PERSON = "person"  # a person wrote, so a person has to read it
    IGNORED = "ignored"  # it changes nothing: a vacation note, a delay, a receipt


class Voucher(StrEnum):
    """Who vouches for whom a report is about; what nobody vouches for changes nothing by itself."""

    SEAL = "seal"  # a signature of ours in it: who sent it had that reader's message
    PROVIDER = "provider"  # the relay that mails for us, its own signature checked
    NOBODY = "nobody"  # anybody could have written it


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came back of one message to one reader.

    `subscriber_id` and `release_id` are those that a seal of ours names; `release_name` (`ISSUE/N`) is proved by the
    Message-ID. `addresses` are the reader's as the report spells them. `status` is an enhanced code or "", `words` what
    was said, as one short line. `sender` and `subject` are of mail that a person wrote, `wants_out` says that it
    speaks of leaving, `is_to_leave` that it went to the address for that. `mail` tells the message, or the provider's
    event, from every other.
    """

    kind: ReportKind
    voucher: Voucher = Voucher.NOBODY
    meaning: Meaning = Meaning.NOTHING
    subscriber_id: int | None = None
    release_id: int | None = None
    release_name: str = ""
    addresses: tuple[str, ...] = ()
    status: str = ""
    words: str = ""
    sender: str = ""
    subject: str = ""
    wants_out: bool = False
    is_to_leave: bool = False
    mail: str = ""
