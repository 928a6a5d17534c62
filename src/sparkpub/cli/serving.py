"""Serve: the built site over HTTP."""

import sys

import click

from sparkpub.cli.face import Face, common
from sparkpub.errors import UsageError


@click.command("serve")
@click.option("--listen", metavar="HOST:PORT", help="Where (default: [web] listen); port 0: any free one.")
@common
def serve_command(face: Face, listen: str | None) -> int:
    """Serve the built site until it is ended.

    It answers who asks for something unchanged with 304, compresses texts, and shows nothing but the built folder. Put
    nginx or Caddy before it for the world, or let them serve the folder alone: docs/serving.md. Ctrl-C ends it.
    """
    settings = face.publication.settings
    folder = face.publication.folder / settings.site.out
    if not folder.is_dir():
        raise UsageError(f"there is no {settings.site.out}/ yet; `sparkpub build` makes it")
    from sparkpub.web import create_app
    from sparkpub.web.server import serve

    def tell(url: str) -> None:
        face.show({"url": url}, lambda: url)
        sys.stdout.flush()
        face.say(f"serving {settings.site.out}/; Ctrl-C ends it")

    serve(create_app(folder, base_url=settings.publication.base_url), listen or settings.web.listen, ready=tell)
    return 0
