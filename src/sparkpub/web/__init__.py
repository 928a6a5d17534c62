"""The web face: one Flask application, of parts that each know their own addresses.

site.py serves the built folder; what a reader may type into or press a button on joins as a blueprint of its own, and
goes first, since the site answers every address that nobody else has.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from flask import Flask, redirect

from sparkpub.core.links import absolute
from sparkpub.web.site import site_blueprint


def create_app(folder: Path, *, base_url: str) -> Flask:
    """The application for a built site that is published under `base_url`, whose path it has too."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.url_map.merge_slashes = False  # what has two slashes has no page, and is led nowhere
    root = unquote(urlsplit(base_url).path).rstrip("/")
    app.register_blueprint(site_blueprint(folder, root=root), url_prefix=root or None)
    if root:
        app.add_url_rule("/", view_func=lambda: redirect(absolute(root, "/")), endpoint="root")
    return app
