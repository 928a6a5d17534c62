"""The words that the site puts around its pieces, taken from the theme's `site/labels.j2`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2

from sparkpub.core.vocabulary import vocabulary

_FALLBACK = "en"


@dataclass(frozen=True, kw_only=True)
class SiteWords:
    """The words of one language by their names; a template writes `say.archive`.

    `english` stands in for the words that the language's `own` table lacks.
    """

    language: str
    own: Mapping[str, Any]
    english: Mapping[str, Any]

    def __getattr__(self, name: str) -> str:
        """A word or a sentence, with places like `{year}` in it for `format`."""
        try:
            words: str = (self.own if name in self.own else self.english)[name]
        except KeyError:
            raise AttributeError(name) from None
        return words

    def pieces(self, count: int) -> str:
        """`1 piece`, `5 pieces`."""
        return self._counted("pieces", count)

    def minutes(self, count: int) -> str:
        """`1 min read`."""
        return self._counted("minutes", count)

    def language_of(self, name: str) -> str:
        """The tag of the language that a word is in: `en` where the table lacks it."""
        return self.language if name in self.own else _FALLBACK

    def forms(self, name: str) -> Mapping[str, str]:
        """The phrases for numbers by CLDR's names of their language's forms (`one`, `other`), `{}` for the number.

        Raises:
            jinja2.TemplateRuntimeError: the theme has fewer of them than the language needs, or more.
        """
        language = self.language_of(name)
        names, phrases = vocabulary(language).plurals.names, self.__getattr__(name)
        if len(phrases) != len(names):
            message = f"the label {name!r} needs {len(names)} forms in {language!r} ({', '.join(names)})"
            raise jinja2.TemplateRuntimeError(f"{message}, and has {len(phrases)}")
        return dict(zip(names, phrases, strict=True))

    def _counted(self, name: str, count: int) -> str:
        plurals = vocabulary(self.language_of(name)).plurals
        return plurals.told(tuple(self.forms(name).values()), count)


def site_words(templates: jinja2.Environment, language: str) -> SiteWords:
    """The words of a language by its BCP 47 tag, whole or its first part; English for those that are missing."""
    return _words(templates.get_template("site/labels.j2"), language.lower())


@lru_cache(maxsize=32)
def _words(template: jinja2.Template, language: str) -> SiteWords:
    known: Mapping[str, Mapping[str, Any]] = template.module.labels  # type: ignore[attr-defined] # the template sets it
    own = known.get(language) or known.get(language.partition("-")[0]) or {}
    return SiteWords(language=language if own else _FALLBACK, own=own or known[_FALLBACK], english=known[_FALLBACK])
