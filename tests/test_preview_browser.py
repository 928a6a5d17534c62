"""The preview as an editor sees it in Chromium: it follows each save and stays where one was reading."""

import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Frame, Page, expect, sync_playwright

from chromium import ARGUMENTS, CHROMIUM
from sample_preview import PATH, issue_text, served, write_publication
from sparkpub.adapters.preview_server import PreviewServer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium that believes a name of another's is this machine, as after DNS rebinding."""
    arguments = [*ARGUMENTS, "--host-resolver-rules=MAP rebound.example 127.0.0.1"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_publication(tmp_path_factory.mktemp("preview"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[PreviewServer]:
    with served(folder) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: PreviewServer, folder: Path) -> Iterator[Page]:
    """The preview of an issue that no other test has changed."""
    (folder / PATH).write_text(issue_text())
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    said: list[str] = []
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("dialog", lambda dialog: said.append(dialog.message))
    opened.set_default_timeout(5000)
    opened.goto(f"{server.url}#file={PATH}")
    expect(opened.locator("#title")).to_have_text("Queues")
    expect(opened.locator(".nothing")).to_be_visible()
    yield opened
    opened.close()
    assert said == []


def frame(page: Page, view: str) -> Frame:
    """The pane's document."""
    shown = page.wait_for_selector(f'.pane[data-view="{view}"] iframe:not(.is-coming)')
    inside = shown.content_frame() if shown else None
    assert inside
    return inside


def shows(page: Page, view: str, words: str) -> None:
    expect(page.frame_locator(f'.pane[data-view="{view}"] iframe:not(.is-coming)').locator("body")).to_contain_text(
        words
    )


def test_a_save_is_seen_within_a_second_where_one_was_reading(page: Page, folder: Path) -> None:
    page.click("text=Images off")
    shows(page, "images-off", "read aloud")
    frame(page, "images-off").evaluate("window.scrollTo(0, 1500)")
    times = []  # the best of three counts: a machine may be busy
    for words in ("A mended paper", "A paper mended twice", "A paper mended for good"):
        (folder / PATH).write_text(issue_text().replace("The paper", words))
        saved = time.monotonic()
        shows(page, "images-off", words)
        times.append(time.monotonic() - saved)
    assert min(times) < 1
    assert frame(page, "images-off").evaluate("window.scrollY") == 1500
    assert page.locator('.tab[aria-pressed="true"]').inner_text() == "Images off"
    page.reload()
    shows(page, "images-off", "A paper mended for good")


def test_a_broken_file_shows_its_faults_in_place_until_it_is_mended(page: Page, folder: Path) -> None:
    (folder / PATH).write_text(issue_text().replace("release:", "relaese:"))
    expect(page.locator(".broken")).to_contain_text("unknown key 'relaese'")
    expect(page.locator(".broken")).to_contain_text(f"{PATH}:6")
    expect(page.locator(".line.has-fault", has_text="relaese: 2027-09-04")).to_have_count(1)
    expect(page.locator('.file[aria-current="true"] .chip')).to_have_text(re.compile("fault"))
    page.click(".broken .finding >> nth=0")
    assert page.locator(".line.is-shown").count() == 1
    (folder / PATH).write_text(issue_text())
    shows(page, "desktop", "read aloud")
    expect(page.locator(".broken")).to_have_count(0)


def test_a_finding_leads_to_its_line(page: Page, folder: Path) -> None:
    (folder / PATH).write_text(issue_text("Words.\n" * 120 + "\n![A street](nowhere.png)\n"))
    page.locator(".findings .finding", has_text="nowhere.png").click()
    shown = page.locator(".line.is-shown")
    expect(shown).to_contain_text("![A street](nowhere.png)")
    expect(shown).to_be_in_viewport()
    expect(page.locator(".beside", has_text="nowhere.png")).to_be_visible()


def test_every_view_stands_beside_the_others(page: Page) -> None:
    page.check("#side")
    for view in ("desktop", "phone", "dark", "images-off", "text", "page", "entry"):
        shows(page, view, "read aloud")
    assert frame(page, "phone").evaluate("window.innerWidth") == 375
    ground = "getComputedStyle(document.body).backgroundColor"
    assert frame(page, "dark").evaluate(ground) != frame(page, "desktop").evaluate(ground)
    width = "document.querySelector('img[alt=\"A street in rain\"]').naturalWidth"
    assert frame(page, "desktop").evaluate(width) > 1000
    assert frame(page, "entry").evaluate(width) > 1000
    assert frame(page, "images-off").evaluate(width) == 0


def test_worst_case_reader_is_measured(page: Page) -> None:
    sample = page.inner_text("#bytes")
    page.check("#worst")
    expect(page.locator("#bytes")).not_to_have_text(sample)
    expect(page.locator("#bytes-more")).to_contain_text("worst case")
    page.wait_for_selector('iframe[src*="reader=worst"]:not(.is-coming)')
    assert frame(page, "desktop").url.endswith("reader=worst")


def test_links_of_an_issue_lead_nowhere_but_are_named(page: Page, server: PreviewServer) -> None:
    frame(page, "desktop").locator("a[href^='https://letters.example.org/u/']").first.click()
    expect(page.locator("#whisper")).to_contain_text("https://letters.example.org/u/")
    assert page.url.startswith(server.url)
    shows(page, "desktop", "read aloud")


def test_titles_and_file_names_never_become_markup(page: Page, folder: Path) -> None:
    title = "'<img src=x onerror=alert(1)> <b>bold</b>'"
    name = "<script>alert(2)</script>".replace("/", "-") + "&file=x#y.md"
    (folder / "issues" / name).write_text(issue_text("Words <script>alert(3)</script>.", id_="hostile", title=title))
    row = page.locator(".file", has_text="<b>bold</b>")
    row.click()
    expect(page.locator("#title")).to_have_text(title.strip("'"))
    expect(page.locator("#path")).to_have_text(f"issues/{name}")
    shows(page, "desktop", "Words")
    page.reload()
    expect(page.locator("#path")).to_have_text(f"issues/{name}")


class _Evil(BaseHTTPRequestHandler):
    """A page of another origin that asks for what the preview has."""

    def __init__(self, url: str, *given: Any) -> None:
        self.url = url
        super().__init__(*given)

    def do_GET(self) -> None:
        body = (
            "<title>evil</title><script>window.seen = [];"
            f"fetch('{self.url}list.json').then(r => r.text()).then(t => seen.push(t), e => seen.push('refused'));"
            f"fetch('{self.url}list.json', {{mode: 'no-cors'}}).then(r => seen.push(1), e => seen.push('refused'));"
            f"const news = new EventSource('{self.url}events'); news.onerror = () => seen.push('refused');"
            f"</script><iframe src='{self.url}'></iframe>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        """Say nothing."""


def test_page_of_another_origin_learns_nothing(browser: Browser, server: PreviewServer) -> None:
    evil = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Evil, server.url))
    thread = threading.Thread(target=evil.serve_forever, args=(0.05,))
    thread.start()
    page = browser.new_page()
    try:
        page.goto(f"http://localhost:{evil.server_port}/")
        page.wait_for_function("seen.length >= 3")
        assert set(page.evaluate("seen")) == {"refused"}
        assert all("Centenary" not in one.content() for one in page.frames)
    finally:
        page.close()
        evil.shutdown()
        thread.join()
        evil.server_close()


def test_name_that_was_rebound_to_this_machine_is_refused(browser: Browser, server: PreviewServer) -> None:
    page = browser.new_page()
    answer = page.goto(f"http://rebound.example:{server.own_port}/list.json")
    assert answer
    assert answer.status == 421
    assert "Centenary" not in page.content()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_every_screen(browser: Browser, server: PreviewServer, scheme: Literal["light", "dark"]) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.set_default_timeout(5000)
    page.goto(server.url)
    page.wait_for_selector("body[data-revision]")
    for width in (420, 1000, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shown = page.locator(".pane-frame").bounding_box()
        assert shown
        assert shown["height"] > 200
    page.close()
