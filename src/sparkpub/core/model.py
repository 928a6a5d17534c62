"""The nouns: every word the press speaks, as values that are complete at birth.

The first sentence of each class docstring is its definition in the glossary.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from typing import Literal


class Status(StrEnum):
    """What its editor says of an issue in its file: draft, ready or hold."""

    DRAFT = "draft"
    READY = "ready"
    HOLD = "hold"


class Calendar(StrEnum):
    """The calendar a source prints its dates in; a country's name means its change from Julian to Gregorian."""

    GREGORIAN = "gregorian"
    JULIAN = "julian"
    ITALY = "italy"
    FRANCE = "france"
    BRITAIN = "britain"
    RUSSIA = "russia"
    BULGARIA = "bulgaria"
    GREECE = "greece"
    HEBREW = "hebrew"
    ISLAMIC_CIVIL = "islamic-civil"


class Match(StrEnum):
    """Which day of a later year matches the event: as printed, converted to Gregorian, or in its own calendar."""

    NOMINAL = "nominal"
    CONVERTED = "converted"
    CALENDAR = "calendar"


class LeapDay(StrEnum):
    """What becomes of a day or month that a year lacks (RFC 7529 SKIP)."""

    BACKWARD = "backward"
    FORWARD = "forward"
    OMIT = "omit"


class Observance(StrEnum):
    """The custom that decides where a Hebrew date falls in a year of another shape."""

    YAHRZEIT = "yahrzeit"
    BIRTHDAY = "birthday"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedDate:
    """A date as its source prints it, in the source's own calendar, to the day or to the month.

    `month` counts from 1; for Hebrew it is the number of the CLDR code from Tishri (M01), and `is_leap_month`
    marks M05L, Adar I. `day` is None for month precision. `text` is what the file says, with its qualifier
    (`?` uncertain, `~` approximate, `%` both; EDTF).
    """

    text: str
    year: int
    month: int
    day: int | None
    is_leap_month: bool = False
    qualifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Years:
    """A choice of anniversaries by their numbers."""

    numbers: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A choice of each K-th anniversary."""

    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    """A choice of round anniversaries by Wikipedia's rule: from 100 every 25, below it every 10 and every 25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedDate:
    """A rule with one civil date."""

    on: date
    time: time
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Anniversary:
    """A rule that returns with the years of an event.

    `from_on` and `until_on` are both included. `day` speaks only where `of` has month precision.
    `observance` overrides `leap_day` and stands only beside the Hebrew calendar.
    """

    of: PrintedDate
    calendar: Calendar
    match: Match
    choice: Years | Every | Milestones
    time: time
    zone: tzinfo
    leap_day: LeapDay = LeapDay.BACKWARD
    observance: Observance | None = None
    day: int | Literal["first", "last"] = "first"
    from_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An issue due on one civil date, numbered: N for its N-th anniversary, 0 for a fixed date.

    `on` is the date the ledger keeps. `at` is the instant in UTC; `local` is the same instant in the rule's zone
    and may, in a daylight-saving gap, show another day. `why` explains each step that was not plain, in order.
    """

    number: int
    on: date
    at: datetime
    local: datetime
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture with the words that stand for it and under it."""

    src: str
    alt: str
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One dated line that says what was mended after release."""

    on: date
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One piece as its editor wrote it: one Markdown file with a permanent id.

    `body` is Markdown and begins in line `body_line` of `path` (relative to the publication). `source` is the
    whole file, `content_hash` its SHA-256 in hex. `rule` is None only for a draft or a held piece that has no
    date yet.
    """

    id: str
    slug: str
    title: str
    status: Status
    language: str
    body: str
    body_line: int
    path: str
    source: bytes = field(repr=False)
    content_hash: str
    kicker: str = ""
    summary: str = ""
    preheader: str = ""
    series: str = ""
    audience: str = "all"
    feed_id: str = ""
    aliases: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image: Image | None = None
    footer: str = ""
    rule: FixedDate | Anniversary | None = None
    corrections: tuple[Correction, ...] = ()
    allow: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that pages and emails show, named by its content.

    `name` is `<first 16 hex of SHA-256>-<cleaned original name>`; it is served at `/media/<name>`.
    `width` and `height` are in pixels, 0 where the format does not tell.
    """

    name: str
    data: bytes = field(repr=False)
    media_type: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """An issue rendered once, known by the SHA-256 of its content, the same for every reader.

    `html` and `text` are the two twins of the email, with sentinels where a reader's own values will stand.
    `subject` is plain text. `fields` are the personal fields its editor asks for (`core.personal.FieldUse.key`).
    """

    hash: str
    issue: Issue
    number: int
    subject: str
    html: str = field(repr=False)
    text: str = field(repr=False)
    assets: tuple[Asset, ...] = ()
    fields: tuple[str, ...] = ()
