"""A small publication on disk, and its preview served from it."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from PIL import Image

from sparkpub.adapters.preview_server import PreviewServer
from sparkpub.previewing import Desk, previewing

NOW = datetime(2027, 1, 4, 8, 0, tzinfo=UTC)
SETTINGS = """\
[publication]
title = "The Daily Centenary"
base_url = "https://paper.example.org/news"
from = "The Daily Centenary <editor@paper.example.org>"
timezone = "Europe/London"
postal_address = "12 Printers' Row, Exampleton EX1 1AA"

[web]
url = "https://letters.example.org"
"""
ISSUE = """\
---
id: {id}
title: {title}
status: {status}
summary: What was read aloud in the queue that morning.
release: 2027-09-04
---
{body}
"""
BODY = "The paper was read aloud.\n\n![A street in rain](street.png)\n\n" + "It rained upon the queue all day.\n\n" * 60
PATH = "issues/queues.md"


def issue_text(body: str = BODY, *, id_: str = "queues", title: str = "Queues", status: str = "ready") -> str:
    return ISSUE.format(id=id_, title=title, status=status, body=body)


def write_publication(folder: Path) -> Path:
    """A publication with a ready issue, which has a picture, a draft, and a broken file."""
    picture = BytesIO()
    Image.new("RGB", (1200, 600), "#336699").save(picture, "PNG")
    files = {
        "sparkpub.toml": SETTINGS.encode(),
        PATH: issue_text().encode(),
        "issues/street.png": picture.getvalue(),
        "issues/notice.md": issue_text("Nothing yet.", id_="notice", title="Notice", status="draft").encode(),
        "issues/torn.md": b"---\nid: torn\ntitle: Torn\nstauts: ready\n---\nText.\n",
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@contextmanager
def served(folder: Path, *, rings: int = 3) -> Iterator[PreviewServer]:
    """A preview that has begun: both watchers have rung, and the check of what nobody looked at."""
    with previewing(Desk(folder, now=lambda: NOW), port=0) as server:
        seen: int | None = 0
        end = time.monotonic() + 10
        while seen is not None and seen < rings and time.monotonic() < end:
            seen = server.bell.wait(seen, seconds=1)
        yield server


def ask(
    server: PreviewServer, target: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, header fields and body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.own_port, timeout=5)
    try:
        connection.request(method, target, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def story(server: PreviewServer, path: str = PATH) -> dict[str, Any]:
    status, _, body = ask(server, "/issue.json?" + urlencode({"file": path}))
    assert status == 200
    read: dict[str, Any] = json.loads(body)
    return read


def pane(server: PreviewServer, name: str, path: str = PATH, **query: str) -> str:
    status, _, body = ask(server, f"/pane/{quote(name)}?" + urlencode({"file": path, **query}))
    assert status == 200
    return body.decode()


def files(server: PreviewServer) -> dict[str, dict[str, Any]]:
    _, _, body = ask(server, "/list.json")
    return {row["path"]: row for row in json.loads(body)["files"]}
