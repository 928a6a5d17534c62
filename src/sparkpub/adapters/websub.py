"""Tell a WebSub hub which feeds changed, so that it fetches them and tells whoever subscribed there."""

import http.client
import ssl
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode, urlsplit

from sparkpub import __version__
from sparkpub.deadlines import Deadline

_SECONDS: Final = 10.0
_ANSWER_MAX: Final = 10_000
_TAKEN: Final = range(200, 300)
_HEADERS: Final = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": f"sparkpub/{__version__} (WebSub publisher)",
}


def publish(hub: str, topics: Iterable[str], *, seconds: float = _SECONDS) -> dict[str, str]:
    """Ping a hub once for each feed; returns those that it did not take, each with the reason.

    Each feed may take `seconds`. Where the hub cannot be reached at all, it is not asked again for the rest. WebSub
    leaves open how a publisher speaks to its hub; this is what hubs have taken since PubSubHubbub 0.3.
    """
    refused: dict[str, str] = {}
    broken = ""
    address = urlsplit(hub)
    connection = _connection(address.scheme, address.netloc, seconds)
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        for topic in topics:
            if broken:
                refused[topic] = broken
                continue
            try:
                with Deadline(seconds) as deadline:
                    deadline.watch(connection)
                    status, reason = _post(connection, target, topic)
            except (OSError, http.client.HTTPException) as error:
                refused[topic] = broken = _meaning(error, seconds)
                continue
            if status not in _TAKEN:
                refused[topic] = f"answers {status} {reason}".strip()
    finally:
        connection.close()
    return refused


def _connection(scheme: str, place: str, seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(place, timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(place, timeout=seconds)


def _post(connection: http.client.HTTPConnection, target: str, topic: str) -> tuple[int, str]:
    """Ping for one feed; a connection that was kept open and is gone is opened once more."""
    body = urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
    was_open = connection.sock is not None
    try:
        connection.request("POST", target, body, _HEADERS)
        reply = connection.getresponse()
    except (http.client.RemoteDisconnected, ConnectionError):
        connection.close()
        if not was_open:
            raise
        connection.request("POST", target, body, _HEADERS)
        reply = connection.getresponse()
    reply.read(_ANSWER_MAX)
    if not reply.isclosed():
        connection.close()
    return reply.status, "".join(c for c in reply.reason[:60] if c.isprintable())


def _meaning(error: Exception, seconds: float) -> str:
    """Why a hub cannot be asked, for people."""
    if isinstance(error, TimeoutError):
        return f"gave no answer within {seconds:g} seconds"
    return f"cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})"
