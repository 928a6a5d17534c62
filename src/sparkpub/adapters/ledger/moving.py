"""Ledger rows of readers who move to another address, and of those who are erased: what stays is a keyed hash."""

from datetime import datetime

from sparkpub.adapters.ledger.instants import from_seconds, to_seconds
from sparkpub.adapters.ledger.readers import ReaderRows
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.addresses import address_key
from sparkpub.core.records import Subscriber

_SQL = statements("moving.sql")
_READERS = statements("readers.sql")
_OF_READER = (
    *(_SQL[name] for name in ("forget_words", "forget_reports", "drop_reader", "drop_letters")),
    statements("gathering.sql")["forget_gathered"],
)


class MovedRows(ReaderRows):
    """Moving, and erasing."""

    def move(self, known: Subscriber, address: str, *, evidence: str, at: datetime) -> None:
        """Reach a reader at another address from now on, whatever waits for them included; nobody else may have it.

        No list brings the old address back. A suppression of it stays with it.
        """
        values = {"address_key": address_key(address), "address": address, "evidence": evidence}
        with self.transaction():
            key = {"subscriber_id": known.subscriber_id, "at": to_seconds(at)}
            self._db.write(_SQL["move"], {**values, **key})
            if address_key(address) != address_key(known.address):
                self._recall(address, is_asked_now=True, at=at)
                self._put_mark(self.mark(known.address), "left", at)
                self.record(at, "moved", f"reader {self.mark(known.address)}", f"to {self.mark(address)}")

    def erase(self, address: str, at: datetime) -> bool:
        """Forget an address; False if nothing was known of it.

        Nothing stays but its keyed hash: that it is suppressed, and that no list may bring back who was a reader. What
        still waits for them is not sent; the balance of releases keeps counting them, by number alone.
        """
        known = self.find_subscriber(address)
        if known is None and not self.has_traces(address):
            return False
        with self.transaction():
            if known:
                self._forget(known, at)
            else:
                self._forget_suppression(address_key(address))
            self.record(at, "erased", f"reader {self.mark(address)}", "")
        return True

    def has_traces(self, address: str) -> bool:
        """Whether an address is kept as such though it need be no reader's: suppressed, or in mail for a person."""
        key = {"address_key": address_key(address)}
        is_suppressed = self._db.row(_READERS["suppression"], key) is not None
        return is_suppressed or bool(self._db.row(_SQL["has_inquiries"], key)[0])

    def forget_mark(self, mark: str, at: datetime) -> None:
        """Forget an address of which only the keyed hash is known; no list may bring it back."""
        for row in self._db.rows(_SQL["suppressions"]):
            if self.mark(row["address_key"]) == mark:
                self._forget_suppression(row["address_key"])
        self._put_mark(mark, "left", at)

    def forget_unconfirmed(self, before: datetime, *, at: datetime) -> int:
        """Forget who asked until an instant, got the letter to confirm that wish and never did; returns how many.

        They never were readers: a list may bring them, as it may bring anybody.
        """
        rows = self._db.rows(_SQL["never_confirmed"], {"before": to_seconds(before)})
        with self.transaction():
            for row in rows:
                if known := self.find_subscriber(row["address"]):
                    self._take_out(known, at)
            if rows:
                self.record(at, "forgotten", "readers", f"{len(rows)} who never confirmed")
        return len(rows)

    def _forget(self, known: Subscriber, at: datetime) -> None:
        """Take a reader out whom no list may bring back, without a line in the history."""
        self._take_out(known, at)
        self._put_mark(self.mark(known.address), "left", at)

    def _take_out(self, known: Subscriber, at: datetime) -> None:
        """Leave nothing of a reader but the keyed hash of a suppression."""
        self._drop_waiting(known, at)
        self._forget_suppression(address_key(known.address))
        for statement in _OF_READER:
            self._db.write(statement, {"subscriber_id": known.subscriber_id})

    def _forget_suppression(self, key: str) -> None:
        """Keep a suppression as a keyed hash, without the address and without the words that may name it."""
        mark = self.mark(key)
        row = self._db.row(_READERS["suppression"], {"address_key": key})
        if row is not None:
            self._put_mark(mark, "suppressed", from_seconds(row["at"]))
            self._db.write(_READERS["unsuppress"], {"address_key": key})
        self._db.write(_SQL["forget_inquiries"], {"address_key": key})
        self._db.write(_SQL["forget_details"], {"subject": f"reader {mark}"})

    def shred(self) -> None:
        """Leave nothing of what was erased in what the engine keeps beside the ledger; not in a transaction."""
        self._db.shred()
