"""What templates know of an anniversary: which one it is, of what day, kept when and why, and when it came before."""

import re
from dataclasses import dataclass
from datetime import date

from sparkpub.core.article import Article, Neighbour
from sparkpub.core.calendars import WITHOUT_GREGORIAN_MONTHS, Month, civil, days_of
from sparkpub.core.model import Anniversary, Calendar, Match
from sparkpub.core.schedule import event_date
from sparkpub.core.vocabulary import vocabulary
from sparkpub.core.words import (
    ago_words,
    converted_words,
    event_words,
    is_old_style,
    ordinal,
    ordinal_word,
    own_month,
)

_YEAR = re.compile(r"[\s,]*(?:\bde\b)?\s*\{year\}.*")  # the year of a date, with what ties it to the month


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A day that a year lacks, and the day it is kept on instead: `2018 has no 29 February; kept on 28 February`.

    `year` is of the event's calendar where the rule follows it. All words are in the issue's language.
    """

    year: int
    day: str
    kept: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """The anniversary that an article appears on, in the issue's language.

    `years` is its number, `ordinal` that in figures (`100th`), `ordinal_word` in a word where it is round
    (`hundredth`), `ago` as a phrase (`100 years ago`). `printed` is the event's date as its source has it,
    `converted` the same day in the Gregorian calendar ("" where that is what is printed), `event_on` that as a date.
    `is_moved` tells whether the day is kept on another, `moved` says which where the year lacks it, and `why` (in
    English) gives every step from the event's date to `on`. `earlier` are earlier releases of the issue, newest first.
    """

    years: int
    ordinal: str
    ordinal_word: str
    ago: str
    printed: str
    converted: str
    event_on: date
    on: date
    is_moved: bool
    moved: Moved | None
    why: tuple[str, ...]
    earlier: tuple[Neighbour, ...]


def occasion(article: Article) -> Occasion | None:
    """The anniversary of an article, None where it has a fixed date or none."""
    rule, number, language = article.issue.rule, article.number, article.issue.language
    if not isinstance(rule, Anniversary) or number < 1:
        return None
    moved = _moved(rule, article)
    return Occasion(
        years=number,
        ordinal=ordinal(number, language),
        ordinal_word=ordinal_word(number, language),
        ago=ago_words(rule, number, language),
        printed=event_words(rule, language),
        converted=converted_words(rule, language),
        event_on=event_date(rule),
        on=article.on,
        is_moved=moved is not None or _is_kept_by_custom(rule, article),
        moved=moved,
        why=article.why,
        earlier=tuple(reversed(article.earlier)),
    )


def _moved(rule: Anniversary, article: Article) -> Moved | None:
    """What the year of an article lacks, and what stands for it."""
    calendar, year, month, day = _printed_place(rule, article.number)
    days = days_of(calendar, year, month)
    if days if day is None else day in days:
        return None
    language = article.issue.language
    if calendar in WITHOUT_GREGORIAN_MONTHS:
        name = own_month(calendar, rule.of.year, month, language)
        return Moved(year=year, day=f"{day} {name}" if day else name, kept=day_words(article.on, language))
    words = day_of_year(day or 1, month.number, language)
    if calendar is not Calendar.GREGORIAN and is_old_style(rule):
        words = f"{words}{vocabulary(language).comma} {vocabulary(language).old_style}"
    return Moved(year=year, day=words, kept=day_words(article.on, language))


def _is_kept_by_custom(rule: Anniversary, article: Article) -> bool:
    """Whether an observance puts the day elsewhere in a year that has it."""
    if rule.observance is None:
        return False
    calendar, year, month, day = _printed_place(rule, article.number)
    return day is not None and civil(calendar, year, month, day) != article.on


def _printed_place(rule: Anniversary, number: int) -> tuple[Calendar, int, Month, int | None]:
    """Calendar, year, month and day on which an anniversary would fall if every year were alike."""
    if rule.match is Match.CONVERTED:
        on = event_date(rule)
        return Calendar.GREGORIAN, on.year + number, Month(on.month), on.day
    calendar = rule.calendar if rule.match is Match.CALENDAR else Calendar.GREGORIAN
    return calendar, rule.of.year + number, Month(rule.of.month, rule.of.is_leap_month), rule.of.day


def day_words(on: date, language: str) -> str:
    """A date without its year: `28 February`."""
    return day_of_year(on.day, on.month, language)


def day_of_year(day: int, month: int, language: str) -> str:
    """A day of the year: `29 February`, whether a year has it or not."""
    words = vocabulary(language)
    number = words.first_day if day == 1 and words.first_day else str(day)
    return _YEAR.sub("", words.day_date).format(day=number, month=words.months_of[month - 1])
