"""Keys of what is built: a digest over all that an output is made from, so that the same key means the same bytes."""

from collections.abc import Iterable
from dataclasses import fields
from hashlib import sha256

from sparkpub.core.records import Release
from sparkpub.core.settings import Settings

# How far its deliveries are is no business of a page.
_NOT_SHOWN = frozenset({"transport", "state", "is_mailed", "tzdata", "settings"})
_SHOWN = tuple(field.name for field in fields(Release) if field.name not in _NOT_SHOWN)


def key_of(*parts: object) -> str:
    """A digest of texts, numbers, dates and tuples of them; it depends on their values and order alone."""
    return sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


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


def release_keys(releases: Iterable[Release], ground: str) -> dict[int, str]:
    """The key of each release, by its number and in the order given, on a ground that all share."""
    return {release.release_id: key_of(ground, *(getattr(release, name) for name in _SHOWN)) for release in releases}
