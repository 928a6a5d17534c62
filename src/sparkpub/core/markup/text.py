"""Write a body as plain text for the mail's text part: 72 columns, quotations as `> `, links numbered and listed."""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from sparkpub.core.markup.cleaning import printable
from sparkpub.core.markup.columns import display_width, padded, table, wrap
from sparkpub.core.markup.raw import BLOCKS, Tag, pieces
from sparkpub.core.markup.reading import Markup, alt_words, plain_words
from sparkpub.core.markup.typography import labels
from sparkpub.core.markup.urls import absolute_link

WIDTH = 72
# However deep a list goes, its words keep a column to stand in.
_NARROWEST = 24
_LONGEST_UNBROKEN_CODE = 40

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_STOPS = (".", "!", "?", "…", "。")
_INVISIBLE = re.compile(r"[\u00ad\ufe0e\ufe0f]")
_BLANK_LINES = re.compile(r"\n{3,}")


def plain_text(markup: Markup, *, base_url: str) -> str:
    """The body as plain text, ended by a line end; empty for an empty body.

    Lines keep to 72 columns but for addresses, code and single long words; none ends in white space. Notes stand
    numbered at the end, after them each address once under its number. Pictures are `[Image: alt. caption]`.
    """
    text = _INVISIBLE.sub("", printable(_Text(markup, base_url).write())).replace("\u00a0", " ")
    lines = (line.rstrip() for line in text.split("\n"))
    tidy = _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")
    return tidy + "\n" if tidy else ""


class _Text:
    """Writes the token tree; keeps count of the addresses it meets."""

    def __init__(self, markup: Markup, base_url: str) -> None:
        self.markup = markup
        self.base_url = base_url
        self.labels = labels(markup.language)
        self.numbers: dict[str, int] = {}
        self.blocks: dict[str, Callable[[SyntaxTreeNode, int], list[str]]] = {
            "attribution": self._attribution,
            "blockquote": self._blockquote,
            "bullet_list": self._bullets,
            "code_block": self._code,
            "container_note": self._note,
            "container_pull": self._pull,
            "fence": self._code,
            "figure": self._figure,
            "footnote_block": self._footnotes,
            "heading": self._heading,
            "hr": self._rule,
            "html_block": self._html,
            "ordered_list": self._ordered,
            "paragraph": self._paragraph,
            "note_title": self._title,
            "table": self._table,
        }

    def write(self) -> str:
        root = SyntaxTreeNode(self.markup.tokens)
        lines = self._stacked(root.children, WIDTH)
        if self.numbers:
            lines += ["", *_underlined([self.labels.links], "-"), ""]
            lines += [f"[{number}] {_address(href)}" for href, number in self.numbers.items()]
        return "\n".join(lines)

    # Blocks: each gives its lines, without blank ones around

    def _stacked(self, nodes: Iterable[SyntaxTreeNode], width: int, *, is_tight: bool = False) -> list[str]:
        lines: list[str] = []
        for node in nodes:
            block = self.blocks.get(node.type, self._paragraph)(node, max(width, _NARROWEST))
            if block and lines and not is_tight:
                lines.append("")
            lines.extend(block)
        return lines

    def _paragraph(self, node: SyntaxTreeNode, width: int) -> list[str]:
        text = self._inline(node)
        return wrap(text, width) if text.strip() else []

    def _heading(self, node: SyntaxTreeNode, width: int) -> list[str]:
        top = 2
        is_top = self.markup.shown_level(int(node.tag[1])) == top
        return _underlined(self._paragraph(node, width), "-" if is_top else "~")

    def _title(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return wrap(plain_words(_leaves(node)).upper(), width)

    def _blockquote(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return _behind("> ", self._stacked(node.children, width - 2))

    def _attribution(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return wrap(self._inline(node), width, first="-- ", rest="   ")

    def _note(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return _behind("| ", self._stacked(node.children, width - 2))

    def _pull(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return _behind("        ", self._stacked(node.children, width - 16))

    def _bullets(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return self._list(node, ["*"] * len(node.children), width)

    def _ordered(self, node: SyntaxTreeNode, width: int) -> list[str]:
        start = int(node.attrs.get("start", 1))
        return self._list(node, [f"{start + index}." for index in range(len(node.children))], width)

    def _list(self, node: SyntaxTreeNode, marks: Sequence[str], width: int) -> list[str]:
        indent = max(map(len, marks), default=0) + 1
        is_tight = any(child.hidden for item in node.children for child in item.children)
        lines: list[str] = []
        for mark, item in zip(marks, node.children, strict=True):
            lines.extend([""] if lines and not is_tight else [])
            inside = self._stacked(item.children, width - indent, is_tight=is_tight) or [""]
            lines.append(mark.rjust(indent - 1) + " " + inside[0])
            lines.extend(_behind(" " * indent, inside[1:]))
        return lines

    def _code(self, node: SyntaxTreeNode, _width: int) -> list[str]:
        return _behind("    ", node.content.expandtabs(4).rstrip("\n").split("\n"))

    def _rule(self, _node: SyntaxTreeNode, width: int) -> list[str]:
        return [padded("* * *", width, "center").rstrip()]

    def _figure(self, node: SyntaxTreeNode, width: int) -> list[str]:
        image = next(token for token in _leaves(node) if token.type == "image")
        captions = [self._inline(child) for child in node.children if child.type == "figcaption"]
        number = self._numbered_link(next((token for token in _leaves(node) if token.type == "link_open"), None))
        return wrap(self._picture(alt_words(image), *captions) + number, width)

    def _table(self, node: SyntaxTreeNode, width: int) -> list[str]:
        rows = [row for part in node.children for row in part.children]
        cells = [[_on_one_line(self._inline(cell)) for cell in row.children] for row in rows]
        sides = [str(cell.attrs.get("style", "")).removeprefix("text-align:") for cell in rows[0].children]
        return table(cells, sides, width)

    def _footnotes(self, node: SyntaxTreeNode, width: int) -> list[str]:
        marks = [f"{child.meta['id'] + 1}." for child in node.children]
        return [*_underlined([self.labels.notes], "-"), "", *self._list(node, marks, width)]

    def _html(self, node: SyntaxTreeNode, width: int) -> list[str]:
        text = self._flat([Token("html_block", "", 0, content=node.content)])
        lines = [line for part in text.split("\n") if part.strip() for line in wrap(part, width)]
        return lines if any(lines) else []

    # Inline text: one string, its line breaks meant

    def _inline(self, node: SyntaxTreeNode) -> str:
        return self._flat(_leaves(node)).strip(" \n")

    def _flat(self, tokens: Iterable[Token]) -> str:
        out: list[str] = []
        open_links: list[str] = []
        for token in tokens:
            if token.type == "link_open":
                open_links.append("" if token.info == "auto" else self._numbered_link(token))
            elif token.type == "link_close":
                out.append(open_links.pop() if open_links else "")
            elif token.type in {"html_inline", "html_block"}:
                out.extend(self._raw(token, open_links))
            else:
                out.append(self._words(token))
        return "".join(out)

    def _words(self, token: Token) -> str:
        if token.type == "footnote_ref":
            return str(token.meta["id"] + 1).translate(_SUPERSCRIPT)
        if token.type == "image":
            return self._picture(alt_words(token), str(token.attrs.get("title", "")))
        marks = {"em_open": "_", "em_close": "_", "strong_open": "*", "strong_close": "*", "hardbreak": "\n"}
        return marks.get(token.type) or _typed(token)

    def _raw(self, token: Token, open_links: list[str]) -> Iterator[str]:
        """The words of raw HTML; a tag that begins a block begins a line."""
        is_block = token.type == "html_block"
        for piece in pieces(token.content):
            if isinstance(piece, str):
                text = html.unescape(piece)
                yield " ".join(text.split("\n")) if is_block else text
            elif piece.name == "img":
                yield self._picture(piece.attributes.get("alt", ""))
            elif piece.name == "a":
                yield self._raw_link(piece, open_links)
            elif piece.name in BLOCKS and (is_block or piece.name == "br"):
                yield "\n"
            elif piece.name in {"td", "th"} and piece.is_closing:
                yield "  "

    def _raw_link(self, tag: Tag, open_links: list[str]) -> str:
        if tag.is_closing:
            return open_links.pop() if open_links else ""
        open_links.append(self._number(tag.attributes.get("href", "")))
        return ""

    def _numbered_link(self, token: Token | None) -> str:
        return self._number(str(token.attrs.get("href", ""))) if token else ""

    def _number(self, href: str) -> str:
        """What follows the words of a link: its number, the same each time for the same address."""
        absolute = absolute_link(href, self.base_url)
        if absolute is None:
            return ""
        # A no-break space, so that the number never stands alone at the start of a line.
        return f"\u00a0[{self.numbers.setdefault(absolute, len(self.numbers) + 1)}]"

    def _picture(self, *words: str) -> str:
        said = [part.strip() for part in words if part.strip()]
        sentences = [part if part.endswith(_STOPS) else f"{part}." for part in said[:-1]] + said[-1:]
        return f"[{self.labels.image}: {' '.join(sentences)}]" if said else f"[{self.labels.image}]"


def _typed(token: Token) -> str:
    """The words of one token with their white space; code in its ticks, and on one line unless it is long."""
    if token.type == "code_inline":
        code = token.content
        return f"`{code}`" if len(code) > _LONGEST_UNBROKEN_CODE else f"`{code}`".replace(" ", "\u00a0")
    if token.type in {"text", "text_special"}:
        return token.content
    return " " if token.type == "softbreak" else plain_words([token])


def _address(href: str) -> str:
    """An address as one types it: a mailbox without its scheme."""
    return href if "?" in href else href.removeprefix("mailto:")


def _on_one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ")


def _leaves(node: SyntaxTreeNode) -> list[Token]:
    """The inline tokens of a block's own text."""
    inlines = (child.token for child in node.children if child.type == "inline")
    return [token for inline in inlines if inline for token in inline.children or []]


def _behind(mark: str, lines: Iterable[str]) -> list[str]:
    return [f"{mark}{line}".rstrip() for line in lines]


def _underlined(lines: list[str], sign: str) -> list[str]:
    return [*lines, sign * max(map(display_width, lines))] if lines else []
