"""Lints of the email as it will be sent."""

import re
from collections.abc import Iterator
from typing import Any

from sparkpub.core.colours import contrast
from sparkpub.core.lint.registry import Finding, Proof, proof_lint
from sparkpub.errors import Severity

_LONG_SUBJECT = 70
_HEAVY, _CLIPPED = 90_000, 102_000
_READABLE = 4.5
_RESIDUE = re.compile(r"\{\{|\}\}|\{%|%\}|\bUndefined\b")
_LEAVING = re.compile(r"/u/|unsubscribe", re.IGNORECASE)
_ABSOLUTE = re.compile(r"(https?://|mailto:|tel:|#|sp[0-9a-f]{30}$)", re.IGNORECASE)
_COLOUR = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b", re.IGNORECASE)
_NAMED = {"white": "#ffffff", "black": "#000000"}


@proof_lint("SPK004", Severity.WARNING)
def long_subject(proof: Proof) -> Iterator[Finding]:
    """A subject that most inboxes cut."""
    if len(proof.subject) > _LONG_SUBJECT:
        message = f"the subject has {len(proof.subject)} characters, and inboxes cut it at about {_LONG_SUBJECT}"
        yield Finding(message=message, cure="shorten the title")


@proof_lint("SPK012", Severity.WARNING)
def heavy(proof: Proof) -> Iterator[Finding]:
    """HTML above 90,000 bytes: near the size at which Gmail clips."""
    if _HEAVY < proof.body_bytes <= _CLIPPED:
        message = f"the HTML part has {proof.body_bytes:,} bytes, and Gmail clips at {_CLIPPED:,}"
        yield Finding(message=message, cure="shorten the piece")


@proof_lint("SPK013", Severity.FAULT)
def clipped(proof: Proof) -> Iterator[Finding]:
    """HTML above 102,000 bytes: Gmail clips it, with the link to leave."""
    if proof.body_bytes > _CLIPPED:
        message = f"the HTML part has {proof.body_bytes:,} bytes, and Gmail clips at {_CLIPPED:,}"
        yield Finding(message=message, cure="shorten the piece, or make two of it")


@proof_lint("SPK014", Severity.FAULT)
def no_way_out(proof: Proof) -> Iterator[Finding]:
    """No link to unsubscribe in one of the two parts."""
    known = proof.expected.get("unsubscribe_url", "")
    hrefs = [href for _, href in _attributes(proof, "href")]
    in_html = any(known in href if known else _LEAVING.search(href) for href in hrefs)
    in_text = known in proof.text if known else _LEAVING.search(proof.text)
    for part, is_there in (("HTML", in_html), ("text", in_text)):
        if not is_there:
            cure = "put {{ unsubscribe_url }} back into the template"
            yield Finding(message=f"the {part} part has no link to unsubscribe", cure=cure)


@proof_lint("SPK015", Severity.FAULT)
def no_postal_address(proof: Proof) -> Iterator[Finding]:
    """No postal address in one of the two parts, which laws on commercial mail ask for."""
    address = _letters(proof.expected.get("postal_address", ""))
    for part, text in (("HTML", proof.tree.text_content()), ("text", proof.text)):
        if address not in _letters(text):
            cure = "put the postal address back into the template"
            yield Finding(message=f"the {part} part has no postal address", cure=cure)


@proof_lint("SPK016", Severity.WARNING)
def faint(proof: Proof) -> Iterator[Finding]:
    """Text that is hard to read on its ground: contrast below 4.5."""
    seen = set()
    for ink, ground, words in _inks(proof.tree):
        if (ink, ground) not in seen and contrast(ink, ground) < _READABLE:
            seen.add((ink, ground))
            message = f"'{words[:30]}' is {ink} on {ground}, a contrast of {contrast(ink, ground):.1f}"
            yield Finding(message=message, cure=f"choose colours with at least {_READABLE}")


@proof_lint("SPK017", Severity.WARNING)
def speechless_image(proof: Proof) -> Iterator[Finding]:
    """An image of the email without an alt attribute."""
    for element in proof.tree.iter("img"):
        if element.get("alt") is None:
            src = str(element.get("src", ""))[:60]
            yield Finding(message=f"the image '{src}' has no alt attribute", cure='give it one, alt="" for an ornament')


@proof_lint("SPK018", Severity.WARNING)
def plain_http_image(proof: Proof) -> Iterator[Finding]:
    """An image over plain http: mail programs that load by https alone show a hole."""
    for element, src in _attributes(proof, "src"):
        if element.tag == "img" and src.lower().startswith("http:"):
            cure = "serve it by https; pictures of the publication follow base_url"
            yield Finding(message=f"the image '{src[:60]}' is fetched by http", cure=cure)


@proof_lint("SPK019", Severity.FAULT)
def residue(proof: Proof) -> Iterator[Finding]:
    """Template code that was not filled in."""
    parts = (("subject", proof.subject), ("HTML", _shown_text(proof.tree)), ("text", proof.text))
    for part, text in parts:
        if found := _RESIDUE.search(text):
            yield Finding(message=f"the {part} shows '{found[0]}'", cure="fill it in, or take it out")


@proof_lint("SPK020", Severity.WARNING)
def headlines(proof: Proof) -> Iterator[Finding]:
    """Not exactly one headline of the first level."""
    count = sum(1 for _ in proof.tree.iter("h1"))
    if count != 1:
        yield Finding(message=f"the HTML part has {count or 'no'} h1", cure="keep one, for the title")


@proof_lint("SPK021", Severity.WARNING)
def no_language(proof: Proof) -> Iterator[Finding]:
    """HTML that does not say its language, so that screen readers guess."""
    if not proof.tree.get("lang"):
        yield Finding(message="the HTML part has no lang", cure='write <html lang="…" dir="…"> in the template')


@proof_lint("SPK022", Severity.FAULT)
def relative_link(proof: Proof) -> Iterator[Finding]:
    """A link or an image without a host: in a mailbox it leads nowhere."""
    for name in ("href", "src"):
        for element, address in _attributes(proof, name):
            if element.tag in ("a", "img") and not _ABSOLUTE.match(address) and not address.startswith("cid:"):
                cure = "write the whole address, https://…"
                yield Finding(message=f"'{address[:60]}' leads nowhere from a mailbox", cure=cure)


def _attributes(proof: Proof, name: str) -> Iterator[tuple[Any, str]]:
    """Every element that has an attribute, with its value."""
    for element in proof.tree.iter():
        if isinstance(element.tag, str) and (value := element.get(name)) is not None:
            yield element, str(value).strip()


def _letters(text: str) -> str:
    """A text without anything that a template may break lines by."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _shown_text(tree: Any) -> str:  # noqa: ANN401 - lxml publishes no types
    """The text outside styles, scripts and code."""
    return " ".join(text for element in tree.iter() if _is_text(element) for text in _own_text(element))


def _is_text(element: Any) -> bool:  # noqa: ANN401
    return isinstance(element.tag, str) and element.tag not in ("style", "script", "code", "pre", "title")


def _own_text(element: Any) -> Iterator[str]:  # noqa: ANN401
    """The pieces of text that stand directly in an element."""
    if element.text:
        yield element.text
    for child in element:
        if child.tail:
            yield child.tail


def _inks(tree: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
    """Every run of text with its colour and the colour behind it, as inline styles tell; depth first, in order."""
    pending = [(tree, "#000000", "#ffffff")]
    while pending:
        element, ink, ground = pending.pop()
        if not _is_text(element):
            continue
        styles = _declarations(element.get("style", ""))
        if styles.get("display") == "none" or styles.get("mso-hide") == "all":
            continue
        ink = _colour(styles.get("color", "")) or ink
        behind = styles.get("background-color") or styles.get("background") or element.get("bgcolor", "")
        ground = _colour(behind) or ground
        if words := " ".join(" ".join(_own_text(element)).split()):
            yield ink, ground, words
        pending.extend((child, ink, ground) for child in reversed(element))


def _declarations(style: str) -> dict[str, str]:
    """An inline style as property and value."""
    pairs = (part.partition(":") for part in style.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs if value}


def _colour(value: str) -> str:
    """The colour a value names as six hex digits, "" if none that can be told."""
    found = _COLOUR.search(value)
    if found is None:
        return _NAMED.get(value.strip(), "")
    is_short = len(found[0]) == len("#abc")
    return "#" + "".join(digit * 2 for digit in found[0][1:]) if is_short else found[0]
