"""The keys of an issue's front matter: what each is for and what it may hold, as documents and editors are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sparkpub.core.model import Calendar, LeapDay, Match, Observance, Status

_SLUG = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,63}$"}
_LINE = {"type": "string", "maxLength": 500, "pattern": "^[^\\r\\n]*$"}
_PROSE = {"type": "string", "maxLength": 5000}
_LINES = {"type": "array", "items": _LINE}
_DATE = {"type": "string", "format": "date"}
_TIME = {"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of front matter: its line in the reference and the JSON Schema of its value."""

    name: str
    summary: str
    schema: Mapping[str, Any] = field(default_factory=dict)

    def as_schema(self) -> dict[str, Any]:
        """The JSON Schema of the value, described."""
        return {**self.schema, "description": self.summary}


def _choice(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


IMAGE_KEYS = (
    Key(name="src", summary="The picture: relative to the file, or /… from static/.", schema=_LINE),
    Key(name="alt", summary="What the picture shows, for those who do not see it.", schema=_PROSE),
    Key(name="caption", summary="The words under the picture.", schema=_PROSE),
)

ANNIVERSARY_KEYS = (
    Key(
        name="of",
        summary="The date of the event as its source prints it; 1917-09 or 1917-09-XX knows the month only; "
        "a trailing ?, ~ or % is kept for display; Hebrew months by CLDR code, 5774-M05L-05.",
        schema={"type": "string", "pattern": "^-?\\d{1,5}-(\\d{2}|M\\d{2}L?)(-(\\d{2}|XX))?[?~%]?$"},
    ),
    Key(
        name="calendar",
        summary="The calendar it is printed in; a country's name means its change from Julian to Gregorian.",
        schema=_choice(*Calendar),
    ),
    Key(
        name="match",
        summary="Which day of a later year matches: the printed one, its Gregorian one, or that of its own calendar.",
        schema=_choice(*Match),
    ),
    Key(
        name="years",
        summary="Which anniversaries, by number: [100]. One of years, every and milestones is required.",
        schema={"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
    ),
    Key(name="every", summary="Every K-th anniversary.", schema={"type": "integer", "minimum": 1}),
    Key(
        name="milestones",
        summary="wikipedia: from 100 every 25 years, below it every 10 and every 25.",
        schema=_choice("wikipedia"),
    ),
    Key(name="leap_day", summary="What becomes of a day or month that a year lacks.", schema=_choice(*LeapDay)),
    Key(
        name="observance",
        summary="The custom by which a Hebrew date falls in a year of another shape; overrides leap_day.",
        schema=_choice(*Observance),
    ),
    Key(
        name="day",
        summary="The day of the month, where `of` knows the month only.",
        schema={"anyOf": [_choice("first", "last"), {"type": "integer", "minimum": 1, "maximum": 31}]},
    ),
    Key(name="time", summary="The time of day, HH:MM; default: the publication's.", schema=_TIME),
    Key(name="zone", summary="The IANA zone of that time; default: the publication's.", schema={"type": "string"}),
    Key(name="from", summary="The first date on which it may fall.", schema=_DATE),
    Key(name="until", summary="The last date on which it may fall.", schema=_DATE),
)


def _table(keys: tuple[Key, ...], *required: str) -> dict[str, Any]:
    """The JSON Schema of a table of keys."""
    properties = {key.name: key.as_schema() for key in keys}
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": list(required)} if required else schema


ISSUE_KEYS = (
    Key(name="id", summary="Permanent and unique; a renamed file is the same issue.", schema=_SLUG),
    Key(name="title", summary="The headline, and the subject of the mail.", schema=_LINE),
    Key(name="slug", summary="The name in addresses; default: the id.", schema=_SLUG),
    Key(name="kicker", summary="A short line above the title.", schema=_LINE),
    Key(name="summary", summary="One or two sentences for feeds, and the preheader.", schema=_PROSE),
    Key(name="preheader", summary="What an inbox shows after the subject; default: the summary.", schema=_PROSE),
    Key(name="status", summary="draft is written, ready may be queued, hold waits.", schema=_choice(*Status)),
    Key(name="series", summary="The series it belongs to, a [series.ID] of the settings.", schema=_SLUG),
    Key(name="audience", summary="Who gets it: all, or an [audience.NAME] of the settings.", schema=_LINE),
    Key(name="feed_id", summary="The id of its feed entry, for a piece that moved in from elsewhere.", schema=_LINE),
    Key(name="aliases", summary="Old addresses that lead here: [/old/url/].", schema=_LINES),
    Key(name="authors", summary="Who wrote it, one name an item.", schema=_LINES),
    Key(name="tags", summary="Tags, each with a page and feeds.", schema=_LINES),
    Key(name="language", summary="Its language (BCP 47); default: the publication's.", schema=_LINE),
    Key(name="image", summary="The lead picture.", schema=_table(IMAGE_KEYS, "src")),
    Key(name="footer", summary="Words under the piece, in mail and on its page.", schema=_PROSE),
    Key(
        name="release",
        summary="A fixed date, with a time or without: 2026-12-01 07:00.",
        schema={"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}([ T]\\d{1,2}:\\d{2}(:\\d{2})?)?$"},
    ),
    Key(name="zone", summary="The IANA zone of release; default: the publication's.", schema={"type": "string"}),
    Key(
        name="anniversary",
        summary="The rule by which it returns; any key but `of` may come from the series.",
        schema=_table(ANNIVERSARY_KEYS),
    ),
    Key(
        name="corrections",
        summary='What was mended after release, dated: ["2017-09-06: …"].',
        schema={"type": "array", "items": {"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}: "}},
    ),
    Key(
        name="allow",
        summary="Lints that do not count here, each with its reason: [SPK012: why].",
        schema={"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object"}]}},
    ),
)


def issue_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of front matter, for text editors."""
    schema = _table(ISSUE_KEYS, "id", "title")
    ready = {"properties": {"status": {"const": "ready"}}, "required": ["status"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The front matter of a sparkpub issue",
        **schema,
        "not": {"required": ["release", "anniversary"]},
        "if": ready,
        "then": {"anyOf": [{"required": ["release"]}, {"required": ["anniversary"]}, {"required": ["series"]}]},
    }
