"""Lints of weight and measure, and of what mail clients support."""

from dataclasses import replace

import pytest

from sample_lint import PICTURE, holding, mailed, with_html
from sparkpub.core.lint.clients_table import CLIENTS, LEFT_OUT

IMG = 'width="100" height="50"'


def test_spk056_style_elements_that_gmail_drops() -> None:
    assert with_html("SPK056", "p{color:#fff}", "p{color:#fff}" * 631)
    assert not with_html("SPK056", "p{color:#fff}", "p{color:#fff}" * 630)


def test_spk057_a_rule_inside_a_rule() -> None:
    nested = "@media print { p { a: b } @media (max-width: 1px) { p { a: b } } }"
    assert "@media (max-width: 1px)" in with_html("SPK057", "p{color:#fff}", nested)[0]
    assert not with_html("SPK057", "p{color:#fff}", "@media print { p { a: b } } @media screen { p { a: b } } }")


def test_spk058_a_heavy_picture() -> None:
    assert (
        "the picture 'a.png' has 500,001 bytes" in mailed("SPK058", assets=[replace(PICTURE, data=b"x" * 500_001)])[0]
    )
    assert not mailed("SPK058", assets=[replace(PICTURE, data=b"x" * 500_000)])


def test_spk059_pictures_that_are_heavy_together() -> None:
    five = [replace(PICTURE, name=f"{n}-a.png", data=b"x" * 400_001) for n in range(5)]
    assert mailed("SPK059", assets=five)
    assert not mailed("SPK059", assets=five[1:])


def test_spk060_a_picture_shown_wider_than_it_is() -> None:
    assert "200 pixels wide and shown at 201" in with_html("SPK060", IMG, 'width="201" height="50"')[0]
    assert not with_html("SPK060", IMG, 'width="200" height="50"')
    assert not mailed("SPK060", assets=[replace(PICTURE, width=0)])


def test_spk061_a_picture_of_more_pixels_than_are_shown() -> None:
    big = replace(PICTURE, data=b"x" * 100_001)
    assert "200 pixels are enough" in mailed("SPK061", assets=[replace(big, width=251)])[0]
    assert not mailed("SPK061", assets=[replace(big, width=250)])
    assert not mailed("SPK061", assets=[replace(PICTURE, width=900)])


@pytest.mark.parametrize("width", ["", 'width="100%"', 'width="0"', 'style="width:100px"'])
def test_spk062_a_picture_without_width(width: str) -> None:
    assert with_html("SPK062", 'width="100"', width)
    assert not mailed("SPK062")


def test_spk063_a_picture_without_height() -> None:
    assert with_html("SPK063", 'height="50"', "")
    assert not mailed("SPK063")


def test_spk064_something_wider_than_the_sheet() -> None:
    assert with_html("SPK064", IMG, 'width="601" height="50"')
    assert holding("SPK064", '<table role="presentation" style="width:640px"></table>')
    assert not holding("SPK064", '<table role="presentation" width="600" style="max-width:640px; width:100%"></table>')


def test_spk065_a_picture_that_moves() -> None:
    frame = b"\x21\xf9\x04\x00"
    still, moving = (replace(PICTURE, media_type="image/gif", data=b"GIF89a" + frame * n) for n in (1, 2))
    assert mailed("SPK065", assets=[moving])
    assert mailed("SPK065", assets=[replace(PICTURE, data=b"\x89PNG....acTL")])
    assert not mailed("SPK065", assets=[still, PICTURE])


def test_spk086_css_that_most_clients_leave_out() -> None:
    (found,) = holding("SPK086", '<p style="text-underline-offset:2px; color:#000000">a</p>')
    assert found.startswith("issues/a.md: Gmail, Gmail on iPhones, Gmail on Android and 10 others of 17 mail clients ")
    assert "leave out text-underline-offset (tested 2023-01-16)" in found


@pytest.mark.parametrize("style", ["display: flex", "position:absolute", "width:calc(100% - 2px)", "color:var(--x)"])
def test_spk086_css_that_a_layout_hangs_on(style: str) -> None:
    assert holding("SPK086", f'<p style="{style}">a</p>')
    assert not holding("SPK086", '<p style="overflow-wrap:break-word; max-width:600px; border-radius:3px">a</p>')


def test_spk087_css_that_many_clients_leave_out() -> None:
    assert "box-shadow" in holding("SPK087", '<p style="box-shadow:none; margin:1rem">a</p>')[1]
    assert "leave out rem (tested" in holding("SPK087", '<p style="margin:1rem">a</p>')[0]
    assert not holding("SPK087", '<p style="display:flex; text-align:left">a</p>')


def test_spk088_elements_that_most_clients_leave_out() -> None:
    assert "<picture>" in holding("SPK088", "<picture></picture>")[0]
    assert not holding("SPK088", "<bdi>a</bdi><ruby>b</ruby>")


def test_spk089_elements_that_many_clients_leave_out() -> None:
    assert "leave out <ruby> (tested 2019-02-28)" in holding("SPK089", "<ruby>a</ruby>")[0]
    assert not holding("SPK089", "<abbr>a</abbr><section>b</section>")


@pytest.mark.parametrize("kind", ["webp", "avif", "svg+xml"])
def test_spk090_a_format_that_some_clients_cannot_show(kind: str) -> None:
    assert "(tested 20" in mailed("SPK090", assets=[replace(PICTURE, media_type=f"image/{kind}")])[0]
    assert not mailed(
        "SPK090", assets=[replace(PICTURE, media_type=f"image/{good}") for good in ("png", "jpeg", "gif")]
    )


def test_the_table_of_clients_is_sound() -> None:
    assert len(LEFT_OUT) > 200
    for tested_on, tested, missing in LEFT_OUT.values():
        assert len(tested_on) == 10
        assert 0 < len(missing) <= tested <= len(CLIENTS)
        assert set(missing) <= set(CLIENTS)
