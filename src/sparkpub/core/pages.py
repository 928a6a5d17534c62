"""Pages of the site, one method a kind: articles in, the bytes of an HTML page out.

Pages point to one another by relative links, so that the built folder works under any root; what leaves the site
(canonical addresses, OpenGraph, feeds) is absolute.
"""

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import groupby
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import jinja2
from markupsafe import Markup

from sparkpub.core import links
from sparkpub.core.addresses import parse_mailbox
from sparkpub.core.archive import Archive, MonthDay, newest_of_each
from sparkpub.core.article import Article, named_authors
from sparkpub.core.blocks import Blocks, Listed, Memory, unkept, unshared
from sparkpub.core.cards import Card, Cards, Link
from sparkpub.core.colours import Palette, dark_palette, light_palette, theme_faults
from sparkpub.core.feeds import ATOM, JSON, MEDIA_TYPES, RSS, xml_safe
from sparkpub.core.jsonld import news_article, script_safe, website
from sparkpub.core.scripts import direction
from sparkpub.core.settings import SeriesSettings, Settings
from sparkpub.core.site_words import SiteWords, site_words
from sparkpub.core.slips import KeptCards
from sparkpub.errors import InputError

Item = TypeVar("Item")

STYLESHEET, SCRIPT, SEARCH_SCRIPT = "/style.css", "/site.js", "/search/search.js"
_ON_FRONT = 10
_TAG = re.compile(r"<[a-z][^<>]*>", re.IGNORECASE)
_KINDS = (("RSS", RSS, MEDIA_TYPES[RSS]), ("Atom", ATOM, MEDIA_TYPES[ATOM]), ("JSON Feed", JSON, MEDIA_TYPES[JSON]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the head of any page says. `feeds` are those that belong to it beside the main one, title and folder."""

    path: str
    title: str
    description: str
    feeds: tuple[Link, ...] = ()
    canonical: str = ""
    is_listed: bool = True


@dataclass(frozen=True)
class Pages:
    """Every kind of page of one archive."""

    archive: Archive
    settings: Settings
    templates: jinja2.Environment
    kept: KeptCards | None = None
    memory: Memory | None = None
    """Where blocks of long pages are kept between builds."""
    _in_common: dict[tuple[int, str], Markup] = field(default_factory=dict, repr=False)

    @cached_property
    def cards(self) -> Cards:
        """The articles of the archive as readers meet them."""
        return self.kept or Cards(self.settings)

    @cached_property
    def say(self) -> SiteWords:
        """The words around the pieces, in the publication's language."""
        return site_words(self.templates, self.settings.publication.language)

    def front(self) -> bytes:
        """The front page: the newest piece, the ones before it, the series and the days."""
        publication = self.settings.publication
        shown = self.archive.current[: _ON_FRONT + 1]
        cards = self.cards.cards(shown)
        page = Page(path="/", title=publication.title, description=publication.tagline or publication.title)
        return self._render(
            "front",
            page,
            lead=next(iter(cards), None),
            opening=self.cards.opening(shown[0]) if shown else "",
            cards=cards[1:],
            latest=next(iter(cards), None),
            shelves=self.shelves,
            json_ld=script_safe(website(self.settings)),
        )

    def issue(self, article: Article, path: str, *, newer: Article | None = None) -> bytes:
        """One release, at its own path or at that of its issue; `newer` is the newest release of the same issue."""
        return self._issue(article, path, newer=self.cards.card(newer) if newer else None)

    def issue_alone(self, article: Article) -> bytes:
        """One release as a page that needs no other file, for previews: styles and pictures are in it."""
        path = self.cards.path(article.url)
        html = self._issue(article, path, css=Markup(self._stylesheet)).decode()  # noqa: S704 - a stylesheet of the theme
        for asset in article.media.values():
            data = f"data:{asset.media_type};base64,{base64.b64encode(asset.data).decode()}"
            html = html.replace(links.relative(path, links.media_path(asset.name)), data)
        return html.encode()

    def archive_page(self) -> bytes:
        """Everything by year, with the ways in: years, series, tags."""
        title = self.settings.publication.title
        page = Page(path="/archive/", title=self.say.archive, description=self.say.everything_in.format(title=title))
        years = [
            (year, [self._listed(group) for _, group in _grouped(held, lambda article: article.local.month)])
            for year, held in self.archive.years.items()
        ]
        tags = [
            ((self.archive.labels[tag], links.tag_path(tag)), len(newest_of_each(held)))
            for tag, held in self.archive.tags.items()
        ]
        authors = [
            ((self.archive.names[name], links.author_path(name)), len(newest_of_each(held)))
            for name, held in self.archive.authors.items()
        ]
        return self._render("archive", page, groups=years, tags=tags, authors=authors)

    def year(self, year: int) -> bytes:
        """One year, month by month."""
        years = sorted(self.archive.years)
        at = years.index(year)
        page = Page(path=links.year_path(year), title=str(year), description=self.say.everything_of.format(year=year))
        held = self.archive.years[year][::-1]
        months = [
            (self.cards.month(month), self._listed(group))
            for month, group in _grouped(held, lambda article: article.local.month)
        ]
        return self._render("year", page, months=months, around=_around(years, at), total=len(held))

    def series(self, series_id: str) -> bytes:
        """One series as a timeline, in the order in which things happened."""
        known = self.settings.series.get(series_id)
        title, intro = (known.title, known.intro) if known else (series_id, "")
        path = links.series_path(series_id)
        page = Page(path=path, title=title, description=intro or title, feeds=((title, path),))
        return self._render("series", page, intro=intro, **self._long_list(self.archive.series[series_id]))

    def tag(self, tag: str) -> bytes:
        """Everything under one tag."""
        label, path = self.archive.labels[tag], links.tag_path(tag)
        description = self.say.everything_about.format(tag=label)
        page = Page(path=path, title=label, description=description, feeds=((label, path),))
        return self._render("tag", page, **self._long_list(newest_of_each(self.archive.tags[tag])))

    def author(self, author: str) -> bytes:
        """Everything by one author."""
        name = self.archive.names[author]
        page = Page(path=links.author_path(author), title=name, description=self.say.everything_by.format(name=name))
        return self._render("author", page, **self._long_list(newest_of_each(self.archive.authors[author])))

    def on_this_day(self) -> bytes:
        """The days of the year that have something, month by month."""
        title, path = self.say.on_this_day, "/on-this-day/"
        page = Page(path=path, title=title, description=self.say.days, feeds=((self.say.every_day, path),))
        months = [
            (
                self.cards.month(month),
                [(self._day_link(day), self._listed(newest_of_each(self.archive.days[day]))) for day in days],
            )
            for month, days in _grouped(self.archive.days, lambda day: day[0])
        ]
        return self._render("on-this-day", page, months=months)

    def day(self, day: MonthDay) -> bytes:
        """What belongs to one day of the year, whatever the year."""
        days = list(self.archive.days)
        at = days.index(day)
        words, path = self._day_link(day)
        page = Page(path=path, title=words, description=self.say.day.format(day=words))
        around = [self._day_link(days[index]) for index in (at - 1, (at + 1) % len(days))] if len(days) > 1 else []
        return self._render("day", page, cards=self.cards.cards(self.archive.days[day]), around=around)

    def search(self) -> bytes:
        """The search page; it alone needs a script."""
        title = self.settings.publication.title
        description = self.say.search_in.format(title=title)
        page = Page(path="/search/", title=self.say.search, description=description, is_listed=False)
        return self._render("search", page)

    def subscribe(self) -> bytes:
        """How to get each piece by email: a form where the web face takes it, else whom to write to."""
        page = Page(path="/subscribe/", title=self.say.subscribe, description=self.say.subscribe_in_short)
        publication, url = self.settings.publication, self.settings.web.url
        _, address = parse_mailbox(publication.reply_to or publication.from_)
        return self._render("subscribe", page, action=f"{url}/subscribe" if url else "", address=address)

    def feeds(self, feeds: Sequence[Link]) -> bytes:
        """Every feed, with a plain explanation."""
        page = Page(path="/feeds/", title=self.say.feeds, description=self.say.feeds_in_short)
        return self._render("feeds", page, feeds=feeds)

    def not_found(self) -> bytes:
        """The page for addresses that lead nowhere; its links start at the root, since it may be shown anywhere."""
        page = Page(path="/404.html", title=self.say.lost_title, description=self.say.lost, is_listed=False)
        return self._render("404", page, link=lambda path: urlsplit(links.absolute(self.cards.base_url, path)).path)

    def redirect(self, path: str, target: str) -> bytes:
        """A stub at an old address."""
        values = {"target": links.relative(path, target), "canonical": links.absolute(self.cards.base_url, target)}
        template = self.templates.get_template("site/redirect.html.j2")
        return template.render(language=self.settings.publication.language, say=self.say, **values).encode()

    def stylesheet(self) -> bytes:
        """The stylesheet with the colours and fonts of the settings.

        Raises:
            InputError: the settings have colours that cannot be read, or fonts that are none.
        """
        if faults := theme_faults(self.settings.email):
            raise InputError(*faults)
        return self._stylesheet.encode()

    def plain(self, name: str) -> bytes:
        """A file of the theme that is no page, such as a script."""
        return self.templates.get_template(f"site/{name}").render().encode()

    def apart(self, template: jinja2.Template, page: Page, *, css: str, **values: object) -> bytes:
        """A page in the theme, apart from the site: its links to the site are absolute, its style is in it."""
        link = partial(links.absolute, self.cards.base_url)
        frame = {"page": page, "link": link, "canonical": link(page.path), "css": Markup(css)}  # noqa: S704 - the theme's
        return xml_safe(template.render(self._everywhere | frame | values)).encode()

    def _issue(self, article: Article, path: str, *, newer: Card | None = None, css: Markup | None = None) -> bytes:
        """The page of one release."""
        card, text = self.cards.card(article), self.cards.text(article)
        page = Page(
            path=path,
            title=card.title,
            description=card.summary,
            canonical=article.url,
            feeds=(card.series,) if card.series else (),
        )
        return self._render(
            "issue",
            page,
            card=card,
            authors=named_authors(article.issue, self.settings.publication.title),
            body=self._relative(article, path),
            has_initial=text.has_initial,
            shared=partial(self._shared, path.count("/")),
            newer=newer,
            corrections=self.cards.corrections(article),
            anniversary=self.cards.occasion(article),
            json_ld=script_safe(news_article(article, self.settings, summary=text.summary)),
            css=css,
        )

    def _relative(self, article: Article, path: str) -> Markup:
        """The text of an article with links that are relative to the page at `path`, those to its notes within it."""

        def mend(tag: re.Match[str]) -> str:
            return address.sub(lambda found: f'{found[1]}="{links.relative(path, unquote(found[2]))}', tag[0])

        address = re.compile(rf'(\s(?:href|src))="{re.escape(self.cards.base_url)}(/[^"?#]*)')
        html = self.cards.text(article).html.replace(f'href="{article.url}#', 'href="#')
        if f'="{self.cards.base_url}/' not in html:
            return Markup(html)  # noqa: S704 - as below
        return Markup(_TAG.sub(mend, html))  # noqa: S704 - made and sanitised by core.markup

    def _shared(self, depth: int, name: str, *, caller: Callable[[], str]) -> Markup:
        """What all pieces that stand equally deep have in common, rendered once: what leads to the rest of the site.

        What leads to a piece is another link from each: such a part is rendered for every page.
        """
        html = self._in_common.get((depth, name))
        if html is None:
            html = Markup(caller())  # noqa: S704 - a template rendered it
            if not re.search(rf"""=["'](?:\./|(?:\.\./){{1,{depth - 2}}}(?!\.\./))""", html):  # all climb to the root
                self._in_common[depth, name] = html
        return html

    def _listed(self, articles: Sequence[Article]) -> Listed[Card]:
        return Listed(articles, partial(self.cards.cards, articles), len(articles))

    def _long_list(self, articles: Sequence[Article]) -> dict[str, object]:
        """All cards, and the same in parts: those of a year that stand together."""
        parts = [self._listed(group) for _, group in _grouped(articles, lambda article: article.local.year)]
        return {"cards": self._listed(articles), "parts": parts}

    def _day_link(self, day: MonthDay) -> Link:
        return self.cards.month_day(self.archive.days[day][0].on), links.day_path(*day)

    @cached_property
    def _palettes(self) -> dict[str, Palette]:
        return {"light": light_palette(self.settings.email), "dark": dark_palette(self.settings.email)}

    @cached_property
    def _stylesheet(self) -> str:
        theme = self.settings.email
        template = self.templates.get_template("site/style.css.j2")
        return template.render(**self._palettes, font_text=theme.font_text, font_display=theme.font_display)

    @cached_property
    def shelves(self) -> list[tuple[SeriesSettings, str, int]]:
        """Each series that has pieces, its path and how many they are."""
        known = sorted(self.settings.series.items(), key=lambda item: (item[1].order, item[0]))
        return [
            (one, links.series_path(id_), len(self.archive.series[id_]))
            for id_, one in known
            if id_ in self.archive.series
        ]

    @cached_property
    def around(self) -> tuple[list[str], list[int]]:
        """What every page shows of the archive: the paths of its series and its years.

        It is little on purpose: what stands on every page makes every page another one when it changes.
        """
        return [path for _, path, _ in self.shelves], list(self.archive.years)

    @cached_property
    def _everywhere(self) -> dict[str, object]:
        """What every page is given, whatever it shows."""
        publication = self.settings.publication
        return {
            **self._palettes,
            "publication": publication,
            "say": self.say,
            "direction": direction(publication.language, self.settings),
            "series": [(one, path) for one, path, _ in self.shelves],
            "years": [(year, links.year_path(year)) for year in self.archive.years],
            "latest": None,
            "neighbour": self.cards.neighbour,
            "author_path": links.author_path,
            "absolute": partial(links.absolute, self.cards.base_url),
            "kinds": _KINDS,
            "card": None,
            "shared": unshared,
            "css": None,
            "json_ld": None,
            "in_series": False,
        }

    def _render(self, name: str, page: Page, **values: object) -> bytes:
        """A template with what every page is given."""
        link: Callable[[str], str] = partial(links.relative, page.path)
        canonical = page.canonical or links.absolute(self.cards.base_url, page.path)
        template = self.templates.get_template(f"site/{name}.html.j2")
        given = {"page": page, "link": link, "canonical": canonical, "kept": unkept}
        if self.kept is None or self.memory is None:
            return xml_safe(template.render(self._everywhere | given | values)).encode()
        blocks = Blocks(self.memory, page.path, (page, self.around), self.kept.digest)
        html = template.render(self._everywhere | given | {"kept": blocks.block} | values)
        blocks.close()
        return xml_safe(html).encode()


def _grouped(items: Iterable[Item], key: Callable[[Item], int]) -> list[tuple[int, list[Item]]]:
    """Neighbours that have a key in common, with the key."""
    return [(number, list(group)) for number, group in groupby(items, key=key)]


def _around(years: Sequence[int], at: int) -> dict[str, Link | None]:
    """The years before and after one."""
    before, after = years[at - 1 : at], years[at + 1 : at + 2]
    return {
        "before": (str(before[0]), links.year_path(before[0])) if before else None,
        "after": (str(after[0]), links.year_path(after[0])) if after else None,
    }
