"""Panes: what a preview shows in a frame, made of what readers are sent.

A pane is the document itself, changed where a browser on an editor's desk differs from a reader's screen: it is told
whether it is dark, its pictures come from the preview, and text and feed entries stand in a page of their own.
"""

import re
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from sparkpub.core.model import Asset

PANES: Final = ("desktop", "phone", "dark", "images-off", "text", "page", "entry")
Scheme = Literal["light", "dark"]

_STYLE: Final = re.compile(r"(?is)<style\b[^>]*>.*?</style>|<(?:meta|source|link)\b[^>]*>")
_ASKS_SCHEME: Final = re.compile(r"(?i)\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)")
_SAYS_SCHEME: Final = re.compile(r"(?i)((?:color-scheme[\"']?\s*(?::|content=[\"']))\s*)light dark")

_PAGE: Final = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""
_TEXT_STYLE: Final = """html { background: #fffefb; color: #22211f; }
body { margin: 0; padding: 28px 32px 56px; }
pre { margin: 0 auto; width: 72ch; white-space: pre-wrap; overflow-wrap: anywhere;
  font: 14px/1.55 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; }"""
_ENTRY_STYLE: Final = """html { background: #ffffff; color: #24292f; }
body { margin: 0 auto; padding: 32px 28px 64px; max-width: 40em; overflow-wrap: break-word;
  font: 17px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.reader-head { margin: 0 0 28px; padding: 0 0 18px; border-bottom: 1px solid #d8dee4; }
.reader-head .reader-title { margin: 0 0 6px; font-size: 26px; line-height: 1.25; font-weight: 650; }
.reader-head .reader-facts { margin: 0; color: #59636e; font-size: 14px; }
img { max-width: 100%; height: auto; }
figure { margin: 1.5em 0; } figcaption { color: #59636e; font-size: 14px; }
blockquote { margin: 1.4em 0; padding: 0 0 0 1.1em; border-inline-start: 3px solid #d8dee4; color: #424a53; }
pre { overflow-x: auto; }
table { border-collapse: collapse; } th, td { padding: 4px 10px; border: 1px solid #d8dee4; }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What readers are sent of one issue: the email's two bodies, its page, its feed entry with `title` and `facts`."""

    html: str
    text: str
    page: str
    entry: str
    title: str
    facts: str
    language: str
    base_url: str


def pane(name: str, of: Documents) -> str | None:
    """The HTML of one pane of `PANES`, None of another."""
    base_url, language = of.base_url, of.language
    match name:
        case "desktop" | "phone" | "images-off":
            return document_pane(of.html, scheme="light", base_url=base_url)
        case "dark":
            return document_pane(of.html, scheme="dark", base_url=base_url)
        case "text":
            return text_pane(of.text, language=language)
        case "page":
            return document_pane(of.page, scheme="light", base_url=base_url)
        case "entry":
            return entry_pane(of.entry, title=of.title, facts=of.facts, language=language, base_url=base_url)
        case _:
            return None


def document_pane(html: str, *, scheme: Scheme, base_url: str) -> str:
    """An email or page as a reader sees it whose screen is light or dark, whatever the editor's own is.

    Pictures of the publication are asked for at `/media/…` of whoever serves the pane.
    """

    def settle(found: re.Match[str]) -> str:
        asked = _ASKS_SCHEME.sub(
            lambda one: "(min-width: 0px)" if one[1].lower() == scheme else "(max-width: 0px)", found[0]
        )
        return _SAYS_SCHEME.sub(rf"\g<1>{scheme}", asked)

    return _own_media(_STYLE.sub(settle, html), base_url)


def text_pane(text: str, *, language: str) -> str:
    """The plain-text part as a mail program shows it: in one type, 72 columns wide."""
    return _PAGE.format(
        language=escape(language), title="Plain text", style=_TEXT_STYLE, body=f"<pre>{escape(text)}</pre>"
    )


def entry_pane(html: str, *, title: str, facts: str, language: str, base_url: str) -> str:
    """A feed entry as a feed reader shows it: in the reader's own type, under its title and `facts`."""
    head = (
        f'<header class="reader-head"><h1 class="reader-title">{escape(title)}</h1>'
        f'<p class="reader-facts">{escape(facts)}</p></header>'
    )
    page = _PAGE.format(
        language=escape(language), title=escape(title), style=_ENTRY_STYLE, body=f"{head}<article>{html}</article>"
    )
    return _own_media(page, base_url)


def is_picture(asset: Asset) -> bool:
    """Whether an asset may be served as what it says it is: a bitmap, never a document."""
    return asset.media_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}


def _own_media(html: str, base_url: str) -> str:
    """The document with its pictures asked for at `/media/…`."""
    return re.sub(rf'(\ssrc=["\']){re.escape(escape(base_url.rstrip("/")))}(/media/)', r"\1\2", html)
