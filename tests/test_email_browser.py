import pytest
from playwright.sync_api import Browser

from chromium import Scheme, computed_styles, opened
from email_pages import HEBREW, LOOKS, OVERFLOWING, WORST_CONTRAST, differences, leap_day, twins
from sample_email import ARTICLE, FILES, render_sample, sample_article
from sparkpub.core.article import Article

pytestmark = pytest.mark.browser

FULL = leap_day(ARTICLE)


ARTICLES = pytest.mark.parametrize("article", [FULL, HEBREW], ids=["english", "hebrew"])


@ARTICLES
def test_without_its_stylesheet_the_inlined_email_looks_like_its_source(browser: Browser, article: Article) -> None:
    source, inlined = twins(article, embeds=False)
    assert "<style" not in inlined
    assert differences(browser, source, inlined, LOOKS[:1]) == []


@ARTICLES
def test_with_it_phones_dark_screens_and_paper_show_what_the_source_shows(browser: Browser, article: Article) -> None:
    source, inlined = twins(article, embeds=True)
    assert differences(browser, source, inlined, LOOKS) == []


def test_on_paper_links_are_gone_and_the_address_is_there(browser: Browser) -> None:
    with opened(browser, render_sample().html, files=FILES) as page:
        assert len(computed_styles(page)) > 60
        page.emulate_media(media="print")
        assert not page.locator(".links").is_visible()
        assert page.locator(".address").is_visible()


def test_nothing_is_wider_than_the_window(browser: Browser) -> None:
    wide = "| " + " | ".join(f"Column{n}" for n in range(6)) + " |\n" + "|---" * 6 + "|\n" + "| 1234567 " * 6 + "|\n"
    long = sample_article(title="Donaudampfschifffahrtselektrizitätenhauptbetriebswerk", body=ARTICLE.issue.body + wide)
    with opened(browser, render_sample(long).html, files=FILES) as page:
        for width in (320, 360, 480, 600, 620, 621, 800):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(OVERFLOWING) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_column_is_600_pixels_on_a_desktop_and_the_window_on_a_phone(browser: Browser) -> None:
    html = render_sample().html
    with (
        opened(browser, html, width=800, files=FILES) as desktop,
        opened(browser, html, width=360, files=FILES) as phone,
    ):
        sheets = [page.locator(".sheet").bounding_box() for page in (desktop, phone)]
        assert [sheet and sheet["width"] for sheet in sheets] == [600, 360]
        assert [sheet and sheet["x"] for sheet in sheets] == [100, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_by_day_and_by_night(browser: Browser, scheme: Scheme) -> None:
    html = render_sample().html
    with opened(browser, html, scheme=scheme, files=FILES) as page:
        ratio, where = page.evaluate(WORST_CONTRAST)
        assert ratio >= 4.5, where


def test_with_pictures_off_their_words_are_there(browser: Browser) -> None:
    with opened(browser, render_sample().html) as page:
        assert page.get_by_alt_text("Two rows of days that do not meet").is_visible()


def test_the_preheader_is_not_seen(browser: Browser) -> None:
    with opened(browser, render_sample(sample_article(preheader="Hidden")).html, files=FILES) as page:
        assert not page.get_by_text("Hidden").is_visible()


def test_an_email_asks_for_nothing_but_its_pictures(browser: Browser) -> None:
    asked: list[str] = []
    html = render_sample().html
    with opened(browser, "<p>", files=FILES) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.set_content(html, wait_until="load")
    assert set(asked) == set(FILES)
