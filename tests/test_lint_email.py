"""Lints of the email's frame, of what eyes see of it, and of what filters distrust."""

from dataclasses import replace

import pytest

from sample_lint import HTML, PROSE, TEXT, holding, issue, mailed, with_html
from sparkpub.core.lint import lint_email

DARK = "@media (prefers-color-scheme: dark) { %s } @media print { .a { color: #ffffff } }"


def in_language(language: str, html: str) -> list[str]:
    """What is said of the language and direction of a mail whose issue is in this language."""
    piece = replace(issue(), language=language)
    found = lint_email(piece, html=html, text=TEXT, subject="T", body_bytes=1)
    return [fault.message for fault in found if fault.code == "SPK070"]


def by_night(rules: str, html: str) -> list[str]:
    """What is said of the contrast of a mail under a dark stylesheet."""
    return mailed("SPK066", html=f"<html><head><style>{DARK % rules}</style></head><body>{html}</body></html>")


def test_spk066_text_that_cannot_be_read_by_night() -> None:
    page = '<div class="paper" style="background:#ffffff"><p class="ink" style="color:#222222">Text</p></div>'
    (found,) = by_night(".paper { background-color: #111111 !important }", page)
    assert "by night 'Text' is #222222 on #111111, a contrast of 1.2" in found
    assert not by_night(".paper { background-color: #111111 !important } .ink { color: #eeeeee !important; }", page)
    assert not by_night(".paper { background: #111111 } .paper .ink, .b > p { color: #eeeeee }", page)
    assert not mailed("SPK066", html=page)


def test_spk066_obeys_the_more_specific_rule_and_then_the_later() -> None:
    page = '<div class="a"><p class="b c">Text</p></div>'
    assert not by_night(".a { background-color: #000000 } .a .b { color: #ffffff } .c { color: #111111 }", page)
    assert by_night(".a { background-color: #000000 } .b { color: #ffffff } .c { color: #111111 }", page)
    assert by_night(".c .a { color: #ffffff } div.a { background: #000000 }", page)


def test_spk067_text_that_is_too_small() -> None:
    assert "'Fine print' is 9 pixels high" in holding("SPK067", '<p style="font-size:9px">Fine print</p>')[0]
    assert holding("SPK067", '<p style="font-size:7pt">Fine print</p>')
    assert not holding("SPK067", '<p style="font-size:12px">a</p><p style="font-size:9px; display:none">b</p>')


@pytest.mark.parametrize(
    "style", ["display:none", "visibility:hidden", "font-size:0", "opacity:0", "max-height:0; overflow:hidden"]
)
def test_spk068_text_that_nobody_sees(style: str) -> None:
    assert holding("SPK068", f'<p style="{style}">buy now</p>')
    assert not holding("SPK068", f'<p style="{style}">\u200c \u2007</p>')
    assert with_html("SPK068", ">Short.<", f">{'word ' * 70}<")


def test_spk069_a_mail_without_preheader() -> None:
    assert "inboxes will show 'Title' beside" in with_html("SPK069", '<div style="display:none">Short.</div>', "")[0]
    assert not mailed("SPK069")


def test_spk070_another_language_than_the_issue() -> None:
    assert in_language("fr", HTML) == ["the mail says lang='en', the issue 'fr'"]
    assert in_language("en", HTML) == []


def test_spk070_another_direction_than_the_language() -> None:
    arabic = HTML.replace('<html lang="en"', '<html lang="ar"')
    assert in_language("ar", arabic) == ["'ar' runs from right to left, and the mail says dir='ltr'"]
    assert in_language("ar", arabic.replace('dir="ltr"', 'dir="rtl"')) == []


def test_spk071_a_mail_without_title() -> None:
    assert with_html("SPK071", "<title>Title</title>", "<title> </title>")
    assert not mailed("SPK071")


def test_spk072_a_mail_without_article() -> None:
    assert with_html("SPK072", 'role="article" ', "")
    assert with_html("SPK072", 'role="article" lang="en"', 'role="article"')
    assert not mailed("SPK072")


def test_spk073_a_layout_table_that_does_not_say_so() -> None:
    assert holding("SPK073", "<table><tr><td>a</td></tr></table>")
    assert not holding("SPK073", '<table role="presentation"><tr><td>a</td></tr></table>')
    assert not holding("SPK073", "<table><tr><th>a</th></tr></table>")


def test_spk074_a_mail_without_charset_or_viewport() -> None:
    assert with_html("SPK074", '<meta charset="utf-8">', "")
    assert with_html("SPK074", 'name="viewport"', 'name="x"')
    assert not mailed("SPK074")


def test_spk075_a_dark_stylesheet_without_its_metas() -> None:
    dark = f"<style>{DARK % '.a { color: #ffffff }'}</style>"
    assert len(with_html("SPK075", "<title>", f"{dark}<title>")) == 2
    metas = '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
    assert not with_html("SPK075", "<title>", f"{dark}{metas}<title>")


def test_spk076_an_id_that_stands_twice() -> None:
    assert "'a' stands 2 times" in holding("SPK076", '<p id="a">x</p><p id="a">y</p>')[0]
    assert not holding("SPK076", '<p id="a">x</p><p id="b">y</p>')


@pytest.mark.parametrize("tag", ["script", "form", "iframe", "video", "input", "svg", "object"])
def test_spk077_elements_that_act(tag: str) -> None:
    assert f"<{tag}>" in holding("SPK077", f"<{tag}></{tag}>")[0]
    assert not mailed("SPK077")


@pytest.mark.parametrize("attribute", ['href="javascript:x()"', 'href=" JAVA&#9;script:x"', 'onclick="x()"'])
def test_spk078_code_in_an_attribute(attribute: str) -> None:
    assert holding("SPK078", f"<a {attribute}>x</a>")
    assert not holding("SPK078", '<a href="https://e.org/javascript:x">x</a>')


def test_spk079_a_picture_inside_its_address() -> None:
    assert holding("SPK079", '<img alt="" width="1" height="1" src="data:image/gif;base64,R0lGODlhAQ">')
    assert holding("SPK079", '<p style="background:url(data:image/gif;base64,R0)">x</p>')
    assert not holding("SPK079", '<a href="https://e.org/data:x">metadata: x</a>')


def test_spk080_a_link_that_opens_a_window() -> None:
    assert "at 2 links" in holding("SPK080", '<a target="_blank" href="#">a</a><a target="_BLANK" href="#">b</a>')[0]
    assert not mailed("SPK080")


def test_spk081_a_link_without_words() -> None:
    assert holding("SPK081", '<a href="https://e.org/"><img src="https://e.org/a.png" alt=""></a>')
    assert not holding("SPK081", '<a href="https://e.org/"><img src="https://e.org/a.png" alt="A street"></a>')
    assert not holding("SPK081", '<a href="https://e.org/" aria-label="A street"> </a>')


def test_spk082_parts_that_disagree() -> None:
    (found,) = mailed("SPK082", text="Title\n\nPlease read this mail in your browser.")
    assert "% of the words of the HTML part (everybody, opened, street, …)" in found
    assert not mailed("SPK082")
    japanese = "<p>十月革命は1917年に起こった</p>"
    assert not mailed("SPK082", html=japanese, text="十月革命は19\n17年に起\nこった")
    assert mailed("SPK082", html=japanese, text="こんにちは")


def test_spk083_a_mail_of_pictures() -> None:
    assert with_html("SPK083", PROSE, "Look:")
    assert not mailed("SPK083")
    assert not mailed("SPK083", html="<p>A line.</p>")


def test_spk084_too_many_links() -> None:
    assert holding("SPK084", '<a href="https://e.org">a</a>' * 100)
    assert not holding("SPK084", '<a href="https://e.org">a</a>' * 98)


def test_spk085_a_stylesheet_from_elsewhere() -> None:
    assert with_html("SPK085", "<title>", '<link rel="stylesheet" href="https://e.org/a.css"><title>')
    assert with_html("SPK085", "p{color:#fff}", "@import url(https://e.org/a.css);")
    assert not with_html("SPK085", "<title>", '<link rel="icon" href="https://e.org/a.png"><title>')
    assert not with_html("SPK085", "p{color:#fff}", "/* no @import here */")
