"""Amazon SNS as a webhook needs it: its certificates, and yes to a subscription. URLs were checked before."""

import http.client
import ssl
import threading
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from sparkpub.deadlines import Deadline
from sparkpub.errors import TransportError

_SECONDS: Final = 10.0
_CERTIFICATE_MAX: Final = 20_000
_ANSWER_MAX: Final = 20_000
_KEPT: Final = 20
_OK: Final = 200

Connect = Callable[[str], http.client.HTTPConnection]


def _connect(host: str) -> http.client.HTTPConnection:
    return http.client.HTTPSConnection(host, timeout=_SECONDS, context=ssl.create_default_context())


class Sns:
    """Asks SNS, and remembers its certificates."""

    def __init__(self, connect: Connect = _connect, *, seconds: float = _SECONDS) -> None:
        """Ask by this kind of connection, each time for so long; others than the usual are for tests."""
        self._connect, self._seconds = connect, seconds
        self._certificates: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def certificate(self, url: str) -> bytes:
        """The certificate that lies at a URL of SNS, in PEM; it never changes under its name.

        Raises:
            TransportError: SNS does not give it.
        """
        with self._lock:
            if known := self._certificates.get(url):
                return known
        found = self._asked(url, _CERTIFICATE_MAX)
        with self._lock:
            if len(self._certificates) >= _KEPT:
                self._certificates.clear()
            self._certificates[url] = found
        return found

    def confirm(self, url: str) -> None:
        """Say yes to a subscription.

        Raises:
            TransportError: SNS does not take it.
        """
        self._asked(url, _ANSWER_MAX)

    def _asked(self, url: str, most: int) -> bytes:
        """What lies at a URL. A redirect is no answer: it could lead anywhere."""
        parts = urlsplit(url)
        connection = self._connect(parts.hostname or "")
        try:
            with Deadline(self._seconds) as deadline:
                deadline.watch(connection)
                connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
                reply = connection.getresponse()
                data = reply.read(most + 1)
        except (OSError, http.client.HTTPException) as error:
            raise TransportError(
                f"SNS cannot be asked ({type(error).__name__}); it will send its message again"
            ) from error
        finally:
            connection.close()
        if reply.status != _OK or len(data) > most:
            raise TransportError(f"SNS answers {reply.status} with {len(data)} bytes; it will send its message again")
        return data
