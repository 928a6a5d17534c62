"""What points to everything else: the sitemap, the list of feeds, robots.txt and the search index."""

import json
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from sparkpub.core.cards import Card, Link
from sparkpub.core.feeds import ATOM, xml_safe
from sparkpub.core.links import relative

MAX_IN_SITEMAP = 50_000
"""Addresses that one sitemap may hold (sitemaps.org); it stays far below its 50 MB then."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def sitemap(pages: Iterable[tuple[str, str]]) -> bytes:
    """The sitemap (sitemaps.org 0.9) of (address, day of the last change or "")."""
    rows = [
        f"<url><loc>{escape(address)}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</url>\n"
        for address, day in pages
    ]
    head = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return (_DECLARATION + head + "".join(rows) + "</urlset>\n").encode()


def sitemap_index(maps: Iterable[str]) -> bytes:
    """The sitemap of sitemaps, given by their addresses."""
    rows = [f"<sitemap><loc>{escape(address)}</loc></sitemap>\n" for address in maps]
    head = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return (_DECLARATION + head + "".join(rows) + "</sitemapindex>\n").encode()


def opml(title: str, feeds: Iterable[Link]) -> bytes:
    """The feeds, given as (title, address of their page), as OPML 2.0, whose texts are HTML, for feed readers."""
    rows = [
        f'<outline type="rss" text={text} title={text} xmlUrl={quoteattr(address + ATOM)} '
        f"htmlUrl={quoteattr(address)}/>\n"
        for text, address in ((quoteattr(escape(xml_safe(words))), address) for words, address in feeds)
    ]
    head = f'<opml version="2.0">\n<head><title>{escape(xml_safe(title))}</title></head>\n<body>\n'
    return (_DECLARATION + head + "".join(rows) + "</body>\n</opml>\n").encode()


def robots(sitemap_url: str) -> bytes:
    """Everyone may read everything, and here is the map."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {sitemap_url}\n".encode()


def search_index(cards: Iterable[Card]) -> bytes:
    """Title, summary, link from the search page, date and further words of each piece, as compact JSON."""
    rows = [
        [
            card.title,
            card.summary,
            relative("/search/", card.path),
            card.date,
            " ".join(
                filter(None, [card.kicker, card.event, card.series[0] if card.series else "", *card.article.issue.tags])
            ),
        ]
        for card in cards
    ]
    return (xml_safe(json.dumps(rows, ensure_ascii=False, separators=(",", ":"))) + "\n").encode()
