"""Serve the built site: unchanged files are answered with 304, texts are compressed, and nothing else is reachable.

A file's ETag comes from its size and time, which a build keeps where the bytes are the same; so a poll after a build
that changed nothing costs no body.
"""

import gzip
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, redirect, request, send_file
from werkzeug.http import http_date
from werkzeug.wrappers.response import Response as BaseResponse
from werkzeug.wsgi import wrap_file

from sparkpub.core.links import absolute
from sparkpub.core.serving import ALWAYS_ASK, SECURITY, cache_control, is_compressible, media_type

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
        found = find(folder, name)
        if found is None and name and not name.endswith("/") and find(folder, f"{name}/"):
            return redirect(absolute(root, f"/{name}/"), 301)
        if found is None:
            return _not_found(folder)
        return _answer(found, found.relative_to(folder.resolve()).as_posix())

    @site.after_request
    def secured(response: Response) -> Response:
        response.headers.update(SECURITY)
        return response

    return site


def find(folder: Path, name: str) -> Path | None:
    """The file that an address below the site's root names, None where there is none to be shown.

    Hidden files (a half-written one is hidden) are not there, neither is what a symbolic link has outside.
    """
    parts = name.removesuffix("/").split("/") if name else []
    if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    if name in _NOT_SERVED:
        return None
    path = folder.joinpath(*parts)
    if not name or name.endswith("/"):
        path /= "index.html"
    try:
        path = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None
    return path if path.is_file() and path.is_relative_to(folder.resolve()) else None


def _answer(path: Path, name: str) -> Response:
    """A file, whole, compressed, in part, or not at all where the browser has it."""
    type_, stat = media_type(name), path.stat()
    etag = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
    can_be_short = is_compressible(type_) and _SHORTEST <= stat.st_size <= _LONGEST
    if can_be_short and request.accept_encodings.quality("gzip") > 0 and "Range" not in request.headers:
        response = Response(_gzipped(path, stat.st_mtime_ns, stat.st_size), content_type=type_)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Last-Modified"] = http_date(stat.st_mtime)
        response.set_etag(f"{etag}-gzip")
        response.make_conditional(request)
    else:
        response = send_file(path, mimetype=type_, etag=etag, last_modified=stat.st_mtime, conditional=True)
        _unhurried(response, path)
        response.headers["Content-Type"] = type_
    response.headers["Cache-Control"] = cache_control(name)
    if can_be_short:
        response.vary.add("Accept-Encoding")
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
    path = find(folder, _NOT_FOUND)
    body = path.read_bytes() if path else b"There is nothing at this address.\n"
    kind = media_type(_NOT_FOUND) if path else "text/plain; charset=utf-8"
    return Response(body, status=404, content_type=kind, headers={"Cache-Control": ALWAYS_ASK})


@lru_cache(maxsize=512)
def _gzipped(path: Path, mtime: int, size: int) -> bytes:
    """A file's bytes compressed; the same file is compressed once."""
    del mtime, size  # they tell one state of the file from the next
    return gzip.compress(path.read_bytes(), _LEVEL, mtime=0)
