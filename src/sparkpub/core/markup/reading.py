"""Read a body once, and say what is in it: its pictures, links, headings and first sentences."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from sparkpub.core.markup.cleaning import printable
from sparkpub.core.markup.fields import settle
from sparkpub.core.markup.raw import Tag, pieces
from sparkpub.core.markup.rules import parser
from sparkpub.core.markup.urls import file_source
from sparkpub.core.personal import FieldUse, Plant, taken_out

# Not `\s`: a no-break space is there for a reason.
_SPACES = re.compile(r"[ \t\n]+")

_WORDS_A_MINUTE = 220
_IDEOGRAPHS_A_MINUTE = 400
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W_]++(?:['’\-.,][^\W_]++)*+")

# Without any of these a line is printed as it is typed.
_TYPED_SIGN = re.compile(
    r"""["'\\;:!?»«]|--|\.\.\."""
    r"|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)

# Blocks of which the excerpt has nothing, though the text before or after may lean on them.
_BREAKS = frozenset(
    {f"{block}_open" for block in ("blockquote", "bullet_list", "ordered_list", "table", "container_note", "figure")}
    | {"code_block", "fence", "html_block", "hr"}
)

_SENTENCE_END = re.compile(r"""(?<=[.!?…。！？])(?:\u202f?["”’»“‘)\]])*(?=[ \n])""")
# Initials, and what is shortened before a name or a number in our languages.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[«“„])(?:[^\W\d]|\w\.\w|[MD]rs?|M[sm]e?|Mlle|St|Prof|Gen|Col|Capt|N[or]|Sra?|vs|cf|bzw|гг|им|ок)\.$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """A body as a stream of tokens, with its quotes and dashes set.

    `language` is the issue's (BCP 47). `top_level` is the level of its highest heading as typed, 0 without any.
    `fields` are its personal fields, faulty ones too.
    """

    language: str
    tokens: tuple[Token, ...] = field(repr=False)
    top_level: int = 0
    fields: tuple[FieldUse, ...] = ()

    def shown_level(self, typed: int) -> int:
        """The level that a heading is shown at: the highest becomes 2, below the issue's title, none passes 6."""
        return min(6, max(2, typed + 2 - self.top_level))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUse:
    """A picture in a body; `line` counts from 1. `caption` is the title as typed."""

    src: str
    line: int
    alt: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUse:
    """A link in a body with its address as typed; `line` counts from 1. Of raw HTML `text` is not told."""

    href: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadingUse:
    """A heading in a body with its level as typed; `line` counts from 1."""

    level: int
    text: str
    line: int


def read_markdown(body: str, *, language: str, plant: Plant | None = None) -> Markup:
    """A body parsed; any text is a valid one.

    Where its personal fields are, `plant` gives the words that stand there; without it the defaults stand, which
    everybody may see.
    """
    taken = taken_out(printable(body))
    tokens = tuple(parser(language.lower()).parse(taken.text))
    fields = settle(tokens, taken, plant) if taken.fields else ()
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    return Markup(language=language, tokens=tokens, top_level=min(levels, default=0), fields=fields)


def typographic(text: str, *, language: str) -> str:
    """One line of plain text, a title say, with its quotes and dashes set; it is not read as Markdown."""
    if not _TYPED_SIGN.search(text):
        return _SPACES.sub(" ", text).strip(" ")
    return _set_line(text, language)


def _set_line(text: str, language: str) -> str:
    escaped = re.sub(r"([\\`*_\[\]<>&!#:|^])", r"\\\1", printable(text))
    tokens = parser(language.lower()).parseInline(escaped)
    return plain_words(tokens[0].children or [])


def images(markup: Markup) -> list[ImageUse]:
    """Every picture, in order, raw HTML's too. The same `src` is asked of `media` when the body is rendered."""
    found = []
    for token, line in _leaves(markup):
        if token.type == "image":
            caption = str(token.meta.get("caption") or token.attrs.get("title", ""))
            src = file_source(str(token.attrs.get("src", "")))
            found.append(ImageUse(src=src, line=line, alt=alt_words(token), caption=caption))
        for tag in _raw_tags(token, "img"):
            src = file_source(tag.attributes.get("src", "").strip())
            found.append(ImageUse(src=src, line=line + tag.line, alt=tag.attributes.get("alt", "")))
    return found


def links(markup: Markup) -> list[LinkUse]:
    """Every link, in order, raw HTML's too, whether its address will be let through or not."""
    found: list[LinkUse] = []
    for inline, start in _inlines(markup):
        children = list(_with_lines(inline, start))
        for index, (token, line) in enumerate(children):
            if token.type == "link_open":
                text = plain_words(_until_close(child for child, _ in children[index + 1 :]))
                found.append(LinkUse(href=str(token.attrs.get("href", "")), text=text, line=line))
            found.extend(
                LinkUse(href=tag.attributes.get("href", ""), text="", line=line + tag.line)
                for tag in _raw_tags(token, "a")
            )
    return found


def headings(markup: Markup) -> list[HeadingUse]:
    """Every Markdown heading, in order."""
    return [
        HeadingUse(level=int(token.tag[1]), text=plain_words(inline.children or []), line=_line(token, 0) + 1)
        for token, inline in zip(markup.tokens, markup.tokens[1:], strict=False)
        if token.type == "heading_open"
    ]


def reading_minutes(markup: Markup) -> int:
    """How long the body takes to read, in whole minutes, at least 1."""
    text = " ".join(plain_words(inline.children or []) for inline, _ in _inlines(markup))
    ideographs = 0 if text.isascii() else len(_IDEOGRAPH.findall(text))
    words = len(_WORD.findall(_IDEOGRAPH.sub(" ", text) if ideographs else text))
    return max(1, round(words / _WORDS_A_MINUTE + ideographs / _IDEOGRAPHS_A_MINUTE))


def first_sentences(markup: Markup, limit: int) -> str:
    """The first whole sentences of the running text within `limit` characters; one that is longer is cut at a word.

    What is quoted, listed or shown between two paragraphs ends it: the one after it may not follow from the one before.
    """
    text = ""
    for paragraph in _paragraphs(markup):
        text = f"{text} {paragraph}".strip()
        if len(text) > limit:
            break
    if len(text) <= limit:
        return text
    stops = (match.end() for match in _SENTENCE_END.finditer(text, 0, limit + 1))
    ends = [stop for stop in stops if not _ABBREVIATION.search(text[max(0, stop - 8) : stop])]
    if ends:
        return text[: ends[-1]]
    cut = text[: max(0, limit - 1)]
    return cut.rsplit(" ", 1)[0].rstrip(" ,;:.–—-") + "…"


def plain_words(tokens: Iterable[Token]) -> str:
    """The words of inline tokens: no marks, no notes' numbers, white space as single spaces."""
    words = [token.content if token.type == "text" else _words_of(token) for token in tokens]
    text = "".join(words)
    if "  " in text or "\n" in text or "\t" in text:  # few texts have more than single spaces
        text = _SPACES.sub(" ", text)
    return text.strip(" ")


def _words_of(token: Token) -> str:
    if token.type in {"text", "text_special", "code_inline"}:
        return token.content
    if token.type == "image":
        return alt_words(token)
    if token.type in {"softbreak", "hardbreak"}:
        return " "
    return ""


def alt_words(image: Token) -> str:
    """The words that stand for a picture."""
    return plain_words(image.children or [])


def _paragraphs(markup: Markup) -> Iterator[str]:
    """The running text: top-level paragraphs that are words, up to what stands between them other than headings."""
    has_begun = False
    for token, inline in zip(markup.tokens, markup.tokens[1:], strict=False):
        if token.type == "footnote_block_open" or (has_begun and token.type in _BREAKS and not token.level):
            return
        if token.type == "paragraph_open" and not token.level:
            words = plain_words(child for child in inline.children or [] if child.type != "image")
            if words:
                has_begun = True
                yield words


def _inlines(markup: Markup) -> Iterator[tuple[Token, int]]:
    """Every block of inline text, and raw HTML blocks as one of their own kind, with the first line from 0."""
    line = 0
    for token in markup.tokens:
        line = _line(token, line)
        if token.type == "inline":
            yield token, line
        elif token.type == "html_block":
            yield Token("inline", "", 0, children=[token]), line


def _line(token: Token, default: int) -> int:
    return token.map[0] if token.map else default


def _leaves(markup: Markup) -> Iterator[tuple[Token, int]]:
    for inline, line in _inlines(markup):
        yield from _with_lines(inline, line)


def _with_lines(inline: Token, start: int) -> Iterator[tuple[Token, int]]:
    """The children of an inline token with their lines from 1."""
    line = start + 1
    for token in inline.children or []:
        yield token, line
        if token.type in {"softbreak", "hardbreak"}:
            line += 1
        elif token.type == "html_inline":
            line += token.content.count("\n")


def _until_close(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "link_close":
            return
        yield token


def _raw_tags(token: Token, name: str) -> Sequence[Tag]:
    if token.type not in {"html_inline", "html_block"}:
        return []
    return [p for p in pieces(token.content) if isinstance(p, Tag) and p.name == name and not p.is_closing]
