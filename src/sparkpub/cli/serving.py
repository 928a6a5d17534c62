"""Serve: the built site over HTTP, and the pages that readers ask, confirm and leave by."""

import os
import sys
from typing import TYPE_CHECKING

import click

from sparkpub.cli.face import Face, common
from sparkpub.errors import CopyError, UsageError

if TYPE_CHECKING:
    from sparkpub.web.desk import Desk


@click.command("serve")
@click.option("--listen", metavar="HOST:PORT", help="Where (default: [web] listen); port 0: any free one.")
@common
def serve_command(face: Face, listen: str | None) -> int:
    """Serve the built site and the readers' pages until it is ended.

    Where [web] url is set, it answers the links of letters on the press: to confirm, to leave, to choose. The site
    it serves everywhere: who asks for something unchanged gets 304, texts are compressed, and nothing but the built
    folder is shown. Put nginx or Caddy before it for the world: docs/serving.md. Ctrl-C ends it.
    """
    settings = face.publication.settings
    folder = face.publication.folder / settings.site.out
    desk = _desk(face)
    if not folder.is_dir() and desk is None:
        raise UsageError(f"there is no {settings.site.out}/ yet; `sparkpub build` makes it")
    from sparkpub.core.hooks.request import BODY_MAX
    from sparkpub.web import create_app
    from sparkpub.web.server import FORM_MAX, serve

    def tell(url: str) -> None:
        face.show({"url": url}, lambda: url)
        sys.stdout.flush()
        what = f"{settings.site.out}/ and the readers' pages" if desk else f"{settings.site.out}/"
        face.say(f"serving {what}; Ctrl-C ends it")

    app = create_app(folder, base_url=settings.publication.base_url, desk=desk)
    try:
        body_max = BODY_MAX if desk and desk.hook_secrets else FORM_MAX
        serve(app, listen or settings.web.listen, ready=tell, proxy=settings.web.proxy, body_max=body_max)
    finally:
        if desk is not None:
            desk.close()
    return 0


def _desk(face: Face) -> "Desk | None":
    """Where readers' pages turn to, None where there are none: no [web] url, or the press is elsewhere."""
    if not face.publication.settings.web.url:
        return None
    from sparkpub.web.desk import open_desk

    face.now_to_write()
    try:
        return open_desk(face.publication, os.environ, clock=face.now_to_write, posts_letters=True)
    except CopyError:
        face.say("this is a copy: the links of letters are answered by the press alone")
        return None
