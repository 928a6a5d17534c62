"""The web face of a press in a folder of its own: a real ledger, a clerk, and a browser that a test moves."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from press_room import SETTINGS, instant, issue_text
from sparkpub.adapters.ledger import ReaderRow, open_ledger
from sparkpub.core.records import Letter, Subscriber
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.press import Press, open_press, open_publication
from sparkpub.web import create_app
from sparkpub.web.desk import Desk, open_desk

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

KEY = "a key of this press, for tests"
ENVIRON = {"SPARKPUB_SECRET_KEY": KEY}
NOW = instant("2026-11-24 12:00")
WEB = '[web]\nurl = "https://press.example.org"\n'
SERIES = '[series.revolution]\ntitle = "The Revolution"\n[series.art]\ntitle = "Art & Letters"\n'


@dataclass
class WebRoom:
    """The web face with its press, and the instant that it takes for now."""

    folder: Path
    press: Press
    desk: Desk
    client: FlaskClient
    now: datetime

    @property
    def tokens(self) -> Tokens:
        return Tokens(KEY)

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def reader(self, address: str) -> Subscriber:
        found = self.press.ledger.find_subscriber(address)
        assert found is not None, address
        return found

    def letters(self) -> list[Letter]:
        """The letters that wait."""
        return list(self.press.ledger.due_letters(self.now))

    def add(self, address: str, name: str = "") -> Subscriber:
        """A reader who has asked long ago."""
        self.press.ledger.import_subscribers([ReaderRow(address=address, name=name)], instant("2020-01-01"))
        return self.reader(address)

    def leave_path(self, reader: Subscriber) -> str:
        return f"/u/{self.tokens.sign(Purpose.LEAVE, reader.subscriber_id)}"

    def preferences_path(self, reader: Subscriber) -> str:
        return f"/p/{self.tokens.sign(Purpose.PREFERENCES, reader.subscriber_id)}"

    def confirm_path(self, reader: Subscriber) -> str:
        assert reader.asked_at is not None
        return f"/c/{self.tokens.sign_wish(reader.subscriber_id, reader.asked_at)}"

    def ask(self, address: str, **fields: str) -> int:
        """Fill in the form; the status of the answer."""
        return self.client.post("/subscribe", data={"email": address, **fields}).status_code


def new_press(folder: Path, settings: str = WEB + SERIES) -> None:
    """A press with a web face in a new folder."""
    (folder / "issues").mkdir(parents=True)
    (folder / "issues" / "a.md").write_text(issue_text("a", series="revolution", tags="[war, letters]"))
    (folder / "sparkpub.toml").write_text(SETTINGS + settings, encoding="utf-8")
    open_ledger("sqlite:///var/ledger.db", folder, create=True).close()


@contextmanager
def web_room(folder: Path, settings: str = WEB + SERIES, environ: Mapping[str, str] = ENVIRON) -> Iterator[WebRoom]:
    """The web face of a new press."""
    new_press(folder, settings)
    with web_room_of(folder, environ) as room:
        yield room


@contextmanager
def web_room_of(folder: Path, environ: Mapping[str, str] = ENVIRON) -> Iterator[WebRoom]:
    """The web face of the press in a folder."""
    publication = open_publication(folder)
    press = open_press(publication, ENVIRON)
    room: list[WebRoom] = []
    desk = open_desk(publication, environ, clock=lambda: room[0].now)
    app = create_app(folder / "public", base_url=publication.settings.publication.base_url, desk=desk)
    room.append(WebRoom(folder=folder, press=press, desk=desk, client=app.test_client(), now=NOW))
    try:
        yield room[0]
    finally:
        desk.close()
        press.ledger.close()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebRoom]:
    """The web face of a new press."""
    with web_room(tmp_path / "press") as made:
        yield made


def rows(web: WebRoom) -> list[str]:
    """Everything in the ledger."""
    with sqlite3.connect(web.folder / "var/ledger.db") as connection:
        return list(connection.iterdump())


@contextmanager
def answering(app: "WSGIApplication") -> Iterator[str]:
    """An application on a port of this machine; its address, without a path."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
