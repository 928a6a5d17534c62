"""Occurrences as an iCalendar file (RFC 5545) that any calendar program can subscribe to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sparkpub.core.article import Article
from sparkpub.core.feeds import xml_safe
from sparkpub.core.links import host, issue_url
from sparkpub.core.model import Issue, Occurrence
from sparkpub.core.settings import Settings

_OCTETS = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarItem:
    """One occurrence as an event: `uid` is the same for ever, `at` the instant in UTC.

    `sequence` counts how often it changed since it was first told, `stamp` (UTC) says when it last did.
    """

    uid: str
    at: datetime
    stamp: datetime
    title: str
    description: str
    url: str
    categories: tuple[str, ...] = ()
    sequence: int = 0

    @classmethod
    def of(cls, issue: Issue, occurrence: Occurrence, *, settings: Settings, stamp: datetime) -> "CalendarItem":
        """An occurrence, released or not, with the steps that led to its date, as first told at `stamp`."""
        base_url = settings.publication.base_url
        return cls(
            uid=_uid(base_url, issue, occurrence.number),
            at=occurrence.at,
            stamp=stamp,
            title=_title(issue, occurrence.number),
            description="\n".join(part for part in (issue.summary, "; ".join(occurrence.why)) if part),
            url=issue_url(base_url, issue.slug),
            categories=_categories(issue, settings),
        )

    @classmethod
    def released(cls, article: Article, *, settings: Settings) -> "CalendarItem":
        """A release, at the instant it was made public; each correction is another revision of it."""
        issue = article.issue
        return cls(
            uid=_uid(settings.publication.base_url, issue, article.number),
            at=article.released_at,
            stamp=article.updated_at,
            sequence=len(issue.corrections),
            title=_title(issue, article.number),
            description=issue.summary,
            url=article.url,
            categories=_categories(issue, settings),
        )


def calendar_ics(items: Iterable[CalendarItem], *, title: str) -> bytes:
    """A calendar of these items in the order given."""
    return calendar_of(map(event_text, items), title=title)


def calendar_of(events: Iterable[str], *, title: str) -> bytes:
    """A calendar of events that are written already."""
    head = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//sparkpub//calendar//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(_line(title))}",
    )
    return "".join([_lines(head), *events, "END:VCALENDAR\r\n"]).encode()


def event_text(item: CalendarItem) -> str:
    """One event as it stands in a calendar: a point in time that keeps nobody's day from being free."""
    description, categories = xml_safe(item.description), [_text(_line(name)) for name in item.categories]
    return _lines(
        (
            "BEGIN:VEVENT",
            f"DTSTAMP:{_instant(item.stamp)}",
            f"SEQUENCE:{item.sequence}",
            f"UID:{_text(item.uid)}",
            f"DTSTART:{_instant(item.at)}",
            f"SUMMARY:{_text(_line(item.title))}",
            *([f"CATEGORIES:{','.join(categories)}"] if categories else []),
            *([f"DESCRIPTION:{_text(description)}"] if description else []),
            "TRANSP:TRANSPARENT",
            f"URL:{item.url}",
            "END:VEVENT",
        )
    )


def _lines(lines: Iterable[str]) -> str:
    """Lines as they stand in a file."""
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _instant(at: datetime) -> str:
    """An instant in UTC as RFC 5545, section 3.3.5, writes it."""
    return f"{at.year:04}{at.month:02}{at.day:02}T{at.hour:02}{at.minute:02}{at.second:02}Z"


def _text(words: str) -> str:
    """Words as a value of type TEXT (RFC 5545, section 3.3.11)."""
    return words.translate(_ESCAPES)


def _folded(line: str) -> str:
    """A line in pieces of at most 75 octets, the later ones behind a space (RFC 5545, section 3.1)."""
    if len(line) < _OCTETS and line.isascii():
        return line
    pieces: list[str] = []
    here, room = "", _OCTETS
    for character in line:
        size = len(character.encode())
        if size > room:
            pieces.append(here)
            here, room = "", _OCTETS - 1  # the space counts
        here += character
        room -= size
    return "\r\n ".join([*pieces, here])


def _uid(base_url: str, issue: Issue, number: int) -> str:
    return f"{issue.id}/{number}@{host(base_url)}"


def _title(issue: Issue, number: int) -> str:
    """`The Soviets Change Hands (100)`: a calendar shows nothing but this."""
    return f"{issue.title} ({number})" if number else issue.title


def _categories(issue: Issue, settings: Settings) -> tuple[str, ...]:
    series = settings.series.get(issue.series)
    return ((series.title,) if series else ()) + issue.tags


def _line(text: str) -> str:
    """Text on one line without control characters."""
    return " ".join(xml_safe(text).split())
