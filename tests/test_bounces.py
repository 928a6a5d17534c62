"""Bounces: which of them cost an address, when, and the table in the guide that says so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.bounces import (
    AT_ONCE,
    HALF_LIFE_DAYS,
    LIMIT,
    RULES,
    SPACING_DAYS,
    WEIGHTS,
    Meaning,
    Rule,
    Score,
    Tally,
    decide,
    meaning_of,
    why_stop,
)
from sparkpub.core.outcomes import outcome_of_reply
from sparkpub.core.settings import DeliverySettings

NOW = datetime(2017, 9, 4, 7, tzinfo=UTC)
GUIDE = Path(__file__).parent.parent / "docs" / "bounces.md"


@pytest.mark.parametrize(
    ("status", "words", "meaning"),
    [
        ("5.1.1", "", Meaning.GONE),
        ("5.1.1", "blocked by our spam filter", Meaning.GONE),
        ("5.1.10", "null MX", Meaning.GONE),
        ("5.7.17", "mailbox owner has changed", Meaning.GONE),
        ("5.0.0", "550 No Such User Here", Meaning.GONE),
        ("", "554: delivery error: dd This user doesn't have a yahoo.com account", Meaning.GONE),
        ("5.4.1", "Recipient address rejected: Access denied. AS(201806281)", Meaning.GONE),
        ("5.5.0", "Requested action not taken: mailbox unavailable", Meaning.GONE),
        ("5.4.4", "Host or domain name not found. Name service error", Meaning.GONE),
        ("5.1.7", "bad sender mailbox", Meaning.POLICY),
        ("5.1.8", "sender's domain does not exist", Meaning.POLICY),
        ("", "Sender address rejected: Domain not found", Meaning.POLICY),
        ("", "Client host rejected: cannot find your hostname", Meaning.POLICY),
        ("5.0.0", "user unknown or blocked for spam", Meaning.POLICY),
        ("5.7.1", "user unknown", Meaning.POLICY),
        ("5.3.4", "message too big", Meaning.POLICY),
        ("5.6.0", "bad content", Meaning.POLICY),
        ("5.2.2", "", Meaning.FULL),
        ("4.2.2", "over quota", Meaning.FULL),
        ("5.0.0", "mailbox is full", Meaning.FULL),
        ("5.2.1", "The account is disabled", Meaning.CLOSED),
        ("5.2.1", "is receiving mail at a rate that prevents additional messages", Meaning.TRANSIENT),
        ("4.4.1", "connection timed out", Meaning.TRANSIENT),
        ("4.1.1", "user unknown", Meaning.TRANSIENT),
        ("4.0.0", "user unknown", Meaning.TRANSIENT),
        ("5.4.6", "routing loop", Meaning.TRANSIENT),
        ("5.0.0", "", Meaning.UNKNOWN),
        ("", "", Meaning.UNKNOWN),
        ("nonsense", "", Meaning.UNKNOWN),
        ("2.0.0", "user unknown", Meaning.NOTHING),
    ],
)
def test_a_code_or_the_words_beside_it_say_what_is_wrong(status: str, words: str, meaning: Meaning) -> None:
    assert meaning_of(status, words) is meaning


@given(status=st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}", fullmatch=True), words=st.text(max_size=3000))
def test_any_code_and_words_have_a_meaning(status: str, words: str) -> None:
    assert isinstance(meaning_of(status, words), Meaning)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: " ".join(rule.codes))
def test_each_rule_is_reached_by_its_own_codes(rule: Rule) -> None:
    codes = [("5" + code[1:] if code.startswith("*") else code).replace("*", "8") for code in rule.codes]
    assert any(meaning_of(code) is rule.meaning for code in codes)


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ("5.1.1 no such user", Meaning.GONE),
        ("No such user here", Meaning.GONE),
        ("5.1.8 sender refused", Meaning.POLICY),
        ("5.2.2 full", Meaning.FULL),
        ("4.1.1 a code that does not fit", Meaning.UNKNOWN),
    ],
)
def test_a_relay_is_judged_by_the_same_rules(reply: str, meaning: Meaning) -> None:
    assert outcome_of_reply(550, reply).meaning is meaning
    assert not outcome_of_reply(450, reply).is_address_fault


def bounces(meaning: Meaning, every: timedelta, most: int = 100) -> int:
    """How many bounces in a row an address survives; `most` if it survives all."""
    score, at = Score(), NOW
    for count in range(most):
        ruling = decide(score, meaning, now=at)
        if ruling.suppresses:
            return count
        score, at = ruling.score, at + every
    return most


def test_what_is_gone_is_suppressed_at_once() -> None:
    assert bounces(Meaning.GONE, timedelta(days=7)) == 0


@pytest.mark.parametrize(
    ("every_days", "meaning", "survived"),
    [
        (7, Meaning.FULL, 3),
        (30, Meaning.FULL, 4),
        (365, Meaning.FULL, 100),
        (7, Meaning.CLOSED, 2),
        (7, Meaning.TRANSIENT, 7),
        (7, Meaning.POLICY, 100),
        (7, Meaning.NOTHING, 100),
    ],
)
def test_the_rest_takes_several_bounces_close_together(every_days: int, meaning: Meaning, survived: int) -> None:
    assert bounces(meaning, timedelta(days=every_days)) == survived


def test_a_daily_letter_outlasts_a_holiday() -> None:
    assert bounces(Meaning.FULL, timedelta(days=1)) > 14


def test_the_score_decays_by_half_lives() -> None:
    before = Score(value=2.0, counted_at=NOW)
    after = decide(before, Meaning.FULL, now=NOW + timedelta(days=HALF_LIFE_DAYS)).score
    assert after.value == pytest.approx(2.0)
    assert decide(before, Meaning.FULL, now=NOW + timedelta(days=SPACING_DAYS - 1)).score == before


@given(
    days=st.lists(st.integers(0, 400), max_size=20),
    meaning=st.sampled_from([meaning for meaning in Meaning if WEIGHTS[meaning] != AT_ONCE]),
)
def test_a_score_is_never_negative_and_only_beyond_the_limit_does_it_count(days: list[int], meaning: Meaning) -> None:
    score, at = Score(), NOW
    for gap in days:
        at += timedelta(days=gap)
        ruling = decide(score, meaning, now=at)
        assert ruling.score.value >= 0
        assert ruling.suppresses == (ruling.score != score and ruling.score.value > LIMIT)
        score = ruling.score


DELIVERY = DeliverySettings(bounces_stop=0.1, complaints_stop=0.003, stop_least=200)


@pytest.mark.parametrize(
    ("tally", "word"),
    [
        (Tally(sent=199, bounced=190), ""),
        (Tally(sent=1000, bounced=100), ""),
        (Tally(sent=1000, bounced=101), "10 %"),
        (Tally(sent=900, failed=60, bounced=50), "refused or came back"),
        (Tally(sent=200, complained=2), ""),
        (Tally(sent=200, complained=3), "spam"),
        (Tally(sent=10_000, complained=30), ""),
        (Tally(sent=10_000, complained=31), "0.3 %"),
    ],
)
def test_a_release_stops_beyond_its_shares_and_not_for_a_handful(tally: Tally, word: str) -> None:
    reason = why_stop(tally, DELIVERY)
    assert word in reason
    assert bool(reason) is bool(word)


def test_what_a_person_has_seen_does_not_count_again() -> None:
    assert Tally(sent=900, failed=9, bounced=3, complained=2).since(Tally(sent=800, failed=8, bounced=2)) == Tally(
        sent=100, failed=1, bounced=1, complained=2
    )


def test_the_guide_shows_the_rules_as_they_are() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for rule in RULES:
        assert f"| {', '.join(f'`{code}`' for code in rule.codes)} | {rule.meaning} | {rule.why} |" in text
    for meaning, weight in WEIGHTS.items():
        shown = "at once" if weight == AT_ONCE else f"{weight:g}"
        assert f"| {meaning} | {shown} |" in text
    for number in (f"{LIMIT:g}", f"{HALF_LIFE_DAYS} days", f"{SPACING_DAYS} days"):
        assert number in text
