"""The pages that readers see, in the publication's theme and in their own language."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import jinja2
from flask import Response, request

from sparkpub.adapters.catalogues import catalogue, languages
from sparkpub.core.archive import archive_of
from sparkpub.core.consent import wording_version
from sparkpub.core.languages import choose
from sparkpub.core.pages import Page, Pages
from sparkpub.press import Publication

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_ANYBODYS = "/p/0.preferences-of-whoever-looks"
"""Stands in a kept page for the way to a reader's preferences, which is of the same kind of letters."""


class ReaderPages:
    """Makes the pages of one publication."""

    def __init__(self, publication: Publication, root: str) -> None:
        """`root` is the path that [web] url has."""
        self._publication, self._root = publication, root
        self._makings: dict[str, _Making] = {}

    def show(
        self, name: str, /, *, language: str = "", status: int = 200, preferences: str = "", **values: object
    ) -> Response:
        """The page `templates/web/NAME.html.j2`, in a reader's language or the one that their browser asks for.

        `preferences` is the way to a reader's own. A page that shows nothing else of its reader is made once.
        """
        chosen = self.language(language)
        made = self._making(chosen)
        if values:
            html = self._html(made, name, preferences=preferences, **values)
        else:
            key = (name, bool(preferences))
            if key not in made.kept:
                made.kept[key] = self._html(made, name, preferences=_ANYBODYS if preferences else "")
            html = made.kept[key].replace(_ANYBODYS.encode(), preferences.encode())
        response = Response(html, status=status, content_type="text/html; charset=utf-8", headers=_HEADERS)
        response.headers["Content-Security-Policy"] = made.policy
        response.headers["Content-Language"] = chosen
        response.vary.add("Accept-Language")
        return response

    def _html(self, made: "_Making", name: str, /, **values: object) -> bytes:
        page = Page(path="/subscribe/", title=self._title, description=self._title, is_listed=False)
        template = made.templates.get_template(f"web/{name}.html.j2")
        return made.pages.apart(template, page, css=made.css, root=self._root, **values)

    def language(self, own: str) -> str:
        """The language of a page: the reader's own, else their browser's, else the publication's; as far as known."""
        known = languages()
        for tag in (own, own.partition("-")[0]):
            if tag.lower() in known:
                return tag.lower()
        published = self._publication.settings.publication.language.partition("-")[0].lower()
        fallback = published if published in known else "en"
        if own:
            return fallback
        return choose(request.headers.get("Accept-Language", ""), (fallback, *known)) or fallback

    def wording(self, language: str) -> str:
        """The version of the words by which readers of a language are asked."""
        texts = catalogue(language)
        return wording_version({text: texts.gettext(text) for text in CONSENT})

    @property
    def _title(self) -> str:
        return self._publication.settings.publication.title

    def _making(self, language: str) -> "_Making":
        if language not in self._makings:
            self._makings[language] = _Making(self._publication, language)
        return self._makings[language]


CONSENT = (
    "Type your address, and we send you a letter with a link to confirm.",
    "Your address is used for this newsletter and nothing else, and you can leave at any time.",
)
"""What the form says that a reader agrees to; changed words are another version in the evidence."""


@dataclass(frozen=True)
class _Making:
    """What makes the pages of one language."""

    publication: Publication
    language: str
    kept: dict[tuple[str, bool], bytes] = field(default_factory=dict)
    """Pages that are the same for everybody, by name and by whether they lead to a reader's preferences."""

    @cached_property
    def templates(self) -> jinja2.Environment:
        """The theme's templates as they are at the first page, like its style; their `_("…")` speaks the language."""
        theirs = self.publication.templates.overlay(extensions=["jinja2.ext.i18n"], auto_reload=False)
        theirs.globals = dict(theirs.globals)
        words: Any = theirs
        words.install_gettext_translations(catalogue(self.language), newstyle=True)
        return theirs

    @cached_property
    def pages(self) -> Pages:
        """The pages around them, as the site would be in that language."""
        settings = self.publication.settings
        own = settings.publication
        is_other = own.language.partition("-")[0].lower() != self.language
        spoken = replace(own, language=self.language, direction="") if is_other else own
        return Pages(
            archive=archive_of(()), settings=replace(settings, publication=spoken), templates=self.publication.templates
        )

    @cached_property
    def css(self) -> str:
        """The site's style and that of the forms."""
        return self.pages.stylesheet().decode() + self.templates.get_template("web/style.css.j2").render()

    @cached_property
    def policy(self) -> str:
        """What a browser may load for such a page: its own style and sign, nothing else."""
        style = base64.b64encode(hashlib.sha256(self.css.encode()).digest()).decode()
        rules: Mapping[str, str] = {
            "default-src": "'none'",
            "style-src": f"'sha256-{style}'",
            "img-src": "data:",
            "form-action": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        return "; ".join(f"{name} {value}" for name, value in rules.items())
