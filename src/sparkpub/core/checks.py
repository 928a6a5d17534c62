"""Checks of single values, for front matter and settings alike.

Each `*_fault` says what is wrong with a value as `what is wrong; what to write instead`, or "" of a sound one.
"""

import difflib
import re
from collections.abc import Iterable
from datetime import date, time
from urllib.parse import unquote, urlsplit

from sparkpub.core.addresses import parse_address
from sparkpub.core.slugs import is_slug, slugify

_SHOWN = 60
_LONGEST_LINE = 500
_LONGEST_PROSE = 5000
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\.?", re.ASCII)
_MAILBOX = re.compile(r'(?P<name>"[^"\\]*"\s*|[^"<>]*)<(?P<address>[^<>]+)>')


def shown(text: str) -> str:
    """A value as messages quote it: shortened, in single quotes, control characters made visible."""
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "'" + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in cut) + "'"


def suggestion(word: str, options: Iterable[str]) -> str:
    """A cure for a word that is none of the options: the nearest one, else all if they are few."""
    known = list(options)
    close = difflib.get_close_matches(word[:_SHOWN].casefold(), known, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known here: {', '.join(sorted(known))}" if known else ""


def control_in(text: str) -> str:
    """The first character that has no place in any text of ours, as `U+0007`, or "".

    Those are the controls but tab and newline, and the code points that XML 1.0 refuses.
    """
    if text.isprintable():  # nearly every text, in a fraction of the time
        return ""
    found = next((c for c in text if is_refused(c)), "")
    return f"U+{ord(found):04X}" if found else ""


def is_refused(char: str) -> bool:
    """Whether a character is a control other than tab and newline, half a surrogate pair, or no character at all."""
    code = ord(char)
    if code < ord(" "):
        return char not in "\t\n"
    return 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE  # noqa: PLR2004


def line_fault(text: str) -> str:
    """A text that must fit into a header or a headline: one line, no controls, at most 500 characters."""
    if any(c in text for c in "\r\n\u2028\u2029\x85"):
        return "more than one line; write it on one"
    if found := control_in(text):
        return f"a control character ({found}); delete it"
    if len(text) > _LONGEST_LINE:
        return f"{len(text):,} characters; at most {_LONGEST_LINE} have room"
    return ""


def prose_fault(text: str) -> str:
    """A text of some sentences: no controls, at most 5,000 characters."""
    if found := control_in(text):
        return f"a control character ({found}); delete it"
    if len(text) > _LONGEST_PROSE:
        return f"{len(text):,} characters; at most {_LONGEST_PROSE:,} have room"
    return ""


def slug_fault(text: str) -> str:
    """An id or a slug."""
    if is_slug(text):
        return ""
    return f"{shown(text)} may hold a–z, 0–9 and hyphens only, at most 64; write for example '{slugify(text)}'"


def parse_date(text: str) -> date:
    """A civil date, `2026-12-01`.

    Raises:
        ValueError: it is none, or there is no such day; the message says so.
    """
    if not _DATE.fullmatch(text):
        raise ValueError(f"{shown(text)} is no date; write it as YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no {text}; check month and day") from None


def parse_time(text: str) -> time:
    """A time of day, `07:00` or `07:00:30`.

    Raises:
        ValueError: it is none; the message says so.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{shown(text)} is no time of day; write it as HH:MM, from 00:00 to 23:59")
    hour, minute, second = (int(part or 0) for part in found.groups())
    return time(hour, minute, second)


def language_fault(text: str) -> str:
    """A language tag (BCP 47)."""
    return "" if _LANGUAGE.fullmatch(text) else f"{shown(text)} is no language tag; write for example en, fr or pt-BR"


def address_fault(text: str) -> str:
    """An email address."""
    if fault := line_fault(text):
        return fault
    try:
        parse_address(text)
    except ValueError as error:
        return f"{error}; write it as name@example.org"
    return ""


def sender_fault(text: str) -> str:
    """An email address that stands in messages to everybody: ASCII before the @, as every server takes it."""
    if fault := address_fault(text):
        return fault
    if parse_address(text).isascii():
        return ""
    return f"{shown(text)} has letters beyond a to z before the @, which many servers refuse; send from another address"


def mailbox_fault(text: str) -> str:
    """A sender: `Name <address>`, or an address alone."""
    if fault := line_fault(text):
        return fault
    if "<" not in text and ">" not in text:
        return sender_fault(text)
    found = _MAILBOX.fullmatch(text.strip())
    if found is None:
        return f"{shown(text)} is no sender; write it as Name <name@example.org>"
    return sender_fault(found["address"])


def url_fault(text: str) -> str:
    """An absolute web address that others are built from: http or https, a host, no trailing slash, no query."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return f"{shown(text)} is no web address ({error}); write it as https://example.org"
    is_host = not host.isascii() or ":" in host or _HOST.fullmatch(host)
    has_password = parts.username is not None or parts.password is not None
    faults = {
        "is no absolute web address; begin it with https:// and a host": parts.scheme not in ("http", "https")
        or not host,
        "is no web address; write it as https://example.org": not is_host
        or not text.isprintable()
        or any(c in " \\<>\"'" for c in text),
        "has a name or a password in it; leave them out, everybody will see it": has_password,
        "has a query or a fragment; leave out what begins with ? or #": "?" in text or "#" in text,
        f"ends with a slash; write {text.rstrip('/')}": text.endswith("/"),
    }
    return next((f"{shown(text)} {fault}" for fault, is_so in faults.items() if is_so), "")


def host_fault(text: str) -> str:
    """A host name or an IP address."""
    is_ip6 = re.fullmatch(r"[0-9A-Fa-f:.]+", text) is not None and ":" in text
    return "" if is_ip6 or _HOST.fullmatch(text) else f"{shown(text)} is no host; write for example smtp.example.org"


def imap_fault(text: str) -> str:
    """A mailbox on an IMAP server: TLS, a user, a host, a folder; the password stands elsewhere."""
    if fault := line_fault(text) or line_fault(unquote(text)):
        return fault
    form = "write it like imaps://bounces@imap.example.org/INBOX"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        return f"it is no mailbox ({error}); {form}"
    faults = {
        f"it does not begin with imaps://, and mail is fetched by TLS alone; {form}": parts.scheme != "imaps",
        "it has a password in it; leave it out and set SPARKPUB_INBOX_PASSWORD in secrets.env": parts.password
        is not None,
        f"it names no user; {form}": not parts.username,
        f"it names no host; {form}": not parts.hostname or bool(host_fault(parts.hostname)),
        f"its folder has characters that cannot stand there; {form}": not text.isascii() or '"' in text or "\\" in text,
        f"it has a query or a fragment; {form}": bool(parts.query or parts.fragment),
    }
    return next((fault for fault, is_so in faults.items() if is_so), "")


def colour_fault(text: str) -> str:
    """A colour of six hex digits, which every mail program reads."""
    return "" if _COLOUR.fullmatch(text) else f"{shown(text)} is no colour of six hex digits; write for example #8c1c13"
