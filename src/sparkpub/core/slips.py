"""What is kept of a release between builds: all that lists, feeds and indexes show, without parsing its text again.

    Article ──slip_of──▶ Slip (facts, html, entry)  kept under the key of the release
    facts ──read_facts──▶ Known: a light Article and its card

Every build reads its site from slips, a cold one too, so that no template can tell the one from the other.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import jinja2

from sparkpub.core.archive import happened_on
from sparkpub.core.article import Article
from sparkpub.core.build_keys import key_of
from sparkpub.core.cards import Card, Cards, Picture, Text
from sparkpub.core.feeds import Entry, weight
from sparkpub.core.ics import CalendarItem, event_text
from sparkpub.core.model import Asset, Correction, Image, Issue, Status
from sparkpub.core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A release rendered once: `facts` is JSON, `html` the text of its page, `entry` that of its feed entries."""

    facts: str
    html: str = field(repr=False)
    entry: str = field(repr=False)


Fetch = Callable[[int], str]
"""The html, or the entry, of the slip with a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A release as its facts tell it.

    The issue of `article` has neither body, source nor rule, its pictures have no data. `digest` changes with
    anything in the facts, and with the texts.
    """

    slip_id: int
    article: Article
    card: tuple[Any, ...]
    text: tuple[str, str, int]
    event: str
    weighs: int
    calendar: str
    digest: str


def slip_of(article: Article, cards: Cards, templates: jinja2.Environment) -> Slip:
    """Render a release: its text, its card and its feed entry."""
    issue, card, text = article.issue, cards.card(article), cards.text(article)
    image = card.image.path if card.image else ""
    html = cards.entry_html(card, text, templates)
    entry = cards.entry_with(article, summary=text.summary, html=html, image=image)
    facts = [
        _article_row(article),
        _issue_row(issue),
        [[src, asset.name, asset.media_type, asset.width, asset.height] for src, asset in article.media.items()],
        _card_row(card),
        [text.summary, text.opening, text.minutes],
        happened_on(article),
        weight(entry),
        event_text(CalendarItem.released(article, settings=cards.settings)),
        key_of(text.html, html),
    ]
    return Slip(facts=json.dumps(facts, ensure_ascii=False), html=text.html, entry=html)


def read_facts(slip_id: int, facts: str) -> Known:
    """A release as its facts tell it, without its neighbours."""
    article, issue, media, card, text, event, weighs, calendar, _ = json.loads(facts)
    return Known(
        slip_id=slip_id,
        article=_article(article, _issue(issue), media),
        card=tuple(card),
        text=tuple(text),
        event=event,
        weighs=weighs,
        calendar=calendar,
        digest=key_of(facts),
    )


@dataclass(frozen=True)
class KeptCards(Cards):
    """Cards and entries of releases that are known by their slips; texts are fetched when they are shown."""

    known: Mapping[tuple[str, int], Known] = field(kw_only=True, repr=False)
    fetch_html: Fetch = field(kw_only=True)
    fetch_entry: Fetch = field(kw_only=True)

    @classmethod
    def of(cls, known: Iterable[Known], settings: Settings, *, html: Fetch, entry: Fetch) -> "KeptCards":
        """Cards of these releases."""
        by_name = {_name(one.article): one for one in known}
        return cls(settings, known=by_name, fetch_html=html, fetch_entry=entry)

    def event(self, article: Article) -> str:
        """The date of its event as ISO 8601, "" where it has none."""
        return self.known[_name(article)].event

    def text(self, article: Article) -> Text:
        """The text of an article."""
        known = self.known[_name(article)]
        summary, opening, minutes = known.text
        return Text(html=self.fetch_html(known.slip_id), summary=summary, opening=opening, minutes=minutes)

    def opening(self, article: Article) -> str:
        """What its text begins with."""
        return self.known[_name(article)].text[1]

    def card(self, article: Article) -> Card:
        """An article as lists show it."""
        return _card(article, self.path(article.url), self.known[_name(article)].card)

    def entry(self, article: Article, templates: jinja2.Environment) -> Entry:
        """A release as feeds show it."""
        del templates
        return self._entry_of(article, self.fetch_entry(self.known[_name(article)].slip_id))

    def light_entry(self, article: Article) -> Entry:
        """An entry without its text, to be placed in a document of a feed."""
        return replace(self._entry_of(article, ""), weighs=self.known[_name(article)].weighs)

    def digest(self, article: Article) -> str:
        """A key of all that is told of a release, its neighbours and its text included."""
        return key_of(
            self.known[_name(article)].digest,
            *((one.title, one.url, one.on, one.number) for one in article.earlier),
            *(one and (one.title, one.url, one.on, one.number) for one in (article.previous, article.next)),
        )

    def calendar(self, article: Article) -> str:
        """A release as an event of a calendar."""
        return self.known[_name(article)].calendar

    def _entry_of(self, article: Article, html: str) -> Entry:
        known = self.known[_name(article)]
        picture = known.card[-1]
        return self.entry_with(article, summary=known.text[0], html=html, image=picture[0] if picture else "")


def _name(article: Article) -> tuple[str, int]:
    """What tells a release from every other."""
    return article.issue.id, article.number


def _article_row(article: Article) -> list[Any]:
    return [
        article.number,
        article.on.isoformat(),
        article.local.isoformat(),
        article.released_at.isoformat(),
        article.updated_at.isoformat(),
        article.entry_id,
        article.url,
        article.permalink,
        article.why,
    ]


def _article(row: list[Any], issue: Issue, media: list[list[Any]]) -> Article:
    number, on, local, released_at, updated_at, entry_id, url, permalink, why = row
    return Article(
        issue=issue,
        number=number,
        on=date.fromisoformat(on),
        local=datetime.fromisoformat(local),
        released_at=datetime.fromisoformat(released_at),
        updated_at=datetime.fromisoformat(updated_at),
        entry_id=entry_id,
        url=url,
        permalink=permalink,
        media={
            src: Asset(name=name, data=b"", media_type=type_, width=width, height=height)
            for src, name, type_, width, height in media
        },
        why=tuple(why),
    )


def _issue_row(issue: Issue) -> list[Any]:
    image = issue.image
    return [
        issue.id,
        issue.slug,
        issue.title,
        issue.language,
        issue.kicker,
        issue.summary,
        issue.series,
        issue.footer,
        issue.aliases,
        issue.authors,
        issue.tags,
        [image.src, image.alt, image.caption] if image else None,
        [[one.on.isoformat(), one.text] for one in issue.corrections],
    ]


def _issue(row: list[Any]) -> Issue:
    id_, slug, title, language, kicker, summary, series, footer, aliases, authors, tags, image, corrections = row
    return Issue(
        id=id_,
        slug=slug,
        title=title,
        status=Status.READY,
        language=language,
        body="",
        body_line=0,
        path="",
        source=b"",
        content_hash="",
        kicker=kicker,
        summary=summary,
        series=series,
        aliases=tuple(aliases),
        authors=tuple(authors),
        tags=tuple(tags),
        image=Image(src=image[0], alt=image[1], caption=image[2]) if image else None,
        footer=footer,
        corrections=tuple(Correction(on=date.fromisoformat(on), text=text) for on, text in corrections),
    )


def _card_row(card: Card) -> list[Any]:
    picture = card.image
    return [
        card.title,
        card.kicker,
        card.summary,
        card.standfirst,
        card.date,
        card.event,
        card.event_date,
        card.minutes,
        card.direction,
        card.day,
        card.series,
        card.tags,
        [picture.path, picture.alt, picture.caption, picture.width, picture.height] if picture else None,
    ]


def _card(article: Article, path: str, row: tuple[Any, ...]) -> Card:
    title, kicker, summary, standfirst, date_, event, event_date, minutes, direction, day, series, tags, picture = row
    return Card(
        article=article,
        path=path,
        title=title,
        kicker=kicker,
        summary=summary,
        standfirst=standfirst,
        date=date_,
        event=event,
        event_date=event_date,
        minutes=minutes,
        language=article.issue.language,
        direction=direction,
        day=tuple(day),
        series=tuple(series) if series else None,
        tags=tuple((label, path) for label, path in tags),
        image=_picture(picture),
    )


def _picture(row: list[Any] | None) -> Picture | None:
    if row is None:
        return None
    path, alt, caption, width, height = row
    return Picture(path=path, alt=alt, caption=caption, width=width, height=height)
