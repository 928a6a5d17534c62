"""Write a body as HTML: clean and semantic for pages and feeds, in sturdier elements for email."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape

from markdown_it.token import Token

from sparkpub.core.markup.cleaning import sanitised
from sparkpub.core.markup.raw import TAGS, VOID, Tag, allowed_attributes, pieces, written
from sparkpub.core.markup.reading import Markup, alt_words
from sparkpub.core.markup.typography import labels
from sparkpub.core.markup.urls import absolute_link, file_source, is_local_source, media_url
from sparkpub.core.model import Asset

Media = Callable[[str], Asset]

# Unclosed raw tags are closed and opened again in every block that follows: a few are plenty.
_MOST_OPEN_RAW_TAGS = 16

# What Outlook's engine knows instead: it drops unknown elements with their styles.
_EMAIL_NAMES = dict.fromkeys(
    ("article", "aside", "details", "figcaption", "figure", "footer", "header", "section", "summary"), "div"
)
_PICTURE_ALONE = (["image"], ["link_open", "image", "link_close"])
_ALIGNED = re.compile(r"text-align:\s*(left|center|right)")
_PREFIX_JUNK = re.compile(r"[^A-Za-z0-9_-]+")


def page_html(markup: Markup, *, media: Media, base_url: str, prefix: str = "", url: str = "") -> str:
    """The body for a page or a feed: headings from h2, absolute addresses, no script, style or ARIA attribute.

    `media` gives the asset of each source that `images` names, remote ones apart. `prefix`, an issue's id, keeps the
    notes of several bodies on one page apart. Give `url`, the page's address, where footnote links must be
    absolute too, as in a feed.
    """
    return sanitised(_Page(markup, media=media, base_url=base_url, prefix=prefix, url=url).write())


def email_html(
    markup: Markup, *, media: Media, base_url: str, prefix: str = "", url: str = "", column: int = 520
) -> str:
    """The body for an email; the arguments mean what they mean in `page_html`.

    The theme styles plain elements and these classes: `attribution`, `note`, `note-title`, `pull`, `figure`, `image`
    (in a figure or alone in its paragraph), `caption`, `scroll` around each `table`, `footnotes`, `footnote-ref`,
    `footnote-back`. A picture's width and height are at most those at `column`, the pixels that the text is
    wide; a theme says `height: auto`, so that it keeps its shape where it is shown narrower.
    """
    writer = _Email(markup, media=media, base_url=base_url, prefix=prefix, url=url)
    writer.column = column
    return sanitised(writer.write())


class _Page:
    """Writes the token stream; what email does otherwise, `_Email` overrides."""

    def __init__(self, markup: Markup, *, media: Media, base_url: str, prefix: str, url: str) -> None:
        self.markup = markup
        self.media = media
        self.base_url = base_url
        self.labels = labels(markup.language)
        junk_free = _PREFIX_JUNK.sub("-", prefix).strip("-")
        self.stem = f"{junk_free}-" if junk_free else ""
        self.url = url
        self.column = 0
        self.is_alone = False
        self.open_raw_tags = 0
        self.links: list[bool] = []
        self.shown_refs = _shown_references(markup.tokens)
        self.out: list[str] = []

    def write(self) -> str:
        self._write(self.markup.tokens)
        return "".join(self.out)

    def _write(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            rule: Callable[[Token], str] | None = getattr(self, f"_{token.type}", None)
            if token.type == "inline":
                children = token.children or []
                self.is_alone = [child.type for child in children] in _PICTURE_ALONE
                self._write(children)
            else:
                self.out.append(rule(token) if rule else _plain_tag(token))

    # Blocks

    def _heading_open(self, token: Token) -> str:
        return f"<h{self.markup.shown_level(int(token.tag[1]))}>"

    def _heading_close(self, token: Token) -> str:
        return f"</h{self.markup.shown_level(int(token.tag[1]))}>\n"

    def _fence(self, token: Token) -> str:
        return f"<pre><code>{escape(token.content, quote=False)}</code></pre>\n"

    _code_block = _fence

    def _ordered_list_open(self, token: Token) -> str:
        start = token.attrs.get("start", 1)
        return "<ol>\n" if start == 1 else f'<ol start="{start}">\n'

    def _th_open(self, token: Token) -> str:
        return f'<th scope="col"{_alignment(token)}>'

    def _td_open(self, token: Token) -> str:
        return f"<td{_alignment(token)}>"

    def _attribution_open(self, _: Token) -> str:
        return '<footer class="attribution">— '

    def _attribution_close(self, _: Token) -> str:
        return "</footer>\n"

    def _container_note_open(self, _: Token) -> str:
        return '<aside class="note">\n'

    def _container_note_close(self, _: Token) -> str:
        return "</aside>\n"

    def _container_pull_open(self, _: Token) -> str:
        return '<aside class="pull">\n'

    _container_pull_close = _container_note_close

    def _note_title_open(self, _: Token) -> str:
        return '<p class="note-title"><strong>'

    def _note_title_close(self, _: Token) -> str:
        return "</strong></p>\n"

    def _figure_open(self, _: Token) -> str:
        return "<figure>"

    def _figcaption_open(self, _: Token) -> str:
        return "<figcaption>"

    def _figcaption_close(self, _: Token) -> str:
        return "</figcaption>"

    def _figure_close(self, _: Token) -> str:
        return "</figure>\n"

    # Inline

    def _text(self, token: Token) -> str:
        return escape(token.content, quote=False)

    def _code_inline(self, token: Token) -> str:
        return f"<code>{escape(token.content, quote=False)}</code>"

    def _softbreak(self, _: Token) -> str:
        return "\n"

    def _hardbreak(self, _: Token) -> str:
        return "<br>\n"

    def _link_open(self, token: Token) -> str:
        href = absolute_link(str(token.attrs.get("href", "")), self.base_url)
        self.links.append(href is not None)
        if href is None:
            return ""
        title = token.attrs.get("title")
        return written("a", {"href": href, **({"title": str(title)} if title else {})})

    def _link_close(self, _: Token) -> str:
        return "</a>" if self.links.pop() else ""

    def _image(self, token: Token) -> str:
        src = file_source(str(token.attrs.get("src", "")))
        title = token.attrs.get("title")
        return self._picture(src, alt_words(token), {"title": str(title)} if title else {})

    def _picture(self, src: str, alt: str, more: Mapping[str, str]) -> str:
        if not is_local_source(src):
            return escape(alt, quote=False)
        asset = self.media(src)
        source = {"src": media_url(asset.name, self.base_url), "alt": alt}
        return written("img", source | self._look(asset) | dict(more))

    def _look(self, asset: Asset) -> dict[str, str]:
        return {"width": str(asset.width), "height": str(asset.height)} if asset.width and asset.height else {}

    # Raw HTML

    def _html_inline(self, token: Token) -> str:
        return "".join(piece if isinstance(piece, str) else self._tag(piece) for piece in pieces(token.content))

    _html_block = _html_inline

    def _tag(self, tag: Tag) -> str:
        name = self._name(tag.name)
        if tag.name not in TAGS:
            return ""
        if tag.is_closing:
            self.open_raw_tags = max(0, self.open_raw_tags - 1)
            return f"</{name}>"
        if tag.name == "img":
            src = file_source(tag.attributes.get("src", "").strip())
            return self._picture(src, tag.attributes.get("alt", ""), allowed_attributes(tag))
        attributes = allowed_attributes(tag)
        if tag.name == "a":
            href = absolute_link(tag.attributes.get("href", ""), self.base_url)
            if href is None:
                return ""
            attributes = {"href": href, **attributes}
        if tag.name not in VOID:
            if self.open_raw_tags >= _MOST_OPEN_RAW_TAGS:
                return ""
            self.open_raw_tags += 1
        return written(name, attributes)

    def _name(self, name: str) -> str:
        return "h2" if name == "h1" else name

    # Footnotes

    def _footnote_ref(self, token: Token) -> str:
        note, again = token.meta["id"] + 1, token.meta["subId"]
        attributes = {"id": self._ref_id(note, again), "href": f"{self.url}#fn-{self.stem}{note}"}
        return f'<sup class="footnote-ref">{written("a", attributes)}{note}</a></sup>'

    def _ref_id(self, note: int, again: int) -> str:
        return f"fnref-{self.stem}{note}" + (f"-{again + 1}" if again else "")

    def _footnote_block_open(self, _: Token) -> str:
        return '<div class="footnotes">\n<hr>\n<ol>\n'

    def _footnote_block_close(self, _: Token) -> str:
        return "</ol>\n</div>\n"

    def _footnote_open(self, token: Token) -> str:
        return written("li", {"id": f"fn-{self.stem}{token.meta['id'] + 1}"})

    def _footnote_close(self, _: Token) -> str:
        return "</li>\n"

    def _footnote_anchor(self, token: Token) -> str:
        note, again = token.meta["id"] + 1, token.meta["subId"]
        if (token.meta["id"], again) not in self.shown_refs:
            return ""
        back = self.labels.back.format(note)
        attributes = {"class": "footnote-back", "href": f"{self.url}#{self._ref_id(note, again)}", "title": back}
        # U+FE0E asks for the arrow as text: phones would draw an emoji.
        return f" {written('a', attributes)}↩\ufe0e</a>"


class _Email(_Page):
    """Writes what Outlook's and Gmail's engines keep."""

    def _attribution_open(self, _: Token) -> str:
        return '<p class="attribution">— '

    def _attribution_close(self, _: Token) -> str:
        return "</p>\n"

    def _container_note_open(self, _: Token) -> str:
        return '<div class="note">\n'

    def _container_note_close(self, _: Token) -> str:
        return "</div>\n"

    def _container_pull_open(self, _: Token) -> str:
        return '<div class="pull">\n'

    _container_pull_close = _container_note_close

    def _table_open(self, _: Token) -> str:
        return '<div class="scroll"><table class="table">\n'

    def _table_close(self, _: Token) -> str:
        return "</table></div>\n"

    def _figure_open(self, _: Token) -> str:
        return '<div class="figure">'

    def _figcaption_open(self, _: Token) -> str:
        return '<p class="caption">'

    def _figcaption_close(self, _: Token) -> str:
        return "</p>"

    def _figure_close(self, _: Token) -> str:
        return "</div>\n"

    def _footnote_block_open(self, _: Token) -> str:
        return '<div class="footnotes">\n<ol>\n'

    def _footnote_block_close(self, _: Token) -> str:
        return "</ol>\n</div>\n"

    def _look(self, asset: Asset) -> dict[str, str]:
        size = {}
        if asset.width and asset.height:
            width = min(asset.width, self.column)
            size = {"width": str(width), "height": str(max(1, round(asset.height * width / asset.width)))}
        return size | ({"class": "image"} if self.is_alone else {})

    def _name(self, name: str) -> str:
        return _EMAIL_NAMES.get(name) or super()._name(name)


def _plain_tag(token: Token) -> str:
    """A tag that is what its token says: p, em, strong, ul, li, table, tr, hr."""
    if token.hidden or not token.tag:
        return escape(token.content, quote=False)
    if token.nesting < 0:
        return f"</{token.tag}>" + ("\n" if token.block else "")
    is_parent = token.block and token.tag in {"ul", "table", "thead", "tbody", "tr", "blockquote", "hr"}
    return f"<{token.tag}>" + ("\n" if is_parent else "")


def _alignment(token: Token) -> str:
    side = _ALIGNED.fullmatch(str(token.attrs.get("style", "")))
    return f' style="text-align: {side[1]}"' if side else ""


def _shown_references(tokens: Sequence[Token]) -> frozenset[tuple[int, int]]:
    """The references that stand in the text: one in a note that nobody calls does not."""
    children = (child for token in tokens if token.type == "inline" for child in token.children or [])
    return frozenset((child.meta["id"], child.meta["subId"]) for child in children if child.type == "footnote_ref")
