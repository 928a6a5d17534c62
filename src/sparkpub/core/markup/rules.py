"""What our Markdown means beyond CommonMark: attributions, figures, boxes and pull quotes, as rules for markdown-it.

Each rewrites the token stream once, after the inline text is parsed and before quotes and dashes are set, so that
the renderers see plain structure: `attribution_open`, `figure_open`, `figcaption_open`, `note_title_open`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.footnote import footnote_plugin

from sparkpub.core.markup.raw import SILENT_TAG
from sparkpub.core.markup.typography import TypographyRule, typography

# Deeper lists and quotations are nobody's meaning, and each level costs the parser another look at every line.
_MOST_NESTING = 30

_QUOTATION_OPENS = frozenset({"blockquote_open", "container_pull_open"})
_QUOTATION_CLOSES = frozenset({"blockquote_close", "container_pull_close"})
_ATTRIBUTION = re.compile(r"-{2,3}[ \u00a0]+")
# `[He said]: nothing` at the start of a line is an editor's insertion, not the definition of a link.
_DEFINITION = re.compile(r"\[(?!\^)[^\]]*\]:\s*(?:<|\S*/|mailto:|tel:|#)", re.IGNORECASE)
_ANY_DEFINITION = re.compile(r"\[(?!\^)[^\]]*\]:")


@lru_cache(maxsize=16)
def parser(language: str) -> MarkdownIt:
    """A parser for bodies in a language (BCP 47)."""
    markdown = _configured(language)
    _read_prose_at_once(markdown)
    return markdown


def _configured(language: str) -> MarkdownIt:
    habits = typography(language)
    markdown = MarkdownIt("commonmark", {"maxNesting": _MOST_NESTING, "quotes": list(habits.quotes)})
    markdown.enable("table").use(footnote_plugin, inline=False).use(container_plugin, "note")
    markdown.use(container_plugin, "pull")
    markdown.block.ruler.at("reference", _reference)
    markdown.core.ruler.after("inline", "structure", _structure)
    markdown.core.ruler.before("text_join", "typography", TypographyRule(habits))
    # Which addresses may stand is decided once, when they are written; here they all count as links.
    markdown.validateLink = _any_link  # type: ignore[method-assign,assignment]
    return markdown


def _read_prose_at_once(markdown: MarkdownIt) -> None:
    """Let one rule say whether a line ends the paragraph before it, in place of all that may.

    markdown-it asks each of them about each line, twice; of a line that begins with a letter none has to be asked,
    unless the next one makes it the head of a table.
    """
    ruler = markdown.block.ruler
    enders = ruler.getRules("paragraph")
    chains = {chain: ruler.getRules(chain) for chain in ("reference", "blockquote", "list")}
    for name, rule in zip(ruler.get_active_rules(), ruler.getRules(""), strict=True):
        if rule in enders:
            ruler.at(name, rule, {"alt": [chain for chain, rules in chains.items() if rule in rules]})

    def ends_paragraph(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
        if not silent or (_is_prose(state, start_line) and not _is_rule_of_table(state, start_line + 1, end_line)):
            return False
        return any(ender(state, start_line, end_line, True) for ender in enders)

    ruler.push("prose", ends_paragraph, {"alt": ["paragraph"]})


def _is_prose(state: StateBlock, line: int) -> bool:
    """Whether a line begins with a letter: every mark of a block is another character."""
    at = state.bMarks[line] + state.tShift[line]
    return state.src[at : at + 1].isalpha()


def _is_rule_of_table(state: StateBlock, line: int, end_line: int) -> bool:
    """Whether a line can stand below the head of a table."""
    if line >= end_line:
        return False
    at = state.bMarks[line] + state.tShift[line]
    return state.src[at : at + 1] in {"|", "-", ":"}


def _any_link(_url: str) -> bool:
    return True


def _reference(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """CommonMark's link reference definitions, if what follows the colon can be an address."""
    at = state.bMarks[start_line] + state.tShift[start_line]
    source = state.src[at : at + 2000]
    if _ANY_DEFINITION.match(source) and not _DEFINITION.match(source):
        return False
    return reference(state, start_line, end_line, silent)


def _structure(state: StateCore) -> None:
    """Rewrite the stream; titles of boxes and captions are parsed here."""
    out: list[Token] = []
    quotations: list[int] = []
    for token in state.tokens:
        if token.type == "inline" and "</" in token.content:
            token.children = _without_silent(token.children or [])
        if token.type in _QUOTATION_OPENS:
            quotations.append(len(out))
        elif token.type in _QUOTATION_CLOSES:
            _set_attribution(out, quotations.pop())
        out.append(token)
        if token.type == "th_close" and not out[-2].children:
            _set_plain_cell(out)
        elif token.type == "container_note_open":
            out.extend(_note_title(token, state))
        elif token.type == "paragraph_close":
            _set_figure(out, state)
    state.tokens = out


def _without_silent(children: list[Token]) -> list[Token]:
    """The children without `<script>…</script>` and the like, where they are closed in the same block of text."""
    kept: list[Token] = []
    opened: dict[str, int] = {}
    for child in children:
        tag = SILENT_TAG.match(child.content) if child.type == "html_inline" else None
        if tag and tag["closing"] and tag["name"].lower() in opened:
            del kept[opened[tag["name"].lower()] :]
            opened.clear()
            continue
        if tag and not tag["closing"]:
            opened.setdefault(tag["name"].lower(), len(kept))
        kept.append(child)
    return kept


def _note_title(box: Token, state: StateCore) -> list[Token]:
    title = box.info.strip().removeprefix("note").strip()
    return _wrapped("note_title", [_parsed(title, box.map, state)]) if title else []


def _wrapped(name: str, inside: Sequence[Token]) -> list[Token]:
    return [Token(f"{name}_open", "", 1, block=True), *inside, Token(f"{name}_close", "", -1, block=True)]


def _parsed(text: str, lines: list[int] | None, state: StateCore) -> Token:
    children: list[Token] = []
    state.md.inline.parse(text, state.md, state.env, children)
    return Token("inline", "", 0, content=text, map=lines, children=children)


def _set_plain_cell(out: list[Token]) -> None:
    """Turn an empty head of a column into a plain cell: a head without words is announced as nothing."""
    out[-3], out[-1] = out[-3].copy(type="td_open", tag="td"), out[-1].copy(type="td_close", tag="td")


def _set_attribution(out: list[Token], opened_at: int) -> None:
    """Turn the last line of a quotation, or its last paragraph, that begins with `-- ` into its attribution."""
    if len(out) < opened_at + 4 or out[-1].type != "paragraph_close" or out[-3].level != out[opened_at].level + 1:
        return
    inline = out[-2]
    children = inline.children or []
    at = _attribution_start(children)
    if at is None or (at == 0 and out[-3] is out[opened_at + 1]):
        return
    named = children[at:]
    named[0] = named[0].copy(content=_ATTRIBUTION.sub("", named[0].content, count=1))
    last_line = [inline.map[1] - 1, inline.map[1]] if inline.map and at else inline.map
    attribution = _wrapped("attribution", [inline.copy(children=named, map=last_line)])
    if at:
        out[-2] = inline.copy(children=children[: at - 1])
        out.extend(attribution)
    else:
        out[-3:] = attribution


def _attribution_start(children: Sequence[Token]) -> int | None:
    """The place of the token that begins the attribution."""
    lines = [0, *(i + 1 for i, t in enumerate(children) if t.type in {"softbreak", "hardbreak"} and not t.level)]
    for at in (lines[-1], 0):
        if at < len(children) and children[at].type == "text" and _ATTRIBUTION.match(children[at].content):
            is_all = len(children) == at + 1
            return None if is_all and not _ATTRIBUTION.sub("", children[at].content, count=1) else at
    return None


def _set_figure(out: list[Token], state: StateCore) -> None:
    """Turn a paragraph that is one image alone, linked or not, with a title into a figure with that caption."""
    paragraph, inline = out[-3], out[-2]
    children = inline.children or []
    linked = ["link_open", "image", "link_close"]
    if paragraph.hidden or [child.type for child in children] not in (["image"], linked):
        return
    at = len(children) // 2
    title = str(children[at].attrs.get("title", "")).strip()
    if not title:
        return
    attributes = {key: value for key, value in children[at].attrs.items() if key != "title"}
    untitled = children[at].copy(attrs=attributes, meta={"caption": title})
    picture = [*children[:at], untitled, *children[at + 1 :]]
    caption = _wrapped("figcaption", [_parsed(title, inline.map, state)])
    out[-3:] = _wrapped("figure", [inline.copy(children=picture), *caption])
