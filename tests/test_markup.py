"""A body becomes HTML for pages, feeds and emails."""

from pathlib import Path

import pytest

from conftest import Golden
from markup_reader import check_balanced, tags
from sparkpub.core.markup import (
    absolute_link,
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
SAMPLE = Path(__file__).parent / "golden" / "markup" / "sample.md"


def asset(src: str) -> Asset:
    name = f"0123456789abcdef-{src.rsplit('/', 1)[-1].replace(' ', '-')}"
    return Asset(name=name, data=b"", media_type="image/png", width=1200, height=800)


def page(body: str, language: str = "en", prefix: str = "") -> str:
    return page_html(read_markdown(body, language=language), media=asset, base_url=BASE, prefix=prefix)


def email(body: str, language: str = "en") -> str:
    return email_html(read_markdown(body, language=language), media=asset, base_url=BASE)


# The whole of it


@pytest.fixture(scope="module")
def sample() -> str:
    return SAMPLE.read_text(encoding="utf-8")


def test_the_sample_as_a_page_is_as_it_was(golden: Golden, sample: str) -> None:
    golden("markup/page.html", page(sample, prefix="soviets-september"))


def test_the_sample_as_an_email_is_as_it_was(golden: Golden, sample: str) -> None:
    golden("markup/email.html", email(sample))


def test_the_sample_as_plain_text_is_as_it_was(golden: Golden, sample: str) -> None:
    golden("markup/plain.txt", plain_text(read_markdown(sample, language="en"), base_url=BASE))


def test_the_same_body_gives_the_same_bytes_each_time(sample: str) -> None:
    markup = read_markdown(sample, language="en")
    assert page_html(markup, media=asset, base_url=BASE) == page_html(markup, media=asset, base_url=BASE)


# Typography


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "“He said ‘no’”"),
        ("fr", "«\u202fHe said “no”\u202f»"),
        ("de", "„He said ‚no‘“"),
        ("de-CH", "«He said ‹no›»"),
        ("es", "«He said “no”»"),
        ("ru", "«He said „no“»"),
        ("ar", "«He said ‹no›»"),
        ("xx", "“He said ‘no’”"),
    ],
)
def test_quotes_are_those_of_the_language(language: str, expected: str) -> None:
    assert page("\"He said 'no'\"", language) == f"<p>{expected}</p>\n"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("it's 'twas", "it’s ’twas"),
        ("in '17 and the '20s", "in ’17 and the ’20s"),
        ("one -- two", "one – two"),
        ("one--two", "one—two"),
        ("one---two", "one—two"),
        ("1914--1918", "1914–1918"),
        ("so *it* -- was", "so <em>it</em> – was"),
        ("so *it*--was", "so <em>it</em>—was"),
        ("wait...", "wait…"),
        ("wait....", "wait…."),
        ("up ../ and --flag and ----", "up ../ and --flag and ----"),
        ("see https://example.org/a--b...c there", "see https://example.org/a--b...c there"),
        ('`a -- "b"...`', '<code>a -- "b"...</code>'),
        (r"5' 6\" and \-- so", '5’ 6" and -- so'),
        ("(c) and (r) and +-", "(c) and (r) and +-"),
    ],
)
def test_typewriter_signs_are_set_in_english(typed: str, expected: str) -> None:
    assert page(typed) == f"<p>{expected}</p>\n"


def test_russian_and_spanish_lines_of_speech_begin_with_a_long_dash() -> None:
    assert page("-- Да, -- сказал он.", "ru") == "<p>— Да, — сказал он.</p>\n"
    assert page("--Sí.", "es") == "<p>—Sí.</p>\n"


def test_french_double_punctuation_keeps_to_its_word() -> None:
    assert page("Quoi ! Et : « oui »", "fr") == "<p>Quoi\u202f! Et&nbsp;: «\u202foui\u202f»</p>\n"


def test_a_quotation_that_runs_on_opens_each_of_its_paragraphs() -> None:
    assert page('"One.\n\n"Two."') == "<p>“One.</p>\n<p>“Two.”</p>\n"


def test_fenced_code_stays_as_typed() -> None:
    assert page('```\n"a" -- b...\n```') == '<pre><code>"a" -- b...\n</code></pre>\n'


def test_a_title_is_set_without_being_read_as_markdown() -> None:
    assert typographic('*The* "New" <Style> -- [1] & _so_', language="en") == "*The* “New” <Style> – [1] & _so_"
    assert typographic('"Oui"', language="fr") == "«\u202fOui\u202f»"


# Quotations, notes, figures, tables, headings


def test_the_last_line_of_a_quotation_can_be_its_attribution() -> None:
    quotation = "<blockquote>\n<p>Peace,\nland.</p>\n"
    assert page("> Peace,\n> land.\n> -- N. *Lenin*") == (
        quotation + '<footer class="attribution">— N. <em>Lenin</em></footer>\n</blockquote>\n'
    )
    assert '<p class="attribution">— N. Lenin</p>\n</blockquote>' in email("> Peace.\n> -- N. Lenin")


def test_the_last_paragraph_of_a_quotation_can_be_its_attribution() -> None:
    assert page("> Peace.\n>\n> -- A Name,\n> a place") == (
        '<blockquote>\n<p>Peace.</p>\n<footer class="attribution">— A Name,\na place</footer>\n</blockquote>\n'
    )


@pytest.mark.parametrize("body", ["> -- alone", "> text -- not at the start", "> --", "> a\n> -- ", "> a\n>\n> - -- b"])
def test_what_is_no_attribution_is_left_in_the_quotation(body: str) -> None:
    assert "attribution" not in page(body)


def test_each_quotation_has_its_own_attribution() -> None:
    assert page("> > inner\n> > -- A\n>\n> outer\n> -- B").count("attribution") == 2


def test_a_note_box_has_a_title_and_anything_inside() -> None:
    body = '::: note On "dates"\nText.\n\n- item\n:::\n\nAfter.'
    assert page(body) == (
        '<aside class="note">\n<p class="note-title"><strong>On “dates”</strong></p>\n<p>Text.</p>\n'
        "<ul>\n<li>item</li>\n</ul>\n</aside>\n<p>After.</p>\n"
    )
    assert email("::: note\nText.\n:::") == '<div class="note">\n<p>Text.</p>\n</div>\n'


def test_a_picture_alone_with_a_title_is_a_figure_with_a_caption() -> None:
    assert page('![A hall](images/a%20b.png "The *hall*")') == (
        f'<figure><img src="{BASE}/media/0123456789abcdef-a-b.png" alt="A hall" width="1200" height="800">'
        "<figcaption>The <em>hall</em></figcaption></figure>\n"
    )


def test_a_picture_in_an_email_is_as_wide_as_the_column_and_keeps_its_shape() -> None:
    address = "https://paper.example.org/media/0123456789abcdef-a.png"
    shown = f'<img src="{address}" alt="A" width="520" height="347" class="image">'
    assert shown in email("![A](a.png)")


def test_a_picture_from_another_server_is_shown_as_its_words() -> None:
    assert page("![A hall](https://elsewhere.example/a.png) ![B](data:image/png;base64,AAAA)") == "<p>A hall B</p>\n"


def test_tables_have_a_head_with_scope_and_keep_their_alignment() -> None:
    html = page("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert '<th scope="col">a</th>\n<th scope="col" style="text-align:right">b</th>' in html
    assert '<td style="text-align:right">2</td>' in html


def test_the_empty_corner_of_a_table_is_no_head() -> None:
    assert '<tr>\n<td></td>\n<th scope="col">b</th>\n</tr>' in page("| | b |\n|---|---|\n| 1 | 2 |")


@pytest.mark.parametrize(
    ("body", "expected"),
    [("# A\n\n## B", "h2 h3"), ("## A\n\n### B", "h2 h3"), ("### A\n\n# B\n\n###### C", "h4 h2 h6")],
)
def test_the_highest_heading_is_an_h2_and_none_is_an_h1(body: str, expected: str) -> None:
    assert " ".join(tag for tag, _ in tags(page(body))) == expected


def test_raw_h1_is_an_h2_too() -> None:
    assert page("<h1>A</h1>") == "<h2>A</h2>\n"


# Square brackets


@pytest.mark.parametrize(
    "typed", ["[sic]", "[He said]: nothing", "[a] [b]", "[1]", "a [the city's] b", "[^no]", "[]", "[x](y"]
)
def test_square_brackets_stay_as_typed(typed: str) -> None:
    html = page(typed)
    assert "<a" not in html
    assert html == f"<p>{typed.replace(chr(39), '’')}</p>\n"


def test_a_defined_reference_is_a_link() -> None:
    assert page("[here]\n\n[here]: https://example.org/x") == '<p><a href="https://example.org/x">here</a></p>\n'


# Footnotes


def test_footnotes_carry_the_prefix_and_lead_back() -> None:
    html = page("a[^n] b[^n]\n\n[^n]: Note.", prefix="my issue/1")
    assert '<sup class="footnote-ref"><a id="fnref-my-issue-1-1" href="#fn-my-issue-1-1">1</a></sup>' in html
    assert '<li id="fn-my-issue-1-1"><p>Note. <a class="footnote-back" href="#fnref-my-issue-1-1"' in html
    assert 'href="#fnref-my-issue-1-1-2" title="Back to reference 1"' in html
    ids = [attributes["id"] for _, attributes in tags(html) if "id" in attributes]
    assert len(ids) == len(set(ids)) == 3


def test_footnote_links_are_absolute_where_the_page_is_known() -> None:
    markup = read_markdown("a[^n]\n\n[^n]: Note.", language="en")
    html = page_html(markup, media=asset, base_url=BASE, url=f"{BASE}/issues/a/")
    assert f'href="{BASE}/issues/a/#fn-1"' in html
    assert 'href="#' not in html


def test_a_note_that_only_an_unused_note_calls_leads_nowhere() -> None:
    html = page("a[^one]\n\n[^one]: One.\n\n[^two]: Two.[^three]\n\n[^three]: Three.")
    targets = {attributes["id"] for _, attributes in tags(html) if "id" in attributes}
    wanted = {attributes["href"][1:] for tag, attributes in tags(html) if tag == "a"}
    assert wanted <= targets


# Addresses


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://example.org/a?b=1&c=2", "https://example.org/a?b=1&c=2"),
        ("HTTP://EXAMPLE.org", "HTTP://EXAMPLE.org"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("tel:+4912345", "tel:+4912345"),
        ("/issues/a/", "https://x.example/sub/issues/a/"),
        ("b/c.html", "https://x.example/sub/b/c.html"),
        ("?q=1", "https://x.example/sub/?q=1"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("/\\evil.example", "https://x.example/sub/%5Cevil.example"),
        ("https://пример.example/путь", "https://xn--e1afmkfd.example/%D0%BF%D1%83%D1%82%D1%8C"),
        ("", None),
        ("#top", None),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("\x01javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ("file:///etc/passwd", None),
        ("ftp://example.org", None),
        ("https:evil", None),
        ("https://", None),
        ("//", None),
        ("mailto:", None),
        ("a b:c", None),
    ],
)
def test_addresses_become_absolute_or_are_none(href: str, expected: str | None) -> None:
    assert absolute_link(href, "https://x.example/sub/") == expected


def test_a_link_that_may_not_be_one_is_dropped_to_its_words() -> None:
    assert page("[the *words*](javascript:alert(1)) [b](#c)") == "<p>the <em>words</em> b</p>\n"


# Raw HTML


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ('<b class="sheet" id="x" style="x" onclick="y">a</b>', "<p><b>a</b></p>\n"),
        ('<div lang="he" dir="rtl">\n\n*a*\n\n</div>', '<div lang="he" dir="rtl">\n<p><em>a</em></p>\n</div>\n'),
        ("<script>alert(1)</script>\n\na", "<p>a</p>\n"),
        ("<style>p { color: red }</style>\n\na", "<p>a</p>\n"),
        ("a <SCRIPT>alert(1)</script>b <i>c</i>", "<p>a b <i>c</i></p>\n"),
        ("a <script>b", "<p>a b</p>\n"),
        ("<iframe src=x>b</iframe>\n\na", "<p>a</p>\n"),
        ("<!-- note -->\n\na<!-- b -->c", "<p>ac</p>\n"),
        ('a <a href="javascript:x">b</a> <a href="/c">d</a>', f'<p>a b <a href="{BASE}/c">d</a></p>\n'),
        ("a <i>b\n\nc", "<p>a <i>b</i></p><i>\n<p>c</p>\n</i>\n"),
        ("a </div></p></blockquote> b", None),
        ("<p dir=sideways lang='<x>'>a</p>", "<p>a</p>\n"),
        ("<button>a</button> <form><input></form>", "<p>a </p>\n"),
    ],
)
def test_raw_html_passes_an_allow_list(typed: str, expected: str | None) -> None:
    html = page(typed)
    check_balanced(html)
    if expected is not None:
        assert html == expected


def test_raw_pictures_are_the_publications_own() -> None:
    assert page('a <img src="b c.png" alt="B" onerror="x" width="9">') == (
        f'<p>a <img src="{BASE}/media/0123456789abcdef-b-c.png" alt="B" width="1200" height="800"></p>\n'
    )
    assert page('a <img src="https://tracker.example/x.gif" alt="B">') == "<p>a B</p>\n"


def test_an_email_has_plain_boxes_for_what_outlook_does_not_know() -> None:
    assert email("<section lang=ru><details><summary>A</summary>b</details></section>") == (
        '<div lang="ru"><div><div>A</div>b</div></div>\n'
    )


# What is in it


def test_pictures_links_and_headings_are_told_with_their_lines() -> None:
    body = (
        "# One\n\ntext ![a *b*](x%20y.png)\nmore [link *t*](/z)\n\n- item\n  [two](javascript:x)\n\n"
        '<div>\n<img src="w.png" alt="W">\n<a href="/v">v</a></div>\n\n![f](f.png "cap")\n\nTwo\n---\n'
    )
    markup = read_markdown(body, language="en")
    assert [(use.src, use.line, use.alt, use.caption) for use in images(markup)] == [
        ("x y.png", 3, "a b", ""),
        ("w.png", 10, "W", ""),
        ("f.png", 13, "f", "cap"),
    ]
    assert [(use.href, use.line, use.text) for use in links(markup)] == [
        ("/z", 4, "link t"),
        ("javascript:x", 7, "two"),
        ("/v", 11, ""),
    ]
    assert [(use.level, use.line, use.text) for use in headings(markup)] == [(1, 1, "One"), (2, 15, "Two")]


def test_lines_count_windows_line_ends_once() -> None:
    assert [use.line for use in links(read_markdown("a\r\n\r\nb\r\n[c](/d)", language="en"))] == [4]


def test_reading_takes_a_minute_at_least() -> None:
    assert reading_minutes(read_markdown("word", language="en")) == 1
    assert reading_minutes(read_markdown("word " * 2200, language="en")) == 10
    assert reading_minutes(read_markdown("字" * 4000, language="zh")) == 10


@pytest.mark.parametrize(
    ("body", "limit", "expected"),
    [
        ("One. Two. Three.", 10, "One. Two."),
        ("# Title\n\nOne.\n\n## More\n\nTwo.", 99, "One. Two."),
        ("V. I. Lenin spoke at length. He left.", 30, "V. I. Lenin spoke at length."),
        ('He said "no." Then more came along.', 20, "He said “no.”"),
        ("a very long sentence without an end", 20, "a very long…"),
        ("a[^1] [b](/c) `d` ![e](f)\n\n[^1]: note", 99, "a b d"),
        ("", 10, ""),
        ("unbreakable", 5, "unbr…"),
    ],
)
def test_first_sentences_are_whole_ones_within_the_limit(body: str, limit: int, expected: str) -> None:
    assert first_sentences(read_markdown(body, language="en"), limit) == expected


@pytest.mark.parametrize(
    "shown", ["> Dictes", "* one", "1. one", "| a |\n| - |\n| b |", "::: note\nA\n:::", "```\na\n```", "<hr>", "* * *"]
)
def test_an_excerpt_never_joins_what_stands_before_and_after_something_it_leaves_out(shown: str) -> None:
    body = f"> A motto.\n\nIn it he says:\n\n{shown}\n\nThe Dictes is a book."
    assert first_sentences(read_markdown(body, language="en"), 99) == "In it he says:"


def test_a_pull_quote_is_set_apart_with_its_attribution() -> None:
    body = "A.\n\n::: pull\nThe *second* day.\n-- Decree\n:::\n\nB."
    words, attribution = "<p>The <em>second</em> day.</p>", 'class="attribution">— Decree'
    assert f'<aside class="pull">\n{words}\n<footer {attribution}</footer>\n</aside>' in page(body)
    assert f'<div class="pull">\n{words}\n<p {attribution}</p>\n</div>' in email(body)


def test_a_pull_quote_is_no_part_of_the_running_text() -> None:
    markup = read_markdown("::: pull\nSaid later.\n:::\n\nSaid first.", language="en")
    assert first_sentences(markup, 100) == "Said first."
