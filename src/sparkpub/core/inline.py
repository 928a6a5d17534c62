"""Move the rules of a stylesheet into `style` attributes, because many mail clients read nothing else."""

from functools import lru_cache
from typing import Any, TypeAlias

import cssutils
from lxml import etree
from premailer import Premailer

from sparkpub.core.colours import six_digits

Tree: TypeAlias = Any
"""lxml and cssutils publish no types."""

_SILENT = 50
"""Above every level that cssutils logs at: what mail clients need (`mso-…`) is news to it."""


class _Inliner(Premailer):  # type: ignore[misc]
    """premailer that opens no connection: cssutils would follow `@import` even with allow_network=False."""

    def _parse_css_string(self, css_body: str, validate: bool = True) -> Tree:
        return _parse_css(css_body, validate)


@lru_cache(maxsize=16)
def _parse_css(css: str, validate: bool) -> Tree:
    return cssutils.CSSParser(fetcher=lambda _url: None, validate=validate).parseString(css)


def parse_html(html: str) -> Tree:
    """The root element of a page of any size."""
    return etree.fromstring(html, etree.HTMLParser(huge_tree=True))


def inline_css(html: str, css: str) -> str:
    """The page with every rule of `css` that can stand in an attribute standing there, and the others dropped.

    A `<style data-premailer="ignore">` stays as it is, without that attribute. Comments, conditional ones above all,
    are unchanged; colours have six digits; lines end without white space.
    """
    root = parse_html(html)
    comments = [comment.text for comment in root.iter(etree.Comment)]
    tree = _Inliner(
        root,
        css_text=css,
        allow_network=False,
        disable_validation=True,
        disable_link_rewrites=True,
        disable_leftover_css=True,
        align_floating_images=False,
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
        cssutils_logging_level=_SILENT,
    ).transform()
    _tidy_styles(tree)
    if comments != [comment.text for comment in tree.iter(etree.Comment)]:
        raise AssertionError("premailer changed a comment")
    inlined: str = etree.tostring(tree, method="html", encoding="unicode")
    return "\n".join(line.rstrip(" \t") for line in inlined.split("\n")) + "\n"


def _tidy_styles(tree: Tree) -> None:
    """Six digits in colours; single quotes around fonts, which would else be written `&quot;`."""
    for element in tree.iter(etree.Element):
        style = element.get("style")
        if style:
            element.set("style", six_digits(style if "'" in style else style.replace('"', "'")))


def readable_text(html: str) -> str:
    """The texts and links of a page, one a line, without styles, scripts and comments."""
    root = parse_html(html)
    found: list[str] = []
    for element in root.iter(etree.Element):
        if element.tag not in ("style", "script"):
            found.append(element.text or "")
        found += [element.tail or "", element.get("href", "")]
    found += [comment.tail or "" for comment in root.iter(etree.Comment)]
    return "\n".join(found)
