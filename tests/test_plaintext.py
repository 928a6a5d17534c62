"""A body becomes the text part of an email."""

import re
import unicodedata
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.markup import read_markdown
from sparkpub.core.markup.columns import display_width, table, wrap
from sparkpub.core.markup.text import plain_text

BASE = "https://paper.example.org"


def text(body: str, language: str = "en") -> str:
    return plain_text(read_markdown(dedent(body), language=language), base_url=BASE)


def test_an_empty_body_is_empty_text() -> None:
    assert text("") == text("\n \n") == text("<!-- nothing -->") == ""


def test_paragraphs_are_wrapped_at_72_columns() -> None:
    lines = text("word " * 100).splitlines()
    assert max(map(len, lines)) <= 72
    assert min(map(len, lines[:-1])) > 72 - len(" word")


def test_line_breaks_that_are_meant_are_kept() -> None:
    assert text("One  \ntwo\\\nthree\nfour<br>five") == "One\ntwo\nthree four\nfive\n"


def test_quotations_stand_behind_a_mark_and_name_their_source() -> None:
    body = "> Peace,\n> land.\n>\n> > Bread.\n>\n> - one\n>\n> all\n> -- N. Lenin"
    assert text(body) == "> Peace, land.\n>\n> > Bread.\n>\n> * one\n>\n> all\n>\n> -- N. Lenin\n"


def test_headings_are_underlined_by_their_level() -> None:
    assert text("# One\n\ntext\n\n## Two\n\n### Three") == "One\n---\n\ntext\n\nTwo\n~~~\n\nThree\n~~~~~\n"


def test_an_underline_is_as_wide_as_its_heading_looks() -> None:
    assert text("# 字字") == "字字\n----\n"


def test_links_are_numbered_once_an_address_and_listed() -> None:
    body = "[a](/x) and [b *c*](https://e.example/?q=1&r) and [again](/x), <https://f.example/>, [no](javascript:x)"
    assert text(body) == (
        "a [1] and b _c_ [2] and again [1], https://f.example/, no\n\n"
        "Links\n-----\n\n[1] https://paper.example.org/x\n[2] https://e.example/?q=1&r\n"
    )


def test_a_mailbox_is_listed_without_its_scheme() -> None:
    assert text("[write](mailto:a@e.example)").endswith("[1] a@e.example\n")


def test_the_number_of_a_link_never_begins_a_line() -> None:
    for length in range(55, 75):
        assert not re.search(r"^\[1\] \S", text("x" * length + " [b](/y) c").partition("\n\nLinks")[0], re.MULTILINE)


def test_addresses_are_never_broken() -> None:
    address = "https://e.example/" + "a/" * 100 + "?b=-c&d=字字字"
    body = text(f"Some words before <{address}> and after")
    assert any(line.startswith("https://e.example/") and len(line) > 200 for line in body.splitlines())


def test_raw_links_are_numbered_too() -> None:
    assert text('a <a href="/x">b</a> c').startswith("a b [1] c\n")


def test_footnotes_are_numbered_and_stand_before_the_links() -> None:
    body = "a[^n] b[^m] c[^n]\n\n[^n]: See [d](/d).\n\n[^m]: One.\n\n    Two."
    assert text(body) == (
        "a¹ b² c¹\n\nNotes\n-----\n\n1. See d [1].\n\n2. One.\n\n   Two.\n\n"
        "Links\n-----\n\n[1] https://paper.example.org/d\n"
    )


def test_the_words_around_are_of_the_language() -> None:
    body = text("a[^n] ![b](c.png)\n\n[^n]: d", "ru")
    assert "Примечания\n" in body
    assert "[Изображение: b]" in body
    body = text("a[^n] ![b](c.png)\n\n[^n]: d", "ar")
    assert "هوامش\n" in body
    assert "[صورة: b]" in body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('![A hall](a.png "In 1917")', "[Image: A hall. In 1917]\n"),
        ('![A hall.](a.png "In 1917.")', "[Image: A hall. In 1917.]\n"),
        ("![](a.png)", "[Image]\n"),
        ("[![A hall](a.png)](/x)", "[Image: A hall] [1]\n\nLinks\n-----\n\n[1] https://paper.example.org/x\n"),
        ('a <img src="b.png" alt="B"> c', "a [Image: B] c\n"),
    ],
)
def test_pictures_are_told(body: str, expected: str) -> None:
    assert text(body) == expected


def test_note_boxes_are_set_apart() -> None:
    assert text("a\n\n::: note On *dates*\nb\n\nc\n:::\n\nd") == "a\n\n| ON DATES\n|\n| b\n|\n| c\n\nd\n"


def test_a_pull_quote_stands_in_from_both_sides() -> None:
    assert text("a\n\n::: pull\nb *c*\n-- D\n:::\n\ne") == "a\n\n        b _c_\n\n        -- D\n\ne\n"


def test_lists_are_indented_and_numbered_from_their_start() -> None:
    body = "9. nine\n10. ten\n    - in\n    - side\n\n* loose\n\n  more\n\n* list"
    assert text(body) == " 9. nine\n10. ten\n    * in\n    * side\n\n* loose\n\n  more\n\n* list\n"


def test_a_long_item_hangs() -> None:
    lines = text("- " + "word " * 30).splitlines()
    assert lines[0].startswith("* word")
    assert all(line.startswith("  word") for line in lines[1:])


def test_code_is_kept_as_it_is() -> None:
    assert text("```\na  -- b\n\n\tc\n```") == "    a  -- b\n\n        c\n"
    assert text("see `a -- b`") == "see `a -- b`\n"


def test_tables_are_aligned_columns_where_they_fit() -> None:
    assert text("| Day | N |\n|---|--:|\n| one | 1 |\n| 字 | 10 |") == ("Day   N\n---  --\none   1\n字   10\n")


def test_wide_tables_are_records() -> None:
    row = f"| {'x' * 40} | {'y' * 40} |"
    body = text(f"| Head | |\n|---|---|\n{row}\n| a | b |")
    assert body == f"Head: {'x' * 40}\n{'y' * 40}\n\nHead: a\nb\n"


def test_raw_blocks_are_told_by_their_words() -> None:
    assert text("<div>\n<p>One &amp;\ntwo</p>\n<p>three</p>\n</div>") == "One & two\nthree\n"


def test_emphasis_is_marked_as_in_letters() -> None:
    assert text("*a* **b** `c`") == "_a_ *b* `c`\n"


def test_french_spaces_stay_together() -> None:
    line = text("mot " * 17 + "quoi : « oui » !", "fr")
    assert "quoi :" in line
    assert "«\u202foui\u202f»\u202f!" in line


# Columns


@pytest.mark.parametrize(
    ("words", "width"), [("abc", 3), ("字", 2), ("e\u0301", 1), ("ｱ", 1), ("Ａ", 2), ("a\u200bb", 2)]
)
def test_width_is_what_a_terminal_shows(words: str, width: int) -> None:
    assert display_width(words) == width


def test_chinese_is_wrapped_between_signs_but_not_before_a_stop() -> None:
    assert wrap("字" * 7 + "。" + "字", 14) == ["字" * 6, "字。字"]
    assert wrap("ab 字字 cd", 5) == ["ab 字", "字 cd"]


def test_a_table_of_a_head_alone_is_still_told() -> None:
    assert table([["x" * 50, "y" * 50]], ["", ""], 72) == ["x" * 50, "y" * 50]


# Any text

MARKDOWN = (
    *("\n", "\n\n", "> ", "- ", "1. ", "# ", "    ", "```\n", "`", "*", "**", "[", "](/u)", "![", "]"),
    *("[^a]", "\n\n[^a]: ", "::: note ", "::: pull\n", ":::\n", "\n> -- "),
)
MARKUP = (
    "|",
    "\n|a|b|\n|-|-|\n|",
    "<b>",
    "<br>",
    "<div>",
    "</div>",
    "<a href='/x'>",
    "</a>",
    "&#27;",
    "&#x9b;",
    "&nbsp;",
)
SIGNS = ("word ", "字", "é", "\t", "\r", "\x07", "\x1b", "\u2028", "\u00ad", "\ud800", "https://e.example/ ")
PIECES = st.sampled_from([*MARKDOWN, *MARKUP, *SIGNS])


@given(st.one_of(st.text(max_size=100), st.lists(PIECES, max_size=40).map("".join)))
def test_any_text_is_tidy(body: str) -> None:
    result = plain_text(read_markdown(body, language="en"), base_url=BASE)
    assert result == "" or result.endswith("\n")
    for line in result.split("\n"):
        assert line == line.rstrip()
        assert not [c for c in line if unicodedata.category(c) in {"Cc", "Cs"}]
    assert "\n\n\n" not in result


@given(st.lists(st.text(alphabet="abc é字、-", min_size=1, max_size=12), max_size=60))
def test_running_text_keeps_to_its_columns_and_loses_nothing(words: list[str]) -> None:
    lines = wrap(" ".join(words), 30)
    assert all(display_width(line) <= 30 for line in lines)
    assert "".join("".join(lines).split()) == "".join(" ".join(words).split())
