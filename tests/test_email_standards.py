"""Emails before judges that others wrote: axe-core, SpamAssassin, mutt, and the mail parsers of Python and npm."""

import email
import email.policy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from chromium import opened
from email_pages import HEBREW, THEMES, in_theme, leap_day
from sample_email import ARTICLE, BASE_URL, FILES, ROOT, SETTINGS, render_sample
from sparkpub.core.article import Article
from sparkpub.core.mail import ReaderValues, compile_message, message_head
from sparkpub.press import open_publication
from sparkpub.rendering import look_at
from sparkpub.shelf import read_shelf

NODE = Path(__file__).parents[1] / "tools" / "node"
AXE = NODE / "node_modules" / "axe-core" / "axe.min.js"
NOW = datetime(2026, 11, 1, tzinfo=UTC)

needs_node = pytest.mark.skipif(not AXE.is_file() or not shutil.which("node"), reason="tools/node-tools.sh was not run")


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


NAMES = [
    "Ada Lovelace",
    "",
    'O\'Brien "Bob" <b@example.org>, Jr.',
    "דוד בן־גוריון",
    "Zoë 🎈 Ångström, José",
    "Wolfeschlegelsteinhausenberger the Younger of Philadelphia",
]


def message(article: Article, name: str) -> bytes:
    """The sample as one reader receives it."""
    head = message_head(SETTINGS, issue_id=article.issue.id, number=article.number, released_at=article.released_at)
    leave = f"{BASE_URL}/mail/u/1.x"
    values = ReaderValues(
        address="ada@example.org",
        name=name,
        message_id="<abc@paper.example.org>",
        unsubscribe_url=leave,
        preferences_url=f"{BASE_URL}/mail/p/1.y",
        leave_urls=(leave, "mailto:leave@paper.example.org?subject=unsubscribe%201.x"),
    )
    return compile_message(render_sample(article), head=head).splice(values)


def example_messages() -> Iterator[tuple[str, bytes, str]]:
    """Id, message and HTML of every issue of the example publication."""
    publication = open_publication(ROOT)
    for issue in read_shelf(publication).issues.values():
        look = look_at(publication, issue, None, now=NOW)
        yield issue.id, look.sample.message, look.sample.html.decode()


def violations(page: Page) -> list[str]:
    """What axe-core has against a page, by any of its rules, best practice among them."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert len(found["passes"]) > 20
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]


@needs_node
@pytest.mark.browser
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("article", [leap_day(ARTICLE), leap_day(HEBREW)], ids=["english", "hebrew"])
def test_axe_finds_nothing(browser: Browser, article: Article, theme: str) -> None:
    with opened(browser, render_sample(article, in_theme(theme)).html, files=FILES) as page:
        assert violations(page) == []
        page.set_viewport_size({"width": 360, "height": 800})
        page.emulate_media(color_scheme="dark")
        assert violations(page) == []


@needs_node
@pytest.mark.soak
@pytest.mark.browser
def test_axe_finds_nothing_in_any_email_of_the_example(browser: Browser) -> None:
    for id_, _, html in example_messages():
        with opened(browser, html) as page:
            assert violations(page) == [], id_


@needs("spamassassin")
@pytest.mark.soak
def test_spamassassin_has_nothing_against_the_emails_of_the_example() -> None:
    for id_, data, _ in [*example_messages(), ("sample", message(leap_day(ARTICLE), "Ada"), "")]:
        ran = subprocess.run(["spamassassin", "--local", "--test-mode"], input=data, capture_output=True, check=True)
        score = re.search(rb"X-Spam-Status: \w+, score=(-?[\d.]+)", ran.stdout)
        assert score, id_
        assert float(score[1]) <= 1.0, ran.stdout[-2000:].decode(errors="replace")


def read(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)


def bodies(data: bytes) -> tuple[str, str]:
    """The text and the HTML of a message as Python reads it."""
    parsed = read(data)
    found = [parsed.get_body((kind,)) for kind in ("plain", "html")]
    assert all(found)
    text, html = (part.get_content().replace("\r\n", "\n") for part in found if part)
    return text, html


@pytest.mark.parametrize("name", NAMES)
def test_python_reads_what_was_written(name: str) -> None:
    data = message(ARTICLE, name)
    parsed = read(data)
    assert [defect for part in parsed.walk() for defect in part.defects] == []
    assert parsed["subject"] == ARTICLE.issue.title
    (to,) = parsed["to"].addresses
    assert (to.addr_spec, to.display_name) == ("ada@example.org", " ".join(name.split()))
    text, html = bodies(data)
    assert "=" * 72 in text
    assert html.endswith("</html>\n")


@needs("mutt")
@needs("script")
@pytest.mark.soak
@pytest.mark.parametrize("article", [ARTICLE, HEBREW], ids=["english", "hebrew"])
def test_mutt_shows_the_text(tmp_path: Path, article: Article) -> None:
    data = message(article, "Ada")
    (tmp_path / "mbox").write_bytes(b"From press Wed Jan 24 07:00:00 2018\n" + data.replace(b"\r\n", b"\n") + b"\n")
    (tmp_path / "rc").write_text(
        # Without a folder mutt asks whether to make one, and takes our keys for the answer.
        f"set folder={tmp_path} charset=utf-8 pipe_decode=yes wait_key=no quit=yes\n"
        f'push "<pipe-message>cat > {tmp_path}/shown<enter><exit>"\n'
    )
    environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}
    call = f"mutt -n -R -F {tmp_path}/rc -f {tmp_path}/mbox"
    subprocess.run(
        ["script", "-qec", call, "/dev/null"],
        env=environment,
        check=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    shown = (tmp_path / "shown").read_text()
    assert f"Subject: {article.issue.title}" in shown
    assert bodies(data)[0].strip() in shown


PARSERS = """
import {simpleParser} from 'mailparser';
import PostalMime from 'postal-mime';
import {readFileSync} from 'node:fs';
const data = readFileSync(0);
const one = await simpleParser(data, {skipTextToHtml: true, skipImageLinks: true});
const other = await PostalMime.parse(data);
console.log(JSON.stringify([
  {subject: one.subject, from: one.from.value[0], to: one.to.value[0], date: one.date, text: one.text, html: one.html,
   id: one.messageId, attachments: one.attachments.length},
  {subject: other.subject, from: other.from, to: other.to[0], date: other.date, text: other.text, html: other.html,
   id: other.messageId, attachments: other.attachments.length},
]));
"""


@needs_node
@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("article", [ARTICLE, HEBREW], ids=["english", "hebrew"])
def test_two_parsers_from_npm_read_what_python_reads(article: Article, name: str) -> None:
    data = message(article, name)
    text, html = bodies(data)
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", PARSERS], cwd=NODE, input=data, capture_output=True, check=True
    )
    for seen in json.loads(ran.stdout):
        assert seen["subject"] == article.issue.title
        assert seen["from"] == {"address": "editor@paper.example.org", "name": "The Daily Centenary"}
        assert seen["to"] == {"address": "ada@example.org", "name": " ".join(name.split())}
        assert seen["date"].startswith("2018-01-24T07:00:00")
        assert seen["id"] == read(data)["message-id"]
        assert seen["text"].replace("\r\n", "\n").strip() == text.strip()
        assert seen["html"].replace("\r\n", "\n").strip() == html.strip()
        assert seen["attachments"] == 0
