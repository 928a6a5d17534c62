"""Preview: a local page that shows issues as readers will see them, anew after every save."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import click

from sparkpub.cli.face import Face, common


@click.command("preview")
@click.argument("issue_id", metavar="[ID]", required=False)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8017, show_default=True, help="Port on this machine; 0: any free."
)
@common
def preview_command(face: Face, issue_id: str | None, port: int) -> int:
    """Look at issues as email, page and feed entry while writing.

    A page on this machine alone shows each issue on a desktop, a phone, a dark screen, without pictures, as plain
    text, as web page and as feed entry, with its size and every finding beside its line. It follows each save within
    a second. Ctrl-C ends it.
    """
    from sparkpub.adapters import clock
    from sparkpub.adapters.config import find_publication
    from sparkpub.previewing import Desk, previewing

    pretended = face.now() if face.pretended_now else None
    folder = find_publication(Path(face.publication_folder or os.curdir))
    desk = Desk(folder, now=lambda: pretended or clock.now())
    chosen = "#" + urlencode({"file": desk.find(issue_id)}) if issue_id else ""
    with suppress(KeyboardInterrupt), previewing(desk, port=port) as server:
        url = server.url + chosen
        face.show({"url": url}, lambda: url)
        sys.stdout.flush()
        face.say("only this machine can see it; Ctrl-C ends it")
        threading.Event().wait()
    return 0
