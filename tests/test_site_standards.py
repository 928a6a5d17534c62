"""The site and its feeds before judges that others wrote: validators, checkers, and the programs that people read with.

The W3C's feed validator is on no package registry: `FEEDVALIDATOR=/path/to/feedvalidator/src make soak` names a copy.
"""

import json
import mailbox
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import feedparser
import feedparser_sgmllib
import pytest
from lxml import etree
from PIL import Image as Picture
from playwright.sync_api import Browser

from chromium import CHROMIUM
from sample_site import BASE_URL, PICTURE, SETTINGS, issue, released, sample_articles, starter
from sparkpub.adapters.site_cache import SiteCache
from sparkpub.building.folder import Folder
from sparkpub.building.making import write_site
from sparkpub.core.article import Article
from sparkpub.core.model import Correction
from sparkpub.core.settings import Settings, SiteSettings
from sparkpub.web import create_app
from web_room import answering

HERE = Path(__file__).parent
TOOLS = HERE.parent / "tools"
AXE = TOOLS / "node" / "node_modules" / "axe-core" / "axe.min.js"
SOAK = TOOLS / "node-soak" / "node_modules"
VNU = SOAK / "vnu-jar" / "build" / "dist" / "vnu.jar"
VALIDATOR = os.environ.get("FEEDVALIDATOR", "")

PLACE = "https://paper.example.org"
# Without tags: a title that shows a tag is plain text by RFC 4287, which the W3C's validator takes for a slip.
HOSTILE = "A & B 1 < 2 ]]> \u202eFED\u202c \U0001f5de\ufe0f אב \" ' {{ x }}"

KINDS = {
    "front": "",
    "piece": "issues/september/",
    "piece of another year": "issues/leap/435/",
    "piece in Arabic": "issues/notice/",
    "hostile piece": "issues/hostile/",
    "archive": "archive/",
    "year": "2017/",
    "series": "series/revolution-1917/",
    "tag": "tags/papers/",
    "author": "authors/ada-example/",
    "days": "on-this-day/",
    "day": "on-this-day/10-15/",
    "search": "search/",
    "subscribe": "subscribe/",
    "feeds": "feeds/",
    "lost": "404.html",
}


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not shutil.which(program), reason=f"{program} is not installed: tools/system-packages.sh soak"
    )


def needs_file(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.is_file(), reason=f"{path.name} is not there: tools/node-tools.sh soak")


def picture() -> bytes:
    out = BytesIO()
    Picture.new("RGB", (800, 400), "#aa8866").save(out, "PNG")
    return out.getvalue()


def everything() -> list[Article]:
    """The sample, with a sound file, another language and hostile words."""
    sound = released(issue("sound", title="Звук", body="[Listen](/audio/a.mp3).", language="ru"), date(2018, 11, 2))
    hostile = issue(
        "hostile",
        title=HOSTILE,
        kicker=HOSTILE,
        summary=HOSTILE,
        tags=(HOSTILE,),
        authors=(HOSTILE,),
        body=f"{HOSTILE} <b>open &amp;amp; <script>x</script>",
    )
    asset = replace(PICTURE, data=picture())
    pieces = [
        replace(article, media=dict.fromkeys(article.media, asset)) if article.media else article
        for article in sample_articles()
    ]
    return [*pieces, sound, released(hostile, date(2018, 11, 3))]


def build_into(place: Path, articles: list[Article], settings: Settings) -> Path:
    audio = place / "a.mp3"
    audio.parent.mkdir(parents=True, exist_ok=True)
    audio.write_bytes(b"\xff\xfb" + bytes(998))
    os.utime(audio, (1, 1))
    with closing(SiteCache(place / "site.db")) as cache:
        folder = Folder(out=place / "public", cache=cache)
        write_site(articles, settings, templates=starter(), static={"audio/a.mp3": audio}, folder=folder)
    return place / "public"


def at(base_url: str, **site: Any) -> Settings:
    publication = replace(SETTINGS.publication, base_url=base_url)
    return replace(SETTINGS, publication=publication, site=SiteSettings(announce=True, **site))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with every kind of page and of document, two entries a feed."""
    return build_into(tmp_path_factory.mktemp("site"), everything(), replace(SETTINGS, site=at("", per_feed=2).site))


@contextmanager
def served(folder: Path, path: str = "") -> Iterator[str]:
    app = create_app(folder, base_url=f"http://127.0.0.1{path}")
    with answering(app) as url:
        yield f"{url}{path}/"


@pytest.fixture(scope="module")
def root(folder: Path) -> Iterator[str]:
    with served(folder, "/news") as url:
        yield url


def violations(browser: Browser, url: str, scheme: Any) -> list[str]:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1000, "height": 900})
    try:
        page = context.new_page()
        page.goto(url)
        page.evaluate(AXE.read_text())
        found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert len(found["passes"]) > 15
        return [f"{url} {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
    finally:
        context.close()


@needs_file(AXE)
@pytest.mark.browser
@pytest.mark.parametrize("kind", ["front", "piece", "subscribe"])
def test_axe_finds_nothing(browser: Browser, root: str, kind: str) -> None:
    assert violations(browser, root + KINDS[kind], "light") == []


@needs_file(AXE)
@pytest.mark.soak
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_kind_of_page(browser: Browser, root: str, scheme: str) -> None:
    assert [words for path in KINDS.values() for words in violations(browser, root + path, scheme)] == []


@needs("java")
@needs_file(VNU)
@pytest.mark.soak
def test_the_html_checker_has_nothing_to_say(folder: Path) -> None:
    pages = [str(path) for path in folder.rglob("*.html")]
    assert len(pages) > 20
    for files in (pages, ["--css", str(folder / "style.css")]):
        ran = subprocess.run(["java", "-jar", str(VNU), "--format", "json", *files], capture_output=True, check=False)
        said = json.loads(ran.stderr)["messages"]
        assert [f"{one['url']}:{one.get('lastLine')} {one['message']}" for one in said] == []
        assert ran.returncode == 0


LIGHTHOUSE = SOAK / ".bin" / "lighthouse"


@needs_file(LIGHTHOUSE)
@pytest.mark.soak
@pytest.mark.browser
@pytest.mark.parametrize("kind", ["front", "piece", "series", "archive", "subscribe"])
def test_lighthouse_gives_95_or_more(root: str, kind: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    flags = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
    call = [str(LIGHTHOUSE), root + KINDS[kind], "--quiet", "--output=json", f"--output-path={report}"]
    subprocess.run(
        [*call, f"--chrome-flags={flags}"], env={**os.environ, "CHROME_PATH": str(CHROMIUM)}, check=True, timeout=180
    )
    found = json.loads(report.read_text())
    scores = {name: one["score"] for name, one in found["categories"].items()}
    lost = {
        name: one["title"] for name, one in found["audits"].items() if one["score"] is not None and one["score"] < 1
    }
    assert set(scores) == {"performance", "accessibility", "best-practices", "seo"}
    assert min(scores.values()) >= 0.95, (scores, lost)


@needs("linkchecker")
@pytest.mark.soak
def test_no_link_is_dead(root: str) -> None:
    ran = subprocess.run(
        ["linkchecker", "--no-robots", "-o", "csv", root], capture_output=True, text=True, check=False, timeout=300
    )
    rows = [line for line in ran.stdout.splitlines() if line and not line.startswith("#")][1:]
    assert rows == []
    assert ran.returncode == 0


@needs("jing")
@pytest.mark.soak
def test_atom_documents_are_valid_by_the_grammar_of_the_rfc(folder: Path, tmp_path: Path) -> None:
    documents = sorted(str(path) for path in folder.rglob("atom*.xml"))
    assert len(documents) > 6
    call = ["jing", "-c", str(HERE / "data" / "atom.rnc")]
    ran = subprocess.run([*call, *documents], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")
    (tmp_path / "bad.xml").write_text('<feed xmlns="http://www.w3.org/2005/Atom"/>')
    assert subprocess.run([*call, str(tmp_path / "bad.xml")], capture_output=True, check=False).returncode == 1


def test_atom_documents_keep_the_rules_that_the_grammar_cannot_say(folder: Path) -> None:
    """RFC 4287, sections 4.1.1 and 4.1.2: an author for all, a page or a text for each, no id twice."""
    for path in folder.rglob("atom*.xml"):
        feed = etree.parse(path).getroot()
        entries = feed.findall("{*}entry")
        assert feed.find("{*}author") is not None
        assert all(entry.find("{*}link[@rel='alternate']") is not None for entry in entries)
        ids = [entry.findtext("{*}id") for entry in entries]
        assert len(set(ids)) == len(ids)


JUDGE = """
import json, sys
from pathlib import Path
from urllib.parse import quote
sys.path.insert(0, sys.argv[1])
import feedvalidator
from feedvalidator import compatibility
from feedvalidator.formatter.text_plain import Formatter
folder, base = Path(sys.argv[2]), sys.argv[3]
said = []
for path in sorted([*folder.rglob("feed*.xml"), *folder.rglob("atom*.xml"), *folder.rglob("*.opml")]):
    url = base + quote(path.relative_to(folder).as_posix())
    events = feedvalidator.validateString(path.read_bytes(), firstOccurrenceOnly=1, base=url)["loggedEvents"]
    said += [f"{url} {line}" for line in Formatter(compatibility.AAA(events))]
print(json.dumps(said))
"""


@pytest.mark.skipif(not VALIDATOR, reason="FEEDVALIDATOR names no copy of the W3C feed validator")
@pytest.mark.soak
def test_the_w3c_feed_validator_has_neither_error_nor_warning(folder: Path, tmp_path: Path) -> None:
    def judged(place: Path) -> list[str]:
        call = [os.environ.get("FEEDVALIDATOR_PYTHON", sys.executable), "-W", "ignore", "-c", JUDGE]
        ran = subprocess.run([*call, VALIDATOR, str(place), f"{BASE_URL}/"], capture_output=True, check=True)
        said: list[str] = json.loads(ran.stdout)
        return said

    assert judged(folder) == []
    (tmp_path / "feed.xml").write_bytes((folder / "feed.xml").read_bytes().replace(b"<link>", b"<lynk>", 1))
    assert judged(tmp_path) != []


def first_year() -> list[Article]:
    """Two pieces, one of which comes round again."""
    return sample_articles()[1:3]


def second_year() -> list[Article]:
    return sample_articles()[1:4]


def corrected() -> list[Article]:
    """The second year, in which the piece that came round first was put right."""
    september, leap, again = second_year()
    mended = replace(
        leap.issue,
        body="Put right.",
        title="A Leap, put right",
        corrections=(Correction(on=date(2018, 12, 1), text="!"),),
    )
    leap = replace(leap, issue=mended, updated_at=datetime(2018, 12, 1, 7, tzinfo=UTC))
    return [september, leap, again]


STATES = (first_year, second_year, corrected)
"""What a reader meets one after the other: two entries, a third, and still three."""

SEEN = [2, 3, 3]


@pytest.fixture
def states(tmp_path: Path) -> Iterator[tuple[str, Iterator[None]]]:
    """The address of a site, and a walk through its states."""
    build_into(tmp_path / "site", [], at(PLACE))
    with served(tmp_path / "site" / "public") as url:

        def walk() -> Iterator[None]:
            for state in STATES:
                build_into(tmp_path / "site", state(), at(PLACE))
                yield

        yield url, walk()


FEEDS = ("feed.xml", "atom.xml", "feed.json")


@pytest.mark.parametrize("name", FEEDS[:2])
def test_feedparser_sees_a_second_year_as_new_and_a_corrected_piece_as_the_same(
    states: tuple[str, Iterator[None]], name: str
) -> None:
    url, walk = states
    known: dict[str, str] = {}
    seen = []
    for _ in walk:
        parsed = feedparser.parse(url + name)
        assert not parsed.bozo
        known |= {entry.id: entry.title for entry in parsed.entries}
        seen.append(len(known))
    assert seen == SEEN
    assert known["tag:paper.example.org,2017:leap/435"] == "A Leap, put right"
    assert known["tag:paper.example.org,2018:leap/436"] == "A Leap"


def test_feedparser_is_told_that_nothing_changed(states: tuple[str, Iterator[None]]) -> None:
    url, walk = states
    for _ in walk:
        first = feedparser.parse(url + "atom.xml")
        again = feedparser.parse(url + "atom.xml", etag=first.etag, modified=first.modified)
        assert again.status == 304


@pytest.mark.soak
@pytest.mark.parametrize("name", FEEDS)
def test_reader_sees_a_second_year_as_new_and_a_corrected_piece_as_the_same(
    states: tuple[str, Iterator[None]], name: str
) -> None:
    reader = pytest.importorskip("reader", reason="reader is not installed: requirements-dev.lock")
    sys.modules.setdefault("sgmllib", feedparser_sgmllib)  # reader's own copy of feedparser knows its old name only
    url, walk = states
    seen = []
    with reader.make_reader(":memory:") as library:
        library.add_feed(url + name)
        for _ in walk:
            library.update_feed(url + name)
            assert library.get_feed(url + name).last_exception is None
            seen.append(library.get_entry_counts().total)
        mended = library.get_entry((url + name, "tag:paper.example.org,2017:leap/435"))
    assert seen == SEEN
    assert mended.title == "A Leap, put right"
    assert mended.updated.isoformat().startswith("2018-12-01T07:00")


@needs("newsboat")
@pytest.mark.soak
@pytest.mark.parametrize("name", FEEDS[:2])
def test_newsboat_sees_a_second_year_as_new_and_a_corrected_piece_as_the_same(
    states: tuple[str, Iterator[None]], name: str, tmp_path: Path
) -> None:
    url, walk = states
    (tmp_path / "urls").write_text(url + name + "\n")
    (tmp_path / "config").touch()
    files = {"-u": "urls", "-c": "cache.db", "-C": "config"}
    call = ["newsboat", *(part for key, file in files.items() for part in (key, str(tmp_path / file)))]
    seen = []
    for _ in walk:
        ran = subprocess.run(
            [*call, "-x", "reload"],
            env={**os.environ, "HOME": str(tmp_path)},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        with closing(sqlite3.connect(tmp_path / "cache.db")) as cache:
            rows = dict(cache.execute("SELECT guid, title FROM rss_item"))
        seen.append(len(rows))
    assert seen == SEEN
    assert set(rows) >= {"tag:paper.example.org,2017:leap/435", "tag:paper.example.org,2018:leap/436"}


R2E = """[DEFAULT]
from = feeds@example.org
to = ada@example.org
email-protocol = maildir
maildir-path = {folder}/mail
maildir-mailbox = INBOX
same-server-fetch-interval = 0
"""


@needs("r2e")
@pytest.mark.soak
@pytest.mark.parametrize("name", FEEDS[:2])
def test_rss2email_mails_a_second_year_and_not_a_corrected_piece(
    states: tuple[str, Iterator[None]], name: str, tmp_path: Path
) -> None:
    url, walk = states
    mailbox.Maildir(str(tmp_path / "mail"), create=True).close()
    mailbox.Maildir(str(tmp_path / "mail" / "INBOX"), create=True).close()
    (tmp_path / "config").write_text(R2E.format(folder=tmp_path))
    call = ["r2e", "-c", str(tmp_path / "config"), "-d", str(tmp_path / "data.json")]

    def r2e(*words: str) -> None:
        ran = subprocess.run([*call, *words], capture_output=True, text=True, check=False, timeout=60)
        assert ran.returncode == 0, ran.stderr

    r2e("add", "paper", url + name)
    seen = []
    for _ in walk:
        r2e("run")
        seen.append(sum(path.is_file() for path in (tmp_path / "mail").rglob("*/new/*")))
    assert seen == SEEN


PARSER = """
const Parser = require('rss-parser');
const {readFileSync} = require('node:fs');
const parser = new Parser();
Promise.all(process.argv.slice(1).map(async path => {
  const feed = await parser.parseString(readFileSync(path, 'utf8'));
  return feed.items.map(item => [item.guid ?? item.id, item.title, item.link, item.isoDate]);
})).then(found => console.log(JSON.stringify(found)));
"""


@needs("node")
@needs_file(SOAK / "rss-parser" / "index.js")
@pytest.mark.soak
def test_a_parser_from_npm_reads_both_kinds_as_json_feed_says_it(folder: Path) -> None:
    places = sorted(path.parent for path in folder.rglob("feed.json"))
    files = [str(place / name) for place in places for name in FEEDS[:2]]
    ran = subprocess.run(["node", "-e", PARSER, *files], cwd=SOAK.parent, capture_output=True, check=True)
    found = iter(json.loads(ran.stdout))
    for place in places:
        items = json.loads((place / "feed.json").read_bytes())["items"]
        said = [[item["id"], item["title"], item["url"]] for item in items]
        for rows in (next(found), next(found)):
            assert [row[:3] for row in rows] == said
            published = [datetime.fromisoformat(row[3]) for row in rows]
            assert published == [datetime.fromisoformat(item["date_published"]) for item in items]
