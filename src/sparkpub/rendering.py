"""Render issues: the message of a release, the files of a look at one, the findings of a check."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import jinja2

from sparkpub.adapters.config import located
from sparkpub.adapters.secrets import PUBLIC_KEY
from sparkpub.adapters.templates import template_fault, theme_css
from sparkpub.articles import placed, previous_in_series, read_media, released_article
from sparkpub.core.article import Article
from sparkpub.core.decisions import Due
from sparkpub.core.digests import digest_of
from sparkpub.core.email import edition_hash, render_edition
from sparkpub.core.lint import lint_email, lint_issue
from sparkpub.core.mail import Addressing, Compiled, compile_message, message_head
from sparkpub.core.model import Asset, Edition, Issue, Occurrence, Status
from sparkpub.core.outlook import never
from sparkpub.core.records import Release
from sparkpub.core.schedule import next_occurrences, numbered
from sparkpub.core.site_words import site_words
from sparkpub.core.tokens import Tokens
from sparkpub.errors import Fault, InputError, Severity, UsageError
from sparkpub.press import Press, Publication


@dataclass(frozen=True, slots=True)
class _Reader:
    """A reader who is invented to look at a message; `attribute` is the value of each, "" for the defaults."""

    subscriber_id: int
    address: str
    name: str
    attribute: str = ""


_SAMPLE = _Reader(1, "ada@example.org", "Ada Sample")
# The longest that each value can be: the ledger's last id, RFC 5321's longest address, 300 characters for the others.
_WORST = _Reader(
    2**63 - 1,
    f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 53}.example",
    "Wolfeschlegelsteinhausenberger " * 9 + "the Younger of Philadelphia",
    "Llanfairpwllgwyngyll " * 14,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An edition, its message ready to be spliced for any reader, and the name of the asset behind each picture."""

    edition: Edition
    compiled: bytes
    media: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A whole message, and its two bodies as a mail program decodes them."""

    message: bytes = field(repr=False)
    html: bytes = field(repr=False)
    text: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An issue as if released on its date: for a sample reader, and for the one with the longest values."""

    article: Article
    edition: Edition
    sample: Mail
    worst: Mail


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


def render_digest(
    press: Press, id_: str, pieces: Sequence[Release], *, on: date, released_at: datetime
) -> tuple[Rendered, str]:
    """What a digest of released pieces mails at `released_at` (UTC), and its subject.

    Raises:
        InputError: the theme's templates have faults.
    """
    publication, settings = press.publication, press.publication.settings
    articles = [released_article(settings, piece, press.ledger.shown_media(piece)) for piece in pieces]
    with _theme_faults(publication):
        words = site_words(publication.templates, settings.publication.language)
        digest = digest_of(id_, articles, on=on, released_at=released_at, settings=settings, words=words)
        shown = {"pieces": digest.cards, "more": digest.more, "words": words}
    edition = _edition(publication, digest.article, digest=shown)
    head = message_head(settings, issue_id=id_.replace(":", "-"), number=edition.number, released_at=released_at)
    compiled = compile_message(replace(edition, subject=digest.subject), head=head)
    return Rendered(edition=edition, compiled=compiled.dump(), media={}), digest.subject


def correct_edition(publication: Publication, issue: Issue, release: Release) -> Corrected:
    """What a corrected issue shows in place of a release.

    Raises:
        InputError: its pictures have faults.
    """
    media = read_media(publication, issue)
    assets = tuple(media.values())
    hash_ = edition_hash(issue.title, f"{release.name}/{issue.content_hash}", "", assets)
    return Corrected(hash=hash_, assets=assets, media=_names(media))


def look_at(publication: Publication, issue: Issue, number: int | None, *, now: datetime) -> Look:
    """One issue as if released on its date.

    Without a number the next occurrence is meant, or where none is to come the first; a draft without a date is
    shown as of now.

    Raises:
        UsageError: it has no such occurrence.
        InputError: the issue's pictures or the theme's templates have faults.
    """
    article = _sample(publication, issue, _occurrence(publication, issue, number, now=now))
    edition = _edition(publication, article)
    compiled = _compiled(publication, edition, article)
    sample, worst = (_mail(publication, compiled, edition, reader) for reader in (_SAMPLE, _WORST))
    return Look(article=article, edition=edition, sample=sample, worst=worst)


def page_and_entry(publication: Publication, article: Article) -> tuple[bytes, bytes]:
    """An article as a page that needs no other file, and the HTML of its feed entry.

    Raises:
        InputError: the theme's templates have faults.
    """
    from sparkpub.core.archive import archive_of
    from sparkpub.core.pages import Pages

    with _theme_faults(publication):
        pages = Pages(archive_of([article]), publication.settings, publication.templates)
        return pages.issue_alone(article), pages.cards.entry(article, publication.templates).html.encode()


def preview_files(publication: Publication, issue: Issue, number: int | None, *, now: datetime) -> dict[str, bytes]:
    """One issue in every form, for a sample reader, as if released on its date; names to bytes.

    Raises:
        UsageError: it has no such occurrence.
        InputError: the issue's pictures or the theme's templates have faults.
    """
    look = look_at(publication, issue, number, now=now)
    page, entry = page_and_entry(publication, look.article)
    return {
        "email.html": look.sample.html,
        "email.txt": look.sample.text,
        "message.eml": look.sample.message,
        "page.html": page,
        "entry.html": entry,
    }


def check_issue(publication: Publication, issue: Issue, *, now: datetime) -> list[Fault]:
    """Every finding of an issue: its own, its pictures', the theme's, and those of the email it would become."""
    if issue.rule is not None and never(issue.rule):
        return lint_issue(issue, number=None)
    try:
        look = look_at(publication, issue, None, now=now)
    except UsageError:
        raise
    except InputError as error:
        occurrence = _occurrence(publication, issue, None, now=now)
        return [*lint_issue(issue, number=occurrence.number or None), *error.faults]
    return findings_of(publication, look)


def findings_of(publication: Publication, look: Look) -> list[Fault]:
    """Every finding of a rendered issue: of the issue as written, and of its email with the longest values."""
    issue = look.article.issue
    return [
        *lint_issue(issue, number=look.article.number or None),
        *lint_email(
            issue,
            html=look.sample.html.decode(),
            text=look.sample.text.decode(),
            subject=look.edition.subject,
            body_bytes=len(look.worst.html),
            expected={"postal_address": publication.settings.publication.postal_address},
            assets=look.edition.assets,
        ),
    ]


def check_links(
    issues: Sequence[Issue], *, progress: Callable[[int, int], None], allows_loopback: bool = False
) -> list[Fault]:
    """A finding for each link to the web that gives no page any more; every address is asked once.

    Addresses of our own machine are asked only where `allows_loopback`: no test needs a network.
    """
    from sparkpub.adapters.webpages import gone
    from sparkpub.core.lint.rot import dead_links, web_links

    dead = gone(web_links(issues), progress=progress, allows_loopback=allows_loopback)
    return [fault for issue in issues for fault in dead_links(issue, dead)]


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


def _edition(publication: Publication, article: Article, *, digest: Mapping[str, object] | None = None) -> Edition:
    """The edition of an article in the publication's theme; `digest` as `render_edition` takes it."""
    settings = publication.settings
    with _theme_faults(publication):
        css = theme_css(publication.folder, settings.email.theme)
        return render_edition(article, settings=settings, templates=publication.templates, css=css, digest=digest)


@contextmanager
def _theme_faults(publication: Publication) -> Iterator[None]:
    """Turn what Jinja2 finds wrong into a fault with the template's line; those of [email] get theirs too."""
    try:
        yield
    except InputError as error:
        raise InputError(*(located(fault, publication.source) for fault in error.faults)) from error
    except jinja2.TemplateError as error:
        raise InputError(template_fault(error, publication.folder)) from error


def _compiled(publication: Publication, edition: Edition, article: Article) -> Compiled:
    """The message of an edition."""
    head = message_head(
        publication.settings, issue_id=article.issue.id, number=article.number, released_at=article.released_at
    )
    return compile_message(edition, head=head)


def _mail(publication: Publication, compiled: Compiled, edition: Edition, reader: _Reader) -> Mail:
    """The message as an invented reader would receive it, its links signed with the key that everybody knows."""
    release = f"{edition.issue.id}/{edition.number}"
    values = Addressing(publication.settings, Tokens(PUBLIC_KEY), release=release).values(
        reader.subscriber_id,
        address=reader.address,
        name=reader.name,
        attributes={field.partition(":")[0]: reader.attribute for field in edition.fields},
    )
    message = compiled.splice(values)
    html, text = _bodies(message)
    return Mail(message=message, html=html, text=text)


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
