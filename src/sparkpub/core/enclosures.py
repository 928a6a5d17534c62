"""Audio that comes with a piece: a link in its text to a sound file of the publication is an enclosure of its entry.

So an editor who writes `[Listen](/audio/handbill.mp3)` has a podcast, and needs no key for it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from posixpath import splitext

from sparkpub.core.links import path_of

AUDIO = {
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
}
_HREF = re.compile(r'<a\s[^<>]*?href="([^"<>]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that comes with an entry; `length` in bytes."""

    url: str
    media_type: str
    length: int


def is_audio(name: str) -> bool:
    """Whether a file is one that readers listen to, by its ending."""
    return splitext(name)[1].lower() in AUDIO


def enclosures(html: str, *, base_url: str, lengths: Mapping[str, int]) -> tuple[Enclosure, ...]:
    """The sound files that a text with absolute addresses links to, in the order of the text, each once.

    `lengths` has the size of each sound file of the site by its name below the site's folder; others are no
    enclosures, since a feed has to say how long they are.
    """
    if not lengths:
        return ()
    found: dict[str, Enclosure] = {}
    for match in _HREF.finditer(html):
        url = unescape(match[1]).partition("#")[0]
        name = path_of(base_url, url.partition("?")[0]).lstrip("/")
        if name in lengths and is_audio(name):
            kind = AUDIO[splitext(name)[1].lower()]
            found.setdefault(url, Enclosure(url=url, media_type=kind, length=lengths[name]))
    return tuple(found.values())
