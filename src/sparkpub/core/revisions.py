"""Which revision of an event a calendar program is told: the next one for what changed, the same for what did not.

    occurrences ──▶ items ──beside what was told before──▶ items with SEQUENCE and DTSTAMP ──▶ calendar file

An event is compared by everything in it but these two lines. So whatever is unchanged keeps both, and a program that
reads the file again finds nothing to do (RFC 5545, sections 3.8.7.2 and 3.8.7.4).
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sparkpub.core.ics import CalendarItem, event_text

_STAMP = "%Y%m%dT%H%M%SZ"
_REVISION = ("DTSTAMP:", "SEQUENCE:")
_SEQUENCE_MAX = 2**31 - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event as calendar programs know it: a digest of what it says, its revision, and when that was made."""

    digest: str
    sequence: int
    stamp: datetime


def revised(items: Iterable[CalendarItem], former: Mapping[str, Told], *, now: datetime) -> list[CalendarItem]:
    """The items with the revision and stamp of each by what was told before; of two with one uid the first."""
    first: dict[str, CalendarItem] = {}
    for item in items:
        first.setdefault(item.uid, item)
    return [_revised(item, former.get(uid), now) for uid, item in first.items()]


def _revised(item: CalendarItem, before: Told | None, now: datetime) -> CalendarItem:
    """An item as the next revision of what was told, or the same one."""
    if before is None:
        return replace(item, sequence=0, stamp=now)
    if before.digest == _digest(_lines(event_text(item))):
        return replace(item, sequence=before.sequence, stamp=before.stamp)
    return replace(item, sequence=before.sequence + 1, stamp=max(now, before.stamp))


def told(items: Iterable[CalendarItem]) -> dict[str, Told]:
    """What programs know once they have read these items, by uid."""
    return {
        item.uid: Told(digest=_digest(_lines(event_text(item))), sequence=item.sequence, stamp=item.stamp)
        for item in items
    }


def newest(*accounts: Mapping[str, Told]) -> dict[str, Told]:
    """Several accounts of what was told as one: of each event the highest revision."""
    found: dict[str, Told] = {}
    for uid, one in (pair for account in accounts for pair in account.items()):
        if uid not in found or one.sequence > found[uid].sequence:
            found[uid] = one
    return found


def told_in(calendar: bytes) -> dict[str, Told]:
    """What a calendar file tells; of what is no file of ours, as much as can be understood."""
    found: dict[str, Told] = {}
    event: list[str] = []
    for line in _lines(calendar.decode("utf-8", "replace")):
        if line == "BEGIN:VEVENT":
            event = []
        event.append(line)
        if line == "END:VEVENT":
            values = dict(part.partition(":")[::2] for part in event)
            with contextlib.suppress(ValueError, KeyError):
                found[values["UID"]] = Told(
                    digest=_digest(event),
                    sequence=_sequence(values.get("SEQUENCE", "0")),
                    stamp=datetime.strptime(values["DTSTAMP"], _STAMP).replace(tzinfo=UTC),
                )
    return found


def read_told(record: bytes) -> dict[str, Told]:
    """What `write_told` wrote down; nothing if it is damaged."""
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        return {
            str(uid): Told(
                digest=str(digest),
                sequence=_sequence(sequence),
                stamp=datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC),
            )
            for uid, (digest, sequence, stamp) in json.loads(record).items()
        }
    return {}


def write_told(known: Mapping[str, Told]) -> bytes:
    """What was told, to be read by `read_told`."""
    rows = {uid: [one.digest, one.sequence, f"{one.stamp:{_STAMP}}"] for uid, one in sorted(known.items())}
    return (json.dumps(rows, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _sequence(given: str | int) -> int:
    """A revision that can be counted on from."""
    number = int(given)
    if not 0 <= number <= _SEQUENCE_MAX:
        raise ValueError(f"'{given}' is no revision")
    return number


def _lines(text: str) -> Iterator[str]:
    """The content lines of a calendar, unfolded."""
    yield from text.replace("\r\n", "\n").replace("\n ", "").split("\n")


def _digest(event: Iterable[str]) -> str:
    """A digest of everything an event says but for its revision."""
    lines = (line for line in event if line and not line.startswith(_REVISION))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
