"""Wishes: what of all that is released a reader wants, and in what rhythm.

They are kept as lines (`without-tag=war`), so that one comparison of text finds an entry on every engine: the ledger's
`audience.sql` asks the same of a reader as `wants` does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from sparkpub.core.addresses import plain_line
from sparkpub.core.model import Issue

NO_SERIES = ""
"""What `without_series` says of pieces that stand in no series."""

_CENTURY = 100


class Rhythm(StrEnum):
    """How often a reader is mailed: each piece by itself, or what came out gathered once a day or once a week."""

    EACH = "each"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a reader wants of what is released: everything, each piece by itself, unless they said otherwise.

    What is new is wanted until it is refused, so the series and tags are those a reader goes without. Of the series
    `from_beginning` each past piece comes on its date, once.
    """

    without_series: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    is_round_only: bool = False
    rhythm: Rhythm = Rhythm.EACH
    from_beginning: tuple[str, ...] = ()


EVERYTHING: Final = Wishes()
"""What a reader wants who never said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What of a release wishes are about."""

    series: str = NO_SERIES
    tags: tuple[str, ...] = ()
    number: int = 0

    @classmethod
    def of(cls, issue: Issue, number: int) -> Self:
        """What of an issue's occurrence of this number wishes are about."""
        return cls(series=issue.series, tags=issue.tags, number=number)

    @property
    def is_round(self) -> bool:
        """Whether no reader of round anniversaries goes without it; what is no anniversary counts as one."""
        return is_round(self.number) or not self.number


def is_round(number: int) -> bool:
    """Whether an anniversary is a round one: each 10th and 25th, from the 100th on each 25th."""
    return number > 0 and (number % 25 == 0 or (number < _CENTURY and number % 10 == 0))


def wants(wishes: Wishes, piece: Piece) -> bool:
    """Whether a reader with these wishes is to have a piece, in whatever rhythm."""
    return (
        piece.series not in wishes.without_series
        and not set(piece.tags) & set(wishes.without_tags)
        and (piece.is_round or not wishes.is_round_only)
    )


def wish_lines(wishes: Wishes) -> Iterator[str]:
    """Wishes as entries for the ledger, nothing for who wants everything; `read_wishes` reads them back."""
    for series in wishes.without_series:
        yield f"without-series={plain_line(series)}"
    for tag in wishes.without_tags:
        yield f"without-tag={plain_line(tag)}"
    if wishes.is_round_only:
        yield "round-only"
    if wishes.rhythm is not Rhythm.EACH:
        yield f"rhythm={wishes.rhythm}"
    for series in wishes.from_beginning:
        yield f"from-beginning={plain_line(series)}"


def read_wishes(lines: str) -> Wishes:
    """Wishes from what the ledger keeps, one entry a line; an entry that this version lacks is passed over."""
    found: dict[str, list[str]] = {}
    for line in lines.split("\n"):
        key, _, value = line.partition("=")
        found.setdefault(key, []).append(value)
    rhythm = found.get("rhythm", [Rhythm.EACH])[0]
    return Wishes(
        without_series=tuple(found.get("without-series", ())),
        without_tags=tuple(found.get("without-tag", ())),
        is_round_only="round-only" in found,
        rhythm=Rhythm(rhythm) if rhythm in set(Rhythm) else Rhythm.EACH,
        from_beginning=tuple(found.get("from-beginning", ())),
    )
