"""Articles as readers meet them: in a list, on a page of their own, in a feed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import jinja2
from markupsafe import Markup

from sparkpub.core import links
from sparkpub.core.article import Article, Neighbour
from sparkpub.core.feeds import Entry
from sparkpub.core.markup import first_sentences, page_html, read_markdown, reading_minutes, typographic
from sparkpub.core.model import Anniversary
from sparkpub.core.occasion import Occasion, day_words, occasion
from sparkpub.core.scripts import direction
from sparkpub.core.settings import Settings
from sparkpub.core.site_words import site_words
from sparkpub.core.vocabulary import vocabulary
from sparkpub.core.words import date_words, dateline, event_words

_SUMMARY = 240  # characters of a summary that no editor wrote
_OPENING = 1500  # and of the text that the front page shows of its first piece
_INITIAL = re.compile(r"\s*<p>[^\W\d_][^<>]{160}")

Link = tuple[str, str]
"""Words and the path they lead to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of an article: `html` is clean with absolute addresses, `summary` plain, `minutes` to read it.

    `opening` is what the text begins with, plain.
    """

    html: str
    summary: str
    opening: str
    minutes: int

    @property
    def has_initial(self) -> bool:
        """Whether its first paragraph begins with a letter and is long enough to carry a large one."""
        return bool(_INITIAL.match(self.html))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image as a page shows it; `path` is that of its asset, `width` and `height` are 0 where unknown."""

    path: str
    alt: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An article as lists show it, its words with typographic quotes; `path` is where it stands.

    `date` is the day of its release in the publication's language. `event` is the dateline of an anniversary and
    `event_date` its event's date alone, in the language of the piece and "" for other pieces. `summary` is
    never empty, `standfirst` only where the editor wrote a summary.
    """

    article: Article
    path: str
    title: str
    kicker: str
    summary: str
    standfirst: str
    date: str
    event: str
    event_date: str
    minutes: int
    language: str
    direction: str
    day: Link
    series: Link | None
    tags: tuple[Link, ...]
    image: Picture | None


@dataclass(frozen=True)
class Cards:
    """Makes cards and entries of articles, each text rendered once however many pages and feeds show it."""

    settings: Settings
    _texts: dict[tuple[str, int], Text] = field(default_factory=dict, repr=False)

    @property
    def base_url(self) -> str:
        """Where the site will stand, without a trailing slash."""
        return self.settings.publication.base_url.rstrip("/")

    def text(self, article: Article) -> Text:
        """The text of an article."""
        name = (article.issue.id, article.number)
        known = self._texts.get(name)
        if known is None:
            issue = article.issue
            markup = read_markdown(issue.body, language=issue.language)
            known = Text(
                html=page_html(
                    markup, media=article.media.__getitem__, base_url=self.base_url, prefix=issue.id, url=article.url
                ),
                summary=" ".join((issue.summary or first_sentences(markup, _SUMMARY) or issue.title).split()),
                opening=first_sentences(markup, _OPENING),
                minutes=reading_minutes(markup),
            )
            self._texts[name] = known
        return known

    def opening(self, article: Article) -> str:
        """What the text of an article begins with, plain."""
        return self.text(article).opening

    def occasion(self, article: Article) -> Occasion | None:
        """The anniversary of an article, None where it has none."""
        return occasion(article)

    def card(self, article: Article) -> Card:
        """An article as lists show it."""
        issue, text = article.issue, self.text(article)
        set_ = partial(typographic, language=issue.language)
        series = self.settings.series.get(issue.series)
        return Card(
            article=article,
            path=self.path(article.url),
            title=set_(issue.title),
            kicker=set_(issue.kicker) if not series or issue.kicker != series.title else "",
            summary=set_(text.summary),
            standfirst=set_(issue.summary),
            date=date_words(article.local.date(), self.settings.publication.language),
            event=dateline(article),
            event_date=event_words(issue.rule, issue.language) if isinstance(issue.rule, Anniversary) else "",
            minutes=text.minutes,
            language=issue.language,
            direction=direction(issue.language, self.settings),
            day=(self.month_day(article.on), links.day_path(article.on.month, article.on.day)),
            series=(series.title, links.series_path(issue.series)) if series else None,
            tags=tuple((tag, links.tag_path(tag)) for tag in issue.tags),
            image=_picture(article),
        )

    def cards(self, articles: Iterable[Article]) -> list[Card]:
        """Articles as lists show them."""
        return [self.card(article) for article in articles]

    def corrections(self, article: Article) -> list[tuple[str, str]]:
        """(date in words, what was mended) of each correction."""
        return [(date_words(one.on, article.issue.language), one.text) for one in article.issue.corrections]

    def entry(self, article: Article, templates: jinja2.Environment) -> Entry:
        """A release as feeds show it: dateline, picture, the whole text, corrections; every address absolute."""
        card, text = self.card(article), self.text(article)
        image = card.image.path if card.image else ""
        return self.entry_with(article, summary=text.summary, html=self.entry_html(card, text, templates), image=image)

    def entry_html(self, card: Card, text: Text, templates: jinja2.Environment) -> str:
        """The text of an article with all that a feed shows around it."""
        html = templates.get_template("site/entry.html.j2").render(
            card=card,
            issue=card.article.issue,
            body=Markup(text.html),  # noqa: S704 - made and sanitised by core.markup
            corrections=self.corrections(card.article),
            say=site_words(templates, card.language),
            absolute=partial(links.absolute, self.base_url),
        )
        return html.strip()

    def entry_with(self, article: Article, *, summary: str, html: str, image: str, weighs: int = 0) -> Entry:
        """A release as feeds show it, of parts that are made already; `image` is the path of its picture."""
        issue = article.issue
        return Entry(
            id=article.entry_id,
            title=issue.title,
            url=article.url,
            published_at=article.released_at,
            updated_at=article.updated_at,
            summary=summary,
            html=html,
            authors=issue.authors,
            tags=issue.tags,
            language=issue.language,
            image=links.absolute(self.base_url, image) if image else "",
            weighs=weighs,
        )

    def month_day(self, on: date) -> str:
        """A day of the year in words of the publication's language: `4 September`."""
        return day_words(on, self.settings.publication.language)

    def month(self, month: int) -> str:
        """A month in words of the publication's language, as a heading."""
        name = vocabulary(self.settings.publication.language).months[month - 1]
        return name[:1].upper() + name[1:]

    def path(self, url: str) -> str:
        """The path of an address of ours."""
        return links.path_of(self.base_url, url) or "/"

    def neighbour(self, one: Neighbour) -> Link:
        """Another piece as words and the path they lead to."""
        return one.title, self.path(one.url)


def _picture(article: Article) -> Picture | None:
    """The issue's own picture."""
    image = article.issue.image
    asset = article.media.get(image.src) if image else None
    if image is None or asset is None:
        return None
    return Picture(
        path=links.media_path(asset.name),
        alt=image.alt,
        caption=typographic(image.caption, language=article.issue.language),
        width=asset.width,
        height=asset.height,
    )
