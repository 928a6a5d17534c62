"""Emails as pages to be looked at in a browser: articles with everything in them, and what is asked of any page."""

from dataclasses import replace
from datetime import date
from typing import Literal

from playwright.sync_api import Browser

from chromium import Scheme, opened, style_differences
from sample_email import BASE_URL, FILES, ISSUE, ROOT, SETTINGS, sample_article
from sparkpub.adapters.templates import environment, theme_css
from sparkpub.core.article import Article, Neighbour
from sparkpub.core.email import email_source
from sparkpub.core.inline import inline_css
from sparkpub.core.model import Anniversary, Calendar, PrintedDate
from sparkpub.core.sentinels import sentinels
from sparkpub.core.settings import Settings

THEMES = ["email", "letter"]
"""Those that the starter brings."""

Media = Literal["screen", "print"]
Look = tuple[int, Scheme, Media]

LOOKS: list[Look] = [
    (800, "light", "screen"),
    (800, "dark", "screen"),
    (360, "light", "screen"),
    (360, "dark", "screen"),
    (800, "light", "print"),
]
"""Width of the window, scheme of colours, and screen or paper."""

HEBREW = sample_article(
    language="he",
    title="שלושה עשר יום",
    body="טקסט ארוך.\n\n> ציטוט\n>\n> -- מישהו\n\n* אחד\n* שניים\n\n| א | ב |\n|---|--:|\n| 1 | 2 |",
)

OVERFLOWING = """() => [...document.querySelectorAll('body *')]
  .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .filter(element => !element.closest('.scroll'))
  .map(element => element.tagName + '.' + element.className)"""

# The contrast of every text with the first opaque ground behind it, by WCAG 2.
WORST_CONTRAST = """() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let worst = [21, ''];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length || element.tagName === 'STYLE') continue;
    let behind = element, ground;
    while (behind && !ground) {
      const found = parts(getComputedStyle(behind).backgroundColor);
      if (found.length < 4 || found[3] === 1) ground = found;
      behind = behind.parentElement;
    }
    const [light, dark] = [luminance(parts(getComputedStyle(element).color)), luminance(ground || [255, 255, 255])]
      .sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < worst[0]) worst = [ratio, element.outerHTML.slice(0, 120)];
  }
  return worst;
}"""


def leap_day(article: Article) -> Article:
    """The article as one of 29 February in a common year, with pieces before and after it and earlier releases."""
    rule = article.issue.rule
    assert isinstance(rule, Anniversary)
    printed = PrintedDate(text="2000-02-29", year=2000, month=2, day=29)
    rule = replace(rule, of=printed, calendar=Calendar.GREGORIAN)
    return replace(
        article,
        issue=replace(article.issue, rule=rule),
        number=18,
        on=date(2018, 2, 28),
        why=("29 Feb moved back",),
        next=Neighbour(title="The Missing Week", url=f"{BASE_URL}/issues/week/", on=date(2018, 3, 1)),
        earlier=tuple(
            Neighbour(title=ISSUE.title, url=f"{BASE_URL}/issues/{year}/", on=date(year, 2, 28))
            for year in (2010, 2014)
        ),
    )


def in_theme(theme: str) -> Settings:
    """The sample's settings with another theme."""
    return replace(SETTINGS, email=replace(SETTINGS.email, theme=theme))


def twins(article: Article, *, embeds: bool, theme: str = "") -> tuple[str, str]:
    """The email as a page with its rules in `<style>`, and inlined; with the embedded stylesheet or without."""
    source = email_source(
        article, settings=SETTINGS, templates=environment(ROOT), css=theme_css(ROOT, theme), marks=sentinels("x")
    )
    inlined = inline_css(source.html, source.css)
    styled = source.html.replace("<style data", f"<style>{source.css}</style><style data")
    return (styled, inlined) if embeds else (without_embedded(styled), without_embedded(inlined))


def without_embedded(html: str) -> str:
    """The page without the last stylesheet of its head."""
    before, _, rest = html.rpartition("<style")
    return before + rest.partition("</style>")[2]


def differences(browser: Browser, source: str, inlined: str, looks: list[Look]) -> list[str]:
    """Every style of every element in which two pages differ, in any of the looks."""
    found = []
    with opened(browser, source, files=FILES) as one, opened(browser, inlined, files=FILES) as other:
        for width, scheme, media in looks:
            for page in (one, other):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme, media=media)
            found += [f"{width} {scheme} {media}: {words}" for words in style_differences(one, other)]
    return found
