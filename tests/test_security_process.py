"""`sparkpub serve` attacked in bytes: framing, sizes, slow clients, garbage, and what it prints of all that."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from press_room import instant
from raw_web import CLOSE, HOST, Served, heard, served, until
from sparkpub.adapters.ledger import ReaderRow, open_ledger
from sparkpub.core.records import SubscriberState
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.web.server import THREADS
from web_room import KEY, new_press

SECRET = "zanzibar"  # stands in whatever a test sends, and may stand in nothing that is printed
TOKENS = Tokens(KEY)
HEAD_MAX = BODY_MAX = 32_768


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("raw") / "press"
    new_press(folder)
    (folder / "public" / "folder").mkdir(parents=True)
    (folder / "public" / "folder" / "index.html").write_text("<p>The folder's page.")
    (folder / "public" / "long.mp3").write_bytes(bytes(range(256)) * 90_000)
    ledger = open_ledger("sqlite:///var/ledger.db", folder)
    rows = [ReaderRow(address=f"{SECRET}{n}@example.org", name="Ada") for n in range(9)]
    ledger.import_subscribers(rows, instant("2020-01-01"))
    ledger.close()
    with served(folder) as made:
        yield made


def leave(number: int) -> str:
    return f"/u/{TOKENS.sign(Purpose.LEAVE, number)}"


def state(web: Served, number: int) -> SubscriberState:
    ledger = open_ledger("sqlite:///var/ledger.db", web.folder)
    try:
        reader = ledger.subscriber(number)
        assert reader is not None
        return reader.state
    finally:
        ledger.close()


LEAVE_1 = leave(1).encode()
SMUGGLED = b"POST " + LEAVE_1 + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
FRAMINGS = {
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
    "a list of lengths": b"Content-Length: 0, 0\r\n\r\n" + SMUGGLED,
    "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a signed length": b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a length below nothing": b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "a length in other digits": "Content-Length: ٠\r\n\r\n".encode() + SMUGGLED,
    "an unknown encoding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "encodings that end otherwise": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a blank before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "an odd blank": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a folded field": b"X: a\r\n Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n x\r\n\r\n" + SMUGGLED,
    "a bare LF": b"X: a\nContent-Length: 5\r\n\r\n" + SMUGGLED,
    "a broken chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + SMUGGLED,
    "a NUL": b"X: a\0b\r\n\r\n" + SMUGGLED,
}


@pytest.mark.parametrize("name", FRAMINGS)
def test_a_request_whose_end_is_in_doubt_is_refused_and_nothing_after_it_is_heard(name: str, web: Served) -> None:
    answer = web.say(b"POST /subscribe HTTP/1.1\r\n" + HOST + FRAMINGS[name])
    assert answer.status in (400, 501)
    assert answer.count == 1
    assert state(web, 1) is SubscriberState.ACTIVE


def test_chunks_in_http_1_0_are_refused(web: Served) -> None:
    framed = b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED
    answer = web.say(b"POST /subscribe HTTP/1.0\r\n" + HOST + framed)
    assert (answer.status, answer.count) == (400, 1)
    assert state(web, 1) is SubscriberState.ACTIVE


def test_chunks_alone_are_understood(web: Served) -> None:
    body = b"List-Unsubscribe=One-Click"
    framed = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    answer = web.say(b"POST " + leave(2).encode() + b" HTTP/1.1\r\n" + HOST + CLOSE + framed)
    assert answer.status == 200
    assert state(web, 2) is SubscriberState.UNSUBSCRIBED


def test_a_header_too_long_is_refused(web: Served) -> None:
    assert web.get("/subscribe", HOST.strip(), b"X: " + b"a" * HEAD_MAX).status == 431
    assert web.get("/" + "a" * HEAD_MAX).status == 431
    assert web.get("/subscribe", *[b"X%d: a" % n for n in range(HEAD_MAX // 7)]).status == 431


def test_a_body_too_long_is_refused_before_it_has_come(web: Served) -> None:
    announced = b"Content-Length: 1000000000000\r\n" + CLOSE + b"\r\nemail="
    assert web.say(b"POST /subscribe HTTP/1.1\r\n" + HOST + announced).status == 413
    chunk = b"%x\r\n%b\r\n" % (4096, b"a" * 4096)
    framed = b"Transfer-Encoding: chunked\r\n" + CLOSE + b"\r\n" + chunk * 9
    assert web.say(b"POST /subscribe HTTP/1.1\r\n" + HOST + framed).status == 413


def test_many_fields_and_parts_cost_an_answer_and_no_more(web: Served) -> None:
    fields = b"&".join(b"a%d=1" % n for n in range(3000))
    assert web.post("/subscribe", fields).status == 400
    part = b'--x\r\nContent-Disposition: form-data; name="%d"\r\n\r\n1\r\n'
    parts = b"".join(part % n for n in range(501)) + b"--x--"
    assert web.post("/subscribe", parts, kind=b"multipart/form-data; boundary=x").status == 413
    attached = b'--x\r\nContent-Disposition: form-data; name="email"; filename="../../x"\r\n\r\na@example.org\r\n--x--'
    assert web.post("/subscribe", attached, kind=b"multipart/form-data; boundary=x").status == 400


GARBAGE = [
    b"",
    b"\r\n\r\n",
    b"\0" * 1000 + b"\r\n\r\n",
    b"zanzibar\r\n\r\n",
    b"GET zanzibar\r\n\r\n",
    b"GET /zanzibar HTTP/9.9\r\n\r\n",
    b"GET /zanzibar\xff HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    b"GET /%zz%00%ff%ed%a0%80zanzibar HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    b"G\xffT /zanzibar HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    b"GET /u/" + b"zanzibar" * 800 + b" HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    b'GET /folder/ HTTP/1.1\r\nRange: bytes=zanzibar\r\nIf-None-Match: "zanzibar\r\nIf-Modified-Since: zanzibar\r\n'
    + CLOSE
    + b"\r\n",
    b"GET /folder/ HTTP/1.1\r\nIf-Range: zanzibar\r\nRange: bytes=5-1,9999999999999999999-\r\n" + CLOSE + b"\r\n",
    b'GET /subscribe HTTP/1.1\r\nX-Forwarded-For: "zanzibar\r\n' + CLOSE + b"\r\n",
    b"GET /subscribe HTTP/1.1\r\nForwarded: for=zanzibar;zanzibar\r\n" + CLOSE + b"\r\n",
    b"GET /subscribe HTTP/1.1\r\nAccept-Language: zanzibar;q=zanzibar,*;q=1e999,\xff\r\n" + CLOSE + b"\r\n",
    b"GET /subscribe HTTP/1.1\r\nHost: zanzibar zanzibar:99999999999\r\n" + CLOSE + b"\r\n",
    b"GET http://[zanzibar/subscribe HTTP/1.1\r\n" + CLOSE + b"\r\n",
    b"GET /folder/ HTTP/1.1\r\nAccept-Encoding: gzip;q=zanzibar, *;q=nan\r\n" + CLOSE + b"\r\n",
    b"POST /subscribe HTTP/1.1\r\nContent-Type: multipart/form-data\r\nContent-Length: 8\r\n" + CLOSE + b"\r\nzanzibar",
    b"POST /subscribe HTTP/1.1\r\nContent-Type: zanzibar;;=\xff;charset=utf-7\r\nContent-Length: 8\r\n\r\nzanzibar",
    b"POST /hooks/ses HTTP/1.1\r\nContent-Length: 8\r\n" + CLOSE + b"\r\nzanzibar",
]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_answered_or_hung_up_on_and_the_server_goes_on(data: bytes, web: Served) -> None:
    with web.connect() as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        said = heard(line)
    assert not said.startswith(b"HTTP/1.1 5")
    assert SECRET.encode() not in said
    assert web.get("/subscribe").status == 200


@pytest.mark.parametrize("typed", [b"email=a%00@example.org", b"email=%ff%fe", b"%00=%00", b"email=%0d%0a"])
def test_bytes_that_are_no_text_are_no_address(typed: bytes, web: Served) -> None:
    answer = web.post("/subscribe", typed + b"&name=%00%ed%a0%80&language=%00&form=%0d%0a")
    assert answer.status == 400
    assert b"\0" not in answer.body


def test_two_hundred_slow_clients_keep_nobody_waiting(web: Served) -> None:
    lines = []
    try:
        for number in range(200):
            line = web.connect()
            lines.append(line)
            rest = b"Content-Length: 99\r\n\r\nemail" if number % 2 else b"X-Slow"
            line.sendall(b"POST /subscribe HTTP/1.1\r\n" + HOST + rest)
        began = time.monotonic()
        assert web.get("/subscribe").status == 200
        assert web.post(leave(3), b"List-Unsubscribe=One-Click").status == 200
        assert time.monotonic() - began < 20  # they would hold their places for thirty seconds
    finally:
        for line in lines:
            line.close()
    assert state(web, 3) is SubscriberState.UNSUBSCRIBED


def test_clients_that_do_not_read_what_they_asked_for_keep_nobody_waiting(web: Served) -> None:
    lines = []
    try:
        for number in range(3 * THREADS):
            line = web.connect(room=4096)
            lines.append(line)
            part = b"Range: bytes=1-\r\n" if number % 2 else b""
            line.sendall(b"GET /long.mp3 HTTP/1.1\r\n" + HOST + part + b"\r\n")
        assert all(line.recv(9, socket.MSG_WAITALL) == b"HTTP/1.1 " for line in lines)
        assert web.get("/subscribe").status == 200
    finally:
        for line in lines:
            line.close()


def test_a_part_of_a_long_file_is_that_part(web: Served) -> None:
    size = (web.folder / "public" / "long.mp3").stat().st_size
    for start, end in ((0, 0), (255, 1000), (size - 20_000_000, size - 1), (size - 1, size - 1)):
        answer = web.get("/long.mp3", HOST.strip(), b"Range: bytes=%d-%d" % (start, end))
        assert answer.status == 206
        assert f"content-range: bytes {start}-{end}/{size}" in answer.head
        assert answer.body == (web.folder / "public" / "long.mp3").read_bytes()[start : end + 1]


IMPATIENT = """
import socket
from sparkpub.web.patience import patient_server
def app(environ, start):
    start("200 OK", [("Content-Length", "5")])
    return [b"hello"]
place = socket.socket()
place.bind(("127.0.0.1", 0))
place.listen()
print(place.getsockname()[1], flush=True)
patient_server(app, place, threads=1, channel_timeout=1, cleanup_interval=1).run()
"""


def test_who_sends_a_byte_now_and_then_is_hung_up_on(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", IMPATIENT], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        try:
            web = Served(tmp_path, int(running.stdout.readline()))
            with web.connect() as line:
                line.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
                assert line.recv(9) == b"HTTP/1.1 "
                line.sendall(b"GET / HTTP/1.1\r\nX: ")
                for _ in until("it was not hung up on"):
                    try:
                        line.sendall(b"a")
                        line.settimeout(0.05)
                        if b"" in iter(lambda: line.recv(1000), b"hello"):
                            break
                    except TimeoutError:
                        continue
                    except (ConnectionResetError, BrokenPipeError):
                        break
        finally:
            running.terminate()


def test_nothing_that_anybody_sent_is_printed(web: Served) -> None:
    for data in [*GARBAGE, *FRAMINGS.values()]:
        with web.connect() as line:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            heard(line)
    web.post("/subscribe", f"email={SECRET}@example.net&name={SECRET}".encode())
    web.get(f"/p/{TOKENS.sign(Purpose.PREFERENCES, 4)}?{SECRET}")
    web.post(leave(4), SECRET.encode())
    said = (web.folder.parent / "said.txt").read_text()
    assert "serving public/ and the readers' pages" in said
    assert "Traceback" not in said
    tokens = [TOKENS.sign(purpose, 4) for purpose in (Purpose.LEAVE, Purpose.PREFERENCES)]
    assert [word for word in (SECRET, "example", "127.0.0.1", KEY, *tokens) if word in said] == []


def test_what_serve_writes_is_its_owners_alone(web: Served) -> None:
    web.post("/subscribe", b"email=modes@example.net")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (web.folder / "var").rglob("*")}
    assert (web.folder / "var").stat().st_mode & 0o777 == 0o700
    assert {"ledger.db", "ledger.db-wal", "ledger.jsonl"} <= set(modes)
    personal = {name: oct(mode) for name, mode in modes.items() if re.search(r"ledger|spool|example", name)}
    assert {name: mode for name, mode in personal.items() if mode != "0o600"} == {}
