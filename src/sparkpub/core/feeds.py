"""What feeds say: entries, how many of them one document holds, and how the older documents are chained.

    articles ──entries──▶ Entry ──newest──▶ the current document      /feed.xml        at most 25 entries, 450 KB
                               └─sealed──▶ archive documents by year  /2017/feed.xml   RFC 5005, section 4

RSS 2.0 and Atom are written by `core.feedxml`, JSON Feed 1.1 here; all three from the same `Feed`.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from itertools import groupby

from sparkpub.core.enclosures import Enclosure
from sparkpub.core.links import absolute

MAX_BYTES = 450_000
"""A document of any of the three kinds is no longer than this."""

_HEAD_BYTES = 8_000  # room for everything in a document that is not an entry
_ENTRY_BYTES = 1_600  # room for an entry's tags, dates and repeated addresses
_YEAR = re.compile("[0-9]{4}")
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # the date of a feed that holds nothing yet

RSS, ATOM, JSON = "feed.xml", "atom.xml", "feed.json"
MEDIA_TYPES = {RSS: "application/rss+xml", ATOM: "application/atom+xml", JSON: "application/feed+json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One release as feeds show it: `html` is clean and whole with absolute addresses, the rest plain text.

    An entry whose `weighs` is set is told without its `html`: enough to say which document it belongs to.
    """

    id: str
    title: str
    url: str
    published_at: datetime
    updated_at: datetime
    summary: str
    html: str
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""
    image: str = ""
    weighs: int = 0
    enclosures: tuple[Enclosure, ...] = ()

    @property
    def headline(self) -> str:
        """The title as it can be written; its address where nothing can."""
        return xml_safe(self.title).strip() or self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed document, to be written in three kinds; `entries` newest first.

    `folder` is the path the documents stand in, `part` the number of this archive document in its year (from 1).
    `current` is the folder of the feed that people subscribe to, set in archive documents only; `previous` and
    `next` are the folder and part of the neighbouring archive documents. `hub` is the WebSub hub that tells
    subscribers at once; archive documents name none.
    """

    base_url: str
    folder: str
    title: str
    description: str
    home: str
    language: str
    author: str
    entries: tuple[Entry, ...]
    part: int = 1
    current: str = ""
    previous: tuple[str, int] | None = None
    next: tuple[str, int] | None = None
    hub: str = ""

    @property
    def updated_at(self) -> datetime:
        """When anything in it changed last; never the time of building."""
        return max((entry.updated_at for entry in self.entries), default=EPOCH)

    @property
    def id(self) -> str:
        """The id of the feed, shared by its archive documents (RFC 5005): the address that people subscribe to."""
        return absolute(self.base_url, (self.current or self.folder) + ATOM)

    @property
    def home_url(self) -> str:
        """The address of the page that the feed belongs to."""
        return absolute(self.base_url, self.home)

    def path(self, kind: str) -> str:
        """The path of this document in one of the three kinds."""
        return document_path(self.folder, self.part, kind)

    def url(self, kind: str) -> str:
        """The address of this document in one of the three kinds."""
        return absolute(self.base_url, self.path(kind))

    def chain(self, kind: str) -> dict[str, str]:
        """Addresses of the neighbouring documents by RFC 5005 link relation."""
        found = {}
        if self.current:
            found["current"] = absolute(self.base_url, self.current + kind)
        if self.previous:
            found["prev-archive"] = absolute(self.base_url, document_path(*self.previous, kind))
        if self.next:
            found["next-archive"] = absolute(self.base_url, document_path(*self.next, kind))
        return found


def document_path(folder: str, part: int, kind: str) -> str:
    """`/2017/feed.xml`, and `/2017/feed-2.xml` for the second document of a full year."""
    stem, _, ending = kind.partition(".")
    return f"{folder}{stem}{'' if part == 1 else f'-{part}'}.{ending}"


def current_feeds(files: Iterable[str]) -> list[str]:
    """Those of the files of a site that are feeds which people subscribe to: no archive documents."""
    found = []
    for name in files:
        *folders, last = name.split("/")
        is_archive = bool(folders) and _YEAR.fullmatch(folders[-1]) and len(folders) in {1, 3}
        if last in MEDIA_TYPES and not is_archive:
            found.append(name)
    return found


def xml_safe(text: str) -> str:
    """Text without the characters that XML 1.0 cannot carry: most controls, lone surrogates, two non-characters.

    Line ends become line feeds, as an XML parser would make them.
    """
    if text.replace("\n", "").isprintable():  # most are, and it is far quicker to ask
        return text
    return _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


text_of_entry = lru_cache(maxsize=128)(xml_safe)
"""`xml_safe` for texts that all three kinds of a document ask for."""


def weight(entry: Entry) -> int:
    """How many bytes an entry takes at most, whatever the kind of document."""
    if entry.weighs:
        return entry.weighs
    texts = map(xml_safe, (entry.html, entry.summary, entry.title, *entry.authors, *entry.tags))
    return sum(map(_bytes, texts)) + 3 * (len(entry.url) + len(entry.id)) + _ENTRY_BYTES


def _bytes(text: str) -> int:
    """How many bytes a text takes, escaped for XML or for JSON, whichever is more."""
    in_xml = 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))
    in_json = sum(map(text.count, '"\\\n\t')) + len('""')
    return len(text.encode("utf-8", "replace")) + max(in_xml, in_json)


def is_too_long(weighs: int) -> bool:
    """Whether an entry of that weight would fill a feed alone."""
    return weighs > MAX_BYTES - _HEAD_BYTES


def fitting(entry: Entry) -> Entry:
    """The entry itself, or where its text alone would fill a feed, its summary with a link to the page."""
    if not is_too_long(weight(entry)):
        return entry
    short = entry.summary[:2000]
    link = f'<p><a href="{escape(entry.url)}">{escape(entry.title[:300])}</a></p>'
    return replace(entry, html=f"<p>{escape(short)}</p>{link}", summary=short, title=entry.title[:300], weighs=0)


def newest(entries: Iterable[Entry], per_feed: int) -> tuple[Entry, ...]:
    """The entries of the current document, newest first: as many as its two limits allow, at least one."""
    chosen: list[Entry] = []
    room = MAX_BYTES - _HEAD_BYTES
    for entry in map(fitting, sorted(entries, key=lambda e: e.published_at, reverse=True)):
        room -= weight(entry)
        if len(chosen) == max(per_feed, 1) or (chosen and room < 0):
            break
        chosen.append(entry)
    return tuple(chosen)


def sealed(entries: Iterable[Entry], per_feed: int) -> list[tuple[int, int, tuple[Entry, ...]]]:
    """(year, part, entries newest first) of each archive document, oldest first.

    A part is sealed when it is full or a later year has begun, and changes afterwards only by a correction. What no
    part holds yet is always fewer than the current document holds, so that current and archive together are whole.
    """
    parts: list[tuple[int, int, tuple[Entry, ...]]] = []
    ordered = sorted(map(fitting, entries), key=lambda e: e.published_at, reverse=True)[::-1]
    for year, group in groupby(ordered, key=lambda e: e.published_at.year):
        open_: list[Entry] = []
        part, room = 1, MAX_BYTES - _HEAD_BYTES
        for entry in group:
            size = weight(entry)
            if open_ and (len(open_) == max(per_feed, 1) or size > room):
                parts.append((year, part, tuple(reversed(open_))))
                open_, part, room = [], part + 1, MAX_BYTES - _HEAD_BYTES
            open_.append(entry)
            room -= size
        parts.append((year, part, tuple(reversed(open_))))
    return parts[:-1]


def chained(feed: Feed, entries: Sequence[Entry], per_feed: int) -> list[Feed]:
    """The current document of a feed, then its archive documents, oldest first, each knowing its neighbours.

    `feed` gives everything but the entries; archive documents stand in `<folder><year>/`.
    """
    parts = sealed(entries, per_feed)
    places = [(f"{feed.folder}{year:04}/", part) for year, part, _ in parts]
    around = [None, *places, None]
    archives = [
        replace(
            feed,
            folder=folder,
            part=part,
            entries=held,
            current=feed.folder,
            hub="",
            previous=around[index],
            next=around[index + 2],
        )
        for index, ((folder, part), (_, _, held)) in enumerate(zip(places, parts, strict=True))
    ]
    current = replace(feed, entries=newest(entries, per_feed), previous=places[-1] if places else None)
    return [current, *archives]


def json_feed(feed: Feed) -> bytes:
    """The feed as JSON Feed 1.1; `next_url` leads to older entries."""
    older = feed.chain(JSON).get("prev-archive")
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home_url,
        "feed_url": feed.url(JSON),
        "description": feed.description,
        **({"next_url": older} if older else {}),
        **({"hubs": [{"type": "WebSub", "url": feed.hub}]} if feed.hub else {}),
        "authors": [{"name": feed.author}],
        "language": feed.language,
        "items": [_json_item(entry, feed) for entry in feed.entries],
    }
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return (xml_safe(text) + "\n").encode()


def _json_item(entry: Entry, feed: Feed) -> dict[str, object]:
    """One entry; keys without a value are left out."""
    item: dict[str, object] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.headline,
        "summary": xml_safe(entry.summary),
        "content_html": text_of_entry(entry.html),
        "date_published": entry.published_at.isoformat(),
        "date_modified": entry.updated_at.isoformat(),
        "authors": [{"name": xml_safe(name)} for name in entry.authors],
        "tags": [xml_safe(tag) for tag in entry.tags],
        "image": entry.image,
        "language": entry.language if entry.language != feed.language else "",
        "attachments": [
            {"url": one.url, "mime_type": one.media_type, "size_in_bytes": one.length} for one in entry.enclosures
        ],
    }
    return {key: value for key, value in item.items() if value}
