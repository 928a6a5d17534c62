"""Render one article into an edition: the HTML and text of an email, the same for every reader.

    article ──values──▶ email.html.j2 ──inline.css──▶ html ┐
                        email.txt.j2  ──────────────▶ text ┴─hash──▶ Edition

Where a reader's own values will stand, an edition has sentinels (`core.sentinels`); `core.mail` splices there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256

import jinja2
from markupsafe import Markup as SafeHtml

from sparkpub.core import links
from sparkpub.core.article import Article, Neighbour, named_authors
from sparkpub.core.budgets import STYLE_BUDGET
from sparkpub.core.colours import dark_palette, light_palette, theme_faults
from sparkpub.core.markup import Markup, email_html, first_sentences, read_markdown, typographic
from sparkpub.core.markup.columns import wrap
from sparkpub.core.markup.text import plain_text
from sparkpub.core.model import Asset, Edition, Issue
from sparkpub.core.occasion import occasion
from sparkpub.core.personal import ReaderFields, field_faults, front_matter_faults, planted
from sparkpub.core.scripts import direction, slant
from sparkpub.core.sentinels import LENGTH, SENTINEL, Sentinels, counts, replant, sentinels
from sparkpub.core.settings import Settings
from sparkpub.core.words import date_words, dateline
from sparkpub.errors import Fault, InputError

COLUMN = 520
"""Width in pixels of the text column: 600 less 40 on each side."""

WIDTH = 72
"""Columns of the text twin."""

_PREVIEW = 140
"""Characters that an inbox may show of an email's beginning."""

_PADDING = "͏\u200c\u2007"
"""Shows nothing and cannot be trimmed: grapheme joiner, zero-width non-joiner, figure space."""

_CHANGED = re.compile(SENTINEL.pattern, re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeCss:
    """The stylesheets of a theme, as Jinja2 source, with their paths for faults.

    `inline` goes into `style` attributes, `embed` stands in `<style>`. Templates that a theme lacks are taken from
    the default one.
    """

    inline: str
    embed: str
    inline_path: str = "templates/email/inline.css"
    embed_path: str = "templates/email/embed.css"
    theme: str = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadImage:
    """The picture above the text. `url` is absolute; `width` and `height` are those shown, `height` 0 if unknown."""

    url: str
    alt: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An email before inlining: the page without the rules of `css`, the rules, and the text."""

    html: str
    css: str
    text: str


def render_edition(
    article: Article,
    *,
    settings: Settings,
    templates: jinja2.Environment,
    css: ThemeCss,
    digest: Mapping[str, object] | None = None,
) -> Edition:
    """The edition of an article; the same bytes for the same arguments, always.

    That of a digest has, in place of a text, what the templates `digest` make of these values.

    Its `html` and `text` hold the sentinels `sentinels(edition.hash, edition.fields)`. `preferences_url` is there
    only where the publication has a web face, or the editor asks for it.

    Raises:
        InputError: colours or fonts of the settings, the theme, or personal fields have faults.
        jinja2.TemplateError: a template has; `adapters.templates.template_fault` says where.
    """
    from sparkpub.core.inline import inline_css  # premailer takes a quarter of a second to import

    if faults := theme_faults(settings.email):
        raise InputError(*faults)
    marks = sentinels(f"{article.issue.content_hash}/{article.number}")
    source = email_source(article, settings=settings, templates=templates, css=css, marks=marks, digest=digest)
    html = inline_css(source.html, source.css)
    _check_sentinels(source, html, marks=marks, css=css)
    subject = " ".join(article.issue.title.split())
    assets = tuple({asset.name: asset for _, asset in sorted(article.media.items())}.values())
    hash_ = edition_hash(subject, html, source.text, assets)
    fields = tuple(name for name in marks.planted if marks[name] in html or marks[name] in source.text)
    own = sentinels(hash_, fields)
    marks = sentinels(marks.seed, fields)
    return Edition(
        hash=hash_,
        issue=article.issue,
        number=article.number,
        subject=subject,
        html=replant(html, marks, own),
        text=replant(source.text, marks, own),
        assets=assets,
        fields=fields,
    )


def email_source(
    article: Article,
    *,
    settings: Settings,
    templates: jinja2.Environment,
    css: ThemeCss,
    marks: Sentinels,
    digest: Mapping[str, object] | None = None,
) -> Source:
    """The email as its templates write it, with these words for one reader's values; it plants those it needs.

    Raises:
        InputError: the embedded stylesheet, or personal fields of the issue, have faults.
        jinja2.TemplateError: a template has.
    """
    values = email_values(article, settings, marks) | {"theme": css.theme, "is_digest": digest is not None}
    if digest is not None:
        values |= digest
        body = _rendered(templates, css.theme, "digest.html.j2", values, marks)
        values |= {"body_text": _rendered(templates, css.theme, "digest.txt.j2", values, marks).strip("\n")}
        values |= {"body": SafeHtml(body)}  # noqa: S704 - a template has written it, which escapes
    embed = _render_css(templates, css.embed, css.embed_path, values)
    if "</" in embed:
        line = css.embed[: css.embed.find("</")].count("\n") + 1 if "</" in css.embed else 0
        message = "it holds '</', which would end the <style> that it stands in"
        raise InputError(
            Fault(path=css.embed_path, line=line, message=message, cure="leave it out; in a text write <\\/")
        )
    if len(embed.encode()) > STYLE_BUDGET:
        message = f"{len(embed.encode())} bytes, and Gmail drops a <style> of more than {STYLE_BUDGET}"
        fault = Fault(path=css.embed_path, line=0, message=message, cure="move to inline.css what is not for @media")
        raise InputError(fault)
    return Source(
        # The stylesheet is the theme's own, and was seen to stay inside its element.
        html=_rendered(templates, css.theme, "email.html.j2", values | {"embed_css": SafeHtml(embed)}, marks),  # noqa: S704
        css=_render_css(templates, css.inline, css.inline_path, values),
        text=tidy_text(_rendered(templates, css.theme, "email.txt.j2", values, marks)),
    )


def email_values(article: Article, settings: Settings, marks: Sentinels) -> dict[str, object]:
    """Everything that a template of an email may name; the comment at the top of `email.html.j2` lists it."""
    issue, publication = article.issue, settings.publication
    base_url = publication.base_url.rstrip("/")
    side = direction(issue.language, settings)
    return {
        "publication": publication,
        "article": article,
        "issue": issue,
        "authors": named_authors(issue, publication.title),
        "language": issue.language,
        "direction": side,
        "publication_direction": direction(publication.language, settings),
        "start": "left" if side == "ltr" else "right",
        "end": "right" if side == "ltr" else "left",
        "slant": slant(issue.language),
        "publication_slant": slant(publication.language),
        "anniversary": occasion(article),
        "series": settings.series.get(issue.series),
        "series_url": links.absolute(base_url, links.series_path(issue.series)) if issue.series else None,
        "home_url": links.absolute(base_url, "/"),
        "fonts": {"text": settings.email.font_text, "display": settings.email.font_display},
        "light": light_palette(settings.email),
        "dark": dark_palette(settings.email),
        "unsubscribe_url": marks["unsubscribe_url"],
        "preferences_url": marks["preferences_url"] if settings.web.url else None,
        "reader": ReaderFields(marks),
        **_words(article, base_url, marks),
    }


def _words(article: Article, base_url: str, marks: Sentinels) -> dict[str, object]:
    """The values that an editor wrote, with the quotes and dashes of the issue's language."""
    issue = article.issue
    language = issue.language
    markup = read_markdown(issue.body, language=language, plant=marks.plant)
    if faults := [*front_matter_faults(issue), *field_faults(issue, markup.fields)]:
        raise InputError(*faults)

    def printed(text: str) -> str:
        return typographic(" ".join(text.split()), language=language)

    def neighbour(other: Neighbour | None) -> Neighbour | None:
        return other and replace(other, title=printed(other.title))

    body = email_html(markup, media=article.media.__getitem__, base_url=base_url, column=COLUMN)
    preheader = printed(planted(issue.preheader, marks.plant) or issue.summary) or _opening(issue, markup)
    return {
        "title": printed(issue.title),
        "kicker": printed(issue.kicker),
        "summary": printed(issue.summary),
        "footer": printed(planted(issue.footer, marks.plant)),
        "preheader": preheader,
        "preheader_padding": _PADDING * max(0, _PREVIEW - len(preheader)),
        "dateline": dateline(article),
        "date": date_words(article.on, language),
        "previous": neighbour(article.previous),
        "next": neighbour(article.next),
        "lead_image": _lead_image(article, base_url),
        "corrections": [(date_words(one.on, language), printed(one.text)) for one in issue.corrections],
        "body": SafeHtml(body),  # noqa: S704 - core.markup has sanitised it
        "body_text": plain_text(markup, base_url=base_url),
    }


def _opening(issue: Issue, markup: Markup) -> str:
    """What an inbox shows of the body: of personal fields the defaults, since a sentinel must not be cut."""
    return first_sentences(read_markdown(issue.body, language=issue.language) if markup.fields else markup, _PREVIEW)


def edition_hash(subject: str, html: str, text: str, assets: Iterable[Asset]) -> str:
    """SHA-256 in hex over all that an edition shows, each part framed by its length."""
    digest = sha256()
    for part in (subject, html, text):
        data = part.encode()
        digest.update(b"%d:" % len(data) + data)
    for asset in sorted(assets, key=lambda one: one.name):
        digest.update(f"{asset.name} {asset.media_type} ".encode() + sha256(asset.data).digest())
    return digest.hexdigest()


def fill(text: str) -> str:
    """A paragraph wrapped for the text twin."""
    return "\n".join(wrap(" ".join(text.split("\n")), WIDTH))


def _lead_image(article: Article, base_url: str) -> LeadImage | None:
    """The issue's own picture at the size it is shown, at most as wide as the column."""
    image = article.issue.image
    asset = article.media.get(image.src) if image else None
    if image is None or asset is None:
        return None
    width = min(asset.width or COLUMN, COLUMN)
    height = round(asset.height * width / asset.width) if asset.width else 0
    url = links.absolute(base_url, links.media_path(asset.name))
    caption = typographic(image.caption, language=article.issue.language)
    return LeadImage(url=url, alt=image.alt, caption=caption, width=width, height=height)


def _rendered(
    templates: jinja2.Environment, theme: str, name: str, values: Mapping[str, object], marks: Sentinels
) -> str:
    """What a template of the theme, else of the default theme, writes.

    A filter such as `upper` leaves a reader's value as the reader wrote it.
    """
    with template_mistakes():
        written = templates.select_template([f"{theme}/{name}", f"email/{name}"]).render(**values)
    return _CHANGED.sub(lambda found: found[0].lower() if found[0].lower() in marks.values() else found[0], written)


def _render_css(templates: jinja2.Environment, source: str, path: str, values: Mapping[str, object]) -> str:
    """A stylesheet with the colours and fonts of the settings in it."""
    plain = templates.overlay(autoescape=False)
    with template_mistakes():
        code = plain.compile(source, name=path, filename=path)
        return plain.template_class.from_code(plain, code, dict(plain.globals)).render(**values)


@contextmanager
def template_mistakes() -> Iterator[None]:
    """Whatever a template does wrong is a TemplateError, caused by what Python said of it."""
    try:
        yield
    except jinja2.TemplateError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise jinja2.TemplateRuntimeError(f"{type(error).__name__}: {error}") from error


def tidy_text(text: str) -> str:
    """No white space at line ends, never more than one empty line together, one newline at the end."""
    lines: list[str] = []
    for line in (one.rstrip() for one in text.strip().split("\n")):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"


def _check_sentinels(source: Source, html: str, *, marks: Mapping[str, str], css: ThemeCss) -> None:
    """A reader's values stand where they can be spliced: in links and text, and none was lost by inlining.

    Raises:
        InputError: the theme puts one elsewhere, or has no link to leave by.
    """
    from sparkpub.core.inline import readable_text

    path = f"templates/{css.theme}/email.html.j2"
    before = counts(source.html, marks)
    if not before["unsubscribe_url"] or not counts(source.text, marks)["unsubscribe_url"]:
        cure = "put {{ unsubscribe_url }} into its footer, in email.html.j2 and in email.txt.j2"
        raise InputError(Fault(path=path, line=0, message="the email has no link to leave by", cure=cure))
    if any(_ends(twin, marks) != counts(twin, marks) for twin in (source.html, source.text)):
        message = "a template cuts a reader's value into pieces"
        raise InputError(Fault(path=path, line=0, message=message, cure="put it in whole, without a filter"))
    if before != counts(html, marks) or before != counts(readable_text(html), marks):
        message = "a value of the reader's stands in a style, a script or a comment"
        raise InputError(Fault(path=path, line=0, message=message, cure="keep it to text and to href"))


def _ends(text: str, marks: Mapping[str, str]) -> Mapping[str, int]:
    """How often an end of each sentinel stands in a text, whole or not."""
    half = LENGTH // 2
    return {name: max(text.count(mark[:half]), text.count(mark[half:])) for name, mark in marks.items()}
