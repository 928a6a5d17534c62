"""Lints of an issue as written: front matter, links, images and headings."""

import re
from collections.abc import Iterator

from sparkpub.core.lint.registry import Finding, Manuscript, manuscript_lint
from sparkpub.core.model import Status
from sparkpub.errors import Severity

_INBOX = 140
_SHOUTED = 8
_VAGUE_WORDS = """
here, click here, click, this, this link, this page, link, more, read more, learn more, see here, continue,
hier, mehr, weiterlesen, ici, cliquez ici, lire la suite, en savoir plus, aquí, haga clic aquí, leer más,
здесь, тут, подробнее, читать далее
"""
_VAGUE = frozenset(word.strip() for word in _VAGUE_WORDS.split(","))
_SCRIPT = re.compile(r"[\s\x00-\x1f]*(javascript|vbscript|data):", re.IGNORECASE)


@manuscript_lint("SPK001", Severity.WARNING)
def no_summary(manuscript: Manuscript) -> Iterator[Finding]:
    """No summary: feeds and the archive have nothing to show under the title."""
    issue = manuscript.issue
    if not issue.summary and issue.status is not Status.DRAFT:
        yield Finding(line=1, message="no summary", cure="add `summary:` with one or two sentences")


@manuscript_lint("SPK002", Severity.ADVICE)
def long_preheader(manuscript: Manuscript) -> Iterator[Finding]:
    """No preheader of its own, and the summary is longer than inboxes show."""
    issue = manuscript.issue
    key = "preheader" if issue.preheader else "summary"
    length = len(issue.preheader or issue.summary)
    if length > _INBOX:
        cure = "shorten it" if issue.preheader else f"add `preheader:` of at most {_INBOX} characters"
        message = f"the preheader has {length} characters; inboxes show about 100"
        yield Finding(line=manuscript.line_of(key), message=message.replace(";", ","), cure=cure)


@manuscript_lint("SPK003", Severity.WARNING)
def shouted_title(manuscript: Manuscript) -> Iterator[Finding]:
    """A title in capitals alone: it reads as shouting, and spam filters count it."""
    letters = [c for c in manuscript.issue.title if c.isalpha()]
    if len(letters) >= _SHOUTED and all(c.isupper() for c in letters):
        yield Finding(
            line=manuscript.line_of("title"), message="the title is all capitals", cure="write it as a sentence"
        )


@manuscript_lint("SPK006", Severity.WARNING)
def missing_alt(manuscript: Manuscript) -> Iterator[Finding]:
    """A picture without words for those who do not see it."""
    image = manuscript.issue.image
    if image is not None and not image.alt:
        cure = "add `alt:` that says what it shows"
        yield Finding(line=manuscript.line_of("image"), message=f"'{image.src}' has no alt text", cure=cure)
    from sparkpub.core.markup import images

    for use in images(manuscript.markup):
        if not use.alt:
            cure = "write ![what it shows](…)"
            yield Finding(line=manuscript.body_line(use.line), message=f"'{use.src[:60]}' has no alt text", cure=cure)


@manuscript_lint("SPK007", Severity.FAULT)
def dead_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link that leads nowhere, or to a script."""
    from sparkpub.core.markup import absolute_link, links

    for use in links(manuscript.markup):
        if absolute_link(use.href, "https://example.org") is None:
            where = "to a script" if _SCRIPT.match(use.href) else f"to '{use.href[:40]}'" if use.href else "nowhere"
            message = f"the link '{use.text[:40]}' leads {where}"
            yield Finding(line=manuscript.body_line(use.line), message=message, cure="link to a page: https://…")


@manuscript_lint("SPK008", Severity.WARNING)
def vague_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link whose words do not say where it leads."""
    from sparkpub.core.markup import links

    for use in links(manuscript.markup):
        words = re.sub(r"[\s.…:»›→>]+$", "", use.text.strip().casefold())
        if words in _VAGUE:
            message = f"the link '{use.text}' does not say where it leads"
            cure = "put the name of what it leads to into the link"
            yield Finding(line=manuscript.body_line(use.line), message=message, cure=cure)


@manuscript_lint("SPK009", Severity.WARNING)
def skipped_heading(manuscript: Manuscript) -> Iterator[Finding]:
    """Headings that skip a level: who listens to a page moves by them."""
    from sparkpub.core.markup import headings

    level = 0
    for use in headings(manuscript.markup):
        if level and use.level > level + 1:
            cure = f"begin it with {'#' * (level + 1)}"
            message = f"a heading of level {use.level} after level {level}"
            yield Finding(line=manuscript.body_line(use.line), message=message, cure=cure)
        level = use.level


@manuscript_lint("SPK011", Severity.FAULT)
def empty_body(manuscript: Manuscript) -> Iterator[Finding]:
    """No text at all."""
    issue = manuscript.issue
    if not issue.body.strip() and issue.status is not Status.DRAFT:
        cure = "write it below the front matter, or make it a draft"
        yield Finding(line=issue.body_line, message="the issue has no text", cure=cure)


@manuscript_lint("SPK023", Severity.FAULT)
def foreign_image(manuscript: Manuscript) -> Iterator[Finding]:
    """A picture on another server: it would be shown as its words only."""
    from sparkpub.core.markup import images
    from sparkpub.core.markup.urls import is_local_source

    for use in images(manuscript.markup):
        if not is_local_source(use.src):
            cure = "copy it beside the issue or into static/"
            message = f"the picture '{use.src[:60]}' is not in the publication"
            yield Finding(line=manuscript.body_line(use.line), message=message, cure=cure)
