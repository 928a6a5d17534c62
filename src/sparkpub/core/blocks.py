"""Blocks of long pages that are kept between builds, so that a correction renders the block that shows it alone.

A template says which: `{% call kept(cards) %} … {% endcall %}`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar, overload

import jinja2
from markupsafe import Markup

from sparkpub.core.article import Article
from sparkpub.core.build_keys import key_of

Item_co = TypeVar("Item_co", covariant=True)


@dataclass(frozen=True)
class Listed(Sequence[Item_co]):
    """What a page lists of some articles, made when a template asks for it; `total` is told where it is known."""

    articles: Sequence[Article]
    make: Callable[[], Sequence[Item_co]]
    total: int | None = None

    @cached_property
    def _made(self) -> Sequence[Item_co]:
        return self.make()

    def __len__(self) -> int:
        return len(self._made) if self.total is None else self.total

    @overload
    def __getitem__(self, index: int) -> Item_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item_co]: ...
    def __getitem__(self, index: int | slice) -> Item_co | Sequence[Item_co]:
        return self._made[index]

    def __iter__(self) -> Iterator[Item_co]:
        return iter(self._made)


class Memory(Protocol):
    """Where the blocks of pages are kept, by the path of the page and the key of all that a block shows."""

    def kept(self, path: str) -> Mapping[str, str]:
        """The blocks of a page as they were rendered last."""

    def keep(self, path: str, blocks: Mapping[str, str]) -> None:
        """Keep these blocks of a page, and no others."""


@dataclass(frozen=True)
class Blocks:
    """The blocks of one page while it is rendered.

    `around` is all that a block can show beside what it lists; `digest` tells articles apart.
    """

    memory: Memory
    path: str
    around: tuple[object, ...]
    digest: Callable[[Article], str]
    _used: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _known(self) -> Mapping[str, str]:
        return self.memory.kept(self.path)

    @cached_property
    def _ground(self) -> str:
        return key_of(*self.around)

    def block(self, listed: Listed[object], *more: object, caller: Callable[[], str]) -> Markup:
        """A block of a page: what it lists, and plain values that it shows beside.

        Blocks that list the same in different ways are told apart by such a value.

        Raises:
            jinja2.TemplateRuntimeError: it is given something else, as by a theme for pages of another shape.
        """
        if not isinstance(listed, Listed):
            raise jinja2.TemplateRuntimeError("kept() takes one list of pieces, such as `cards` or a `part` of `parts`")
        key = key_of(self._ground, more, *map(self.digest, listed.articles))
        html = self._known.get(key)
        if html is None:
            html = str(caller())
        self._used[key] = html
        return Markup(html)  # noqa: S704 - a template rendered it

    def close(self) -> None:
        """Keep what the page shows now."""
        if self._used and self._used.keys() != self._known.keys():
            self.memory.keep(self.path, self._used)


def unshared(_: str, *, caller: Callable[[], str]) -> str:
    """A part of a page that no other page has in the same words and with the same links."""
    return caller()


def unkept(_: Listed[object], *__: object, caller: Callable[[], str]) -> str:
    """A block of a page of which nothing is kept."""
    return caller()
