"""Measure lists of readers: a million rows in and out, beside bare csv and beside email-validator on every row.

The list has names in several scripts, languages, tags and a town; a row in 40 is none that can be used. The peer fills
the same table of a new ledger by `csv.reader` and `executemany` in one transaction, without a check of anything.
Seconds are of one core, process time; email-validator, which is slow, is measured on a part of the rows.
"""

import csv
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from email_validator import EmailNotValidError, validate_email

from sparkpub.adapters.ledger import open_ledger

ROWS = 1_000_000
PART = 20_000
_ROUNDS = 3
_SPARKPUB = str(Path(sys.executable).with_name("sparkpub"))
_NAMES = ("Ada", "Zoë", "Jürgen", "Anna Maria", "Иван", "Chloé", "O'Brien", "Łukasz", "Kim", "Mary")
_DOMAINS = ("example.org", "mail.example.net", "letters.example.com", "post.example.org", "bücher.example")
_SETTINGS = """\
[publication]
title = "The Bench"
base_url = "https://bench.example.org"
from = "The Bench <editor@bench.example.org>"
postal_address = "The Bench, 1 Measure Street, Exampleton"
"""
_BARE = """\
INSERT INTO subscriber (address_key, address, name, state, language, tags, attributes, wishes, evidence, asked_at,
    added_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, '', 'a list', 0, 0, 0) ON CONFLICT (address_key) DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One line of the report: a piece of work in rows a second of one core, and what it is beside ours."""

    name: str
    rows: float
    ours: float
    note: str = ""

    def __str__(self) -> str:
        """The rate, and how many times as fast ours is."""
        return f"{self.name:<46} {self.rows:12,.0f} rows/s  ours x{self.ours / self.rows:6.2f}  {self.note}"


def readers() -> Iterator[Rate]:
    """An import, a rehearsal of it, the same again and an export, beside the peers."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file = folder / "list.csv"
        _write(file, ROWS)
        found: dict[str, list[float]] = {}
        peaks: list[int] = []
        for turn in range(_ROUNDS):
            for name, work in _works(folder / str(turn), file).items():
                seconds, peak = work()
                found.setdefault(name, []).append(seconds)
                peaks.append(peak)
        validated = _validated(file)
    rates = {name: ROWS / sorted(seconds)[len(seconds) // 2] for name, seconds in found.items()}
    ours = rates["import"]
    memory = f"at most {max(peaks) // 1024} MB"
    yield Rate(name="import", rows=ours, ours=ours, note=f"wanted: 50,000; {memory}")
    for name in ("rehearsal of it (--dry-run)", "the same list again", "export"):
        yield Rate(name=name, rows=rates[name], ours=rates[name])
    yield Rate(name="csv.reader and executemany, no check", rows=rates["bare"], ours=ours)
    both = 1 / (1 / rates["bare"] + validated)
    yield Rate(name="the same with email-validator on each row", rows=both, ours=ours)


def _works(folder: Path, file: Path) -> dict[str, Callable[[], tuple[float, int]]]:
    """What is done in one turn, in this order; each gives its seconds and how much memory it took at most, in KiB."""
    folder.mkdir()
    (folder / "sparkpub.toml").write_text(_SETTINGS, encoding="utf-8")
    open_ledger("sqlite:///var/ledger.db", folder, create=True).close()
    words = ("import", str(file), "--quiet")
    return {
        "rehearsal of it (--dry-run)": lambda: _command(folder, *words, "--dry-run"),
        "import": lambda: _command(folder, *words),
        "the same list again": lambda: _command(folder, *words),
        "export": lambda: _command(folder, "export", "--out", str(folder / "out.csv")),
        "bare": lambda: (_bare(folder, file), 0),
    }


def _command(folder: Path, *words: str) -> tuple[float, int]:
    """Processor seconds and memory of `sparkpub subscribers …`, its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [_SPARKPUB, "--publication", str(folder), "subscribers", *words]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, after.ru_maxrss


def _bare(folder: Path, file: Path) -> float:
    """Processor seconds of filling the table from a list without looking at anything."""
    with closing(open_ledger("sqlite:///bare.db", folder, create=True)) as ledger, file.open(newline="") as opened:
        begun = time.process_time()
        rows = csv.reader(opened)
        next(rows)
        values = ((c[0].lower(), c[0], c[1], c[2], c[3], f"\n{c[4]}\n", f"\ntown={c[5]}\n") for c in rows)
        with ledger.transaction():
            ledger._db.write_many(_BARE, values)  # noqa: SLF001 - the same table on the same connection
    return time.process_time() - begun


def _validated(file: Path) -> float:
    """Processor seconds a row that email-validator takes."""
    with file.open(newline="") as opened:
        addresses = [cells[0] for cells in islice(csv.reader(opened), 1, PART)]
    begun = time.process_time()
    for address in addresses:
        _is_valid(address)
    return (time.process_time() - begun) / len(addresses)


def _is_valid(address: str) -> bool:
    """Whether email-validator takes an address."""
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def _write(file: Path, count: int) -> None:
    """A list of so many readers, their addresses in no order."""
    chance = Random(1917)  # noqa: S311 - the same list each time
    numbers = list(range(count))
    chance.shuffle(numbers)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(("email", "name", "status", "language", "tags", "town"))
        for number in numbers:
            name = _NAMES[number % len(_NAMES)]
            domain = _DOMAINS[chance.randrange(len(_DOMAINS)) if number % 20 == 0 else number % 4]
            at = "" if number % 80 == 7 else "@"  # noqa: PLR2004 - a row that is no address
            language = "klingon!!" if number % 80 == 47 else ("en", "fr", "de", "pt-BR", "")[number % 5]  # noqa: PLR2004
            tags = ("", "history", "history;science")[number % 3]
            town = ("Kraków", "London", "Paris")[number % 3]
            row = (
                f"reader{number * 7919 % count}.{number}{at}{domain}",
                f"{name} {number}",
                "active",
                language,
                tags,
                town,
            )
            writer.writerow(row)
