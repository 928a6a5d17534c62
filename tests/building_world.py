"""A small publication whose ledger, theme, settings and files can be changed at will, to be built warm and cold."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from sparkpub.adapters.ledger import open_ledger
from sparkpub.adapters.templates import starter_templates
from sparkpub.building import BuildReport, Progress, build
from sparkpub.core.model import Asset
from sparkpub.core.records import ReleaseDraft
from sparkpub.press import open_press, open_publication

PICTURE = Asset(
    name="0123456789abcdef-dots.png", data=b"\x89PNG not really", media_type="image/png", width=800, height=400
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One release as the ledger will tell it."""

    id: str
    slug: str
    title: str
    body: str
    on: date
    tags: tuple[str, ...] = ()
    series: str = ""
    number: int = 0
    aliases: tuple[str, ...] = ()
    updated_on: date | None = None
    has_picture: bool = False

    def source(self) -> bytes:
        """Its issue file."""
        lines = [
            f"id: {self.id}",
            f'slug: "{self.slug}"',
            f'title: "{self.title}"',
            "status: ready",
            f"tags: [{', '.join(self.tags)}]",
            f"aliases: [{', '.join(self.aliases)}]",
            *([f"series: {self.series}"] if self.series else []),
            *([f'corrections: ["{self.updated_on}: mended"]'] if self.updated_on else []),
            *([f'anniversary: {{of: "1917-{self.on:%m-%d}", every: 1}}'] if self.number else [f'release: "{self.on}"']),
        ]
        return ("---\n" + "\n".join(lines) + f"\n---\n\n{self.body}\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a site is made from."""

    told: tuple[Told, ...] = ()
    title: str = "The Paper"
    series_title: str = "Letters"
    per_feed: int = 2
    templates: Mapping[str, str] = field(default_factory=dict)
    static: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Make a publication of it, in the place of what is there; what builds remember and have built stays."""
        (folder / "var").mkdir(parents=True, exist_ok=True)
        settings = (
            f'[publication]\ntitle = "{self.title}"\nbase_url = "https://paper.example.org/news"\n'
            'from = "The Paper <editor@paper.example.org>"\npostal_address = "The Paper, Exampleton"\n'
            f'[site]\nper_feed = {self.per_feed}\n[series.letters]\ntitle = "{self.series_title}"\n'
        )
        _write(folder / "sparkpub.toml", settings)
        for name, files in (("templates/site", self.templates), ("static", self.static)):
            shutil.rmtree(folder / name, ignore_errors=True)
            for file, text in files.items():
                _write(folder / name / file, text)
        for path in (folder / "var").glob("ledger.db*"):
            path.unlink()
        self._release_all(folder, settings)

    def _release_all(self, folder: Path, settings: str) -> None:
        ledger = open_ledger("sqlite:///var/ledger.db", folder, create=True, is_durable=False)
        with ledger.transaction():
            for one in self.told:
                at = datetime.combine(one.on, time(7), UTC)
                hash_ = f"{one.id}/{one.number}/{one.has_picture}"
                media = {"dots.png": PICTURE.name} if one.has_picture else {}
                ledger.put_asset(PICTURE)
                ledger.put_edition(hash_, one.id, one.number, source=b"", compiled=b"", media=media)
                ledger.add_release(
                    ReleaseDraft(
                        issue_id=one.id,
                        number=one.number,
                        on=one.on,
                        released_at=at,
                        updated_at=datetime.combine(one.updated_on, time(7), UTC) if one.updated_on else at,
                        edition_hash=hash_,
                        issue_source=one.source(),
                        issue_path=f"issues/{one.slug}.md",
                        settings=settings,
                        entry_id=f"tag:paper.example.org,{one.on.year}:{one.id}/{one.number}",
                        transport="maildir",
                        repeats=bool(one.number),
                        is_mailed=False,
                    )
                )
        ledger.close()


def a_world() -> World:
    """A world with a series, a piece that came round twice, a picture, tags that share a spelling, an alias."""
    body = 'The paper said "nothing", and [more](/issues/one/).[^1]\n\n> So it is.\n>\n> -- A reader\n\n[^1]: A note.'
    told = (
        Told(
            id="one", slug="one", title="First", body=body, on=date(2015, 3, 4), tags=("bread", "war"), series="letters"
        ),
        Told(id="two", slug="two", title="Second", body=body, on=date(2015, 5, 6), tags=("Bread",), aliases=("/old/",)),
        Told(id="three", slug="three", title="Third", body="Short.", on=date(2016, 1, 2), series="letters"),
        Told(id="round", slug="round", title="Again", body=body, on=date(2016, 7, 8), number=99, tags=("war",)),
        Told(
            id="pic",
            slug="pic",
            title="Seen",
            body="![Dots](dots.png)",
            on=date(2017, 2, 3),
            has_picture=True,
            tags=("x",),
        ),
        Told(id="round", slug="round", title="Again", body=body, on=date(2017, 7, 8), number=100, tags=("war",)),
        Told(id="last", slug="last", title="Last", body=body, on=date(2017, 9, 9), tags=("bread",), series="letters"),
    )
    return World(told=told, static={"icon.svg": "<svg/>"})


def build_here(folder: Path, *, progress: Progress = lambda done, total: None, jobs: int = 1) -> BuildReport:  # noqa: ARG005
    """Build the publication in this process."""
    press = open_press(open_publication(folder), {})
    try:
        return build(press, out=folder / "public", progress=progress, jobs=jobs)
    finally:
        press.ledger.close()


_SCRIPT = """\
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from building_world import build_here
stop = int(sys.argv[2])
def progress(done, total):
    if done == stop:
        os.kill(os.getpid(), 9)
build_here(Path(sys.argv[1]), progress=progress, jobs=int(sys.argv[3]))
"""


def build_elsewhere(folder: Path, *, stop: int = -1, jobs: int = 1, environ: Mapping[str, str] | None = None) -> int:
    """Build in a process of its own, which is killed once `stop` steps are done; returns its exit code."""
    script = _SCRIPT.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", script, str(folder), str(stop), str(jobs)]
    return subprocess.run(command, check=False, env={**os.environ, **(environ or {})}).returncode


def on_disk(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def starter_template(name: str) -> str:
    """A template of the starter, to be changed."""
    return (starter_templates() / "site" / name).read_text(encoding="utf-8")


def changed(world: World, index: int, **values: object) -> World:
    """The world with one release told otherwise."""
    if not world.told:
        return world
    at = index % len(world.told)
    return replace(world, told=(*world.told[:at], replace(world.told[at], **values), *world.told[at + 1 :]))  # type: ignore[arg-type]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
