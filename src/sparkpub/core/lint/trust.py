"""Lints of what mail filters and clients distrust: code, hidden content, parts that disagree."""

import re
from collections import Counter
from collections.abc import Iterator

from sparkpub.core.lint.mailtree import stylesheets
from sparkpub.core.lint.registry import Finding, Proof, proof_lint
from sparkpub.errors import Severity

_ACTIVE = frozenset(
    {"applet", "audio", "base", "button", "dialog", "embed", "form", "frame", "frameset", "iframe", "input", "object"}
    | {"script", "select", "svg", "textarea", "video"}
)
_CODE = re.compile(r"(?:javascript|vbscript):", re.IGNORECASE)
_DROPPED_BY_BROWSERS = re.compile(r"[\x00-\x20]+")
_FOREIGN_SHEET = re.compile(r"@import\b[^;]*", re.IGNORECASE)
# One token a letter where a script sets no spaces, else one a word.
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4,}")
_SAME, _FEW_LETTERS, _MANY_LINKS = 0.8, 300, 100


@proof_lint("SPK077", Severity.FAULT)
def active_element(proof: Proof) -> Iterator[Finding]:
    """Scripts, forms, frames, video: clients take them out, and filters refuse the mail for them."""
    for tag, count in Counter(element.tag for element in proof.elements if element.tag in _ACTIVE).items():
        times = f" ({count} times)" if count > 1 else ""
        yield Finding(message=f"the mail holds <{tag}>{times}", cure="link to a page that has it")


@proof_lint("SPK078", Severity.FAULT)
def code_in_attribute(proof: Proof) -> Iterator[Finding]:
    """Code in an attribute: javascript: in an address, or a handler such as onclick."""
    for element in proof.elements:
        for name, value in element.items():
            if name.lower().startswith("on") or (
                name in ("href", "src", "action") and _CODE.match(_DROPPED_BY_BROWSERS.sub("", value))
            ):
                yield Finding(message=f"<{element.tag}> has {name}='{value[:40]}'", cure="take it out of the template")


@proof_lint("SPK079", Severity.WARNING)
def data_uri(proof: Proof) -> Iterator[Finding]:
    """A picture inside an address (data:): Gmail shows nothing, and the mail grows."""
    sources = [value for name in ("src", "href", "background", "style") for _, value in proof.attributes(name)]
    if count := sum("data:" in value.lower()[:10] or "url(data:" in value.lower() for value in sources):
        message = f"{count} addresses hold their data themselves" if count > 1 else "an address holds its data itself"
        yield Finding(message=message, cure="make it a file in static/")


@proof_lint("SPK080", Severity.ADVICE)
def new_window(proof: Proof) -> Iterator[Finding]:
    """A link with target=_blank: mail opens links outside anyway, and on a web page it takes the way back."""
    if count := sum(value.lower() == "_blank" for _, value in proof.attributes("target")):
        yield Finding(message=f"target=_blank at {count} link{'s' * (count > 1)}", cure="take it out of the template")


@proof_lint("SPK081", Severity.WARNING)
def empty_link(proof: Proof) -> Iterator[Finding]:
    """A link without words: nothing to press, nothing to read aloud."""
    for element, href in proof.attributes("href"):
        words = [element.text_content(), element.get("aria-label", "")]
        if (
            element.tag == "a"
            and not "".join([*words, *(image.get("alt", "") for image in element.iter("img"))]).strip()
        ):
            cure = "write words or an alt text into it"
            yield Finding(message=f"the link to '{href[:60]}' has no words", cure=cure)


@proof_lint("SPK082", Severity.WARNING)
def disagreeing_parts(proof: Proof) -> Iterator[Finding]:
    """A text part that lacks what the HTML part says: filters count it, and its readers miss it."""
    said = " ".join(run.words for run in proof.runs if not run.is_hidden).casefold()
    words = set(_TOKEN.findall(said))
    missing = words - set(_TOKEN.findall(proof.text.casefold()))
    if words and len(missing) > (1 - _SAME) * len(words):
        lost = ", ".join(sorted(missing, key=lambda word: (-len(word), word))[:3])
        message = f"the text part lacks {100 * len(missing) // len(words)} % of the words of the HTML part ({lost}, …)"
        yield Finding(message=message, cure="bring email.txt.j2 up to email.html.j2")


@proof_lint("SPK083", Severity.WARNING)
def pictures_alone(proof: Proof) -> Iterator[Finding]:
    """A mail of pictures with hardly a word: with images off it is blank, and filters take it for spam."""
    letters = sum(len(run.words) for run in proof.runs if not run.is_hidden)
    if letters < _FEW_LETTERS and any(element.tag == "img" for element in proof.elements):
        message = f"pictures, and {letters} characters of text"
        yield Finding(message=message, cure="say in words what the pictures say")


@proof_lint("SPK084", Severity.ADVICE)
def many_links(proof: Proof) -> Iterator[Finding]:
    """More than a hundred links: readers press none, and filters count them."""
    count = sum(element.tag == "a" for element, _ in proof.attributes("href"))
    if count > _MANY_LINKS:
        yield Finding(message=f"{count} links", cure="keep those that matter, and link to a page with the rest")


@proof_lint("SPK085", Severity.WARNING)
def foreign_stylesheet(proof: Proof) -> Iterator[Finding]:
    """A stylesheet from elsewhere: most clients ignore it, the others tell a server who reads."""
    for element in proof.elements:
        if element.tag == "link" and "stylesheet" in str(element.get("rel", "")).lower():
            address = str(element.get("href", ""))[:60]
            yield Finding(message=f"a stylesheet from '{address}'", cure="copy its rules into inline.css")
    for sheet in stylesheets(proof.elements):
        if found := _FOREIGN_SHEET.search(sheet):
            yield Finding(message=f"'{found[0][:60]}' in the stylesheet", cure="copy its rules into inline.css")
