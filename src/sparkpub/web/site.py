"""Serve the built site: unchanged files are answered with 304, texts are compressed, and nothing else is reachable.

A file's ETag comes from its size and time, which a build keeps where the bytes are the same; so a poll after a build
that changed nothing costs no body.
"""

import gzip
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, redirect, request, send_file
from werkzeug.http import http_date, quote_etag
from werkzeug.wrappers.response import Response as BaseResponse
from werkzeug.wsgi import wrap_file

from sparkpub.core.links import absolute
from sparkpub.core.serving import ALWAYS_ASK, cache_control, is_compressible, media_type

_SHORTEST = 600  # bytes; less than that is one packet anyway
_LONGEST = 8_000_000
_NOT_FOUND = "404.html"
_NOT_SERVED = frozenset({"_headers"})
_LEVEL = 6


def site_blueprint(folder: Path, *, root: str) -> Blueprint:
    """Everything below `folder`, whose addresses begin with the path `root`."""
    site = Blueprint("site", __name__)

    @site.get("/", defaults={"name": ""})
    @site.get("/<path:name>")
    def page(name: str) -> BaseResponse:
        found = _look(folder, name)
        if found is None and name and not name.endswith("/") and _look(folder, f"{name}/"):
            return redirect(absolute(root, f"/{name}/"), 301)
        return _not_found(folder) if found is None else _answer(found)

    return site


def find(folder: Path, name: str) -> Path | None:
    """The file that an address below the site's root names, None where there is none to be shown.

    Hidden files (a half-written one is hidden) are not there, neither is what a symbolic link has outside.
    """
    if not _is_shown(name):
        return None
    try:
        path = Path(_place(folder, name)).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None
    return path if path.is_file() and path.is_relative_to(folder.resolve()) else None


def _is_shown(name: str) -> bool:
    """Whether there may be a file for this address."""
    parts = name.removesuffix("/").split("/") if name else []
    return name not in _NOT_SERVED and not any(
        not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts
    )


def _place(folder: Path, name: str) -> str:
    return f"{folder}/{name}index.html" if not name or name.endswith("/") else f"{folder}/{name}"


@dataclass(frozen=True, slots=True)
class _Found:
    """A file of the site as it was when it was looked at, and the fields that go with it."""

    path: Path
    modified: float
    etag: str
    fields: Mapping[str, str]
    can_be_short: bool


def _look(folder: Path, name: str) -> _Found | None:
    """The file that an address names. One look at it tells whether it is still the one that was found there before."""
    if not _is_shown(name):
        return None
    try:
        stat = os.stat(_place(folder, name))  # noqa: PTH116 - a Path takes as long as all else here
    except (OSError, ValueError):
        return None
    identity = (stat.st_dev, stat.st_ino, stat.st_ctime_ns)
    return _found(folder, name, identity, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2048)
def _found(folder: Path, name: str, identity: tuple[int, ...], mtime_ns: int, size: int) -> _Found | None:
    """A file that was looked at, if it may be shown."""
    del identity
    path = find(folder, name)
    if path is None:
        return None
    own = path.relative_to(folder.resolve()).as_posix()
    type_ = media_type(own)
    can_be_short = is_compressible(type_) and _SHORTEST <= size <= _LONGEST
    fields = {"Content-Type": type_, "Cache-Control": cache_control(own)}
    return _Found(
        path=path,
        modified=mtime_ns / 1_000_000_000,
        etag=f"{mtime_ns:x}-{size:x}",
        fields=fields | ({"Vary": "Accept-Encoding"} if can_be_short else {}),
        can_be_short=can_be_short,
    )


def _answer(found: _Found) -> Response:
    """A file, whole, compressed, in part, or not at all where the browser has it."""
    if found.can_be_short and request.accept_encodings.quality("gzip") > 0 and "Range" not in request.headers:
        body, fields = _gzipped(found.path, found.etag, found.modified)
        response = Response(body, headers=fields)
        if "If-None-Match" in request.headers or "If-Modified-Since" in request.headers:
            response.make_conditional(request)
    else:
        response = send_file(
            found.path, mimetype="text/plain", etag=found.etag, last_modified=found.modified, conditional=True
        )
        _unhurried(response, found.path)
    response.headers.update(found.fields)
    return response


def _unhurried(response: Response, path: Path) -> None:
    """Have the server's own loop send a part of a file, as it sends a whole one: a slow client then keeps no thread."""
    if response.status_code == HTTPStatus.PARTIAL_CONTENT and "wsgi.file_wrapper" in request.environ:
        start = response.content_range.start or 0
        close: Callable[[], None] = getattr(response.response, "close", lambda: None)
        close()
        file = path.open("rb")
        file.seek(start)  # Content-Length says where to end
        response.response = wrap_file(request.environ, file)


def _not_found(folder: Path) -> Response:
    """The site's own page for addresses that lead nowhere."""
    found = _look(folder, _NOT_FOUND)
    body = found.path.read_bytes() if found else b"There is nothing at this address.\n"
    kind = media_type(_NOT_FOUND) if found else "text/plain; charset=utf-8"
    return Response(body, status=404, content_type=kind, headers={"Cache-Control": ALWAYS_ASK})


@lru_cache(maxsize=512)
def _gzipped(path: Path, etag: str, modified: float) -> tuple[bytes, Mapping[str, str]]:
    """A file's bytes compressed, and the fields that say so; the same file is compressed once."""
    fields = {"Content-Encoding": "gzip", "Last-Modified": http_date(modified), "ETag": quote_etag(f"{etag}-gzip")}
    return gzip.compress(path.read_bytes(), _LEVEL, mtime=0), fields
