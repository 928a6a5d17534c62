"""Instants as our files and documents have them: UTC in whole seconds, `2017-09-04T07:00:00Z` (RFC 3339)."""

from datetime import UTC, datetime

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def instant_text(at: datetime) -> str:
    """An instant in UTC as text."""
    return at.strftime(_FORM)


def read_instant(text: str) -> datetime:
    """The instant that `instant_text` wrote.

    Raises:
        ValueError: it is written in another way.
    """
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
