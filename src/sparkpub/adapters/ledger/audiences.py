"""Ledger rows of audiences: whom a release goes to, by the segment it is for and by what readers wish."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sparkpub.adapters.ledger.instants import to_seconds
from sparkpub.adapters.ledger.moving import MovedRows
from sparkpub.adapters.ledger.readers import pair_line
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.addresses import plain_line
from sparkpub.core.settings import AudienceSettings
from sparkpub.core.wishes import Piece
from sparkpub.errors import UsageError

_AUDIENCE = statements("audience.sql")
_BATCH = 1000
_DAY_SECONDS = 86_400


class AudienceRows(MovedRows):
    """Audiences, counted and frozen."""

    def plan_deliveries(self, release_id: int, audience: AudienceSettings | None, piece: Piece | None = None) -> int:
        """Freeze a release's audience into deliveries, in the order of the readers; returns how many.

        Without a segment every active reader who is not suppressed is in it, as far as they wish for such a piece by
        itself; without a piece no wish is asked.
        """
        condition, values = _conditions(audience, piece)
        values |= {"release_id": release_id, "span": self._span(audience)}
        return self._db.write(_AUDIENCE["plan"] + condition, values)

    def _span(self, audience: AudienceSettings | None) -> int:
        """How many reader numbers make a batch of about a thousand deliveries: more where a segment is thin."""
        count = self.count_audience(audience) if audience else 0
        return max(_BATCH, _BATCH * int(self._db.row(_AUDIENCE["last_reader"])[0]) // count) if count else _BATCH

    def count_audience(self, audience: AudienceSettings | None, piece: Piece | None = None) -> int:
        """How many readers a release would go to now, each by itself."""
        condition, values = _conditions(audience, piece)
        return int(self._db.row(_AUDIENCE["count"] + condition, values)[0])

    def count_in_digests(self, audience: AudienceSettings | None, piece: Piece) -> int:
        """How many more readers would get a piece in a digest now."""
        condition, values = _conditions(audience, None)
        parts = [_numbered("wants_digest", "rhythm", "\nrhythm=", values), *wish_clauses(piece, values)]
        wanted = "".join(f"\nAND {clause}" for clause in parts)
        return int(self._db.row(_AUDIENCE["count"] + condition + wanted, values)[0])


def _conditions(audience: AudienceSettings | None, piece: Piece | None) -> tuple[str, dict[str, object]]:
    """What a segment and the readers' wishes add to a WHERE clause, with the values."""
    values: dict[str, object] = {}
    clauses = [*segment_clauses(audience, values)] if audience else []
    if piece:
        clauses.append(_wish(piece, values))
    return "".join(f"\nAND {clause}" for clause in clauses), values


def segment_clauses(audience: AudienceSettings, values: dict[str, object]) -> Iterator[str]:
    """The conditions of a segment: every kind must hold, any of one kind. Puts what they compare with into `values`.

    A reader follows a series by the tag `series:ID`.
    """
    wanted = [
        [("has_tag", "tag", f"\n{plain_line(tag)}\n") for tag in audience.tags],
        [("has_tag", "tag", f"\nseries:{plain_line(series)}\n") for series in audience.series],
        [("has_language", "language", f"{language.lower()}-") for language in audience.language],
        *([("has_attribute", "attribute", f"\n{pair_line(*pair)}\n")] for pair in audience.attributes.items()),
    ]
    for alternatives in filter(None, wanted):
        parts = [_numbered(statement, name, value, values) for statement, name, value in alternatives]
        yield "(" + " OR ".join(parts) + ")"
    for tag in audience.without_tags:
        yield _numbered("lacks_tag", "tag", f"\n{plain_line(tag)}\n", values)
    if audience.added_from:
        yield _numbered("added_from", "added_from", _midnight(audience.added_from), values)
    if audience.added_until:
        yield _numbered("added_before", "added_before", _midnight(audience.added_until, days=1), values)
    if audience.received:
        issue, _, number = audience.received.rpartition("/")
        if not issue or not number.isdecimal():
            raise UsageError(f"[audience] received = '{audience.received}' names no release; write it like ISSUE/100")
        values |= {"received_issue": issue, "received_number": int(number)}
        yield _AUDIENCE["has_received"]


def _wish(piece: Piece, values: dict[str, object]) -> str:
    """The condition that a reader wishes for a piece, by itself; the SQL of `core.wishes.wants`."""
    parts = [_numbered("wants_each", "rhythm", "\nrhythm=", values), *wish_clauses(piece, values)]
    return f"({_AUDIENCE['wants_everything']} OR ({' AND '.join(parts)}))"


def wish_clauses(piece: Piece, values: dict[str, object]) -> list[str]:
    """The conditions that a reader wishes for a piece, in whatever rhythm."""
    parts = [
        _numbered("wants_series", "series", f"\nwithout-series={plain_line(piece.series)}\n", values),
        *(_numbered("wants_tag", "tag", f"\nwithout-tag={plain_line(tag)}\n", values) for tag in piece.tags),
    ]
    if not piece.is_round:
        parts.append(_numbered("wants_all_numbers", "round_only", "\nround-only\n", values))
    return parts


def _midnight(text: str, *, days: int = 0) -> int:
    """The beginning of a date in UTC, or of one so many days after it, as the ledger keeps instants."""
    return to_seconds(datetime.fromisoformat(text).replace(tzinfo=UTC)) + days * _DAY_SECONDS


def _numbered(statement: str, name: str, value: str | int, values: dict[str, object]) -> str:
    """A condition whose value has a name of its own among `values`."""
    key = f"{name}_{len(values)}"
    values[key] = value
    return _AUDIENCE[statement].replace(f":{name}", f":{key}")
