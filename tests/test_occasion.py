"""What templates know of an anniversary."""

from dataclasses import replace
from datetime import date

import pytest

from sample_email import ARTICLE, BASE_URL, ISSUE, render_sample, sample_article
from sparkpub.core.article import Article, Neighbour
from sparkpub.core.model import Anniversary, Calendar, Every, FixedDate, LeapDay, Match, Observance
from sparkpub.core.occasion import Moved, Occasion, occasion
from sparkpub.core.printed import parse_printed
from sparkpub.core.schedule import numbered

RULE = ISSUE.rule
assert isinstance(RULE, Anniversary)
AT_SEVEN = FixedDate(on=date(2018, 1, 24), time=RULE.time, zone=RULE.zone)


def placed(number: int, text: str, calendar: Calendar = Calendar.GREGORIAN, **more: object) -> Article:
    """The sample on the N-th anniversary of another event."""
    language = str(more.pop("language", "en"))
    values: dict[str, object] = {
        "of": parse_printed(text, calendar),
        "calendar": calendar,
        "choice": Every(step=1),
        "match": Match.NOMINAL,
    }
    rule = replace(RULE, **(values | more))  # type: ignore[type-var]
    assert isinstance(rule, Anniversary)
    found = numbered(rule, number)
    assert found
    changed = sample_article(rule=rule, language=language)
    return replace(changed, number=number, on=found.on, why=found.why)


def known(article: Article) -> Occasion:
    found = occasion(article)
    assert found
    return found


def test_it_says_which_anniversary_of_what_day() -> None:
    seen = known(replace(ARTICLE, on=date(2018, 1, 24)))
    assert (seen.years, seen.ordinal, seen.ordinal_word, seen.ago) == (100, "100th", "hundredth", "100 years ago")
    assert (seen.printed, seen.converted) == ("24 January 1918, Old Style", "6 February 1918, New Style")
    assert (seen.event_on, seen.on) == (date(1918, 2, 6), date(2018, 1, 24))
    assert (seen.is_moved, seen.moved, seen.earlier) == (False, None, ())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", ("100e", "centième", "il y a 100 ans", "24 janvier 1918, ancien style")),
        ("de", ("100.", "hundertste", "vor 100 Jahren", "24. Januar 1918, alten Stils")),
        ("es", ("100.º", "centésimo", "hace 100 años", "24 de enero de 1918, estilo antiguo")),
        ("ru", ("100-й", "сотый", "100 лет назад", "24 января 1918 г., по старому стилю")),
    ],
)
def test_its_words_are_those_of_the_issues_language(language: str, words: tuple[str, ...]) -> None:
    seen = known(sample_article(language=language))
    assert (seen.ordinal, seen.ordinal_word, seen.ago, seen.printed) == words


def test_a_number_that_is_not_round_is_told_in_figures() -> None:
    assert known(placed(103, "1918-01-24", Calendar.RUSSIA)).ordinal_word == "103rd"


@pytest.mark.parametrize(
    ("article", "moved"),
    [
        (placed(18, "2000-02-29"), Moved(year=2018, day="29 February", kept="28 February")),
        (
            placed(18, "2000-02-29", leap_day=LeapDay.FORWARD, language="fr"),
            Moved(year=2018, day="29 février", kept="1er mars"),
        ),
        (placed(20, "2000-02-29"), None),
        (
            placed(118, "1900-02-29", Calendar.RUSSIA, language="de"),
            Moved(year=2018, day="29. Februar", kept="28. Februar"),
        ),
        (
            placed(118, "1900-02-29", Calendar.JULIAN, match=Match.CALENDAR),
            Moved(year=2018, day="29 February, Old Style", kept="13 March"),
        ),
        (placed(118, "1900-02-29", Calendar.RUSSIA, match=Match.CONVERTED), None),
        (
            placed(1, "5774-M05L-05", Calendar.HEBREW, match=Match.CALENDAR),
            Moved(year=5775, day="5 Adar I", kept="25 January"),
        ),
        (
            placed(1, "5774-M05L", Calendar.HEBREW, match=Match.CALENDAR),
            Moved(year=5775, day="Adar I", kept="21 January"),
        ),
    ],
)
def test_a_day_that_the_year_lacks_is_told_with_its_stand_in(article: Article, moved: Moved | None) -> None:
    seen = known(article)
    assert seen.moved == moved
    assert seen.is_moved == bool(moved)


def test_why_says_each_step() -> None:
    assert known(placed(18, "2000-02-29")).why == ("29 Feb moved back",)


@pytest.mark.parametrize("number", [1, 3])
def test_a_day_that_custom_keeps_elsewhere_counts_as_moved(number: int) -> None:
    yahrzeit = Observance.YAHRZEIT
    seen = known(placed(number, "5773-M06-05", Calendar.HEBREW, match=Match.CALENDAR, observance=yahrzeit))
    assert (seen.is_moved, seen.moved) == (True, None)
    assert "yahrzeit" in " ".join(seen.why)


def test_a_fixed_date_is_no_anniversary() -> None:
    assert occasion(replace(sample_article(rule=AT_SEVEN), number=0)) is None
    assert occasion(sample_article(rule=None)) is None


def test_an_email_tells_of_the_moved_day_and_of_earlier_releases() -> None:
    earlier = tuple(
        Neighbour(title="Old", url=f"{BASE_URL}/issues/old/{n}/", on=date(1918 + n, 1, 24), number=n)
        for n in (40, 50, 60, 70, 80, 90)
    )
    edition = render_sample(replace(placed(18, "2000-02-29"), earlier=earlier))
    assert "2018 has no <bdi>29 February</bdi>; this day is kept on <bdi>28 February</bdi>." in edition.html
    assert "2018 has no 29 February; this day is kept on 28 February." in edition.text
    years = [one for one in ("1958", "1968", "2008", "1998") if f">{one}</a>" in edition.html]
    assert years == ["1968", "2008", "1998"], "the newest five"
    assert edition.html.index(">2008</a>") < edition.html.index(">1998</a>")
    assert f"Earlier: 2008\n{BASE_URL}/issues/old/90/" in edition.text


def test_an_email_of_a_plain_anniversary_says_nothing_of_it() -> None:
    assert "Earlier:" not in render_sample().text
    assert 'class="moved"' not in render_sample().html


def test_an_issue_in_a_language_without_words_here_has_english_ones_around_it() -> None:
    edition = render_sample(placed(18, "2000-02-29", language="ja"))
    assert "2018 has no 29 February" in edition.text
    assert "Unsubscribe" in edition.html
