"""Announce changed feeds to the WebSub hub: after a release, in their own time, and in the way of nothing.

    build ──note──▶ var/cache/announce.json ──announce──▶ hub
                            ▲                      └──refused: later, later still, given up after a day

What waits outlives the process, and a build that changed no feed announces none.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sparkpub.adapters.files import write_if_changed
from sparkpub.adapters.websub import publish
from sparkpub.core.feeds import current_feeds
from sparkpub.core.links import absolute
from sparkpub.press import Press

_WAITS: Final = tuple(timedelta(minutes=count) for count in (1, 5, 15, 60))
_GIVE_UP: Final = timedelta(days=1)
_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A feed that the hub is to be told of, since when, how often it was tried, and when it is tried next."""

    url: str
    since_at: datetime
    next_at: datetime
    tries: int = 0


def note(press: Press, changed: Iterable[str], *, now: datetime) -> None:
    """Remember which feeds a build changed, given by all files that it wrote."""
    base_url = press.publication.settings.publication.base_url
    urls = [absolute(base_url, f"/{name}") for name in current_feeds(changed)]
    if urls:
        kept = {one.url: one for one in _read(_file(press))}
        _write(_file(press), {**kept, **{url: Waiting(url=url, since_at=now, next_at=now) for url in urls}}.values())


def announce(press: Press, *, now: datetime, seconds: float = _SECONDS) -> list[str]:
    """Tell the hub of each feed whose time has come; returns what a person should know, usually nothing.

    It takes a few times `seconds` at most, and no failure of the hub is one of the press.
    """
    file = _file(press)
    waiting = _read(file)
    due = [one for one in waiting if one.next_at <= now]
    if not due:
        return []
    hub = press.publication.settings.site.hub
    refused = publish(hub, [one.url for one in due], seconds=seconds)
    later = {one.url: _later(one, now) for one in due if one.url in refused}
    lost = [url for url, one in later.items() if now - one.since_at >= _GIVE_UP]
    _write(
        file,
        [
            later.get(one.url, one)
            for one in waiting
            if one.url not in lost and (one.url in refused or one.next_at > now)
        ],
    )
    first = [one.url for one in later.values() if one.tries == 1 and one.url not in lost]
    return [
        *_lines(hub, first, refused, "it is told later"),
        *_lines(hub, lost, refused, "given up; feed readers find the change by themselves"),
    ]


def _later(one: Waiting, now: datetime) -> Waiting:
    """The same feed after another failure."""
    wait = _WAITS[min(one.tries, len(_WAITS) - 1)]
    return Waiting(url=one.url, since_at=one.since_at, next_at=now + wait, tries=one.tries + 1)


def _lines(hub: str, urls: Sequence[str], refused: dict[str, str], then: str) -> list[str]:
    """A line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for url in urls:
        by_reason.setdefault(refused[url], []).append(url)
    return [
        f"the hub {hub} {reason}, asked about {held[0]}{f' and {len(held) - 1} more' if len(held) > 1 else ''}; {then}"
        for reason, held in by_reason.items()
    ]


def _file(press: Press) -> Path:
    return press.state / "cache" / "announce.json"


def _read(file: Path) -> list[Waiting]:
    """What waits; what cannot be read is forgotten, since readers of feeds ask by themselves too."""
    try:
        rows = json.loads(file.read_bytes())
        return [
            Waiting(url=url, since_at=datetime.fromisoformat(since), next_at=datetime.fromisoformat(then), tries=tries)
            for url, since, then, tries in rows
        ]
    except (OSError, ValueError, TypeError):
        return []


def _write(file: Path, waiting: Iterable[Waiting]) -> None:
    rows = [[one.url, one.since_at.isoformat(), one.next_at.isoformat(), one.tries] for one in waiting]
    write_if_changed(file, (json.dumps(rows, indent=1) + "\n").encode())
