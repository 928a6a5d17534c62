"""A theme is only files: the ones that the starter brings, and one made here, become sound emails."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from chromium import Scheme, opened
from email_pages import (
    HEBREW,
    LOOKS,
    OVERFLOWING,
    THEMES,
    WORST_CONTRAST,
    Look,
    differences,
    in_theme,
    leap_day,
    twins,
)
from sample_email import ARTICLE, FILES, SETTINGS, render_sample, sample_article
from sparkpub.adapters.templates import starter_templates, theme_css
from sparkpub.core.article import Article
from sparkpub.core.settings import EmailSettings
from sparkpub.errors import InputError

FULL = leap_day(ARTICLE)


def test_every_theme_of_the_starter_is_tried_here() -> None:
    themes = {path.parent.name for path in starter_templates().glob("*/inline.css")}
    assert themes == set(THEMES)


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_shows_all_that_an_email_must(theme: str) -> None:
    edition = render_sample(FULL, in_theme(theme))
    for words in (
        "The Daily Centenary</a>",
        "This day, a hundred years on",
        "Yesterday’s paper, read with care.",
        "A decree",
        "18 years ago: 29 February 2000",
        "kept on <bdi>28 February</bdi>",
        "How the Calendar Moved",
        "Eleven Days in September",
        "The Missing Week",
        ">2014</a>, <a",
        "You receive The Daily Centenary",
        "Read in your browser",
        "Preferences",
        "Unsubscribe",
        "12 Printers’ Row",
    ):
        assert words in edition.html
    assert edition.html.count("<h1") == 1


def test_themes_differ_in_how_they_look_and_not_in_what_they_say() -> None:
    one, other = (render_sample(FULL, in_theme(theme)) for theme in THEMES)
    assert one.html != other.html
    assert _without_marks(one.text) == _without_marks(other.text)


def _without_marks(text: str) -> list[str]:
    return [line for line in text.splitlines() if " " in line]


@pytest.mark.browser
def test_inlining_changes_nothing_of_a_letter(browser: Browser) -> None:
    source, inlined = twins(FULL, embeds=False, theme="letter")
    assert differences(browser, source, inlined, LOOKS[:1]) == []


@pytest.mark.browser
@pytest.mark.parametrize(
    ("article", "looks"),
    [
        pytest.param(FULL, LOOKS[3:4], id="english"),
        pytest.param(FULL, LOOKS, id="english-in-every-look", marks=pytest.mark.soak),
        pytest.param(leap_day(HEBREW), LOOKS, id="hebrew-in-every-look", marks=pytest.mark.soak),
    ],
)
def test_a_letter_on_phones_at_night_and_on_paper_is_as_its_source(
    browser: Browser, article: Article, looks: list[Look]
) -> None:
    source, inlined = twins(article, embeds=True, theme="letter")
    assert differences(browser, source, inlined, looks) == []


@pytest.mark.browser
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_a_theme_can_be_read(browser: Browser, theme: str, scheme: Scheme) -> None:
    with opened(browser, render_sample(FULL, in_theme(theme)).html, scheme=scheme, files=FILES) as page:
        ratio, where = page.evaluate(WORST_CONTRAST)
        assert ratio >= 4.5, where


LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
WIDE = (
    f"\n\n::: pull\n{LONG}\n-- {LONG}\n:::\n\n::: note {LONG}\n{LONG}\n:::\n\n> {LONG}\n> -- {LONG}\n\n"
    f"![{LONG}](rows.png '{LONG}')\n\n`{'x' * 90}`\n\n| {LONG} | b |\n|---|---|\n| {LONG} | c |\n"
    f"\nhttps://example.org/{'y' * 90}\n"
)


@pytest.mark.browser
@pytest.mark.parametrize("theme", THEMES)
def test_the_longest_words_stay_inside_the_window(browser: Browser, theme: str) -> None:
    long = sample_article(title=LONG, kicker=LONG, summary=LONG, footer=LONG, authors=(LONG,), body=WIDE)
    settings = in_theme(theme)
    settings = replace(settings, publication=replace(settings.publication, title=LONG, tagline=LONG))
    html = render_sample(leap_day(long), settings).html
    with opened(browser, html, files=FILES) as page:
        for width in (320, 390, 800):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(OVERFLOWING) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.browser
def test_text_without_spaces_and_from_right_to_left_stays_inside_too(browser: Browser) -> None:
    chinese = sample_article(
        language="zh", title="不存在的十三天" * 8, body="一九一八年一月二十四日，人民委员会决定。" * 30
    )
    for article in (chinese, leap_day(HEBREW)):
        with opened(browser, render_sample(article).html, width=360, files=FILES) as page:
            assert page.evaluate(OVERFLOWING) == []


def test_a_theme_of_ones_own_may_be_one_stylesheet(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "bold"
    folder.mkdir(parents=True)
    (folder / "inline.css").write_text('{% include "email/inline.css" %}\n.headline { font-size: 60px; }\n')
    html = render_sample(FULL, in_theme("bold"), tmp_path).html
    assert "font-size:60px" in html
    assert "prefers-color-scheme" in html


def test_a_theme_of_ones_own_may_replace_one_part(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "mine"
    folder.mkdir(parents=True)
    (folder / "colophon.html.j2").write_text('<p>Bye. <a href="{{ unsubscribe_url }}">{{ say.unsubscribe }}</a></p>')
    html = render_sample(FULL, in_theme("mine"), tmp_path).html
    assert "Bye." in html
    assert "You receive" not in html
    assert 'class="nameplate"' in html


@pytest.mark.parametrize("theme", ["none", "../site", "email/..", ""])
def test_a_theme_that_has_no_folder_is_a_fault(tmp_path: Path, theme: str) -> None:
    if not theme:
        assert theme_css(tmp_path, theme).theme == "email"
        return
    with pytest.raises(InputError, match="no folder under templates/"):
        theme_css(tmp_path, theme)


@pytest.mark.parametrize(
    ("colours", "words"),
    [
        ({"ink": "#8a8a8a"}, "ink on paper has a contrast of 3.45; readers need 4.5"),
        ({"accent": "#ff6600"}, "accent on paper has a contrast of 2.94"),
        ({"muted": "#777777"}, "muted on paper has a contrast of 4.48"),
        ({"desk": "#5f5a52"}, "muted on desk has a contrast of 1.00"),
        ({"ink": "red"}, "ink 'red' is no colour"),
        ({"font_text": "Georgia; } body { color: red"}, "font_text holds ';'"),
    ],
)
def test_colours_that_cannot_be_read_are_refused(colours: dict[str, str], words: str) -> None:
    settings = replace(SETTINGS, email=replace(EmailSettings(), **colours))  # type: ignore[arg-type]
    with pytest.raises(InputError) as raised:
        render_sample(ARTICLE, settings)
    assert words in str(raised.value)
