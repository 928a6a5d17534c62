"""A hub of our own on loopback is told of changed feeds: of those alone, again where it failed, and never for long."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from cli_runner import sparkpub
from press_room import PressRoom, instant, issue_text, new_room
from sparkpub.adapters.websub import publish
from sparkpub.announcing import announce, note
from sparkpub.core.feeds import current_feeds

HERE = "https://press.example.org"


@dataclass
class Hub:
    """What a hub was asked, and what it answers: a status for each request, the last one for ever after."""

    answers: list[int] = field(default_factory=lambda: [204])
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    url: str = ""
    delay: float = 0.0

    @property
    def topics(self) -> list[str]:
        return [one["hub.url"][0] for one in self.asked]


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            time.sleep(hub.delay)
            hub.asked.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(hub.answers.pop(0) if len(hub.answers) > 1 else hub.answers[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}/publish"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running(Hub()) as made:
        yield made


def announcing_room(folder: Path, hub: Hub) -> PressRoom:
    return new_room(
        folder / "press",
        issues={"a": issue_text("a")},
        schedule=f'\n[site]\nannounce = true\nhub = "{hub.url}"\n',
    )


def test_a_hub_is_asked_once_for_each_feed(hub: Hub) -> None:
    assert publish(hub.url, [f"{HERE}/feed.xml", f"{HERE}/atom.xml"]) == {}
    assert hub.asked == [
        {"hub.mode": ["publish"], "hub.url": [topic], "hub.topic": [topic]}
        for topic in (f"{HERE}/feed.xml", f"{HERE}/atom.xml")
    ]


def test_a_hub_that_refuses_or_is_away_is_named_with_its_reason(hub: Hub) -> None:
    hub.answers = [503, 204]
    assert publish(hub.url, ["https://a.example/1", "https://a.example/2"]) == {
        "https://a.example/1": "answers 503 Service Unavailable"
    }
    away = publish("http://127.0.0.1:9/", ["https://a.example/1", "https://a.example/2"])
    assert set(away.values()) == {"cannot be reached (Connection refused)"}


def test_a_hub_that_says_nothing_is_waited_for_once(hub: Hub) -> None:
    hub.delay = 0.5
    begun = time.monotonic()
    refused = publish(hub.url, [f"https://a.example/{n}" for n in range(20)], seconds=0.1)
    assert time.monotonic() - begun < 2
    assert set(refused.values()) == {"gave no answer within 0.1 seconds"}
    assert len(refused) == 20


def test_feeds_that_people_subscribe_to_are_told_from_archive_documents() -> None:
    files = [
        *("feed.xml", "2017/feed.xml", "2017/feed-2.xml", "index.html", "sitemap.xml", "tags/1917/atom.xml"),
        *("series/2017/feed.json", "series/2017/2016/feed.json", "on-this-day/atom.xml"),
    ]
    assert current_feeds(files) == ["feed.xml", "tags/1917/atom.xml", "series/2017/feed.json", "on-this-day/atom.xml"]


def test_only_feeds_that_a_build_changed_are_announced(tmp_path: Path, hub: Hub) -> None:
    room = announcing_room(tmp_path, hub)
    now = instant("2017-09-04 07:00")
    note(room.press, ["index.html", "feed.xml", "2016/feed.xml", "tags/a/feed.json"], now=now)
    assert announce(room.press, now=now) == []
    assert hub.topics == [f"{HERE}/feed.xml", f"{HERE}/tags/a/feed.json"]
    note(room.press, ["index.html"], now=now)
    assert announce(room.press, now=now) == []
    assert len(hub.asked) == 2
    room.press.ledger.close()


def test_what_failed_is_told_later_and_given_up_after_a_day(tmp_path: Path, hub: Hub) -> None:
    hub.answers = [500]
    room = announcing_room(tmp_path, hub)
    begun = now = instant("2017-09-04 07:00")
    note(room.press, ["feed.xml", "atom.xml"], now=now)
    (line,) = announce(room.press, now=now)
    assert line.endswith(f"answers 500 Internal Server Error, asked about {HERE}/feed.xml and 1 more; it is told later")
    assert announce(room.press, now=now + timedelta(seconds=59)) == []
    assert len(hub.asked) == 2
    lines: list[str] = []
    while not lines and now < begun + timedelta(days=2):
        now += timedelta(minutes=1)
        lines = announce(room.press, now=now)
    assert len(lines) == 1
    assert "given up" in lines[0]
    assert timedelta(days=1) <= now - begun < timedelta(days=1, hours=1)
    assert len(hub.asked) < 60
    assert announce(room.press, now=now + timedelta(days=1)) == []
    room.press.ledger.close()


def test_what_failed_goes_through_at_the_next_try(tmp_path: Path, hub: Hub) -> None:
    hub.answers = [500, 204]
    room = announcing_room(tmp_path, hub)
    now = instant("2017-09-04 07:00")
    note(room.press, ["feed.xml", "atom.xml"], now=now)
    announce(room.press, now=now)
    assert announce(room.press, now=now + timedelta(minutes=1)) == []
    assert hub.topics == [f"{HERE}/feed.xml", f"{HERE}/atom.xml", f"{HERE}/feed.xml"]
    room.press.ledger.close()


def test_a_spoiled_record_is_forgotten(tmp_path: Path, hub: Hub) -> None:
    room = announcing_room(tmp_path, hub)
    file = room.press.state / "cache" / "announce.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('[["x"]')
    assert announce(room.press, now=instant("2017-09-04 07:00")) == []
    room.press.ledger.close()


def test_release_announces_its_feeds_and_a_hub_that_is_away_keeps_nothing_back(gazette: Path, hub: Hub) -> None:
    file = gazette / "sparkpub.toml"
    file.write_text(f'{file.read_text()}\n[site]\nannounce = true\nhub = "{hub.url}"\n')
    told = sparkpub("release", "hello", "--yes", cwd=gazette)
    assert told.code == 0, told.err
    assert {topic.rpartition("/")[2] for topic in hub.topics} == {"feed.xml", "atom.xml", "feed.json"}
    assert b"hub" in (gazette / "public" / "atom.xml").read_bytes()
    file.write_text(file.read_text().replace(hub.url, "http://127.0.0.1:9/"))
    assert sparkpub("run", "--once", cwd=gazette).code == 0
    (gazette / "public" / "atom.xml").unlink()
    again = sparkpub("run", "--once", cwd=gazette)
    assert again.code == 0
    assert "cannot be reached" in again.err
