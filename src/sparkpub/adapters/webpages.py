"""Ask addresses of the web whether they still give a page: a few at a time, politely, and never inside our own walls.

    address ──resolve, all of them public──▶ connect to that number ──HEAD, else GET──▶ status ──redirects──▶ again

A name is resolved once and the connection goes to the number that was judged, so that no second answer of the name
server can lead elsewhere.
"""

import http.client
import ipaddress
import socket
import ssl
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from sparkpub import __version__
from sparkpub.deadlines import Deadline

_SECONDS: Final = 10.0
_WORKERS: Final = 8
_HOPS: Final = 5
_NUMBERS_MAX: Final = 3  # of one host that are tried
_BODY_MAX: Final = 65_536
_HEADERS: Final = {
    "User-Agent": f"sparkpub/{__version__} (link check of a newsletter)",
    "Accept": "text/html, */*;q=0.8",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
# What a robot is told where a reader sees a page.
_NOT_FOR_ROBOTS: Final = frozenset({401, 402, 403, 407, 418, 429, 451, 999})
_ERRORS_FROM: Final = 400
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """An address that is not asked."""


def gone(
    urls: Iterable[str],
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    seconds: float = _SECONDS,
    allows_loopback: bool = False,
) -> dict[str, str]:
    """The addresses that give no page, each with what it answers instead: `answers 404 Not Found`.

    Hosts are asked side by side, the addresses of one host one after another, each step within `seconds`, however the
    answer comes. What asks a robot to log in or to slow down counts as there. Addresses of loopback and private
    networks are not asked: `allows_loopback` is for tests.
    """
    by_host: dict[str, list[str]] = defaultdict(list)
    for url in sorted(set(urls)):
        by_host[url.partition("://")[2].partition("/")[0].lower()].append(url)
    count, found, done = sum(map(len, by_host.values())), {}, 0
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        work = [
            pool.submit(lambda of_host: [(url, _fault(url, seconds, allows_loopback)) for url in of_host], each)
            for each in by_host.values()
        ]
        for ended in as_completed(work):
            answers = ended.result()
            done += len(answers)
            progress(done, count)
            found.update({url: fault for url, fault in answers if fault})
    return dict(sorted(found.items()))


def _fault(url: str, seconds: float, allows_loopback: bool) -> str:
    """What an address answers instead of a page, "" if it gives one."""
    try:
        status, reason = _asked("HEAD", url, seconds, allows_loopback)
        if status >= _ERRORS_FROM and status not in _NOT_FOR_ROBOTS:  # not every server knows HEAD
            status, reason = _asked("GET", url, seconds, allows_loopback)
    except (_Refused, OSError, http.client.HTTPException, ValueError) as error:
        return _meaning(error, seconds)
    if status < _ERRORS_FROM or status in _NOT_FOR_ROBOTS:
        return ""
    return f"answers {status} {_line(reason)}".rstrip()


def _meaning(error: Exception, seconds: float) -> str:
    """What it means for a reader that an address could not be asked."""
    match error:
        case _Refused():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"has a certificate that is not valid ({error.verify_message})"
        case TimeoutError():
            return f"gave no answer within {seconds:g} seconds"
        case socket.gaierror():
            return "leads to a host that does not exist"
    return f"cannot be reached ({_line(str(error)) or type(error).__name__})"


def _line(text: str) -> str:
    """A stranger's words as a short line."""
    return "".join(c if c.isprintable() else " " for c in text)[:60].strip()


def _asked(method: str, url: str, seconds: float, allows_loopback: bool) -> tuple[int, str]:
    """Status and reason at the end of an address's redirects."""
    for _ in range(_HOPS + 1):
        address = urlsplit(url)
        status, reason, location = _answer(method, address, seconds, allows_loopback)
        if status not in _MOVED or not location:
            return status, reason
        url = urljoin(url, location)
    raise _Refused(f"redirects more than {_HOPS} times")


def _answer(method: str, address: SplitResult, seconds: float, allows_loopback: bool) -> tuple[int, str, str]:
    """Status, reason and Location of one request."""
    connection = _connection(address, seconds, allows_loopback)
    target = quote(address.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if address.query:
        target += "?" + quote(address.query, safe="/%:@!$&'()*+,;=~-._?")
    try:
        with Deadline(seconds) as deadline:
            deadline.watch(connection)
            connection.request(method, target, headers=_HEADERS)
            reply = connection.getresponse()
            if method == "GET":
                reply.read(_BODY_MAX)
        return reply.status, reply.reason, reply.headers.get("Location") or ""
    finally:
        connection.close()


def _connection(address: SplitResult, seconds: float, allows_loopback: bool) -> http.client.HTTPConnection:
    """A connection to the host of an address, by a number that was judged.

    Raises:
        _Refused: it is no address of the web, or one of our own network.
    """
    if address.scheme not in _DEFAULT_PORTS:
        raise _Refused(f"leads to an address of kind '{_line(address.scheme)}'")
    if not address.hostname:
        raise _Refused("names no host")
    host = address.hostname.encode("idna").decode() if not address.hostname.isascii() else address.hostname
    port = address.port or _DEFAULT_PORTS[address.scheme]
    numbers = list(_numbers(host, port))
    if not all(_is_public(number) or (allows_loopback and _is_loopback(number)) for number in numbers):
        raise _Refused("leads into a private network")
    if address.scheme == "http":
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    else:
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
    connection._create_connection = lambda _, *more: _first(numbers, port, *more)  # type: ignore[attr-defined]  # noqa: SLF001 - http.client has no other way to connect to a number under a name
    return connection


def _numbers(host: str, port: int) -> Iterator[str]:
    """Every number of a host, once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    yield from dict.fromkeys(str(entry[4][0]) for entry in found)


def _first(numbers: list[str], port: int, timeout: float, source: tuple[str, int] | None) -> socket.socket:
    """A connection to the first of a host's numbers that takes one."""
    failed: OSError = OSError("it has no address")
    for number in numbers[:_NUMBERS_MAX]:
        try:
            return socket.create_connection((number, port), timeout, source)
        except OSError as error:
            failed = error
    raise failed


def _is_public(number: str) -> bool:
    """Whether a number is one of the public network, however it is written."""
    read = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(read, ipaddress.IPv6Address):
        inner = read.ipv4_mapped or read.sixtofour
        if read in _NAT64:
            inner = ipaddress.IPv4Address(int(read) & 0xFFFF_FFFF)
        if inner is not None and not inner.is_global:
            return False
    return read.is_global and not read.is_multicast


def _is_loopback(number: str) -> bool:
    return ipaddress.ip_address(number.partition("%")[0]).is_loopback
