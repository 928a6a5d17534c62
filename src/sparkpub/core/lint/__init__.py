"""Lints: what an editor would rather know before readers do.

To add one, write a function with the next free code in the module whose first line it fits, and a test:

```text
of the issue as written    titles  prose  addresses  pictures  structure  rules
of the email               skeleton  sight  trust  weight  clients
of all issues together     shelves
of the web                 rot
```
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sparkpub.core.lint.registry import Lint, Manuscript, Proof
from sparkpub.core.model import Asset, Issue
from sparkpub.errors import Fault

if TYPE_CHECKING:
    from sparkpub.core.lint.catalogue import LINTS

__all__ = ["LINTS", "Lint", "known_codes", "lint_email", "lint_issue", "lint_shelf"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what a module may hold
    """`LINTS`, when first asked for: a build that changes nothing needs no lint."""
    if name == "LINTS":
        from sparkpub.core.lint.catalogue import LINTS

        return LINTS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def known_codes() -> frozenset[str]:
    """The codes that front matter may allow."""
    from sparkpub.core.lint.catalogue import LINTS

    return frozenset(LINTS)


def lint_issue(issue: Issue, *, number: int | None) -> list[Fault]:
    """What is to be said of an issue as written, if it went out as anniversary `number` (0: a fixed date)."""
    from sparkpub.core.lint.catalogue import MANUSCRIPT_LINTS

    manuscript = Manuscript(issue=issue, number=number)
    return [
        lint.fault(issue.path, finding)
        for lint, check in MANUSCRIPT_LINTS.items()
        if lint.code not in issue.allow
        for finding in check(manuscript)
    ]


def lint_email(  # noqa: PLR0913 - what a mail consists of
    issue: Issue,
    *,
    html: str,
    text: str,
    subject: str,
    body_bytes: int,
    expected: Mapping[str, str] | None = None,
    assets: Sequence[Asset] = (),
) -> list[Fault]:
    """What is to be said of the email made of an issue; `body_bytes` is its HTML part with worst-case values.

    `expected` may name what the mail must show: `postal_address`, and `unsubscribe_url` (or the sentinel in its
    place). Without the latter any link that speaks of leaving counts. `assets` are the pictures it shows.
    """
    from sparkpub.core.lint.catalogue import PROOF_LINTS

    known = dict(expected or {})
    proof = Proof(
        issue=issue, html=html, text=text, subject=subject, body_bytes=body_bytes, expected=known, assets=assets
    )
    return [
        lint.fault(issue.path, finding)
        for lint, check in PROOF_LINTS.items()
        if lint.code not in issue.allow
        for finding in check(proof)
    ]


def lint_shelf(shelf: Iterable[Issue], *, of: Iterable[Issue]) -> list[Fault]:
    """What is to be said of some issues beside all others of the shelf."""
    from sparkpub.core.lint.catalogue import SHELF_LINTS

    issues = tuple(shelf)
    chosen = {issue.id for issue in of}
    return [
        lint.fault(issue.path, finding)
        for lint, check in SHELF_LINTS.items()
        for issue, finding in check(issues)
        if issue.id in chosen and lint.code not in issue.allow
    ]
