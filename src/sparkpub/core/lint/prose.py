"""Lints of the words: what was left standing, and ages that have moved on."""

import re
from collections.abc import Iterator

from sparkpub.core.lint.registry import Finding, Manuscript, manuscript_lint
from sparkpub.core.model import Status
from sparkpub.errors import Severity

_LEFT_OVER = re.compile(
    r"\bTK+\b|\bTKTK|\bTODO\b|\bFIXME\b|\bXXX\b|\blorem ipsum\b|\{\{.*?\}\}|\{%.*?%\}|\[(?:insert|your)\b[^\]]*\]",
    re.IGNORECASE,
)
_CASED = frozenset({"tk", "tkk", "todo", "fixme", "xxx"})
_UNTOUCHED = re.compile(r"^Write here\.$", re.MULTILINE)
_WORDS = {
    "ten": 10,
    "twenty": 20,
    "twenty-five": 25,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "seventy-five": 75,
    "eighty": 80,
    "ninety": 90,
    "a hundred": 100,
    "one hundred": 100,
    "a hundred and fifty": 150,
    "two hundred": 200,
    "five hundred": 500,
    "a thousand": 1000,
}
_NUMBER = "|".join(sorted(_WORDS, key=len, reverse=True))
_AGES = (
    rf"\b(\d{{1,4}}|{_NUMBER}) years ago\b",
    r"\b(\d{1,4})(?:st|nd|rd|th) anniversary\b",
    r"\bvor (\d{1,4}) Jahren\b",
    r"\bil y a (\d{1,4}) ans\b",
    r"\bhace (\d{1,4}) años\b",
    r"\b(\d{1,4}) (?:лет|года?) (?:тому )?назад\b",
)
_AGE = re.compile("|".join(_AGES), re.IGNORECASE)


@manuscript_lint("SPK005", Severity.FAULT)
def left_over(manuscript: Manuscript) -> Iterator[Finding]:
    """Words that were to be replaced: TK, TODO, lorem ipsum, {{ … }}."""
    if manuscript.issue.status is Status.DRAFT:
        return
    for line, text in _passages(manuscript):
        for found in _LEFT_OVER.finditer(text):
            word = found[0]
            if word.casefold() in _CASED and not word.isupper():
                continue
            yield Finding(line=line, message=f"'{word[:40]}' was left standing", cure="write what belongs there")
        if _UNTOUCHED.search(text):
            yield Finding(line=line, message="the text was not written yet", cure="write it, or make it a draft")


@manuscript_lint("SPK010", Severity.WARNING)
def stale_age(manuscript: Manuscript) -> Iterator[Finding]:
    """The text says how many years ago, and this anniversary is another one."""
    number = manuscript.number
    if not number:
        return
    for line, text in _passages(manuscript):
        for found in _AGE.finditer(text):
            words = next(group for group in found.groups() if group)
            age = int(words) if words.isdecimal() else _WORDS[words.casefold()]
            if age != number:
                message = f"'{found[0]}', but this is the anniversary of {number} years"
                cure = "leave the number to the dateline, or allow SPK010 if other years are meant"
                yield Finding(line=line, message=message, cure=cure)


def _passages(manuscript: Manuscript) -> Iterator[tuple[int, str]]:
    """Every text a reader will read, with its line; code and what others are quoted with is left out."""
    issue = manuscript.issue
    for key in ("title", "kicker", "summary", "preheader", "footer"):
        if text := getattr(issue, key):
            yield manuscript.line_of(key), text
    quoted = 0
    for token in manuscript.markup.tokens:
        quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type != "inline" or quoted:
            continue
        line = issue.body_line + (token.map[0] if token.map else 0)
        parts = ["\n" if c.type in ("softbreak", "hardbreak") else c.content for c in token.children or ()]
        kept = (
            " " if child.type == "code_inline" else part
            for child, part in zip(token.children or (), parts, strict=True)
        )
        yield line, "".join(kept)
