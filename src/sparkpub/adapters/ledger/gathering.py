"""Ledger rows of digests, and of series that readers get from their beginning."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from sparkpub.adapters.ledger.audiences import AudienceRows, segment_clauses, wish_clauses
from sparkpub.adapters.ledger.instants import to_seconds
from sparkpub.adapters.ledger.releases import release_of
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.addresses import plain_line
from sparkpub.core.records import Release
from sparkpub.core.settings import AudienceSettings
from sparkpub.core.wishes import Piece, Rhythm, read_wishes

_SQL = statements("gathering.sql")
_ANY_RHYTHM, _ANY_BEGINNING = "\nrhythm=", "\nfrom-beginning="
_WEEKLY: Mapping[str, object] = MappingProxyType({"weekly": f"\nrhythm={Rhythm.WEEKLY}\n"})
_BATCH = 1000


class GatheredRows(AudienceRows):
    """What readers get in a digest, or years after it came out."""

    def gather(
        self, release_id: int, audience: AudienceSettings | None, piece: Piece, *, is_again: bool = False
    ) -> int:
        """Note a release for the digests of those who would get it by itself but for their rhythm; returns how many.

        With `is_again` only for those who read its series from the beginning. Nobody gets a piece twice.
        """
        condition, values = _asked(audience, piece, is_again=is_again)
        return self._db.write(
            _SQL["gather"] + condition, values | {"release_id": release_id, "any_rhythm": _ANY_RHYTHM}
        )

    def plan_again(self, release_id: int, audience: AudienceSettings | None, piece: Piece) -> int:
        """Add deliveries of a release for those who read its series from the beginning; returns how many.

        Who had it in its time, by itself or in a digest, gets nothing again.
        """
        condition, values = _asked(audience, piece, is_again=True)
        values |= {"release_id": release_id, "any_rhythm": _ANY_RHYTHM, "span": _BATCH}
        return self._db.write(_SQL["plan_again"] + condition, values)

    def send_again(self, release_id: int, *, at: datetime) -> bool:
        """Take up a finished release for what was added to it; False if it is not finished."""
        return self._db.write(_SQL["send_again"], {"release_id": release_id, "at": to_seconds(at)}) > 0

    def series_from_beginning(self) -> set[str]:
        """Each series that any active reader gets from its beginning."""
        rows = self._db.rows(_SQL["wishes_from_beginning"], {"any_beginning": _ANY_BEGINNING})
        return {series for row in rows for series in read_wishes(row["wishes"]).from_beginning}

    def has_rhythms(self) -> bool:
        """Whether any active reader gets digests."""
        return bool(self._db.row(_SQL["has_rhythm"], {"any_rhythm": _ANY_RHYTHM})[0])

    def released_on_days(self, days: tuple[str, ...], *, before: date) -> list[Release]:
        """What was mailed and came out on days like `09-04`, one or two, of earlier dates, in the order of release."""
        values = {"day": days[0], "other_day": days[-1], "before": before.isoformat()}
        return [release_of(row) for row in self._db.rows(_SQL["released_on_days"], values)]

    def gathered_for(self, rhythm: Rhythm, *, needs_text: bool = True) -> dict[tuple[int, ...], list[int]]:
        """What waits for the next digest: each set of releases with the readers who get it, those of one set together.

        Daily digests take what readers have waiting who get none any more. The largest sets come first. A release whose
        text is lost with a ledger is in none, if it `needs_text`.
        """
        clauses = [
            _SQL["gathered_for"],
            _SQL["is_weekly" if rhythm is Rhythm.WEEKLY else "is_not_weekly"],
            *([_SQL["has_text"]] if needs_text else []),
        ]
        rows = self._db.rows("\nAND ".join(clauses), dict(_WEEKLY))
        of_reader: dict[int, list[int]] = {}
        for subscriber_id, release_id in rows:
            of_reader.setdefault(subscriber_id, []).append(release_id)
        found: dict[tuple[int, ...], list[int]] = {}
        for subscriber_id, releases in sorted(of_reader.items()):
            found.setdefault(tuple(sorted(releases)), []).append(subscriber_id)
        return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))

    def plan_digest(self, digest_id: int, pieces: tuple[int, ...], readers: list[int]) -> int:
        """Let readers have these pieces in a digest, once; returns how many deliveries that are.

        To be called in the transaction that has asked for what waits.
        """
        rows = ((digest_id, subscriber_id, release_id) for subscriber_id in readers for release_id in pieces)
        self._db.write_many(_SQL["put_in_digest"], rows)
        span = max(_BATCH, _BATCH * max(readers, default=1) // max(len(readers), 1))
        return self._db.write(_SQL["plan_digest"], {"digest_id": digest_id, "release_id": pieces[0], "span": span})

    def drop_gathered_of(self, release_id: int) -> int:
        """Let a release be in no digest that is still to come; returns for how many readers."""
        return self._db.write(_SQL["drop_gathered_of_release"], {"release_id": release_id})

    def drop_gathered_until(self, rhythm: Rhythm, at: datetime) -> int:
        """Let nothing that came out until an instant be in a digest of a rhythm; returns how many pieces that are."""
        statement = "drop_weekly_until" if rhythm is Rhythm.WEEKLY else "drop_others_until"
        return self._db.write(_SQL[statement], {**_WEEKLY, "at": to_seconds(at)})

    def take_back_unsent(self, release_id: int) -> int:
        """Take back what of a release was never tried; returns how many deliveries that were."""
        return self._db.write(_SQL["take_back_unsent"], {"release_id": release_id})

    def count_gathered(self) -> int:
        """How many pieces wait for readers' digests."""
        return int(self._db.row(_SQL["count_gathered"])[0])

    def gathered_of(self, subscriber_id: int) -> list[Mapping[str, str]]:
        """Each piece that a reader gets in a digest: its `release`, and the `digest` ("" while it waits)."""
        return [
            {
                "release": f"{row['issue_id']}/{row['number']}",
                "digest": f"{row['digest']}/{row['digest_number']}" if row["digest"] else "",
            }
            for row in self._db.rows(_SQL["gathered_of"], {"subscriber_id": subscriber_id})
        ]


def _asked(audience: AudienceSettings | None, piece: Piece, *, is_again: bool) -> tuple[str, dict[str, object]]:
    """What a segment, a piece and a wish for its series add to a WHERE clause, with the values."""
    values: dict[str, object] = {}
    clauses = [*segment_clauses(audience, values)] if audience else []
    clauses += wish_clauses(piece, values)
    if is_again:
        clauses.append(_SQL["from_beginning"])
        values["from_beginning"] = f"\nfrom-beginning={plain_line(piece.series)}\n"
    return "".join(f"\nAND {clause}" for clause in clauses), values
