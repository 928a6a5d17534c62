"""Lints of time: rules that never fall, and links that died."""

import pytest

from sample_lint import SETTINGS, issue
from sparkpub.adapters.zones import zone
from sparkpub.core.issues import parse_issue
from sparkpub.core.lint import lint_issue
from sparkpub.core.lint.rot import dead_links, web_links
from sparkpub.core.model import Issue
from sparkpub.errors import Fault

GONE = "https://e.org/gone"


def never(*keys: str) -> list[Fault]:
    """What is said of a rule; its keys begin in line 6."""
    front = ["id: a", "status: ready", "title: T", "anniversary:", *(f"  {key}" for key in keys)]
    data = "\n".join(["---", *front, "---", "Text.", ""]).encode()
    parsed = parse_issue(data, path="issues/a.md", settings=SETTINGS, zones=zone)
    assert isinstance(parsed, Issue), parsed
    return [fault for fault in lint_issue(parsed, number=None) if fault.code == "SPK093"]


@pytest.mark.parametrize(
    ("keys", "line", "words"),
    [
        (
            ["of: '1917-09-04'", "years: [100]", "until: '2017-09-03'"],
            8,
            "until 2017-09-03 is before its first anniversary, 2017-09-04 (N = 100)",
        ),
        (
            ["of: '1917-09-04'", "every: 10", "until: '1920-01-01'"],
            8,
            "until 1920-01-01 is before its first anniversary, 1927-09-04 (N = 10)",
        ),
        (
            ["of: '1917-09-04'", "years: [50, 100]", "from: '2018-01-01'"],
            8,
            "from 2018-01-01 is after its last anniversary, 2017-09-04 (N = 100)",
        ),
        (
            ["of: '1917-09-04'", "every: 10", "from: '2018-01-01'", "until: '2026-12-31'"],
            9,
            "no anniversary chosen is from 2018-01-01 to 2026-12-31",
        ),
        (["of: '1904-02-29'", "years: [1, 101]", "leap_day: omit"], 8, "no year chosen has its day"),
        (["of: '1917-09-04'", "years: [9000]"], 7, "within the years 1 to 9999"),
        (["of: '1917-09-04'", "every: 9000"], 6, "within the years 1 to 9999"),
    ],
)
def test_spk093_a_rule_that_never_falls_is_blamed_in_its_line(keys: list[str], line: int, words: str) -> None:
    (fault,) = never(*keys)
    assert fault.line == line
    assert words in fault.message
    assert fault.cure


@pytest.mark.parametrize(
    "keys",
    [
        ["of: '1917-09-04'", "years: [1]"],
        ["of: '1904-02-29'", "every: 1", "leap_day: omit"],
        ["of: '1904-02-29'", "years: [1, 4]", "leap_day: omit"],
        ["of: '1917-09-04'", "every: 1", "from: '2018-01-01'"],
        ["of: '1917-09-04'", "years: [100]", "from: '2017-09-04'", "until: '2017-09-04'"],
    ],
)
def test_spk093_a_rule_that_fell_once_is_left_alone_however_long_ago(keys: list[str]) -> None:
    assert never(*keys) == []


def test_spk093_a_rule_on_one_line_is_blamed_where_it_begins() -> None:
    rule = b"{of: '1917-09-04', years: [9], until: '1918-01-01'}"
    data = b"---\nid: a\nstatus: draft\ntitle: T\nanniversary: " + rule + b"\n---\nT\n"
    parsed = parse_issue(data, path="issues/a.md", settings=SETTINGS, zones=zone)
    assert isinstance(parsed, Issue)
    assert [f.line for f in lint_issue(parsed, number=None) if f.code == "SPK093"] == [5]


def test_spk094_a_dead_link_is_told_in_its_line_and_a_live_one_is_not() -> None:
    piece = issue(f"[A]({GONE}#x) and\n[b](https://e.org/here), [c](/own/), [d](mailto:a@e.org).\n\n<{GONE}>\n")
    assert web_links([piece]) == {GONE, "https://e.org/here"}
    assert [(f.line, f.message) for f in dead_links(piece, {GONE: "answers 404"})] == [
        (8, f"the link to '{GONE}' answers 404"),
        (11, f"the link to '{GONE}' answers 404"),
    ]


def test_spk094_a_waived_link_is_not_even_asked() -> None:
    piece = issue(f"[A]({GONE})", front="title: T\nallow: [SPK094: it is about its death]")
    assert web_links([piece]) == frozenset()
    assert dead_links(piece, {GONE: "answers 404"}) == []
