"""Which addresses may stand in a rendering, and how they become absolute."""

import re
from urllib.parse import quote, unquote, urljoin

from markdown_it.common.normalize_url import normalizeLink

from sparkpub.core.sentinels import SENTINEL

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_WITH_HOST = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
# Browsers drop these wherever they stand, so `java\nscript:` is a scheme to them.
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def absolute_link(href: str, base_url: str) -> str | None:
    """The absolute address of a link, or None where it may not be one.

    Kept are http, https, mailto and tel; `/…` and relative addresses are resolved under `base_url`. An address
    within the page (`#…`) is none: nothing there carries a name of the editor's. A sentinel stays what it is.
    """
    href = normalizeLink(_INVISIBLE.sub("", href).strip())
    if SENTINEL.fullmatch(href):
        return href
    base = base_url.rstrip("/")
    scheme = _SCHEME.match(href)
    if scheme:
        return href if _is_allowed(scheme[1].lower(), href) else None
    if not href or href.startswith("#") or ":" in re.split(r"[/?#]", href, maxsplit=1)[0]:
        return None
    if href.startswith("//"):
        absolute = f"{base.partition(':')[0]}:{href}"
        return absolute if _WITH_HOST.match(absolute) else None
    if href.startswith("/"):
        return base + href
    return urljoin(base + "/", href)


def _is_allowed(scheme: str, href: str) -> bool:
    if scheme in {"http", "https"}:
        return bool(_WITH_HOST.match(href))
    return scheme in {"mailto", "tel"} and not href.endswith(":")


def media_url(name: str, base_url: str) -> str:
    """Where an asset is served."""
    return f"{base_url.rstrip('/')}/media/{quote(name)}"


def file_source(src: str) -> str:
    """An image source as a file's name: Markdown percent-encodes it, a folder does not."""
    return unquote(src)


def is_local_source(src: str) -> bool:
    """Whether an image source can name a file of the publication; all others are shown as their words only."""
    return bool(src) and not src.startswith("//") and not _SCHEME.match(src) and "://" not in src
