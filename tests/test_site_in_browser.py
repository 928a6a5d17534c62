"""The site as readers see it: served from a folder, opened in Chromium."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser

from chromium import Scheme
from sample_site import SETTINGS, sample_articles, settings_with, starter
from sparkpub.adapters.site_cache import SiteCache
from sparkpub.building.folder import Folder
from sparkpub.building.making import write_site
from sparkpub.core.settings import Settings, WebSettings

pytestmark = pytest.mark.browser

PAGES = (
    "",
    "issues/september/",
    "issues/notice/",
    "series/revolution-1917/",
    "archive/",
    "2017/",
    "on-this-day/",
    "feeds/",
    "subscribe/",
    "authors/ada-example/",
)


WITH_FORM = replace(SETTINGS, web=WebSettings(url="https://letters.example.org"))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        """Say nothing."""


def written(made: Path, settings: Settings) -> Path:
    with closing(SiteCache(made / "site.db")) as cache:
        site = Folder(out=made / "public", cache=cache)
        write_site(sample_articles(), settings, templates=starter(), static={}, folder=site)
    return made / "public"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("site"), WITH_FORM)


@pytest.fixture(scope="module")
def root(folder: Path) -> Iterator[str]:
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def arabic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(written(tmp_path_factory.mktemp("arabic"), settings_with(language="ar"))) as address:
        yield address


@pytest.mark.parametrize("width", [360, 800, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_the_screen(browser: Browser, root: str, arabic: str, width: int, scheme: Scheme) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for address in (start + path for start in (root, arabic) for path in PAGES):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    context.close()


def test_search_finds_every_word_whatever_its_accents(browser: Browser, root: str) -> None:
    page = browser.new_page()
    page.goto(f"{root}search/?q=QUEUES+old+style")
    page.wait_for_selector("#results li")
    assert page.inner_text("#found") == "1 piece"
    page.click("#results a")
    assert page.inner_text("h1") == "Queues & “Quiet”"
    page.goto(f"{root}search/?q=nowhere")
    page.wait_for_function("document.getElementById('found').textContent")
    assert page.inner_text("#found") == "0 pieces"
    page.close()


def test_search_counts_in_the_forms_of_its_language(browser: Browser, arabic: str) -> None:
    page = browser.new_page()
    for words, count in (("nowhere", "لا مقالات"), ("QUEUES", "مقال واحد"), ("street", "مقالان")):
        page.goto(f"{arabic}search/?q={words}")
        page.wait_for_function("document.getElementById('found').textContent")
        assert page.inner_text("#found") == count
    page.close()


def test_a_date_behind_a_latin_name_stays_whole_in_a_line_from_right_to_left(browser: Browser, arabic: str) -> None:
    page = browser.new_page()
    page.goto(f"{arabic}issues/september/")
    names, day = (page.locator(f".facts {one}").last.bounding_box() for one in ("a[rel=author]", "time"))
    assert names
    assert day
    assert day["x"] + day["width"] < names["x"]
    page.close()


def test_scripts_without_slanted_letters_stay_upright(browser: Browser, root: str, arabic: str) -> None:
    page = browser.new_page()
    for address, slant in ((root, "italic"), (arabic, "normal")):
        page.goto(address)
        assert page.evaluate("getComputedStyle(document.querySelector('.footer h2')).fontStyle") == slant
    page.close()


def test_everything_but_search_is_read_without_scripts(browser: Browser, root: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(root)
    page.click("text=Queues")
    assert page.url == f"{root}issues/september/"
    context.close()


def test_folder_opened_from_a_disk_leads_from_page_to_page(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    page.click("text=Queues")
    assert page.inner_text("h1") == "Queues & “Quiet”"
    page.click("text=Front page")
    assert page.inner_text("h1") == "The Daily Centenary"
    page.close()


def test_on_a_phone_there_is_room_to_type_an_address(browser: Browser, root: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(f"{root}subscribe/")
    box = page.locator("input[type=email]").bounding_box()
    assert box
    assert box["width"] > 300
    page.close()


def test_the_form_takes_an_address_with_letters_of_any_script(browser: Browser, root: str) -> None:
    page = browser.new_page()
    page.goto(f"{root}subscribe/")
    page.fill("input[type=email]", "用户@例え.example")
    with page.expect_request(lambda request: request.method == "POST") as asked:
        page.click("main button[type=submit]")
    assert parse_qs(asked.value.post_data or "")["email"][0].startswith("用户@")
    page.close()
