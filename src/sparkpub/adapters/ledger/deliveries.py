"""Ledger rows of the deliveries: who gets a release, and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sparkpub.adapters.ledger.audiences import AudienceRows
from sparkpub.adapters.ledger.instants import from_seconds, to_seconds
from sparkpub.adapters.ledger.readers import attributes_of
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.records import Balance, DeliveryState, Release, ReleaseState

if TYPE_CHECKING:  # the rules for what a relay says are many, and only who sends asks them
    from sparkpub.core.outcomes import Settlement

_SQL = statements("deliveries.sql")
_RELEASES = statements("releases.sql")
_GATHERED = statements("gathering.sql")
_STATES = tuple(DeliveryState)  # schema.sql numbers them in this order
_NUMBERS: Mapping[DeliveryState, int] = MappingProxyType({state: number for number, state in enumerate(_STATES)})
_CODE_MAX = 120
_NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})
_NAMED_MAX = 60

LOST = "claimed before the ledger was lost"
"""Code of deliveries that a restored ledger must doubt: no policy repeats them, only a person's word."""


class DueDelivery(NamedTuple):
    """One message that is to be tried now. `attempts` and `first_at` are of earlier tries."""

    release_id: int
    subscriber_id: int
    address: str
    name: str
    attempts: int
    first_at: datetime | None
    attributes: Mapping[str, str] = _NO_ATTRIBUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A batch taken on by a run up to the reader `last`, with what of it is due."""

    claim_id: int
    release_id: int
    batch: int
    last: int
    due: tuple[DueDelivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A sending process that has not said that it ended."""

    epoch: int
    boot: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCounts:
    """What is still to be done for a release; `due` are those of the deferred whose time has come."""

    pending: int
    sending: int
    deferred: int
    due: int


class DeliveryRows(AudienceRows):
    """Runs, claims, deliveries."""

    def balance(self, release_id: int) -> Balance:
        """The account of one release."""
        rows = self._db.rows(_SQL["balance"], {"release_id": release_id})
        counts = {_STATES[state].value: count for state, count in rows}
        return Balance(eligible=sum(counts.values()), **counts)

    def judged(self, release_id: int) -> Balance:
        """The account by which a release is judged: without readers whom the relay has no words for.

        That their letters fail says nothing of the release (`core.outcomes.unspeakable`).
        """
        from sparkpub.core.outcomes import UNSPEAKABLE

        balance = self.balance(release_id)
        if not balance.failed:
            return balance
        key = {"release_id": release_id, "code": f"{UNSPEAKABLE}%"}
        count = int(self._db.row(_SQL["count_failed_by"], key)[0])
        return replace(balance, eligible=balance.eligible - count, failed=balance.failed - count)

    def open_counts(self, release_id: int, *, at: datetime) -> OpenCounts:
        """What is still to be done for a release at an instant."""
        row = self._db.row(_SQL["open_counts"], {"release_id": release_id, "at": to_seconds(at)})
        pending, sending, deferred, due = row
        return OpenCounts(pending=pending, sending=sending, deferred=deferred, due=due)

    def begin_run(self, *, boot: str, pid: int, at: datetime) -> int:
        """Note that a process begins to send; returns its epoch, which no other run has."""
        return int(self._db.row(_SQL["begin_run"], {"boot": boot, "pid": pid, "at": to_seconds(at)})[0])

    def open_runs(self, *, besides: int) -> list[Run]:
        """Runs that began and never ended."""
        rows = self._db.rows(_SQL["open_runs"], {"epoch": besides})
        return [Run(epoch=row["epoch"], boot=row["boot"], pid=row["pid"]) for row in rows]

    def claim_batch(
        self, release: Release, *, epoch: int, count: int, at: datetime, after: tuple[int, int] = (0, 0)
    ) -> Claim | None:
        """Take on up to `count` due deliveries of one batch, durably; None if nothing of the release is due.

        Only what comes `after` a batch and a reader in it counts: where the run's claim before this one ended. Whoever
        left since the release was planned is suppressed on the way.
        """
        place = {"batch": after[0], "after": after[1]}
        key = {"release_id": release.release_id, "at": to_seconds(at)}
        with self.transaction():
            while (row := self._db.row(_SQL["next_batch"], key | place)) is not None:
                place = {"batch": int(row["batch"]), "after": after[1] if row["batch"] == after[0] else 0}
                self._db.write(_SQL["suppress_left"], key | place)
                if rows := self._db.rows(_SQL["due_in_batch"], key | place | {"count": count}):
                    break
            else:
                return None
            batch, first, last = place["batch"], int(rows[0]["subscriber_id"]), int(rows[-1]["subscriber_id"])
            values = {"epoch": epoch, "batch": batch, "first": first, "last": last}
            claim_id = int(self._db.row(_SQL["claim"], key | values)[0])
            self.record(
                at, "claimed", release.name, f"batch {batch}, {len(rows)} deliveries, readers {first} to {last}"
            )
        due = tuple(
            DueDelivery(
                release.release_id,
                subscriber_id,
                address,
                name,
                attempts,
                None if first_at is None else from_seconds(first_at),
                attributes_of(attributes) if attributes else _NO_ATTRIBUTES,
            )
            for subscriber_id, address, name, attributes, attempts, first_at in rows
        )
        return Claim(claim_id=claim_id, release_id=release.release_id, batch=batch, last=last, due=due)

    def close_claim(self, claim_id: int, *, at: datetime) -> None:
        """Note that everything of a claim has its result; durable, like every commit outside `hasty`.

        The history keeps where its readers stand, by their numbers: so the mirror knows of every message that left.
        """
        with self.transaction():
            if not self._db.write(_SQL["close_claim"], {"claim_id": claim_id, "at": to_seconds(at)}):
                return
            if claim := self._db.row(_SQL["claim_of"], {"claim_id": claim_id}):
                place = {"first": claim["first_subscriber_id"], "last": claim["last_subscriber_id"]}
                unsent = self._db.rows(_SQL["not_sent_in_claim"], {"release_id": claim["release_id"], **place})
                detail = f"batch {claim['batch']}, readers {place['first']} to {place['last']}: {_result(unsent)}"
                self.record(at, "closed", f"{claim['issue_id']}/{claim['number']}", detail)

    def intend(self, due: DueDelivery, *, epoch: int, at: datetime) -> bool:
        """Commit that the body of a message is about to leave; False if it must not, because another has it."""
        return self.intend_all([due], epoch=epoch, at=at)[0]

    def intend_all(self, dues: Iterable[DueDelivery], *, epoch: int, at: datetime) -> list[bool]:
        """The same for some messages, in a transaction of the caller's; which of them may leave."""
        seconds = to_seconds(at)
        values = [
            {"release_id": due.release_id, "subscriber_id": due.subscriber_id, "epoch": epoch, "at": seconds}
            for due in dues
        ]
        return [count > 0 for count in self._db.write_each(_SQL["intend"], values)]

    def settle(
        self, due: DueDelivery, *, epoch: int, state: DeliveryState, code: str, at: datetime, tried_at: datetime
    ) -> bool:
        """Note what came of an attempt; `at` of a deferred one is when to try again.

        False if it was no longer this run's to settle.
        """
        from sparkpub.core.outcomes import Settlement

        return self.settle_all([(due, Settlement(state=state, code=code, at=at), tried_at)], epoch=epoch)[0]

    def settle_all(self, results: "Sequence[tuple[DueDelivery, Settlement, datetime]]", *, epoch: int) -> list[bool]:
        """The same for some attempts with the instant of each, in a transaction of the caller's."""
        values: list[dict[str, object]] = [
            {
                "release_id": due.release_id,
                "subscriber_id": due.subscriber_id,
                "epoch": epoch,
                "state": _NUMBERS[settlement.state],
                "code": settlement.code[:_CODE_MAX],
                "at": to_seconds(settlement.at),
            }
            for due, settlement, _ in results
        ]
        counts = self._db.write_each(_SQL["settle"], values)
        for number, (_, _, tried_at) in enumerate(results):
            if not counts[number]:
                unbegun = {**values[number], "tried_at": to_seconds(tried_at)}
                counts[number] = self._db.write(_SQL["settle_unbegun"], unbegun)
        return [count > 0 for count in counts]

    def recover_run(self, run: Run, *, release: Release, state: DeliveryState, is_new_boot: bool, at: datetime) -> int:
        """Give what a dead run left open of one release the state that doubt deserves; returns how many.

        `is_new_boot` says that the machine stopped meanwhile, so that the run's last commits may be lost.
        """
        values: dict[str, object] = {
            "release_id": release.release_id,
            "epoch": run.epoch,
            "state": _NUMBERS[state],
            "code": "the sending process died",
            "at": to_seconds(at),
        }
        found = self._db.write(_SQL["recover_sending"], values)
        if is_new_boot:
            for claim in self._db.rows(_SQL["open_claims"], {"epoch": run.epoch}):
                if claim["release_id"] == release.release_id:
                    place = {key: claim[key] for key in ("batch", "claimed_at")}
                    values |= place | {"last": claim["last_subscriber_id"]}
                    found += self._db.write(_SQL["recover_claimed"], values)
        return found

    def close_run(self, epoch: int, *, at: datetime) -> None:
        """Note that a run and all it had claimed is over."""
        for claim in self._db.rows(_SQL["open_claims"], {"epoch": epoch}):
            self.close_claim(claim["claim_id"], at=at)
        self._db.write(_SQL["end_run"], {"epoch": epoch, "at": to_seconds(at)})

    def uncertain_releases(self) -> list[int]:
        """The numbers of releases with deliveries in doubt."""
        return [int(row[0]) for row in self._db.rows(_SQL["releases_with_uncertain"])]

    def resend_uncertain(self, release_id: int, *, at: datetime, but_code: str = "") -> int:
        """Let deliveries in doubt be tried again, under the same Message-ID; returns how many.

        Left alone are those whose message is lost, and those with `but_code`.
        """
        values = {"release_id": release_id, "at": to_seconds(at), "but_code": but_code}
        with self.transaction():
            count = self._db.write(_SQL["resend_uncertain"], values)
            if count:
                self._db.write(_RELEASES["reopen_release"], {"release_id": release_id})
        return count

    def cancel_release(self, release_id: int, *, at: datetime) -> bool:
        """Call a release off: what was not begun never is. False if there is nothing to call off."""
        key = {"release_id": release_id, "at": to_seconds(at)}
        with self.transaction():
            is_cancelled = self._db.write(_RELEASES["cancel_release"], {"release_id": release_id}) > 0
            if is_cancelled or self.release(release_id).state is ReleaseState.CANCELLED:
                self._db.write(_SQL["cancel_open"], key)
                self._db.write(_GATHERED["drop_gathered_of_release"], {"release_id": release_id})
        return is_cancelled


def _result(unsent: list[Any]) -> str:
    """What came of a claim, in words that a restored ledger reads: `all sent`, `all sent but deferred 7, failed 9`."""
    if not unsent:
        return "all sent"
    if len(unsent) > _NAMED_MAX:
        return f"{len(unsent)} not sent"
    return "all sent but " + ", ".join(f"{_STATES[row['state']]} {row['subscriber_id']}" for row in unsent)
