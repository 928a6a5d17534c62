"""Occurrences as an iCalendar file (RFC 5545) that any calendar program can subscribe to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from icalendar import Calendar, Event

from sparkpub.core.article import Article
from sparkpub.core.feeds import xml_safe
from sparkpub.core.links import host, issue_url
from sparkpub.core.model import Issue, Occurrence
from sparkpub.core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarItem:
    """One occurrence as an event: `uid` is the same for ever, `at` the instant in UTC."""

    uid: str
    at: datetime
    title: str
    description: str
    url: str
    categories: tuple[str, ...] = ()

    @classmethod
    def of(cls, issue: Issue, occurrence: Occurrence, *, why: Iterable[str], settings: Settings) -> "CalendarItem":
        """An occurrence, released or not, with the steps that led to its date."""
        base_url = settings.publication.base_url
        return cls(
            uid=_uid(base_url, issue, occurrence.number),
            at=occurrence.at,
            title=_title(issue, occurrence.number),
            description="\n".join(part for part in (issue.summary, "; ".join(why)) if part),
            url=issue_url(base_url, issue.slug),
            categories=_categories(issue, settings),
        )

    @classmethod
    def released(cls, article: Article, *, settings: Settings) -> "CalendarItem":
        """A release, at the instant it was made public."""
        issue = article.issue
        return cls(
            uid=_uid(settings.publication.base_url, issue, article.number),
            at=article.released_at,
            title=_title(issue, article.number),
            description=issue.summary,
            url=article.url,
            categories=_categories(issue, settings),
        )


def calendar_ics(items: Iterable[CalendarItem], *, title: str, stamp: datetime) -> bytes:
    """A calendar of these items in the order given; `stamp` (UTC) says as of when it holds."""
    calendar = Calendar()
    calendar.add("prodid", "-//sparkpub//calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _line(title))
    for item in items:
        calendar.add_component(_event(item, stamp))
    written: bytes = calendar.to_ical()
    return written


def _event(item: CalendarItem, stamp: datetime) -> Event:
    """One event: a point in time that keeps nobody's day from being free."""
    event = Event()
    event.add("uid", item.uid)
    event.add("dtstamp", stamp)
    event.add("dtstart", item.at)
    event.add("summary", _line(item.title))
    if item.description:
        event.add("description", xml_safe(item.description))
    event.add("url", item.url)
    if item.categories:
        event.add("categories", [_line(name) for name in item.categories])
    event.add("transp", "TRANSPARENT")
    return event


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
