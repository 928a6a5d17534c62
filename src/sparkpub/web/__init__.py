"""The web face: one Flask application, of parts that each know their own addresses.

    readers.py ──▶ desk.py ──▶ clerk.py ──▶ ledger      what readers type into and press a button on
    site.py    ──▶ the built folder                      everything else

The parts for readers go first, since the site answers every address that nobody else has.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from flask import Flask, redirect

from sparkpub.core.links import absolute
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
        app.register_blueprint(readers_blueprint(desk, root=own), url_prefix=own or None)
    root = _path(base_url)
    app.register_blueprint(site_blueprint(folder, root=root), url_prefix=root or None)
    if root:
        app.add_url_rule("/", view_func=lambda: redirect(absolute(root, "/")), endpoint="root")
    return app


def _path(url: str) -> str:
    """The path of a URL, "" for a root."""
    return unquote(urlsplit(url).path).rstrip("/")
