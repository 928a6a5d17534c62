"""Keys of what is built: a digest over all that an output is made from, so that the same key means the same bytes."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from sparkpub.core.settings import Settings


def key_of(*parts: object) -> str:
    """A digest of texts, numbers, dates and tuples of them; it depends on their values and order alone."""
    return sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def text_key(*texts: str) -> str:
    """The same of texts alone, quicker where they are long."""
    digest = sha256()
    for text in texts:
        data = text.encode("utf-8", "backslashreplace")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()[:32]


def settings_key(settings: Settings) -> str:
    """A digest of the settings that a site can show: who sends what how fast is none of them."""
    return key_of(
        settings.publication,
        settings.schedule,
        sorted(settings.series.items()),
        sorted(settings.audience),
        settings.site,
        settings.web.url,
        settings.email,
    )


def release_keys(rows: Iterable[tuple[Any, ...]], ground: str) -> dict[int, str]:
    """The key of each release by its number, with which a row begins, in the order given; all share a ground."""
    return {row[0]: key_of(ground, *row) for row in rows}
