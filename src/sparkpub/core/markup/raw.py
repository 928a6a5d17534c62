"""Raw HTML in a body: taken apart into tags and text, and let through by an allow-list.

What is no whole tag becomes text. The finished page goes through nh3 once more, which balances the tags and would
catch what were missed here.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# With possessive quantifiers no input makes the search look twice (CommonMark 0.31, section 6.6).
_NAME = r"[A-Za-z][A-Za-z0-9-]*+"
_VALUE = r"""(?:[^\s"'=<>`]++|'[^']*+'|"[^"]*+")"""
_ATTRIBUTE = rf"\s++[A-Za-z_:][\w.:-]*+(?:\s*+=\s*+{_VALUE})?+"
_SILENT = "script|style|iframe|object|noscript|template|svg|math|textarea|select|title|xmp"
SILENT_TAG = re.compile(rf"<(?P<closing>/?)(?P<name>{_SILENT})\b", re.IGNORECASE)
"""A tag whose content nobody reads."""
_PIECE = re.compile(
    r"<!--.*?(?:-->|\Z)"
    rf"|<(?P<silent>{_SILENT})\b"
    r".*?(?:</(?P=silent)\s*>|\Z)"
    rf"|<(?P<name>{_NAME})(?P<attributes>(?:{_ATTRIBUTE})*+)\s*+/?>"
    rf"|</(?P<closing>{_NAME})\s*+>"
    r"|<[!?][^>]*+(?:>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_ONE_ATTRIBUTE = re.compile(rf"([A-Za-z_:][\w.:-]*+)(?:\s*+=\s*+({_VALUE}))?+")

VOID = frozenset({"br", "hr", "img", "wbr", "col"})

BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "br", "caption", "dd", "details", "div", "dl", "dt", "figcaption"}
    | {"figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section"}
    | {"summary", "table", "tbody", "tfoot", "thead", "tr", "ul"}
)

# No `bdo`, no ARIA: the feed validators call them dangerous, and `dir` does what `bdo` does.
TAGS = frozenset(
    {"a", "abbr", "article", "aside", "b", "bdi", "blockquote", "br", "caption", "cite", "code", "col", "colgroup"}
    | {"dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2", "h3"}
    | {"h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt"}
    | {"ruby", "s", "samp", "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td"}
    | {"tfoot", "th", "thead", "time", "tr", "u", "ul", "var", "wbr"}
)

_DIRECTION = re.compile(r"ltr|rtl|auto")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_NUMBER = re.compile(r"\d{1,4}")
_WORDS = re.compile(r"[^\x00-\x1f]*")
_SCOPE = re.compile(r"row|col|rowgroup|colgroup")
_DATE = re.compile(r"[0-9T:Z.+ PDHMSWY-]{1,40}")
_SPANS = {"colspan": _NUMBER, "rowspan": _NUMBER, "scope": _SCOPE}

_EVERYWHERE = {"lang": _LANGUAGE, "dir": _DIRECTION, "title": _WORDS}
_ATTRIBUTES: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "col": {"span": _NUMBER},
    "colgroup": {"span": _NUMBER},
    "li": {"value": _NUMBER},
    "ol": {"start": _NUMBER},
    "td": _SPANS,
    "th": _SPANS,
    "time": {"datetime": _DATE},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One tag of raw HTML, its name in lower case, its attributes' entities resolved. `line` counts from 0."""

    name: str
    is_closing: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


def pieces(source: str) -> Iterator[Tag | str]:
    """The tags and the text between them, in order; comments, declarations and scripts are gone.

    The text is HTML text still: its entities stand, but it holds no `<` or `>`.
    """
    at = line = 0
    for match in _PIECE.finditer(source):
        if match.start() > at:
            yield _as_text(source[at : match.start()])
        line += source.count("\n", at, match.start())
        if match["name"]:
            yield Tag(name=match["name"].lower(), attributes=_attributes(match["attributes"]), line=line)
        elif match["closing"]:
            yield Tag(name=match["closing"].lower(), is_closing=True, line=line)
        line += source.count("\n", match.start(), match.end())
        at = match.end()
    if at < len(source):
        yield _as_text(source[at:])


def _as_text(source: str) -> str:
    return source.replace("<", "&lt;").replace(">", "&gt;")


def _attributes(source: str) -> dict[str, str]:
    """The first of each attribute, as browsers have it."""
    found: dict[str, str] = {}
    for name, value in _ONE_ATTRIBUTE.findall(source):
        unquoted = value[1:-1] if value[:1] in {'"', "'"} else value
        found.setdefault(name.lower(), html.unescape(unquoted))
    return found


def allowed_attributes(tag: Tag) -> dict[str, str]:
    """What may stay of a tag's attributes, addresses apart: no class, id, style or handler of the editor's."""
    rules = {**_EVERYWHERE, **_ATTRIBUTES.get(tag.name, {})}
    kept = {name: rule for name, rule in rules.items() if name in tag.attributes}
    return {name: tag.attributes[name] for name, rule in kept.items() if rule.fullmatch(tag.attributes[name])}


def written(name: str, attributes: Mapping[str, str]) -> str:
    """An opening tag."""
    pairs = "".join(f' {key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<{name}{pairs}>"
