"""RSS 2.0 and Atom through feedgen, with what feedgen 1.0 leaves out put right.

It drops rel and type of entry links, prepends entries, takes the last link of any relation as RSS link, stamps the
time of building and gives up at a control character: here every date is pinned, text is cleaned first, and a pair of
extensions writes the rest. feedgen sets the locale while it writes dates, so call this from one thread only.
"""

from html import escape

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from sparkpub.core.feeds import ATOM, MEDIA_TYPES, RSS, Entry, Feed, text_of_entry, xml_safe

_ATOM_NS = "http://www.w3.org/2005/Atom"
_DC_NS = "http://purl.org/dc/elements/1.1/"
_HISTORY_NS = "http://purl.org/syndication/history/1.0"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_HOME = "https://pypi.org/project/sparkpub/"


class _FeedParts(BaseExtension):  # type: ignore[misc] # feedgen has no types
    """What feedgen cannot write of a feed: archive links and the mark of an archive (RFC 5005)."""

    feed: Feed
    kind: str

    def extend_ns(self) -> dict[str, str]:
        """Declare the prefixes that are used once, at the root."""
        archive = {"fh": _HISTORY_NS} if self.feed.current else {}
        return archive | ({"dc": _DC_NS} if self.kind == RSS else {})

    def extend_atom(self, atom_feed: etree._Element) -> etree._Element:
        """Only the mark: the archive links of Atom are plain links."""
        if self.feed.current:
            etree.SubElement(atom_feed, f"{{{_HISTORY_NS}}}archive")
        return atom_feed

    def extend_rss(self, rss_feed: etree._Element) -> etree._Element:
        """The mark, and the hub and the archive links as Atom links, which RSS borrows."""
        channel = rss_feed[0]
        if self.feed.hub:
            etree.SubElement(channel, f"{{{_ATOM_NS}}}link", rel="hub", href=self.feed.hub)
        for rel, href in self.feed.chain(RSS).items():
            etree.SubElement(channel, f"{{{_ATOM_NS}}}link", rel=rel, href=href, type=MEDIA_TYPES[RSS])
        if self.feed.current:
            etree.SubElement(channel, f"{{{_HISTORY_NS}}}archive")
        return rss_feed


class _EntryParts(BaseEntryExtension):  # type: ignore[misc] # feedgen has no types
    """What feedgen cannot write of an entry: link relations, authors without an address, its own language."""

    entry: Entry
    feed: Feed

    def extend_atom(self, entry: etree._Element) -> etree._Element:
        """Mend the link and name a language that differs from the feed's."""
        for link in entry.findall("link"):
            link.set("rel", "alternate")
            link.set("type", "text/html")
        for one in self.entry.enclosures:
            link = etree.SubElement(entry, "link", rel="enclosure", href=one.url, type=one.media_type)
            link.set("length", str(one.length))
        if self.entry.language and self.entry.language != self.feed.language:
            entry.set(_XML_LANG, self.entry.language)
        return entry

    def extend_rss(self, item: etree._Element) -> etree._Element:
        """Authors as dc:creator, since RSS's own author wants an email address, and when it was corrected."""
        for name in self.entry.authors or (self.feed.author,):
            etree.SubElement(item, f"{{{_DC_NS}}}creator").text = xml_safe(name)
        if self.entry.updated_at != self.entry.published_at:
            etree.SubElement(item, f"{{{_ATOM_NS}}}updated").text = self.entry.updated_at.isoformat()
        for one in self.entry.enclosures[:1]:  # RSS readers expect one at most
            etree.SubElement(item, "enclosure", url=one.url, length=str(one.length), type=one.media_type)
        return item


def rss(feed: Feed) -> bytes:
    """The feed as RSS 2.0 with content:encoded, dc:creator and an Atom self link."""
    written: bytes = _generator(feed, RSS).rss_str(pretty=True)
    return written


def atom(feed: Feed) -> bytes:
    """The feed as Atom (RFC 4287)."""
    written: bytes = _generator(feed, ATOM).atom_str(pretty=True)
    return written


def _as_html(text: str) -> str:
    """Plain text for a description of RSS, which is HTML (RSS 2.0, "Elements of <item>")."""
    return escape(xml_safe(text), quote=False)


def _generator(feed: Feed, kind: str) -> FeedGenerator:
    """A feedgen feed with nothing left to its defaults."""
    made = FeedGenerator()
    made.register_extension("sparkpub", _FeedParts, _EntryParts)
    made.sparkpub.feed, made.sparkpub.kind = feed, kind
    made.id(feed.id)
    made.title(xml_safe(feed.title).strip() or feed.home_url)
    made.subtitle(xml_safe(feed.description))
    made.description(_as_html(feed.description) or feed.home_url)
    made.author(name=xml_safe(feed.author))
    made.language(feed.language)
    made.generator("sparkpub", uri=_HOME)
    made.docs("https://www.rssboard.org/rss-specification")
    made.updated(feed.updated_at)
    made.lastBuildDate(feed.updated_at)
    made.link(href=feed.url(kind), rel="self", type=MEDIA_TYPES[kind])
    if kind == ATOM:
        if feed.hub:
            made.link(href=feed.hub, rel="hub")
        for rel, href in feed.chain(kind).items():
            made.link(href=href, rel=rel, type=MEDIA_TYPES[kind])
    made.link(href=feed.home_url, rel="alternate", type="text/html")  # last: feedgen makes it the RSS link
    for entry in feed.entries:
        _add(made, feed, entry)
    return made


def _add(made: FeedGenerator, feed: Feed, entry: Entry) -> None:
    """Append one entry."""
    added = FeedEntry()
    made.add_entry(added, order="append")
    added.sparkpub.entry, added.sparkpub.feed = entry, feed
    added.id(xml_safe(entry.id))
    added.title(entry.headline)
    added.link(href=entry.url, rel="alternate", type="text/html")
    added.published(entry.published_at)
    added.updated(entry.updated_at)
    summary = xml_safe(entry.summary) or entry.headline
    added.summary(_as_html(summary) if made.sparkpub.kind == RSS else summary)
    added.content(text_of_entry(entry.html), type="html")
    for name in entry.authors:
        added.author(name=xml_safe(name))
    for tag in entry.tags:
        added.category(term=xml_safe(tag))
