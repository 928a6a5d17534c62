"""Pages opened in the system's Chromium, with no network but what a test gives."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]

Scheme = Literal["light", "dark"]

# Every property of every element in document order; what paints nothing (head, style, script) is left out.
# As one string: playwright would take each of fifty thousand values apart by itself.
_COMPUTED_STYLES = """() => JSON.stringify([...document.querySelectorAll('html, body, body *')].map(element => {
  const style = getComputedStyle(element);
  const name = element.tagName.toLowerCase() + (element.className ? '.' + element.className : '');
  return [name, Object.fromEntries([...style].map(property => [property, style.getPropertyValue(property)]))];
}))"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one module."""
    with chromium() as started:
        yield started


@contextmanager
def opened(
    browser: Browser,
    html: str,
    *,
    width: int = 800,
    scheme: Scheme = "light",
    files: Mapping[str, tuple[bytes, str]] | None = None,
) -> Iterator[Page]:
    """A page with this HTML. `files` maps addresses to (data, media type); every other address is refused."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=True, service_workers="block"
    )

    def answer(route: Route) -> None:
        data, media_type = (files or {}).get(route.request.url, (b"", ""))
        if media_type:
            route.fulfill(body=data, content_type=media_type)
        else:
            route.abort()

    context.route("**/*", answer)
    page = context.new_page()
    try:
        page.set_content(html, wait_until="load")
        yield page
    finally:
        context.close()


def computed_styles(page: Page) -> list[tuple[str, dict[str, str]]]:
    """Of every element in document order its name and all of its computed style."""
    found: list[Any] = json.loads(page.evaluate(_COMPUTED_STYLES))
    return [(name, style) for name, style in found]


def style_differences(one: Page, other: Page) -> list[str]:
    """Every property of every element in which two pages look different, as sentences."""
    left, right = computed_styles(one), computed_styles(other)
    if [name for name, _ in left] != [name for name, _ in right]:
        return ["the pages have different elements"]
    return [
        f"{index} {name}: {key} is {style[key]!r}, then {there.get(key)!r}"
        for index, ((name, style), (_, there)) in enumerate(zip(left, right, strict=True))
        for key in style
        if style[key] != there.get(key)
    ]
