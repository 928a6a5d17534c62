"""What is kept of a release between builds: all that lists, feeds and indexes show, without parsing its text again.

    Article ──slip_of──▶ Slip (facts, and the parts that pages show)  kept under the key of the release
    facts ──read_facts──▶ Known: a light Article, enough to say where it is shown
    parts ──fetched when they are shown──▶ its card, its text, its feed entry

Every build reads its site from slips, a cold one too, so that no template can tell the one from the other.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol

import jinja2

from sparkpub.core.archive import happened_on
from sparkpub.core.article import Article, Neighbour
from sparkpub.core.build_keys import key_of, text_key
from sparkpub.core.cards import Card, Cards, Picture, Text
from sparkpub.core.feeds import Entry, is_too_long, weight
from sparkpub.core.ics import CalendarItem, event_text
from sparkpub.core.indexes import search_row
from sparkpub.core.model import Anniversary, Asset, Correction, Image, Issue, Status
from sparkpub.core.occasion import Occasion, occasion
from sparkpub.core.rule_text import read_rule_text, write_rule
from sparkpub.core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A release rendered once.

    `facts` and `card` are JSON, `opening` the plain text that it begins with, `calendar` its event and `found` its row
    of the search index, `html` the text of its page, `entry` that of its feed entries.
    """

    facts: str
    card: str = field(repr=False)
    opening: str = field(repr=False)
    calendar: str = field(repr=False)
    found: str = field(repr=False)
    html: str = field(repr=False)
    entry: str = field(repr=False)


PARTS = ("card", "calendar", "found", "opening", "html", "entry")
"""The parts of a slip beside its facts."""


class Parts(Protocol):
    """Where the parts of slips are kept."""

    def part(self, name: str, slip_id: int) -> str:
        """One part of the slip with a number."""

    def some(self, name: str, slip_ids: Sequence[int]) -> Mapping[int, str]:
        """One part of each of these slips."""

    def parts(self, name: str) -> Mapping[int, str]:
        """One part of every slip."""


@dataclass(frozen=True, slots=True)
class SlipsAtHand:
    """Slips in memory, numbered from 0."""

    slips: Sequence[Slip]

    def part(self, name: str, slip_id: int) -> str:
        """One part of the slip with a number."""
        return str(getattr(self.slips[slip_id], name))

    def some(self, name: str, slip_ids: Sequence[int]) -> Mapping[int, str]:
        """One part of each of these slips."""
        return {slip_id: self.part(name, slip_id) for slip_id in slip_ids}

    def parts(self, name: str) -> Mapping[int, str]:
        """One part of every slip."""
        return self.some(name, range(len(self.slips)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A release as its facts tell it.

    The issue of `article` has neither body, source nor rule, its pictures have no data. `digest` changes with
    anything in the facts, and in the parts.
    """

    slip_id: int
    article: Article
    event: str
    weighs: int
    digest: str


def slip_of(article: Article, cards: Cards, templates: jinja2.Environment) -> Slip:
    """Render a release: its text, its card and its feed entry."""
    issue, card, text = article.issue, cards.card(article), cards.text(article)
    image = card.image.path if card.image else ""
    rule = write_rule(issue.rule) if isinstance(issue.rule, Anniversary) else ""
    html = cards.entry_html(card, text, templates)
    entry = cards.entry_with(article, summary=text.summary, html=html, image=image)
    media = [[src, asset.name, asset.media_type, asset.width, asset.height] for src, asset in article.media.items()]
    facts = _compact([_article_row(article), _issue_row(issue), media, happened_on(article), weight(entry)])
    parts = {
        "card": _compact([*_card_row(card), rule, text.summary]),
        "calendar": event_text(CalendarItem.released(article, settings=cards.settings)),
        "found": search_row(card),
        "opening": text.opening,
        "html": text.html,
        "entry": html,
    }
    return Slip(facts=f'{facts[:-1]},"{text_key(facts, *parts.values())}"]', **parts)


def read_facts(facts: Iterable[tuple[int, str]]) -> list[Known]:
    """Releases as their facts tell them, given with their numbers, without their neighbours."""
    numbers, texts = zip(*facts, strict=True) if (facts := list(facts)) else ((), ())
    read = json.loads(f"[{','.join(texts)}]")  # thousands of short documents take twice as long
    return [
        Known(
            slip_id=number,
            article=_article(article, _issue(issue), media),
            event=event,
            weighs=weighs,
            digest=digest,
        )
        for number, (article, issue, media, event, weighs, digest) in zip(numbers, read, strict=True)
    ]


def _compact(row: list[Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class KeptCards(Cards):
    """Cards and entries of releases that are known by their slips; what they show is fetched when it is shown."""

    known: Mapping[tuple[str, int], Known] = field(kw_only=True, repr=False)
    kept: Parts = field(kw_only=True, repr=False)
    _digests: dict[int, tuple[Article, str]] = field(default_factory=dict, repr=False)
    _cards: dict[int, tuple[Card, str, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, known: Iterable[Known], settings: Settings, *, kept: Parts) -> "KeptCards":
        """Cards of these releases."""
        by_name = {_name(one.article): one for one in known}
        return cls(settings, known=by_name, kept=kept)

    def event(self, article: Article) -> str:
        """The date of its event as ISO 8601, "" where it has none."""
        return self.known[_name(article)].event

    def text(self, article: Article) -> Text:
        """The text of an article, without its opening."""
        card, _, summary = self._card(article)
        html = self._part("html", article)
        return Text(html=html, summary=summary, opening="", minutes=card.minutes)

    def opening(self, article: Article) -> str:
        """What its text begins with."""
        return self._part("opening", article)

    def card(self, article: Article) -> Card:
        """An article as lists show it."""
        return self._card(article)[0]

    def cards(self, articles: Iterable[Article]) -> list[Card]:
        """Articles as lists show them, fetched at once."""
        shown = [(self.known[_name(article)].slip_id, article) for article in articles]
        missing = {slip_id: article for slip_id, article in shown if slip_id not in self._cards}
        for slip_id, text in self.kept.some("card", list(missing)).items() if missing else ():
            self._make_card(missing[slip_id], slip_id, text)
        return [self._cards[slip_id][0] for slip_id, _ in shown]

    def occasion(self, article: Article) -> Occasion | None:
        """The anniversary of an article, None where it has none."""
        rule = self._card(article)[1]
        if not rule:
            return None
        ruled = replace(article.issue, rule=read_rule_text(rule, lambda _: UTC))  # no word of it depends on the zone
        return occasion(replace(article, issue=ruled))

    def entry(self, article: Article, templates: jinja2.Environment) -> Entry:
        """A release as feeds show it."""
        del templates
        card, _, summary = self._card(article)
        image = card.image.path if card.image else ""
        return self.entry_with(article, summary=summary, html=self._part("entry", article), image=image)

    def light_entry(self, article: Article) -> Entry:
        """An entry to be placed in a document of a feed: without its text, but for a summary if that has to do."""
        weighs = self.known[_name(article)].weighs
        summary = self._card(article)[2] if is_too_long(weighs) else ""
        return self.entry_with(article, summary=summary, html="", image="", weighs=weighs)

    def digest(self, article: Article) -> str:
        """A key of all that is told of a release, its neighbours and its text included."""
        kept = self._digests.get(id(article))
        if kept is None:
            found = self.known[_name(article)].digest
            if article.earlier or article.previous or article.next:
                found = key_of(found, *map(_told, (article.previous, article.next, *article.earlier)))
            # With the article itself, so that no other ever has its id.
            kept = self._digests[id(article)] = article, found
        return kept[1]

    def calendar(self, articles: Iterable[Article]) -> list[str]:
        """Releases as events of a calendar."""
        return self._all("calendar", articles)

    def found(self, articles: Iterable[Article]) -> list[str]:
        """Releases as rows of the search index."""
        return self._all("found", articles)

    def _part(self, name: str, article: Article) -> str:
        return self.kept.part(name, self.known[_name(article)].slip_id)

    def _all(self, name: str, articles: Iterable[Article]) -> list[str]:
        parts = self.kept.parts(name)
        return [parts[self.known[_name(article)].slip_id] for article in articles]

    def _card(self, article: Article) -> tuple[Card, str, str]:
        """A card, made once however many lists show it, the rule of its issue and the plain summary."""
        slip_id = self.known[_name(article)].slip_id
        made = self._cards.get(slip_id)
        return made or self._make_card(article, slip_id, self.kept.part("card", slip_id))

    def _make_card(self, article: Article, slip_id: int, text: str) -> tuple[Card, str, str]:
        *row, rule, summary = json.loads(text)
        made = self._cards[slip_id] = _card(article, self.path(article.url), row), rule, summary
        return made


def _told(one: Neighbour | None) -> tuple[object, ...]:
    """What a page tells of a neighbour."""
    return (one.title, one.url, one.on.isoformat(), one.number) if one else ()


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


def _card(article: Article, path: str, row: list[Any]) -> Card:
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
