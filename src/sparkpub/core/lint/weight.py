"""Lints of weight and measure: bytes that clients cut off, pictures on disk and on screen."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from sparkpub.core.budgets import CLIPPED_BYTES, HEAVY_BYTES, STYLE_BUDGET
from sparkpub.core.lint.mailtree import declarations, stylesheets
from sparkpub.core.lint.registry import Finding, Proof, proof_lint
from sparkpub.core.model import Asset
from sparkpub.errors import Severity

_PICTURE, _PICTURES = 500_000, 2_000_000
_SHEET, _SHARP, _MODEST = 600, 2.5, 100_000
_BLOCK = re.compile(r"@[\w-]+[^{};@]*\{|\{|\}")
_GIF_FRAME = b"\x21\xf9\x04"


@proof_lint("SPK012", Severity.WARNING)
def heavy(proof: Proof) -> Iterator[Finding]:
    """HTML above 90,000 bytes: near the size at which Gmail clips."""
    if HEAVY_BYTES < proof.body_bytes <= CLIPPED_BYTES:
        message = f"the HTML part has {proof.body_bytes:,} bytes, and Gmail clips at {CLIPPED_BYTES:,}"
        yield Finding(message=message, cure="shorten the piece")


@proof_lint("SPK013", Severity.FAULT)
def clipped(proof: Proof) -> Iterator[Finding]:
    """HTML above 102,000 bytes: Gmail clips it, with the link to leave."""
    if proof.body_bytes > CLIPPED_BYTES:
        message = f"the HTML part has {proof.body_bytes:,} bytes, and Gmail clips at {CLIPPED_BYTES:,}"
        yield Finding(message=message, cure="shorten the piece, or make two of it")


@proof_lint("SPK056", Severity.FAULT)
def heavy_style(proof: Proof) -> Iterator[Finding]:
    """More than 8,192 bytes of style elements: Gmail drops them all, with colours by night and the phone's layout."""
    size = sum(len((element.text or "").encode()) for element in proof.elements if element.tag == "style")
    if size > STYLE_BUDGET:
        message = f"the style elements have {size:,} bytes, and Gmail drops more than {STYLE_BUDGET:,}"
        yield Finding(message=message, cure="move to inline.css what is not for @media")


@proof_lint("SPK057", Severity.WARNING)
def nested_style(proof: Proof) -> Iterator[Finding]:
    """An @-rule inside another: Gmail drops the whole style element."""
    for sheet in stylesheets(proof.elements):
        opened: list[str] = []
        for found in _BLOCK.finditer(sheet):
            if found[0] == "}":
                opened = opened[:-1]
                continue
            if found[0].startswith("@") and any(outer.startswith("@") for outer in opened):
                yield Finding(
                    message=f"'{found[0].strip('{ ')[:40]}' inside another @-rule", cure="write them one after another"
                )
            opened.append(found[0])


@proof_lint("SPK058", Severity.WARNING)
def heavy_picture(proof: Proof) -> Iterator[Finding]:
    """A picture above 500,000 bytes: half a minute on a slow line."""
    for asset in proof.assets:
        if len(asset.data) > _PICTURE:
            message = f"the picture '{_name(asset)}' has {len(asset.data):,} bytes"
            yield Finding(message=message, cure="save it smaller, or photographs as JPEG")


@proof_lint("SPK059", Severity.WARNING)
def heavy_pictures(proof: Proof) -> Iterator[Finding]:
    """Pictures above 2,000,000 bytes together."""
    size = sum(len(asset.data) for asset in proof.assets)
    if size > _PICTURES:
        message = f"the {len(proof.assets)} pictures have {size:,} bytes together"
        yield Finding(message=message, cure="save them smaller, or leave some to the page")


@proof_lint("SPK060", Severity.WARNING)
def blurred_picture(proof: Proof) -> Iterator[Finding]:
    """A picture shown wider than it is, and so blurred."""
    for element, asset in _shown(proof):
        width = _pixels(element, "width")
        if asset.width and width > asset.width:
            message = f"the picture '{_name(asset)}' is {asset.width} pixels wide and shown at {width}"
            yield Finding(message=message, cure="use a larger one, twice the shown width is best")


@proof_lint("SPK061", Severity.ADVICE)
def wasteful_picture(proof: Proof) -> Iterator[Finding]:
    """A picture of more than 100,000 bytes with far more pixels than any screen shows."""
    for element, asset in _shown(proof):
        width = _pixels(element, "width")
        if width and asset.width > _SHARP * width and len(asset.data) > _MODEST:
            message = f"the picture '{_name(asset)}' is {asset.width} pixels wide and shown at {width}"
            yield Finding(message=message, cure=f"{2 * width} pixels are enough")


@proof_lint("SPK062", Severity.WARNING)
def no_width(proof: Proof) -> Iterator[Finding]:
    """A picture without a width attribute: Outlook for Windows reads no other and shows it in full size."""
    for element in proof.elements:
        if element.tag == "img" and not _pixels(element, "width"):
            message = f"the picture '{_source(element)}' has no width"
            yield Finding(message=message, cure='write width="…" in pixels')


@proof_lint("SPK063", Severity.ADVICE)
def no_height(proof: Proof) -> Iterator[Finding]:
    """A picture without a height attribute: the text jumps when it comes."""
    for element in proof.elements:
        if element.tag == "img" and _pixels(element, "width") and not _pixels(element, "height"):
            message = f"the picture '{_source(element)}' has no height"
            yield Finding(message=message, cure='write height="…" in pixels')


@proof_lint("SPK064", Severity.WARNING)
def wide_thing(proof: Proof) -> Iterator[Finding]:
    """A picture or table wider than the sheet of 600 pixels: the mail is cut off or scrolls sideways."""
    for element in proof.elements:
        if element.tag in ("img", "table", "td"):
            fixed = re.match(r"(\d+)px", declarations(element.get("style", "")).get("width", ""))
            width = max(_pixels(element, "width"), int(fixed[1]) if fixed else 0)
            if width > _SHEET:
                yield Finding(message=f"<{element.tag}> is {width} pixels wide", cure=f"keep it within {_SHEET}")


@proof_lint("SPK065", Severity.ADVICE)
def moving_picture(proof: Proof) -> Iterator[Finding]:
    """An animated picture: Outlook shows its first frame alone, and who is sensitive cannot stop it."""
    for asset in proof.assets:
        is_gif = asset.media_type == "image/gif" and asset.data.count(_GIF_FRAME) > 1
        if is_gif or (asset.media_type == "image/png" and b"acTL" in asset.data[:4096]):
            message = f"the picture '{_name(asset)}' moves"
            yield Finding(message=message, cure="let its first frame say all, and let it stop within five seconds")


def _shown(proof: Proof) -> Iterator[tuple[Any, Asset]]:
    """Every image of the mail whose file is known."""
    assets = {asset.name: asset for asset in proof.assets}
    for element, src in proof.attributes("src"):
        asset = assets.get(unquote(src.rpartition("/")[2]))
        if element.tag == "img" and asset is not None:
            yield element, asset


def _name(asset: Asset) -> str:
    """An asset as its editor calls it, without the hash before it."""
    return asset.name.partition("-")[2][:60] or asset.name


def _source(element: Any) -> str:  # noqa: ANN401 - lxml publishes no types
    return str(element.get("src", "")).rpartition("/")[2][:60]


def _pixels(element: Any, name: str) -> int:  # noqa: ANN401
    """A measure in an attribute, 0 where it is none in pixels."""
    value = str(element.get(name, "")).strip().removesuffix("px")
    return int(value) if value.isascii() and value.isdecimal() else 0
