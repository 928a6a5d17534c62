"""Lints of all issues beside one another: titles, and the numbers of parts."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from sparkpub.core.lint.registry import Finding, shelf_lint
from sparkpub.core.model import Issue, Status
from sparkpub.errors import Severity

_PART = re.compile(
    r"(?:\b(?:part|chapter|teil|partie|parte|chapitre|kapitel|capítulo|часть|глава)|№|#)\s*(\d{1,3}|[ivx]{1,6})\b",
    re.IGNORECASE,
)
_ROMAN = {"i": 1, "v": 5, "x": 10}


@shelf_lint("SPK091", Severity.WARNING)
def twin_titles(issues: Sequence[Issue]) -> Iterator[tuple[Issue, Finding]]:
    """Two issues of one title: in an inbox and in the archive nobody can tell them apart."""
    first: dict[str, Issue] = {}
    for issue in issues:
        if issue.status is Status.DRAFT:
            continue
        other = first.setdefault(" ".join(issue.title.casefold().split()), issue)
        if other is not issue:
            message = f"the title is that of {other.path} too"
            yield (
                issue,
                Finding(line=_title_line(issue), message=message, cure="tell them apart, by a year if nothing else"),
            )


@shelf_lint("SPK092", Severity.WARNING)
def part_numbers(issues: Sequence[Issue]) -> Iterator[tuple[Issue, Finding]]:
    """Parts of a series whose numbers repeat or leave one out."""
    parts: dict[str, dict[int, Issue]] = defaultdict(dict)
    for issue in issues:
        found = _PART.search(issue.title) or _PART.search(issue.kicker)
        if not issue.series or found is None or issue.status is Status.DRAFT:
            continue
        number = _number(found[1].lower())
        other = parts[issue.series].setdefault(number, issue)
        if other is not issue:
            message = f"'{found[0]}' of {issue.series} is {other.path} too"
            yield issue, Finding(line=_title_line(issue), message=message, cure="number the parts anew")
    for series, numbered in parts.items():
        for number in sorted(numbered):
            if number > 1 and number - 1 not in numbered:
                message = f"part {number} of {series} has no part {number - 1} before it"
                cure = "number the parts anew, or add what is missing"
                yield numbered[number], Finding(line=_title_line(numbered[number]), message=message, cure=cure)


def _number(words: str) -> int:
    """A number in figures or, up to 39, in Roman letters."""
    if words.isdecimal():
        return int(words)
    values = [_ROMAN[letter] for letter in words]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def _title_line(issue: Issue) -> int:
    front = issue.source.decode("utf-8", "replace").splitlines()[: issue.body_line - 1]
    return next((n for n, line in enumerate(front, 1) if line.lstrip().startswith("title:")), 1)
