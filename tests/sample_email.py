"""One issue with everything an email may show, placed on its hundredth anniversary."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from PIL import Image as Picture
from PIL import ImageDraw

from sparkpub.adapters.templates import environment, starter_templates, theme_css
from sparkpub.core.article import Article, Neighbour
from sparkpub.core.email import render_edition
from sparkpub.core.model import (
    Anniversary,
    Asset,
    Calendar,
    Correction,
    Edition,
    Every,
    Image,
    Issue,
    Match,
    PrintedDate,
    Status,
)
from sparkpub.core.settings import Motto, PublicationSettings, SeriesSettings, Settings, WebSettings

ROOT = starter_templates().parent
"""A publication without templates of its own would do as well: these are the starter's."""

BASE_URL = "https://paper.example.org"

SETTINGS = Settings(
    publication=PublicationSettings(
        title="The Daily Centenary",
        base_url=BASE_URL,
        from_="The Daily Centenary <editor@paper.example.org>",
        postal_address="The Daily Centenary, 12 Printers’ Row, Exampleton EX1 1AA",
        tagline="This day, a hundred years on",
        motto=Motto(text="Yesterday’s paper, read with care.", attribution="the editors"),
    ),
    series={"calendars": SeriesSettings(title="How the Calendar Moved")},
    web=WebSettings(url=f"{BASE_URL}/mail"),
)

BODY = """\
On 24 January 1918, the Council of People's Commissars decided that Russia would keep its days "like almost all
cultured peoples" from the month's end on.[^decree] The 31st of January would be followed by the *14th* of February,
and [so the decree says] **thirteen days** would never be. The [decree](https://en.wikipedia.org/wiki/Old_Style) fits on
one page.

> The first day after 31 January of this year is to be counted not as 1 February but as 14 February; the second day
> is to be counted as the 15th, and so on.
>
> -- Decree on the Introduction of the Western European Calendar

## What was lost, and what was kept

::: pull
The first day after 31 January of this year is to be counted not as 1 February but as 14 February.
-- The decree
:::

Debts that fell due between the first and the thirteenth fell due between the fourteenth and the twenty-sixth. Until
July each date was to carry the other in brackets.

| Country | Last day | First day | Left out |
|---|---|---|---:|
| Italy | 4 October 1582 | 15 October 1582 | 10 |
| Great Britain | 2 September 1752 | 14 September 1752 | 11 |
| Russia | 31 January 1918 | 14 February 1918 | 13 |

![Two rows of squares, the second moved to the right](rows.png "The two reckonings, thirteen days apart.")

::: note Old Style, New Style
A paper printed in Petrograd on a Tuesday carries a date thirteen days behind one printed in Paris on the same
Tuesday; `O.S.` and `N.S.` tell them apart.
:::

### In short

1. Days are numbered anew.
2. Weekdays go on as they were:
   * Wednesday, then
   * Thursday.

---

A word may be long: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft.

[^decree]: Dated 24 January 1918; by the reckoning that it brings in, *6 February*.
"""


def drawing(width: int, height: int) -> bytes:
    """A picture made here."""
    picture = Picture.new("RGB", (width, height), "#e6dccb")
    pen = ImageDraw.Draw(picture)
    step = width // 16
    for row, (shade, shift) in enumerate((("#1f1d1a", 1), ("#8c1c13", 3))):
        top = height * (row + 1) // 3 - step // 2
        for column in range(11):
            left = step * (column + shift)
            pen.rectangle((left, top, left + step * 3 // 4, top + step * 3 // 4), fill=shade)
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def asset(name: str, width: int, height: int, mark: str) -> Asset:
    """A picture as the files' adapter reads it; `mark` stands for the hash of its content."""
    return Asset(
        name=f"{mark * 16}-{name}", data=drawing(width, height), media_type="image/png", width=width, height=height
    )


MEDIA = {"lead.png": asset("lead.png", 1040, 520, "a"), "rows.png": asset("rows.png", 700, 300, "b")}

FILES = {f"{BASE_URL}/media/{one.name}": (one.data, one.media_type) for one in MEDIA.values()}
"""What the browser is given at their addresses."""

ISSUE = Issue(
    id="thirteen-days",
    slug="thirteen-days",
    title="Thirteen Days That Never Were",
    status=Status.READY,
    language="en",
    body=BODY,
    body_line=12,
    path="issues/thirteen-days.md",
    source=BODY.encode(),
    content_hash="0123456789abcdef" * 4,
    kicker="A decree",
    summary="Russia goes to bed on a Wednesday, the last of January, and gets up on a Thursday, the fourteenth of "
    "February.",
    series="calendars",
    authors=("Ada Example", "Ben Sample"),
    image=Image(src="lead.png", alt="Two rows of days that do not meet", caption="Drawn for this issue."),
    footer="The decree is quoted in our own translation.",
    rule=Anniversary(
        of=PrintedDate(text="1918-01-24", year=1918, month=1, day=24),
        calendar=Calendar.RUSSIA,
        match=Match.NOMINAL,
        choice=Every(step=10),
        time=time(7),
        zone=UTC,
    ),
    corrections=(Correction(on=date(2018, 1, 26), text="An earlier text called the last of January a Tuesday."),),
)

_AT = datetime(2018, 1, 24, 7, tzinfo=UTC)

ARTICLE = Article(
    issue=ISSUE,
    number=100,
    on=date(2018, 1, 24),
    local=_AT,
    released_at=_AT,
    updated_at=_AT,
    entry_id="tag:paper.example.org,2018:thirteen-days/100",
    url=f"{BASE_URL}/issues/thirteen-days/100/",
    permalink=f"{BASE_URL}/issues/thirteen-days/",
    media=MEDIA,
    previous=Neighbour(
        title="Eleven Days in September", url=f"{BASE_URL}/issues/eleven-days/100/", on=date(2017, 9, 2)
    ),
)


def sample_article(**changes: Any) -> Article:
    """The sample with some keys of its issue changed."""
    return replace(ARTICLE, issue=replace(ISSUE, **changes))


def render_sample(article: Article = ARTICLE, settings: Settings = SETTINGS, folder: Path = ROOT) -> Edition:
    """The sample's edition, by the starter's theme unless the folder has another."""
    css = theme_css(folder, settings.email.theme)
    return render_edition(article, settings=settings, templates=environment(folder), css=css)
