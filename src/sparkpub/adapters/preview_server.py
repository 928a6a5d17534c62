"""A small web server for one person on this machine: GET only, loopback only, live news by Server-Sent Events.

A page of another origin must not reach it through the reader's browser: requests with another Host (DNS rebinding),
another Origin, or sent by another site are refused, and no answer allows sharing.
"""

import errno
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from sparkpub.errors import UsageError

LOOPBACK = "127.0.0.1"
_NOTHING_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_KEEP_ALIVE_S = 10.0
_TIMEOUT_S = 30.0
_LONGEST_TARGET = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one address holds. `policy` is its Content-Security-Policy."""

    body: bytes = field(repr=False)
    media_type: str
    policy: str = _NOTHING_ALLOWED


Respond = Callable[[str, Mapping[str, str]], Answer | None]
"""From a decoded path and the query to what is there, None if there is nothing."""


class Bell:
    """News that wakes everybody who waits for it; only the number of the newest is kept."""

    def __init__(self) -> None:
        """Begin without news."""
        self._changed = threading.Condition()
        self._count = 0
        self._is_silenced = False

    def ring(self) -> None:
        """Wake everybody: there is something new."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def silence(self) -> None:
        """Wake everybody for the last time."""
        with self._changed:
            self._is_silenced = True
            self._changed.notify_all()

    def wait(self, seen: int, *, seconds: float) -> int | None:
        """The number of the newest news once it is another than `seen` or time is up; None when all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_silenced or self._count != seen, seconds)
            return None if self._is_silenced else self._count


class PreviewServer(ThreadingHTTPServer):
    """Answers from `respond`, and news at `/events`; bound to loopback, whatever is asked."""

    daemon_threads = True

    def __init__(self, respond: Respond, bell: Bell, *, port: int) -> None:
        """Take the port, 0 for any that is free.

        Raises:
            UsageError: the port is taken or not allowed.
        """
        self.respond, self.bell = respond, bell
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            what = "taken" if error.errno == errno.EADDRINUSE else "not yours to use"
            raise UsageError(
                f"port {port} is {what}; choose another with --port, or --port 0 for any free one"
            ) from None
        self.own_port: int = self.socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Where the preview is."""
        return f"http://{LOOPBACK}:{self.own_port}/"

    @property
    def hosts(self) -> frozenset[str]:
        """The Hosts that mean this server."""
        names = (LOOPBACK, "localhost", "[::1]")
        bare = names if self.own_port == 80 else ()  # noqa: PLR2004 - the port that browsers leave out
        return frozenset((*(f"{name}:{self.own_port}" for name in names), *bare))

    def server_bind(self) -> None:
        """Bind without asking a name server for our own name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the library has it
        """Say nothing of a browser that went away; whatever else fails belongs on the terminal."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


@contextmanager
def serving(respond: Respond, bell: Bell, *, port: int) -> Iterator[PreviewServer]:
    """A server that answers inside, from a thread of its own.

    Raises:
        UsageError: the port is taken.
    """
    server = PreviewServer(respond, bell, port=port)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="preview", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        bell.silence()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: PreviewServer
    protocol_version = "HTTP/1.1"
    server_version = "sparkpub"
    sys_version = ""
    timeout: ClassVar[float] = _TIMEOUT_S

    def parse_request(self) -> bool:
        """Read the request; any method but GET could change something and is refused."""
        if not super().parse_request():
            return False
        if self.command != "GET":
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "a preview is only to be looked at: GET")
        return self.command == "GET"

    def do_GET(self) -> None:
        """Answer, or say why not."""
        if refusal := self._refusal():
            self._refuse(*refusal)
            return
        target = urlsplit(self.path)
        if target.path == "/events":
            self._send_news()
            return
        query = {key: values[-1] for key, values in parse_qs(target.query, keep_blank_values=True).items()}
        try:
            answer = self.server.respond(unquote(target.path), query)
        except Exception as error:  # noqa: BLE001 - the page says what failed, the server goes on
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"sparkpub itself failed ({type(error).__name__}: {error})")
            return
        if answer is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing at this address")
        else:
            self._send(HTTPStatus.OK, answer)

    def _refusal(self) -> tuple[HTTPStatus, str] | None:
        """Why this request is not answered, None if it is."""
        if self.headers.get_all("Host", []) not in [[host] for host in self.server.hosts]:
            return HTTPStatus.MISDIRECTED_REQUEST, f"this is {self.server.url}, and no other host"
        if not self.path.startswith("/") or len(self.path) > _LONGEST_TARGET:
            return HTTPStatus.BAD_REQUEST, "this is no address of a preview"
        origin = self.headers.get("Origin")
        if origin is not None and origin.removeprefix("http://") not in self.server.hosts:
            return HTTPStatus.FORBIDDEN, "another site asks; a preview answers only itself"
        is_visit = self.headers.get("Sec-Fetch-Mode") == "navigate" and urlsplit(self.path).path == "/"
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and not is_visit:
            return HTTPStatus.FORBIDDEN, "another site asks; a preview answers only itself"
        return None

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        """One line of plain text."""
        self.close_connection = True
        self._send(status, Answer(body=f"{reason}\n".encode(), media_type="text/plain; charset=utf-8"))

    def _send(self, status: HTTPStatus, answer: Answer) -> None:
        """A whole answer."""
        self._send_head(status, answer.media_type, answer.policy)
        self.send_header("Content-Length", str(len(answer.body)))
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _send_head(self, status: HTTPStatus, media_type: str, policy: str) -> None:
        """The fields that every answer has."""
        self.send_response(status)
        for name, value in (
            ("Content-Type", media_type),
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)

    def _send_news(self) -> None:
        """Server-Sent Events (HTML Living Standard, 9.2) until the browser or the preview ends."""
        self.close_connection = True
        self._send_head(HTTPStatus.OK, "text/event-stream; charset=utf-8", _NOTHING_ALLOWED)
        self.send_header("Connection", "close")
        self.end_headers()
        seen = -1
        with suppress(OSError):
            while (news := self.server.bell.wait(seen, seconds=_KEEP_ALIVE_S)) is not None:
                line = f"data: {json.dumps(news)}\n\n" if news != seen else ": still here\n\n"
                seen = news
                self.wfile.write(line.encode())
                self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as the library has it
        """Keep no log: the editor reads the page."""
