"""The site: every file of the built folder, in the order in which they are written.

    articles ──archive_of──▶ Archive ──▶ pages ──▶ lists ──▶ feeds ──▶ sitemap and the like

A stage is planned when the one before it is written, and a file is rendered when it is written, so that an archive of
any size takes the memory of its texts only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial

import jinja2

from sparkpub.core import links
from sparkpub.core.archive import Archive, MonthDay, archive_of, linked, newest_of_each
from sparkpub.core.article import Article
from sparkpub.core.blocks import Memory
from sparkpub.core.build_keys import key_of
from sparkpub.core.cards import Cards, Link
from sparkpub.core.enclosures import enclosures
from sparkpub.core.feeds import ATOM, JSON, RSS, Entry, Feed, chained, json_feed, newest
from sparkpub.core.ics import calendar_of
from sparkpub.core.indexes import MAX_IN_SITEMAP, opml, robots, search_index, sitemap, sitemap_index
from sparkpub.core.pages import SCRIPT, SEARCH_SCRIPT, STYLESHEET, Pages
from sparkpub.core.serving import headers_file
from sparkpub.core.settings import Settings
from sparkpub.core.slips import KeptCards, Known, Parts, SlipsAtHand, read_facts, slip_of

ON_THIS_DAY = "/on-this-day/"
_WAYS_IN = ("/", "/archive/", ON_THIS_DAY, "/subscribe/", "/feeds/")

Shown = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One file of the site: the path that serves it, and how its bytes are made.

    `shows` tells all that they are made from beside settings, templates and program, as values that can stand in a
    key: while these are the same, the bytes are.
    """

    path: str
    render: Callable[[], bytes]
    shows: Callable[[], Shown]
    is_page: bool = False
    keeps: bool = False
    """Whether it is made of blocks that are kept, which only the process that keeps them can do."""

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
    cards: KeptCards
    audio: Mapping[str, int] = field(default_factory=dict)
    """The sound files of the site by name, with their sizes: what feeds can enclose."""
    memory: Memory | None = None
    """Where blocks of long pages are kept between builds."""

    _last_told: list[tuple[Feed, tuple[Entry, ...]]] = field(default_factory=list, repr=False)

    def stages(self) -> Iterator[list[Output]]:
        """The files in four lists: pages of releases, lists, feeds, and what points to all of them."""
        yield self._releases()
        yield self._lists()
        yield self._feeds()
        yield self._indexes()

    def redirects(self) -> Iterator[Output]:
        """Stubs at old addresses: aliases in front matter, and slugs that an issue had at an earlier release."""
        former: dict[str, list[str]] = {}
        for article in self.archive.releases:
            former.setdefault(article.issue.id, []).append(article.permalink)
        for article in self.archive.current:
            places = [one for one in former[article.issue.id] if one != article.permalink]
            if not places and not article.issue.aliases:
                continue
            target = self.cards.path(article.permalink)
            aliases = [links.alias_path(alias) for alias in article.issue.aliases]
            for path in dict.fromkeys([*aliases, *map(self.cards.path, places)]):
                if path is not None and path != target:
                    yield Output(
                        path=path, render=partial(self.pages.redirect, path, target), shows=partial(tuple, (target,))
                    )

    @cached_property
    def pages(self) -> Pages:
        """The pages of the archive."""
        return Pages(self.archive, self.settings, self.templates, self.cards, self.memory)

    @cached_property
    def feed_list(self) -> list[tuple[Link, Sequence[Article]]]:
        """(title, folder) and releases of each feed that people can subscribe to, the main one first."""
        known, releases = self.settings.series, self.archive.releases
        in_series: dict[str, list[Article]] = {id_: [] for id_ in self.archive.series}
        for article in releases:
            if article.issue.series:
                in_series[article.issue.series].append(article)
        feeds: list[tuple[Link, Sequence[Article]]] = [((self.settings.publication.title, "/"), releases)]
        for id_, held in in_series.items():
            feeds.append(((known[id_].title if id_ in known else id_, links.series_path(id_)), held))
        feeds.append(((self.pages.say.every_day, ON_THIS_DAY), self.archive.anniversaries))
        for tag, tagged in self.archive.tags.items():
            feeds.append(((self.archive.labels[tag], links.tag_path(tag)), tagged))
        return feeds

    @cached_property
    def _around(self) -> str:
        return key_of(*self.pages.around)

    @cached_property
    def _everything(self) -> Shown:
        return (key_of(*self._told(self.archive.releases)),)

    def _told(self, articles: Iterable[Article], *more: object) -> Shown:
        """What a page shows that is given articles, and what every page shows."""
        return (self._around, *more, " ".join(map(self.cards.digest, articles)))

    def _page(self, path: str, render: Callable[[], bytes], articles: Iterable[Article] = (), *more: object) -> Output:
        """An HTML page that shows articles and more."""
        return Output(path=path, render=render, shows=partial(self._told, articles, *more), is_page=True)

    def _long_page(
        self, path: str, render: Callable[[], bytes], articles: Iterable[Article] = (), *more: object
    ) -> Output:
        """The same of one that is made of blocks."""
        return replace(self._page(path, render, articles, *more), keeps=True)

    def _releases(self) -> list[Output]:
        """A page for each release, and for each issue that has another address than its newest release."""
        newest = {article.issue.id: article for article in self.archive.current}
        outputs = []
        for article in self.archive.releases:
            path = self.cards.path(article.url)
            latest = newest[article.issue.id]
            newer = latest if latest is not article else None
            shown = [article, newer] if newer else [article]
            outputs.append(self._page(path, partial(self.pages.issue, article, path, newer=newer), shown))
            if newer is None and article.permalink != article.url:
                permalink = self.cards.path(article.permalink)
                outputs.append(self._page(permalink, partial(self.pages.issue, article, permalink), shown))
        return outputs

    def _lists(self) -> list[Output]:
        """Every page that shows more than one release."""
        pages, archive, page, long_page = self.pages, self.archive, self._page, self._long_page
        feeds = [link for link, _ in self.feed_list]
        tags, authors = list(archive.labels.items()), list(archive.names.items())
        return [
            page("/", pages.front, archive.current[:11], *(count for _, _, count in pages.shelves)),
            long_page("/archive/", pages.archive_page, archive.releases, *tags, *authors),
            *(
                long_page(links.year_path(year), partial(pages.year, year), held)
                for year, held in archive.years.items()
            ),
            *(
                long_page(links.series_path(id_), partial(pages.series, id_), held)
                for id_, held in archive.series.items()
            ),
            *(
                long_page(links.tag_path(tag), partial(pages.tag, tag), newest_of_each(held), archive.labels[tag])
                for tag, held in archive.tags.items()
            ),
            *(
                long_page(
                    links.author_path(name), partial(pages.author, name), newest_of_each(held), archive.names[name]
                )
                for name, held in archive.authors.items()
            ),
            long_page(ON_THIS_DAY, pages.on_this_day, [article for held in archive.days.values() for article in held]),
            *(self._day(day, around) for day, around in _with_neighbours(list(archive.days))),
            page("/search/", pages.search),
            page("/subscribe/", pages.subscribe),
            page("/feeds/", partial(pages.feeds, feeds), (), *feeds),
            page("/404.html", pages.not_found),
            Output(path=STYLESHEET, render=pages.stylesheet, shows=tuple),
            Output(path=SCRIPT, render=partial(pages.plain, "site.js"), shows=tuple),
            Output(path=SEARCH_SCRIPT, render=partial(pages.plain, "search.js"), shows=tuple),
        ]

    def _day(self, day: MonthDay, around: Sequence[MonthDay]) -> Output:
        """The page of a day of the year, which leads to the days around it."""
        return self._page(links.day_path(*day), partial(self.pages.day, day), self.archive.days[day], *around)

    def _feeds(self) -> list[Output]:
        """Every feed in three kinds; the main one and those of series with their archive documents."""
        light = {id(article): self.cards.light_entry(article) for article in self.archive.releases}
        whole = {(light[id(article)].id, light[id(article)].url): article for article in self.archive.releases}
        documents = [
            (feed, cache(partial(self._told_in, feed, whole)))
            for link, articles in self.feed_list
            for feed in self._documents(link, [light[id(article)] for article in articles])
        ]
        return [
            Output(path=feed.path(kind), render=partial(self._write_feed, feed, kind, whole), shows=shows)
            for feed, shows in documents
            for kind in (RSS, ATOM, JSON)
        ]

    def _told_in(self, feed: Feed, whole: Mapping[tuple[str, str], Article]) -> Shown:
        """What a document of a feed shows."""
        head = (feed.title, feed.folder, feed.part, feed.current, feed.previous, feed.next)
        return (
            *head,
            tuple(sorted(self.audio.items())),
            " ".join([self.cards.digest(whole[one.id, one.url]) for one in feed.entries]),
            *(one.html for one in feed.entries if one.html),
        )

    def _write_feed(self, feed: Feed, kind: str, whole: Mapping[tuple[str, str], Article]) -> bytes:
        """A document of a feed, its entries told in full; those that are too long keep the short text they have."""
        from sparkpub.core import feedxml  # feedgen and lxml: not needed to render a page

        told = self._entries(feed, whole)
        write = {RSS: feedxml.rss, ATOM: feedxml.atom, JSON: json_feed}[kind]
        return write(replace(feed, entries=told))

    def _entries(self, feed: Feed, whole: Mapping[tuple[str, str], Article]) -> tuple[Entry, ...]:
        """The entries of a document, made once for the kinds that follow one another."""
        for last, told in self._last_told:
            if last is feed:
                return told
        entries = (
            one if one.html else self.cards.entry(whole[one.id, one.url], self.templates) for one in feed.entries
        )
        told = tuple(
            replace(one, enclosures=found) if found else one
            for one in entries
            for found in [enclosures(one.html, base_url=feed.base_url, lengths=self.audio)]
        )
        self._last_told[:] = [(feed, told)]
        return told

    def _documents(self, link: Link, entries: Sequence[Entry]) -> list[Feed]:
        """One feed: the current document and, except for tags and days, those of earlier years."""
        publication, (title, folder) = self.settings.publication, link
        known = {links.series_path(id_): series.intro for id_, series in self.settings.series.items()}
        is_main = folder == "/"
        feed = Feed(
            base_url=self.cards.base_url,
            folder=folder,
            title=title if is_main else f"{title} – {publication.title}",
            description=(publication.tagline if is_main else known.get(folder, "")) or publication.title,
            home=folder,
            language=publication.language,
            author=publication.title,
            entries=(),
            hub=self.settings.site.hub if self.settings.site.announce else "",
        )
        per_feed = self.settings.site.per_feed
        if is_main or folder in known:
            return chained(feed, entries, per_feed)
        return [replace(feed, entries=newest(entries, per_feed))]

    def _indexes(self) -> list[Output]:
        """What points to all the rest: sitemap, list of feeds, calendar, search index."""

        def everything() -> Shown:
            return self._everything

        feeds = tuple(link for link, _ in self.feed_list)
        map_url = links.absolute(self.cards.base_url, "/sitemap.xml")
        return [
            Output(path="/feeds.opml", render=self._opml, shows=lambda: feeds),
            Output(path="/calendar.ics", render=self._calendar, shows=everything),
            Output(path="/search/index.json", render=self._search_index, shows=everything),
            *self._sitemaps(everything),
            Output(path="/robots.txt", render=partial(robots, map_url), shows=tuple),
            Output(path="/_headers", render=headers_file, shows=tuple),
        ]

    def _sitemaps(self, shows: Callable[[], Shown]) -> list[Output]:
        """The sitemap; one of sitemaps where a single one would be longer than allowed."""
        listed = self._listed()
        if len(listed) <= MAX_IN_SITEMAP:
            return [Output(path="/sitemap.xml", render=partial(sitemap, listed), shows=shows)]
        starts = range(0, len(listed), MAX_IN_SITEMAP)
        parts = {f"/sitemap-{part}.xml": listed[at : at + MAX_IN_SITEMAP] for part, at in enumerate(starts, start=1)}
        urls = [links.absolute(self.cards.base_url, path) for path in parts]
        return [
            *(Output(path=path, render=partial(sitemap, held), shows=shows) for path, held in parts.items()),
            Output(path="/sitemap.xml", render=partial(sitemap_index, urls), shows=partial(tuple, urls)),
        ]

    def _opml(self) -> bytes:
        title, base_url = self.settings.publication.title, self.cards.base_url
        return opml(title, [(words, links.absolute(base_url, folder)) for (words, folder), _ in self.feed_list])

    def _calendar(self) -> bytes:
        events = self.cards.calendar(reversed(self.archive.releases))
        return calendar_of(events, title=self.settings.publication.title)

    def _search_index(self) -> bytes:
        return search_index(self.cards.found(self.archive.current))

    def _listed(self) -> list[tuple[str, str]]:
        """(address, day of the last change) of each page that search engines should know."""
        base_url, releases = self.cards.base_url, self.archive.releases
        days = {id(article): article.updated_at.date().isoformat() for article in releases}

        def changed(articles: Sequence[Article]) -> str:
            return max((days[id(article)] for article in articles), default="")

        archive = self.archive
        shelves = [
            *((links.year_path(year), held) for year, held in archive.years.items()),
            *((links.series_path(id_), held) for id_, held in archive.series.items()),
            *((links.tag_path(tag), held) for tag, held in archive.tags.items()),
            *((links.author_path(name), held) for name, held in archive.authors.items()),
            *((links.day_path(*day), held) for day, held in archive.days.items()),
        ]
        last = changed(releases)
        return [
            *((links.absolute(base_url, path), last) for path in _WAYS_IN),
            *((article.url, days[id(article)]) for article in releases),
            *((links.absolute(base_url, path), changed(held)) for path, held in shelves),
        ]


def site_of(
    articles: Iterable[Article],
    settings: Settings,
    templates: jinja2.Environment,
    *,
    audio: Mapping[str, int] | None = None,
) -> Site:
    """The site of whole articles, given in order of release; all their texts are in memory."""
    slips = [slip_of(article, Cards(settings), templates) for article in articles]
    known = read_facts((number, slip.facts) for number, slip in enumerate(slips))
    return known_site(known, settings, templates, kept=SlipsAtHand(slips), audio=audio)


def known_site(
    known: Sequence[Known],
    settings: Settings,
    templates: jinja2.Environment,
    *,
    kept: Parts,
    audio: Mapping[str, int] | None = None,
    memory: Memory | None = None,
) -> Site:
    """The site of releases that were rendered before, given in order of release; `audio`, `memory` as in `Site`."""
    cards = KeptCards.of(known, settings, kept=kept)
    archive = archive_of(linked(one.article for one in known), cards.event)
    return Site(archive, settings, templates, cards, audio or {}, memory)


def _with_neighbours(days: Sequence[MonthDay]) -> Iterator[tuple[MonthDay, tuple[MonthDay, ...]]]:
    """Each day with the ones before and after it, around the turn of the year."""
    for at, day in enumerate(days):
        yield day, ((days[at - 1], days[(at + 1) % len(days)]) if len(days) > 1 else ())
