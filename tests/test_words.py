"""Dates and years in words."""

from datetime import UTC, date, datetime, time

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.article import Article
from sparkpub.core.calendars import months_of
from sparkpub.core.model import Anniversary, Calendar, Every, FixedDate, Issue, Match, PrintedDate, Status
from sparkpub.core.printed import parse_printed
from sparkpub.core.vocabulary import vocabulary
from sparkpub.core.words import (
    converted_words,
    date_words,
    dateline,
    event_words,
    month_words,
    ordinal,
    ordinal_word,
    own_month,
    years_ago,
)

LANGUAGES = ["en", "fr", "de", "es", "ru", "ar"]


def anniversary(of: str, calendar: Calendar = Calendar.GREGORIAN, match: Match | None = None) -> Anniversary:
    printed: PrintedDate = parse_printed(of, calendar)
    has_own_months = calendar in {Calendar.HEBREW, Calendar.ISLAMIC_CIVIL}
    return Anniversary(
        of=printed,
        calendar=calendar,
        match=match or (Match.CALENDAR if has_own_months else Match.NOMINAL),
        choice=Every(step=1),
        time=time(7),
        zone=UTC,
    )


def article(rule: Anniversary | FixedDate | None, number: int, language: str = "en") -> Article:
    at = datetime(2017, 9, 4, 7, tzinfo=UTC)
    issue = Issue(
        id="a",
        slug="a",
        title="A",
        status=Status.READY,
        language=language,
        body="",
        body_line=1,
        path="issues/a.md",
        source=b"",
        content_hash="",
        rule=rule,
    )
    return Article(
        issue=issue,
        number=number,
        on=at.date(),
        local=at,
        released_at=at,
        updated_at=at,
        entry_id="tag:example.org,2017:a/1",
        url="https://example.org/a/",
        permalink="https://example.org/a/",
    )


@pytest.mark.parametrize(
    ("language", "day", "first", "month"),
    [
        ("en", "4 September 1917", "1 March 1900", "September 1917"),
        ("en-GB", "4 September 1917", "1 March 1900", "September 1917"),
        ("en-US", "September 4, 1917", "March 1, 1900", "September 1917"),
        ("fr", "4 septembre 1917", "1er mars 1900", "septembre 1917"),
        ("de", "4. September 1917", "1. März 1900", "September 1917"),
        ("es", "4 de septiembre de 1917", "1 de marzo de 1900", "septiembre de 1917"),
        ("ru", "4 сентября 1917 г.", "1 марта 1900 г.", "сентябрь 1917 г."),
        ("ar", "4 سبتمبر 1917", "1 مارس 1900", "سبتمبر 1917"),
        ("ar-LB", "4 أيلول 1917", "1 آذار 1900", "أيلول 1917"),
        ("ar-DZ", "4 سبتمبر 1917", "1 مارس 1900", "سبتمبر 1917"),
        ("ar-MA", "4 شتنبر 1917", "1 مارس 1900", "شتنبر 1917"),
        ("xx", "4 September 1917", "1 March 1900", "September 1917"),
    ],
)
def test_dates_are_told_in_the_language(language: str, day: str, first: str, month: str) -> None:
    assert date_words(date(1917, 9, 4), language) == day
    assert date_words(date(1900, 3, 1), language) == first
    assert month_words(1917, 9, language) == month


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["1 year ago", "2 years ago", "5 years ago", "11 years ago", "21 years ago", "100 years ago"]),
        ("fr", ["il y a 1 an", *(f"il y a {n} ans" for n in (2, 5, 11, 21, 100))]),
        ("de", ["vor 1 Jahr", *(f"vor {n} Jahren" for n in (2, 5, 11, 21, 100))]),
        ("es", ["hace 1 año", *(f"hace {n} años" for n in (2, 5, 11, 21, 100))]),
        ("ru", ["1 год назад", "2 года назад", "5 лет назад", "11 лет назад", "21 год назад", "100 лет назад"]),
        ("ar", ["قبل عام واحد", "قبل عامين", "قبل 5 أعوام", "قبل 11 عامًا", "قبل 21 عامًا", "قبل 100 عام"]),
    ],
)
def test_years_have_the_plural_of_their_number(language: str, expected: list[str]) -> None:
    assert [years_ago(n, language) for n in (1, 2, 5, 11, 21, 100)] == expected


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ["other", "one", "other", "other", "other", "other"]),
        ("fr", ["one", "one", "other", "other", "other", "other"]),
        ("de", ["other", "one", "other", "other", "other", "other"]),
        ("es", ["other", "one", "other", "other", "other", "other"]),
        ("ru", ["many", "one", "few", "few", "many", "many"]),
        ("ar", ["zero", "one", "two", "few", "many", "other"]),
    ],
)
def test_numbers_take_their_forms(language: str, names: list[str]) -> None:
    assert [vocabulary(language).plurals.name_of(n) for n in (0, 1, 2, 3, 11, 100)] == names


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_take_the_forms_of_unicode_cldr(language: str) -> None:
    name_of = vocabulary(language).plurals.name_of
    assert [name_of(n) for n in range(1200)] == [Locale(language).plural_form(n) for n in range(1200)]


@pytest.mark.parametrize(
    "language", [*LANGUAGES, "ar-IQ", "ar-JO", "ar-LB", "ar-PS", "ar-SY", "ar-DZ", "ar-TN", "ar-MA"]
)
def test_months_are_those_of_unicode_cldr(language: str) -> None:
    words, months = vocabulary(language), Locale.parse(language, sep="-").months
    assert list(words.months_of) == [months["format"]["wide"][n] for n in range(1, 13)]
    if "-" not in language:  # Babel's regions have them of their language alone
        assert list(words.months) == [months["stand-alone"]["wide"][n] for n in range(1, 13)]


def test_ordinals_have_their_endings() -> None:
    english = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 22: "22nd", 111: "111th"}
    assert {n: ordinal(n, "en") for n in english} == english
    assert [ordinal(100, language) for language in LANGUAGES] == ["100th", "100e", "100.", "100.º", "100-й", "الـ100"]


def test_round_numbers_have_words() -> None:
    words = ["hundredth", "centième", "hundertste", "centésimo", "сотый", "المئة"]
    assert [ordinal_word(100, language) for language in LANGUAGES] == words
    assert ordinal_word(101, "en") == "101st"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "100 years ago: 4 September 1917, Old Style"),
        ("fr", "Il y a 100 ans\u00a0: 4 septembre 1917, ancien style"),
        ("de", "Vor 100 Jahren: 4. September 1917, alten Stils"),
        ("es", "Hace 100 años: 4 de septiembre de 1917, estilo antiguo"),
        ("ru", "100 лет назад: 4 сентября 1917 г., по старому стилю"),
        ("ar", "قبل 100 عام: 4 سبتمبر 1917، بالتقويم القديم"),
    ],
)
def test_the_dateline_of_a_julian_day_names_its_style(language: str, expected: str) -> None:
    assert dateline(article(anniversary("1917-09-04", Calendar.RUSSIA), 100, language)) == expected


@pytest.mark.parametrize(
    ("rule", "number", "expected"),
    [
        (anniversary("1969-07-20"), 1, "1 year ago: 20 July 1969"),
        (anniversary("1917-09", Calendar.RUSSIA), 100, "100 years ago: September 1917, Old Style"),
        (anniversary("1917-09-XX", Calendar.RUSSIA), 100, "100 years ago: September 1917, Old Style"),
        (anniversary("1918-02-14", Calendar.RUSSIA), 100, "100 years ago: 14 February 1918"),
        (anniversary("1918-01", Calendar.RUSSIA), 100, "100 years ago: January 1918, Old Style"),
        (anniversary("1752-09", Calendar.BRITAIN), 100, "100 years ago: September 1752"),
        (
            anniversary("1917-12-25", Calendar.RUSSIA, Match.CONVERTED),
            100,
            "100 years ago: 25 December 1917, Old Style (7 January 1918, New Style)",
        ),
        (anniversary("1066-10-14", Calendar.JULIAN, Match.CONVERTED), 950, "950 years ago: 14 October 1066, Old Style"),
        (anniversary("5774-M05L-05", Calendar.HEBREW), 10, "10 years ago: 5 Adar I 5774 (5 February 2014)"),
        (anniversary("5774-M06-05", Calendar.HEBREW), 1, "1 year ago: 5 Adar II 5774 (7 March 2014)"),
        (anniversary("5774-M05L", Calendar.HEBREW), 10, "10 years ago: Adar I 5774"),
        (anniversary("1445-01-10", Calendar.ISLAMIC_CIVIL), 2, "2 lunar years ago: 10 Muharram 1445 AH (28 July 2023)"),
        (anniversary("0725-07-02", Calendar.ISLAMIC_CIVIL), 700, "700 lunar years ago: 2 Rajab 725 AH"),
        (
            anniversary("1445-01-10", Calendar.ISLAMIC_CIVIL, Match.CONVERTED),
            2,
            "2 years ago: 10 Muharram 1445 AH (28 July 2023)",
        ),
        (anniversary("1917-09-04?"), 0, "Perhaps 4 September 1917"),
        (FixedDate(on=date(2017, 9, 4), time=time(7), zone=UTC), 0, ""),
        (None, 0, ""),
    ],
)
def test_a_dateline_says_how_long_ago_and_what_the_source_prints(
    rule: Anniversary | FixedDate | None, number: int, expected: str
) -> None:
    assert dateline(article(rule, number)) == expected


@pytest.mark.parametrize(
    ("of", "language", "expected"),
    [
        ("1917-09-04?", "en", "perhaps 4 September 1917"),
        ("1917-09-04~", "en", "about 4 September 1917"),
        ("1917-09~", "en", "about September 1917"),
        ("1917-09-04%", "en", "perhaps about 4 September 1917"),
        ("1917-09-04~", "fr", "vers le 4 septembre 1917"),
        ("1917-09-04~", "de", "um den 4. September 1917"),
        ("1917-09~", "de", "etwa September 1917"),
        ("1917-09-04?", "es", "quizá el 4 de septiembre de 1917"),
        ("1917-09~", "ru", "около сентября 1917 г."),
        ("1917-09?", "ru", "возможно, сентябрь 1917 г."),
        ("1917-09-04%", "ar", "ربما حوالي 4 سبتمبر 1917"),
    ],
)
def test_a_doubtful_date_is_told_as_one(of: str, language: str, expected: str) -> None:
    assert event_words(anniversary(of), language) == expected


@pytest.mark.parametrize(
    ("rule", "number", "expected"),
    [
        (
            anniversary("1445-01-10", Calendar.ISLAMIC_CIVIL),
            2,
            "قبل سنتين قمريتين: 10 محرم 1445 هـ (28 يوليو 2023)",
        ),
        (anniversary("0725-12-02", Calendar.ISLAMIC_CIVIL), 700, "قبل 700 سنة قمرية: 2 ذو الحجة 725 هـ"),
        (anniversary("5774-M05L-05", Calendar.HEBREW), 10, "قبل 10 أعوام: 5 آذار الأول 5774 (5 فبراير 2014)"),
    ],
)
def test_arabic_writes_the_months_of_other_calendars_in_its_own_letters(
    rule: Anniversary, number: int, expected: str
) -> None:
    assert dateline(article(rule, number, "ar")) == expected


@pytest.mark.parametrize("calendar", [Calendar.HEBREW, Calendar.ISLAMIC_CIVIL])
def test_arabic_has_a_word_for_every_month_of_other_calendars(calendar: Calendar) -> None:
    leap = 5774
    for year in (leap, leap + 1):
        names = [own_month(calendar, year, month, "ar") for month in months_of(calendar, year)]
        assert not [name for name in names if name.isascii()]
        assert len(set(names)) == len(names)


def test_the_converted_date_is_told_where_it_differs() -> None:
    assert converted_words(anniversary("1917-09-04", Calendar.RUSSIA), "en") == "17 September 1917, New Style"
    assert converted_words(anniversary("1917-09-04", Calendar.RUSSIA), "de") == "17. September 1917, neuen Stils"
    assert converted_words(anniversary("1918-02-14", Calendar.RUSSIA), "en") == ""
    assert converted_words(anniversary("1917-09", Calendar.RUSSIA), "en") == ""
    assert converted_words(anniversary("1500-01-01", Calendar.JULIAN), "en") == ""


@pytest.mark.parametrize("language", [*LANGUAGES, "en-us"])
def test_every_language_has_all_its_words(language: str) -> None:
    words = vocabulary(language)
    assert len(words.months) == len(words.months_of) == 12
    assert len(words.ago) == len(words.lunar_ago) == len(words.plurals.names)
    assert words.qualified_day.keys() == words.qualified_month.keys() == {"?", "~", "%"}


@given(st.dates(), st.sampled_from(LANGUAGES))
def test_different_days_have_different_words(on: date, language: str) -> None:
    words = date_words(on, language)
    assert str(on.year) in words
    assert words != date_words(date(2000, 1, 1) if on != date(2000, 1, 1) else date(2000, 1, 2), language)
