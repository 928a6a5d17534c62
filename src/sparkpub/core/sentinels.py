"""Words that stand in an edition where a reader's own values will be spliced in."""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType

FIELDS = ("unsubscribe_url", "preferences_url")
"""Every value that differs from reader to reader."""

LENGTH = 32


def sentinels(seed: str) -> Mapping[str, str]:
    """Field to sentinel: 32 lower-case letters and digits, always the same ones for the same seed.

    An edition carries the sentinels of its own hash, `sentinels(edition.hash)`. They pass through Jinja2, Markdown and
    premailer unchanged, never wrap, need no escaping anywhere, and no text can hold one by accident or on purpose,
    since it would have to contain a part of its own hash.
    """
    return MappingProxyType(
        {name: f"sp{sha256(f'{name}/{seed}'.encode()).hexdigest()[: LENGTH - 2]}" for name in FIELDS}
    )


def counts(text: str, marks: Mapping[str, str]) -> Mapping[str, int]:
    """How often each sentinel stands in a text, by field."""
    return {name: text.count(mark) for name, mark in marks.items()}


def replant(text: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """The text with each sentinel of `old` exchanged for that of the same field in `new`."""
    for name, mark in old.items():
        text = text.replace(mark, new[name])
    return text
