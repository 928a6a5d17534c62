"""Lints of the rule: whether it ever falls."""

from collections.abc import Iterator

from sparkpub.core.lint.registry import Finding, Manuscript, manuscript_lint
from sparkpub.core.outlook import never
from sparkpub.errors import Severity


@manuscript_lint("SPK093", Severity.FAULT)
def rule_that_never_falls(manuscript: Manuscript) -> Iterator[Finding]:
    """A date rule that falls on no day: `from`, `until`, `leap_day` and the years chosen leave none."""
    rule = manuscript.issue.rule
    if rule is not None and (found := never(rule)):
        line = manuscript.line_of(found.key)
        line = line if line > 1 else manuscript.line_of("anniversary")
        yield Finding(line=line, message=found.message, cure=found.cure)
