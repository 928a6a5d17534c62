"""Lints: what they are, and how a function becomes one.

A lint looks at an issue as its editor wrote it (`Manuscript`) or at the email made of it (`Proof`) and yields
findings. Its docstring's first line is its summary in the reference.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sparkpub.core.model import Asset, Issue
from sparkpub.errors import Fault, Severity

if TYPE_CHECKING:  # a build that changes nothing reads the codes, never a body
    from sparkpub.core.lint.mailtree import Run
    from sparkpub.core.markup import HeadingUse, ImageUse, LinkUse, Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one lint found in one place; `line` is of the file, 0 for the piece as a whole."""

    line: int = 0
    message: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A text that readers will read, code left out; `line` is of the file, `is_quoted` says it is in a quotation.

    `source` is the same text as typed, its marks and code included.
    """

    line: int
    text: str
    source: str
    is_quoted: bool = False

    def line_at(self, offset: int) -> int:
        """The line of the file that holds the character at an offset."""
        return self.line + self.text.count("\n", 0, offset)


def front_lines(issue: Issue) -> Iterator[tuple[int, str]]:
    """The lines of an issue's front matter with their numbers in the file."""
    return enumerate(issue.source.decode("utf-8", "replace").splitlines()[: issue.body_line - 1], 1)


@dataclass(frozen=True, kw_only=True)
class Manuscript:
    """An issue as its editor wrote it, read as the N-th anniversary `number`, if one is meant."""

    issue: Issue
    number: int | None = None

    @cached_property
    def markup(self) -> "Markup":
        """The body, parsed."""
        from sparkpub.core.markup import read_markdown

        return read_markdown(self.issue.body, language=self.issue.language)

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """Every passage: of the front matter first, then of the body, block by block."""
        return tuple(_passages(self))

    @property
    def own_passages(self) -> Iterator[Passage]:
        """Those that the editor wrote, quotations left out."""
        return (passage for passage in self.passages if not passage.is_quoted)

    @cached_property
    def links(self) -> "Sequence[LinkUse]":
        """Every link of the body."""
        from sparkpub.core.markup import links

        return links(self.markup)

    @cached_property
    def images(self) -> "Sequence[ImageUse]":
        """Every picture of the body."""
        from sparkpub.core.markup import images

        return images(self.markup)

    @cached_property
    def headings(self) -> "Sequence[HeadingUse]":
        """Every Markdown heading of the body."""
        from sparkpub.core.markup import headings

        return headings(self.markup)

    def body_line(self, line: int) -> int:
        """The line of the file that holds a line of the body, both counted from 1."""
        return self.issue.body_line + line - 1

    def line_of(self, key: str) -> int:
        """The line of a key of the front matter, 1 if it is not there."""
        return next((n for n, line in front_lines(self.issue) if re.match(rf"\s*{key}\s*:", line)), 1)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The email made of an issue, before any reader's values stand in it.

    `expected` holds what the mail must show: `postal_address` and `unsubscribe_url`. `assets` are its pictures.
    """

    issue: Issue
    html: str
    text: str
    subject: str
    body_bytes: int
    expected: Mapping[str, str] = field(default_factory=dict)
    assets: Sequence[Asset] = ()

    @cached_property
    def tree(self) -> Any:  # noqa: ANN401 - lxml publishes no types
        """The HTML part as lxml reads it."""
        from lxml import etree, html

        parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
        tree = etree.fromstring(self.html.encode("utf-8", "replace") or b"<html></html>", parser)
        return html.Element("html") if tree is None else tree

    @cached_property
    def elements(self) -> Sequence[Any]:
        """Every element of the HTML part, in order, comments left out."""
        return [element for element in self.tree.iter() if isinstance(element.tag, str)]

    @cached_property
    def runs(self) -> "Sequence[Run]":
        """Every run of text of the HTML part, as it is shown by day."""
        from sparkpub.core.lint.mailtree import runs_of

        return runs_of(self.tree)

    def attributes(self, name: str) -> Iterator[tuple[Any, str]]:
        """Every element that has an attribute, with its value."""
        for element in self.elements:
            if (value := element.get(name)) is not None:
                yield element, str(value).strip()


ManuscriptCheck = Callable[[Manuscript], Iterator[Finding]]
ProofCheck = Callable[[Proof], Iterator[Finding]]
ShelfCheck = Callable[[Sequence[Issue]], Iterator[tuple[Issue, Finding]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """A rule of good style or good mail, known by its code; an issue may waive it with a reason."""

    code: str
    severity: Severity
    summary: str

    def fault(self, path: str, finding: Finding) -> Fault:
        """A finding as a fault of a file."""
        return Fault(
            path=path,
            line=finding.line,
            message=finding.message,
            cure=finding.cure,
            code=self.code,
            severity=self.severity,
        )


MANUSCRIPT_LINTS: dict[Lint, ManuscriptCheck] = {}
PROOF_LINTS: dict[Lint, ProofCheck] = {}
SHELF_LINTS: dict[Lint, ShelfCheck] = {}


def manuscript_lint(code: str, severity: Severity) -> Callable[[ManuscriptCheck], ManuscriptCheck]:
    """Register a check of the issue as written."""

    def register(check: ManuscriptCheck) -> ManuscriptCheck:
        MANUSCRIPT_LINTS[_lint(code, severity, check)] = check
        return check

    return register


def proof_lint(code: str, severity: Severity) -> Callable[[ProofCheck], ProofCheck]:
    """Register a check of the email."""

    def register(check: ProofCheck) -> ProofCheck:
        PROOF_LINTS[_lint(code, severity, check)] = check
        return check

    return register


def shelf_lint(code: str, severity: Severity) -> Callable[[ShelfCheck], ShelfCheck]:
    """Register a check of all issues beside one another."""

    def register(check: ShelfCheck) -> ShelfCheck:
        SHELF_LINTS[_lint(code, severity, check)] = check
        return check

    return register


def _lint(code: str, severity: Severity, check: Callable[..., object]) -> Lint:
    """The description of a check, its code not used before."""
    if any(code == lint.code for lint in (*MANUSCRIPT_LINTS, *PROOF_LINTS, *SHELF_LINTS)):
        raise ValueError(f"two lints have the code {code}")
    summary = (check.__doc__ or "").partition("\n")[0].rstrip(".")
    return Lint(code=code, severity=severity, summary=summary)


def _passages(manuscript: Manuscript) -> Iterator[Passage]:
    """The texts of an issue with their lines; a line break stays one, code becomes a space."""
    issue = manuscript.issue
    for key in ("title", "kicker", "summary", "preheader", "footer"):
        if text := getattr(issue, key):
            yield Passage(line=manuscript.line_of(key), text=text, source=text)
    quoted = 0
    for token in manuscript.markup.tokens:
        quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type != "inline":
            continue
        line = issue.body_line + (token.map[0] if token.map else 0)
        text = "".join(_READ_AS.get(child.type, child.content) for child in token.children or ())
        yield Passage(line=line, text=text, source=token.content, is_quoted=quoted > 0)


# The words of a picture are no part of the sentence around it, and code is not prose.
_READ_AS = {"softbreak": "\n", "hardbreak": "\n", "code_inline": " ", "html_inline": "", "image": ""}
