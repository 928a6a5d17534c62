"""The words that the site puts around its pieces, taken from the theme's `site/labels.j2`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2

from sparkpub.core.vocabulary import vocabulary

_FALLBACK = "en"


@dataclass(frozen=True)
class SiteWords:
    """The words of one language by their names; a template writes `say.archive`."""

    language: str
    labels: Mapping[str, Any]

    def __getattr__(self, name: str) -> str:
        """A word or a sentence, with places like `{year}` in it for `format`."""
        try:
            words: str = self.labels[name]
        except KeyError:
            raise AttributeError(name) from None
        return words

    def pieces(self, count: int) -> str:
        """`1 piece`, `5 pieces`."""
        return self._counted("pieces", count)

    def minutes(self, count: int) -> str:
        """`1 min read`."""
        return self._counted("minutes", count)

    def forms(self, name: str) -> tuple[str, str, str]:
        """The words for one, for few and for many, with `{}` for the number."""
        one, few, many = self.labels[name]
        return one, few, many

    def _counted(self, name: str, count: int) -> str:
        return self.forms(name)[vocabulary(self.language).plural(count)].format(count)


def site_words(templates: jinja2.Environment, language: str) -> SiteWords:
    """The words of a language by its BCP 47 tag, whole or its first part; English for those that are missing."""
    return _words(templates.get_template("site/labels.j2"), language.lower())


@lru_cache(maxsize=32)
def _words(template: jinja2.Template, language: str) -> SiteWords:
    known: Mapping[str, Mapping[str, Any]] = template.module.labels  # type: ignore[attr-defined] # the template sets it
    own = known.get(language) or known.get(language.partition("-")[0]) or {}
    return SiteWords(language if own else _FALLBACK, {**known[_FALLBACK], **own})
