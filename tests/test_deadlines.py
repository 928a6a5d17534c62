"""Whoever answers a byte now and then holds nobody who asks."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from sparkpub.adapters import probe
from sparkpub.adapters.sns import Sns
from sparkpub.adapters.webpages import gone
from sparkpub.adapters.websub import publish
from sparkpub.deadlines import Deadline
from sparkpub.errors import TransportError

SECONDS = 0.3
HEAD = b"HTTP/1.1 200 OK\r\nX: "
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
HANDSHAKE = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"


@contextmanager
def dripping(first: bytes) -> Iterator[int]:
    """A server that says `first` to whoever comes, and then a byte at a time for ever; its port."""
    ending, threads = threading.Event(), []

    def drip(taken: socket.socket) -> None:
        with taken, suppress(OSError):
            taken.sendall(first)
            while not ending.wait(0.02):
                taken.sendall(b"x")

    def serve() -> None:
        with suppress(OSError):
            while True:
                taken, _ = place.accept()
                threads.append(threading.Thread(target=drip, args=(taken,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as place:
        threads.append(threading.Thread(target=serve))
        threads[0].start()
        try:
            yield place.getsockname()[1]
        finally:
            ending.set()
            place.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def check_of_links(url: str) -> None:
    assert gone([url], seconds=SECONDS, allows_loopback=True) == {url: f"gave no answer within {SECONDS} seconds"}


def probing(url: str) -> None:
    assert not probe.answers(url, "a key", seconds=SECONDS)


def telling_a_hub(url: str) -> None:
    assert publish(url, ["https://a.example.org/feed"], seconds=SECONDS) == {
        "https://a.example.org/feed": f"gave no answer within {SECONDS} seconds"
    }


@pytest.mark.parametrize("ask", [check_of_links, probing, telling_a_hub])
@pytest.mark.parametrize(
    ("scheme", "first"),
    [("http", HEAD), ("https", HANDSHAKE)],
    ids=["header", "handshake"],
)
def test_a_server_that_drips_is_left_in_time(ask: Callable[[str], None], scheme: str, first: bytes) -> None:
    with dripping(first) as port:
        began = time.monotonic()
        ask(f"{scheme}://127.0.0.1:{port}/")
        assert time.monotonic() - began < 20 * SECONDS


@pytest.mark.parametrize("ask", [probing, telling_a_hub])
def test_a_body_that_drips_is_left_in_time(ask: Callable[[str], None]) -> None:
    with dripping(BODY) as port:
        began = time.monotonic()
        ask(f"http://127.0.0.1:{port}/")
        assert time.monotonic() - began < 20 * SECONDS


def test_half_a_certificate_is_none() -> None:
    with dripping(BODY) as port:
        asker = Sns(lambda _: http.client.HTTPConnection("127.0.0.1", port, timeout=20), seconds=SECONDS)
        with pytest.raises(TransportError, match="TimeoutError"):
            asker.certificate("https://sns.eu-west-1.amazonaws.com/a.pem")


def asked(connection: http.client.HTTPConnection, seconds: float) -> http.client.HTTPResponse:
    with Deadline(seconds) as deadline:
        deadline.watch(connection)
        connection.request("GET", "/")
        return connection.getresponse()


def test_a_connection_that_is_open_already_is_watched_too() -> None:
    with dripping(HEAD) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.connect()
        with pytest.raises(TimeoutError, match="the whole answer"):
            asked(connection, SECONDS)
        connection.close()


def test_other_faults_pass_through_a_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        asked(http.client.HTTPConnection("127.0.0.1", port, timeout=20), 60)
