"""A small archive: a series with two anniversaries, a piece that came round twice, and notices."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

import jinja2

from sparkpub.adapters.templates import environment, starter_templates
from sparkpub.core import links
from sparkpub.core.article import Article, Neighbour
from sparkpub.core.model import (
    Anniversary,
    Asset,
    Calendar,
    Correction,
    Every,
    FixedDate,
    Image,
    Issue,
    Match,
    PrintedDate,
    Status,
)
from sparkpub.core.settings import Motto, PublicationSettings, SeriesSettings, Settings, SiteSettings

BASE_URL = "https://paper.example.org/news"

SETTINGS = Settings(
    publication=PublicationSettings(
        title="The Daily Centenary",
        base_url=BASE_URL,
        from_="The Daily Centenary <editor@paper.example.org>",
        postal_address="The Daily Centenary, 12 Printers’ Row, Exampleton EX1 1AA",
        tagline="This day, a hundred years on",
        motto=Motto(text="Yesterday’s paper, read with care.", attribution="the editors"),
    ),
    series={
        "revolution-1917": SeriesSettings(title="1917", intro="A year of letters, each on its printed day."),
        "empty": SeriesSettings(title="Nothing yet"),
    },
)

BODY = """\
The paper of that morning was read aloud in the queue. "There is nothing in it," said a woman with a basket, and the
queue went on reading; see [the piece before](/issues/july/) and [the paper](https://example.net/paper?a=1&b=2).[^note]

> Nothing has happened that was not foreseen.
>
> -- A leader writer

## What was printed

| Page | Column |
|---|---:|
| 1 | 3 |

[^note]: The paper cost five kopecks.
"""

PICTURE = Asset(
    name="0123456789abcdef-dots.png", data=b"\x89PNG not really", media_type="image/png", width=800, height=400
)


def anniversary(of: date, **changes: Any) -> Anniversary:
    """A rule that returns each year on the printed day."""
    printed = PrintedDate(text=of.isoformat(), year=of.year, month=of.month, day=of.day)
    rule = Anniversary(
        of=printed, calendar=Calendar.GREGORIAN, match=Match.NOMINAL, choice=Every(step=1), time=time(7), zone=UTC
    )
    return replace(rule, **changes)


def issue(id_: str, **changes: Any) -> Issue:
    """An issue with a body of its own."""
    made = Issue(
        id=id_,
        slug=id_,
        title=f"The {id_} piece",
        status=Status.READY,
        language="en",
        body=BODY,
        body_line=9,
        path=f"issues/{id_}.md",
        source=b"",
        content_hash=sha256(id_.encode()).hexdigest(),
        rule=FixedDate(on=date(2017, 1, 1), time=time(7), zone=UTC),
    )
    return replace(made, **changes)


def released(made: Issue, on: date, number: int = 0, *, repeats: bool = False, **changes: Any) -> Article:
    """An issue released at seven in the morning of a date."""
    at = datetime.combine(on, time(7), UTC)
    article = Article(
        issue=made,
        number=number,
        on=on,
        local=at,
        released_at=at,
        updated_at=at,
        entry_id=links.entry_id("paper.example.org", on.year, made.id, number),
        url=links.release_url(BASE_URL, made.slug, number, repeats=repeats),
        permalink=links.issue_url(BASE_URL, made.slug),
    )
    return replace(article, **changes)


def sample_articles() -> list[Article]:
    """Six releases in order."""
    july = issue("july", series="revolution-1917", rule=anniversary(date(1917, 7, 3)), tags=("Street & square",))
    september = issue(
        "september",
        title="Queues & “Quiet”",
        kicker="September",
        summary="A city reads its paper aloud.",
        series="revolution-1917",
        rule=anniversary(date(1917, 9, 4), calendar=Calendar.RUSSIA),
        tags=("papers", "Street & Square"),
        authors=("Ada Example", "Ben Sample"),
        image=Image(src="dots.png", alt="Rows of dots", caption="Drawn for this issue."),
        corrections=(Correction(on=date(2017, 9, 6), text="An earlier text named the wrong queue."),),
        aliases=("/old/september.html", "/2009/september/", "/../../etc/passwd", "/archive/"),
        footer="Translated by the editors.",
    )
    returning = issue("leap", rule=anniversary(date(1582, 10, 15)), title="A Leap", tags=("calendars",))
    first = released(july, date(2017, 7, 3), 100)
    second = released(
        september,
        date(2017, 9, 4),
        100,
        updated_at=datetime(2017, 9, 6, 7, tzinfo=UTC),
        media={"dots.png": PICTURE},
        previous=pointed(first),
    )
    leap = released(returning, date(2017, 10, 15), 435, repeats=True)
    again = released(returning, date(2018, 10, 15), 436, repeats=True, earlier=(pointed(leap),))
    notice = released(
        issue("notice", title="إعلان: a notice", language="ar", body="مرحبا بكم في الجريدة."), date(2018, 11, 1)
    )
    return [replace(first, next=pointed(second)), second, leap, again, notice]


def pointed(article: Article) -> Neighbour:
    """An article as others point to it."""
    return Neighbour(title=article.issue.title, url=article.url, on=article.on, number=article.number)


def many_articles(count: int, *, first: date = date(2015, 1, 1), days: int = 10) -> list[Article]:
    """A long archive of short pieces, one every few days."""
    return [
        released(issue(f"piece-{n}", body=f"Piece number {n}."), first + timedelta(days=days * n)) for n in range(count)
    ]


def settings_with(**publication: Any) -> Settings:
    """The sample's settings with some keys of the publication changed."""
    return replace(SETTINGS, publication=replace(SETTINGS.publication, **publication))


def per_feed(count: int, settings: Settings = SETTINGS) -> Settings:
    """Settings with shorter feeds."""
    return replace(settings, site=SiteSettings(per_feed=count))


def starter() -> jinja2.Environment:
    """The starter's templates."""
    return environment(starter_templates().parent)


def files_of(articles: Sequence[Article], settings: Settings = SETTINGS) -> dict[str, bytes]:
    """Every file of a site, by its name below the folder."""
    from sparkpub.core.site import site_of

    site = site_of(articles, settings, starter())
    return {output.file: output.render() for outputs in site.stages() for output in outputs}
