"""The same archive for every generator that `tools/bench_site.py` measures: texts of the example, cut and dealt anew.

issues/*.md ──paragraphs──▶ Piece ×N ──▶ a ledger of ours, and content/ for Hugo, Eleventy and Pelican
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sparkpub.adapters.ledger import open_ledger
from sparkpub.adapters.zones import zone
from sparkpub.articles import new_entry_id
from sparkpub.core.decisions import Due
from sparkpub.core.issues import parse_issue
from sparkpub.core.model import Issue, Occurrence
from sparkpub.core.records import ReleaseDraft
from sparkpub.press import open_publication

ROOT = Path(__file__).parents[1]
FIRST = date(2012, 1, 1)
SERIES = ("letters", "maps", "voices", "numbers")
_BLOCK = re.compile(r"\n{2,}")
_A_PARAGRAPH = 200
_WORD = re.compile(r"[A-Za-z]{4,}")
_SETTINGS = """\
[publication]
title = "The Bench"
base_url = "https://bench.example.org"
from = "The Bench <editor@bench.example.org>"
postal_address = "The Bench, 1 Measure Street, Exampleton"
tagline = "Everything twice"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One issue of the measured archive, released on a day of its own."""

    id: str
    title: str
    on: date
    series: str
    tags: tuple[str, ...]
    summary: str
    body: str


def pieces(count: int) -> Iterator[Piece]:
    """That many pieces of some 3 KB, one a day, always the same."""
    chance = random.Random(1917)  # noqa: S311 - texts, not secrets
    blocks = _blocks()
    words = sorted({word.lower() for block in blocks for word in _WORD.findall(block)})
    labels = words[:: max(1, len(words) // 40)][:40]
    for number in range(count):
        chosen = chance.sample(blocks, 7)
        title = " ".join(word.capitalize() for word in chance.sample(words, 4))
        quoted, listed = chance.choice(blocks), chance.sample(words, 4)
        parts = [
            *chosen[:2],
            f"## {chance.choice(words).capitalize()}",
            *chosen[2:4],
            "> " + quoted.replace("\n", "\n> "),
            chosen[4] + "[^1]",
            "\n".join(f"* **{word}** and *{word[::-1]}*" for word in listed),
            "| Page | Column |\n|---|---:|\n" + "\n".join(f"| {word} | {chance.randint(1, 99)} |" for word in listed),
            *chosen[5:],
            f"See [the paper](https://example.net/{number}) for more.",
            f"[^1]: The {words[number % len(words)]} of that day.",
        ]
        yield Piece(
            id=f"piece-{number:05}",
            title=f"{title} {number}",
            on=FIRST + timedelta(days=number),
            series=SERIES[number % 4] if number % 3 == 0 else "",
            tags=tuple(sorted(chance.sample(labels, 2))),
            summary=" ".join(chosen[0].split()[:24]),
            body="\n\n".join(parts) + "\n",
        )


def _blocks() -> list[str]:
    """Plain paragraphs of the example's issues."""
    found = []
    for path in sorted((ROOT / "issues").rglob("*.md")):
        text = path.read_text(encoding="utf-8").partition("\n---\n")[2]
        found += [
            b for b in _BLOCK.split(text) if b[:1].isalpha() and "[" not in b and "<" not in b and len(b) > _A_PARAGRAPH
        ]
    return found


def source(piece: Piece) -> str:
    """The issue file of a piece."""
    head = [
        f"id: {piece.id}",
        f"title: {json.dumps(piece.title)}",
        f"summary: {json.dumps(piece.summary, ensure_ascii=False)}",
        "status: ready",
        *([f"series: {piece.series}"] if piece.series else []),
        f"tags: [{', '.join(piece.tags)}]",
        f'release: "{piece.on} 07:00"',
    ]
    return "---\n" + "\n".join(head) + f"\n---\n\n{piece.body}"


def write_ours(folder: Path, count: int) -> None:
    """A press whose ledger has released every piece, as `release --past` would leave it."""
    folder.mkdir(parents=True)
    tables = "".join(f'\n[series.{id_}]\ntitle = "{id_.capitalize()}"\n' for id_ in SERIES)
    (folder / "sparkpub.toml").write_text(_SETTINGS + tables, encoding="utf-8")
    publication = open_publication(folder)
    ledger = open_ledger("sqlite:///var/ledger.db", folder, create=True, is_durable=False)
    with ledger.transaction():
        for piece in pieces(count):
            path = f"issues/{piece.id}.md"
            data = source(piece).encode()
            issue = parse_issue(data, path=path, settings=publication.settings, zones=zone)
            if not isinstance(issue, Issue):
                raise SystemExit("\n".join(map(str, issue)))
            at = datetime.combine(piece.on, time(7), UTC)
            due = Due(issue=issue, occurrence=Occurrence(number=0, on=piece.on, at=at, local=at))
            hash_ = issue.content_hash
            ledger.put_edition(hash_, piece.id, 0, source=data, compiled=b"", media={})
            ledger.add_release(
                ReleaseDraft(
                    issue_id=piece.id,
                    number=0,
                    on=piece.on,
                    released_at=at,
                    updated_at=at,
                    edition_hash=hash_,
                    issue_source=data,
                    issue_path=path,
                    settings=publication.source,
                    entry_id=new_entry_id(publication, due, at, is_first=True),
                    transport="maildir",
                    repeats=False,
                    is_mailed=False,
                )
            )
    ledger.close()
