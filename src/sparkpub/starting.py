"""Start a publication, a press or an issue."""

import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from pathlib import Path

from sparkpub.adapters.files import write_new
from sparkpub.adapters.ledger import open_ledger
from sparkpub.adapters.secrets import fingerprint, load_secret, write_secrets
from sparkpub.adapters.templates import starter_templates
from sparkpub.errors import UsageError
from sparkpub.mirroring import keep_in_step, refuse_lost
from sparkpub.press import FINGERPRINT, KEY_NAME, Publication, ledger_url, mind_machine, open_publication

_STARTER = resources.files("sparkpub") / "starter"
_PLACES = {"sparkpub.toml": "sparkpub.toml", "first-issue.md": "issues/hello.md", "gitignore": ".gitignore"}


def init_publication(folder: Path, *, now: datetime, environ: Mapping[str, str]) -> list[str]:
    """Make a new publication and its press in `folder`; returns what was made, as paths below it.

    Everything is made beside the folder first and moved in, the settings last, so that a broken-off start leaves
    nothing that looks like a publication.

    Raises:
        UsageError: the folder already holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(not p.name.startswith(".") for p in folder.iterdir())):
        cure = "`sparkpub init --press` makes the publication in it the press" if _is_publication(folder) else ""
        raise UsageError(f"{folder} is not empty; choose a new folder" + (f", or {cure}" if cure else ""))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".sparkpub-", dir=folder.parent) as scratch:
        new = Path(scratch)
        for name, place in _PLACES.items():
            write_new(new / place, (_STARTER / name).read_bytes())
        shutil.copytree(starter_templates(), new / "templates", ignore=shutil.ignore_patterns("__pycache__"))
        (new / "static").mkdir()
        _begin_press(open_publication(new), now=now, environ=environ)
        folder.mkdir(exist_ok=True)
        made = sorted(new.iterdir(), key=lambda path: (path.name == "sparkpub.toml", path.name))
        for path in made:
            path.rename(folder / path.name)
    return [f"{path.name}/" if (folder / path.name).is_dir() else path.name for path in made]


def init_press(folder: Path, *, now: datetime, environ: Mapping[str, str]) -> list[str]:
    """Make the publication in `folder`, a clone say, the press; returns what was made.

    Raises:
        UsageError: it is the press already, or there is no publication.
        LostLedgerError: it was the press, and its ledger is lost.
    """
    return _begin_press(open_publication(folder), now=now, environ=environ)


def _begin_press(publication: Publication, *, now: datetime, environ: Mapping[str, str]) -> list[str]:
    """Make the ledger and, where there is no key yet, `secrets.env` with a fresh one."""
    folder = publication.folder
    url = ledger_url(publication, environ)
    if not _holds_ledger(url, folder):
        refuse_lost(publication.mirror, url.removeprefix("sqlite:///"))
    made = []
    var = folder / "var"
    var.mkdir(exist_ok=True)
    var.chmod(0o700)  # the readers' addresses are in it
    if load_secret(folder, KEY_NAME, environ) is None:
        write_secrets(folder)
        made.append("secrets.env")
    key = load_secret(folder, KEY_NAME, environ) or ""
    ledger = open_ledger(url, folder, create=True)
    keep_in_step(ledger, publication.mirror, key=key)
    mind_machine(ledger)
    with ledger.transaction():
        ledger.set_fact(FINGERPRINT, fingerprint(key))
        ledger.record(now, "began", "press", "")
    ledger.close()
    return [*made, "var/ledger.db" if url.startswith("sqlite") else "the ledger"]


def _holds_ledger(url: str, folder: Path) -> bool:
    """Whether a file with something in it is where the ledger belongs."""
    path = folder / url.removeprefix("sqlite:///")
    return path.is_file() and path.stat().st_size > 0


def _is_publication(folder: Path) -> bool:
    """Whether a folder holds settings."""
    return (folder / "sparkpub.toml").exists()


def new_issue(publication: Publication, name: str, text: str) -> str:
    """Write a new issue file `issues/<name>.md`; returns its path below the publication.

    Raises:
        UsageError: there is such a file already.
    """
    path = f"issues/{name}.md"
    try:
        write_new(publication.folder / path, text.encode())
    except FileExistsError:
        raise UsageError(f"{path} is there already; give the new issue another title") from None
    return path
