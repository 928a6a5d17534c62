"""Lints: what an editor would rather know before readers do.

To add one, write a function in `manuscript.py`, `prose.py` or `proof.py` with the next free code, and a test.
"""

from collections.abc import Mapping

from sparkpub.core.lint import manuscript, proof, prose
from sparkpub.core.lint.registry import MANUSCRIPT_LINTS, PROOF_LINTS, Lint, Manuscript, Proof
from sparkpub.core.model import Issue
from sparkpub.errors import Fault

__all__ = ["LINTS", "Lint", "known_codes", "lint_email", "lint_issue"]

_LINT_MODULES = (manuscript, prose, proof)  # importing them registered their lints

LINTS: Mapping[str, Lint] = {
    lint.code: lint for lint in sorted((*MANUSCRIPT_LINTS, *PROOF_LINTS), key=lambda lint: lint.code)
}
"""Every lint by its code, in order."""


def known_codes() -> frozenset[str]:
    """The codes that front matter may allow."""
    return frozenset(LINTS)


def lint_issue(issue: Issue, *, number: int | None) -> list[Fault]:
    """What is to be said of an issue as written, if it went out as anniversary `number` (0: a fixed date)."""
    manuscript = Manuscript(issue=issue, number=number)
    return [
        lint.fault(issue.path, finding)
        for lint, check in MANUSCRIPT_LINTS.items()
        if lint.code not in issue.allow
        for finding in check(manuscript)
    ]


def lint_email(
    issue: Issue,
    *,
    html: str,
    text: str,
    subject: str,
    body_bytes: int,
    expected: Mapping[str, str] | None = None,
) -> list[Fault]:
    """What is to be said of the email made of an issue; `body_bytes` is its HTML part with worst-case values.

    `expected` may name what the mail must show: `postal_address`, and `unsubscribe_url` (or the sentinel in its
    place). Without the latter any link that speaks of leaving counts.
    """
    proof = Proof(
        issue=issue, html=html, text=text, subject=subject, body_bytes=body_bytes, expected=dict(expected or {})
    )
    return [
        lint.fault(issue.path, finding)
        for lint, check in PROOF_LINTS.items()
        if lint.code not in issue.allow
        for finding in check(proof)
    ]
