"""The readers' pages attacked through every field and address: nothing is injected, poisoned, forged or told."""

import ast
import email
import email.policy
import inspect
import json
import unicodedata
from collections.abc import Iterator
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import itsdangerous.signer
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from cli_runner import sparkpub
from press_room import instant, issue_text
from sparkpub.adapters import probe
from sparkpub.core import tokens as tokens_module
from sparkpub.core.consent import mailbox, usable_name
from sparkpub.core.hooks import mailgun, postmark, ses
from sparkpub.core.records import SubscriberState
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.mailroom import post_letters
from sparkpub.web import create_app
from web_room import KEY, SERIES, WEB, WebRoom, new_press, rows, web_room, web_room_of

EVIL = "evil.example"
MARK = "\"><xss onxss=1>'--></title></style></script><xss onxss=1>{{ 1234567*3 }}${1234567*3}<%= 1234567*3 %>"
PRODUCT = "3703701"
EDITED = MARK.partition("{{")[0]  # an editor who writes more is told by a lint
INJECTIONS = [
    "'; DROP TABLE subscriber; --",
    '" OR ""="',
    "x' UNION SELECT sql FROM sqlite_master --",
    "%' ESCAPE '",
    "1; ATTACH DATABASE '/tmp/x' AS x",
    ":name ?1 @x $y",
    "a\r\nBcc: victim@example.net\r\n\r\nHello",
    "=?utf-8?q?=0d=0aBcc:_victim=40example.net?=",
    "../../../etc/passwd",
    "\x00\x1b[2J\u202e\u2028\ufeff",
    '=HYPERLINK("http://evil.example")',
    "A" * 5000,
    MARK,
]


def posted(web: WebRoom) -> list[tuple[bytes, EmailMessage]]:
    """The letters as they go out, as bytes and taken apart."""
    post_letters(web.press, now=web.now)
    found = []
    for path in sorted((web.press.outbox / "new").iterdir()):
        data = path.read_bytes()
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found.append((data, message))
    return found


def words_of(message: EmailMessage) -> str:
    """Every word of a message: its header and its texts, decoded."""
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in message.items()), *parts])


class Marks(HTMLParser):
    """Finds what a payload would have become, had it become markup."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag == "xss" else []
        self.found += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        urls = [value or "" for name, value in attrs if name in ("href", "src", "action")]
        self.found += [url for url in urls if url.strip().lower().startswith(("javascript:", "data:text"))]


def assert_inert(text: str) -> None:
    assert Marks(text).found == []
    assert PRODUCT not in text


# What strangers type


@pytest.mark.parametrize("typed", INJECTIONS, ids=range(len(INJECTIONS)))
def test_whatever_is_typed_into_any_field_is_a_word_and_no_order(typed: str, web: WebRoom) -> None:
    bystander = web.add("bystander@example.org", "Bea")
    reader = web.add("ada@example.org", "Ada")
    schema = [line for line in rows(web) if line.startswith("CREATE")]
    new = {"email": "new@example.org"}
    for form in ({"email": typed}, new | dict.fromkeys(("name", "language", "form"), typed), new | {"website": typed}):
        answer = web.client.post("/subscribe", data=form)
        assert answer.status_code in (200, 400)
        assert_inert(answer.get_data(as_text=True))
    path = web.preferences_path(reader)
    fields = ("rhythm", "pieces", "series", "tag", "beginning", "name", "language")
    answer = web.client.post(path, data=dict.fromkeys(fields, typed))
    assert answer.status_code == 200
    assert_inert(answer.get_data(as_text=True))
    assert web.client.post(f"{path}/erase", data={"address": typed}).status_code == 400
    assert web.client.get(f"/u/{quote(typed)}", query_string={typed: typed}).status_code == 404
    assert [line for line in rows(web) if line.startswith("CREATE")] == schema
    assert web.reader("bystander@example.org") == bystander
    for data, message in posted(web):
        assert_letter_is_plain(data, message)


def assert_letter_is_plain(data: bytes, message: EmailMessage) -> None:
    """Nothing that was typed has become a header, a recipient or markup."""
    assert set(message.keys()) <= {
        "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post",
        "Content-Language", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert len(message.keys()) == len(set(message.keys()))
    assert len(message["To"].addresses) == 1
    assert b"victim" not in data
    html = message.get_body(("html",))
    assert html is not None
    assert_inert(html.get_content())


@pytest.mark.parametrize("name", ["Zoltan Quux", "=?utf-8?q?Quux?=", "Quux <b>", "Quux\r\nBcc: a@b.example"])
def test_a_name_that_a_stranger_typed_stands_in_no_letter_that_asks(name: str, web: WebRoom) -> None:
    web.ask("victim@example.org", name=name)
    ((data, message),) = posted(web)
    assert b"Quux" not in data
    assert "Quux" not in words_of(message)
    assert str(message["To"]) == "victim@example.org"


def test_a_stranger_cannot_rename_a_reader(web: WebRoom) -> None:
    web.add("ada@example.org", "Ada")
    web.ask("ADA@example.org", name="Quux", language="de")
    assert (web.reader("ada@example.org").name, web.reader("ada@example.org").language) == ("Ada", "")
    assert all("Quux" not in words_of(message) for _, message in posted(web))


@given(st.text())
def test_a_name_that_is_kept_breaks_no_line_and_leads_nowhere(typed: str) -> None:
    name = usable_name(typed)
    assert len(name) <= 100
    assert not set(name) & set(":/\\@<>{}")
    assert not [c for c in name if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada+news@Example.org", "ada@example.org"),
        ("a.d.a+x+y@example.org", "ada@example.org"),
        ("+@example.org", "+@example.org"),
        ("+tag@example.org", "+tag@example.org"),
    ],
)
def test_asks_are_counted_by_the_mailbox_that_they_lead_to(address: str, counted: str) -> None:
    assert mailbox(address) == counted


def test_a_mailbox_cannot_be_bombed_under_many_spellings(web: WebRoom) -> None:
    spellings = ["vic.tim@example.org", "victim@example.org", "VICTIM@example.org"]
    spellings += [f"v.i.ctim+{n}@example.org" for n in range(20)]
    for spelling in spellings:
        assert web.ask(spelling) == 200
        web.later(minutes=7)
    assert len(web.letters()) == 3


def test_a_letter_leads_where_the_settings_say_whatever_the_request_says(web: WebRoom) -> None:
    fields = {
        "Host": EVIL,
        "X-Forwarded-Host": EVIL,
        "X-Forwarded-Proto": "javascript",
        "X-Forwarded-Prefix": f"//{EVIL}",
        "X-Original-URL": f"//{EVIL}",
        "X-Rewrite-URL": f"//{EVIL}",
        "Forwarded": f"host={EVIL}",
        "Origin": f"https://{EVIL}",
        "Referer": f"https://{EVIL}/",
    }
    web.add("ada@example.org")
    for address in ("new@example.org", "ada@example.org"):
        answer = web.client.post("/subscribe", data={"email": address}, headers=fields)
        assert EVIL not in answer.get_data(as_text=True) + str(answer.headers)
    answer = web.client.get(web.preferences_path(web.reader("ada@example.org")), headers=fields)
    assert EVIL not in answer.get_data(as_text=True) + str(answer.headers)
    letters = posted(web)
    assert len(letters) == 2
    for data, message in letters:
        assert EVIL not in data.decode() + words_of(message)
        assert "https://press.example.org/" in words_of(message)


@pytest.mark.parametrize("base", ["https://press.example.org", "https://press.example.org/news"])
@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/news", "/news/", "/folder", "/news/folder", f"//{EVIL}", f"//{EVIL}/folder", f"/news//{EVIL}",
        f"/\\{EVIL}", f"/\\\\{EVIL}", f"/{EVIL}/..", f"/news/..//{EVIL}", f"/.{EVIL}", f"/folder/..//{EVIL}",
        f"/@{EVIL}", f"/\r\nLocation: https://{EVIL}",
    ],
)  # fmt: skip
def test_no_address_leads_to_another_site(base: str, path: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "index.html").write_text("<p>Here.")
    (tmp_path / "index.html").write_text("<p>Home.")
    client = create_app(tmp_path, base_url=base).test_client()
    answer = client.get("/x", headers={"Host": EVIL}, environ_overrides={"PATH_INFO": path}, buffered=True)
    leads = answer.headers.get("Location", "/")
    assert leads.startswith("/")
    assert not leads.startswith(("//", "/\\"))
    assert EVIL not in leads


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/folder/../../secret.txt", "/..\\secret.txt", "/folder/..\\..\\secret.txt", "//secret.txt",
        "/%2e%2e/secret.txt", "/.git/config", "/folder/\0/../secret.txt", "/secret.txt\0.html", "/\xff/../secret.txt",
        "/\xc0\xae\xc0\xae/secret.txt", "/file:///secret.txt", "/_headers", "/./secret.txt", "/folder//../secret.txt",
        "/out", "/out/secret.txt", "/" + "../" * 20 + "etc/passwd", "/" + "a/" * 3000,
    ],
)  # fmt: skip
def test_nothing_but_the_built_folder_is_shown(path: str, tmp_path: Path) -> None:
    public = tmp_path / "public"
    (public / "folder").mkdir(parents=True)
    (public / ".git").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (public / ".git" / "config").write_text("secret")
    (public / "_headers").write_text("secret")
    (public / "out").symlink_to(tmp_path)
    client = create_app(public, base_url="https://press.example.org").test_client()
    answer = client.get("/x", environ_overrides={"PATH_INFO": path}, buffered=True)
    assert answer.status_code == 404
    assert b"secret" not in answer.data


# Links


def test_a_link_is_worth_what_it_was_made_for_and_no_more(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    web.ask("new@example.org")
    new = web.reader("new@example.org")
    assert new.asked_at is not None
    made = {purpose.value: web.tokens.sign(purpose, reader.subscriber_id) for purpose in Purpose}
    made["wish"] = web.tokens.sign_wish(new.subscriber_id, new.asked_at)
    before = rows(web)
    for kind in "upc":
        for purpose, token in made.items():
            if kind == purpose or (kind, purpose) == ("c", "wish"):
                continue
            for part in ("", "/export", "/erase", "/back"):
                answer = web.client.post(f"/{kind}/{token}{part}", data={"address": "ada@example.org"})
                assert answer.status_code in (404, 405), (kind, purpose)
    assert rows(web) == before


def spoiled(token: str, place: int, letter: str) -> list[str]:
    """A token with something wrong at a place."""
    at = place % len(token)
    cut, value = token[:at], token.partition(".")[0]
    return [cut, token[at + 1 :], cut + letter + token[at + 1 :], cut + letter + token[at:], token.swapcase(), value]


@given(st.integers(0, 10**9), st.integers(0, 80), st.sampled_from("Aa0-_.=+/ é\0\n"), st.sampled_from(Purpose))
def test_a_token_that_was_changed_names_nobody_else(number: int, place: int, letter: str, purpose: Purpose) -> None:
    sealer = Tokens(KEY)
    asked_at = instant("2026-11-24 12:00")
    wish = sealer.sign_wish(number, asked_at)
    for text in spoiled(sealer.sign(purpose, number), place, letter):
        # The last letter of a seal has two bits to spare, so that it has four spellings; all name the same reader.
        assert sealer.read(purpose, text) in (None, number)
    for text in spoiled(wish, place, letter):
        assert sealer.read_wish(text) in (None, (number, asked_at))
    assert Tokens(f"{KEY} ").read(purpose, sealer.sign(purpose, number)) is None
    address = sealer.return_address("bounces@press.example.org", 3, number)
    for text in spoiled(address, place, letter):
        assert sealer.read_return_address(text) in (None, (3, number))


COMPARING = [tokens_module, probe, mailgun, postmark, ses]


@pytest.mark.parametrize("module", COMPARING, ids=lambda module: module.__name__)
def test_seals_are_compared_in_constant_time(module: object) -> None:
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert "hmac.compare_digest" in calls
    secret = ("seal", "said", "signature", "digest", "expected", "secret", "given", "answer(")
    plain = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert [each for each in plain if any(word in each for word in secret) and ("==" in each or "!=" in each)] == []


def test_the_signer_of_links_compares_in_constant_time_too() -> None:
    assert "hmac.compare_digest(sig, self.get_signature(key, value))" in inspect.getsource(itsdangerous.signer)


def test_links_bring_nobody_back_and_do_nothing_twice(web: WebRoom) -> None:
    web.ask("ada@example.org")
    confirming, reader = web.confirm_path(web.reader("ada@example.org")), web.reader("ada@example.org")
    for _ in range(3):
        web.client.post(confirming)
    web.later(minutes=1)
    for _ in range(3):
        web.client.post(web.leave_path(reader), data={"List-Unsubscribe": "One-Click"})
    left = rows(web)
    web.later(minutes=1)
    assert web.client.post(confirming).status_code == 410
    assert web.client.post(web.leave_path(reader)).status_code == 200
    assert rows(web) == left
    assert web.reader("ada@example.org").state is SubscriberState.UNSUBSCRIBED


# Requests


def addresses(web: WebRoom) -> list[str]:
    """Every kind of address there is, with a link that is good."""
    web.ask("new@example.org")
    reader = web.add("ada@example.org", "Ada")
    own = web.preferences_path(reader)
    return [
        "/", "/subscribe", "/c/x", "/u/x", "/p/x", "/probe/" + "0" * 32, "/probe/x", "/nowhere", "/hooks/ses",
        web.confirm_path(web.reader("new@example.org")), web.leave_path(reader), own, f"{own}/export", f"{own}/erase",
        f"{own}/back",
    ]  # fmt: skip


OTHERS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND")


def test_only_a_post_changes_anything_whatever_else_the_request_says(web: WebRoom) -> None:
    paths = addresses(web)
    before = rows(web)
    fields = {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST"}
    body = {"_method": "POST", "address": "ada@example.org", "email": "third@example.org"}
    for path in paths:
        for method in OTHERS:
            answer = web.client.open(path, method=method, headers=fields, data=body, query_string=body)
            assert answer.status_code in (200, 404, 405), (path, method)
    assert rows(web) == before


def test_every_answer_is_guarded_and_none_sets_a_cookie(web: WebRoom) -> None:
    for path in addresses(web):
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT"):
            answer = web.client.open(path, method=method, headers={"Cookie": "session=evil"})
            assert "Set-Cookie" not in answer.headers
            assert answer.headers["X-Content-Type-Options"] == "nosniff", (method, path)
            assert answer.headers["Referrer-Policy"]
            assert "Access-Control-Allow-Origin" not in answer.headers
            if answer.headers.get("Content-Language"):
                assert_page_is_guarded(answer)


def assert_page_is_guarded(answer: TestResponse) -> None:
    """A page for readers is nobody else's: not framed, not kept, not named to others, not mixed up by caches."""
    policy = answer.headers["Content-Security-Policy"]
    assert {"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} <= {
        rule.strip() for rule in policy.split(";")
    }
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Accept-Language" in answer.headers["Vary"]


def test_what_is_known_of_a_reader_is_a_file_that_nobody_keeps(web: WebRoom) -> None:
    path = web.preferences_path(web.add("ada@example.org", MARK))
    answer = web.client.post(f"{path}/export")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(answer.data)["name"] == MARK


TAGS = st.from_regex(r"([a-z]{1,3}(-[A-Za-z]{2})?(;q=[0-9.]{0,5})?[, ]{0,2}){0,9}", fullmatch=True)
LATIN = st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\r\n"))


@given(st.one_of(LATIN, TAGS))
def test_whatever_a_browser_wishes_for_it_gets_a_page_in_a_language_that_there_is(wish: str) -> None:
    answer = LANGUAGES.web.client.get("/subscribe", headers={"Accept-Language": wish})
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] in ("ar", "de", "en", "es", "fr", "ru")


class Shared:
    """One web face for a test that asks it very often."""

    web: WebRoom


LANGUAGES = Shared()


@pytest.fixture(scope="module", autouse=True)
def languages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with web_room(tmp_path_factory.mktemp("languages") / "press") as LANGUAGES.web:
        yield


# What editors and lists say, on pages, in mail and in feeds


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A press whose editor writes payloads wherever words go, and whose list of readers came from an attacker."""
    folder = tmp_path_factory.mktemp("hostile") / "press"
    quoted = json.dumps(EDITED)
    new_press(folder, WEB + SERIES.replace('"The Revolution"', quoted))
    (folder / "secrets.env").write_text(f"SPARKPUB_SECRET_KEY={KEY}\n")
    (folder / "secrets.env").chmod(0o600)
    fields = '{{ reader.name | default("you") }} of {{ reader.town | default("x") }}'
    words = {"series": "revolution", "title": quoted, "summary": quoted, "tags": f"[{quoted}]"}
    body = f"Text {EDITED}\n\nDear {fields}.\n"
    (folder / "issues" / "a.md").write_text(issue_text("a", of="1917-09-04", body=body, **words))
    cell = '"' + MARK.replace('"', '""') + '"'
    (folder / "list.csv").write_text(f"email,name,status,town\nada@example.org,{cell},active,{cell}\n")
    at = ("--now", "2026-09-04T08:00")
    for command in (
        ("subscribers", "import", "list.csv", *at),
        ("queue", "a", *at),
        ("release", "a", "--yes", *at),
        ("send", *at),
        ("build", *at),
    ):
        ran = sparkpub(*command, cwd=folder)
        assert ran.code == 0, (command, ran.err, ran.out)
    return folder


def test_words_of_editors_and_readers_stay_words_on_every_page(hostile: Path) -> None:
    pages = sorted((hostile / "public").rglob("*.html"))
    assert len(pages) > 8
    shown = [page for page in pages if "onxss=1" in page.read_text()]
    assert len(shown) > 3  # it is there, as words
    for page in pages:
        assert_inert(page.read_text())


def test_words_of_editors_and_readers_stay_words_in_mail(hostile: Path) -> None:
    (path,) = (hostile / "var" / "outbox" / "new").iterdir()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    html = message.get_body(("html",))
    assert html is not None
    assert "onxss=1" in html.get_content()
    assert_inert(html.get_content())
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].addr_spec == "ada@example.org"


def test_words_of_editors_and_readers_stay_words_in_feeds(hostile: Path) -> None:
    for name in ("feed.xml", "atom.xml"):
        texts = [each for node in ET.parse(hostile / "public" / name).iter() for each in (node.text, node.tail) if each]  # noqa: S314 - our own
        assert any("onxss=1" in each for each in texts)
        for each in texts:
            if "<p>" in each:  # what a feed reader shows as HTML
                assert_inert(each)
    (item,) = json.loads((hostile / "public" / "feed.json").read_text())["items"]
    assert_inert(item["content_html"])


def test_words_of_editors_and_readers_stay_words_on_the_readers_pages(hostile: Path) -> None:
    with web_room_of(hostile) as web:
        reader = web.reader("ada@example.org")
        assert "onxss=1" in reader.name
        for path in (web.preferences_path(reader), web.leave_path(reader), "/subscribe"):
            assert_inert(web.client.get(path).get_data(as_text=True))
        page = web.client.get(web.preferences_path(reader)).get_data(as_text=True)
        assert page.count("onxss=1") >= 3  # the name, the series, the tag
