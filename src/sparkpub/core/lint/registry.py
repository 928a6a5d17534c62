"""Lints: what they are, and how a function becomes one.

A lint looks at an issue as its editor wrote it (`Manuscript`) or at the email made of it (`Proof`) and yields
findings. Its docstring's first line is its summary in the reference.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sparkpub.core.model import Issue
from sparkpub.errors import Fault, Severity

if TYPE_CHECKING:  # a build that changes nothing reads the codes, never a body
    from sparkpub.core.markup import Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one lint found in one place; `line` is of the file, 0 for the piece as a whole."""

    line: int = 0
    message: str
    cure: str


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

    def body_line(self, line: int) -> int:
        """The line of the file that holds a line of the body, both counted from 1."""
        return self.issue.body_line + line - 1

    def line_of(self, key: str) -> int:
        """The line of a key of the front matter, 1 if it is not there."""
        front = self.issue.source.decode("utf-8", "replace").splitlines()[: self.issue.body_line - 1]
        return next((n for n, line in enumerate(front, 1) if re.match(rf"\s*{key}\s*:", line)), 1)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The email made of an issue, before any reader's values stand in it.

    `expected` holds what the mail must show: `postal_address` and `unsubscribe_url`.
    """

    issue: Issue
    html: str
    text: str
    subject: str
    body_bytes: int
    expected: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def tree(self) -> Any:  # noqa: ANN401 - lxml publishes no types
        """The HTML part as lxml reads it."""
        from lxml import etree, html

        parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
        tree = etree.fromstring(self.html.encode("utf-8", "replace") or b"<html></html>", parser)
        return html.Element("html") if tree is None else tree


ManuscriptCheck = Callable[[Manuscript], Iterator[Finding]]
ProofCheck = Callable[[Proof], Iterator[Finding]]


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


def _lint(code: str, severity: Severity, check: Callable[..., object]) -> Lint:
    """The description of a check, its code not used before."""
    if any(code == lint.code for lint in (*MANUSCRIPT_LINTS, *PROOF_LINTS)):
        raise ValueError(f"two lints have the code {code}")
    summary = (check.__doc__ or "").partition("\n")[0].rstrip(".")
    return Lint(code=code, severity=severity, summary=summary)
