"""Lints of the email's frame: what a mail must have for readers, clients and the law."""

import re
from collections import Counter
from collections.abc import Iterator

from sparkpub.core.lint.registry import Finding, Proof, proof_lint
from sparkpub.errors import Severity

_LONG_SUBJECT = 70
_RESIDUE = re.compile(r"\{\{|\}\}|\{%|%\}|\bUndefined\b")
_LEAVING = re.compile(r"/u/|unsubscribe", re.IGNORECASE)
_ABSOLUTE = re.compile(r"(https?://|mailto:|tel:|#|sp[0-9a-f]{30}$)", re.IGNORECASE)
_TEMPLATE = "in the template"
_RTL = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"})


@proof_lint("SPK004", Severity.WARNING)
def long_subject(proof: Proof) -> Iterator[Finding]:
    """A subject that most inboxes cut."""
    if len(proof.subject) > _LONG_SUBJECT:
        message = f"the subject has {len(proof.subject)} characters, and inboxes cut it at about {_LONG_SUBJECT}"
        yield Finding(message=message, cure="shorten the title")


@proof_lint("SPK014", Severity.FAULT)
def no_way_out(proof: Proof) -> Iterator[Finding]:
    """No link to unsubscribe in one of the two parts."""
    known = proof.expected.get("unsubscribe_url", "")
    hrefs = [href for _, href in proof.attributes("href")]
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


@proof_lint("SPK017", Severity.WARNING)
def speechless_image(proof: Proof) -> Iterator[Finding]:
    """An image of the email without an alt attribute."""
    for element in proof.elements:
        if element.tag == "img" and element.get("alt") is None:
            src = str(element.get("src", ""))[:60]
            yield Finding(message=f"the image '{src}' has no alt attribute", cure='give it one, alt="" for an ornament')


@proof_lint("SPK018", Severity.WARNING)
def plain_http_image(proof: Proof) -> Iterator[Finding]:
    """An image over plain http: mail programs that load by https alone show a hole."""
    for element, src in proof.attributes("src"):
        if element.tag == "img" and src.lower().startswith("http:"):
            cure = "serve it by https; pictures of the publication follow base_url"
            yield Finding(message=f"the image '{src[:60]}' is fetched by http", cure=cure)


@proof_lint("SPK019", Severity.FAULT)
def residue(proof: Proof) -> Iterator[Finding]:
    """Template code that was not filled in."""
    shown = " ".join(run.words for run in proof.runs if not run.is_code)
    code = " ".join(run.words for run in proof.runs if run.is_code)
    for part, text in (("subject", proof.subject), ("HTML", shown), ("text", proof.text)):
        found = _RESIDUE.search(text)
        if found and not (part == "text" and code.count(found[0]) >= text.count(found[0])):
            yield Finding(message=f"the {part} shows '{found[0]}'", cure="fill it in, or take it out")


@proof_lint("SPK020", Severity.WARNING)
def headlines(proof: Proof) -> Iterator[Finding]:
    """Not exactly one headline of the first level."""
    count = sum(element.tag == "h1" for element in proof.elements)
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
        for element, address in proof.attributes(name):
            is_whole = _ABSOLUTE.match(address) or address.startswith(("cid:", "data:"))
            if element.tag in ("a", "img") and not is_whole:
                cure = "write the whole address, https://…"
                yield Finding(message=f"'{address[:60]}' leads nowhere from a mailbox", cure=cure)


@proof_lint("SPK070", Severity.WARNING)
def wrong_direction(proof: Proof) -> Iterator[Finding]:
    """HTML whose language or direction is not that of the issue."""
    language, said = proof.issue.language, str(proof.tree.get("lang", ""))
    if said and said.lower() != language.lower():
        yield Finding(
            message=f"the mail says lang='{said}', the issue '{language}'", cure=f"use {{{{ language }}}} {_TEMPLATE}"
        )
    is_rtl = language.lower().split("-")[0] in _RTL and "-latn" not in language.lower()
    direction = str(proof.tree.get("dir", "")).lower()
    if is_rtl and direction != "rtl":
        message = f"'{language}' runs from right to left, and the mail says dir='{direction or 'ltr'}'"
        yield Finding(message=message, cure=f"use {{{{ direction }}}} {_TEMPLATE}, or set [publication] direction")


@proof_lint("SPK071", Severity.WARNING)
def untitled(proof: Proof) -> Iterator[Finding]:
    """HTML without a title, which screen readers say first and windows show."""
    titles = [" ".join((element.text or "").split()) for element in proof.elements if element.tag == "title"]
    if not any(titles):
        yield Finding(message="the HTML part has no title", cure=f"write <title>{{{{ title }}}}</title> {_TEMPLATE}")


@proof_lint("SPK072", Severity.WARNING)
def no_article(proof: Proof) -> Iterator[Finding]:
    """No element with role=article that carries language and name: webmail throws html and body away."""
    articles = [element for element, role in proof.attributes("role") if role == "article"]
    if not any(element.get("lang") and element.get("aria-label") for element in articles):
        message = "no element around the mail has role=article, lang and aria-label"
        yield Finding(message=message, cure=f"wrap it {_TEMPLATE}, as email.html.j2 of the first theme does")


@proof_lint("SPK073", Severity.WARNING)
def layout_table(proof: Proof) -> Iterator[Finding]:
    """A table without heads and without role=presentation: voices count its rows and columns aloud."""
    for element in proof.elements:
        if element.tag != "table" or element.get("role") in ("presentation", "none"):
            continue
        if next(element.iter("th"), None) is None:
            words = " ".join(element.text_content().split())[:40]
            cure = "give it role=presentation, or heads if it holds figures"
            yield Finding(message=f"the table of '{words}' says neither", cure=cure)


@proof_lint("SPK074", Severity.WARNING)
def no_metas(proof: Proof) -> Iterator[Finding]:
    """No character set, or no viewport: letters go wrong where headers are lost, and phones show a page in small."""
    metas = [element for element in proof.elements if element.tag == "meta"]
    kinds = {str(meta.get("http-equiv", "")).lower() for meta in metas}
    names = {str(meta.get("name", "")).lower() for meta in metas}
    if not any(meta.get("charset") for meta in metas) and "content-type" not in kinds:
        yield Finding(message="the HTML part has no charset", cure=f'write <meta charset="utf-8"> {_TEMPLATE}')
    if "viewport" not in names:
        cure = f'write <meta name="viewport" content="width=device-width, initial-scale=1"> {_TEMPLATE}'
        yield Finding(message="the HTML part has no viewport", cure=cure)


@proof_lint("SPK075", Severity.WARNING)
def no_color_scheme(proof: Proof) -> Iterator[Finding]:
    """A dark stylesheet without the metas that switch it on in Apple Mail."""
    is_dark = any(
        "prefers-color-scheme" in (element.text or "") for element in proof.elements if element.tag == "style"
    )
    names = {name.lower() for element, name in proof.attributes("name") if element.tag == "meta"}
    for name in ("color-scheme", "supported-color-schemes"):
        if is_dark and name not in names:
            cure = f'write <meta name="{name}" content="light dark"> {_TEMPLATE}'
            yield Finding(message=f"a dark stylesheet, and no meta {name}", cure=cure)


@proof_lint("SPK076", Severity.WARNING)
def twin_ids(proof: Proof) -> Iterator[Finding]:
    """An id that stands twice: a link to it leads to the first alone."""
    ids = Counter(value for _, value in proof.attributes("id"))
    for value, count in ids.items():
        if count > 1:
            yield Finding(message=f"the id '{value[:40]}' stands {count} times", cure="name each once")


def _letters(text: str) -> str:
    """A text without anything that a template may break lines by."""
    return "".join(c for c in text.casefold() if c.isalnum())
