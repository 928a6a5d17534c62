"""Build the site: the ledger's releases become a folder that any web server can serve.

    releases ──keys──▶ what the last build left?  ──same──▶ nothing to do, and nothing else is imported
                            └──other──▶ making.py: render what is new, write what changed, remove what nobody claims

A file whose bytes would not change is not touched. A build that is broken off anywhere leaves nothing that the next
one does not know, and that one ends like a build into an empty folder. Files that no build of ours wrote are never
removed.
"""

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from sparkpub.adapters.clock import boot_id
from sparkpub.adapters.files import list_static
from sparkpub.adapters.programs import program_key
from sparkpub.adapters.site_cache import SiteCache
from sparkpub.adapters.templates import template_closure_hash
from sparkpub.core.build_keys import key_of, release_keys, settings_key
from sparkpub.core.fault_text import read_faults
from sparkpub.errors import Fault, InputError, Severity
from sparkpub.press import Press

Progress = Callable[[int, int], None]
WARNINGS = "warnings"
"""The fact of a build's memory that has its warnings, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build left in `out`: how many pages and files there are, which were written and how many removed now.

    `faults` are those of files in `static/` that were left out, and warnings of those that stand in a page's place.
    """

    out: Path
    pages: int
    files: int
    removed: int
    changed: tuple[str, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def written(self) -> int:
        """How many files were written, because their bytes are new."""
        return len(self.changed)

    @property
    def exit_code(self) -> int:
        """What a command that built ends with: the site stands, but not with all that it should have."""
        return InputError.exit_code if any(fault.severity is Severity.FAULT for fault in self.faults) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be built, each part with its key.

    `ground` is the key of all that every output is made with: program, templates, settings. `pieces` has the key of
    each release by its number, in order of release; `static` the place, size and time of each file that is copied,
    `faults` what is wrong with the others.
    """

    ground: str
    pieces: Mapping[int, str] = field(repr=False)
    static: Mapping[str, tuple[Path, int, int]] = field(repr=False)
    faults: tuple[Fault, ...] = ()

    @property
    def key(self) -> str:
        """A key of everything."""
        static = ((name, size, mtime) for name, (_, size, mtime) in self.static.items())
        return key_of(self.ground, tuple(self.pieces.values()), tuple(static))


def build(
    press: Press,
    *,
    out: Path,
    progress: Progress = lambda done, total: None,  # noqa: ARG005
    jobs: int | None = None,
) -> BuildReport:
    """Build everything that is released into `out`, and nothing else.

    A long build uses as many processes as it has processors, or at most `jobs`; the bytes are the same.

    Raises:
        InputError: a template of the theme has faults; what was written before stays, the next build goes on.
    """
    name = f"site-{sha256(os.fsencode(out.resolve())).hexdigest()[:16]}.db"
    with _undisturbed(), _memory(press) as memory, closing(SiteCache(memory / name)) as cache:
        order = order_of(press)
        report = _as_left(out, cache, order.key)
        if report is None:
            # Markdown, templates and feeds take longer to import than to look.
            from sparkpub.building.making import make

            report = make(press, order, out=out, cache=cache, progress=progress, jobs=jobs)
        return replace(report, faults=(*order.faults, *report.faults))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No search for cyclic garbage: a build leaves hardly any, and the search takes a fifth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _memory(press: Press) -> Iterator[Path]:
    """Where builds remember: in the press, or nowhere for long where nothing can be written there."""
    place = press.state / "cache"
    try:
        place.mkdir(parents=True, exist_ok=True)
        is_writable = os.access(place, os.W_OK)
    except OSError:
        is_writable = False
    if is_writable:
        yield place
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="sparkpub-") as passing:
        yield Path(passing)


def order_of(press: Press) -> Order:
    """What a build has to build now."""
    publication = press.publication
    templates = template_closure_hash(publication.folder, "")
    ground = key_of(program_key(), templates, settings_key(publication.settings))
    files, faults = list_static(publication.folder)
    static = {name: (path, status.st_size, status.st_mtime_ns) for name, (path, status) in files.items()}
    pieces = release_keys(press.ledger.shown_of_releases(), ground)
    return Order(ground=ground, pieces=pieces, static=static, faults=faults)


def _as_left(out: Path, cache: SiteCache, key: str) -> BuildReport | None:
    """What there is, if the last build came to its end, was made from the same, and nobody touched its files."""
    if cache.fact("left") != key or cache.fact("boot") != boot_id():
        return None
    files = pages = 0
    root = f"{out}{os.sep}"
    try:
        for file, size, mtime, is_page in cache.stamps():
            stat = os.stat(root + file)  # noqa: PTH116 - thousands of them: a Path for each takes longer than the look
            if stat.st_mtime_ns != mtime or stat.st_size != size:
                return None
            files += 1
            pages += is_page
    except OSError:
        return None
    faults = read_faults(cache.fact(WARNINGS) or "[]")
    return BuildReport(out=out, pages=pages, files=files, removed=0, changed=(), faults=faults)
