"""Files and servers that are not what they should be: links in the place of files, hosts that answer nonsense."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from press_room import instant
from sparkpub.adapters import probe
from sparkpub.adapters.spool import Leaving, Spool
from sparkpub.adapters.webpages import gone
from sparkpub.core.checks import imap_fault
from sparkpub.core.records import SubscriberState
from sparkpub.errors import LedgerError
from sparkpub.readers.wishing import absorb
from web_room import WebRoom, web_room

LEAVING = Leaving(subscriber_id=1, at=instant("2026-01-01"))


def put_link(path: Path) -> None:
    (path.parent / "elsewhere").write_text("elsewhere\n")
    path.symlink_to(path.parent / "elsewhere")


def put_pipe(path: Path) -> None:
    os.mkfifo(path)


def put_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("put", [put_link, put_pipe, put_folder])
def test_no_wish_is_written_into_anything_but_a_file_of_ours(put: object, tmp_path: Path) -> None:
    assert callable(put)
    spool = Spool(tmp_path / "spool.jsonl")
    put(spool.path)
    with pytest.raises(LedgerError, match="check who may write it"):
        spool.append(LEAVING)
    if put is put_link:
        assert (tmp_path / "elsewhere").read_text() == "elsewhere\n"
        with pytest.raises(LedgerError):
            spool.absorb(lambda entries: pytest.fail(f"{len(entries)} were taken"))
        assert (tmp_path / "elsewhere").read_text() == "elsewhere\n"


def test_a_link_that_leads_nowhere_is_not_followed_into_being(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.jsonl")
    spool.path.symlink_to(tmp_path / "made")
    with pytest.raises(LedgerError):
        spool.append(LEAVING)
    assert not (tmp_path / "made").exists()


def test_who_writes_into_the_spool_lets_readers_go_and_no_more(tmp_path: Path) -> None:
    with web_room(tmp_path / "press") as web:
        ada, bob = web.add("ada@example.org"), web.add("bob@example.org")
        lines = [
            f'{{"reader": {ada.subscriber_id}, "at": "9999-12-31T23:59:59Z", "state": "active"}}',
            f'{{"reader": "{bob.subscriber_id}; DROP TABLE subscriber", "at": "2026-01-01T00:00:00Z"}}',
            f'{{"reader": {bob.subscriber_id}.0, "at": "2026-01-01T00:00:00Z"}}',
            f'{{"reader": [{bob.subscriber_id}], "at": "2026-01-01T00:00:00Z"}}',
            '{"reader": 9223372036854775807, "at": "0001-01-01T00:00:00Z"}',
            '{"reader": 9223372036854775808, "at": "2026-01-01T00:00:00Z"}',
        ]
        web.desk.spool.path.write_text("\n".join(lines) + "\n" + "x" * 3_000_000)
        assert absorb(web.press) == 2
        assert web.reader("ada@example.org").state is SubscriberState.UNSUBSCRIBED
        assert web.reader("bob@example.org").state is SubscriberState.ACTIVE


def test_a_wish_that_cannot_be_written_down_is_not_answered_as_if_it_were(tmp_path: Path) -> None:
    with web_room(tmp_path / "press") as web:
        put_link(web.desk.spool.path)
        path = web.leave_path(web.add("ada@example.org"))
        assert blocked_post(web, path) == 503
        web.desk.spool.path.unlink()
        assert blocked_post(web, path) == 200
        assert absorb(web.press) == 1


def blocked_post(web: WebRoom, path: str) -> int:
    """The status of a POST while another program has the ledger."""
    blocker = sqlite3.connect(web.folder / "var/ledger.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        return web.client.post(path).status_code
    finally:
        blocker.close()


# Servers


@contextmanager
def server(said: bytes) -> Iterator[str]:
    """A server that says these bytes to whatever it is asked."""

    class Says(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(said)

        do_HEAD = do_GET  # noqa: N815 - the library's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    made = HTTPServer(("127.0.0.1", 0), Says)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


NONSENSE = [
    b"",
    b"\xff\xfe\r\n\r\n",
    b"HTTP/1.1 zanzibar\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n" + "\u00e9".encode() * 32,
    b"HTTP/1.1 200 OK\r\n\r\n" + b"0" * 5000,
    b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n0",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
]


@pytest.mark.parametrize("said", NONSENSE, ids=range(len(NONSENSE)))
def test_whoever_answers_nonsense_to_the_probe_is_not_this_press(said: bytes) -> None:
    with server(said) as url:
        assert not probe.answers(url, "a key")


@pytest.mark.parametrize(
    "target", ["http://10.1.2.3/", "http://169.254.169.254/latest/", "//192.168.0.1/", "file:///etc/passwd"]
)
def test_a_page_cannot_lead_the_check_of_links_inside_our_walls(target: str) -> None:
    with server(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()) as url:
        (fault,) = gone([f"{url}/"], allows_loopback=True).values()
    assert fault in ("leads into a private network", "leads to an address of kind 'file'")


@pytest.mark.parametrize(
    "url",
    [
        "imap://me@imap.example.org/INBOX",
        "imaps://me:password@imap.example.org/INBOX",
        "imaps://imap.example.org/INBOX",
        "imaps://me@imap.example.org/IN%0d%0aA1 LOGOUT",
        "imaps://me%0d%0aA1%20DELETE%20INBOX@imap.example.org/INBOX",
        "imaps://me%00@imap.example.org/INBOX",
        "imaps://me@imap.example.org\r\n/INBOX",
        "imaps://me@imap example.org/INBOX",
        "imaps://me@[::1/INBOX",
        "imaps://me@imap.example.org:99999/INBOX",
        "http://me@imap.example.org/INBOX",
    ],
)
def test_a_mailbox_is_a_host_by_tls_and_no_command(url: str) -> None:
    assert imap_fault(url)
