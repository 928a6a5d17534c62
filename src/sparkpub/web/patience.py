"""A waitress that nobody can hold up: whoever sends slowly has a deadline, and framing in doubt is refused.

waitress itself counts the time since a connection's last byte, so that a byte now and then keeps it for ever; and it
takes what RFC 9112 §6.1 and §6.3 call faulty, on which a server in front may disagree about where a request ends.
"""

import resource
import socket
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

CONNECTIONS = 1000
"""So many may be open at once; whoever comes then waits in line."""
_FILES = CONNECTIONS + 500
_LOOK_SECONDS = 5


class Parser(HTTPRequestParser):  # type: ignore[misc] # waitress has no types
    """Reads a request whose end is beyond doubt."""

    def parse_header(self, header_plus: bytes) -> None:
        """Read the header.

        Raises:
            ParsingError: it names its length twice over, or in a way that its version does not have.
        """
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length beside Transfer-Encoding")
        if self.version != "1.1" and "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Transfer-Encoding in HTTP/1.0")


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection on which a request has to be whole within `channel_timeout` of its first byte."""

    parser_class = Parser
    last_activity: float

    def handle_read(self) -> None:
        """Take what came; only the first part of a request counts as a sign of life."""
        request, since = self.request, self.last_activity
        super().handle_read()
        if request is not None and self.request is request:
            self.last_activity = since


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Answers at one socket."""

    channel_class = Channel


def patient_server(app: "WSGIApplication", place: socket.socket, **adjustments: Any) -> Server:  # noqa: ANN401 - waitress's own
    """A server at a socket that listens, for as many connections as may be open, which are polled, not selected.

    Every connection is a file, and most systems begin with 1024 of them: more are asked for as far as they may be had.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES:
        soft = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limit = CONNECTIONS if soft == resource.RLIM_INFINITY else min(CONNECTIONS, soft * 2 // 3)
    ours = {"connection_limit": limit, "cleanup_interval": _LOOK_SECONDS, "asyncore_use_poll": True}
    adjusted = Adjustments(**(ours | adjustments))
    threads = ThreadedTaskDispatcher()
    threads.set_thread_count(adjusted.threads)
    return Server(
        app,
        {},
        True,
        place,
        dispatcher=threads,
        adj=adjusted,
        bind_socket=False,
        sockinfo=(place.family, place.type, place.proto, place.getsockname()),
    )
