"""The site: every file of the built folder, in the order in which they are written.

    articles ──archive_of──▶ Archive ──▶ pages ──▶ lists ──▶ feeds ──▶ sitemap and the like

A stage is planned when the one before it is written, and a file is rendered when it is written, so that an archive of
any size takes the memory of its texts only.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import jinja2

from sparkpub.core import links
from sparkpub.core.archive import Archive, archive_of
from sparkpub.core.article import Article
from sparkpub.core.cards import Link
from sparkpub.core.feeds import ATOM, EPOCH, JSON, RSS, Entry, Feed, chained, json_feed
from sparkpub.core.ics import CalendarItem, calendar_ics
from sparkpub.core.indexes import opml, robots, search_index, sitemap
from sparkpub.core.pages import SCRIPT, SEARCH_SCRIPT, STYLESHEET, Pages
from sparkpub.core.settings import Settings

ON_THIS_DAY = "/on-this-day/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One file of the site: the path that serves it, and how its bytes are made."""

    path: str
    render: Callable[[], bytes]
    is_page: bool = False

    @property
    def file(self) -> str:
        """Where it stands below the site's folder, with forward slashes."""
        return links.file_of(self.path)


@dataclass(frozen=True)
class Site:
    """All of the site that one archive makes."""

    archive: Archive
    settings: Settings
    templates: jinja2.Environment

    def stages(self) -> Iterator[list[Output]]:
        """The files in four lists: pages of releases, lists, feeds, and what points to all of them."""
        yield self._releases()
        yield self._lists()
        yield self._feeds()
        yield self._indexes()

    def redirects(self) -> Iterator[Output]:
        """Stubs at old addresses: aliases in front matter, and slugs that an issue had at an earlier release."""
        slugs: dict[str, list[str]] = {}
        for article in self.archive.releases:
            slugs.setdefault(article.issue.id, []).append(self.pages.cards.path(article.permalink))
        for article in self.archive.current:
            target = self.pages.cards.path(article.permalink)
            aliases = [links.alias_path(alias) for alias in article.issue.aliases]
            for path in dict.fromkeys([*aliases, *slugs[article.issue.id]]):
                if path is not None and path != target:
                    yield Output(path=path, render=partial(self.pages.redirect, path, target))

    @cached_property
    def pages(self) -> Pages:
        """The pages of the archive."""
        return Pages(self.archive, self.settings, self.templates)

    @cached_property
    def feed_list(self) -> list[tuple[Link, Sequence[Article]]]:
        """(title, folder) and releases of each feed that people can subscribe to, the main one first."""
        known, releases = self.settings.series, self.archive.releases
        feeds: list[tuple[Link, Sequence[Article]]] = [((self.settings.publication.title, "/"), releases)]
        for id_ in self.archive.series:
            title = known[id_].title if id_ in known else id_
            feeds.append(((title, links.series_path(id_)), [a for a in releases if a.issue.series == id_]))
        feeds.append((("On this day", ON_THIS_DAY), self.archive.anniversaries))
        for tag, held in self.archive.tags.items():
            feeds.append(((self.archive.labels[tag], links.tag_path(tag)), held))
        return feeds

    def _releases(self) -> list[Output]:
        """A page for each release, and for each issue that has another address than its newest release."""
        newest = {article.issue.id: article for article in self.archive.current}
        outputs = []
        for article in self.archive.releases:
            path = self.pages.cards.path(article.url)
            latest = newest[article.issue.id]
            newer = latest if latest is not article else None
            outputs.append(_page(path, partial(self.pages.issue, article, path, newer=newer)))
            permalink = self.pages.cards.path(article.permalink)
            if newer is None and permalink != path:
                outputs.append(_page(permalink, partial(self.pages.issue, article, permalink)))
        return outputs

    def _lists(self) -> list[Output]:
        """Every page that shows more than one release."""
        pages, archive = self.pages, self.archive
        return [
            _page("/", pages.front),
            _page("/archive/", pages.archive_page),
            *(_page(links.year_path(year), partial(pages.year, year)) for year in archive.years),
            *(_page(links.series_path(id_), partial(pages.series, id_)) for id_ in archive.series),
            *(_page(links.tag_path(tag), partial(pages.tag, tag)) for tag in archive.tags),
            _page(ON_THIS_DAY, pages.on_this_day),
            *(_page(links.day_path(*day), partial(pages.day, day)) for day in archive.days),
            _page("/search/", pages.search),
            _page("/feeds/", partial(pages.feeds, [link for link, _ in self.feed_list])),
            _page("/404.html", pages.not_found),
            Output(path=STYLESHEET, render=pages.stylesheet),
            Output(path=SCRIPT, render=partial(pages.plain, "site.js")),
            Output(path=SEARCH_SCRIPT, render=partial(pages.plain, "search.js")),
        ]

    def _feeds(self) -> list[Output]:
        """Every feed in three kinds; the main one and those of series with their archive documents."""
        from sparkpub.core import feedxml  # feedgen and lxml: not needed to render a page

        entries: dict[str, Entry] = {}
        outputs = []
        for link, articles in self.feed_list:
            for article in articles:
                if article.url not in entries:
                    entries[article.url] = self.pages.cards.entry(article, self.templates)
            for feed in self._documents(link, [entries[article.url] for article in articles]):
                kinds = ((RSS, feedxml.rss), (ATOM, feedxml.atom), (JSON, json_feed))
                outputs += [Output(path=feed.path(kind), render=partial(write, feed)) for kind, write in kinds]
        return outputs

    def _documents(self, link: Link, entries: Sequence[Entry]) -> list[Feed]:
        """One feed: the current document and, except for tags and days, those of earlier years."""
        publication, (title, folder) = self.settings.publication, link
        known = {links.series_path(id_): series.intro for id_, series in self.settings.series.items()}
        is_main = folder == "/"
        feed = Feed(
            base_url=self.pages.cards.base_url,
            folder=folder,
            title=title if is_main else f"{title} – {publication.title}",
            description=(publication.tagline if is_main else known.get(folder, "")) or publication.title,
            home=folder,
            language=publication.language,
            author=publication.title,
            entries=(),
        )
        documents = chained(feed, entries, self.settings.site.per_feed)
        return documents if is_main or folder in known else documents[:1]

    def _indexes(self) -> list[Output]:
        """What points to all the rest: sitemap, list of feeds, calendar, search index."""
        base_url, title = self.pages.cards.base_url, self.settings.publication.title
        cards = [self.pages.cards.card(article) for article in self.archive.current]
        feeds = [(words, links.absolute(base_url, folder)) for (words, folder), _ in self.feed_list]
        items = [CalendarItem.released(article, settings=self.settings) for article in reversed(self.archive.releases)]
        updated_at = max((article.updated_at for article in self.archive.releases), default=EPOCH)
        calendar = partial(calendar_ics, items, title=title, stamp=updated_at)
        return [
            Output(path="/feeds.opml", render=partial(opml, title, feeds)),
            Output(path="/calendar.ics", render=calendar),
            Output(path="/search/index.json", render=partial(search_index, cards)),
            Output(path="/sitemap.xml", render=partial(sitemap, self._listed())),
            Output(path="/robots.txt", render=partial(robots, links.absolute(base_url, "/sitemap.xml"))),
        ]

    def _listed(self) -> list[tuple[str, str]]:
        """(address, day of the last change) of each page that search engines should know."""
        base_url, releases = self.pages.cards.base_url, self.archive.releases
        newest = _changed(releases)
        archive = self.archive
        shelves = [
            *(((links.year_path(year), held)) for year, held in archive.years.items()),
            *(((links.series_path(id_), held)) for id_, held in archive.series.items()),
            *(((links.tag_path(tag), held)) for tag, held in archive.tags.items()),
            *(((links.day_path(*day), held)) for day, held in archive.days.items()),
        ]
        return [
            *((links.absolute(base_url, path), newest) for path in ("/", "/archive/", ON_THIS_DAY, "/feeds/")),
            *((article.url, _changed([article])) for article in releases),
            *((links.absolute(base_url, path), _changed(held)) for path, held in shelves),
        ]


def site_of(articles: Iterable[Article], settings: Settings, templates: jinja2.Environment) -> Site:
    """The site of released articles, given in order of release."""
    return Site(archive_of(articles), settings, templates)


def _page(path: str, render: Callable[[], bytes]) -> Output:
    """An HTML page."""
    return Output(path=path, render=render, is_page=True)


def _changed(articles: Iterable[Article]) -> str:
    """The day on which the newest of some articles changed last, "" where there is none."""
    return max((article.updated_at.date().isoformat() for article in articles), default="")
