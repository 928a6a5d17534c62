"""The web face: one Flask application, of parts that each know their own addresses.

    readers.py ──▶ desk.py ──▶ clerk.py ──▶ ledger      what readers type into and press a button on
    site.py    ──▶ the built folder                      everything else

The parts for readers go first, since the site answers every address that nobody else has.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Flask, Response, redirect
from werkzeug.exceptions import HTTPException, InternalServerError

from sparkpub.core.links import absolute
from sparkpub.core.serving import SECURITY
from sparkpub.web.logs import note
from sparkpub.web.site import site_blueprint

if TYPE_CHECKING:  # a site alone needs no ledger
    from sparkpub.web.desk import Desk

_REQUEST_MAX = 65_536


def create_app(folder: Path, *, base_url: str, desk: "Desk | None" = None) -> Flask:
    """The application for a built site that is published under `base_url`, whose path it has too.

    With a desk it serves readers too, under the path of [web] url.
    """
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.url_map.merge_slashes = False  # what has two slashes has no page, and is led nowhere
    app.config.update(MAX_CONTENT_LENGTH=_REQUEST_MAX, MAX_FORM_MEMORY_SIZE=_REQUEST_MAX, MAX_FORM_PARTS=500)
    if desk is not None:
        from sparkpub.web.readers import readers_blueprint

        own = _path(desk.publication.settings.web.url)
        if desk.hook_secrets:
            app.register_blueprint(_hooks(desk), url_prefix=own or None)
        app.register_blueprint(readers_blueprint(desk, root=own), url_prefix=own or None)
    root = _path(base_url)
    app.register_blueprint(site_blueprint(folder, root=root), url_prefix=root or None)
    if root:
        for path in ("/", root):
            app.add_url_rule(path, view_func=lambda: redirect(absolute(root, "/")), endpoint=f"root{path}")
    app.register_error_handler(Exception, _refuse)
    app.after_request(_secured)
    return app


def _hooks(desk: "Desk") -> Blueprint:
    """Where the mail services whose secrets are here tell of bounces."""
    from sparkpub.core.reports import Report, Seals
    from sparkpub.hearing import hear
    from sparkpub.web.hooks import hooks_blueprint

    def note_reports(reports: tuple[Report, ...]) -> None:
        now = desk.clock()
        desk.write(lambda press: hear(press, reports, now=now))

    return hooks_blueprint(note_reports, seals=Seals(desk.tokens), secrets=desk.hook_secrets, now=desk.clock)


def _refuse(error: Exception) -> HTTPException:
    """What no part answers: what the protocol refuses, or a fault of ours, of which nobody is told."""
    if isinstance(error, HTTPException):
        return error
    note(error)
    return InternalServerError()


def _secured(response: Response) -> Response:
    """The fields that every answer has, as far as its part set none of its own; it leads to nobody else's site."""
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    leads = urlsplit(response.headers.get("Location", ""))
    if leads.netloc:  # flask's own redirects name the host that the request names; ours name none
        response.headers["Location"] = f"/{leads.path.lstrip('/')}"
    return response


def _path(url: str) -> str:
    """The path of a URL, "" for a root."""
    return unquote(urlsplit(url).path).rstrip("/")
