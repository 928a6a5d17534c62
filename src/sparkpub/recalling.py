"""Recall from a mirror what readers got in digests, or years after it came out, so that it does not come twice.

What a restored ledger cannot match to a reader counts as had: a piece that does not come is a smaller harm than one
that comes again. What was only waiting to be sent when the ledger was lost is taken back, and comes when its turn does.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from sparkpub.adapters.ledger import Ledger, MirroredRelease
from sparkpub.adapters.mirror import Line
from sparkpub.articles import issue_of
from sparkpub.core.model import Issue
from sparkpub.core.records import ReleaseState
from sparkpub.core.settings import AudienceSettings
from sparkpub.core.wishes import Piece, Rhythm
from sparkpub.press import Publication

TURN = "turn "
"""The fact of the last date on which a turn was taken is called so, and by the turn's name."""

_PIECES = re.compile(r"\d+, due on \S+, of (.+)")
_NAME = re.compile(r"(?:.*/)?\d{1,18}")


class Recalled:
    """Follows a mirror's lines in their order, and settles at its close."""

    def __init__(self, ledger: Ledger, publication: Publication, texts: Mapping[str, Issue]) -> None:
        """Teach this ledger; `texts` are the issues as their files have them."""
        self._ledger, self._publication, self._texts = ledger, publication, texts
        self._last: dict[Rhythm, tuple[int, datetime]] = {}
        self._learned: list[int] = []
        self._again: list[int] = []

    def release(self, release: MirroredRelease, line: Line) -> None:
        """A release that the ledger did not know: pieces wait for digests, a digest takes those it was made of."""
        self._learned.append(release.release_id)
        if release.is_digest:
            self._digest(release, line)
        elif release.is_mailed and (issue := self._texts.get(release.issue_id)):
            self._ledger.gather(release.release_id, self._audience(issue), Piece.of(issue, release.number))

    def _digest(self, digest: MirroredRelease, line: Line) -> None:
        """Let those have a digest who have just its pieces waiting."""
        rhythm = Rhythm(digest.issue_id.split(":")[1])
        number, at = self._last.get(rhythm, (digest.number, digest.released_at))
        if number != digest.number:
            self._ledger.drop_gathered_until(rhythm, at)
        self._last[rhythm] = (digest.number, digest.released_at)
        found = _PIECES.fullmatch(line.detail)
        names = found[1].split() if found else []
        if not all(map(_NAME.fullmatch, names)):
            raise ValueError(f"'{line.detail}' names no releases; write each as ISSUE/N")
        known = map(self._ledger.release_named, names)
        pieces = tuple(sorted(release_id for release_id in known if release_id is not None))
        readers = self._ledger.gathered_for(rhythm, needs_text=False).get(pieces, [])
        if readers:
            self._ledger.plan_digest(digest.release_id, pieces, readers)

    def repeat(self, line: Line) -> None:
        """A release went to some readers again."""
        release_id = self._ledger.release_named(line.subject)
        if release_id is None or release_id in self._learned:
            return  # what is not known to the ledger has lost its message: it goes to nobody again
        self._ledger.finish_release(release_id)
        release = self._ledger.release(release_id)
        if release.state is not ReleaseState.FINISHED or not release.issue_source:
            return
        issue = issue_of(release)
        audience, piece = self._audience(issue), Piece.of(issue, release.number)
        if self._ledger.plan_again(release_id, audience, piece):
            self._ledger.send_again(release_id, at=line.at)
            self._again.append(release_id)
        self._ledger.gather(release_id, audience, piece, is_again=True)

    def close(self) -> int:
        """Settle what no line has settled; returns how many pieces will not come in a digest any more."""
        dropped = sum(self._ledger.drop_gathered_of(release_id) for release_id in self._learned)
        dropped += sum(self._ledger.drop_gathered_until(rhythm, at) for rhythm, (_, at) in self._last.items())
        for rhythm, (number, _) in self._last.items():
            self._ledger.set_fact(f"{TURN}{rhythm}", f"{number // 10000:04}-{number // 100 % 100:02}-{number % 100:02}")
        for release_id in self._again:
            self._ledger.take_back_unsent(release_id)
            self._ledger.finish_release(release_id)
        return dropped

    def _audience(self, issue: Issue) -> AudienceSettings | None:
        return self._publication.settings.audience.get(issue.audience)
