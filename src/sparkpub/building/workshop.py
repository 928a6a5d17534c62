"""What renders a site, in this process or beside it: releases to slips, outputs to bytes.

Everything here depends on its arguments and the cache alone, so that it does not matter which process does it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import jinja2

from sparkpub.adapters.site_cache import SiteCache
from sparkpub.adapters.templates.compiled import CompiledTemplates
from sparkpub.articles import released_article
from sparkpub.core.cards import Cards
from sparkpub.core.model import Asset
from sparkpub.core.records import Release
from sparkpub.core.settings import Settings
from sparkpub.core.site import Output, Site, known_site
from sparkpub.core.slips import Slip, read_facts, slip_of

Batch = tuple[Release, Mapping[str, Asset]]
"""A release with the pictures that it shows, without their data."""


def unchanging(templates: jinja2.Environment, ground: str) -> jinja2.Environment:
    """Templates that do not look at their files again at each use: a build sees one theme from beginning to end.

    Those that were compiled on the same ground are not compiled again.
    """
    return templates.overlay(auto_reload=False, bytecode_cache=CompiledTemplates(ground))


@dataclass(frozen=True)
class Blocks:
    """Blocks of pages in the memory of builds, on the ground that they were made on."""

    cache: SiteCache
    ground: str

    def kept(self, path: str) -> dict[str, str]:
        """The blocks of a page as they were rendered last."""
        known = self.cache.blocks(path).items()
        return {key.removeprefix(self.ground): html for key, html in known if key.startswith(self.ground)}

    def keep(self, path: str, blocks: Mapping[str, str]) -> None:
        """Keep these blocks of a page, and no others."""
        self.cache.put_blocks(path, {self.ground + key: html for key, html in blocks.items()})


@dataclass(frozen=True)
class Workshop:
    """Renders the releases and then the outputs of one build."""

    settings: Settings
    templates: jinja2.Environment
    cache: SiteCache
    audio: Mapping[str, int] = field(default_factory=dict)
    memory: Blocks | None = None

    def slip(self, batch: Batch) -> Slip:
        """Render a release."""
        return slip_of(released_article(self.settings, *batch), Cards(self.settings), self.templates)

    def site(self, piece_ids: Sequence[int]) -> Site:
        """The site of releases that are in the cache, given in order of release."""
        facts = self.cache.facts()
        known = read_facts((piece_id, facts[piece_id]) for piece_id in piece_ids)
        return known_site(known, self.settings, self.templates, kept=self.cache, audio=self.audio, memory=self.memory)


@dataclass(frozen=True)
class Bench:
    """A workshop beside this process: it makes what it is told by name."""

    workshop: Workshop
    piece_ids: Sequence[int]

    @cached_property
    def outputs(self) -> dict[str, Output]:
        """Every output of the site by its file; where two want one place, the earlier has it."""
        site = self.workshop.site(self.piece_ids)
        found: dict[str, Output] = {}
        for output in chain(*site.stages(), site.redirects()):
            found.setdefault(output.file, output)
        return found

    def render(self, file: str) -> bytes:
        """The bytes of an output."""
        return self.outputs[file].render()
