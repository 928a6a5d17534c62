"""Make the site: render what is new, write what changed, remove what nobody claims.

releases ──▶ slips ──site──▶ static files, pictures ──▶ pages ──▶ lists ──▶ feeds ──▶ sitemap ──▶ old addresses
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import jinja2

from sparkpub.adapters.ledger import Ledger
from sparkpub.adapters.site_cache import Piece, SiteCache
from sparkpub.adapters.templates import template_fault
from sparkpub.building import WARNINGS, BuildReport, Order, Progress
from sparkpub.building.crew import OUTPUTS, PIECES, SLIPS, Crew
from sparkpub.building.folder import Folder
from sparkpub.building.workshop import Batch, Blocks, Workshop, unchanging
from sparkpub.core.article import Article
from sparkpub.core.build_keys import key_of
from sparkpub.core.cards import Cards
from sparkpub.core.enclosures import is_audio
from sparkpub.core.fault_text import write_faults
from sparkpub.core.links import media_path
from sparkpub.core.settings import Settings
from sparkpub.core.site import Output, Site
from sparkpub.core.slips import PARTS, Slip, slip_of
from sparkpub.errors import Fault, InputError, Severity
from sparkpub.press import Press

Static = Mapping[str, tuple[Path, int, int]]

_SLIPS_TO_SHARE = 150  # fewer are done before a mate has woken up
_OUTPUTS_TO_SHARE = 400
_SAVE_EVERY = 200


@dataclass(slots=True)
class Count:
    """How far the build is."""

    progress: Progress
    done: int = 0
    total: int = 0

    def one_more(self) -> None:
        """Tell that one more is done."""
        self.done += 1
        self.progress(self.done, self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """One build under way."""

    folder: Folder
    workshop: Workshop
    crew: Crew
    count: Count
    ground: str
    asset: Callable[[str], bytes] = field(repr=False)

    def site(self, piece_ids: Sequence[int], static: Static) -> int:
        """Write every file of a site whose slips are all in the cache; returns how many are pages."""
        site = self.workshop.site(piece_ids)
        self.crew.tell(PIECES, piece_ids)
        pages = 0
        copied = list(chain(_copied(static), self._pictures(site)))
        for number, outputs in enumerate(chain([copied], site.stages(), [list(site.redirects())])):
            mine = self.folder.claim(outputs)
            self.count.total += len(mine)
            pages += sum(output.is_page for output in mine)
            self._write(mine, is_shared=bool(number))
        return pages

    def slips(self, pieces: Mapping[int, str], ledger: Ledger) -> None:
        """Bring the cache up to date: render releases that have another key than there, and drop what is gone."""
        kept = self.workshop.cache.piece_keys()
        stale = [(key, release_id) for release_id, key in pieces.items() if kept.get(release_id) != key]
        if len(stale) >= _SLIPS_TO_SHARE:
            self.crew.call()  # a mate wakes up while the ledger is read
        releases = ((key, ledger.release(release_id)) for key, release_id in stale)
        self._render([(key, (release, ledger.shown_media(release))) for key, release in releases])
        self.workshop.cache.drop_pieces(kept.keys() - pieces.keys())

    def _render(self, batches: Sequence[tuple[str, Batch]]) -> None:
        """Render releases, each under its key, into the cache."""
        self.count.total += len(batches)
        made = self.crew.spread(SLIPS, batches, name=lambda one: one[1], here=lambda one: self.workshop.slip(one[1]))
        for some in _in_bundles(made):
            with self.workshop.cache.transaction():
                self.workshop.cache.put_pieces(_piece(batch[0].release_id, key, slip) for (key, batch), slip in some)
            for _ in some:
                self.count.one_more()

    def _write(self, outputs: Sequence[Output], *, is_shared: bool) -> None:
        """Bring files up to date."""
        stale = []
        for output in outputs:
            key = key_of(self.ground, output.path, *output.shows())
            if self.folder.is_current(output, key):
                self.count.one_more()
            else:
                stale.append((key, output))
        if is_shared and len(stale) >= _OUTPUTS_TO_SHARE:
            self.crew.call()
        rendered: Iterator[tuple[tuple[str, Output], bytes]] = ((one, one[1].render()) for one in stale)
        if is_shared:
            rendered = self.crew.spread(
                OUTPUTS,
                stale,
                name=lambda one: "" if one[1].keeps else one[1].file,
                here=lambda one: one[1].render(),
            )
        for (key, output), data in rendered:
            self.folder.write(output, key, data)
            self.count.one_more()
            if self.count.done % _SAVE_EVERY == 0:
                self.folder.save()
        self.folder.save()

    def _pictures(self, site: Site) -> Iterator[Output]:
        """The pictures of the articles; their names change with their bytes."""
        names = {asset.name for article in site.archive.releases for asset in article.media.values()}
        for name in sorted(names):
            yield Output(path=media_path(name), render=partial(self.asset, name), shows=tuple)


def make(
    press: Press, order: Order, *, out: Path, cache: SiteCache, progress: Progress, jobs: int | None
) -> BuildReport:
    """Make all that was ordered.

    Raises:
        InputError: a template of the theme has faults.
    """
    publication, ledger = press.publication, press.ledger
    audio = _audio(order.static)
    crew = Crew(publication.folder, publication.settings, cache.path, order.ground, jobs, audio)
    try:
        with closing(crew):
            making = Making(
                folder=Folder(out=out, cache=cache),
                workshop=Workshop(
                    publication.settings,
                    unchanging(publication.templates, order.ground),
                    cache,
                    audio,
                    memory=Blocks(cache, order.ground),
                ),
                crew=crew,
                count=Count(progress),
                ground=order.ground,
                asset=lambda name: ledger.asset(name).data,
            )
            making.slips(order.pieces, ledger)
            pages = making.site(tuple(order.pieces), order.static)
    except jinja2.TemplateError as error:
        raise InputError(template_fault(error, publication.folder)) from error
    return _report(making.folder, pages, order.key, order.static)


def write_site(
    articles: Iterable[Article],
    settings: Settings,
    *,
    templates: jinja2.Environment,
    static: Mapping[str, Path],
    folder: Folder,
    progress: Progress = lambda done, total: None,  # noqa: ARG005
) -> BuildReport:
    """Write the site of whole articles, given in order of release, into a folder.

    A file of `static` (its path below the site → where it is) stands where it says, even in the place of a page of
    ours; a stub at an old address stands only where nothing else does.
    """
    data: dict[str, bytes] = {}
    pieces = []
    for number, article in enumerate(articles):
        data |= {asset.name: asset.data for asset in article.media.values()}
        pieces.append(_piece(number, "", slip_of(article, Cards(settings), templates)))
    with folder.cache.transaction():
        folder.cache.drop_pieces(folder.cache.piece_keys().keys())
        folder.cache.put_pieces(pieces)
    copied = {name: (path, path.stat().st_size, path.stat().st_mtime_ns) for name, path in static.items()}
    making = Making(
        folder=folder,
        workshop=Workshop(settings, templates, folder.cache, _audio(copied)),
        crew=Crew(Path(), settings, folder.cache.path, "", 1),
        count=Count(progress),
        ground=key_of(settings),
        asset=data.__getitem__,
    )
    pages = making.site(range(len(pieces)), copied)
    return _report(folder, pages, "whole articles", copied)


def _report(folder: Folder, pages: int, key: str, static: Static) -> BuildReport:
    """The end of a build."""
    faults = tuple(_shadowing(folder, static))
    folder.cache.set_fact(WARNINGS, write_faults(faults))
    removed = folder.finish(key)
    return BuildReport(
        out=folder.out,
        pages=pages,
        files=len(folder.claimed),
        removed=removed,
        changed=tuple(folder.changed),
        faults=faults,
    )


def _shadowing(folder: Folder, static: Static) -> Iterator[Fault]:
    """A warning for each file of the publication's own in the place of one of ours; the look is meant to be changed."""
    for name in sorted(static):
        hidden = [file for file in folder.shadowed if file == name or file.startswith(f"{name}/")]
        beneath = [file for file in folder.shadowed if name.startswith(f"{file}/")]
        for file in (hidden or beneath)[:1] if not name.endswith((".css", ".svg", ".ico")) else ():
            yield Fault(
                path=f"static/{name}",
                line=0,
                message=f"it stands in the place of /{file}, which readers do not see now",
                cure="rename it, unless that is meant",
                severity=Severity.WARNING,
            )


def _copied(static: Static) -> Iterator[Output]:
    """The files of the publication that are copied as they are."""
    for name, (path, size, mtime) in sorted(static.items()):
        yield Output(path=f"/{name}", render=path.read_bytes, shows=partial(tuple, (size, mtime)))


def _audio(static: Static) -> dict[str, int]:
    """The sound files among them, with their sizes."""
    return {name: size for name, (_, size, _) in static.items() if is_audio(name)}


def _piece(piece_id: int, key: str, slip: Slip) -> Piece:
    return Piece(piece_id=piece_id, key=key, facts=slip.facts, parts={name: getattr(slip, name) for name in PARTS})


def _in_bundles(
    made: Iterable[tuple[tuple[str, Batch], Slip]],
) -> Iterator[list[tuple[tuple[str, Batch], Slip]]]:
    """Results in bundles that are committed together."""
    bundle = []
    for one in made:
        bundle.append(one)
        if len(bundle) == _SAVE_EVERY:
            yield bundle
            bundle = []
    if bundle:
        yield bundle
