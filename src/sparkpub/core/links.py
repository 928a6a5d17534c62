"""Addresses: where each page of the archive stands, how one page points to another, and the ids of feed entries.

A *path* begins with a slash and is relative to `base_url`, which may itself have a path (https://x.org/news); it
is written without percent-encoding. An *address* is absolute and encoded.
"""

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote, urlsplit

_SAFE = "/:@!$&'()*+,;=~-._"
_MAX_SEGMENT_BYTES = 200


def host(base_url: str) -> str:
    """The host of an address, lower-case and in ASCII, without a port."""
    name = (urlsplit(base_url).hostname or "localhost").rstrip(".")
    return name if name.isascii() else name.encode("idna").decode("ascii")


def entry_id(host: str, year: int, issue_id: str, number: int) -> str:
    """The id of a feed entry: a tag URI (RFC 4151) under the host and year of its release, the same for ever."""
    return f"tag:{host},{year:04}:{issue_id}/{number}"


@lru_cache(maxsize=4096)
def absolute(base_url: str, path: str) -> str:
    """The address of a path."""
    return base_url.rstrip("/") + quote(path, safe=_SAFE)


def path_of(base_url: str, url: str) -> str:
    """The path of an address below `base_url`; "" where it stands elsewhere."""
    base = base_url.rstrip("/")
    rest = url.removeprefix(base)
    return unquote(rest) if rest != url and rest.startswith("/") else ""


def issue_path(slug: str) -> str:
    """The path that always shows the newest release of an issue."""
    return f"/issues/{segment(slug)}/"


def release_path(slug: str, number: int, *, repeats: bool) -> str:
    """The path of one release; of its own where the issue may be released again."""
    return f"{issue_path(slug)}{number}/" if repeats else issue_path(slug)


def issue_url(base_url: str, slug: str) -> str:
    """The address that always shows the newest release of an issue."""
    return absolute(base_url, issue_path(slug))


def release_url(base_url: str, slug: str, number: int, *, repeats: bool) -> str:
    """The address that mail and feeds give for one release."""
    return absolute(base_url, release_path(slug, number, repeats=repeats))


def year_path(year: int) -> str:
    """The path of a year's page."""
    return f"/{year:04}/"


def series_path(series_id: str) -> str:
    """The path of a series' page."""
    return f"/series/{segment(series_id)}/"


def tag_path(tag: str) -> str:
    """The path of a tag's page."""
    return f"/tags/{segment(tag)}/"


def author_path(name: str) -> str:
    """The path of an author's page."""
    return f"/authors/{segment(name)}/"


def day_path(month: int, day: int) -> str:
    """The path of the page of one day of the year."""
    return f"/on-this-day/{month:02}-{day:02}/"


def media_path(name: str) -> str:
    """The path of an asset."""
    return f"/media/{name}"


@lru_cache(maxsize=4096)
def segment(text: str) -> str:
    """A word as one part of a path: lower-case letters, digits and low lines of any script, all else as hyphens.

    What is left with nothing is named by its digest, so that the result is never empty, never `.` or `..` and
    never longer than file systems allow.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    word = re.sub(r"\W+", "-", plain).strip("-")
    if not word or len(word.encode()) > _MAX_SEGMENT_BYTES:
        return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    return word


def file_of(path: str) -> str:
    """The file below the site's folder that serves a path."""
    return path.lstrip("/") + ("index.html" if path.endswith("/") else "")


def relative(page: str, target: str) -> str:
    """How a page links to another path so that it works under any root, percent-encoded: `../../feed.xml`."""
    here = page.split("/")[1:-1]
    *there, last = target.split("/")[1:]
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    parts = [".."] * (len(here) - shared) + there[shared:]
    return _quoted("/".join([*(parts or ["."]), last]))


@lru_cache(maxsize=4096)
def _quoted(path: str) -> str:
    """A path percent-encoded; every page has the same links in head and foot."""
    return quote(path, safe=_SAFE)


def alias_path(alias: str) -> str | None:
    """The path of a redirect stub for an old address, None where no file can stand there.

    Only plain paths count: no query, no hidden or empty part, nothing that climbs. `/old.html` is a file, everything
    else a folder.
    """
    path = unquote(alias)
    if not path.startswith("/") or any(c in path for c in '\\?#:*"<>|') or not path.isprintable():
        return None
    parts = path[1:].removesuffix("/").split("/")
    if any(not part or part.startswith(".") or len(part.encode()) > _MAX_SEGMENT_BYTES for part in parts):
        return None
    is_file = not path.endswith("/") and parts[-1].lower().endswith((".html", ".htm"))
    return "/" + "/".join(parts) + ("" if is_file else "/")
