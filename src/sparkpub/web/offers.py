"""What a reader can choose among: the series, and the tags of what came out lately."""

from collections import Counter
from dataclasses import dataclass

from sparkpub.articles import issue_of
from sparkpub.core.records import Release, Subscriber
from sparkpub.errors import SparkpubError
from sparkpub.press import Press
from sparkpub.web.desk import Desk

_LATELY = 100
_TAGS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Series by id and title in their order, and tags in the order of the alphabet."""

    series: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]


class Offers:
    """What is offered; the tags are looked up again once something new was released."""

    def __init__(self, desk: Desk) -> None:
        """Offer what this desk's publication has."""
        self._desk = desk
        self._tags: tuple[int, tuple[str, ...]] = (-1, ())

    def to(self, reader: Subscriber) -> Offered:
        """What one reader can choose among; whatever they go without stays on offer."""
        series = sorted(self._desk.publication.settings.series.items(), key=lambda item: (item[1].order, item[0]))
        tags = {*self._desk.read(self._frequent), *reader.wishes.without_tags}
        return Offered(series=tuple((id_, one.title) for id_, one in series), tags=tuple(sorted(tags)))

    def _frequent(self, press: Press) -> tuple[str, ...]:
        """The tags that stand most often among the newest releases."""
        last = press.ledger.last_release()
        if self._tags[0] != last:
            newest = press.ledger.newest_releases(_LATELY)
            counts = Counter(tag for release in newest for tag in _tags_of(release))
            self._tags = (last, tuple(tag for tag, _ in counts.most_common(_TAGS)))
        return self._tags[1]


def _tags_of(release: Release) -> tuple[str, ...]:
    """The tags of a release; a text that cannot be read has none, and takes no page down for it."""
    try:
        return issue_of(release).tags
    except SparkpubError:
        return ()
