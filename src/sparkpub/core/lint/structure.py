"""Lints of the body's build: headings, tables, notes, raw HTML."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from sparkpub.core.lint.registry import Finding, Manuscript, manuscript_lint
from sparkpub.core.model import Status
from sparkpub.errors import Severity

if TYPE_CHECKING:
    from sparkpub.core.markup.raw import Tag

_LONG_HEADING, _SHORT_PARAGRAPH, _MANY_COLUMNS = 100, 80, 6
_ADDRESSES = frozenset({"href", "src", "alt", "width", "height"})
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CODE = re.compile(r"(`+).*?\1|\\<|<!--.*?-->", re.DOTALL)
_REFERENCE = re.compile(r"\[\^([^\[\]\s]{1,99})\](?!:)")
_NOTE = re.compile(r"^ {0,3}\[\^([^\[\]\s]{1,99})\]:", re.MULTILINE)


@manuscript_lint("SPK009", Severity.WARNING)
def skipped_heading(manuscript: Manuscript) -> Iterator[Finding]:
    """Headings that skip a level: who listens to a page moves by them."""
    level = 0
    for use in manuscript.headings:
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


@manuscript_lint("SPK048", Severity.WARNING)
def empty_heading(manuscript: Manuscript) -> Iterator[Finding]:
    """A heading without words."""
    for use in manuscript.headings:
        if not use.text.strip():
            line = manuscript.body_line(use.line)
            yield Finding(line=line, message="a heading without words", cure="write it, or take its # out")


@manuscript_lint("SPK049", Severity.ADVICE)
def long_heading(manuscript: Manuscript) -> Iterator[Finding]:
    """A heading as long as a paragraph."""
    for use in manuscript.headings:
        if len(use.text) > _LONG_HEADING:
            line = manuscript.body_line(use.line)
            yield Finding(line=line, message=f"a heading of {len(use.text)} characters", cure="shorten it")


@manuscript_lint("SPK050", Severity.ADVICE)
def bold_heading(manuscript: Manuscript) -> Iterator[Finding]:
    """A short bold paragraph that stands for a heading: who listens cannot jump to it."""
    tokens = manuscript.markup.tokens
    for before, token in pairwise(tokens):
        children = [child for child in token.children or () if child.type != "text" or child.content.strip()]
        if before.type != "paragraph_open" or before.level or not children or not token.map:
            continue
        is_bold = children[0].type == "strong_open" and children[-1].type == "strong_close"
        opened = sum(child.type == "strong_open" for child in children)
        words = token.content.strip("*_ ")
        if is_bold and opened == 1 and len(words) <= _SHORT_PARAGRAPH and words[-1:] not in '.!?:;,…”"':
            line = manuscript.body_line(token.map[0] + 1)
            yield Finding(line=line, message=f"'{words[:40]}' looks like a heading", cure="begin it with ## instead")


@manuscript_lint("SPK051", Severity.WARNING)
def headless_table(manuscript: Manuscript) -> Iterator[Finding]:
    """A table without heads: a figure in it is read aloud without what it counts."""
    heads: list[str] | None = None
    line = 0
    for token in manuscript.markup.tokens:
        if token.type == "table_open":
            heads, line = [], token.map[0] + 1 if token.map else 1
        elif token.type == "tbody_open" and heads is not None and not any(heads):
            yield _headless(manuscript.body_line(line))
        elif token.type == "tbody_open":
            heads = None
        elif token.type == "inline" and heads is not None:
            heads.append(token.content.strip())
        elif token.type == "html_block" and re.search(r"<table\b(?!.*<th\b)", token.content, re.DOTALL | re.IGNORECASE):
            yield _headless(manuscript.body_line(token.map[0] + 1 if token.map else 1))


@manuscript_lint("SPK052", Severity.WARNING)
def wide_table(manuscript: Manuscript) -> Iterator[Finding]:
    """A table of more columns than a phone can show."""
    columns = line = 0
    for token in manuscript.markup.tokens:
        if token.type == "table_open":
            columns, line = 0, token.map[0] + 1 if token.map else 1
        columns += token.type == "th_open"
        if token.type == "thead_close" and columns > _MANY_COLUMNS:
            message = f"a table of {columns} columns"
            cure = "turn it round, divide it, or draw it"
            yield Finding(line=manuscript.body_line(line), message=message, cure=cure)


@manuscript_lint("SPK053", Severity.WARNING)
def dropped_element(manuscript: Manuscript) -> Iterator[Finding]:
    """Raw HTML that is left out everywhere: scripts, forms, frames, video, styles."""
    from sparkpub.core.markup.raw import SILENT_TAG, TAGS

    named: set[str] = set()
    sources = [(line, source) for line, source, _ in _raw(manuscript)]
    sources += [(passage.line, _CODE.sub(_blank, passage.source)) for passage in manuscript.passages]
    found = {
        (line + source.count("\n", 0, tag.start()), tag["name"].lower())
        for line, source in sources
        for tag in SILENT_TAG.finditer(source)
    }
    for line, _, tags in _raw(manuscript):
        found |= {(line + tag.line, tag.name) for tag in tags if tag.name not in TAGS or tag.name == "h1"}
    for line, name in sorted(found):
        if name not in named:
            named.add(name)
            message = f"<{name}> is left out of page and mail"
            yield Finding(line=line, message=message, cure="link to what it would show, or write it in Markdown")


@manuscript_lint("SPK054", Severity.ADVICE)
def dropped_attribute(manuscript: Manuscript) -> Iterator[Finding]:
    """Attributes of raw HTML that are left out: styles, classes, handlers, targets."""
    from sparkpub.core.markup.raw import TAGS, allowed_attributes

    for line, _, tags in _raw(manuscript):
        for tag in tags:
            dropped = sorted(set(tag.attributes) - set(allowed_attributes(tag)) - _ADDRESSES)
            if dropped and tag.name in TAGS:
                message = f"{', '.join(dropped)[:60]} of <{tag.name}> is left out"
                yield Finding(line=line + tag.line, message=message, cure="leave looks to the theme")


@manuscript_lint("SPK055", Severity.WARNING)
def unread_note(manuscript: Manuscript) -> Iterator[Finding]:
    """A footnote that nothing in the text refers to: it is left out."""
    issue = manuscript.issue
    code = {
        line
        for token in manuscript.markup.tokens
        if token.type in ("fence", "code_block") and token.map
        for line in range(*token.map)
    }
    referred = set(_REFERENCE.findall(issue.body))
    for found in _NOTE.finditer(issue.body):
        line = issue.body.count("\n", 0, found.start())
        if found[1] not in referred and line not in code:
            cure = f"put [^{found[1]}] where it belongs, or take it out"
            message = f"nothing refers to the note '{found[1][:40]}'"
            yield Finding(line=manuscript.body_line(line + 1), message=message, cure=cure)


def _headless(line: int) -> Finding:
    return Finding(line=line, message="a table without heads", cure="name each column in its first row")


def _blank(found: re.Match[str]) -> str:
    """Nothing, in as many lines."""
    return "\n" * found[0].count("\n")


def _raw(manuscript: Manuscript) -> Iterator[tuple[int, str, "list[Tag]"]]:
    """Every piece of raw HTML: line of the file, source without comments, opening tags."""
    from sparkpub.core.markup.raw import Tag, pieces

    start = 0
    for token in manuscript.markup.tokens:
        start = token.map[0] if token.map else start
        line = start + 1
        for part in [token] if token.type == "html_block" else token.children or ():
            if part.type in ("html_block", "html_inline"):
                source = _COMMENT.sub(_blank, part.content)
                tags = [piece for piece in pieces(source) if isinstance(piece, Tag) and not piece.is_closing]
                yield manuscript.body_line(line), source, tags
            line += part.type in ("softbreak", "hardbreak") or part.content.count("\n") * (part.type == "html_inline")
