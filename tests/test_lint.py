"""Lints: each has a code, a case that it finds, a case that it leaves alone, and can be waived."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sample_lint import HTML, TEXT, TITLE, issue, mailed, written
from sparkpub.core.lint import LINTS, known_codes, lint_email, lint_issue, lint_shelf
from sparkpub.core.lint.sarif import sarif_report
from sparkpub.core.model import Status
from sparkpub.errors import Fault, Severity


def test_codes_are_unique_ordered_and_described() -> None:
    assert list(LINTS) == sorted(LINTS)
    assert len(LINTS) >= 40
    assert known_codes() == set(LINTS)
    for code, lint in LINTS.items():
        assert code == lint.code
        assert len(code) == 6
        assert lint.summary


def test_every_lint_has_a_test_that_names_its_code() -> None:
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_lint*.py"))
    named = {code.upper() for code in re.findall(r"spk\d{3}(?=_)", " ".join(re.findall(r"def (\w+)", tests)))}
    assert named == set(LINTS)


def test_a_good_piece_and_its_mail_have_nothing_said_of_them() -> None:
    body = "## One\n\nText with [the Gazette](https://e.org).\n\n![A street](a.png)\n\n### Two\n\nMore."
    assert lint_issue(issue(body), number=0) == []
    assert all(mailed(code) == [] for code in LINTS)


def test_spk001_a_piece_without_summary() -> None:
    assert written("SPK001", front="title: T") == [1]


def test_spk002_a_summary_longer_than_inboxes_show() -> None:
    assert written("SPK002", front="title: T\nsummary: " + "word " * 40) == [6]
    assert written("SPK002", front="title: T\npreheader: short\nsummary: " + "word " * 40) == []


def test_spk003_a_title_in_capitals() -> None:
    assert written("SPK003", front="title: EVERYTHING MUST GO") == [5]
    assert written("SPK003", front="title: NATO") == []


def test_spk004_a_subject_that_inboxes_cut() -> None:
    assert mailed("SPK004", subject="x" * 71)
    assert not mailed("SPK004", subject="x" * 70)


@pytest.mark.parametrize("word", ["TK", "TODO: ask", "Lorem ipsum dolor", "{% x %}", "Write here.", "[insert name]"])
def test_spk005_words_that_were_left_standing(word: str) -> None:
    assert written("SPK005", body=f"Text.\n\n{word}") == [10]


@pytest.mark.parametrize("text", ["todo el mundo", "`TODO`", "the year XX", "[the editor's words]", "ITK"])
def test_spk005_leaves_words_alone_that_look_alike(text: str) -> None:
    assert written("SPK005", body=text) == []


def test_spk005_leaves_drafts_alone() -> None:
    draft = replace(issue("TK"), status=Status.DRAFT)
    assert [fault.code for fault in lint_issue(draft, number=None)] == []


def test_spk006_a_picture_without_words() -> None:
    assert written("SPK006", body="Text\n\n![](a.png)") == [10]
    assert written("SPK006", front="title: T\nimage: {src: a.png}") == [6]
    assert written("SPK006", body="![A street](a.png)") == []


@pytest.mark.parametrize(
    "link",
    [
        "[x]()",
        "[x](#)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        '<a href="javascript:x">x</a>',
        "[x](data:x)",
    ],
)
def test_spk007_links_that_lead_nowhere_or_to_a_script(link: str) -> None:
    assert written("SPK007", body=f"A {link} b") == [8]


@pytest.mark.parametrize(
    "link", ["[x](https://e.org)", "[x](/a/)", "[x](mailto:a@e.org)", "[x](../b/)", "[x]({{ reader.unsubscribe }})"]
)
def test_spk007_leaves_links_alone_that_lead_somewhere(link: str) -> None:
    assert written("SPK007", body=link) == []


@pytest.mark.parametrize("words", ["here", "Click here", "read more…", "hier", "ici", "*this link*"])
def test_spk008_links_that_do_not_say_where_they_lead(words: str) -> None:
    assert written("SPK008", body=f"Text\n[{words}](https://e.org)") == [9]
    assert written("SPK008", body="[More about Kazan](https://e.org)") == []


def test_spk009_headings_that_skip_a_level() -> None:
    assert written("SPK009", body="## A\n\n#### B\n\n## C\n\n### D") == [10]


@pytest.mark.parametrize(
    "words",
    [
        "A hundred years ago",
        "100 years ago",
        "the 100th anniversary",
        "vor 100 Jahren",
        "il y a 100 ans",
        "100 лет назад",
        "قبل 100 عام",
    ],
)
def test_spk010_an_age_that_has_moved_on(words: str) -> None:
    assert written("SPK010", body=f"It was {words} today.", number=110) == [8]
    assert written("SPK010", body=f"It was {words} today.", number=100) == []
    assert written("SPK010", body=f"It was {words} today.", number=0) == []


def test_spk010_leaves_quotations_alone() -> None:
    assert written("SPK010", body="> Twenty years ago I was young.\n> -- Somebody", number=100) == []


def test_spk011_a_piece_without_text() -> None:
    assert written("SPK011", body=" \n") == [8]


def test_spk012_and_spk013_mails_that_gmail_clips() -> None:
    assert not mailed("SPK012", body_bytes=90_000)
    assert mailed("SPK012", body_bytes=90_001)
    assert mailed("SPK012", body_bytes=102_000)
    assert not mailed("SPK013", body_bytes=102_000)
    assert mailed("SPK013", body_bytes=102_001)
    assert not mailed("SPK012", body_bytes=102_001)


def test_spk014_a_mail_that_cannot_be_left() -> None:
    assert len(mailed("SPK014", html="<p>Hello</p>", text="Hello")) == 2
    assert len(mailed("SPK014", html=HTML.replace("/u/xyz", "/u/abc"))) == 1
    assert not mailed("SPK014", expected={})


def test_spk015_a_mail_without_postal_address() -> None:
    assert mailed("SPK015", text="Hello") == [
        "issues/a.md: the text part has no postal address; put the postal address back into the template"
    ]


def test_spk016_text_that_is_hard_to_read() -> None:
    faint = '<div style="background:#ffffff"><p style="color:#999999">Pale</p></div>'
    assert "contrast of 2.8" in mailed("SPK016", html=faint)[0]
    assert not mailed("SPK016", html='<td bgcolor="#000000"><p style="color:#fff">Bright</p></td>')
    assert not mailed("SPK016", html='<p style="color:#fff;display:none">Preheader</p>')


def test_spk017_an_image_without_alt_attribute() -> None:
    assert mailed("SPK017", html='<img src="https://e.org/a.png">')


def test_spk018_an_image_over_plain_http() -> None:
    assert mailed("SPK018", html='<img alt="" src="http://e.org/a.png">')


def test_spk019_template_code_that_was_not_filled_in() -> None:
    assert mailed("SPK019", subject="Hello {{ name }}")
    assert mailed("SPK019", html="<p>{% if x %}</p>")
    assert mailed("SPK019", text="{{ x }}")
    assert not mailed("SPK019", html="<style>@media x{a{b:c}}</style><code>{{ x }}</code>", text="In code: {{ x }}")
    assert mailed("SPK019", html="<p>a</p><code>{{ x }}</code>", text="In code: {{ x }}, in words: {{ y }}")


def test_spk020_not_exactly_one_headline() -> None:
    assert mailed("SPK020", html="<h1>a</h1><h1>b</h1>")
    assert mailed("SPK020", html="<p>a</p>")


def test_spk021_html_without_language() -> None:
    assert mailed("SPK021", html="<html><body>a</body></html>")


def test_spk022_links_that_need_a_site_around_them() -> None:
    assert mailed("SPK022", html='<a href="/issues/a/">a</a>')
    assert not mailed("SPK022", html=f'<a href="sp{"0" * 30}">a</a><a href="mailto:a@e.org">b</a>')


def test_spk023_a_picture_on_another_server() -> None:
    assert written("SPK023", body="![A](https://e.org/a.png)") == [8]
    assert written("SPK023", front="title: T\nimage: {src: 'http://e.org/a.png', alt: A}") == [6]
    assert written("SPK023", front="title: T\nimage: {src: a.png, alt: A}", body="![A](/b.png)") == []


def test_any_lint_can_be_waived_with_a_reason() -> None:
    front = "title: EVERYTHING MUST GO\nallow: [SPK001: a stub, SPK003: it shouts, SPK004: long]"
    assert lint_issue(issue("Text.", front), number=0) == []
    waived = lint_email(issue("Text.", front), html=HTML, text=TEXT, subject="x" * 90, body_bytes=1)
    assert waived == []


def test_lints_of_all_issues_together_can_be_waived_too() -> None:
    twin = replace(issue(), id="b", path="issues/b.md")
    assert [fault.code for fault in lint_shelf([issue(), twin], of=[twin])] == ["SPK091"]
    assert lint_shelf([issue(), twin], of=[issue()]) == []
    waiving = replace(issue(front=f"{TITLE}\nallow: [SPK091: a sequel]"), id="b")
    assert lint_shelf([issue(), waiving], of=[waiving]) == []


@pytest.mark.parametrize(
    "html", ["", "<", "\x00", "<div>" * 5000, "<p style='color:;:;;color'>x</p>", "<?xml version='1.0'?>"]
)
def test_html_of_any_kind_is_looked_at(html: str) -> None:
    lint_email(issue(), html=html, text="", subject="", body_bytes=0)


def test_sarif_names_rule_level_place_and_words() -> None:
    findings = [
        Fault(path="issues/é a.md", line=7, message="bad", cure="mend it"),
        Fault(path="issues/b.md", line=0, message="long", cure="", code="SPK004", severity=Severity.WARNING),
    ]
    run = json.loads(sarif_report(findings))["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["SPK000", *LINTS]
    first, second = run["results"]
    assert (first["ruleId"], first["level"], first["message"]["text"]) == ("SPK000", "error", "bad; mend it")
    place = first["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("issues/%C3%A9%20a.md", 7)
    assert (second["ruleId"], second["level"]) == ("SPK004", "warning")
    assert second["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    assert sarif_report(findings) == sarif_report(findings)
