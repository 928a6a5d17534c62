"""Many at once: who was told that they left has left, whatever becomes of the server; and what is kept is right."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from cli_runner import SPARKPUB
from press_room import instant
from sparkpub.adapters.ledger import ReaderRow
from sparkpub.core.records import SubscriberState
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.press import Press, open_press, open_publication
from sparkpub.web import create_app
from web_room import ENVIRON, KEY, WebRoom, new_press

ONE_CLICK = "List-Unsubscribe=One-Click"
HEAD = f"Host: press.example.org\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(ONE_CLICK)}"
LEFT = SubscriberState.UNSUBSCRIBED


@dataclass
class Crowd:
    """Readers who all press the button of their mail program, and which of them were told that it worked."""

    folder: Path
    count: int
    answered: set[int] = field(default_factory=set)

    def waiting(self) -> list[int]:
        """Those who have no answer yet."""
        return [number for number in range(1, self.count + 1) if number not in self.answered]

    def click(self, port: int, *, at_each: Callable[[], None] = lambda: None) -> None:
        """Have all who wait press it, over a hundred connections; `at_each` answer something may happen."""
        asyncio.run(self._click(port, self.waiting(), at_each))

    async def _click(self, port: int, numbers: Sequence[int], at_each: Callable[[], None]) -> None:
        tokens, waiting = Tokens(KEY), iter(numbers)

        async def one_connection() -> None:
            with suppress(OSError, asyncio.IncompleteReadError):  # the server was killed
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                with closing(writer):
                    for number in waiting:
                        path = f"/u/{tokens.sign(Purpose.LEAVE, number)}"
                        writer.write(f"POST {path} HTTP/1.1\r\n{HEAD}\r\n\r\n{ONE_CLICK}".encode())
                        if await _status(reader) == 200:
                            self.answered.add(number)
                            at_each()

        await asyncio.gather(*(one_connection() for _ in range(100)))

    def left(self) -> set[int]:
        """Who has left by the ledger."""
        with closing(sqlite3.connect(self.folder / "var/ledger.db")) as ledger:
            rows = ledger.execute("SELECT subscriber_id FROM subscriber WHERE state = 'unsubscribed'")
            return {row[0] for row in rows}

    def spooled(self) -> set[int]:
        """Who has left by the spool."""
        path = self.folder / "var/spool.jsonl"
        return {json.loads(line)["reader"] for line in path.read_text().splitlines()} if path.exists() else set()

    def mirrored(self) -> list[str]:
        """Every line of the mirror that says that somebody left."""
        lines = map(json.loads, (self.folder / "var/ledger.jsonl").read_text().splitlines())
        return [line["subject"] for line in lines if line["verb"] == "left"]


async def _status(reader: asyncio.StreamReader) -> int:
    """The status of an answer that was read whole."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(head.split(b" ", 2)[1])


def gathered(folder: Path, count: int) -> Crowd:
    """A press with so many readers."""
    new_press(folder)
    press = open_press(open_publication(folder), ENVIRON)
    rows = (ReaderRow(address=f"reader-{number}@example.org") for number in range(1, count + 1))
    press.ledger.import_subscribers(rows, instant("2020-01-01"))
    press.ledger.close()
    return Crowd(folder=folder, count=count)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, Callable[[], None]]]:
    """`sparkpub serve` on a press: its port, and how to kill it."""
    process = subprocess.Popen(
        [*SPARKPUB, "serve", "--listen", "127.0.0.1:0"],
        cwd=folder,
        env={**os.environ, **ENVIRON},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            place = re.fullmatch(r"http://.+:(\d+)/\n", process.stdout.readline())
            assert place
            yield int(place[1]), process.kill
        finally:
            process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.soak)])
def test_of_all_who_leave_in_a_burst_none_is_lost(tmp_path: Path, count: int) -> None:
    crowd = gathered(tmp_path / "press", count)
    with serving(crowd.folder) as (port, _):
        crowd.click(port)
    assert len(crowd.answered) == count
    assert crowd.left() == crowd.answered
    assert len(crowd.mirrored()) == len(set(crowd.mirrored())) == count


@pytest.mark.parametrize(("count", "kills"), [(300, 1), pytest.param(10_000, 12, marks=pytest.mark.soak)])
def test_who_was_told_that_they_left_has_left_also_if_the_server_is_killed(
    tmp_path: Path, count: int, kills: int
) -> None:
    crowd = gathered(tmp_path / "press", count)
    for turn in range(1, kills + 1):
        with serving(crowd.folder) as (port, kill):

            def kill_once_enough_left(turn: int = turn, kill: Callable[[], None] = kill) -> None:
                if len(crowd.answered) >= count * turn // (kills + 1):
                    kill()

            crowd.click(port, at_each=kill_once_enough_left)
        assert 0 < len(crowd.answered) < count
        assert crowd.answered <= crowd.left() | crowd.spooled()
    with serving(crowd.folder) as (port, _):
        assert crowd.answered <= crowd.left()
        crowd.click(port)
    assert crowd.left() == set(range(1, count + 1))
    assert len(crowd.mirrored()) == len(set(crowd.mirrored())) == count


def test_who_leaves_while_the_ledger_is_locked_has_left_also_if_the_server_is_killed(tmp_path: Path) -> None:
    crowd = gathered(tmp_path / "press", 60)
    with closing(sqlite3.connect(crowd.folder / "var/ledger.db", isolation_level=None)) as other:
        with serving(crowd.folder) as (port, kill):
            other.execute("BEGIN IMMEDIATE")
            crowd.click(port, at_each=kill)
        other.execute("ROLLBACK")
    assert crowd.answered
    assert crowd.answered <= crowd.spooled()
    assert not crowd.left()
    with serving(crowd.folder) as (port, _):
        assert crowd.answered <= crowd.left()
        crowd.click(port)
    assert crowd.left() == set(range(1, crowd.count + 1))
    assert not crowd.spooled()


def test_five_hundred_connections_are_kept_alive_and_answered(tmp_path: Path) -> None:
    new_press(tmp_path / "press")
    with serving(tmp_path / "press") as (port, _), ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(500)]
        for _ in range(2):
            for line in lines:
                line.sendall(b"GET /subscribe HTTP/1.1\r\nHost: press.example.org\r\n\r\n")
            for line in lines:
                assert line.recv(12) == b"HTTP/1.1 200"
                rest = line.recv(1 << 16)
                while b"</html>" not in rest[-20:]:
                    rest += line.recv(1 << 16)


def test_a_page_that_is_made_once_leads_each_reader_to_their_own_preferences(web: WebRoom) -> None:
    readers = [web.add(f"{name}@example.org") for name in ("ada", "grace", "zoe")]
    pages = [web.client.post(web.leave_path(reader)).text for reader in readers]
    for reader, page in zip(readers, pages, strict=True):
        assert re.findall(r'href="(/p/[^"]*)"', page) == [web.preferences_path(reader)]
        assert page.count(web.preferences_path(reader)) == 1
    first, second = (
        page.replace(web.preferences_path(reader), "") for reader, page in list(zip(readers, pages, strict=True))[:2]
    )
    assert first == second
    assert "/p/" not in web.client.get("/u/nonsense").text


def test_pages_that_are_made_once_are_made_for_each_language(web: WebRoom) -> None:
    said = {
        tag: web.client.get("/u/nonsense", headers={"Accept-Language": tag}).text for tag in ("en", "fr", "ar", "en")
    }
    assert len(set(said.values())) == 3
    for tag, page in said.items():
        assert f'<html lang="{tag}"' in page


def test_one_request_that_fails_takes_nothing_of_the_others_back(web: WebRoom) -> None:
    readers = [web.add(f"reader-{number}@example.org") for number in range(5)]
    is_held, is_let_go = threading.Event(), threading.Event()

    def hold(_: Press) -> None:
        is_held.set()
        is_let_go.wait(10)

    def leave(number: int, press: Press) -> int:
        press.ledger.part_with(readers[number], web.now)
        if number == 2:
            raise ValueError("not this one")
        return number

    with ThreadPoolExecutor(6) as pool:
        pool.submit(web.desk.write, hold)
        is_held.wait(10)
        asked = [pool.submit(web.desk.write, partial(leave, number)) for number in range(5)]
        while web.desk.clerk._tasks.qsize() < 5:  # all five are to be in one transaction
            time.sleep(0.01)
        is_let_go.set()
    assert isinstance(asked[2].exception(), ValueError)
    assert [each.result() for number, each in enumerate(asked) if number != 2] == [0, 1, 3, 4]
    assert [web.reader(reader.address).state is LEFT for reader in readers] == [True, True, False, True, True]


def test_a_page_that_is_built_anew_is_shown_at_once(tmp_path: Path) -> None:
    page, new = tmp_path / "index.html", tmp_path / ".index.html.new"
    page.write_text("one")
    client = create_app(tmp_path, base_url="https://press.example.org").test_client()
    for words in ("two", "six", "ten", "a longer text " * 100):
        assert client.get("/", buffered=True).text == client.get("/", buffered=True).text != words
        new.write_text(words)
        new.replace(page)
        os.utime(page, (1, 1))  # size and time alone do not tell one from the other
        assert client.get("/", buffered=True).text == words
    page.unlink()
    assert client.get("/").status_code == 404


def test_a_link_that_is_turned_to_the_outside_is_followed_no_more(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    public = tmp_path / "public"
    public.mkdir()
    (public / "robots.txt").write_text("public")
    link = public / "link.txt"
    link.symlink_to("robots.txt")
    client = create_app(public, base_url="https://press.example.org").test_client()
    assert client.get("/link.txt", buffered=True).text == "public"
    link.unlink()
    link.symlink_to("../secret")
    assert client.get("/link.txt").status_code == 404
