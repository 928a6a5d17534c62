"""Run an application with waitress until it is ended."""

import errno
import ipaddress
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sparkpub.errors import UsageError
from sparkpub.web.logs import discreet
from sparkpub.web.patience import patient_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_REQUEST_BYTES = 32_768
FORM_MAX = 32_768  # bytes; no form of readers is longer
_TIMEOUT_S = 30
_BACKLOG = 1024
THREADS = 32  # most of them wait for one commit, which all that wait share


def serve(
    app: "WSGIApplication", listen: str, *, ready: Callable[[str], None], proxy: str = "", body_max: int = FORM_MAX
) -> None:
    """Answer at `host:port` until SIGINT or SIGTERM; port 0 is any free one. `ready` is told the address.

    Who asks is taken from X-Forwarded-For where the request comes from the server at the address `proxy`; by default
    that is a server on this machine, if nothing else can connect. No request may have a body of more than `body_max`
    bytes.

    Raises:
        UsageError: nothing can listen there.
    """
    with _bound(listen) as place:
        logging.getLogger("waitress").addFilter(discreet)
        server = patient_server(
            app,
            place,
            ident=None,
            threads=THREADS,
            channel_timeout=_TIMEOUT_S,
            max_request_header_size=_REQUEST_BYTES,
            max_request_body_size=body_max,
            clear_untrusted_proxy_headers=True,
            **_believed(proxy or _loopback(place)),
        )
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # under load it would write a line for each request
        signal.signal(signal.SIGTERM, _end)
        try:
            host, port = place.getsockname()[:2]
            ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
            server.run()
        finally:
            server.close()


def _believed(proxy: str) -> dict[str, object]:
    """What waitress takes from a server in front; of what others forward it believes nothing."""
    if not proxy:
        return {}
    return {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": {"x-forwarded-for"}}


def _loopback(place: socket.socket) -> str:
    """The address of a socket that this machine alone reaches, "" for others."""
    host: str = place.getsockname()[0]
    return host if ipaddress.ip_address(host).is_loopback else ""


def _bound(listen: str) -> socket.socket:
    """A socket at `host:port`."""
    try:
        place = urlsplit(f"//{listen}")
        found = socket.getaddrinfo(place.hostname, place.port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(_BACKLOG)
        except OSError:
            bound.close()
            raise
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot listen at {listen} ({_reason(error)}); choose another [web] listen") from None
    return bound


def _end(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does."""
    del number, frame
    raise KeyboardInterrupt


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "another program does"
    return getattr(error, "strerror", None) or str(error)
