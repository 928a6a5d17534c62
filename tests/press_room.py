"""A press in a folder of its own: a small publication, real files, a real SQLite ledger. Time is what a test says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sparkpub.adapters.ledger import ReaderRow, open_ledger
from sparkpub.building import build
from sparkpub.core.records import OccurrenceState, Release
from sparkpub.press import Press, open_press, open_publication
from sparkpub.publishing import TickReport, due_by_hand, release_by_hand, tick
from sparkpub.queueing import account, calendar, hold, queue, skip
from sparkpub.sending import send
from sparkpub.shelf import Shelf, read_shelf
from sparkpub.ticking import with_gathered

READERS = ("ada@example.org", "grace@example.org", "zoe@example.org")
URL = "sqlite:///var/ledger.db"

SETTINGS = """\
[publication]
title = "The Small Press"
base_url = "https://press.example.org"
from = "The Small Press <editor@press.example.org>"
postal_address = "The Small Press, 1 Type Street, Exampleton"
timezone = "UTC"

[schedule]
time = "07:00"
"""

NO_SPACING = 'min_spacing = "0s"\n'


def instant(text: str) -> datetime:
    """`2017-09-04 07:00` or `2017-09-04`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def issue_text(
    id_: str, *, of: str = "1917-09-04", choice: str = "every: 1", body: str = "Sound text.", **front: str
) -> str:
    """An issue file with an anniversary, or with whatever `release` date or other keys are given as YAML."""
    given = {"title": f"The piece {id_}", "status": "ready"} | front
    if "release" not in given and "anniversary" not in given:
        given["anniversary"] = f'{{of: "{of}", {choice}}}'
    lines = [f"{key}: {value}" for key, value in {"id": id_, **given}.items()]
    return "\n".join(["---", *lines, "---", body, ""])


@dataclass
class PressRoom:
    """A press with what a test does to it and what it looks at."""

    press: Press

    @property
    def folder(self) -> Path:
        return self.press.publication.folder

    def write(self, id_: str, *, name: str = "", **given: str) -> Path:
        """Write an issue file, named after its id unless told otherwise."""
        path = self.folder / "issues" / f"{name or id_}.md"
        path.write_text(issue_text(id_, **given), encoding="utf-8")
        return path

    def set(self, schedule: str) -> None:
        """Open the press anew with other settings under [schedule]."""
        (self.folder / "sparkpub.toml").write_text(SETTINGS + schedule, encoding="utf-8")
        self.reopen()

    def reopen(self) -> None:
        """Open the press anew, as another process would."""
        self.press.ledger.close()
        self.press = opened(self.folder)

    def shelf(self) -> Shelf:
        return read_shelf(self.press.publication)

    def tick(self, at: str) -> TickReport:
        """Release what is due, then gather what readers have wished for, as a ticker does."""
        report = tick(self.press, self.shelf(), now=instant(at))
        return with_gathered(self.press, report, now=instant(at))

    def queue(self, *ids: str, at: str) -> None:
        queue(self.press, self.shelf().pick(ids), now=instant(at))

    def hold(self, id_: str, *, at: str) -> None:
        hold(self.press, self.shelf().issues[id_], reason="held by hand", now=instant(at))

    def skip(self, id_: str, number: int, *, at: str) -> None:
        skip(self.press, self.shelf().issues[id_], number, now=instant(at))

    def release(self, id_: str, number: int | None = None, *, at: str) -> Release:
        """Release by hand."""
        (issue,) = self.shelf().pick([id_])
        return release_by_hand(self.press, due_by_hand(self.press, issue, number, now=instant(at)), now=instant(at))

    def build(self) -> Path:
        """Build the site; returns its folder."""
        out = self.folder / "public"
        build(self.press, out=out)
        return out

    def send(self, at: str) -> int:
        """Send what is due; returns how many messages were."""
        return send(self.press, now=instant(at)).sent

    @property
    def released(self) -> list[str]:
        """Every release in order: when, and which."""
        return [f"{r.released_at:%Y-%m-%d %H:%M} {r.name}" for r in self.press.ledger.releases()]

    def history(self, id_: str) -> list[str]:
        """The verbs of an issue's history."""
        return [event.verb for event in self.press.ledger.history(id_)]

    def eligible(self) -> dict[str, int]:
        """How many readers each release goes to."""
        return {r.name: self.press.ledger.balance(r.release_id).eligible for r in self.press.ledger.releases()}

    def states(self, start: str, end: str, *, at: str) -> dict[str, OccurrenceState]:
        """The state of every occurrence in a window of dates."""
        rows = calendar(
            self.press.publication,
            self.shelf().issues.values(),
            account(self.press.ledger),
            start=instant(start).date(),
            end=instant(end).date(),
            now=instant(at),
        )
        return {f"{row.due.issue.id}/{row.due.occurrence.number}": row.state for row in rows}


def opened(folder: Path) -> Press:
    """The press in a folder, without the environment's secrets."""
    return open_press(open_publication(folder), {})


def new_room(folder: Path, *, schedule: str = "", issues: Mapping[str, str] | None = None) -> PressRoom:
    """A press in a new folder, with readers and the issue files given by id."""
    (folder / "issues").mkdir(parents=True)
    (folder / "sparkpub.toml").write_text(SETTINGS + schedule, encoding="utf-8")
    for id_, text in (issues or {}).items():
        (folder / "issues" / f"{id_}.md").write_text(text, encoding="utf-8")
    open_ledger(URL, folder, create=True).close()
    room = PressRoom(press=opened(folder))
    rows = [ReaderRow(address=address, name=address.partition("@")[0].title()) for address in READERS]
    room.press.ledger.import_subscribers(rows, instant("2017-01-01"))
    return room


def with_template(room: PressRoom, name: str, text: str) -> None:
    """Put a template into the publication's own theme."""
    path = room.folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    room.press = replace(room.press, publication=open_publication(room.folder))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[PressRoom]:
    """A press with one issue, a: each 4 September at 07:00, its hundredth in 2017."""
    made = new_room(tmp_path / "press", issues={"a": issue_text("a")})
    yield made
    made.press.ledger.close()
