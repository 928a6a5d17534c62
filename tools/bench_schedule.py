"""Measure ticks: by the index, beside a scan that parses every file and lists the occurrences of every rule.

Publications of a thousand to a hundred thousand yearly pieces are made in a temporary folder, each piece queued and its
last occurrence released. The four years are scheduling alone: no edition is rendered, no message made.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import yaml

from bench_figures import Figure, in_turns
from sparkpub.adapters.files import read_issues
from sparkpub.adapters.ledger import Ledger, open_ledger
from sparkpub.adapters.secrets import PUBLIC_KEY
from sparkpub.core.decisions import Agenda, Pace, decide, midnight, queued
from sparkpub.core.model import Anniversary, Issue, Occurrence, Years
from sparkpub.core.records import ReleaseDraft
from sparkpub.core.schedule import occurrences
from sparkpub.glancing import Coming, account_of
from sparkpub.press import Press, open_publication
from sparkpub.queueing import NO_ACCOUNT, WAITING, WATERMARK, calendar
from sparkpub.shelf import Shelf, read_shelf
from sparkpub.ticking import Ticker

SIZES = (1_000, 10_000, 100_000)
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
FOUR_YEARS = (date(2027, 1, 1), date(2031, 1, 1))
A_DAY = timedelta(days=1)
_SETTINGS = """\
[publication]
title = "The Bench"
base_url = "https://bench.example.org"
from = "The Bench <editor@bench.example.org>"
postal_address = "The Bench, 1 Measure Street, Exampleton"
"""
T = TypeVar("T")
_BODY = "A plain paragraph of a piece, long enough for a file of some three kilobytes.\n" * 38


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """One line of the report: a piece of work at each size of the publication, in milliseconds."""

    name: str
    seconds: tuple[float, ...]
    wanted: str = ""

    def __str__(self) -> str:
        """The times, with how they grow from the first size to the last."""
        shown = " ".join(f"{each * 1e3:11.2f}" for each in self.seconds)
        grown = f"x{self.seconds[-1] / self.seconds[0]:.1f}"
        return f"{self.name:<44} {shown} ms  {grown:>7}  {self.wanted}"


def ticks() -> Iterator[Growth | Figure]:
    """Ticks of growing publications, and what they are beside the scan at the largest."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for size in SIZES:
            folder = Path(scratch) / str(size)
            _write(folder, size)
            for name, seconds in _measured(folder):
                found.setdefault(name, []).append(seconds)
    for name, each in found.items():
        yield Growth(name=f"{name}, {'/'.join(f'{size // 1000}k' for size in SIZES)}", seconds=tuple(each))
    last = {name: each[-1] for name, each in found.items()}
    scan = last["scan of everything"]
    for name, wanted in (("tick, nothing changed", "100, and 50 ms"), ("tick of a new process", "")):
        yield Figure(
            name=name, ours=last[name], peer_name="a scan", peer=scan, wanted=f"wanted: {wanted}" * bool(wanted)
        )
    yield Figure(
        name="index from nothing",
        ours=last["index from nothing"],
        peer_name="libyaml alone",
        peer=last["libyaml alone"],
    )


def _measured(folder: Path) -> Iterator[tuple[str, float]]:
    """Each work at one size."""
    scan, shelf = _timed(lambda: _scan(folder))
    yield "scan of everything", scan
    yield "libyaml alone", _timed(lambda: _yaml(folder))[0]
    press = _press(folder, shelf)
    clock = iter(NOW + timedelta(minutes=n) for n in range(10_000))

    def tick_anew() -> None:
        with closing(Ticker(press)) as new:
            new.tick(now=next(clock), tell=_nothing)

    yield "index from nothing", _timed(tick_anew)[0]
    edited = folder / next(iter(shelf.issues.values())).path

    def edit_and_tick(ticker: Ticker) -> None:
        edited.write_text(edited.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
        ticker.tick(now=next(clock), tell=_nothing, changed=frozenset({edited.relative_to(folder).as_posix()}))

    with closing(Ticker(press)) as ticker:
        ticker.tick(now=next(clock), tell=_nothing)
        quiet, one, anew = in_turns(
            lambda: ticker.tick(now=next(clock), tell=_nothing, changed=frozenset()),
            lambda: edit_and_tick(ticker),
            tick_anew,
        )
    yield "tick, nothing changed", quiet
    yield "tick, one file changed", one
    yield "tick of a new process", anew
    yield "four years scheduled", _timed(_four_years(press, shelf))[0]
    press.ledger.close()


def _nothing(_: object) -> None:
    """Tell nobody."""


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    """The seconds of a work, and what came of it."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def _scan(folder: Path) -> Shelf:
    """Parse every file, and list what every rule has around now."""
    shelf = read_shelf(open_publication(folder))
    for issue in shelf.issues.values():
        if issue.rule:
            occurrences(issue.rule, NOW.date() - 3 * A_DAY, NOW.date() + 3 * A_DAY)
    return shelf


def _yaml(folder: Path) -> None:
    """Read every file, and have libyaml parse its front matter and nothing more."""
    for _, data in read_issues(folder):
        for _event in yaml.parse(data.split(b"---\n", 2)[1], Loader=yaml.CBaseLoader):
            pass


def _write(folder: Path, count: int) -> None:
    """A publication of so many yearly pieces, a thousand a folder."""
    for number in range(count):
        path = folder / "issues" / f"{number // 1000:03}" / f"{number:06}.md"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True)
        of = date(1700, 1, 1) + timedelta(days=number * 37 % 80_000)
        head = (
            f'id: piece-{number:06}\ntitle: "Piece {number}"\nsummary: "What it tells."\nstatus: ready\ntags: [a, b]\n'
        )
        path.write_text(f'---\n{head}anniversary:\n  of: "{of}"\n  every: 1\n---\n\n{_BODY}', encoding="utf-8")
    (folder / "sparkpub.toml").write_text(_SETTINGS, encoding="utf-8")


def _press(folder: Path, shelf: Shelf) -> Press:
    """A press that has queued every piece, and released what it had last."""
    publication = open_publication(folder)
    ledger = open_ledger("sqlite:///var/ledger.db", folder, create=True)
    with ledger.transaction():
        for issue in shelf.issues.values():
            ledger.save_issue_state(queued(issue, BEGAN))
            if issue.rule:
                last = occurrences(issue.rule, NOW.date() - 366 * A_DAY, NOW.date() + A_DAY)[-1]
                ledger.add_release(_draft(issue, last, last.at))
        ledger.record(BEGAN, "began", "press", "")
        ledger.set_fact(WATERMARK, NOW.isoformat())
    state = folder / "var"
    return Press(
        publication=publication,
        ledger=ledger,
        key=PUBLIC_KEY,
        state=state,
        outbox=state / "outbox",
        stop_file=folder / "STOP",
    )


def _draft(issue: Issue, occurrence: Occurrence, at: datetime) -> ReleaseDraft:
    """A release without its text."""
    return ReleaseDraft(
        issue_id=issue.id,
        number=occurrence.number,
        on=occurrence.on,
        released_at=at,
        updated_at=at,
        edition_hash=issue.content_hash,
        issue_source=b"text",
        issue_path=issue.path,
        settings="",
        entry_id=issue.id,
        transport="maildir",
        repeats=True,
        is_mailed=True,
    )


def _four_years(press: Press, shelf: Shelf) -> Callable[[], None]:
    """Four years to be scheduled, of pieces of which each comes once in a hundred: ticks daily and at each instant."""
    once = replace(shelf, issues={issue.id: _once(issue, n) for n, issue in enumerate(shelf.issues.values())})
    publication, window = press.publication, FOUR_YEARS
    ledger = open_ledger("sqlite://", publication.folder)
    with ledger.transaction():
        for issue in once.issues.values():
            ledger.save_issue_state(queued(issue, BEGAN))

    def run() -> None:
        every = calendar(publication, once.issues.values(), NO_ACCOUNT, start=window[0], end=window[1], now=BEGAN)
        coming = Coming(standing.due for standing in every)
        now, end, released = midnight(window[0]), midnight(window[1]), 0
        while now < end:
            agenda = _scheduled(publication.pace, ledger, coming, once, now=now)
            released += len(agenda.to_release)
            now = min(at for at in (coming.after(now), agenda.look_again_at, now + A_DAY) if at)
        ledger.close()
        if released != len(every):
            raise SystemExit(f"{released} of {len(every)} were released")

    return run


def _scheduled(pace: Pace, ledger: Ledger, coming: Coming, shelf: Shelf, *, now: datetime) -> Agenda:
    """One tick without its rendering."""
    part = coming.part(shelf, ledger, now=now, pace=pace, window=FOUR_YEARS)
    known = account_of(ledger, part.issues.values(), now=now, pace=pace)
    agenda = decide(part.issues.values(), known, now=now, pace=pace, series_order={}, window=FOUR_YEARS)
    with ledger.transaction():
        for due in agenda.to_release:
            ledger.add_release(_draft(due.issue, due.occurrence, now))
        ledger.set_fact(WATERMARK, now.isoformat())
        ledger.set_fact(WAITING, min((due.occurrence.on for due in agenda.waiting), default=now.date()).isoformat())
    return agenda


def _once(issue: Issue, number: int) -> Issue:
    """A piece that has one anniversary, in one of the hundred years from 2027 on."""
    rule = issue.rule
    if not isinstance(rule, Anniversary):
        return issue
    return replace(issue, rule=replace(rule, choice=Years(numbers=frozenset({2027 + number % 100 - rule.of.year}))))
