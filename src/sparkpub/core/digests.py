"""Digests: pieces that readers get together in one message, because they wished for one a day or one a week.

A digest is sent like any release; what it is called cannot be an issue's name, which holds no colon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from hashlib import sha256

from sparkpub.core import links
from sparkpub.core.article import Article
from sparkpub.core.cards import Card, Cards
from sparkpub.core.model import Issue, Status
from sparkpub.core.settings import ScheduleSettings, Settings
from sparkpub.core.site_words import SiteWords
from sparkpub.core.turns import Turn
from sparkpub.core.wishes import Rhythm
from sparkpub.core.words import date_words

DIGESTS = (Rhythm.DAILY, Rhythm.WEEKLY)

_MOST = 60
"""So many pieces stand in a digest: more would be longer than Gmail shows. The archive has the others."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a digest shows, before it is rendered: an article of its own and the pieces in it, oldest first.

    `more` counts the pieces that it has no room for.
    """

    article: Article
    subject: str
    cards: tuple[Card, ...]
    more: int


def digest_turn(rhythm: Rhythm, schedule: ScheduleSettings, zone: tzinfo) -> Turn:
    """When digests of a rhythm go out."""
    weekday = _WEEKDAYS.index(schedule.digest_day) if rhythm is Rhythm.WEEKLY else None
    return Turn(time=schedule.digest_time, zone=zone, weekday=weekday)


def digest_id(rhythm: Rhythm, variant: int = 0) -> str:
    """What stands for an issue's id: `digest:daily`; for readers who get other pieces that day `digest:daily:2`."""
    return f"digest:{rhythm}:{variant + 1}" if variant else f"digest:{rhythm}"


def digest_number(on: date) -> int:
    """The number of a date's digest: 20261124."""
    return int(f"{on:%Y%m%d}")


def digest_of(
    id_: str, pieces: Sequence[Article], *, on: date, released_at: datetime, settings: Settings, words: SiteWords
) -> Digest:
    """A digest of released pieces, in their order; `words` are of the publication's language."""
    publication = settings.publication
    shown = tuple(pieces[:_MOST])
    makes = Cards(settings)
    cards = tuple(makes.card(piece) for piece in shown)
    counted = words.pieces(len(pieces))
    named = cards[0].title if len(pieces) == 1 else f"{counted}, {date_words(on, publication.language)}"
    names = [f"{piece.issue.content_hash}/{piece.number}" for piece in pieces]
    url = links.absolute(publication.base_url.rstrip("/"), "/archive/")
    issue = Issue(
        id=id_,
        slug=id_.replace(":", "-"),
        title=counted,
        status=Status.READY,
        language=publication.language,
        body="",
        body_line=1,
        path="templates/email/digest.html.j2",
        source=b"",
        content_hash=sha256("\n".join([id_, on.isoformat(), *names]).encode()).hexdigest(),
        preheader=" · ".join(card.title for card in cards),
    )
    article = Article(
        issue=issue,
        number=digest_number(on),
        on=on,
        local=released_at,
        released_at=released_at,
        updated_at=released_at,
        entry_id=f"{id_}/{digest_number(on)}",
        url=url,
        permalink=url,
    )
    return Digest(article=article, subject=f"{publication.title}: {named}", cards=cards, more=len(pieces) - len(shown))
