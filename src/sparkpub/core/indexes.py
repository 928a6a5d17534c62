"""What points to everything else: the sitemap, the list of feeds, robots.txt and the search index."""

import json
from collections.abc import Iterable
from html import escape

from sparkpub.core.cards import Card, Link
from sparkpub.core.feeds import ATOM, xml_safe
from sparkpub.core.links import relative

MAX_IN_SITEMAP = 50_000
"""Addresses that one sitemap may hold (sitemaps.org); it stays far below its 50 MB then."""

_LINE_ENDS = {9: "&#9;", 10: "&#10;", 13: "&#13;"}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def sitemap(pages: Iterable[tuple[str, str]]) -> bytes:
    """The sitemap (sitemaps.org 0.9) of (address, day of the last change or "")."""
    rows = [
        f"<url><loc>{_text(address)}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</url>\n"
        for address, day in pages
    ]
    head = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return (_DECLARATION + head + "".join(rows) + "</urlset>\n").encode()


def sitemap_index(maps: Iterable[str]) -> bytes:
    """The sitemap of sitemaps, given by their addresses."""
    rows = [f"<sitemap><loc>{_text(address)}</loc></sitemap>\n" for address in maps]
    head = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return (_DECLARATION + head + "".join(rows) + "</sitemapindex>\n").encode()


def opml(title: str, feeds: Iterable[Link]) -> bytes:
    """The feeds, given as (title, address of their page), as OPML 2.0, whose texts are HTML, for feed readers."""
    rows = [
        f'<outline type="rss" text={text} title={text} xmlUrl={_attribute(address + ATOM)} '
        f"htmlUrl={_attribute(address)}/>\n"
        for text, address in ((_attribute(_text(xml_safe(words))), address) for words, address in feeds)
    ]
    head = f'<opml version="2.0">\n<head><title>{_text(xml_safe(title))}</title></head>\n<body>\n'
    return (_DECLARATION + head + "".join(rows) + "</body>\n</opml>\n").encode()


def robots(sitemap_url: str) -> bytes:
    """Everyone may read everything, and here is the map."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {sitemap_url}\n".encode()


def search_row(card: Card) -> str:
    """Title, summary, link from the search page, date and further words of a piece, as compact JSON."""
    words = [card.kicker, card.event, card.series[0] if card.series else "", *card.article.issue.tags]
    row = [card.title, card.summary, relative("/search/", card.path), card.date, " ".join(filter(None, words))]
    return xml_safe(json.dumps(row, ensure_ascii=False, separators=(",", ":")))


def search_index(rows: Iterable[str]) -> bytes:
    """The search index of rows that `search_row` made."""
    return f"[{','.join(rows)}]\n".encode()


def _text(words: str) -> str:
    """Words as the text of an element."""  # xml.sax.saxutils would do, and imports half of the library's network
    return escape(words, quote=False)


def _attribute(value: str) -> str:
    """A value as an attribute, in its quotes."""
    return f'"{escape(value).translate(_LINE_ENDS)}"'
