"""Dates and years in the words of an issue's language; English where a language is not here."""

from datetime import date

from sparkpub.core.article import Article
from sparkpub.core.calendars import CUT_OVERS, WITHOUT_GREGORIAN_MONTHS, Month, month_name
from sparkpub.core.model import Anniversary, Calendar, Match
from sparkpub.core.schedule import event_date
from sparkpub.core.vocabulary import Vocabulary, vocabulary

_FIRST_GREGORIAN_DAY = date(1582, 10, 15)
# No Julian day of a month is behind the calendar's last one, if its 28th is not.
_LATE_IN_MONTH = 28


def date_words(on: date, language: str) -> str:
    """A Gregorian date: `4 September 1917`; in American English `September 4, 1917`."""
    return _day(on.day, on.month, on.year, vocabulary(language))


def month_words(year: int, month: int, language: str) -> str:
    """A month of a year: `September 1917`."""
    words = vocabulary(language)
    return words.month_date.format(month=words.months[month - 1], year=year)


def years_ago(count: int, language: str) -> str:
    """How long ago, with the plural that the number asks for: `1 year ago`, `100 years ago`."""
    words = vocabulary(language)
    return words.plurals.told(words.ago, count)


def ordinal(number: int, language: str) -> str:
    """A number's place in figures: `100th`."""
    words = vocabulary(language)
    return words.ordinal(number)


def ordinal_word(number: int, language: str) -> str:
    """A round number's place in a word, `hundredth`; other numbers' in figures."""
    words = vocabulary(language)
    return words.ordinal_words.get(number) or words.ordinal(number)


def dateline(article: Article) -> str:
    """What an anniversary's piece says of its day, `100 years ago: 4 September 1917, Old Style`; nothing for others.

    The Gregorian date stands behind it where the piece is released by it, and after a Hebrew or Islamic date that the
    Gregorian calendar had already been made for.
    """
    rule = article.issue.rule
    if not isinstance(rule, Anniversary):
        return ""
    language = article.issue.language
    words = vocabulary(language)
    event = event_words(rule, language)
    has_own_months = rule.calendar in WITHOUT_GREGORIAN_MONTHS
    converted = converted_words(rule, language) if has_own_months or rule.match is Match.CONVERTED else ""
    if converted:
        event = f"{event} ({converted})"
    if article.number < 1:
        return _capital(event)
    return _capital(f"{ago_words(rule, article.number, language)}{words.colon} {event}")


def ago_words(rule: Anniversary, number: int, language: str) -> str:
    """How long ago the event is on its N-th anniversary, `100 years ago`; in lunar years where the rule counts them."""
    words = vocabulary(language)
    is_lunar = rule.calendar is Calendar.ISLAMIC_CIVIL and rule.match is Match.CALENDAR
    return words.plurals.told(words.lunar_ago if is_lunar else words.ago, number)


def event_words(rule: Anniversary, language: str) -> str:
    """The event's date as its source prints it: `4 September 1917, Old Style`, `about September 1917`, `5 Adar I 5774`.

    Hebrew and Islamic months are transliterated where the letters are Latin or Cyrillic.
    """
    of, words = rule.of, vocabulary(language)
    qualified = words.qualified_day if of.day else words.qualified_month
    before = qualified.get(of.qualifier, "")
    if rule.calendar in WITHOUT_GREGORIAN_MONTHS:
        month = own_month(rule.calendar, of.year, Month(of.month, of.is_leap_month), language)
        era = f" {words.hijri}" if rule.calendar is Calendar.ISLAMIC_CIVIL else ""
        return before + " ".join(str(part) for part in (of.day, month, of.year) if part) + era
    if of.day:
        printed = _day(of.day, of.month, of.year, words)
    else:
        is_genitive = words.is_genitive_after_about and of.qualifier in {"~", "%"}
        months = words.months_of if is_genitive else words.months
        printed = words.month_date.format(month=months[of.month - 1], year=of.year)
    return before + printed + (f"{words.comma} {words.old_style}" if is_old_style(rule) else "")


def converted_words(rule: Anniversary, language: str) -> str:
    """The event's Gregorian date in words, `17 September 1917, New Style`.

    Empty where the source prints it so, prints a month only, or is older than the Gregorian calendar.
    """
    has_own_months = rule.calendar in WITHOUT_GREGORIAN_MONTHS
    if rule.of.day is None or not (has_own_months or is_old_style(rule)):
        return ""
    on = event_date(rule)
    if on < _FIRST_GREGORIAN_DAY:
        return ""
    words = vocabulary(language)
    return date_words(on, language) + ("" if has_own_months else f"{words.comma} {words.new_style}")


def own_month(calendar: Calendar, year: int, month: Month, language: str) -> str:
    """The name of a Hebrew or Islamic month: `Adar II`, `Muharram`, `محرم`."""
    name = month_name(calendar, year, month)
    return vocabulary(language).own_months.get(name, name)


def is_old_style(rule: Anniversary) -> bool:
    """Whether the source prints a Julian date: a Julian calendar, or a country's before its change."""
    cut_over = CUT_OVERS.get(rule.calendar)
    if cut_over is None:
        return rule.calendar is Calendar.JULIAN
    return (rule.of.year, rule.of.month, rule.of.day or _LATE_IN_MONTH) <= cut_over.last_julian


def _day(day: int, month: int, year: int, words: Vocabulary) -> str:
    number = words.first_day if day == 1 and words.first_day else str(day)
    return words.day_date.format(day=number, month=words.months_of[month - 1], year=year)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
