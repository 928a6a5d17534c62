"""A ledger's life in short: whatever a press asks of its ledger, once. What came of each statement can be looked at."""

from dataclasses import replace
from datetime import date, timedelta

from ledger_notes import Note, NotingDatabase
from sample_press import NOW, draft
from sparkpub.adapters.ledger import LOST, Choice, Inquiry, Ledger, ReaderRow, ReportRow
from sparkpub.core.bounces import Meaning
from sparkpub.core.model import Asset
from sparkpub.core.outcomes import Settlement
from sparkpub.core.pacing import Lane
from sparkpub.core.reader_list import Entry, Reject
from sparkpub.core.records import (
    Decision,
    DeliveryState,
    IssueState,
    LetterKind,
    QueueState,
    Release,
    ReleaseDraft,
    ReleaseState,
    SubscriberState,
    Verdict,
)
from sparkpub.core.settings import AudienceSettings
from sparkpub.core.wishes import Piece, Rhythm, Wishes

TODAY = NOW.date()
LATER = NOW + timedelta(days=1)
SERIES = "revolution"
SEGMENT = AudienceSettings(
    tags=("news", "art"),
    without_tags=("maths",),
    series=(SERIES,),
    language=("en", "de"),
    attributes={"city": "Köln"},
    received="a/1",
    added_from="2017-01-01",
    added_until="2018-01-01",
)


def live() -> list[Note]:
    """Everything that a press may ask of a ledger; what was noted of it."""
    database = NotingDatabase()
    database.prepare(create=True)
    ledger = Ledger(database)
    ledger.mark_key = "a key"
    edit(ledger)
    readers(ledger)
    lists(ledger)
    kept = publish(ledger)
    send(ledger, kept)
    digests(ledger)
    letters(ledger)
    reports(ledger)
    follow(ledger, kept)
    restore(ledger)
    leave(ledger)
    ledger.close()
    return database.notes


def odd(drafted: ReleaseDraft) -> ReleaseDraft:
    """A release with bytes and signs that an engine may stumble over."""
    return replace(drafted, issue_source=b"source \x00\xff", settings="it's a text")


def edit(ledger: Ledger) -> None:
    """An editor's day: what is queued, approved, skipped."""
    ledger.set_fact("watermark", "1")
    ledger.set_fact("watermark", "2")
    ledger.fact("watermark")
    for subject in ("a", "a/1", "ab", "a-b", "A", "ä"):
        ledger.record(NOW, "queued", subject, "it's queued")
        state = IssueState(
            issue_id=subject, state=QueueState.QUEUED, activated_at=NOW, rule_hash="r", content_hash="c", reason=""
        )
        ledger.save_issue_state(state)
        ledger.save_issue_state(replace(state, state=QueueState.HELD, reason="why"))
    ledger.history("a")
    ledger.event(ledger.last_event())
    list(ledger.events_after(1))
    ledger.issue_states()
    ledger.issue_state("a")
    ledger.approve("a", b"one")
    ledger.approve("a", b"two")
    ledger.approved("a")
    for verdict in (Verdict.MISSED, Verdict.SKIPPED, Verdict.MISSED):
        ledger.decide(Decision(issue_id="a", number=9, on=TODAY, verdict=verdict, decided_at=NOW))
    ledger.decisions()
    ledger.decisions_of("a")
    ledger.is_skipped("a", 9)
    for pace in (Lane(per_second=2.5, best=10.0), Lane(per_second=1.25, best=10.0), Lane()):
        ledger.keep_pace("relay:25", pace)
        ledger.paces()
    for seconds in (0.0, 0.1, 5.0, -9000.0):
        ledger.take_way("@example.org", at=NOW.timestamp() + seconds, seconds=0.5)


def readers(ledger: Ledger) -> None:
    """Readers come one by one, change their minds, and are found."""
    ledger.add_subscriber(
        "Ada@example.org", name="O'Brien", language="en-GB", tags=("news", f"series:{SERIES}"), at=NOW
    )
    ledger.add_subscriber("ada@EXAMPLE.org", at=NOW)
    ledger.add_subscriber("new@example.org", state=SubscriberState.UNCONFIRMED, at=NOW)
    ledger.import_subscribers(
        [
            ReaderRow(address="b@example.org", tags=("news",), language="de", attributes={"city": "Köln"}),
            ReaderRow(address="weekly@example.org", wishes=Wishes(rhythm=Rhythm.WEEKLY)),
            ReaderRow(address="daily@example.org", wishes=Wishes(rhythm=Rhythm.DAILY)),
            ReaderRow(address="from@example.org", wishes=Wishes(from_beginning=(SERIES,))),
            ReaderRow(address="round@example.org", wishes=Wishes(is_round_only=True, without_tags=("war",))),
            ReaderRow(address="b@example.org"),
        ],
        NOW,
    )
    found = ledger.find_subscriber("b@example.org")
    assert found is not None
    ledger.set_subscriber(replace(found, name="B", tags=("art",)), at=LATER)
    ledger.suppress("never@example.org", "complaint", NOW)
    ledger.suppression("never@example.org")
    ledger.unsuppress("never@example.org", NOW)
    ledger.suppression("never@example.org")
    list(ledger.subscribers())
    ledger.count_subscribers()
    ledger.has_reader_besides(("example.net", "test"))
    ledger.has_reader_besides(("example.org", "test"))
    ledger.move(found, "moved@example.org", evidence="a letter", at=NOW)
    ledger.has_rhythms()
    ledger.series_from_beginning()


def lists(ledger: Ledger) -> None:
    """A list comes, and readers go out by choice."""
    rows: list[Entry | Reject] = [
        Entry(2, "list@example.org", "L", None, "fr", ("news",), (("city", "Köln"),)),
        Entry(3, "LIST@example.org"),
        Entry(4, "new@example.org", state=SubscriberState.UNCONFIRMED),
        Entry(5, "ask@example.org", state=SubscriberState.UNCONFIRMED),
        Entry(6, "b@example.org"),
        Reject(7, "it's no address"),
    ]
    with ledger.arrivals():
        ledger.arrive(rows, state=SubscriberState.ACTIVE)
        ledger.refuse_repeated()
        ledger.leave_out_gone()
        list(ledger.refused())
        ledger.count_arrived()
        ledger.count_to_ask()
        ledger.take_in(evidence="a list", at=LATER, progress=lambda _: None)
        ledger.ask_arrived(at=LATER)
    for choice in (
        Choice(),
        Choice(state=SubscriberState.ACTIVE, is_mailed=True),
        Choice(segments=(AudienceSettings(language=("fr",)), SEGMENT)),
    ):
        list(ledger.readers(choice))
        ledger.columns(choice)
        ledger.count_readers(choice)


def publish(ledger: Ledger) -> Release:
    """Something is released, corrected, shown."""
    asset = Asset(name="n.png", data=b"\x89PNG", media_type="image/png", width=3, height=2)
    for _ in range(2):
        ledger.put_asset(asset)
        ledger.put_edition("h", "a", 1, source=b"s", compiled=b"", media={"x.png": "n.png"})
    ledger.put_edition("h", "a", 1, source=b"s", compiled=b"message", media={})
    ledger.asset("n.png")
    ledger.edition("h")
    kept = ledger.release(ledger.add_release(odd(draft())))
    ledger.shown_media(kept)
    ledger.mailed_edition(kept.release_id)
    ledger.correct_release(kept.release_id, source=b"new", settings="other", edition_hash="h", updated_at=LATER)
    ledger.add_release(odd(draft(issue="old", on=date(2016, 9, 4))))
    for issue in (None, "a"):
        ledger.releases(issue)
    ledger.newest_releases(1)
    ledger.last_release()
    ledger.shown_of_releases()
    ledger.releases_without_text()
    ledger.digests()
    ledger.released()
    ledger.last_mailed_at()
    ledger.newest_mailed()
    ledger.releases_in(ReleaseState.SENDING)
    ledger.release_state(kept.release_id)
    ledger.released_of("a")
    ledger.settled_on(date(2016, 1, 1), date(2017, 12, 31))
    ledger.mailed_up_to(date(2017, 9, 4))
    return kept


def send(ledger: Ledger, kept: Release) -> None:
    """A release goes out: planned, claimed, begun, settled, and a process dies on the way."""
    one = kept.release_id
    ledger.count_audience(SEGMENT, Piece(series=SERIES, tags=("war",), number=7))
    ledger.count_in_digests(None, Piece(series=SERIES))
    ledger.plan_deliveries(2, SEGMENT)
    ledger.plan_deliveries(one, None, Piece(series=SERIES, tags=("art",), number=7))
    ledger.suppress("b@example.org", "bounce", NOW)
    ledger.open_counts(one, at=NOW)
    epoch, dead = (ledger.begin_run(boot="b", pid=pid, at=NOW) for pid in (1, 2))
    claim = ledger.claim_batch(kept, epoch=epoch, count=3, at=NOW)
    assert claim is not None
    begun = ledger.intend_all(claim.due, epoch=epoch, at=NOW)
    assert begun
    states = (DeliveryState.SENT, DeliveryState.DEFERRED, DeliveryState.FAILED)
    results = [
        (due, Settlement(state=state, code="250 it's ok", at=NOW), NOW)
        for due, state in zip(claim.due, states, strict=False)
    ]
    ledger.settle_all(results, epoch=epoch)
    ledger.settle_all(results, epoch=epoch)
    ledger.close_claim(claim.claim_id, at=NOW)
    ledger.claim_batch(kept, epoch=dead, count=2, at=NOW, after=(claim.batch, claim.last))
    for run in ledger.open_runs(besides=epoch):
        ledger.recover_run(run, release=kept, state=DeliveryState.UNCERTAIN, is_new_boot=True, at=NOW)
        ledger.close_run(run.epoch, at=NOW)
    ledger.balance(one)
    ledger.has_due(one, at=LATER)
    ledger.stop_release(one, reason="by hand", at=NOW)
    ledger.stop_notes(one)
    ledger.resume_release(one, at=NOW)
    ledger.finish_release(one)


def digests(ledger: Ledger) -> None:
    """What readers get another way than by itself on its day."""
    piece = Piece(series=SERIES, tags=("war",), number=100)
    for release_id in (1, 2):
        ledger.gather(release_id, None, piece)
    ledger.gather(2, SEGMENT, piece, is_again=True)
    ledger.plan_again(2, None, piece)
    ledger.finish_release(1)
    ledger.released_on_days(("09-04",), before=date(2018, 1, 1))
    ledger.send_again(1, at=NOW)
    ledger.count_gathered()
    digest = ledger.add_release(replace(odd(draft(issue="digest:daily", number=20170905)), is_digest=True))
    for rhythm in (Rhythm.WEEKLY, Rhythm.DAILY):
        for pieces, who in ledger.gathered_for(rhythm, needs_text=rhythm is Rhythm.DAILY).items():
            if rhythm is Rhythm.DAILY:
                ledger.plan_digest(digest, pieces, who)
        ledger.drop_gathered_until(rhythm, NOW)
    ledger.gathered_of(5)
    ledger.take_back_unsent(digest)
    ledger.drop_gathered_of(2)


def letters(ledger: Ledger) -> None:
    """Letters that belong to no release."""
    for _ in range(2):
        ledger.queue_letter(LetterKind.WELCOME, 1, wished_at=NOW, at=NOW)
    for letter in ledger.due_letters(LATER):
        ledger.begin_letter(letter, at=NOW)
        ledger.settle_letter(letter, DeliveryState.SENT, code="250", at=NOW)
    ledger.count_letters()
    ledger.letters_of(1)
    ledger.note_asks(("mark", "other"), NOW)
    ledger.count_asks("mark", since=NOW - timedelta(hours=1))
    ledger.forget_asks(NOW)


def reports(ledger: Ledger) -> None:
    """What came back."""
    for meaning in (Meaning.FULL, Meaning.GONE, Meaning.GONE):
        row = ReportRow(
            release_id=1, subscriber_id=1, kind="bounce", meaning=meaning, status="5.1.1", words="it's full"
        )
        ledger.add_report(row, at=NOW)
    ledger.tally(1)
    ledger.reports_of(1)
    ledger.newest_sent(1)
    ledger.has_delivery(1, 1)
    for day in range(4):
        ledger.bear("from@example.org", Meaning.FULL, "full", at=NOW + timedelta(days=day))
    ledger.bear("from@example.org", Meaning.GONE, "gone", at=LATER)
    for mail in ("m1", "m1", "m2"):
        ledger.note_heard(mail, at=NOW)
        inquiry = Inquiry(at=NOW, address="Ada@example.org", subject="Re: it's", why="who knows", verb="suppress")
        ledger.add_inquiry(mail, inquiry)
    for inquiry in ledger.inquiries():
        ledger.settle_inquiry(inquiry.number, at=NOW)
    ledger.forget_heard(NOW)
    ledger.forget_inquiries(NOW)


def follow(ledger: Ledger, kept: Release) -> None:
    """Doubts and failures are looked at, and tried again or given up."""
    one = kept.release_id
    ledger.uncertain_releases()
    ledger.uncertain_deliveries(one)
    ledger.deliveries_of(1)
    ledger.count_retriable(one)
    ledger.retry_failed(one, at=LATER)
    ledger.renew_grace(one, at=LATER)
    ledger.resend_uncertain(one, at=LATER, but_code=LOST)
    ledger.drop_uncertain(one, at=LATER)
    ledger.cancel_release(one, at=LATER)


def restore(ledger: Ledger) -> None:
    """A mirror tells what a ledger that was put back lacks."""
    for event_id, event in list(ledger.events_after(0))[-1:]:
        ledger.add_event(event_id + 10, event)
    known = ledger.mirrored_release("a", 1)
    assert known is not None
    for release_id, issue in ((known.release_id, "a"), (50, "lost")):
        lost = replace(known, release_id=release_id, issue_id=issue)
        ledger.add_mark_of_release(lost, settings="")
        ledger.release_named(f"{issue}/1")
    ledger.plan_deliveries(50, None)
    ledger.begin_run(boot="b", pid=3, at=NOW)
    lost_release = ledger.release(50)
    ledger.claim_batch(lost_release, epoch=3, count=2, at=LATER)
    ledger.doubt_open_claims(at=LATER)
    ledger.doubt(50, (1, 2), at=LATER)
    ledger.settle_doubt(50, (1, 1), DeliveryState.SENT, at=LATER)
    ledger.call_off_the_rest(50, at=LATER)
    for verb in ("left", "suppressed", "unsuppressed", "erased", "moved"):
        for address in ("moved@example.org", "stranger@example.org"):
            ledger.heed(verb, ledger.mark(address), LATER)


def leave(ledger: Ledger) -> None:
    """Readers leave and are forgotten, and who left comes back."""
    ledger.unsubscribe("weekly@example.org", LATER)
    ledger.suppress("daily@example.org", "complaint", LATER)
    ledger.erase("daily@example.org", LATER)
    ledger.is_gone("daily@example.org")
    ledger.has_traces("daily@example.org")
    ledger.add_subscriber("daily@example.org", at=LATER)
    ledger.forget_unconfirmed(LATER, at=LATER)
    with ledger.arrivals():
        ledger.arrive([Entry(2, "stranger@example.org"), Entry(3, "last@example.org")], state=SubscriberState.ACTIVE)
        ledger.refuse_repeated()
        ledger.leave_out_gone()
        ledger.take_in(evidence="a list", at=LATER, progress=lambda _: None)
    ledger.leave_numbers_free(100, 10)
