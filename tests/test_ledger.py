"""What a ledger promises, on whatever engine: constraints make things happen once, and faults come with a cure."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_engines import Engine, LedgerRoom
from sample_press import NOW, draft
from sparkpub.adapters.ledger import Ledger, ReaderRow
from sparkpub.core.model import Asset
from sparkpub.core.records import (
    Decision,
    DeliveryState,
    IssueState,
    QueueState,
    ReleaseState,
    Subscriber,
    SubscriberState,
    Verdict,
)
from sparkpub.core.settings import AudienceSettings
from sparkpub.errors import AlreadyReleased, BusyError, CopyError, LedgerError, UsageError


def test_a_number_and_a_date_of_an_issue_are_released_once_for_ever(ledger: Ledger) -> None:
    ledger.add_release(draft())
    with pytest.raises(AlreadyReleased, match="a/1"):
        ledger.add_release(draft(on=date(2018, 9, 4)))
    with pytest.raises(AlreadyReleased, match="2017-09-04"):
        ledger.add_release(draft(number=2))
    ledger.add_release(draft(number=2, on=date(2018, 9, 4)))
    ledger.add_release(draft(issue="b"))
    assert [r.name for r in ledger.releases()] == ["a/1", "a/2", "b/1"]
    assert [r.name for r in ledger.releases("a")] == ["a/1", "a/2"]


def test_a_release_is_read_back_as_it_was_written(ledger: Ledger) -> None:
    kept = ledger.release(ledger.add_release(draft()))
    assert (kept.on, kept.released_at, kept.issue_source, kept.tzdata) == (date(2017, 9, 4), NOW, b"source", "2025b")
    assert kept.state is ReleaseState.SENDING
    assert ledger.release(ledger.add_release(draft(issue="c", is_mailed=False))).state is ReleaseState.FINISHED


def test_a_transaction_that_raises_leaves_nothing(ledger: Ledger) -> None:
    def release_twice() -> None:
        with ledger.transaction():
            ledger.record(NOW, "released", "a", "")
            ledger.add_release(draft())
            ledger.add_release(draft())

    with pytest.raises(AlreadyReleased):
        release_twice()
    assert ledger.releases() == []
    assert ledger.history("a") == []


def test_a_correction_leaves_what_is_mailed_alone(ledger: Ledger) -> None:
    ledger.put_edition("h", "a", 1, source=b"old", compiled=b"message", media={"x.png": "n"})
    release_id = ledger.add_release(draft())
    ledger.put_edition("h2", "a", 1, source=b"new", compiled=b"", media={})
    later = NOW + timedelta(days=1)
    ledger.correct_release(release_id, source=b"new", settings="", edition_hash="h2", updated_at=later)
    corrected = ledger.release(release_id)
    assert (corrected.edition_hash, corrected.issue_source, corrected.updated_at) == ("h2", b"new", later)
    assert ledger.mailed_edition(release_id).compiled == b"message"
    assert ledger.edition("h").media == {"x.png": "n"}


def test_what_is_not_there_is_said_with_a_cure(ledger: Ledger) -> None:
    for look in (lambda: ledger.release(9), lambda: ledger.asset("x"), lambda: ledger.edition("x")):
        with pytest.raises(LedgerError, match=";"):
            look()


def test_an_asset_is_kept_once(ledger: Ledger) -> None:
    asset = Asset(name="n.png", data=b"\x89PNG", media_type="image/png", width=3, height=2)
    ledger.put_asset(asset)
    ledger.put_asset(asset)
    assert ledger.asset("n.png") == asset


def test_queue_states_and_verdicts_are_read_back(ledger: Ledger) -> None:
    state = IssueState(
        issue_id="a", state=QueueState.HELD, activated_at=NOW, rule_hash="r", content_hash="c", reason="why"
    )
    ledger.save_issue_state(state)
    ledger.save_issue_state(state)
    assert ledger.issue_states() == {"a": state}
    missed = Decision(issue_id="a", number=1, on=date(2017, 9, 4), verdict=Verdict.MISSED, decided_at=NOW)
    skipped = Decision(issue_id="a", number=1, on=date(2017, 9, 4), verdict=Verdict.SKIPPED, decided_at=NOW)
    ledger.decide(missed)
    ledger.decide(skipped)
    ledger.decide(missed)
    assert ledger.decisions() == [skipped]


def test_history_is_of_one_issue_and_its_occurrences(ledger: Ledger) -> None:
    for subject in ("a", "a/1", "ab", "a-b", "b"):
        ledger.record(NOW, "queued", subject, "")
    assert [event.subject for event in ledger.history("a")] == ["a", "a/1"]


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_every_instant_is_kept_to_the_second(engine: Engine, at: datetime) -> None:
    with engine() as room:
        ledger = room.make()
        ledger.record(at, "queued", "a", "")
        assert ledger.history("a")[0].at == at.replace(microsecond=0)


# Readers


def test_two_spellings_of_an_address_are_one_reader(ledger: Ledger) -> None:
    assert ledger.add_subscriber("Ada@example.org", name="Ada", at=NOW) == 1
    known = ledger.add_subscriber("ada@EXAMPLE.org", name="Other", at=NOW)
    assert isinstance(known, Subscriber)
    assert (known.subscriber_id, known.name) == (1, "Ada")


def test_a_reader_is_read_back_whatever_was_typed(ledger: Ledger) -> None:
    ledger.add_subscriber(
        "a@example.org",
        name="Zoë\r\nBcc: x",
        language="de",
        tags=("news", "a b", "x\ny", ""),
        attributes={"city": "Köln", "a=b": "c=d\n"},
        evidence="form\x00",
        at=NOW,
    )
    found = ledger.find_subscriber("A@example.org")
    assert found is not None
    assert found.name == "Zoë Bcc: x"
    assert found.tags == ("news", "a b", "x y")
    assert found.attributes == {"city": "Köln", "a-b": "c=d"}
    assert found.evidence == "form"


def test_an_import_never_subscribes_anyone_again(ledger: Ledger) -> None:
    ledger.add_subscriber("left@example.org", at=NOW)
    ledger.unsubscribe("left@example.org", NOW)
    counts = ledger.import_subscribers([ReaderRow(address="LEFT@example.org"), ReaderRow(address="b@example.org")], NOW)
    assert (counts.added, counts.known) == (1, 1)
    left = ledger.find_subscriber("left@example.org")
    assert left is not None
    assert left.state is SubscriberState.UNSUBSCRIBED


def test_all_readers_come_a_page_at_a_time_and_in_order(ledger: Ledger) -> None:
    ledger.import_subscribers((ReaderRow(address=f"r{n}@example.org") for n in range(2345)), NOW)
    assert [s.subscriber_id for s in ledger.subscribers()] == list(range(1, 2346))
    assert ledger.count_subscribers() == 2345


@pytest.fixture
def audience_ledger(ledger: Ledger) -> Ledger:
    rows = [
        ReaderRow(address="a@example.org", tags=("news", "art"), language="de", attributes={"city": "Köln"}),
        ReaderRow(address="b@example.org", tags=("newsroom",), language="de", attributes={"city": "Kölnisch"}),
        ReaderRow(address="c@example.org", tags=("series:revolution",), language="fr"),
        ReaderRow(address="d@example.org", state=SubscriberState.UNCONFIRMED),
        ReaderRow(address="e@example.org"),
        ReaderRow(address="f@example.org", tags=("news",)),
    ]
    ledger.import_subscribers(rows, NOW)
    ledger.suppress("f@example.org", "complaint", NOW)
    ledger.unsubscribe("e@example.org", NOW)
    return ledger


@pytest.mark.parametrize(
    ("audience", "count"),
    [
        (None, 3),
        (AudienceSettings(), 3),
        (AudienceSettings(tags=("news",)), 1),
        (AudienceSettings(tags=("news", "newsroom")), 2),
        (AudienceSettings(language=("de",)), 2),
        (AudienceSettings(language=("de", "fr")), 3),
        (AudienceSettings(attributes={"city": "Köln"}), 1),
        (AudienceSettings(series=("revolution",)), 1),
        (AudienceSettings(tags=("art",), language=("fr",)), 0),
        (AudienceSettings(tags=("%",)), 0),
        (AudienceSettings(tags=("' OR 1=1 --",)), 0),
        (AudienceSettings(received="a/1"), 0),
    ],
)
def test_a_segment_holds_whom_every_condition_lets_in(
    audience_ledger: Ledger, audience: AudienceSettings | None, count: int
) -> None:
    ledger = audience_ledger
    assert ledger.count_audience(audience) == count
    release_id = ledger.add_release(draft())
    assert ledger.plan_deliveries(release_id, audience) == count
    balance = ledger.balance(release_id)
    assert (balance.eligible, balance.pending) == (count, count)


def test_a_segment_can_be_those_who_received_something(ledger: Ledger) -> None:
    ledger.import_subscribers((ReaderRow(address=f"r{n}@example.org") for n in range(3)), NOW)
    first = ledger.release(ledger.add_release(draft(issue="soviets", number=100)))
    ledger.plan_deliveries(first.release_id, None)
    epoch = ledger.begin_run(boot="b", pid=1, at=NOW)
    claim = ledger.claim_batch(first, epoch=epoch, count=10, at=NOW)
    assert claim is not None
    ledger.settle(claim.due[0], epoch=epoch, state=DeliveryState.SENT, code="250", at=NOW, tried_at=NOW)
    assert ledger.count_audience(AudienceSettings(received="soviets/100")) == 1
    with pytest.raises(UsageError, match="ISSUE/100"):
        ledger.count_audience(AudienceSettings(received="nonsense"))


def test_who_leaves_or_is_suppressed_after_the_release_is_not_mailed(ledger: Ledger) -> None:
    for name in "abc":
        ledger.add_subscriber(f"{name}@example.org", at=NOW)
    release_id = ledger.add_release(draft())
    ledger.plan_deliveries(release_id, None)
    assert ledger.unsubscribe("a@example.org", NOW)
    assert not ledger.unsubscribe("a@example.org", NOW)
    assert ledger.suppress("B@example.org", "bounce", NOW)
    assert not ledger.suppress("b@example.org", "again", NOW)
    balance = ledger.balance(release_id)
    assert (balance.pending, balance.suppressed, balance.balances) == (1, 2, True)
    assert ledger.suppression("b@example.org") == "bounce"
    assert ledger.unsuppress("b@example.org", NOW)
    assert ledger.suppression("b@example.org") is None


def test_a_delivery_is_begun_by_one_worker_only(ledger: Ledger) -> None:
    ledger.add_subscriber("a@example.org", at=NOW)
    kept = ledger.release(ledger.add_release(draft()))
    ledger.plan_deliveries(kept.release_id, None)
    one, two = (ledger.begin_run(boot="b", pid=pid, at=NOW) for pid in (1, 2))
    claims = [ledger.claim_batch(kept, epoch=epoch, count=10, at=NOW) for epoch in (one, two)]
    assert claims[0] is not None
    due = claims[0].due[0]
    assert ledger.intend(due, epoch=one, at=NOW)
    assert not ledger.intend(due, epoch=two, at=NOW)
    sent = DeliveryState.SENT
    assert not ledger.settle(due, epoch=two, state=sent, code="250", at=NOW, tried_at=NOW)
    assert ledger.settle(due, epoch=one, state=sent, code="250", at=NOW, tried_at=NOW)
    assert not ledger.settle(due, epoch=one, state=sent, code="250", at=NOW, tried_at=NOW)
    assert ledger.balance(kept.release_id).sent == 1


@given(steps=st.lists(st.tuples(st.sampled_from(list(DeliveryState)), st.integers(0, 9)), max_size=40))
def test_the_balance_adds_up_whatever_happens(engine: Engine, steps: list[tuple[DeliveryState, int]]) -> None:
    with engine() as room:
        ledger = room.make()
        ledger.import_subscribers([ReaderRow(address=f"r{n}@example.org") for n in range(10)], NOW)
        kept = ledger.release(ledger.add_release(draft()))
        ledger.plan_deliveries(kept.release_id, None)
        epoch = ledger.begin_run(boot="b", pid=1, at=NOW)
        claim = ledger.claim_batch(kept, epoch=epoch, count=10, at=NOW)
        assert claim is not None
        for state, index in steps:
            due = claim.due[index]
            if state is DeliveryState.SENDING:
                ledger.intend(due, epoch=epoch, at=NOW)
            elif state is DeliveryState.SUPPRESSED:
                ledger.unsubscribe(due.address, NOW)
            elif state is DeliveryState.CANCELLED:
                ledger.cancel_release(kept.release_id, at=NOW)
            elif state is not DeliveryState.PENDING:
                ledger.settle(due, epoch=epoch, state=state, code="", at=NOW, tried_at=NOW)
            balance = ledger.balance(kept.release_id)
            assert balance.eligible == 10
            assert balance.balances
            assert not ledger.finish_release(kept.release_id) or balance.open == 0


# From outside


def test_where_no_ledger_is_somebody_works_with_a_copy(ledger_room: LedgerRoom) -> None:
    with pytest.raises(CopyError, match="this is a copy; queue on the press"):
        ledger_room.open()


def test_a_ledger_is_made_once_and_found_again(ledger_room: LedgerRoom) -> None:
    made = ledger_room.make()
    made.set_fact("a", "b")
    made.close()
    with pytest.raises(UsageError, match="already"):
        ledger_room.make()
    found = ledger_room.open()
    assert found.fact("a") == "b"
    assert found.fact("c") is None


def test_a_locked_ledger_is_busy_and_not_broken(ledger_room: LedgerRoom) -> None:
    holder = ledger_room.make()
    waiter = ledger_room.open(busy_seconds=0.05)
    with holder.transaction():
        holder.set_fact("a", "b")
        with pytest.raises(BusyError, match="in a moment"):
            waiter.set_fact("a", "c")
    waiter.set_fact("a", "d")
    assert holder.fact("a") == "d"


def test_others_see_what_is_committed_and_nothing_before(ledger_room: LedgerRoom) -> None:
    ledger = ledger_room.make()
    with ledger.transaction():
        ledger.set_fact("a", "b")
        assert ledger_room.rows("SELECT key, value FROM fact") == []
    assert ledger_room.rows("SELECT key, value FROM fact") == [("a", "b")]


def test_numbers_are_never_given_twice_not_even_after_a_restart(ledger_room: LedgerRoom) -> None:
    ledger = ledger_room.make()
    for name in "ab":
        ledger.add_subscriber(f"{name}@example.org", at=NOW)
    assert ledger.erase("b@example.org", NOW)
    ledger.close()
    ledger = ledger_room.open()
    assert ledger.add_subscriber("c@example.org", at=NOW) == 3
    ledger.leave_numbers_free(10, 5)
    assert ledger.add_subscriber("d@example.org", at=NOW) == 16
    ledger.leave_numbers_free(10, 5)
    assert ledger.add_subscriber("e@example.org", at=NOW) == 22
    assert ledger_room.rows("SELECT subscriber_id FROM subscriber ORDER BY subscriber_id") == [(1,), (3,), (16,), (22,)]


def test_whoever_sends_has_an_epoch_of_their_own(ledger_room: LedgerRoom) -> None:
    ledgers = [ledger_room.make(), ledger_room.open()]
    epochs = [ledger.begin_run(boot="b", pid=1, at=NOW) for ledger in ledgers * 2]
    assert epochs == [1, 2, 3, 4]
    assert [run.epoch for run in ledgers[0].open_runs(besides=2)] == [1, 3, 4]


def test_an_attempt_that_fails_takes_back_itself_alone(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.attempt():
            ledger.add_subscriber("b@example.org", at=NOW)
            raise KeyError

    with ledger.transaction():
        with ledger.attempt():
            ledger.add_subscriber("a@example.org", at=NOW)
        with pytest.raises(KeyError):
            fail()
        ledger.add_subscriber("c@example.org", at=NOW)
    assert [reader.address for reader in ledger.subscribers()] == ["a@example.org", "c@example.org"]
