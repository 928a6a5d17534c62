"""Ask a web address whether it is ours: a question that only the holder of the key can answer."""

import hmac
import http.client
import secrets
import urllib.request
from functools import partial
from typing import Any

from sparkpub.deadlines import Deadline

PATH = "/probe/"
_SECONDS = 10.0
_ANSWER_MAX = 1000


def answer(key: str, question: str) -> str:
    """What the web face answers at `/probe/<question>`."""
    return hmac.new(key.encode(), f"sparkpub.probe/{question}".encode(), "sha256").hexdigest()


def answers(url: str, key: str, *, seconds: float = _SECONDS) -> bool:
    """Whether the web face of the press with this key answers under `url`, all within `seconds`, redirects included."""
    question = secrets.token_hex(16)
    if not url.startswith(("http://", "https://")):
        return False
    try:
        with Deadline(seconds) as deadline:
            opener = urllib.request.build_opener(_Watched(deadline))
            with opener.open(f"{url.rstrip('/')}{PATH}{question}", timeout=seconds) as reply:
                said: bytes = reply.read(_ANSWER_MAX).strip()
    except (OSError, ValueError, http.client.HTTPException):  # it may be anything that answers there
        return False
    return hmac.compare_digest(said, answer(key, question).encode())


class _Watched(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Opens connections that a deadline watches."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Ask plainly."""
        return self.do_open(partial(self._made, http.client.HTTPConnection), req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Ask by TLS."""
        return self.do_open(partial(self._made, http.client.HTTPSConnection), req)

    def _made(self, kind: type[http.client.HTTPConnection], host: str, **given: Any) -> http.client.HTTPConnection:  # noqa: ANN401 - whatever urllib gives
        connection = kind(host, **given)
        self._deadline.watch(connection)
        return connection
