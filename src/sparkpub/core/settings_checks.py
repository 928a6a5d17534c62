"""What types cannot say of `sparkpub.toml`: which texts are addresses, durations, colours, and what needs what."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any

from sparkpub.core.canary import canary_size
from sparkpub.core.checks import (
    address_fault,
    colour_fault,
    host_fault,
    imap_fault,
    language_fault,
    line_fault,
    mailbox_fault,
    parse_date,
    parse_time,
    prose_fault,
    sender_fault,
    shown,
    slug_fault,
    suggestion,
    url_fault,
)
from sparkpub.core.durations import seconds
from sparkpub.core.model import Calendar, LeapDay, Match, Observance

Place = tuple[str, ...]
Check = Callable[[Any], str]

_MOST_ENTRIES = 25
_MOST_CONNECTIONS = 200
_LAST_PORT = 65_535
_LONGEST_MONTH = 31
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RELEASE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}/[0-9]{1,4}")
_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_FONTS = re.compile(r"[^;{}<>\\\x00-\x1f]{1,200}")
_SOURCE_FOLDERS = frozenset({".git", "issues", "templates", "static", "var"})
_CHOICES = ("years", "every", "milestones")


def value_faults(data: Mapping[str, Any], zone_names: Collection[str]) -> Iterator[tuple[Place, str]]:
    """Each fault of a value as its place and `what is wrong; cure`; values of a wrong type are passed over."""
    for pattern, check in {**_CHECKS, **_zone_checks(zone_names)}.items():
        for place, value in _found(data, pattern):
            if fault := check(value):
                yield place, fault
    yield from _names(data)
    yield from _relations(data)
    yield from _second_key(data)


def _text(check: Check) -> Check:
    """A check of a text that may be left empty."""
    return lambda value: check(value) if isinstance(value, str) and value else ""


def _required(check: Check) -> Check:
    """A check of a text that may not be empty."""

    def checked(value: object) -> str:
        if not isinstance(value, str):
            return ""
        return check(value) if value.strip() else "it is empty; write it, or delete the line"

    return checked


def _parsed(parse: Callable[[str], object]) -> Check:
    """A check of a text that a parser must take."""

    def checked(value: str) -> str:
        try:
            parse(value)
        except ValueError as error:
            return str(error)
        return ""

    return _text(checked)


def _word_of(options: type[StrEnum]) -> Check:
    """A check of a word of an enumeration."""
    return _text(lambda value: "" if value in set(options) else f"{shown(value)} is none; {suggestion(value, options)}")


def _each(check: Check) -> Check:
    """A check of every item of a list; the first fault counts."""
    return lambda value: next(filter(None, map(check, value)), "") if isinstance(value, list) else ""


def _number(least: float, most: float, cure: str) -> Check:
    """A check of a number's bounds, both included."""

    def checked(value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ""
        is_sound = math.isfinite(value) and least <= value <= most
        return "" if is_sound else f"{value} is out of bounds; {cure}"

    return checked


def _shape(pattern: re.Pattern[str], cure: str) -> Check:
    """A check of a text's form."""
    return _text(lambda value: "" if pattern.fullmatch(value) else f"{shown(value)} will not do; {cure}")


def _positive_duration(value: str) -> int:
    length = seconds(value)
    if not length:
        raise ValueError(f"{shown(value)} is no time at all; write it like 24h or 7d")
    return length


def _path_fault(value: str) -> str:
    """A path that stays in the publication."""
    parts = value.replace("\\", "/").split("/")
    if value.startswith(("/", "~")) or ".." in parts or line_fault(value):
        return f"{shown(value)} leaves the publication; write a path below it"
    return ""


def _out_fault(value: str) -> str:
    """The folder that the site is built into: below the publication, and none that holds its sources."""
    first = value.strip("./").split("/")[0]
    if first in _SOURCE_FOLDERS or not first:
        return f"{shown(value)} holds the publication itself; write for example public"
    return _path_fault(value)


def _ledger_fault(value: str) -> str:
    """The address of a ledger."""
    if value.startswith(("sqlite:///", "postgresql://", "postgres://")) and not line_fault(value):
        return ""
    return f"{shown(value.partition(':')[0])} is no ledger; write sqlite:///var/ledger.db or postgresql://…"


def _listen_fault(value: str) -> str:
    """A host and a port."""
    host, _, port = value.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,9}", port):
        return f"{shown(value)} has no port; write it like 127.0.0.1:8025"
    if not 0 < int(port) <= _LAST_PORT:
        return f"the port {port} is out of range; write 1 to {_LAST_PORT}, like 127.0.0.1:8025"
    return host_fault(host.strip("[]"))


def _day_fault(value: object) -> str:
    """The day that stands for a month."""
    is_sound = value in ("", "first", "last") or (isinstance(value, str) and value.isdecimal())
    day = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(day, int) and not isinstance(day, bool):
        is_sound = 1 <= day <= _LONGEST_MONTH
    return "" if is_sound or not isinstance(value, str | int) else f"{value!r} is no day; write first, last or 1 to 31"


_POSITIVE = _number(1e-6, 1e9, "write a number above 0")
_COUNT = _number(1, 1e9, "write a whole number from 1")
_DURATION, _LENGTH = _parsed(seconds), _required(_parsed(_positive_duration))

_CHECKS: Mapping[Place, Check] = {
    ("publication", "title"): _required(line_fault),
    ("publication", "tagline"): _text(line_fault),
    ("publication", "motto", "text"): _required(prose_fault),
    ("publication", "motto", "attribution"): _text(line_fault),
    ("publication", "base_url"): _required(url_fault),
    ("publication", "from"): _required(mailbox_fault),
    ("publication", "reply_to"): _text(mailbox_fault),
    ("publication", "postal_address"): _required(prose_fault),
    ("publication", "language"): _required(language_fault),
    ("publication", "list_id"): _shape(_LIST_ID, "write it like news.example.org"),
    ("schedule", "time"): _required(_parsed(parse_time)),
    ("schedule", "digest_time"): _required(_parsed(parse_time)),
    ("schedule", "grace"): _LENGTH,
    ("schedule", "max_gap"): _LENGTH,
    ("schedule", "min_spacing"): _required(_DURATION),
    ("series", "*", "title"): _required(line_fault),
    ("series", "*", "intro"): _text(prose_fault),
    ("series", "*", "calendar"): _word_of(Calendar),
    ("series", "*", "match"): _word_of(Match),
    ("series", "*", "leap_day"): _word_of(LeapDay),
    ("series", "*", "observance"): _word_of(Observance),
    ("series", "*", "milestones"): _shape(re.compile("wikipedia"), "write wikipedia"),
    ("series", "*", "years"): _each(_COUNT),
    ("series", "*", "every"): _COUNT,
    ("series", "*", "day"): _day_fault,
    ("series", "*", "time"): _parsed(parse_time),
    ("series", "*", "from"): _parsed(parse_date),
    ("series", "*", "until"): _parsed(parse_date),
    ("audience", "*", "language"): _each(_required(language_fault)),
    ("audience", "*", "received"): _shape(_RELEASE, "write it like ISSUE/100"),
    ("audience", "*", "added_from"): _parsed(parse_date),
    ("audience", "*", "added_until"): _parsed(parse_date),
    ("site", "out"): _required(_out_fault),
    ("site", "per_feed"): _number(1, _MOST_ENTRIES, f"write 1 to {_MOST_ENTRIES}"),
    ("site", "hub"): _required(lambda value: url_fault(value.rstrip("/"))),
    ("email", "theme"): _shape(_NAME, "write the name of a folder in templates/"),
    **{("email", name): _required(colour_fault) for name in ("paper", "desk", "ink", "muted", "accent")},
    **{
        ("email", name): _required(_shape(_FONTS, "write it like Georgia, serif"))
        for name in ("font_text", "font_display")
    },
    ("delivery", "sandbox"): _text(address_fault),
    ("delivery", "connections"): _number(1, _MOST_CONNECTIONS, f"write 1 to {_MOST_CONNECTIONS}"),
    ("delivery", "rate_per_second"): _POSITIVE,
    ("delivery", "rate_per_day"): _COUNT,
    ("delivery", "per_domain", "*"): _POSITIVE,
    ("delivery", "retry_seconds"): lambda value: _each(_COUNT)(value) if value else "it is empty; write [300, 3600]",
    ("delivery", "give_up"): _LENGTH,
    ("delivery", "warm_up"): _each(_COUNT),
    ("delivery", "canary"): _parsed(lambda canary: canary_size(canary, 1)),
    ("delivery", "canary_wait"): _required(_DURATION),
    ("delivery", "canary_failed"): _number(0, 1, "write a share like 0.05"),
    ("delivery", "bounces_stop"): _number(0, 1, "write a share like 0.1"),
    ("delivery", "complaints_stop"): _number(0, 1, "write a share like 0.003"),
    ("delivery", "stop_least"): _COUNT,
    ("smtp", "*", "host"): _required(host_fault),
    ("smtp", "*", "port"): _number(1, _LAST_PORT, f"write 1 to {_LAST_PORT}, usually 587 or 465"),
    ("smtp", "*", "username"): _text(line_fault),
    ("dkim", "domain"): _required(host_fault),
    ("dkim", "selector"): _required(host_fault),
    ("dkim", "key_file"): _required(line_fault),
    ("dkim", "ed25519_selector"): _text(host_fault),
    ("dkim", "ed25519_key_file"): _text(line_fault),
    ("web", "url"): _text(url_fault),
    ("web", "listen"): _required(_listen_fault),
    ("inbox", "address"): _text(sender_fault),
    ("inbox", "unsubscribe_address"): _text(sender_fault),
    ("inbox", "imap"): _text(imap_fault),
    ("inbox", "maildir"): _text(line_fault),
    ("alerts", "to"): _text(address_fault),
    ("alerts", "proof"): _text(_DURATION),
    ("ledger", "url"): _required(_ledger_fault),
    ("ledger", "mirror"): _required(_path_fault),
}


def _zone_checks(zone_names: Collection[str]) -> dict[Place, Check]:
    """The checks that need to know which zones there are."""

    def checked(value: str) -> str:
        if value in zone_names:
            return ""
        near = suggestion(value, zone_names)
        return f"unknown zone {shown(value)}; {near if near.startswith('did') else 'write it like Europe/London'}"

    return {("publication", "timezone"): _required(checked), ("series", "*", "zone"): _text(checked)}


def _found(data: object, pattern: Place, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value that a pattern names; `*` is any key."""
    if not pattern:
        yield place, data
    elif isinstance(data, Mapping):
        keys = list(data) if pattern[0] == "*" else [key for key in (pattern[0],) if key in data]
        for key in keys:
            yield from _found(data[key], pattern[1:], (*place, key))


def _names(data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Faults in the names that an editor chose: of series, audiences, relays and domains."""
    for table, check in {"series": slug_fault, "audience": _name_fault, "smtp": _name_fault}.items():
        for place, _ in _found(data, (table, "*")):
            if fault := check(place[1]):
                yield place, fault
    for place, _ in _found(data, ("delivery", "per_domain", "*")):
        if fault := host_fault(place[2]):
            yield place, fault


def _name_fault(name: str) -> str:
    if name == "all":
        return "'all' is everybody already; give the audience another name"
    return "" if _NAME.fullmatch(name) else f"{shown(name)} is no name; use letters, digits, hyphens and underscores"


def _relations(data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Faults between values: what names something that is not there, and what excludes each other."""
    series, audiences = _keys(data, "series"), _keys(data, "audience")
    for place, value in _found(data, ("publication", "audience")):
        if isinstance(value, str) and value not in {"all", *audiences}:
            yield place, f"unknown audience {shown(value)}; {suggestion(value, ['all', *audiences])}"
    for place, value in _found(data, ("audience", "*", "series")):
        for name in value if isinstance(value, list) else ():
            if isinstance(name, str) and name not in series:
                cure = suggestion(name, series) or f"add [series.{name}] with a title"
                yield place, f"unknown series {shown(name)}; {cure}"
    for place, value in _found(data, ("series", "*")):
        given = [key for key in _CHOICES if isinstance(value, Mapping) and key in value]
        if len(given) > 1:
            yield (*place, given[1]), f"'{given[1]}' stands beside '{given[0]}'; choose one of them"
    for place, value in _found(data, ("delivery", "transport")):
        if value == "smtp" and not _keys(data, "smtp"):
            yield place, "transport 'smtp' has no relay; add [smtp.main] with host and username"


def _second_key(data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Faults between the keys of `[dkim]`: each stands at a selector of its own."""
    dkim, place = data.get("dkim"), ("dkim",)
    if not isinstance(dkim, Mapping):
        return
    selector, file = dkim.get("ed25519_selector"), dkim.get("ed25519_key_file")
    if bool(selector) != bool(file):
        there, lacks = ("selector", "key_file") if selector else ("key_file", "selector")
        yield (*place, f"ed25519_{there}"), f"it stands without ed25519_{lacks}; add that, or delete the line"
    elif selector and selector == dkim.get("selector"):
        yield (*place, "ed25519_selector"), "it is the selector of the first key; a record holds one key, name another"


def _keys(data: Mapping[str, Any], table: str) -> list[str]:
    """The names in a table."""
    return [place[1] for place, _ in _found(data, (table, "*"))]
