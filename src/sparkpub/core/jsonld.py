"""What search engines and link previews are told of a page: schema.org NewsArticle as JSON-LD, safe in a script."""

import json
from collections.abc import Mapping

from markupsafe import Markup

from sparkpub.core.article import Article, named_authors
from sparkpub.core.links import absolute, media_path
from sparkpub.core.settings import Settings

_IN_SCRIPT = str.maketrans(
    {"<": r"\u003c", ">": r"\u003e", "&": r"\u0026", "\u2028": r"\u2028", "\u2029": r"\u2029"},
)


def news_article(article: Article, settings: Settings, *, summary: str) -> dict[str, object]:
    """A release as a NewsArticle; keys without a value are left out."""
    issue, publication = article.issue, settings.publication
    base_url = publication.base_url
    home = absolute(base_url, "/")
    publisher = {"@type": "Organization", "name": publication.title, "url": home}
    authors = [{"@type": "Person", "name": name} for name in named_authors(issue, publication.title)]
    cover = article.media.get(issue.image.src) if issue.image else None
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": issue.title,
        "alternativeHeadline": issue.kicker,
        "description": summary,
        "url": article.url,
        "mainEntityOfPage": article.url,
        "datePublished": article.released_at.isoformat(),
        "dateModified": article.updated_at.isoformat(),
        "inLanguage": issue.language,
        "author": authors or [publisher],
        "publisher": publisher,
        "image": [absolute(base_url, media_path(cover.name))] if cover else [],
        "keywords": list(issue.tags),
        "isAccessibleForFree": True,
        "correction": [one.text for one in issue.corrections],
    }
    return {key: value for key, value in facts.items() if value}


def website(settings: Settings) -> dict[str, object]:
    """The publication as a WebSite with its search."""
    publication = settings.publication
    home = absolute(publication.base_url, "/")
    target = absolute(publication.base_url, "/search/") + "?q={search_term_string}"
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": publication.title,
        "description": publication.tagline,
        "url": home,
        "inLanguage": publication.language,
        "potentialAction": {
            "@type": "SearchAction",
            "target": target,
            "query-input": "required name=search_term_string",
        },
    }
    return {key: value for key, value in facts.items() if value}


def script_safe(facts: Mapping[str, object]) -> Markup:
    """Facts as JSON that can stand in a script element: nothing in it ends the script or begins a comment."""
    return Markup(json.dumps(facts, ensure_ascii=False).translate(_IN_SCRIPT))  # noqa: S704 - escaped for its place
