"""The archive: everything released, and how it is found again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sparkpub.core.article import Article, Neighbour
from sparkpub.core.links import segment
from sparkpub.core.model import Anniversary
from sparkpub.core.schedule import event_date

Articles = tuple[Article, ...]
MonthDay = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Every release, newest first, and the same by year, series, tag, author and day of the year.

    Tags and authors are keyed by their part of a path, since two spellings may share one; `labels` and `names` have the
    spelling used last.
    Series are in order of their events, the newest release of each issue only. `anniversaries` are the releases of
    pieces that have an event, newest first.
    """

    releases: Articles
    years: Mapping[int, Articles]
    series: Mapping[str, Articles]
    tags: Mapping[str, Articles]
    labels: Mapping[str, str]
    authors: Mapping[str, Articles]
    names: Mapping[str, str]
    days: Mapping[MonthDay, Articles]
    anniversaries: Articles

    @property
    def current(self) -> Articles:
        """The newest release of each issue, newest first."""
        return newest_of_each(self.releases)


def happened_on(article: Article) -> str:
    """The date of an article's event as ISO 8601, "" where it has none."""
    rule = article.issue.rule
    return event_date(rule).isoformat() if isinstance(rule, Anniversary) else ""


def neighbour(article: Article) -> Neighbour:
    """An article as others point to it."""
    return Neighbour(title=article.issue.title, url=article.url, on=article.on, number=article.number)


def linked(articles: Iterable[Article]) -> list[Article]:
    """Articles in order of release, each told of its neighbours in the series and of its earlier releases."""
    told: list[tuple[Article, dict[str, Any]]] = []
    earlier: dict[str, tuple[Neighbour, ...]] = {}
    before: dict[str, tuple[Neighbour, dict[str, Any]]] = {}
    for article in articles:
        issue, here = article.issue, neighbour(article)
        around: dict[str, Any] = {}
        if issue.id in earlier:
            around["earlier"] = earlier[issue.id]
        if issue.series:
            if issue.series in before:
                around["previous"], last = before[issue.series]
                last["next"] = here
            before[issue.series] = here, around
        told.append((article, around))
        earlier[issue.id] = (*around.get("earlier", article.earlier), here)
    return [replace(article, **around) if around else article for article, around in told]


def archive_of(articles: Iterable[Article], event_of: Callable[[Article], str] = happened_on) -> Archive:
    """Put released articles, given in order of release, on the shelves of the archive.

    `event_of` tells the date of an article's event as ISO 8601, "" where there is none. A year is that of the release
    instant in the piece's own zone; a day of the year that of its occurrence.
    """
    numbered = sorted(enumerate(articles), key=lambda pair: (pair[1].released_at, pair[0]), reverse=True)
    releases = tuple(article for _, article in numbered)
    years: dict[int, list[Article]] = {}
    series: dict[str, list[Article]] = {}
    days: dict[MonthDay, list[Article]] = {}
    for article in releases:
        years.setdefault(article.local.year, []).append(article)
        days.setdefault((article.on.month, article.on.day), []).append(article)
        if article.issue.series:
            series.setdefault(article.issue.series, []).append(article)
    tags, labels = _by_word(releases, lambda article: article.issue.tags)
    authors, names = _by_word(releases, lambda article: article.issue.authors)
    return Archive(
        releases=releases,
        years={year: tuple(held) for year, held in years.items()},
        series={id_: _by_event(held, event_of) for id_, held in sorted(series.items())},
        tags=tags,
        labels=labels,
        authors=authors,
        names=names,
        days={day: tuple(held) for day, held in sorted(days.items())},
        anniversaries=tuple(article for article in releases if event_of(article)),
    )


def newest_of_each(articles: Iterable[Article]) -> Articles:
    """The first article of each issue, in the order given."""
    first: dict[str, Article] = {}
    for article in articles:
        first.setdefault(article.issue.id, article)
    return tuple(first.values())


def _by_word(
    articles: Iterable[Article], words_of: Callable[[Article], Iterable[str]]
) -> tuple[dict[str, Articles], dict[str, str]]:
    """Articles under each of their words, and how the first that has a word spells it; both by its part of a path."""
    held: dict[str, list[Article]] = {}
    spelled: dict[str, str] = {}
    for article in articles:
        words = {segment(word): word for word in reversed(tuple(words_of(article)))}
        for name, word in words.items():
            held.setdefault(name, []).append(article)
            spelled.setdefault(name, word)
    return {name: tuple(found) for name, found in sorted(held.items())}, spelled


def _by_event(articles: Iterable[Article], event_of: Callable[[Article], str]) -> Articles:
    """The newest release of each issue in the order in which things happened; its own date where nothing did."""
    return tuple(sorted(newest_of_each(articles), key=lambda a: (event_of(a) or a.on.isoformat(), a.on, a.issue.id)))
