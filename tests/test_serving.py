"""The built site over HTTP: conditional, compressed, and nothing but the site."""

import gzip
import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from cli_runner import sparkpub
from sample_site import SETTINGS, sample_articles, starter
from sparkpub.adapters.site_cache import SiteCache
from sparkpub.building.folder import Folder
from sparkpub.building.making import write_site
from sparkpub.core.serving import headers_file, media_type
from sparkpub.web import create_app
from sparkpub.web.site import find


def build_into(place: Path, *, per_feed: int = 25) -> Path:
    settings = replace(SETTINGS, site=replace(SETTINGS.site, per_feed=per_feed))
    with closing(SiteCache(place / "site.db")) as cache:
        site = Folder(out=place / "public", cache=cache)
        write_site(sample_articles(), settings, templates=starter(), static={}, folder=site)
    return place / "public"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("served")
    (place / "secret.txt").write_text("secret")
    public = build_into(place)
    (public / ".hidden").write_text("secret")
    (public / "out.txt").symlink_to(place / "secret.txt")
    (public / "in.txt").symlink_to("robots.txt")
    return public


@pytest.fixture
def client(folder: Path) -> FlaskClient:
    return create_app(folder, base_url="https://paper.example.org").test_client()


def ask(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.get(path, headers={name.replace("_", "-"): value for name, value in fields.items()}, buffered=True)


@pytest.mark.parametrize("path", ["/", "/issues/september/", "/feed.xml", "/atom.xml", "/feed.json", "/style.css"])
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br, gzip;q=0.5"])
def test_who_has_a_file_already_is_sent_nothing(client: FlaskClient, path: str, encoding: str) -> None:
    first = ask(client, path, Accept_Encoding=encoding)
    assert first.status_code == 200
    assert first.data
    for fields in (
        {"If_None_Match": first.headers["ETag"]},
        {"If_Modified_Since": first.headers["Last-Modified"]},
        {"If_None_Match": f'"other", {first.headers["ETag"]}', "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        again = ask(client, path, Accept_Encoding=encoding, **fields)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == "no-cache"
    assert ask(client, path, If_None_Match='"other"').status_code == 200


def test_a_build_that_changed_nothing_is_answered_with_304_everywhere(tmp_path: Path) -> None:
    folder = build_into(tmp_path)
    client = create_app(folder, base_url="https://paper.example.org").test_client()
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    tags = {name: ask(client, f"/{name}").headers["ETag"] for name in names if name != "_headers"}
    build_into(tmp_path)
    assert {ask(client, f"/{name}", If_None_Match=tag).status_code for name, tag in tags.items()} == {304}
    build_into(tmp_path, per_feed=1)
    changed = {name for name, tag in tags.items() if ask(client, f"/{name}", If_None_Match=tag).status_code == 200}
    assert {"feed.xml", "atom.xml", "feed.json"} <= changed
    assert not [name for name in changed if name.endswith(".html")]


def test_texts_are_compressed_for_those_who_can_read_it(client: FlaskClient) -> None:
    plain, short = ask(client, "/"), ask(client, "/", Accept_Encoding="gzip")
    assert gzip.decompress(short.data) == plain.data
    assert len(short.data) < len(plain.data) / 2
    assert short.headers["Content-Encoding"] == "gzip"
    assert plain.headers["ETag"] != short.headers["ETag"]
    for response in (plain, short):
        assert response.headers["Vary"] == "Accept-Encoding"
    picture = ask(client, "/media/0123456789abcdef-dots.png", Accept_Encoding="gzip")
    assert "Content-Encoding" not in picture.headers
    assert picture.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Content-Encoding" not in ask(client, "/", Accept_Encoding="gzip;q=0").headers


def test_part_of_a_file_can_be_had(client: FlaskClient) -> None:
    whole = ask(client, "/feed.xml").data
    part = ask(client, "/feed.xml", Range="bytes=10-19", Accept_Encoding="gzip")
    assert (part.status_code, part.data) == (206, whole[10:20])


def test_head_tells_all_but_the_body(client: FlaskClient) -> None:
    head, whole = client.head("/feed.xml", buffered=True), ask(client, "/feed.xml")
    assert head.data == b""
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_changed(client: FlaskClient, method: str) -> None:
    assert getattr(client, method)("/").status_code == 405


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/feed.xml", "application/rss+xml; charset=utf-8"),
        ("/2017/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json"),
        ("/sitemap.xml", "application/xml"),
        ("/calendar.ics", "text/calendar; charset=utf-8"),
        ("/feeds.opml", "text/x-opml; charset=utf-8"),
    ],
)
def test_everything_is_called_what_it_is(client: FlaskClient, path: str, kind: str) -> None:
    response = ask(client, path)
    assert (response.status_code, response.headers["Content-Type"]) == (200, kind)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_later_documents_of_a_full_year_are_feeds_too() -> None:
    assert media_type("2017/feed-2.xml").startswith("application/rss+xml")
    assert media_type("2017/atom-12.xml").startswith("application/atom+xml")
    assert media_type("feed-of-mine.xml") == "application/xml"


def test_address_without_its_slash_leads_on(client: FlaskClient) -> None:
    response = ask(client, "/issues/september?x=1")
    assert (response.status_code, response.headers["Location"]) == (301, "/issues/september/")


def test_lost_readers_get_the_sites_own_page(client: FlaskClient) -> None:
    response = ask(client, "/nowhere/")
    assert response.status_code == 404
    assert b"There is nothing at this address" in response.data
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/issues/../../secret.txt",
        "/..\\secret.txt",
        "/out.txt",
        "/.hidden",
        "/_headers",
        "/%00",
        "/index.html/",
        "/index.html%00.txt",
        "/%2Fexample.net/..",
        "/x//example.net",
        "/" + "x" * 5000,
    ],
)
def test_nothing_but_the_site_is_reachable(client: FlaskClient, path: str) -> None:
    response = ask(client, path)
    assert response.status_code in {400, 404}
    assert b"secret" not in response.data


def test_link_within_the_site_is_followed(client: FlaskClient) -> None:
    assert ask(client, "/in.txt").data == ask(client, "/robots.txt").data


@given(st.text(st.sampled_from("./\\%\0é-_~:ab") | st.characters(codec="utf-8"), max_size=30))
def test_no_address_names_a_file_outside(folder: Path, name: str) -> None:
    found = find(folder, name)
    assert found is None or (found.is_relative_to(folder) and not found.name.startswith("."))


def test_site_below_a_path_is_served_below_it(folder: Path) -> None:
    client = create_app(folder, base_url="https://paper.example.org/the%20news").test_client()
    assert ask(client, "/the%20news/feed.xml").status_code == 200
    assert ask(client, "/the%20news/archive").headers["Location"] == "/the%20news/archive/"
    assert ask(client, "/").headers["Location"] == "/the%20news/"
    assert ask(client, "/feed.xml").status_code == 404


def test_hosts_of_static_sites_are_told_the_same() -> None:
    lines = headers_file().decode().splitlines()
    assert lines[0] == "/*"
    assert lines[lines.index("/*/feed.json") + 1] == "  Content-Type: application/feed+json"
    assert lines[lines.index("/media/*") + 1] == "  Cache-Control: public, max-age=31536000, immutable"


@pytest.fixture
def served(gazette: Path) -> Iterator[tuple[str, int, subprocess.Popen[str]]]:
    assert sparkpub("build", cwd=gazette).code == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "sparkpub", "serve", "--listen", "127.0.0.1:0"],
        cwd=gazette,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with process:
        assert process.stdout
        place = re.fullmatch(r"http://(.+):(\d+)/\n", process.stdout.readline())
        assert place
        yield place[1], int(place[2]), process
        if process.poll() is None:
            process.kill()


def test_serve_answers_until_it_is_ended(served: tuple[str, int, subprocess.Popen[str]]) -> None:
    host, port, process = served
    connection = http.client.HTTPConnection(host, port, timeout=10)
    connection.request("GET", "/style.css", headers={"Accept-Encoding": "gzip"})
    first = connection.getresponse()
    assert gzip.decompress(first.read()).startswith(b"/* The look")
    connection.request("GET", "/style.css", headers={"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"})
    again = connection.getresponse()
    assert (again.status, again.read()) == (304, b"")
    connection.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert process.stderr
    assert "Traceback" not in process.stderr.read()


def test_serve_says_what_to_do_where_nothing_is_built_or_the_port_is_taken(
    gazette: Path, served: tuple[str, int, subprocess.Popen[str]]
) -> None:
    host, port, _ = served
    result = sparkpub("serve", "--listen", f"{host}:{port}", cwd=gazette)
    assert result.code == 2
    assert "another program does" in result.err
    (gazette / "public").rename(gazette / "elsewhere")
    result = sparkpub("serve", cwd=gazette)
    assert result.code == 2
    assert "`sparkpub build`" in result.err
