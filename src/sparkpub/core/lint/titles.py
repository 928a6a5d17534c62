"""Lints of the words that an inbox shows: title, summary, preheader."""

import re
import unicodedata
from collections.abc import Iterator

from sparkpub.core.lint.registry import Finding, Manuscript, manuscript_lint
from sparkpub.core.model import Status
from sparkpub.errors import Severity

_INBOX = 140
_SHOUTED = 8
_EXCITED = re.compile(r"[!?]{2,}|!.*!|¡.*¡|！.*！")
_REPLY = re.compile(r"\s*(?:re|fwd?|aw|wg|tr|rv|отв)\s*:", re.IGNORECASE)
_BARKING = re.compile(
    r"\b(?:act now|buy now|order now|click (?:here|below)|call now|limited time|risk[- ]free|100 ?% free|"
    r"no obligation|winner|congratulations|cash bonus|earn money|make money|double your|urgent|last chance|"
    r"exclusive deal|special offer|lowest price|satisfaction guaranteed|viagra|casino)\b|\$\$+|€€+|££+",
    re.IGNORECASE,
)


@manuscript_lint("SPK001", Severity.WARNING)
def no_summary(manuscript: Manuscript) -> Iterator[Finding]:
    """No summary: feeds and the archive have nothing to show under the title."""
    issue = manuscript.issue
    if not issue.summary and issue.status is not Status.DRAFT:
        yield Finding(line=1, message="no summary", cure="add `summary:` with one or two sentences")


@manuscript_lint("SPK002", Severity.ADVICE)
def long_preheader(manuscript: Manuscript) -> Iterator[Finding]:
    """No preheader of its own, and the summary is longer than inboxes show."""
    issue = manuscript.issue
    key = "preheader" if issue.preheader else "summary"
    length = len(issue.preheader or issue.summary)
    if length > _INBOX:
        cure = "shorten it" if issue.preheader else f"add `preheader:` of at most {_INBOX} characters"
        message = f"the preheader has {length} characters, and inboxes show about 100"
        yield Finding(line=manuscript.line_of(key), message=message, cure=cure)


@manuscript_lint("SPK003", Severity.WARNING)
def shouted_title(manuscript: Manuscript) -> Iterator[Finding]:
    """A title in capitals alone: it reads as shouting, and spam filters count it."""
    letters = [c for c in manuscript.issue.title if c.isalpha() and c.lower() != c.upper()]
    if len(letters) >= _SHOUTED and all(c.isupper() for c in letters):
        yield _of_title(manuscript, "the title is all capitals", "write it as a sentence")


@manuscript_lint("SPK025", Severity.WARNING)
def wordless_title(manuscript: Manuscript) -> Iterator[Finding]:
    """A title of emoji or signs alone: a screen reader has nothing to say, a subject nothing to be found by."""
    if not any(unicodedata.category(c)[0] in "LN" for c in manuscript.issue.title):
        yield _of_title(manuscript, "the title has no word", "name the piece")


@manuscript_lint("SPK026", Severity.WARNING)
def excited_title(manuscript: Manuscript) -> Iterator[Finding]:
    """Several exclamation or question marks in a title: spam filters count them."""
    if found := _EXCITED.search(manuscript.issue.title):
        yield _of_title(manuscript, f"'{found[0][:40]}' in the title", "one mark is enough")


@manuscript_lint("SPK027", Severity.WARNING)
def feigned_reply(manuscript: Manuscript) -> Iterator[Finding]:
    """A title that begins like a reply or a forwarded mail: the law calls such a subject deceptive."""
    if found := _REPLY.match(manuscript.issue.title):
        yield _of_title(manuscript, f"the title begins with '{found[0].strip()}'", "begin with what the piece is about")


@manuscript_lint("SPK028", Severity.WARNING)
def barking_title(manuscript: Manuscript) -> Iterator[Finding]:
    """Words of a market crier in the title: spam filters know them by heart."""
    if found := _BARKING.search(manuscript.issue.title):
        yield _of_title(manuscript, f"'{found[0]}' in the title is what spam says", "say it in other words")


@manuscript_lint("SPK029", Severity.WARNING)
def echo(manuscript: Manuscript) -> Iterator[Finding]:
    """A preheader that only says the title again: an inbox shows both side by side."""
    issue = manuscript.issue
    preview = issue.preheader or issue.summary
    if preview and _letters(preview) == _letters(issue.title):
        key = "preheader" if issue.preheader else "summary"
        line = manuscript.line_of(key)
        yield Finding(line=line, message=f"the {key} repeats the title", cure="say what the title does not")


def _of_title(manuscript: Manuscript, message: str, cure: str) -> Finding:
    return Finding(line=manuscript.line_of("title"), message=message, cure=cure)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
