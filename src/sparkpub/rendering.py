"""Render issues: the message of a release, the files of a look at one, the findings of a check."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import jinja2

from sparkpub.adapters.secrets import PUBLIC_KEY
from sparkpub.adapters.templates import template_fault, theme_css
from sparkpub.articles import placed, previous_in_series, read_media
from sparkpub.core.article import Article
from sparkpub.core.decisions import Due
from sparkpub.core.email import edition_hash, render_edition
from sparkpub.core.lint import lint_email, lint_issue
from sparkpub.core.mail import Compiled, compile_message, message_head, reader_values
from sparkpub.core.model import Asset, Edition, Issue, Occurrence, Release, Status
from sparkpub.core.schedule import next_occurrences, numbered
from sparkpub.core.tokens import Tokens
from sparkpub.errors import Fault, InputError, Severity, UsageError
from sparkpub.press import Press, Publication

_SAMPLE_ID, _SAMPLE_ADDRESS, _SAMPLE_NAME = 1, "ada@example.org", "Ada Sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An edition, its message ready to be spliced for any reader, and the name of the asset behind each picture."""

    edition: Edition
    compiled: bytes
    media: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What page and feeds show of a release after a correction; no message is made of it."""

    hash: str
    assets: tuple[Asset, ...]
    media: Mapping[str, str]


def render_due(press: Press, due: Due, *, released_at: datetime, is_mailed: bool) -> Rendered:
    """What a release at `released_at` (UTC) makes public.

    Raises:
        InputError: the issue's pictures or the theme's templates have faults.
    """
    publication = press.publication
    media = read_media(publication, due.issue)
    article = placed(
        publication,
        due,
        released_at=released_at,
        media=media,
        earlier=press.ledger.releases(due.issue.id),
        previous=previous_in_series(publication, press.ledger, due.issue),
    )
    edition = _edition(publication, article)
    compiled = _compiled(publication, edition, article).dump() if is_mailed else b""
    return Rendered(edition=edition, compiled=compiled, media=_names(media))


def correct_edition(publication: Publication, issue: Issue, release: Release) -> Corrected:
    """What a corrected issue shows in place of a release.

    Raises:
        InputError: its pictures have faults.
    """
    media = read_media(publication, issue)
    assets = tuple(media.values())
    hash_ = edition_hash(issue.title, f"{release.name}/{issue.content_hash}", "", assets)
    return Corrected(hash=hash_, assets=assets, media=_names(media))


def preview_files(publication: Publication, issue: Issue, number: int | None, *, now: datetime) -> dict[str, bytes]:
    """One issue in every form, for a sample reader, as if released on its date; names to bytes.

    Without a number the next occurrence is meant, or where none is to come the first; a draft without a date is
    shown as of now.

    Raises:
        UsageError: it has no such occurrence.
        InputError: the issue's pictures or the theme's templates have faults.
    """
    from sparkpub.core.archive import archive_of
    from sparkpub.core.pages import Pages

    article = _sample(publication, issue, _occurrence(publication, issue, number, now=now))
    edition = _edition(publication, article)
    message = _sample_message(publication, edition, article)
    with _template_faults(publication):
        pages = Pages(archive_of([article]), publication.settings, publication.templates)
        page = pages.issue_alone(article)
        entry = pages.cards.entry(article, publication.templates)
    html, text = _bodies(message)
    return {
        "email.html": html,
        "email.txt": text,
        "message.eml": message,
        "page.html": page,
        "entry.html": entry.html.encode(),
    }


def check_issue(publication: Publication, issue: Issue, *, now: datetime) -> list[Fault]:
    """Every finding of an issue: its own, its pictures', the theme's, and those of the email it would become."""
    occurrence = _occurrence(publication, issue, None, now=now)
    findings = list(lint_issue(issue, number=occurrence.number or None))
    try:
        article = _sample(publication, issue, occurrence)
        edition = _edition(publication, article)
        message = _sample_message(publication, edition, article)
    except InputError as error:
        return [*findings, *error.faults]
    html, text = _bodies(message)
    return [
        *findings,
        *lint_email(
            issue,
            html=html.decode(),
            text=text.decode(),
            subject=edition.subject,
            body_bytes=len(html),
            expected={"postal_address": publication.settings.publication.postal_address},
        ),
    ]


def check_before_queue(publication: Publication, issue: Issue, *, now: datetime) -> None:
    """Refuse to queue an issue that cannot go out as it is. One whose dates have all passed is checked without email.

    Raises:
        InputError: the issue has faults; warnings do not count here.
    """
    rule = issue.rule
    is_coming = rule is not None and any(o.at >= now for o in next_occurrences(rule, now.date(), 2))
    findings = check_issue(publication, issue, now=now) if is_coming else lint_issue(issue, number=None)
    faults = [finding for finding in findings if finding.severity is Severity.FAULT]
    if faults and issue.status is Status.READY:
        raise InputError(*faults)


def _occurrence(publication: Publication, issue: Issue, number: int | None, *, now: datetime) -> Occurrence:
    """The occurrence that a look at an issue means."""
    if issue.rule is None:
        if number:
            raise UsageError(f"{issue.id} has no date yet, so it has no occurrence {number}; leave --number out")
        local = now.astimezone(publication.zone)
        return Occurrence(number=0, on=local.date(), at=now, local=local)
    if number is not None:
        found = numbered(issue.rule, number)
        if found is None:
            raise UsageError(f"{issue.id} has no occurrence {number}; `sparkpub show {issue.id}` lists the next ones")
        return found
    today = now.astimezone(publication.zone).date()
    coming = next_occurrences(issue.rule, today, 1) or next_occurrences(issue.rule, today.min, 1)
    if not coming:
        raise UsageError(f"{issue.path}: its rule never falls on any day; widen `from`, `until` or `years`")
    return coming[0]


def _sample(publication: Publication, issue: Issue, occurrence: Occurrence) -> Article:
    """An issue as if it were released at its own instant, with nothing released before."""
    due = Due(issue=issue, occurrence=occurrence)
    return placed(publication, due, released_at=occurrence.at.astimezone(UTC), media=read_media(publication, issue))


def _edition(publication: Publication, article: Article) -> Edition:
    """The edition of an article in the publication's theme."""
    css = theme_css(publication.folder, publication.settings.email.theme)
    with _template_faults(publication):
        return render_edition(article, settings=publication.settings, templates=publication.templates, css=css)


@contextmanager
def _template_faults(publication: Publication) -> Iterator[None]:
    """Turn what Jinja2 finds wrong into a fault with the template's line."""
    try:
        yield
    except jinja2.TemplateError as error:
        raise InputError(template_fault(error, publication.folder)) from error


def _compiled(publication: Publication, edition: Edition, article: Article) -> Compiled:
    """The message of an edition."""
    head = message_head(
        publication.settings, issue_id=article.issue.id, number=article.number, released_at=article.released_at
    )
    return compile_message(edition, head=head)


def _sample_message(publication: Publication, edition: Edition, article: Article) -> bytes:
    """The message as a sample reader would receive it, signed with the key that everybody knows."""
    values = reader_values(
        publication.settings,
        Tokens(PUBLIC_KEY),
        release=f"{article.issue.id}/{article.number}",
        subscriber_id=_SAMPLE_ID,
        address=_SAMPLE_ADDRESS,
        name=_SAMPLE_NAME,
    )
    return _compiled(publication, edition, article).splice(values)


def _bodies(message: bytes) -> tuple[bytes, bytes]:
    """The HTML and the text of a message, decoded as a mail program decodes them."""
    import email
    import email.policy

    read = email.message_from_bytes(message, policy=email.policy.default)
    bodies = []
    for kind in ("html", "plain"):
        part = read.get_body((kind,))
        bodies.append(part.get_content().replace("\r\n", "\n").encode() if part else b"")
    return bodies[0], bodies[1]


def _names(media: Mapping[str, Asset]) -> dict[str, str]:
    """The name of the asset behind each source."""
    return {src: asset.name for src, asset in media.items()}
