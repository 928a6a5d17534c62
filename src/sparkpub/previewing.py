"""Preview: every issue as readers will see it, made anew as soon as a file changes.

files ──refresh──▶ Desk ──answer──▶ the page, its lists (JSON), its panes (HTML), its pictures
                    ▲
        watch ──────┘── ring ──▶ the browser asks again

Nothing here writes; an address is looked up among what was read, and is never made into a file's path.
"""

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

from sparkpub.adapters.config import FILE, load_settings
from sparkpub.adapters.files import shown_path
from sparkpub.adapters.preview_server import Answer, Bell, PreviewServer, serving
from sparkpub.adapters.sources import read_source
from sparkpub.adapters.templates import starter_templates
from sparkpub.adapters.watch import watch
from sparkpub.core.addresses import parse_mailbox
from sparkpub.core.budgets import CLIPPED_BYTES, HEAVY_BYTES
from sparkpub.core.lint import lint_issue, lint_shelf
from sparkpub.core.model import Anniversary, Issue
from sparkpub.core.panes import Documents, is_picture, pane
from sparkpub.errors import Fault, InputError, Severity
from sparkpub.press import Publication
from sparkpub.rendering import Look, findings_of, look_at, page_and_entry
from sparkpub.shelf import Shelf, read_shelf

_ASSETS = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/preview.css": ("preview.css", "text/css; charset=utf-8"),
    "/preview.js": ("preview.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
# A pane has no scripts, so it may keep its origin: the page around it puts it back where it was scrolled to.
_PANE_POLICY = (
    "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; img-src "
)
_KEPT = 6
_COURTESY_S = 0.03  # whoever looks at an issue goes before the check of all the others
_TITLE = re.compile(r"(?m)^title\s*:\s*(.+?)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of the list: a sound issue, or the faults of a file that is none; `revision` changes as it does."""

    path: str
    revision: str
    issue: Issue | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was made of an issue: a look unless faults forbid it, and everything to be said of it."""

    findings: tuple[Fault, ...]
    look: Look | None = None
    page: bytes = b""
    entry: bytes = b""


class Desk:
    """The publication as it is now, ready to be looked at; safe to ask from many threads."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime]) -> None:
        """Read everything in `folder` once. `now` tells the instant in UTC."""
        self.folder = folder
        self._now = now
        self._lock = threading.RLock()
        self._theme = 0
        self._files: dict[str, File] = {}
        self._shown: OrderedDict[str, Shown] = OrderedDict()
        self._checked: dict[str, tuple[Fault, ...]] = {}
        self._publication: Publication | None = None
        self._shelf = Shelf(issues={}, faults=())
        self.refresh(frozenset({FILE}))

    def refresh(self, changed: AbstractSet[str]) -> None:
        """Read again, after the files at these paths changed; an issue file alone leaves all other issues as made."""
        with self._lock:
            if self._publication is None or any(not _is_issue(path) for path in changed):
                self._theme += 1
                self._shown.clear()
                self._checked.clear()
            try:
                if FILE in changed or self._publication is None:
                    self._publication = Publication(folder=self.folder, settings=load_settings(self.folder))
                self._shelf = read_shelf(self._publication)
                self._files = self._listed(self._shelf)
            except (InputError, OSError) as error:
                self._publication = None
                own = error.faults if isinstance(error, InputError) else ()
                faults = own or (Fault(path=FILE, line=0, message=str(error), cure="the preview needs to read it"),)
                self._files = {FILE: File(path=FILE, revision=_digest(self._source(FILE), faults), faults=faults)}

    def find(self, id_: str) -> str:
        """The path of an issue, sound or not, by its id; where the settings have faults, theirs.

        Raises:
            UsageError: there is none.
        """
        if self._publication is None:
            return FILE
        try:
            return self._shelf.pick([id_])[0].path
        except InputError as error:
            if error.faults:
                return error.faults[0].path
            raise

    def check_one(self) -> bool:
        """Check the next issue that nobody has looked at; False when there is none left."""
        with self._lock:
            for file in self._files.values():
                if file.issue and file.revision not in self._checked and self._publication:
                    self._checked[file.revision] = self._made(self._publication, file.issue).findings
                    return True
        return False

    def answer(self, path: str, query: Mapping[str, str]) -> Answer | None:
        """What is at a path, None if nothing is."""
        if path in _ASSETS:
            name, media_type = _ASSETS[path]
            data = resources.files("sparkpub").joinpath("preview", name).read_bytes()
            return Answer(body=data, media_type=media_type, policy=_PAGE_POLICY)
        with self._lock:
            if path == "/list.json":
                return _json(self._list())
            file = self._files.get(query.get("file", ""))
            is_worst = query.get("reader") == "worst"
            if path == "/issue.json" and file:
                return _json(self._story(file))
            if path.startswith("/pane/") and file:
                return self._pane(path.removeprefix("/pane/"), file, is_worst=is_worst)
            if path.startswith("/media/"):
                return self._media(path.removeprefix("/media/"))
        return None

    def _listed(self, shelf: Shelf) -> dict[str, File]:
        """Every issue file by its path, in the order of the paths."""
        files = {
            issue.path: File(path=issue.path, revision=f"{issue.content_hash[:24]}.{self._theme}", issue=issue)
            for issue in shelf.issues.values()
        }
        for path in {fault.path for fault in shelf.faults}:
            faults = tuple(fault for fault in shelf.faults if fault.path == path)
            files[path] = File(path=path, revision=_digest(self._source(path), faults), faults=faults)
        return {shown_path(path): file for path, file in sorted(files.items())}

    def _list(self) -> dict[str, Any]:
        """The publication and its files, each with its state."""
        publication = self._publication
        return {
            "title": publication.settings.publication.title if publication else self.folder.name,
            "files": [self._line(file) for file in self._files.values()],
        }

    def _line(self, file: File) -> dict[str, Any]:
        """One file in the list."""
        issue = file.issue
        findings = file.faults if issue is None else self._checked.get(file.revision)
        faults = _count(findings or (), Severity.FAULT)
        return {
            "path": shown_path(file.path),
            "id": issue.id if issue else "",
            "title": issue.title if issue else _title(self._source(file.path), file.path),
            "state": "faults" if faults else (issue.status.value if issue else "faults"),
            "status": issue.status.value if issue else "",
            "faults": faults,
            "warnings": _count(findings or (), Severity.WARNING),
            "checked": findings is not None,
            "revision": file.revision,
        }

    def _story(self, file: File) -> dict[str, Any]:
        """Everything the page shows around the panes of one file."""
        shown = self._show(file)
        look = shown.look
        beside = lint_shelf(self._shelf.issues.values(), of=[file.issue]) if file.issue else ()
        findings = _sorted(shown.findings, beside)
        story = self._line(file) | {
            "findings": [_finding(fault) for fault in findings],
            "sources": self._sources(file, findings),
            "facts": _facts(look) if look else [],
            "limits": {"heavy": HEAVY_BYTES, "clipped": CLIPPED_BYTES},
        }
        if look and self._publication:
            name, address = parse_mailbox(self._publication.settings.publication.from_)
            issue = look.article.issue
            story["mail"] = {
                "from": name or address,
                "subject": look.edition.subject,
                "preheader": issue.preheader or issue.summary,
                "bytes": len(look.sample.html),
                "worst": len(look.worst.html),
            }
        return story

    def _sources(self, file: File, findings: tuple[Fault, ...]) -> list[dict[str, Any]]:
        """The lines of the file, and of every other that a finding speaks of."""
        own = file.issue.source if file.issue else self._source(file.path)
        others = sorted({fault.path for fault in findings} - {file.path})
        texts = [(file.path, own), *((path, self._source(path)) for path in others)]
        return [
            {"path": shown_path(path), "lines": data.decode("utf-8", "replace").splitlines()}
            for path, data in texts
            if data
        ]

    def _pane(self, name: str, file: File, *, is_worst: bool) -> Answer | None:
        """One way of seeing an issue."""
        shown, publication = self._show(file), self._publication
        if shown.look is None or publication is None:
            return None
        article, mail = shown.look.article, shown.look.worst if is_worst else shown.look.sample
        documents = Documents(
            html=mail.html.decode(),
            text=mail.text.decode(),
            page=shown.page.decode(),
            entry=shown.entry.decode(),
            title=article.issue.title,
            facts=f"{publication.settings.publication.title} · {_when(article.local)}",
            language=article.issue.language,
            base_url=publication.settings.publication.base_url,
        )
        html = pane(name, documents)
        if html is None:
            return None
        policy = _PANE_POLICY + ("'none'" if name == "images-off" else "'self' data:")
        return Answer(body=html.encode(), media_type="text/html; charset=utf-8", policy=policy)

    def _media(self, name: str) -> Answer | None:
        """A picture of an issue that is being looked at, by the name of its content."""
        for shown in self._shown.values():
            for asset in shown.look.article.media.values() if shown.look else ():
                if asset.name == name and is_picture(asset):
                    return Answer(body=asset.data, media_type=asset.media_type)
        return None

    def _show(self, file: File) -> Shown:
        """What was made of a file, made once for each of its revisions."""
        if file.issue is None or self._publication is None:
            return Shown(findings=file.faults)
        shown = self._shown.get(file.revision)
        if shown is None:
            shown = self._shown[file.revision] = self._made(self._publication, file.issue)
            self._checked[file.revision] = shown.findings
            if len(self._shown) > _KEPT:
                self._shown.popitem(last=False)
        self._shown.move_to_end(file.revision)
        return shown

    def _made(self, publication: Publication, issue: Issue) -> Shown:
        """Render an issue and collect what is to be said of it; faults of pictures and templates are findings too."""
        try:
            look = look_at(publication, issue, None, now=self._now())
            page, entry = page_and_entry(publication, look.article)
            findings = findings_of(publication, look)
        except InputError as error:
            faults = error.faults or (Fault(path=issue.path, line=0, message=str(error), cure=""),)
            return Shown(findings=_sorted(faults, lint_issue(issue, number=None)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the editor sees it in its place and goes on
            message = f"sparkpub itself failed ({type(error).__name__}: {error})"
            return Shown(findings=(Fault(path=issue.path, line=0, message=message, cure="please report it"),))
        return Shown(findings=_sorted(findings), look=look, page=page, entry=entry)

    def _source(self, path: str) -> bytes:
        """The bytes of a file that a fault speaks of; the theme's stand in for templates that are not here."""
        return read_source(path, self.folder, starter_templates().parent)


@contextmanager
def previewing(desk: Desk, *, port: int) -> Iterator[PreviewServer]:
    """Serve a desk inside, and read it again whenever a file of the publication changes; port 0 is any free one.

    Raises:
        UsageError: the port is taken.
    """
    bell, stop, unchecked = Bell(), threading.Event(), threading.Event()

    def refresh(changed: AbstractSet[str]) -> None:
        desk.refresh(changed)
        bell.ring()
        unchecked.set()

    def check_all() -> None:
        """Check in the background what nobody looked at yet, so that the list knows of every fault."""
        while unchecked.wait() and not stop.wait(_COURTESY_S):
            unchecked.clear()
            if stop.is_set():  # its own bell may just have been cleared
                return
            if desk.check_one():
                unchecked.set()
            else:
                bell.ring()

    starter = starter_templates()
    beside = [] if starter.is_relative_to(desk.folder) else [starter]
    threads = [
        threading.Thread(target=watch, args=(desk.folder, refresh, stop), kwargs={"beside": beside}, name="watch"),
        threading.Thread(target=check_all, name="check"),
    ]
    with serving(desk.answer, bell, port=port) as server:
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            stop.set()
            unchecked.set()
            for thread in threads:
                thread.join()


def _is_issue(path: str) -> bool:
    """Whether a change of this path is one of an issue's text, which no other issue shows."""
    return path.startswith("issues/") and path.endswith(".md")


def _sorted(*findings: Iterable[Fault]) -> tuple[Fault, ...]:
    """Findings as they stand in the file."""
    return tuple(sorted(chain(*findings), key=lambda fault: (fault.path, fault.line, fault.code, fault.message)))


def _count(findings: Iterable[Fault], severity: Severity) -> int:
    """How many are as bad as that."""
    return sum(fault.severity is severity for fault in findings)


def _digest(source: bytes, faults: tuple[Fault, ...]) -> str:
    """The revision of a file that is no issue."""
    return hashlib.sha256(source + repr(faults).encode("utf-8", "replace")).hexdigest()[:24]


def _title(source: bytes, path: str) -> str:
    """What a file that cannot be parsed calls itself, else its name."""
    found = _TITLE.search(source.decode("utf-8", "replace"))
    return found[1].strip("\"'") if found else path.rpartition("/")[2]


def _when(local: datetime) -> str:
    """An instant as a person writes it, in its own zone."""
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"


def _facts(look: Look) -> list[str]:
    """What is to be known of the occurrence that is shown."""
    article = look.article
    facts = [_when(article.local) if article.issue.rule else "no date yet, shown as of now"]
    if isinstance(article.issue.rule, Anniversary):
        facts.append(
            f"{article.number} {'year' if article.number == 1 else 'years'} after {article.issue.rule.of.text}"
        )
    return facts


def _finding(fault: Fault) -> dict[str, Any]:
    """A finding as a JSON object."""
    return {
        "path": shown_path(fault.path),
        "line": fault.line,
        "code": fault.code,
        "severity": fault.severity.value,
        "message": fault.message,
        "cure": fault.cure,
    }


def _json(document: dict[str, Any]) -> Answer:
    """A document for the page's script."""
    return Answer(body=json.dumps(document).encode(), media_type="application/json")
