"""Lints of pictures as written: whether they are there, and what stands for them."""

import re
from collections.abc import Iterator

from sparkpub.core.lint.registry import Finding, Manuscript, manuscript_lint
from sparkpub.errors import Severity

_LONG_ALT = 250
_FILE_NAME = re.compile(
    r"\S+\.(?:jpe?g|png|gif|webp|avif|heic|svg|tiff?)$|(?:img|dsc|dscn|pxl|image|picture|photo|screenshot|untitled|bild)"
    r"[-_ ]?\d*$|\d+$",
    re.IGNORECASE,
)
_PICTURE_OF = re.compile(
    r"(?:an? |the )?(?:image|picture|photo|photograph|graphic|screenshot)(?: of| showing|:)"
    r"|bild von|image d[e']|imagen de",
    re.IGNORECASE,
)


@manuscript_lint("SPK006", Severity.WARNING)
def missing_alt(manuscript: Manuscript) -> Iterator[Finding]:
    """A picture without words for those who do not see it."""
    for line, src, alt, _ in _pictures(manuscript):
        if not alt.strip():
            is_lead = line < manuscript.issue.body_line
            cure = "add `alt:` that says what it shows" if is_lead else "write ![what it shows](…)"
            yield Finding(line=line, message=f"'{src[:60]}' has no alt text", cure=cure)


@manuscript_lint("SPK023", Severity.FAULT)
def foreign_image(manuscript: Manuscript) -> Iterator[Finding]:
    """A picture on another server: it would be shown as its words only."""
    from sparkpub.core.markup.urls import is_local_source

    for line, src, _, _ in _pictures(manuscript):
        if not is_local_source(src):
            cure = "copy it beside the issue or into static/"
            yield Finding(line=line, message=f"the picture '{src[:60]}' is not in the publication", cure=cure)


@manuscript_lint("SPK045", Severity.WARNING)
def file_name_as_alt(manuscript: Manuscript) -> Iterator[Finding]:
    """A file's name where the words for a picture should stand."""
    for line, _, alt, _ in _pictures(manuscript):
        if _FILE_NAME.match(alt.strip()):
            message = f"'{alt[:60]}' says nothing to who does not see the picture"
            yield Finding(line=line, message=message, cure="say what it shows")


@manuscript_lint("SPK046", Severity.ADVICE)
def long_alt(manuscript: Manuscript) -> Iterator[Finding]:
    """Words for a picture that are too long to be heard in one go; they cannot be paused or skipped."""
    for line, src, alt, _ in _pictures(manuscript):
        if len(alt) > _LONG_ALT:
            message = f"the alt text of '{src[:60]}' has {len(alt)} characters"
            yield Finding(
                line=line, message=message, cure="keep the gist, and tell the rest in the caption or the text"
            )


@manuscript_lint("SPK047", Severity.ADVICE)
def idle_alt(manuscript: Manuscript) -> Iterator[Finding]:
    """Words for a picture that say "picture of", or its caption again: both are heard twice."""
    for line, _, alt, caption in _pictures(manuscript):
        if found := _PICTURE_OF.match(alt.strip()):
            message = f"the alt text begins with '{found[0]}', which is said of every picture"
            yield Finding(line=line, message=message, cure="begin with what it shows")
        elif caption and alt.strip().casefold() == caption.strip().casefold():
            message = "the alt text and the caption are the same"
            yield Finding(line=line, message=message, cure="let the alt text say what is to be seen")


def _pictures(manuscript: Manuscript) -> Iterator[tuple[int, str, str, str]]:
    """Every picture, the lead picture first: line of the file, source, alt text, caption."""
    if image := manuscript.issue.image:
        yield manuscript.line_of("image"), image.src, image.alt, image.caption
    for use in manuscript.images:
        yield manuscript.body_line(use.line), use.src, use.alt, use.caption
