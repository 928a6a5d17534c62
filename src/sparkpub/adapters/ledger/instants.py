"""Instants as the ledger stores them: whole seconds since 1970 UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=8)  # what is sent writes the same few instants again and again
def to_seconds(at: datetime) -> int:
    """An instant as a number; parts of a second are cut off."""
    return (at - _BEGINNING) // timedelta(seconds=1)


def from_seconds(seconds: int) -> datetime:
    """A stored number as an instant in UTC, as far back and ahead as dates go."""
    return _BEGINNING + timedelta(seconds=seconds)
