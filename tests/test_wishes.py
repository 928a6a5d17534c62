"""Wishes: the ledger sends a reader what they want and nothing else, and letters once for each wish."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_engines import Engine
from sample_press import NOW
from sparkpub.adapters.ledger import Ledger, ReaderRow
from sparkpub.core.model import Milestones
from sparkpub.core.records import DeliveryState, LetterKind
from sparkpub.core.schedule import _numbers
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.core.wishes import EVERYTHING, Piece, Rhythm, Wishes, is_round, read_wishes, wants, wish_lines

SERIES, TAGS = st.sampled_from(["", "revolution", "a", "aa"]), st.sampled_from(["war", "art", "a", "ar", "rt=", "%"])
WISHES = st.builds(
    Wishes,
    without_series=st.lists(SERIES, unique=True).map(tuple),
    without_tags=st.lists(TAGS, unique=True).map(tuple),
    is_round_only=st.booleans(),
    rhythm=st.sampled_from(Rhythm),
    from_beginning=st.lists(SERIES.filter(bool), unique=True).map(tuple),
)
PIECES = st.builds(Piece, series=SERIES, tags=st.lists(TAGS, unique=True).map(tuple), number=st.integers(0, 200))


@given(wishes=WISHES)
def test_wishes_are_read_back_as_they_were_written(wishes: Wishes) -> None:
    assert read_wishes("\n" + "\n".join(wish_lines(wishes)) + "\n") == wishes


def test_who_wants_everything_has_no_lines() -> None:
    assert not list(wish_lines(EVERYTHING))
    assert read_wishes("") == read_wishes("\nrhythm=hourly\nlater=1\n") == EVERYTHING


@given(wishes=st.lists(WISHES, min_size=1, max_size=8), piece=PIECES)
def test_the_ledger_asks_readers_wishes_as_the_rule_has_them(
    engine: Engine, wishes: list[Wishes], piece: Piece
) -> None:
    with engine() as room:
        ledger = room.make()
        rows = [ReaderRow(address=f"r{n}@example.org", wishes=each) for n, each in enumerate(wishes)]
        ledger.import_subscribers(rows, NOW)
        expected = sum(wants(each, piece) and each.rhythm is Rhythm.EACH for each in wishes)
        assert ledger.count_audience(None, piece) == expected
        assert ledger.plan_deliveries(7, None, piece) == expected
        assert ledger.count_audience(None) == len(wishes)


def test_round_anniversaries_are_those_that_milestones_choose() -> None:
    assert [n for n in range(1, 300) if is_round(n)] == list(_numbers(Milestones(), 1, 299))
    assert Piece(number=0).is_round
    assert not is_round(0)


@given(reader=st.integers(1, 2**40), seconds=st.integers(0, 2**32), other=st.integers(0, 2**32))
def test_a_link_to_confirm_is_good_for_its_reader_and_wish_alone(reader: int, seconds: int, other: int) -> None:
    tokens, asked_at = Tokens("key"), datetime.fromtimestamp(seconds, tz=UTC)
    token = tokens.sign_wish(reader, asked_at)
    assert tokens.read_wish(token) == (reader, asked_at)
    assert Tokens("other").read_wish(token) is None
    assert tokens.read(Purpose.LEAVE, token) is None
    assert tokens.read_wish(tokens.sign(Purpose.LEAVE, reader)) is None
    if other != seconds:
        assert tokens.sign_wish(reader, datetime.fromtimestamp(other, tz=UTC)) != token


@pytest.mark.parametrize("token", ["", ".", "a-b", "a-b.c", "ä-1.x", "1-zzzzzzzzzzzzzzzz." + "a" * 43, "\ud800.x"])
def test_what_we_never_signed_confirms_nothing(token: str) -> None:
    assert Tokens("key").read_wish(token) is None


def test_a_letter_is_queued_once_for_each_wish(ledger: Ledger) -> None:
    reader = ledger.add_subscriber("a@example.org", at=NOW)
    assert isinstance(reader, int)
    assert ledger.queue_letter(LetterKind.CONFIRM, reader, wished_at=NOW, at=NOW)
    assert not ledger.queue_letter(LetterKind.CONFIRM, reader, wished_at=NOW, at=NOW)
    assert ledger.queue_letter(LetterKind.CONFIRM, reader, wished_at=NOW + timedelta(seconds=1), at=NOW)
    assert ledger.count_letters() == 2
    (first, _) = ledger.due_letters(NOW)
    assert (first.kind, first.reader.address, first.attempts) == (LetterKind.CONFIRM, "a@example.org", 0)
    assert not list(ledger.due_letters(NOW - timedelta(seconds=1)))


def test_a_letter_that_was_begun_is_due_until_it_is_settled(ledger: Ledger) -> None:
    reader = ledger.add_subscriber("a@example.org", at=NOW)
    assert isinstance(reader, int)
    ledger.queue_letter(LetterKind.WELCOME, reader, wished_at=NOW, at=NOW)
    (letter,) = ledger.due_letters(NOW)
    assert ledger.begin_letter(letter, at=NOW)
    (again,) = ledger.due_letters(NOW)
    assert (again.attempts, again.first_at) == (1, NOW)
    ledger.settle_letter(letter, DeliveryState.DEFERRED, code="450", at=NOW + timedelta(minutes=5))
    assert not list(ledger.due_letters(NOW))
    ledger.settle_letter(letter, DeliveryState.SENT, code="250", at=NOW)
    assert not list(ledger.due_letters(NOW + timedelta(days=1)))
    assert not ledger.begin_letter(letter, at=NOW)
    assert ledger.letters_of(reader) == [(LetterKind.WELCOME, DeliveryState.SENT, NOW, "250")]


def test_who_is_erased_is_written_to_no_more(ledger: Ledger) -> None:
    reader = ledger.add_subscriber("a@example.org", at=NOW)
    assert isinstance(reader, int)
    ledger.queue_letter(LetterKind.WELCOME, reader, wished_at=NOW, at=NOW)
    assert ledger.erase("a@example.org", NOW)
    assert not list(ledger.due_letters(NOW))
    assert ledger.count_letters() == 0


def test_asks_are_counted_under_each_mark_and_forgotten(ledger: Ledger) -> None:
    ledger.note_asks(["all", "address:1"], NOW)
    ledger.note_asks(["all", "address:2"], NOW + timedelta(hours=1))
    assert ledger.count_asks("all", since=NOW - timedelta(seconds=1)) == 2
    assert ledger.count_asks("all", since=NOW) == 1
    assert ledger.count_asks("address:1", since=NOW - timedelta(seconds=1)) == 1
    assert ledger.forget_asks(NOW) == 2
    assert ledger.count_asks("all", since=NOW - timedelta(days=1)) == 1
