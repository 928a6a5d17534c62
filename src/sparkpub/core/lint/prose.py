"""Lints of the prose: what was left standing, what went wrong in typing, what is hard to read."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from sparkpub.core.lint.registry import Finding, Manuscript, manuscript_lint
from sparkpub.core.model import Status
from sparkpub.errors import Severity

_LEFT_OVER = re.compile(
    r"\bTK+\b|\bTKTK|\bTODO\b|\bFIXME\b|\bXXX\b|\blorem ipsum\b|\{%.*?%\}|\[(?:insert|your)\b[^\[\]]{0,99}\]",
    re.IGNORECASE,
)
_CASED = frozenset({"tk", "tkk", "todo", "fixme", "xxx"})
_UNTOUCHED = re.compile(r"^Write here\.$", re.MULTILINE)
# `{{ reader.… }}` is ours, and checked where it is read.
_FOREIGN_FIELD = re.compile(r"\{\{(?!-?\s*(?i:reader)\b)[^{}]*\}\}|\*?\|[A-Z][A-Z_:]{2,}\|\*?|%%?[A-Z_]{4,}%%?")
_NAME = re.compile(r"name|vorname|nom|nombre|имя", re.IGNORECASE)
_LONG_WORD, _LONG_PARAGRAPH, _ENOUGH = 45, 1800, 200
_SHOUTED_WORDS = 6
# Scripts that set no spaces between words are left out: there a run of letters is a sentence.
_RUN = re.compile(rf"[^\s\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\uffdc\U00020000-\U0003ffff]{{{_LONG_WORD},}}")
_DOUBLED = {
    "en": "the a an of to and for with at from as were are this",
    "fr": "le les de des du et un une à dans pour par sur",
    "de": "und ein eine einen im auf mit von zu für ist",
    "es": "el los las de del y un una en por para con",
    "ru": "и в на с по из к от за для",
    "ar": "في من على إلى عن أن إن التي الذي",
}
_MIXED = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*[\u0370-\u03ff\u0400-\u04ff])[^\W\d_]{3,}\b")
_INVISIBLE = re.compile(r"[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ufffc\ufffd]")
_VISIBLE_MARKS = re.compile(
    r"\[\^[^\[\]\s]{1,99}\]|\]\([^)\s]*\)?|\*\*(?=[^\W_])|(?<=[^\W_])\*\*|(?<!\w)__(?=\w)|^:{3,}.*|^#{1,6}(?=[^\W\d_])",
    re.MULTILINE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_SCRIPTS = {"CYRILLIC": "ru uk be bg sr mk kk", "GREEK": "el", "HEBREW": "he yi", "ARABIC": "ar fa ur ps ckb ug sd ks"}
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
    r"\bقبل (\d{1,4}) (?:عام|أعوام|سنة|سنوات)",
)
_AGE = re.compile("|".join(_AGES), re.IGNORECASE)


@manuscript_lint("SPK005", Severity.FAULT)
def left_over(manuscript: Manuscript) -> Iterator[Finding]:
    """Words that were to be replaced: TK, TODO, lorem ipsum, {% … %}."""
    if manuscript.issue.status is Status.DRAFT:
        return
    for passage in manuscript.own_passages:
        for found in _LEFT_OVER.finditer(passage.text):
            word = found[0]
            if word.casefold() in _CASED and not word.isupper():
                continue
            message = f"'{word[:40]}' was left standing"
            yield Finding(line=passage.line_at(found.start()), message=message, cure="write what belongs there")
        if _UNTOUCHED.search(passage.text):
            yield Finding(
                line=passage.line, message="the text was not written yet", cure="write it, or make it a draft"
            )


@manuscript_lint("SPK010", Severity.WARNING)
def stale_age(manuscript: Manuscript) -> Iterator[Finding]:
    """The text says how many years ago, and this anniversary is another one."""
    number = manuscript.number
    if not number:
        return
    for passage in manuscript.own_passages:
        for found in _AGE.finditer(passage.text):
            words = next(group for group in found.groups() if group)
            age = int(words) if words.isdecimal() else _WORDS[words.casefold()]
            if age != number:
                message = f"'{found[0]}', but this is the anniversary of {number} years"
                cure = "leave the number to the dateline, or allow SPK010 if other years are meant"
                yield Finding(line=passage.line_at(found.start()), message=message, cure=cure)


@manuscript_lint("SPK024", Severity.FAULT)
def foreign_field(manuscript: Manuscript) -> Iterator[Finding]:
    """A personal field in the manner of another service: it would be shown as typed."""
    if manuscript.issue.status is Status.DRAFT:
        return
    for passage in manuscript.passages:
        for found in _FOREIGN_FIELD.finditer(passage.text):
            name = "name" if _NAME.search(found[0]) else "town"
            cure = f'write {{{{ reader.{name} | default("…") }}}}'
            message = f"'{found[0][:60]}' is no field of ours"
            yield Finding(line=passage.line_at(found.start()), message=message, cure=cure)


@manuscript_lint("SPK030", Severity.WARNING)
def doubled_word(manuscript: Manuscript) -> Iterator[Finding]:
    """A small word typed twice, often over a line's end."""
    words = _DOUBLED.get(manuscript.issue.language.split("-")[0].lower(), "").replace(" ", "|")
    if not words:
        return
    for passage in manuscript.passages:
        for found in re.finditer(rf"\b({words})\s+\1\b(?!['’-])", passage.text, re.IGNORECASE):
            if found[1] == found[1].lower():
                message = f"'{' '.join(found[0].split())}' stands twice"
                yield Finding(line=passage.line_at(found.start()), message=message, cure="take one out")


@manuscript_lint("SPK031", Severity.WARNING)
def mixed_letters(manuscript: Manuscript) -> Iterator[Finding]:
    """A word of Latin and Cyrillic or Greek letters: no search finds it, and filters take it for fraud."""
    for passage in manuscript.passages:
        for found in _MIXED.finditer(passage.text):
            odd = next(c for c in found[0] if not c.isascii() and unicodedata.name(c, "").startswith(("CYR", "GREEK")))
            message = f"'{found[0][:40]}' mixes alphabets: its '{odd}' is {unicodedata.name(odd).split()[0].title()}"
            yield Finding(line=passage.line_at(found.start()), message=message, cure="type the word anew")


@manuscript_lint("SPK032", Severity.WARNING)
def invisible_character(manuscript: Manuscript) -> Iterator[Finding]:
    """A character that nobody sees, such as a zero-width space or a turn of direction; paste brings them in."""
    for passage in manuscript.passages:
        if found := _INVISIBLE.search(passage.text):
            name = unicodedata.name(found[0], "no character").lower()
            message = f"an invisible U+{ord(found[0]):04X} ({name})"
            yield Finding(line=passage.line_at(found.start()), message=message, cure="take it out")


@manuscript_lint("SPK033", Severity.ADVICE)
def long_word(manuscript: Manuscript) -> Iterator[Finding]:
    """A word or bare address too long for a phone's line; Word's engine does not break it."""
    for passage in manuscript.passages:
        for found in _RUN.finditer(passage.text):
            message = f"'{found[0][:30]}…' runs on for {len(found[0])} characters"
            cure = "give a link words of its own; divide a word"
            yield Finding(line=passage.line_at(found.start()), message=message, cure=cure)


@manuscript_lint("SPK034", Severity.ADVICE)
def long_paragraph(manuscript: Manuscript) -> Iterator[Finding]:
    """A paragraph of the editor's own that fills several screens of a phone."""
    for passage in manuscript.own_passages:
        if passage.line >= manuscript.issue.body_line and len(passage.text) > _LONG_PARAGRAPH:
            message = f"a paragraph of {len(passage.text):,} characters"
            yield Finding(line=passage.line, message=message, cure="divide it where the thought turns")


@manuscript_lint("SPK035", Severity.WARNING)
def wrong_language(manuscript: Manuscript) -> Iterator[Finding]:
    """Text in a script that the issue's language is not written in: it is read aloud and set by the wrong rules."""
    language, *subtags = manuscript.issue.language.lower().split("-")
    letters = Counter(_script(c) for passage in manuscript.own_passages for c in passage.text if c.isalpha())
    script, count = letters.most_common(1)[0] if letters else ("", 0)
    speakers = _SCRIPTS.get(script, "")
    expected = next((name for name, languages in _SCRIPTS.items() if language in languages.split()), "LATIN")
    is_other = language not in speakers.split() if speakers else script == "LATIN" != expected
    if count >= _ENOUGH and is_other and not subtags:
        message = f"the language is '{language}', and the text is written in {script.title()} letters"
        cure = f"set `language:`, for example {speakers.split()[0]}" if speakers else "set `language:`"
        yield Finding(line=manuscript.line_of("language"), message=message, cure=cure)


@manuscript_lint("SPK036", Severity.WARNING)
def visible_marks(manuscript: Manuscript) -> Iterator[Finding]:
    """Markdown that was not understood, so that readers see its signs: a note that is not there, a link cut in two."""
    for passage in manuscript.passages:
        if passage.line < manuscript.issue.body_line or not (found := _VISIBLE_MARKS.search(passage.text)):
            continue
        if f"\\{found[0][0]}" not in passage.source:
            is_note = found[0].startswith("[^")
            cure = f"write the note: {found[0]}: …" if is_note else "mend it, or write \\ before a sign that is meant"
            message = f"'{found[0][:40]}' is shown as it stands"
            yield Finding(line=passage.line_at(found.start()), message=message, cure=cure)


@manuscript_lint("SPK037", Severity.ADVICE)
def shouted_passage(manuscript: Manuscript) -> Iterator[Finding]:
    """A run of words in capitals outside a quotation: slow to read, and some voices spell it out."""
    for passage in manuscript.own_passages:
        if passage.line < manuscript.issue.body_line:
            continue
        words = list(_WORD.finditer(passage.text))
        for _, group in groupby(words, key=lambda word: word[0].isupper()):
            run = list(group)
            if len(run) >= _SHOUTED_WORDS and run[0][0].isupper():
                message = f"'{run[0][0]} {run[1][0]} …' and on, {len(run)} words in capitals"
                yield Finding(line=passage.line_at(run[0].start()), message=message, cure="write them small")


def _script(letter: str) -> str:
    """The script of a letter; one word of its Unicode name tells it."""
    return "LATIN" if letter.isascii() else unicodedata.name(letter, "NONE").split()[0]
