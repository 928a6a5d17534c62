"""Markdown in, three renderings out: HTML for pages and feeds, HTML for email, and a plain text twin.

```text
body ──read_markdown──▶ Markup ─┬─▶ page_html    clean and semantic, for the site and the feeds
                                ├─▶ email_html   the same words in elements that mail clients keep
                                └─▶ plain_text   72 columns, links numbered and listed
```
"""

from sparkpub.core.markup.reading import (
    HeadingUse,
    ImageUse,
    LinkUse,
    Markup,
    first_sentences,
    headings,
    images,
    links,
    read_markdown,
    reading_minutes,
    typographic,
)
from sparkpub.core.markup.urls import absolute_link
from sparkpub.core.markup.writing import email_html, page_html

__all__ = [
    "HeadingUse",
    "ImageUse",
    "LinkUse",
    "Markup",
    "absolute_link",
    "email_html",
    "first_sentences",
    "headings",
    "images",
    "links",
    "page_html",
    "read_markdown",
    "reading_minutes",
    "typographic",
]
