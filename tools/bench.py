"""Measure sparkpub beside a peer, in turns within one run: what counts is the ratio, machines are noisy.

usage: python tools/bench.py [startup|message|edition|schedule|ticks|site|feeds|sending|readers|web]...
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import bench_feeds
import bench_mail
import bench_readers
import bench_schedule
import bench_sending
import bench_site
import bench_web
from bench_figures import Figure, in_turns
from sparkpub.core.schedule import occurrences
from sparkpub.press import open_publication
from sparkpub.shelf import read_shelf

ROOT = Path(__file__).parents[1]
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is measured finds its modules compiled, as where it is used


def startup() -> Iterator[Figure]:
    """`sparkpub --help` beside an empty interpreter and beside click's own import."""
    python = sys.executable
    command = str(Path(python).with_name("sparkpub"))

    def running(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run(words, check=True, capture_output=True)

    ours, empty, click = in_turns(
        running(command, "--help"), running(python, "-c", "pass"), running(python, "-c", "import click"), rounds=15
    )
    budget = 4 * empty + (click - empty)
    yield Figure(name="sparkpub --help", ours=ours, peer_name="python -c pass", peer=empty)
    yield Figure(
        name="sparkpub --help",
        ours=ours,
        peer_name="4 x python -c pass + click's import",
        peer=budget,
        wanted="wanted: at most the time of it",
    )


def schedule() -> Iterator[Figure]:
    """A week's occurrences of every issue beside listing all years; and a simulated year beside one check."""
    publication = open_publication(ROOT)
    rules = [issue.rule for issue in read_shelf(publication).issues.values() if issue.rule]
    week = (date(2027, 2, 22), date(2027, 3, 1))
    ours, peer = in_turns(
        lambda: [occurrences(rule, *week) for rule in rules],
        lambda: [[o for o in occurrences(rule, date.min, week[1]) if o.on >= week[0]] for rule in rules],
    )
    yield Figure(name="a week's occurrences of the example", ours=ours, peer_name="listing every year", peer=peer)
    with tempfile.TemporaryDirectory() as scratch:
        command = str(Path(sys.executable).with_name("sparkpub"))
        year = ["simulate", "--from", "2017-01-01", "--until", "2018-01-01", "--out", scratch, "--quiet"]
        ours, peer = in_turns(
            lambda: subprocess.run([command, "--publication", ROOT, *year], check=True, capture_output=True),
            lambda: subprocess.run(
                [command, "--publication", ROOT, "check", "--quiet"], check=True, capture_output=True
            ),
            rounds=3,
        )
        yield Figure(name="a simulated year of the example", ours=ours, peer_name="sparkpub check", peer=peer)


def sending() -> Iterator[object]:
    """End to end with the ledger on; each of its tables as it comes."""
    bench_sending.main([])
    yield from ()


def web() -> Iterator[object]:
    """The web face under load; each of its tables as it comes."""
    bench_web.main([])
    yield from ()


MEASURES: dict[str, Callable[[], Iterator[object]]] = {
    "startup": startup,
    "message": bench_mail.messages,
    "edition": bench_mail.editions,
    "schedule": schedule,
    "ticks": bench_schedule.ticks,
    "site": bench_site.sites,
    "feeds": bench_feeds.feeds,
    "sending": sending,
    "readers": bench_readers.readers,
    "web": web,
}


def main(names: list[str]) -> None:
    """Print the figures of the measures named, or of all."""
    print(f"Python {sys.version.split()[0]}; medians, in turns")
    for name in names or MEASURES:
        for figure in MEASURES[name]():
            print(figure)


if __name__ == "__main__":
    main(sys.argv[1:])
