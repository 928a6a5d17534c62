"""One issue placed on one occurrence: all that its email, its page and its feed entries show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sparkpub.core.model import Asset, Issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another released piece that a page or an email points to. `url` is absolute."""

    title: str
    url: str
    on: date
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An issue placed on one occurrence, released or as if it were.

    `on` is the occurrence's civil date; `local` the release instant in the rule's zone, `released_at` the same
    instant in UTC; `updated_at` (UTC) moves only with a correction. `url` is the absolute address that mail and
    feeds link to, `permalink` the absolute address that always shows the newest release (the same, unless the
    issue repeats). `media` maps each image source as the issue writes it to its asset. `previous` and `next` are
    neighbours in the series; `earlier` are earlier releases of the same issue, oldest first. `why` explains each step
    from the event's date to `on` that was not plain.
    """

    issue: Issue
    number: int
    on: date
    local: datetime
    released_at: datetime
    updated_at: datetime
    entry_id: str
    url: str
    permalink: str
    media: Mapping[str, Asset] = field(default_factory=dict)
    previous: Neighbour | None = None
    next: Neighbour | None = None
    earlier: tuple[Neighbour, ...] = ()
    why: tuple[str, ...] = ()


def named_authors(issue: Issue, publication: str) -> list[str]:
    """The authors of an issue, less one of the publication's own name: what has no other is by the publication."""
    return [name for name in issue.authors if name != publication]
