"""Lints of links, pictures and the body's build, and of issues beside one another."""

from dataclasses import replace

import pytest

from sample_lint import issue, written
from sparkpub.core.lint import lint_issue, lint_shelf
from sparkpub.core.model import Issue


@pytest.mark.parametrize("host", ["bit.ly", "t.co", "TinyURL.com"])
def test_spk038_a_link_through_a_shortener(host: str) -> None:
    assert written("SPK038", body=f"A\n[page](https://{host}/x)") == [9]
    assert written("SPK038", body="[page](https://habit.ly/x)") == []


def test_spk039_a_link_that_shows_another_address() -> None:
    assert written("SPK039", body="[www.bank.com](https://evil.org/bank.com)") == [8]
    assert written("SPK039", body="[https://bank.com/login](https://bank.com.evil.org)") == [8]
    for good in ("www.e.org", "e.org/page", "https://en.e.org/", "E. g. this", "Node.js", "What is org.uk.x?"):
        assert written("SPK039", body=f"[{good}](https://e.org/page)") == []


def test_spk040_a_link_that_is_not_encrypted() -> None:
    assert written("SPK040", body="[page](http://e.org)") == [8]
    assert written("SPK040", body="[page](https://e.org) [mail](mailto:a@e.org)") == []


def test_spk041_a_link_that_carries_tracking() -> None:
    assert written("SPK041", body="[page](https://e.org/?a=1&utm_source=x&fbclid=y)") == [8]
    assert written("SPK041", body="[page](https://e.org/?source=x&id=3)") == []


@pytest.mark.parametrize("host", ["localhost:8025", "127.0.0.1", "192.168.1.4", "press.local", "[::1]"])
def test_spk042_a_link_to_ones_own_machine(host: str) -> None:
    assert written("SPK042", body=f"[page](http://{host}/x)") == [8]
    assert written("SPK042", body="[page](https://localhost.org) [b](https://8.8.8.8/)") == []


@pytest.mark.parametrize("link", ["https://8.8.8.8/x", "https://134744072/", "https://bank.com@evil.org/"])
def test_spk043_a_link_that_looks_like_fraud(link: str) -> None:
    assert written("SPK043", body=f"[page]({link})") == [8]
    assert written("SPK043", body="[page](https://e.org/@me) [b](https://3.e.org)") == []


def test_spk044_two_links_of_the_same_words() -> None:
    assert written("SPK044", body="[Report](https://e.org/a)\n\n[report](https://e.org/b)") == [10]
    assert written("SPK044", body="[Report](https://e.org/a)\n\n[report](https://e.org/a)") == []


@pytest.mark.parametrize("href", ["https://[x", "https://e.org:x/", "https://", "http://[fe80::1%25x]/"])
def test_addresses_of_any_kind_are_looked_at(href: str) -> None:
    lint_issue(issue(f"[page](<{href}>) <{href}>"), number=0)


@pytest.mark.parametrize("alt", ["IMG_2034", "DSC01234.JPG", "photo", "map-final.png", "image 3"])
def test_spk045_a_file_name_for_words(alt: str) -> None:
    assert written("SPK045", body=f"Text\n\n![{alt}](a.png)") == [10]
    assert written("SPK045", body="![Photo studio, 1917](a.png)") == []


def test_spk046_words_for_a_picture_that_are_too_long() -> None:
    assert written("SPK046", front=f"title: T\nimage: {{src: a.png, alt: {'word ' * 60}}}") == [6]
    assert written("SPK046", body=f"![{'word ' * 40}](a.png)") == []


def test_spk047_words_for_a_picture_that_say_nothing_new() -> None:
    assert written("SPK047", body="![Image of a street](a.png)") == [8]
    assert written("SPK047", body='![A street](a.png "A street")') == [8]
    assert written("SPK047", body='![Soldiers on a street](a.png "A street")') == []


def test_spk048_a_heading_without_words() -> None:
    assert written("SPK048", body="Text\n\n##\n\nText") == [10]
    assert written("SPK048", body="## A") == []


def test_spk049_a_heading_as_long_as_a_paragraph() -> None:
    assert written("SPK049", body="## " + "word " * 21) == [8]
    assert written("SPK049", body="## " + "word " * 15) == []


def test_spk050_a_bold_paragraph_for_a_heading() -> None:
    assert written("SPK050", body="Text\n\n**The second day**\n\nText") == [10]
    for text in ("**Stop!**", "**One** and **two**", "> **The second day**", "- **One**", f"**{'word ' * 20}**"):
        assert written("SPK050", body=text) == []


def test_spk051_a_table_without_heads() -> None:
    assert written("SPK051", body="Text\n\n|  |  |\n|--|--|\n| a | b |") == [10]
    assert written("SPK051", body="<table><tr><td>a</td></tr></table>") == [8]
    assert written("SPK051", body="|  | b |\n|--|--|\n| a | b |\n\n<table><tr><th>a</th></tr></table>") == []


def test_spk052_a_table_too_wide_for_a_phone() -> None:
    assert written("SPK052", body="|a|b|c|d|e|f|g|\n|-|-|-|-|-|-|-|\n|1|2|3|4|5|6|7|") == [8]
    assert written("SPK052", body="|a|b|c|d|e|f|\n|-|-|-|-|-|-|\n|1|2|3|4|5|6|") == []


@pytest.mark.parametrize(
    "html",
    [
        "<script>x()</script>",
        '<iframe src="x"></iframe>',
        "<form><b>x</b></form>",
        "<video></video>",
        "<style>p{}</style>",
    ],
)
def test_spk053_raw_html_that_is_left_out(html: str) -> None:
    assert written("SPK053", body=f"Text\n\n{html}") == [10]
    assert written("SPK053", body=f"Text\nand {html} more") == [9]


def test_spk053_leaves_html_alone_that_stays() -> None:
    assert (
        written(
            "SPK053", body="<details><summary>a</summary>b</details>\n\n<!-- <script> -->\n\n`<form>` x<sup>2</sup>"
        )
        == []
    )


def test_spk054_attributes_that_are_left_out() -> None:
    assert written("SPK054", body='Text\n<span style="color:red" onclick="x()">a</span>') == [9]
    assert written("SPK054", body='<a href="https://e.org" target="_blank">a</a>') == [8]
    assert written("SPK054", body='<a href="https://e.org" title="x">a</a> <span lang="fr">b</span>') == []


def test_spk055_a_note_that_nothing_refers_to() -> None:
    assert written("SPK055", body="Text.[^1]\n\n[^1]: One.\n[^2]: Two.") == [11]
    assert written("SPK055", body="Text.[^1]\n\n[^1]: One.\n\n```\n[^2]: code\n```") == []


def beside(*fronts: str) -> list[tuple[str, str]]:
    """The codes and paths of what is said of issues with these titles, one a file."""
    shelf: list[Issue] = [
        replace(issue(front=front, path=f"issues/{n}.md"), id=f"i{n}", slug=f"i{n}")
        for n, front in enumerate(fronts, 1)
    ]
    return [(fault.code, fault.path) for fault in lint_shelf(shelf, of=shelf)]


def test_spk091_two_issues_of_one_title() -> None:
    assert beside("title: October", "title: May", "title: october") == [("SPK091", "issues/3.md")]
    assert beside("title: October", "title: October\nstatus: draft".replace("\nstatus: draft", " II")) == []


def test_spk092_parts_that_repeat_or_are_missing() -> None:
    saga = "\nseries: saga"
    assert beside(f"title: A, part 1{saga}", f"title: B, part 1{saga}") == [("SPK092", "issues/2.md")]
    assert beside(f"title: Part I{saga}", f"title: Part II{saga}", f"title: Part IV{saga}") == [
        ("SPK092", "issues/3.md")
    ]
    assert beside(f"title: A\nkicker: Teil 1{saga}", f"title: B\nkicker: Teil 2{saga}", f"title: C{saga}") == []
    assert beside("title: Part 7", "title: B, part 7") == []


def test_spk095_an_old_address_of_two_issues_is_a_fault_of_both() -> None:
    assert beside("title: A\naliases: [/old/]", "title: B\naliases: [/older/, /old]") == [
        ("SPK095", "issues/1.md"),
        ("SPK095", "issues/2.md"),
    ]
    assert beside("title: A\naliases: [/old/]", "title: B\naliases: [/older/, /old.html]") == []


@pytest.mark.parametrize(
    "alias",
    ["/index.html", "/feed.xml", "/style.css", "/404.html", "/archive/", "/2017/", "/on-this-day/09-04/", "/tags/x-y/"],
)
def test_spk095_an_old_address_at_which_the_site_has_something_of_its_own(alias: str) -> None:
    assert written_beside(f"title: A\ntags: [X Y]\naliases:\n  - /fine/\n  - {alias}") == [("SPK095", 9)]


@pytest.mark.parametrize("alias", ["/issues/i2/", "/issues/i2/100/"])
def test_spk095_an_old_address_at_which_another_issue_stands(alias: str) -> None:
    assert beside(f"title: A\naliases: [{alias}]", "title: B") == [("SPK095", "issues/1.md")]


@pytest.mark.parametrize(
    "alias", ["/2017/09/04/war/", "/tags/none/", "/issues/i1/old.html", "/blog/", "/archive/p1.html"]
)
def test_spk095_leaves_old_addresses_alone_at_which_nothing_stands(alias: str) -> None:
    assert beside(f"title: A\naliases: [{alias}]", "title: B") == []


def written_beside(front: str) -> list[tuple[str, int]]:
    """The codes and lines of what is said of one issue that stands alone."""
    alone = issue(front=front)
    return [(fault.code, fault.line) for fault in lint_shelf([alone], of=[alone])]
