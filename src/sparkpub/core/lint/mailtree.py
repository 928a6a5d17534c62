"""The HTML part as eyes see it: runs of text with their colours and sizes, by day and under its dark stylesheet."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

Tree: TypeAlias = Any
"""lxml publishes no types."""

Styles: TypeAlias = Mapping[str, str]

_COLOUR = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b", re.IGNORECASE)
_NAMED = {"white": "#ffffff", "black": "#000000"}
_SIZE = re.compile(r"(\d*\.?\d+)(px|pt)?$")
_PIXELS_A_POINT = 4 / 3
_SILENT = frozenset({"style", "script", "title", "noscript", "template"})
_LARGEST_ZERO = 1.0
_DARK = re.compile(r"@media[^{}@]*prefers-color-scheme\s*:\s*dark[^{}@]*\{", re.IGNORECASE)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SIMPLE = re.compile(r"([a-z][a-z0-9]*)?((?:\.[\w-]+)*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The text that stands directly in one element, as one line. `size` is in pixels, None where no style tells."""

    words: str
    element: Tree
    ink: str = "#000000"
    ground: str = "#ffffff"
    size: float | None = None
    is_hidden: bool = False
    is_code: bool = False


def runs_of(tree: Tree, dark: Mapping[Tree, Styles] | None = None) -> list[Run]:
    """Every run of text, depth first; `dark` holds what a stylesheet sets against the inline styles."""
    found: list[Run] = []
    pending = [(tree, Run(words="", element=tree))]
    while pending:
        element, outer = pending.pop()
        if not isinstance(element.tag, str) or element.tag in _SILENT:
            continue
        run = _styled(element, outer, (dark or {}).get(element, {}))
        if run.words:
            found.append(run)
        pending.extend((child, run) for child in reversed(element))
    return found


def _styled(element: Tree, outer: Run, over: Styles) -> Run:
    """An element's own text, in the styles that it inherits and its own."""
    inline = declarations(element.get("style", ""))
    styles = {**inline, **over}
    behind = over.get("background-color") or over.get("background") or _background(element, inline)
    return Run(
        words=own_words(element),
        element=element,
        ink=colour(styles.get("color", "")) or outer.ink,
        ground=colour(behind) or outer.ground,
        size=_size(styles.get("font-size", ""), outer.size),
        is_hidden=outer.is_hidden or element.get("hidden") is not None or _hides(styles),
        is_code=outer.is_code or element.tag in ("code", "pre", "kbd", "samp"),
    )


def _background(element: Tree, styles: Styles) -> str:
    return styles.get("background-color") or styles.get("background") or str(element.get("bgcolor", ""))


def _hides(styles: Styles) -> bool:
    """Whether nobody sees an element of these styles."""
    if styles.get("display") == "none" or styles.get("mso-hide") == "all" or styles.get("visibility") == "hidden":
        return True
    is_flat = styles.get("max-height", styles.get("height", "")) in ("0", "0px") and "overflow" in styles
    size = _size(styles.get("font-size", ""), None)
    return is_flat or styles.get("opacity") == "0" or (size is not None and size <= _LARGEST_ZERO)


def _size(value: str, inherited: float | None) -> float | None:
    """A font size in pixels; relative ones are left as they are inherited."""
    found = _SIZE.match(value)
    if found is None:
        return inherited
    return float(found[1]) * (_PIXELS_A_POINT if found[2] == "pt" else 1)


def own_words(element: Tree) -> str:
    """The text that stands directly in an element, white space as single spaces."""
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return " ".join(" ".join(parts).split())


@lru_cache(maxsize=2048)
def declarations(style: str) -> Styles:
    """An inline style as property and value, in lower case, without `!important`."""
    pairs = (part.partition(":") for part in style.lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs if value}


def colour(value: str) -> str:
    """The colour a value names as six hex digits, "" if none that can be told."""
    found = _COLOUR.search(value)
    if found is None:
        return _NAMED.get(value.strip(), "")
    is_short = len(found[0]) == len("#abc")
    return "#" + "".join(digit * 2 for digit in found[0][1:]) if is_short else found[0]


def stylesheets(elements: Iterable[Tree]) -> Iterator[str]:
    """The text of every style element, without comments."""
    for element in elements:
        if element.tag == "style":
            yield _COMMENT.sub("", element.text or "")


def dark_styles(elements: Sequence[Tree]) -> dict[Tree, dict[str, str]]:
    """What the dark stylesheet sets of each element, the more specific rule before the later one.

    Read are selectors of elements and classes, one inside another; others are beyond a linter and left aside.
    """
    rules: list[tuple[int, int, list[tuple[str, frozenset[str]]], Styles]] = []
    for block in (block for sheet in stylesheets(elements) for block in _dark_blocks(sheet)):
        for selectors, body in _RULE.findall(block):
            styles = declarations(body)
            for chain in filter(None, map(_chain, selectors.split(","))):
                weight = sum(100 * len(classes) + bool(tag) for tag, classes in chain)
                rules.append((weight, len(rules), chain, styles))
    found: dict[Tree, dict[str, str]] = {}
    if not rules:
        return found
    classes = {element: frozenset(str(element.get("class", "")).split()) for element in elements}
    by_name: dict[str, list[Tree]] = {}
    for element, names in classes.items():
        for name in ("*", element.tag, *(f".{name}" for name in names)):
            by_name.setdefault(name, []).append(element)
    for _, _, chain, styles in sorted(rules, key=lambda rule: rule[:2]):
        tag, names = chain[-1]
        for element in by_name.get(f".{min(names)}" if names else tag, ()):
            if _matches(element, chain, classes):
                found.setdefault(element, {}).update(styles)
    return found


def _dark_blocks(sheet: str) -> Iterator[str]:
    """What stands between the braces of each dark @media."""
    for start in _DARK.finditer(sheet):
        depth = 1
        for brace in re.finditer(r"[{}]", sheet[start.end() :]):
            depth += 1 if brace[0] == "{" else -1
            if not depth:
                yield sheet[start.end() : start.end() + brace.start()]
                break


def _chain(selector: str) -> list[tuple[str, frozenset[str]]]:
    """A selector as element and classes, outermost first; nothing if it says more than that."""
    parts = [_SIMPLE.fullmatch(part) for part in selector.split()]
    if not all(parts):
        return []
    return [(part[1] or "", frozenset(part[2].split(".")[1:])) for part in parts if part]


def _matches(
    element: Tree, chain: Sequence[tuple[str, frozenset[str]]], classes: Mapping[Tree, frozenset[str]]
) -> bool:
    """Whether an element is what the chain ends with, inside what stands before, in that order."""
    *outer, (tag, names) = chain
    if (tag and element.tag != tag) or not names <= classes[element]:
        return False
    above = element.iterancestors()
    return all(
        any((not tag or one.tag == tag) and names <= classes[one] for one in above) for tag, names in reversed(outer)
    )
