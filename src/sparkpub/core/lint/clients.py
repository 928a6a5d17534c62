"""Lints of what mail clients support, by the tests of caniemail.com (`clients_table`)."""

import re
from collections.abc import Iterator

from sparkpub.core.lint.clients_table import CLIENTS, LEFT_OUT
from sparkpub.core.lint.mailtree import declarations
from sparkpub.core.lint.registry import Finding, Proof, proof_lint
from sparkpub.errors import Severity

_MOST, _MANY = 0.5, 0.25
_FUNCTION = re.compile(r"([a-z-]+)\(")
_UNIT = re.compile(r"\d(rem|vh|vw|vmin|vmax|ch)\b")
_SHOWN = 3

# Without these a layout falls apart, so that one client is enough.
_LAYOUT = frozenset({"display:flex", "display:grid", "position", "grid-template-columns", "var()", "calc()"})
# Without these nothing is lost: there is a second declaration for old clients, or the words stay as they are.
_GRACEFUL = frozenset(
    {"overflow-wrap", "word-wrap", "hyphens", "cursor", "transition", "orphans", "widows", "border-radius", "text-wrap"}
    | {"<abbr>", "<acronym>", "<bdi>", "<body>", "<style>", "<wbr>", "<rt>", "<rp>"}
    | {
        "<article>",
        "<aside>",
        "<figcaption>",
        "<figure>",
        "<footer>",
        "<header>",
        "<main>",
        "<nav>",
        "<section>",
        "<time>",
    }
)


@proof_lint("SPK086", Severity.WARNING)
def unsupported_css(proof: Proof) -> Iterator[Finding]:
    """CSS that most mail clients leave out, or without which a layout falls apart in some."""
    for feature, share in _css(proof):
        if share >= _MOST or feature in _LAYOUT:
            yield _finding(feature, "set it another way, with tables and padding where it is layout")


@proof_lint("SPK087", Severity.ADVICE)
def patchy_css(proof: Proof) -> Iterator[Finding]:
    """CSS that many mail clients leave out: the mail must be as good without it."""
    for feature, share in _css(proof):
        if _MANY <= share < _MOST and feature not in _LAYOUT:
            yield _finding(feature, "make sure that nothing depends on it")


@proof_lint("SPK088", Severity.WARNING)
def unsupported_element(proof: Proof) -> Iterator[Finding]:
    """HTML that most mail clients leave out."""
    for feature, share in _html(proof):
        if share >= _MOST:
            yield _finding(feature, "say it in plain elements")


@proof_lint("SPK089", Severity.ADVICE)
def patchy_element(proof: Proof) -> Iterator[Finding]:
    """HTML that many mail clients leave out."""
    for feature, share in _html(proof):
        if _MANY <= share < _MOST:
            yield _finding(feature, "make sure that it reads well without")


@proof_lint("SPK090", Severity.WARNING)
def unsupported_format(proof: Proof) -> Iterator[Finding]:
    """A picture in a format that some mail clients cannot show."""
    formats = {f".{asset.media_type.partition('/')[2].partition('+')[0]}" for asset in proof.assets}
    for feature in sorted(formats & LEFT_OUT.keys()):
        yield _finding(feature, "save it as PNG or JPEG")


def _css(proof: Proof) -> Iterator[tuple[str, float]]:
    """Every feature of the inline styles that some client lacks, once, with the share of clients without it."""
    pairs = {
        pair for style in {style for _, style in proof.attributes("style")} for pair in declarations(style).items()
    }
    found: set[str] = set()
    for name, value in pairs:
        found |= {name, f"{name}:{value}"}
        found.update(f"{function}()" for function in _FUNCTION.findall(value))
        found.update(f"1{unit}" for unit in _UNIT.findall(value))
    return _shares(found)


def _html(proof: Proof) -> Iterator[tuple[str, float]]:
    """Every element of the mail that some client lacks, once, with the share of clients without it."""
    return _shares({f"<{element.tag}>" for element in proof.elements})


def _shares(found: set[str]) -> Iterator[tuple[str, float]]:
    for feature in sorted(found & LEFT_OUT.keys() - _GRACEFUL):
        _, tested, missing = LEFT_OUT[feature]
        yield feature, len(missing) / tested


def _finding(feature: str, cure: str) -> Finding:
    """What is left out, by whom, and when that was seen."""
    tested_on, tested, missing = LEFT_OUT[feature]
    names = ", ".join(CLIENTS[letter] for letter in missing[:_SHOWN])
    more = f" and {len(missing) - _SHOWN} others" if len(missing) > _SHOWN else ""
    shown = feature.replace(":", ": ").removeprefix("1") if feature[0].isdigit() else feature.replace(":", ": ")
    verb = "leave" if len(missing) > 1 else "leaves"
    message = f"{names}{more} of {tested} mail clients {verb} out {shown} (tested {tested_on})"
    return Finding(message=message, cure=cure)
