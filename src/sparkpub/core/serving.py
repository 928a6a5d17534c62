"""How the site is served: media types and how long answers may be kept, the same for every server.

`sparkpub serve` obeys these rules itself; `/_headers` in the built site tells them to the hosts that read it, and
docs/serving.md to nginx and Caddy.
"""

from posixpath import basename, splitext

from sparkpub.core.enclosures import AUDIO
from sparkpub.core.feeds import ATOM, JSON, MEDIA_TYPES, RSS

ALWAYS_ASK = "no-cache"
"""Kept by browsers, but never shown before the server said that it is still so: usually by a 304."""

FOR_EVER = "public, max-age=31536000, immutable"
"""For files whose names change with their bytes."""

SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin"}
"""Sent with everything."""

_TYPES = {
    **AUDIO,
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".htm": "text/html; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".ics": "text/calendar; charset=utf-8",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mp4": "video/mp4",
    ".opml": "text/x-opml; charset=utf-8",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
_STEMS = {"feed.xml": RSS, "atom.xml": ATOM, "feed.json": JSON}
_COMPRESSIBLE = ("text/", "application/json", "application/xml", "application/manifest+json", "image/svg+xml")


def media_type(name: str) -> str:
    """The media type of a file of the site, by its name below the site's folder."""
    root, suffix = splitext(basename(name))
    stem, _, part = root.partition("-")
    kind = _STEMS.get(stem + suffix)
    if kind and (not part or part.isdecimal()):
        return f"{MEDIA_TYPES[kind]}; charset=utf-8" if kind != JSON else MEDIA_TYPES[kind]
    return _TYPES.get(suffix.lower(), "application/octet-stream")


def is_compressible(type_: str) -> bool:
    """Whether files of a media type become shorter."""
    return type_.startswith((*_COMPRESSIBLE, *MEDIA_TYPES.values()))


def cache_control(name: str) -> str:
    """How long a file of the site may be kept, by its name below the site's folder."""
    return FOR_EVER if name.startswith("media/") else ALWAYS_ASK


def headers_file() -> bytes:
    """`/_headers`, as several hosts of static sites read it: a pattern of paths, then fields."""
    rules = [
        ("/*", SECURITY),
        *(
            (f"{where}{feed}", {"Content-Type": media_type(feed)})
            for feed in (RSS, ATOM, JSON)
            for where in ("/", "/*/")
        ),
        ("/media/*", {"Cache-Control": FOR_EVER}),
    ]
    return "".join(
        f"{pattern}\n" + "".join(f"  {name}: {value}\n" for name, value in fields.items()) for pattern, fields in rules
    ).encode()
