"""Place issues on their occurrences: from queue or ledger to the articles that are rendered.

Issue + Occurrence ──placed──▶ Article (as if released then)        for emails, previews, checks
ledger's releases ──released_articles──▶ Articles (as released)     for pages and feeds
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sparkpub.adapters.config import settings_of
from sparkpub.adapters.ledger import Ledger
from sparkpub.adapters.zones import zone
from sparkpub.core import links
from sparkpub.core.archive import linked
from sparkpub.core.article import Article, Neighbour
from sparkpub.core.issues import parse_issue
from sparkpub.core.markup import images, read_markdown
from sparkpub.core.model import Asset, Issue
from sparkpub.core.records import Release
from sparkpub.core.schedule import numbered, repeats
from sparkpub.core.settings import Settings
from sparkpub.errors import Fault, InputError, LedgerError
from sparkpub.press import Publication

if TYPE_CHECKING:  # what is due decides a tick; a build only reads what was released
    from sparkpub.core.decisions import Due


def placed(
    publication: Publication,
    due: "Due",
    *,
    released_at: datetime,
    media: Mapping[str, Asset],
    earlier: Iterable[Release] = (),
    previous: Neighbour | None = None,
) -> Article:
    """An issue as it looks when released at `released_at` (UTC) for one occurrence."""
    issue, number = due.issue, due.occurrence.number
    base_url = publication.settings.publication.base_url
    zone_ = issue.rule.zone if issue.rule else publication.zone
    known = list(earlier)
    is_repeating = issue.rule is not None and repeats(issue.rule)
    return Article(
        issue=issue,
        number=number,
        on=due.occurrence.on,
        local=released_at.astimezone(zone_),
        released_at=released_at,
        updated_at=released_at,
        entry_id=new_entry_id(publication, due, released_at, is_first=not known),
        url=links.release_url(base_url, issue.slug, number, repeats=is_repeating),
        permalink=links.issue_url(base_url, issue.slug),
        media=media,
        previous=previous,
        earlier=tuple(_earlier(publication.settings, release) for release in known),
        why=due.occurrence.why,
    )


def new_entry_id(publication: Publication, due: "Due", released_at: datetime, *, is_first: bool) -> str:
    """The feed entry's id, kept for ever: the issue's own `feed_id` for its first release, else a tag URI."""
    issue = due.issue
    if issue.feed_id and is_first:
        return issue.feed_id
    host = links.host(publication.settings.publication.base_url)
    return links.entry_id(host, released_at.astimezone(publication.zone).year, issue.id, due.occurrence.number)


def read_media(publication: Publication, issue: Issue) -> dict[str, Asset]:
    """Each picture of an issue, by its source as the issue writes it.

    Raises:
        InputError: pictures are missing, unreadable or too large; every one is named with its line.
    """
    from sparkpub.adapters.images import read_asset  # a build of what is released reads no picture
    from sparkpub.core.lint.registry import Manuscript

    uses = [
        (use.src, issue.body_line + use.line - 1) for use in images(read_markdown(issue.body, language=issue.language))
    ]
    if issue.image:
        uses.append((issue.image.src, Manuscript(issue=issue).line_of("image")))
    media: dict[str, Asset] = {}
    faults = []
    for src, line in uses:
        if src in media or "://" in src:
            continue
        try:
            media[src] = read_asset(publication.folder, issue.path, src)
        except ValueError as fault:
            message, _, cure = str(fault).partition("; ")
            faults.append(Fault(path=issue.path, line=line, message=message, cure=cure))
    if faults:
        raise InputError(*sorted(faults))
    return media


def released_articles(publication: Publication, ledger: Ledger) -> list[Article]:
    """Every release as an article, in order of release, from the ledger's own copies."""
    settings = publication.settings
    return linked(
        released_article(
            settings,
            release,
            {src: ledger.asset(name) for src, name in ledger.edition(release.edition_hash).media.items()},
        )
        for release in ledger.releases()
    )


def released_article(settings: Settings, release: Release, media: Mapping[str, Asset]) -> Article:
    """One release as an article, without its neighbours."""
    issue = issue_of(release)
    base_url = settings.publication.base_url
    due = numbered(issue.rule, release.number) if issue.rule else None
    return Article(
        issue=issue,
        number=release.number,
        on=release.on,
        local=release.released_at.astimezone(issue.rule.zone if issue.rule else zone(settings.publication.timezone)),
        released_at=release.released_at,
        updated_at=release.updated_at,
        entry_id=release.entry_id,
        url=links.release_url(base_url, issue.slug, release.number, repeats=release.repeats),
        permalink=links.issue_url(base_url, issue.slug),
        media=media,
        # A rule that was edited since tells nothing of the day this was released on.
        why=due.why if due and due.on == release.on else (),
    )


def issue_of(release: Release) -> Issue:
    """The issue as it was released, or as its latest correction left it, read by the settings of that day.

    Raises:
        LedgerError: this version cannot read what an earlier one released.
    """
    parsed = _parsed(release.issue_source, release.issue_path, release.settings)
    if isinstance(parsed, Issue):
        return parsed
    why = "; ".join(f"{fault.message}; {fault.cure}" for fault in parsed)
    raise LedgerError(f"the ledger's text of {release.name} cannot be read by this version: {why}")


def subject_of(release: Release) -> str:
    """What stands in the subject of a release's messages; of a digest that is all its text.

    Raises:
        LedgerError: this version cannot read what an earlier one released.
    """
    return release.issue_source.decode() if release.is_digest else issue_of(release).title


def audience_of(release: Release) -> str:
    """Whom a release goes to, in a word.

    Raises:
        LedgerError: this version cannot read what an earlier one released.
    """
    return "readers who get it gathered" if release.is_digest else issue_of(release).audience


@lru_cache(maxsize=4096)
def _parsed(source: bytes, path: str, settings: str) -> Issue | tuple[Fault, ...]:
    """A released text parsed once in a process: ticks and builds ask again and again."""
    return parse_issue(source, path=path, settings=_settings(settings), zones=zone)


@lru_cache(maxsize=64)
def _settings(text: str) -> Settings:
    """The settings under which something was released."""
    return settings_of(tomllib.loads(text))


def previous_in_series(publication: Publication, ledger: Ledger, issue: Issue) -> Neighbour | None:
    """The piece of the same series that was released last."""
    if not issue.series:
        return None
    for release in reversed(ledger.releases()):
        other = issue_of(release)
        if other.series == issue.series and other.id != issue.id:
            return neighbour_of(publication.settings, other, release)
    return None


def _earlier(settings: Settings, release: Release) -> Neighbour:
    """An earlier release of the same issue, as templates list it."""
    return neighbour_of(settings, issue_of(release), release)


def neighbour_of(settings: Settings, issue: Issue, release: Release) -> Neighbour:
    """A release as others point to it."""
    url = links.release_url(settings.publication.base_url, issue.slug, release.number, repeats=release.repeats)
    return Neighbour(title=issue.title, url=url, on=release.on, number=release.number)
