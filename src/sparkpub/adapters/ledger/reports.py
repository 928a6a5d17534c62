"""Ledger rows of what came back: bounces, complaints, leavings by mail, and what waits for a person."""

from dataclasses import dataclass
from datetime import datetime

from sparkpub.adapters.ledger.deliveries import DeliveryRows
from sparkpub.adapters.ledger.instants import from_seconds, to_seconds
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.addresses import address_key
from sparkpub.core.bounces import Meaning, Score, Tally, decide

_SQL = statements("reports.sql")
_WORDS_MAX = 200
_SUBJECT_MAX = 200
_INQUIRIES_MAX = 500
_WISHES_MAX = 10_000  # readers who ask to leave are listed long after doubts are not
_LEAVES = "unsubscribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """What came back of one message; `release_id` 0 stands for none that is known."""

    release_id: int
    subscriber_id: int
    kind: str
    meaning: Meaning = Meaning.NOTHING
    status: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCounts:
    """What came back of one release: readers who are gone, other bounces, complaints, and readers who left by mail."""

    gone: int = 0
    bounced: int = 0
    complained: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastReport:
    """What came back of one reader's message, as a person looks at it; `release` is `ISSUE/N`, or ""."""

    release: str
    kind: str
    meaning: str
    status: str
    words: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """Mail that waits for a person: about which address it seems to be, its subject, and why it is asked about.

    `verb` is what a person may want to do with the address: `unsubscribe`, `suppress`, or "".
    """

    number: int = 0
    at: datetime
    address: str
    subject: str
    why: str
    verb: str = ""


class ReportRows(DeliveryRows):
    """Reports, scores, inquiries."""

    def add_report(self, row: ReportRow, *, at: datetime) -> bool:
        """Note what came back; False if that was known already."""
        values = {
            "release_id": row.release_id,
            "subscriber_id": row.subscriber_id,
            "kind": row.kind,
            "meaning": row.meaning.value,
            "status": row.status,
            "words": row.words[:_WORDS_MAX],
            "at": to_seconds(at),
        }
        return self._db.write(_SQL["add_report"], values) > 0

    def report_counts(self, release_id: int) -> ReportCounts:
        """What came back of a release."""
        counts = {"gone": 0, "bounced": 0, "complained": 0, "left": 0}
        for kind, meaning, count in self._db.rows(_SQL["report_counts"], {"release_id": release_id}):
            if kind == "bounce":
                counts["gone" if meaning == Meaning.GONE.value else "bounced"] += count
            else:
                counts["complained" if kind == "complaint" else "left"] += count
        return ReportCounts(**counts)

    def tally(self, release_id: int) -> Tally:
        """How a release has fared so far, with what was refused and what came back."""
        balance, counts = self.judged(release_id), self.report_counts(release_id)
        return Tally(
            sent=balance.sent + balance.uncertain,
            failed=balance.failed,
            bounced=counts.gone + counts.bounced,
            complained=counts.complained,
        )

    def reports_of(self, subscriber_id: int) -> list[PastReport]:
        """What came back of one reader's messages, oldest first."""
        return [
            PastReport(
                release=f"{row['issue_id']}/{row['number']}" if row["issue_id"] else "",
                kind=row["kind"],
                meaning=row["meaning"],
                status=row["status"],
                words=row["words"],
                at=from_seconds(row["at"]),
            )
            for row in self._db.rows(_SQL["reports_of"], {"subscriber_id": subscriber_id})
        ]

    def newest_sent(self, subscriber_id: int) -> int | None:
        """The release of which a reader has the newest letter, None if they have none."""
        row = self._db.row(_SQL["newest_sent"], {"subscriber_id": subscriber_id})
        return None if row is None else int(row["release_id"])

    def has_delivery(self, release_id: int, subscriber_id: int) -> bool:
        """Whether a release was planned for a reader."""
        return (
            self._db.row(_SQL["has_delivery"], {"release_id": release_id, "subscriber_id": subscriber_id}) is not None
        )

    def score(self, address: str) -> Score:
        """How badly an address fared lately."""
        row = self._db.row(_SQL["score"], {"mark": self.mark(address)})
        return Score() if row is None else Score(value=row["score"], counted_at=from_seconds(row["counted_at"]))

    def bear(self, address: str, meaning: Meaning, reason: str, *, at: datetime) -> bool:
        """Count one bounce of an address, and suppress it if that was one too many; whether it was suppressed now.

        `reason` is what a person is told of why.
        """
        with self.transaction():
            before = self.score(address)
            ruling = decide(before, meaning, now=at)
            if ruling.suppresses:
                self._db.write(_SQL["drop_score"], {"mark": self.mark(address)})
                return self.suppress(address, reason, at)
            if ruling.score != before and ruling.score.counted_at:
                score = {"score": ruling.score.value, "counted_at": to_seconds(ruling.score.counted_at)}
                self._db.write(_SQL["set_score"], {"mark": self.mark(address), **score})
        return False

    def note_heard(self, mail: str, *, at: datetime) -> bool:
        """Note that some mail or event was heard, by its digest; False if it was before."""
        return self._db.write(_SQL["note_heard"], {"mail": mail, "at": to_seconds(at)}) > 0

    def add_inquiry(self, mail: str, inquiry: Inquiry) -> bool:
        """Have a person asked about some mail, known by its digest; False if they were, or too many wait already.

        The ledger numbers it.
        """
        at = inquiry.at
        self.settle_answered(at=at)
        most = _WISHES_MAX if inquiry.verb == _LEAVES else _INQUIRIES_MAX
        if int(self._db.row(_SQL["count_inquiries"])[0]) >= most:
            return False
        values = {
            "mail": mail,
            "at": to_seconds(at),
            "address": address_key(inquiry.address),
            "subject": inquiry.subject[:_SUBJECT_MAX],
            "why": inquiry.why,
            "verb": inquiry.verb,
        }
        return self._db.write(_SQL["add_inquiry"], values) > 0

    def inquiries(self) -> list[Inquiry]:
        """The mail that waits for a person, oldest first."""
        return [
            Inquiry(
                number=row["inquiry_id"],
                at=from_seconds(row["at"]),
                address=row["address"],
                subject=row["subject"],
                why=row["why"],
                verb=row["verb"],
            )
            for row in self._db.rows(_SQL["inquiries"])
        ]

    def settle_answered(self, *, at: datetime) -> None:
        """Let mail wait no more that is about somebody who has left or is suppressed by now."""
        self._db.write(_SQL["settle_answered"], {"at": to_seconds(at)})

    def forget_heard(self, before: datetime) -> None:
        """Forget which mail was heard until an instant; nobody sends that again."""
        self._db.write(_SQL["forget_heard"], {"before": to_seconds(before)})

    def forget_inquiries(self, before: datetime) -> None:
        """Forget mail that was settled until an instant; heard again, it changes nothing."""
        self._db.write(_SQL["forget_inquiries"], {"before": to_seconds(before)})

    def settle_inquiry(self, number: int, *, at: datetime) -> bool:
        """Let a person's decision about some mail stand; False if none waits under this number."""
        return self._db.write(_SQL["settle_inquiry"], {"inquiry_id": number, "at": to_seconds(at)}) > 0
