"""Write the feed of a long archive, and see that twice the entries take twice the time."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import pairwise

from bench_corpus import FIRST, Piece, pieces
from sparkpub.core.feeds import Entry, Feed, chained, json_feed
from sparkpub.core.feedxml import atom, rss

SIZES = (1_250, 2_500, 5_000, 10_000)
ROUNDS = 3
PER_FEED = 25
BEGUN = datetime(FIRST.year, FIRST.month, FIRST.day, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """One line of the report: what the feed of so many entries took, in seconds of processors, and its documents."""

    entries: int
    documents: int
    seconds: float
    former: float

    def __str__(self) -> str:
        """The time an entry, and how it grew."""
        each = self.seconds / self.entries * 1e3
        grown = f"{self.seconds / self.former:5.2f} times half as many (linear: 2)" if self.former else ""
        return f"{self.entries:>6,} entries in {self.documents:>5,} files {self.seconds:7.2f} s {each:6.3f} ms {grown}"


def feeds() -> Iterator[Growth]:
    """The current document and the yearly archive (RFC 5005) of a feed, in all three kinds, at each size."""
    entries = [_entry(piece) for piece in pieces(SIZES[-1])]
    seconds: dict[int, list[float]] = {size: [] for size in SIZES}
    documents: dict[int, int] = {}
    for _ in range(ROUNDS):
        for size in SIZES:
            begun = time.process_time()
            documents[size] = _written(entries[:size])
            seconds[size].append(time.process_time() - begun)
    medians = {size: statistics.median(taken) for size, taken in seconds.items()}
    for former, size in pairwise((0, *SIZES)):
        yield Growth(entries=size, documents=documents[size], seconds=medians[size], former=medians.get(former, 0.0))


def _written(entries: list[Entry]) -> int:
    """Write every document; returns how many files they are."""
    feed = Feed(
        base_url="https://bench.example.org",
        folder="/",
        title="The Bench",
        description="Everything twice",
        home="/",
        language="en",
        author="The Bench",
        entries=(),
    )
    return sum(len([rss(one), atom(one), json_feed(one)]) for one in chained(feed, entries, PER_FEED))


def _entry(piece: Piece) -> Entry:
    """A piece as feeds show it; its paragraphs stand for what Markdown would make of them."""
    at = BEGUN + timedelta(days=(piece.on - FIRST).days)
    url = f"https://bench.example.org/issues/{piece.id}/"
    return Entry(
        id=f"tag:bench.example.org,{at.year}:{piece.id}/0",
        title=piece.title,
        url=url,
        published_at=at,
        updated_at=at,
        summary=piece.summary,
        html="".join(f"<p>{escape(block, quote=False)}</p>\n" for block in piece.body.split("\n\n")),
        tags=piece.tags,
        language="en",
    )
