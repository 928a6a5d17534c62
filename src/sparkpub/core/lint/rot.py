"""Links that died since they were written: which to ask, and what is said of those that give no page.

The asking is no lint's: it takes the network (`adapters/webpages.py`), so it is done only where the settings say so.
"""

from collections.abc import Iterable, Iterator, Mapping

from sparkpub.core.lint.addresses import web_addresses
from sparkpub.core.lint.registry import Finding, Lint, Manuscript
from sparkpub.core.model import Issue
from sparkpub.errors import Fault, Severity

GONE = Lint(
    code="SPK094",
    severity=Severity.WARNING,
    summary="A link that gives no page any more (asked only by `check --due`, where `[alerts] check_links` is on)",
)


def web_links(issues: Iterable[Issue]) -> frozenset[str]:
    """Every address of the web that these issues link to, without the place within its page."""
    return frozenset(url for issue in issues if GONE.code not in issue.allow for _, url in _uses(issue))


def dead_links(issue: Issue, gone: Mapping[str, str]) -> list[Fault]:
    """What is to be said of an issue's links, by what each address that gives no page answered instead."""
    if GONE.code in issue.allow:
        return []
    found = ((line, url, gone[url]) for line, url in _uses(issue) if url in gone)
    cure = "link to where it is now, or to an archive's copy"
    return [
        GONE.fault(issue.path, Finding(line=line, message=f"the link to '{url[:80]}' {why}", cure=cure))
        for line, url, why in found
    ]


def _uses(issue: Issue) -> Iterator[tuple[int, str]]:
    """Each link to the web: its line in the file, and its address."""
    for line, address, _ in web_addresses(Manuscript(issue=issue)):
        yield line, address._replace(fragment="").geturl()
