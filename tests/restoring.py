"""A press that loses its ledger, gets a backup back, and goes on."""

from pathlib import Path

from press_room import PressRoom, instant, opened
from sparkpub.keeping import Restored, restore
from sparkpub.press import open_publication
from sparkpub.publishing import resume_everything


def lose(room: PressRoom) -> None:
    """The disk dies, but for the mirror."""
    room.press.ledger.close()
    for path in (room.folder / "var").glob("ledger.db*"):
        path.unlink()


def put_back(room: PressRoom, backup: Path, *, mirror: Path | None = None, at: str) -> Restored:
    """Restore a backup and open the press again."""
    room.press.ledger.close()
    publication = open_publication(room.folder)
    texts = room.shelf().issues
    done = restore(publication, {}, backup, mirror=mirror, texts=texts, now=instant(at))
    room.press = opened(room.folder)
    return done


def go_on(room: PressRoom, at: str) -> tuple[list[str], int]:
    """Resume, then a round: what was released, gathered or sent again, and how much was sent."""
    resume_everything(room.press, now=instant(at))
    report = room.tick(at)
    return [release.name for release in (*report.released, *report.digests, *report.again)], room.send(at)
