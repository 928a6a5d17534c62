"""Slugs: the names that stand in file names, ids and addresses."""

import re
import unicodedata

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_LONGEST = 64
# Letters that NFKD leaves whole although people write them in ASCII.
_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}
    | dict.fromkeys("'’ʼ", "")
)


def is_slug(text: str) -> bool:
    """Whether a text may be an id or a slug: lower-case ASCII letters, digits and hyphens, at most 64."""
    return _SLUG.fullmatch(text) is not None


def slugify(title: str) -> str:
    """The title as a slug: accents dropped, words joined by hyphens, cut at a word; `issue` where nothing is left.

    Other scripts are not transliterated: every table for that is somebody's spelling, so the editor picks the id.
    """
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_SPELLED))
    ascii_only = "".join(c for c in plain if not unicodedata.combining(c))
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
    if len(slug) > _LONGEST:
        cut = slug[: _LONGEST + 1]
        slug = (cut.rpartition("-")[0] if "-" in cut else cut[:_LONGEST]).rstrip("-")
    return slug or "issue"
