from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from chromium import Scheme, chromium, computed_styles, opened, style_differences
from sample_email import ARTICLE, FILES, ROOT, SETTINGS, render_sample, sample_article
from sparkpub.adapters.templates import environment, theme_css
from sparkpub.core.article import Article
from sparkpub.core.email import email_source
from sparkpub.core.inline import inline_css
from sparkpub.core.sentinels import sentinels

pytestmark = pytest.mark.browser

HEBREW = sample_article(
    language="he",
    title="שלושה עשר יום",
    body="טקסט ארוך.\n\n> ציטוט\n>\n> -- מישהו\n\n* אחד\n* שניים\n\n| א | ב |\n|---|--:|\n| 1 | 2 |",
)

_OVERFLOWING = """() => [...document.querySelectorAll('body *')]
  .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .filter(element => !element.closest('.scroll'))
  .map(element => element.tagName + '.' + element.className)"""

# The contrast of every text with the first opaque ground behind it, by WCAG 2.
_WORST_CONTRAST = """() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let worst = [21, ''];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length || element.tagName === 'STYLE') continue;
    let behind = element, ground;
    while (behind && !ground) {
      const found = parts(getComputedStyle(behind).backgroundColor);
      if (found.length < 4 || found[3] === 1) ground = found;
      behind = behind.parentElement;
    }
    const [light, dark] = [luminance(parts(getComputedStyle(element).color)), luminance(ground || [255, 255, 255])]
      .sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < worst[0]) worst = [ratio, element.outerHTML.slice(0, 120)];
  }
  return worst;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def twins(article: Article, *, embeds: bool) -> tuple[str, str]:
    """The email as a page with its rules in `<style>`, and inlined; with the embedded stylesheet or without."""
    source = email_source(
        article, settings=SETTINGS, templates=environment(ROOT), css=theme_css(ROOT, ""), marks=sentinels("x")
    )
    inlined = inline_css(source.html, source.css)
    styled = source.html.replace("<style data", f"<style>{source.css}</style><style data")
    return (styled, inlined) if embeds else (without_embedded(styled), without_embedded(inlined))


def without_embedded(html: str) -> str:
    """The page without the last stylesheet of its head."""
    before, _, rest = html.rpartition("<style")
    return before + rest.partition("</style>")[2]


@pytest.mark.parametrize("article", [ARTICLE, HEBREW], ids=["english", "hebrew"])
def test_without_its_stylesheet_the_inlined_email_looks_like_its_source(browser: Browser, article: Article) -> None:
    source, inlined = twins(article, embeds=False)
    assert "<style" not in inlined
    with opened(browser, source, files=FILES) as one, opened(browser, inlined, files=FILES) as other:
        assert style_differences(one, other) == []
        assert len(computed_styles(one)) > 60


@pytest.mark.parametrize("article", [ARTICLE, HEBREW], ids=["english", "hebrew"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (800, "dark"), (360, "dark"), (800, "light")])
def test_with_it_phones_and_dark_screens_see_what_the_source_shows(
    browser: Browser, article: Article, width: int, scheme: Scheme
) -> None:
    source, inlined = twins(article, embeds=True)
    with (
        opened(browser, source, width=width, scheme=scheme, files=FILES) as one,
        opened(browser, inlined, width=width, scheme=scheme, files=FILES) as other,
    ):
        assert style_differences(one, other) == []


def test_on_paper_too(browser: Browser) -> None:
    source, inlined = twins(ARTICLE, embeds=True)
    with opened(browser, source, files=FILES) as one, opened(browser, inlined, files=FILES) as other:
        one.emulate_media(media="print")
        other.emulate_media(media="print")
        assert style_differences(one, other) == []
        assert not other.locator(".links").is_visible()
        assert other.locator(".address").is_visible()


@pytest.mark.parametrize("width", [320, 360, 480, 600, 620, 621, 800])
def test_nothing_is_wider_than_the_window(browser: Browser, width: int) -> None:
    wide = "| " + " | ".join(f"Column{n}" for n in range(6)) + " |\n" + "|---" * 6 + "|\n" + "| 1234567 " * 6 + "|\n"
    long = sample_article(title="Donaudampfschifffahrtselektrizitätenhauptbetriebswerk", body=ARTICLE.issue.body + wide)
    with opened(browser, render_sample(long).html, width=width, files=FILES) as page:
        assert page.evaluate(_OVERFLOWING) == []
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
        ratio, where = page.evaluate(_WORST_CONTRAST)
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
