"""Lints of all issues beside one another: titles, the numbers of parts, old addresses."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sparkpub.core import links
from sparkpub.core.feeds import ATOM, JSON, RSS
from sparkpub.core.lint.registry import Finding, front_lines, shelf_lint
from sparkpub.core.model import Issue, Status
from sparkpub.errors import Severity

_PART = re.compile(
    r"(?:\b(?:part|chapter|teil|partie|parte|chapitre|kapitel|capítulo|часть|глава)|№|#)\s*(\d{1,3}|[ivx]{1,6})\b",
    re.IGNORECASE,
)
# The pages and files that every site has, and favicon.ico, which no build writes, but every browser asks for; years and
# days of the year have pages when something was released then.
_PAGES = ("/", "/archive/", "/feeds/", "/on-this-day/", "/search/", "/subscribe/")
_FILES = """
404.html _headers calendar.ics favicon.ico feeds.opml robots.txt search/index.json search/search.js site.js sitemap.xml
style.css
"""
_DATED = re.compile(r"/(?:[0-9]{4}|on-this-day/[0-9]{2}-[0-9]{2})/")
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


@shelf_lint("SPK095", Severity.FAULT)
def taken_addresses(issues: Sequence[Issue]) -> Iterator[tuple[Issue, Finding]]:
    """An old address (`aliases`) at which something else stands: who comes by it would not find the piece."""
    owners: dict[str, list[Issue]] = defaultdict(list)
    for issue in issues:
        for path in {path for path in map(links.alias_path, issue.aliases) if path}:
            owners[path].append(issue)
    built, homes = _built(issues), {links.issue_path(issue.slug): issue for issue in issues}
    for issue in issues:
        for alias in issue.aliases:
            path = links.alias_path(alias) or ""
            others = [other.path for other in owners[path] if other is not issue]
            what = f"of {others[0]} too" if others else _holder(path, issue, homes, built)
            if what:
                cure = "leave it out where it does not belong"
                yield (
                    issue,
                    Finding(line=_alias_line(issue, alias), message=f"the alias '{alias}' is {what}", cure=cure),
                )


def _built(issues: Sequence[Issue]) -> frozenset[str]:
    """The files of the site, other than pages of issues, that are there or will be once these are released."""
    pages = set(_PAGES)
    for issue in issues:
        pages |= {links.tag_path(tag) for tag in issue.tags} | {links.author_path(name) for name in issue.authors}
        pages |= {links.series_path(issue.series)} if issue.series else set()
    files = {links.file_of(page + name) for page in pages for name in ("", RSS, ATOM, JSON)}
    return frozenset(files | set(_FILES.split()))


def _holder(path: str, issue: Issue, homes: Mapping[str, Issue], built: frozenset[str]) -> str:
    """What stands at the path of an alias, as `the page of …`; "" if nothing does."""
    home = homes.get("/".join([*path.split("/")[:3], ""]))
    if home is not None and home is not issue:
        return f"where {home.path} stands"
    parts = links.file_of(path).split("/")
    is_taken = any("/".join(parts[:depth]) in built for depth in range(1, len(parts) + 1))
    return "an address of the site itself" if is_taken or _DATED.fullmatch(path) else ""


def _alias_line(issue: Issue, alias: str) -> int:
    """The line of an old address."""
    shown = re.compile(rf"(?<![^\s\"'\[,-]){re.escape(alias)}(?![^\s\"'\],#])")
    return next((n for n, line in front_lines(issue) if shown.search(line)), 1)


def _number(words: str) -> int:
    """A number in figures or, up to 39, in Roman letters."""
    if words.isdecimal():
        return int(words)
    values = [_ROMAN[letter] for letter in words]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def _title_line(issue: Issue) -> int:
    return next((n for n, line in front_lines(issue) if line.lstrip().startswith("title:")), 1)
