import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.colours import contrast, dark_palette, lifted, mixed, six_digits, theme_faults
from sparkpub.core.inline import inline_css, readable_text
from sparkpub.core.sentinels import FIELDS, LENGTH, counts, replant, sentinels
from sparkpub.core.settings import EmailSettings

OFFICE = (
    "<!--[if mso]><noscript><xml><o:OfficeDocumentSettings></o:OfficeDocumentSettings></xml></noscript><![endif]-->"
)

PAGE = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>T</title>
{OFFICE}
<style data-premailer="ignore">@media print {{ .a {{ color: #abc !important; }} }}</style></head>
<body><!--[if mso | IE]><table width="600"><tr><td><![endif]--><p class="a">One &amp; — “two”</p>
<!--[if !mso]><!--><p id="b">three</p><!--<![endif]--></body></html>
"""

COLOURS = st.from_regex(r"\A#[0-9a-f]{6}\Z")


def test_rules_move_into_style_attributes_and_the_embedded_stylesheet_stays_as_it_was() -> None:
    html = inline_css(PAGE, "p { margin: 0; } .a { color: red; }")
    assert '<p class="a" style="margin:0; color:red">One &amp; — “two”</p>' in html
    assert "<style>@media print { .a { color: #abc !important; } }</style>" in html


def test_conditional_comments_come_out_as_they_went_in() -> None:
    html = inline_css(PAGE, "p, table, td { color: #123; } body { margin: 0; }")
    for comment in (
        OFFICE,
        '<!--[if mso | IE]><table width="600"><tr><td><![endif]-->',
        "<!--[if !mso]><!-->",
        "<!--<![endif]-->",
    ):
        assert comment in html


def test_colours_of_three_digits_become_six_and_fonts_need_no_entities() -> None:
    html = inline_css(PAGE, "#b { color: #111111; background: #ABC; font-family: Georgia, 'Times New Roman', serif; }")
    assert "color:#111111; background:#AABBCC; font-family:Georgia, 'Times New Roman', serif" in html
    assert "&quot;" not in html


def test_what_cannot_stand_in_an_attribute_is_dropped_and_no_size_becomes_an_attribute() -> None:
    html = inline_css(
        PAGE, "p:hover { color: red; } @media print { p { color: blue; } } p { width: 9px; float: left; }"
    )
    assert "red" not in html
    assert "blue" not in html
    assert ' width="9' not in html
    assert " align=" not in html


def test_an_import_in_a_stylesheet_opens_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        inline_css(PAGE, f"@import url(http://127.0.0.1:{port}/x.css); @import 'http://127.0.0.1:{port}/y.css'; p {{}}")
        with pytest.raises(TimeoutError):
            server.accept()


def test_no_line_ends_in_white_space() -> None:
    html = inline_css(PAGE.replace("<p ", "<p \t\n"), "p { margin: 0; }")
    assert not any(line != line.rstrip() for line in html.split("\n"))


def test_a_page_deeper_and_longer_than_the_parser_likes_is_inlined() -> None:
    html = inline_css(PAGE.replace("three", "<b>" * 300 + "x" * 11_000_000), "b { margin: 0; }")
    assert html.count("<b style=") > 200
    assert len(html) > 11_000_000


def test_inlining_says_nothing_about_properties_that_only_mail_clients_know() -> None:
    code = (
        "from sparkpub.core.inline import inline_css;"
        "inline_css('<p style=\"mso-x: y\">a', 'p { mso-hide: all; -x-y: 1; @foo } @bar {} } {')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout + done.stderr == b""


def test_readable_text_holds_texts_and_links_but_no_style_script_or_comment() -> None:
    found = readable_text("<p>a<!-- b -->c<a href='d' title='e'>f</a>g</p><style>h</style>i<script>j</script>k")
    assert set(found.split()) == set("acdfgik")


@given(COLOURS, COLOURS)
def test_contrast_lies_between_1_and_21_whichever_comes_first(one: str, other: str) -> None:
    assert 1 <= contrast(one, other) <= 21
    assert contrast(one, other) == contrast(other, one)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_colours_are_mixed_channel_by_channel() -> None:
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"
    assert mixed("#102030", "#ffffff", 0) == "#102030"


@given(COLOURS)
def test_any_accent_can_be_read_at_night(accent: str) -> None:
    dark = dark_palette(EmailSettings(accent=accent))
    assert min(contrast(dark.accent, ground) for ground in (dark.paper, dark.desk, dark.wash)) >= 4.5
    assert lifted(accent, "#000000").startswith("#")


def test_the_colours_of_the_starter_can_be_read() -> None:
    assert theme_faults(EmailSettings()) == ()


def test_a_colour_that_cannot_be_read_is_a_fault_that_says_by_how_much() -> None:
    faults = theme_faults(EmailSettings(muted="#999999"))
    assert str(faults[0]).startswith("sparkpub.toml: [email] muted on paper has a contrast of 2.85; readers need 4.5")


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#1234567", "", "#111111;}"])
def test_a_colour_is_six_hex_digits(colour: str) -> None:
    assert [fault.path for fault in theme_faults(EmailSettings(ink=colour))] == ["sparkpub.toml"]


@pytest.mark.parametrize("font", ["x; color: red", "a</style>", 'b"c', "d{e", "f\\g"])
def test_a_font_cannot_leave_its_declaration(font: str) -> None:
    assert "font_text holds" in theme_faults(EmailSettings(font_text=font))[0].message


def test_short_colours_are_expanded_and_other_hashes_left() -> None:
    assert six_digits("color:#abc;background:#ABCDEF;x:#ab;y:#abcd") == (
        "color:#aabbcc;background:#ABCDEF;x:#ab;y:#abcd"
    )


@given(st.text(), st.text())
def test_sentinels_are_alphanumeric_of_one_length_and_their_own_for_each_seed_and_field(one: str, other: str) -> None:
    first, second = sentinels(one), sentinels(other)
    assert tuple(first) == FIELDS
    every = [*first.values(), *second.values()]
    assert all(mark.isascii() and mark.isalnum() and len(mark) == LENGTH for mark in every)
    assert len(set(every)) == (len(FIELDS) if one == other else 2 * len(FIELDS))


def test_sentinels_are_counted_and_replanted() -> None:
    old, new = sentinels("a"), sentinels("b")
    text = "x {unsubscribe_url} y {unsubscribe_url} {preferences_url}".format(**old)
    assert counts(text, old) == {"unsubscribe_url": 2, "preferences_url": 1}
    assert counts(replant(text, old, new), new) == {"unsubscribe_url": 2, "preferences_url": 1}
    assert counts(replant(text, old, new), old) == {"unsubscribe_url": 0, "preferences_url": 0}
