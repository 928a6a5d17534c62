"""Blocks of long pages: kept while what they list is the same, rendered anew when it is not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import jinja2
import pytest

from sample_site import SETTINGS, files_of, issue, many_articles, released, sample_articles, starter
from sparkpub.core.article import Article
from sparkpub.core.blocks import Blocks, Listed
from sparkpub.core.cards import Cards
from sparkpub.core.site import known_site
from sparkpub.core.slips import SlipsAtHand, read_facts, slip_of


class Drawer:
    """A memory of blocks that knows how often it was written to."""

    def __init__(self) -> None:
        self.blocks: dict[str, dict[str, str]] = {}
        self.kept_pages: list[str] = []

    def kept(self, path: str) -> Mapping[str, str]:
        return self.blocks.get(path, {})

    def keep(self, path: str, blocks: Mapping[str, str]) -> None:
        self.kept_pages.append(path)
        self.blocks[path] = dict(blocks)


def title_of(article: Article) -> str:
    return article.issue.title


def page_of(drawer: Drawer, *groups: list[Article], around: str = "") -> tuple[str, int]:
    """A page of one block a group, and how many were rendered."""
    rendered = []

    def render(articles: list[Article]) -> str:
        rendered.append(articles)
        return "<p>" + ", ".join(title_of(article) for article in articles) + "</p>"

    blocks = Blocks(drawer, "/archive/", (around,), title_of)
    shown = [
        blocks.block(Listed(group, list), number, caller=lambda group=group: render(group))  # type: ignore[misc]
        for number, group in enumerate(groups)
    ]
    blocks.close()
    return "".join(shown), len(rendered)


def built_with(drawer: Drawer, articles: list[Article]) -> dict[str, bytes]:
    slips = [slip_of(article, Cards(SETTINGS), starter()) for article in articles]
    known = read_facts((number, slip.facts) for number, slip in enumerate(slips))
    site = known_site(known, SETTINGS, starter(), kept=SlipsAtHand(slips), memory=drawer)
    return {output.file: output.render() for outputs in site.stages() for output in outputs}


def test_only_the_block_that_shows_a_change_is_rendered_again() -> None:
    drawer, articles = Drawer(), many_articles(6)
    first, rendered = page_of(drawer, articles[:3], articles[3:])
    assert rendered == 2
    assert page_of(drawer, articles[:3], articles[3:]) == (first, 0)
    mended = replace(articles[4], issue=replace(articles[4].issue, title="Mended"))
    second, rendered = page_of(drawer, articles[:3], [articles[3], mended, articles[5]])
    assert rendered == 1
    assert second == first.replace(articles[4].issue.title, "Mended")


def test_what_stands_around_a_block_is_part_of_it() -> None:
    drawer, articles = Drawer(), many_articles(2)
    page_of(drawer, articles)
    assert page_of(drawer, articles, around="another series")[1] == 1


def test_two_blocks_of_the_same_pieces_are_told_apart_by_what_is_named_beside_them() -> None:
    drawer, articles = Drawer(), many_articles(2)
    assert page_of(drawer, articles, articles)[1] == 2


def test_a_theme_for_lists_of_another_shape_is_told_so() -> None:
    blocks = Blocks(Drawer(), "/archive/", (), title_of)
    with pytest.raises(jinja2.TemplateRuntimeError, match=r"kept\(\) takes one list"):
        blocks.block([Listed(many_articles(1), list)], caller=str)  # type: ignore[arg-type]


def test_blocks_that_a_page_shows_no_longer_are_not_kept() -> None:
    drawer, articles = Drawer(), many_articles(4)
    page_of(drawer, articles[:2], articles[2:])
    page_of(drawer, articles[:2])
    assert len(drawer.blocks["/archive/"]) == 1


def test_pages_of_kept_blocks_are_those_of_new_ones() -> None:
    drawer, articles = Drawer(), [*sample_articles(), released(issue("last"), date(2019, 2, 3))]
    assert built_with(drawer, articles) == files_of(articles)
    drawer.kept_pages.clear()
    assert built_with(drawer, articles) == files_of(articles)
    assert not drawer.kept_pages
    mended = [
        *articles[:-1],
        replace(articles[-1], issue=replace(articles[-1].issue, title="Mended", tags=("papers",))),
    ]
    assert built_with(drawer, mended) == files_of(mended)
    assert "/archive/" in drawer.kept_pages
    assert "/2017/" not in drawer.kept_pages
