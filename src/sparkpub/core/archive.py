"""The archive: everything released, and how it is found again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sparkpub.core.article import Article
from sparkpub.core.links import segment
from sparkpub.core.model import Anniversary
from sparkpub.core.schedule import event_date

Articles = tuple[Article, ...]
MonthDay = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Every release, newest first, and the same by year, series, tag and day of the year.

    Tags are keyed by their part of a path, since two spellings may share one; `labels` has the spelling used last.
    Series are in order of their events, the newest release of each issue only.
    """

    releases: Articles
    years: Mapping[int, Articles]
    series: Mapping[str, Articles]
    tags: Mapping[str, Articles]
    labels: Mapping[str, str]
    days: Mapping[MonthDay, Articles]

    @property
    def current(self) -> Articles:
        """The newest release of each issue, newest first."""
        return newest_of_each(self.releases)

    @property
    def anniversaries(self) -> Articles:
        """Every release of a piece that has an event, newest first."""
        return tuple(a for a in self.releases if isinstance(a.issue.rule, Anniversary))


def archive_of(articles: Iterable[Article]) -> Archive:
    """Put released articles, given in order of release, on the shelves of the archive.

    A year is that of the release instant in the piece's own zone; a day of the year that of its occurrence.
    """
    numbered = sorted(enumerate(articles), key=lambda pair: (pair[1].released_at, pair[0]), reverse=True)
    releases = tuple(article for _, article in numbered)
    years: dict[int, list[Article]] = {}
    series: dict[str, list[Article]] = {}
    tags: dict[str, list[Article]] = {}
    labels: dict[str, str] = {}
    days: dict[MonthDay, list[Article]] = {}
    for article in releases:
        years.setdefault(article.local.year, []).append(article)
        days.setdefault((article.on.month, article.on.day), []).append(article)
        if article.issue.series:
            series.setdefault(article.issue.series, []).append(article)
        for tag in dict.fromkeys(map(segment, article.issue.tags)):
            tags.setdefault(tag, []).append(article)
        for tag in article.issue.tags:
            labels.setdefault(segment(tag), tag)
    return Archive(
        releases=releases,
        years={year: tuple(held) for year, held in years.items()},
        series={id_: _by_event(held) for id_, held in sorted(series.items())},
        tags={tag: tuple(held) for tag, held in sorted(tags.items())},
        labels=labels,
        days={day: tuple(held) for day, held in sorted(days.items())},
    )


def newest_of_each(articles: Iterable[Article]) -> Articles:
    """The first article of each issue, in the order given."""
    first: dict[str, Article] = {}
    for article in articles:
        first.setdefault(article.issue.id, article)
    return tuple(first.values())


def _by_event(articles: Iterable[Article]) -> Articles:
    """The newest release of each issue in the order in which things happened."""
    return tuple(sorted(newest_of_each(articles), key=lambda a: (_happened_on(a), a.on, a.issue.id)))


def _happened_on(article: Article) -> str:
    """The date of an article's event, or of its own release where it has none, as ISO 8601."""
    rule = article.issue.rule
    return (event_date(rule) if isinstance(rule, Anniversary) else article.on).isoformat()
