"""Deadlines for whole answers of servers, however little of one comes at a time.

A socket's own timeout counts from the last byte, so that a byte now and then would hold whoever asks for ever.
"""

import http.client
import os
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Deadline:
    """Cuts the connections that it watches once its time is up; to be entered when that begins.

    Leaving it raises TimeoutError where it has cut one, or would have: what came until then may be half an answer.
    """

    def __init__(self, seconds: float) -> None:
        """Let everything take no longer than this."""
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._is_over = threading.Event()
        self._twins: list[socket.socket] = []

    def __enter__(self) -> Self:
        """Begin."""
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """End; what went wrong because of a cut is told as what it is.

        Raises:
            TimeoutError: the time was up.
        """
        self._timer.cancel()
        for twin in self._twins:
            twin.close()
        if self._is_over.is_set() and (kind is None or issubclass(kind, OSError | http.client.HTTPException)):
            raise TimeoutError("the whole answer took too long") from error

    def watch(self, connection: http.client.HTTPConnection) -> None:
        """Watch a connection: the one that is open, and any that it opens."""
        made: Any = connection  # http.client has no other way to see a socket before TLS begins
        create = made._create_connection  # noqa: SLF001 - as said

        def created(*given: Any, **named: Any) -> socket.socket:  # noqa: ANN401 - whatever http.client gives
            opened: socket.socket = create(*given, **named)
            self._watch(opened)
            return opened

        made._create_connection = created  # noqa: SLF001 - as said
        if connection.sock is not None:
            self._watch(connection.sock)

    def _watch(self, opened: socket.socket) -> None:
        # A second number of the same connection: TLS takes the first one out of its socket.
        self._twins.append(socket.socket(fileno=os.dup(opened.fileno())))
        if self._is_over.is_set():
            self._cut()

    def _cut(self) -> None:
        self._is_over.set()
        for twin in tuple(self._twins):
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)
