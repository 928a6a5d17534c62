"""Build the site: the ledger's releases become a folder that any web server can serve.

    releases ──site_of──▶ static files, pictures ──▶ pages ──▶ lists ──▶ feeds ──▶ sitemap ──▶ what nobody claims goes

A file whose bytes would not change is not touched. Files are entered in a record beside the ledger before they are
written: a build that is broken off anywhere leaves nothing that the next one does not know, and that one ends like a
build into an empty folder. Files that no build of ours wrote are never removed.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path, PurePosixPath

import jinja2

from sparkpub.adapters.files import read_static, remove, write_if_changed
from sparkpub.adapters.templates import template_fault
from sparkpub.articles import released_articles
from sparkpub.core.article import Article
from sparkpub.core.links import media_path
from sparkpub.core.model import Asset
from sparkpub.core.settings import Settings
from sparkpub.core.site import Output, site_of
from sparkpub.errors import InputError
from sparkpub.press import Press

Progress = Callable[[int, int], None]

_HALF = re.compile(r"\.[0-9a-f]{16}\.new")  # what adapters.files calls a file until it is whole


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build left in `out`: how many pages and files there are, which were written and how many removed now."""

    out: Path
    pages: int
    files: int
    removed: int
    changed: tuple[str, ...]

    @property
    def written(self) -> int:
        """How many files were written, because their bytes are new."""
        return len(self.changed)


@dataclass(slots=True)
class Folder:
    """The folder of the site while it is built.

    `record` is the file that names all that builds of ours may have left in `out`; `claimed` are the files of this
    build, `changed` those of them that had to be written.
    """

    out: Path
    record: Path
    claimed: set[str] = field(default_factory=set)
    changed: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _former: set[str] = field(default_factory=set)
    _was_finished: bool = True

    def __post_init__(self) -> None:
        """Remember what is there."""
        self._former, self._was_finished = _read_record(self.record)

    def claim(self, outputs: Iterable[Output]) -> list[Output]:
        """Those of the outputs whose places are free; they are ours from now on, whatever happens next."""
        mine = []
        for output in outputs:
            parents = {str(parent) for parent in PurePosixPath(output.file).parents}
            if output.file in self.claimed or output.file in self._taken or parents & self.claimed:
                continue
            self.claimed.add(output.file)
            self._taken |= parents
            mine.append(output)
        self._write_record(self._former | self.claimed, is_finished=False)
        return mine

    def write(self, output: Output) -> None:
        """Bring one file up to date."""
        self._make_room(output.file)
        if write_if_changed(self.out / output.file, output.render()):
            self.changed.append(output.file)

    def sweep(self) -> int:
        """Remove what earlier builds wrote and this one did not claim; returns how many files that were."""
        removed = sum(self._remove(name) for name in sorted(self._former - self.claimed))
        if not self._was_finished:
            self._sweep_halves()
        self._write_record(self.claimed, is_finished=True)
        return removed

    def _sweep_halves(self) -> None:
        """Remove the half-written files that a killed build may have left beside ours."""
        for folder in {(self.out / name).parent for name in self._former | self.claimed}:
            if folder.is_dir() and folder.resolve().is_relative_to(self.out.resolve()):
                for path in folder.iterdir():
                    if _HALF.fullmatch(path.name):
                        remove(path, up_to=self.out)

    def _make_room(self, name: str) -> None:
        """Where a former build had a file and there is to be a folder, or the other way round, the former goes."""
        if (self.out / name).is_dir():
            for former in sorted(self._former):
                if former.startswith(f"{name}/"):
                    self._remove(former)
        for parent in PurePosixPath(name).parents:
            if str(parent) in self._former and (self.out / parent).is_file():
                self._remove(str(parent))

    def _remove(self, name: str) -> int:
        """Remove one file of ours, and folders that are empty then; 1 if it was there."""
        path, root = self.out / name, self.out.resolve()
        is_ours = ".." not in PurePosixPath(name).parts and path.parent.resolve().is_relative_to(root)
        if not is_ours or not path.is_file():
            return 0
        remove(path, up_to=self.out)
        return 1

    def _write_record(self, names: Iterable[str], *, is_finished: bool) -> None:
        record = {"finished": is_finished, "files": sorted(names)}
        write_if_changed(self.record, (json.dumps(record, ensure_ascii=False, indent=0) + "\n").encode())


def build(press: Press, *, out: Path, progress: Progress = lambda done, total: None) -> BuildReport:  # noqa: ARG005
    """Build everything that is released into `out`, and nothing else.

    Raises:
        InputError: a template of the theme has faults; what was written before stays, the next build goes on.
    """
    publication = press.publication
    name = f"site-{sha256(str(out.resolve()).encode()).hexdigest()[:16]}.json"
    try:
        return write_site(
            released_articles(publication, press.ledger),
            publication.settings,
            templates=publication.templates,
            static=dict(read_static(publication.folder)),
            folder=Folder(out=out, record=press.state / "cache" / name),
            progress=progress,
        )
    except jinja2.TemplateError as error:
        raise InputError(template_fault(error, publication.folder)) from error


def write_site(
    articles: Iterable[Article],
    settings: Settings,
    *,
    templates: jinja2.Environment,
    static: Mapping[str, Path],
    folder: Folder,
    progress: Progress = lambda done, total: None,  # noqa: ARG005
) -> BuildReport:
    """Write the site of released articles, given in order of release, into a folder.

    A file of `static` (its path below the site → where it is) stands where it says, even in the place of a page of
    ours; a stub at an old address stands only where nothing else does.
    """
    known = list(articles)
    site = site_of(known, settings, templates)
    done = pages = 0
    for outputs in chain([_copied(static, known)], site.stages(), [list(site.redirects())]):
        mine = folder.claim(outputs)
        for output in mine:
            folder.write(output)
            pages += output.is_page
            done += 1
            progress(done, len(folder.claimed))
    removed = folder.sweep()
    return BuildReport(
        out=folder.out, pages=pages, files=len(folder.claimed), removed=removed, changed=tuple(folder.changed)
    )


def _copied(static: Mapping[str, Path], articles: Iterable[Article]) -> list[Output]:
    """The files that are copied as they are: those of the publication, and the pictures of the articles."""
    assets = {asset.name: asset for article in articles for asset in article.media.values()}
    files = [Output(path=f"/{name}", render=path.read_bytes) for name, path in sorted(static.items())]
    return files + [
        Output(path=media_path(name), render=partial(_data, asset)) for name, asset in sorted(assets.items())
    ]


def _data(asset: Asset) -> bytes:
    return asset.data


def _read_record(path: Path) -> tuple[set[str], bool]:
    """The names in a record, and whether its build came to its end; no names where there is no sound record."""
    try:
        record = json.loads(path.read_bytes())
        names = {str(name) for name in record["files"]}
        is_finished = record["finished"] is True
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return set(), True
    return {name for name in names if not name.startswith("/")}, is_finished
