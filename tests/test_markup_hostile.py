"""Hostile bodies become harmless pages, in time that grows with their length alone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markup_reader import check_balanced, tags
from sparkpub.core.markup import (
    email_html,
    first_sentences,
    headings,
    images,
    links,
    page_html,
    read_markdown,
    reading_minutes,
    typographic,
)
from sparkpub.core.markup.text import plain_text
from sparkpub.core.model import Asset

BASE = "https://paper.example.org"

NEVER = {
    *("script", "style", "iframe", "object", "form", "input", "svg", "math", "h1", "base", "link", "meta"),
}
ATTRIBUTES = {
    *("alt", "class", "colspan", "datetime", "dir", "height", "href", "id", "lang", "rowspan", "scope"),
    *("span", "src", "start", "style", "title", "value", "width"),
}
MARKDOWN = (
    *("\n", "\n\n", "> ", "- ", "1. ", "# ", "    ", "```", "`", "*", "**", "_", "[", "](", ")", "![", "]"),
    *("[^a]", "[^a]: ", "[b]: /u", "::: note ", ":::", "-- ", "--", "...", '"', "'", "\\", "&"),
)
TABLES = ("|", "|-|", "\n-|-\n")
ENTITIES = (*("&#1;", "&#x85;", "&lt;", "&#27;", "&Tab;", "&NewLine;"),)
MARKUP = (
    *("<script>", "</script>", "<b onclick=x>", "</b>", "<div dir='rtl'>", "</div>"),
    *("<a href='javascript:x'>", "</a>", "<img src=x onerror=y>", "<!--", "-->", "<svg/onload=x>"),
    *("<style>", "<table><td>", "</table>", "<p", ">", "<?", "]]>", "<h1>", "<math><mi>", "<noscript>"),
    *("<title>", "<textarea>", "<plaintext>", "<a\nhref=data:x>", "<select>", "<template>"),
)
WORDS = ("javascript:x", "data:text/html,x", "https://e.example/", "//", "a", "word ", "é", "字")
SIGNS = ("\u202e", "\x00", "\x1b[2J", "\r", "\t", "\u2028", "\ud800", "\ufffe")
PIECES = st.sampled_from([*MARKDOWN, *TABLES, *ENTITIES, *MARKUP, *WORDS, *SIGNS])
HOSTILE = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=30).map("".join))


def asset(_src: str) -> Asset:
    return Asset(name="0123456789abcdef-x.png", data=b"", media_type="image/png", width=1200, height=800)


def check_harmless(html: str) -> None:
    check_balanced(html)
    for tag, attributes in tags(html):
        assert tag not in NEVER
        assert attributes.keys() <= ATTRIBUTES
        for address in ("href", "src"):
            assert attributes.get(address, BASE).startswith(("https://", "http://", "mailto:", "tel:", "#fn"))
        assert attributes.get("src", BASE).startswith(BASE)
    assert not [c for c in html if (ord(c) < 32 and c not in "\t\n") or 127 <= ord(c) < 160]


@given(HOSTILE, st.sampled_from(["en", "fr", "ru"]))
def test_no_text_becomes_a_script_or_breaks_the_page(body: str, language: str) -> None:
    markup = read_markdown(body, language=language)
    known = {use.src for use in images(markup)}
    asked: list[str] = []

    def media(src: str) -> Asset:
        asked.append(src)
        return asset(src)

    check_harmless(page_html(markup, media=media, base_url=BASE, prefix=body))
    check_harmless(email_html(markup, media=media, base_url=BASE))
    assert set(asked) <= known


@given(HOSTILE)
def test_what_is_told_of_any_text_has_lines_within_it(body: str) -> None:
    markup = read_markdown(body, language="en")
    lines = len(
        body.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n").split("\n")
    )
    told = [use.line for use in images(markup)] + [use.line for use in links(markup)]
    told += [use.line for use in headings(markup)]
    assert all(1 <= line <= lines for line in told)
    assert len(first_sentences(markup, 40)) <= 40
    assert reading_minutes(markup) >= 1


@given(st.text(max_size=60))
def test_a_title_keeps_its_words(title: str) -> None:
    letters = [c for c in title if c.isalnum()]
    assert [c for c in typographic(title, language="en") if c.isalnum()] == letters


@pytest.mark.parametrize(
    "piece",
    [
        *("[", "![", "[a](", "[^", "[^1]", "`", "<", "<a", "<!--", "'", "--", "...", "&", "\\", "<b>", "<div>"),
        *("</p>", "**_", "|a"),
        *("\"a' ", "> ", "- ", "*a ", "a. ", "a\n", "::: note\n", "<b lang=a>x\n\n", "<a href='/x'>", "![a](b)\n"),
    ],
)
def test_time_grows_with_length_alone(piece: str) -> None:
    body = piece * (50_000 // len(piece))
    started = time.process_time()
    markup = read_markdown(body, language="en")
    page_html(markup, media=asset, base_url=BASE)
    plain_text(markup, base_url=BASE)
    first_sentences(markup, 200)
    assert time.process_time() - started < 8
