"""The readers' pages in Chromium: at any width, by day and night, in each language, by keyboard; and the whole way."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from chromium import Scheme
from cli_runner import SPARKPUB, process
from press_room import issue_text
from smtp_sink import Received, Sink, running
from sparkpub.adapters.catalogues import languages
from sparkpub.adapters.ledger import Ledger, open_ledger
from sparkpub.core.records import SubscriberState
from web_room import KEY, NOW, WEB, WebRoom, answering, new_press, web_room

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "tools" / "node" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS: list[tuple[int, Scheme]] = [(360, "light"), (768, "dark"), (1280, "light")]
LONG = "Hippopotomonstrosesquippedaliophobia" * 2
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True, slots=True)
class Stage:
    """The face with one reader, and the address of each kind of page."""

    web: WebRoom
    url: str
    pages: dict[str, str]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    settings = f'{WEB}[series.r]\ntitle = "The Revolution"\n[series.l]\ntitle = "{LONG}"\n'
    with web_room(tmp_path_factory.mktemp("web") / "press", settings) as web:
        ada, gone = web.add("ada@example.org", "Ada " + LONG[:60]), web.add("gone@example.org")
        long = web.add(f"{'a-very-long-name' * 3}@{'quite.' * 20}example.org")
        web.press.ledger.unsubscribe("gone@example.org", NOW)
        web.ask("new@example.org")
        pages = {
            "subscribe": "/subscribe",
            "confirm": web.confirm_path(web.reader("new@example.org")),
            "leave": web.leave_path(ada),
            "left": web.leave_path(gone),
            "preferences": web.preferences_path(ada),
            "long": web.preferences_path(long),
            "away": web.preferences_path(gone),
            "unknown": "/u/nonsense",
        }
        with answering(web.client.application) as url:
            yield Stage(web, url, pages)


@contextmanager
def opened(browser: Browser, *, width: int = 1280, scheme: Scheme = "light", locale: str = "en") -> Iterator[Page]:
    """An empty page that keeps what goes wrong in it as `page.faults`."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale, bypass_csp=False
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    try:
        yield page
        wrong = [fault for fault in faults if "status of 404" not in fault]
        assert not wrong, wrong
    finally:
        context.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_fits_and_loads_nothing_that_it_may_not(
    stage: Stage, browser: Browser, width: int, scheme: Scheme
) -> None:
    with opened(browser, width=width, scheme=scheme) as page:
        for name, path in stage.pages.items():
            page.goto(stage.url + path)
            assert page.locator("h1").count() == 1, name
            assert page.evaluate(OVERFLOW) <= 0, name


@pytest.mark.parametrize("language", languages())
def test_every_page_fits_a_phone_in_every_language(stage: Stage, browser: Browser, language: str) -> None:
    with opened(browser, width=360, locale=language) as page:
        for name, path in stage.pages.items():
            page.goto(stage.url + path)
            asked_in = "en" if name == "confirm" else language  # who asked did so in English
            assert page.evaluate("document.documentElement.lang") == asked_in, name
            assert page.evaluate(OVERFLOW) <= 0, name


@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing_on_any_page(stage: Stage, browser: Browser, language: str) -> None:
    # axe is a script, which the pages forbid: it is looked at in a window that lets it in.
    context = browser.new_context(viewport={"width": 700, "height": 900}, locale=language, bypass_csp=True)
    try:
        page = context.new_page()
        for name, path in stage.pages.items():
            page.goto(stage.url + path)
            page.add_script_tag(path=AXE)
            found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert not [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]], (name, language)
    finally:
        context.close()


def test_preferences_are_set_by_keyboard_alone(stage: Stage, browser: Browser) -> None:
    reader = stage.web.add("keys@example.org")
    with opened(browser) as page:
        page.goto(stage.url + stage.web.preferences_path(reader))
        page.locator("input[name=rhythm][value=each]").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement.textContent.trim()")
            if focused == "Save":
                break
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=status]")
    assert stage.web.reader("keys@example.org").wishes.rhythm == "weekly"


# The whole way: a press that mails through a relay, and a reader with a browser and a mailbox.

SETTINGS = """\
min_spacing = "0s"
[web]
url = "{url}"
[delivery]
transport = "smtp"
[smtp.main]
host = "127.0.0.1"
port = {port}
security = "none"
"""


class Town:
    """A press in a folder, its web face in a process of its own, and the relay that takes its mail."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.folder, self._sink = folder, sink
        new_press(folder, SETTINGS.format(url="http://127.0.0.1:1", port=sink.port))
        (folder / "issues" / "a.md").write_text(
            issue_text("a", of="1926-11-24", body="Read [this](https://example.org/).")
        )
        (folder / "secrets.env").write_text(f"SPARKPUB_SECRET_KEY={KEY}\n")
        (folder / "secrets.env").chmod(0o600)

    def open(self) -> str:
        """Start the web face; returns its address, which is also that of the links."""
        self._web = subprocess.Popen(
            [*SPARKPUB, "serve", "--listen", "127.0.0.1:0"], cwd=self.folder, stdout=subprocess.PIPE, text=True
        )
        assert self._web.stdout is not None
        url = self._web.stdout.readline().strip().rstrip("/")
        self.close()
        port = urlsplit(url).port
        path = self.folder / "sparkpub.toml"
        path.write_text(path.read_text().replace("http://127.0.0.1:1", url))
        self._web = subprocess.Popen(
            [*SPARKPUB, "serve", "--listen", f"127.0.0.1:{port}"], cwd=self.folder, stdout=subprocess.PIPE, text=True
        )
        assert self._web.stdout is not None
        self._web.stdout.readline()
        return url

    def close(self) -> None:
        self._web.terminate()
        self._web.wait()
        if self._web.stdout is not None:
            self._web.stdout.close()

    def run(self, *words: str) -> None:
        ran = process(*words, cwd=self.folder)
        assert ran.code == 0, ran.err

    def mail_to(self, address: str, count: int) -> EmailMessage:
        """The newest message to an address, once so many have come."""
        waiting = threading.Event()
        for _ in range(200):
            found = [m for m in self._sink.received if m.recipient == address]
            if len(found) >= count:
                return parsed(found[-1])
            waiting.wait(0.05)
        raise AssertionError([m.recipient for m in self._sink.received])

    def ledger(self) -> Ledger:
        return open_ledger("sqlite:///var/ledger.db", self.folder)


def parsed(received: Received) -> EmailMessage:
    message = message_from_bytes(received.data, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text


def link_in(message: EmailMessage, kind: str) -> str:
    found = re.search(rf"http://127\.0\.0\.1:\d+/{kind}/\S+", text_of(message))
    assert found, text_of(message)
    return found[0]


def links_in(message: EmailMessage) -> set[str]:
    """Every address that a scanner of mail would open."""
    part = message.get_body(("html",))
    html = part.get_content() if part else ""
    named = re.findall(r"<(https?://[^>]+)>", message.get("List-Unsubscribe", ""))
    return {*re.findall(r'href="(http://127[^"]+)"', html), *re.findall(r"http://127\S+", text_of(message)), *named}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with running(Sink()) as sink:
        made = Town(tmp_path / "press", sink)
        yield made
        made.close()


def test_a_reader_goes_the_whole_way_from_the_form_to_goodbye(town: Town, browser: Browser) -> None:
    url = town.open()
    with opened(browser) as page:
        page.goto(f"{url}/subscribe")
        page.fill("#email", "ada@example.org")
        page.fill("#name", "Ada")
        page.click("button[type=submit]")
        page.wait_for_selector("text=Look into your mailbox")

        page.goto(link_in(town.mail_to("ada@example.org", 1), "c"))
        page.click("text=Yes, subscribe me")
        page.wait_for_selector("text=You are subscribed")
        welcome = town.mail_to("ada@example.org", 2)
        assert "List-Unsubscribe" in welcome

        town.run("queue", "a")
        town.run("release", "a", "--yes")
        town.run("send")
        piece = town.mail_to("ada@example.org", 3)
        assert piece["Subject"] == "The piece a"
        assert piece["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

        before = dump(town)
        context = browser.new_context()
        for message in (town.mail_to("ada@example.org", 1), welcome, piece):
            for link in sorted(links_in(message)):
                context.request.get(link)
                context.request.head(link)
        context.close()
        assert dump(town) == before

        page.goto(link_in(piece, "p"))
        page.check("input[name=rhythm][value=weekly]")
        page.click("text=Save")
        page.wait_for_selector("[role=status]")
        with_wish = town.ledger().find_subscriber("ada@example.org")
        assert with_wish is not None
        assert with_wish.wishes.rhythm == "weekly"

        (one_click,) = re.findall(r"<(http://[^>]+)>", piece["List-Unsubscribe"])
        answer = page.request.post(one_click, form={"List-Unsubscribe": "One-Click"})
        assert answer.status == 200
    ledger = town.ledger()
    gone = ledger.find_subscriber("ada@example.org")
    assert gone is not None
    assert gone.state is SubscriberState.UNSUBSCRIBED
    assert ledger.count_audience(None) == 0


def dump(town: Town) -> list[str]:
    """What the ledger says of readers and what they are to get."""
    ledger = town.ledger()
    return [repr(reader) for reader in ledger.subscribers()] + [str(ledger.last_event()), str(ledger.count_letters())]


def test_a_browser_lets_an_address_with_letters_of_any_script_through(stage: Stage, browser: Browser) -> None:
    with opened(browser) as page:
        page.goto(f"{stage.url}/subscribe")
        page.fill("#email", "用户@例え.example")
        page.click("button[type=submit]")
        page.wait_for_selector("text=Look into your mailbox")
        assert stage.web.reader("用户@xn--r8jz45g.example").state is SubscriberState.UNCONFIRMED
