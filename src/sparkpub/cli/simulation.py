"""Simulate: run the whole press against a simulated clock and show what it would do."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from sparkpub.cli.arguments import a_date, window
from sparkpub.cli.face import REHEARSAL, Face, common, from_here, plural, progress
from sparkpub.cli.tables import table
from sparkpub.core.records import Subscriber
from sparkpub.errors import InputError, UsageError
from sparkpub.shelf import read_shelf
from sparkpub.simulating import Simulated, sample_readers, simulate

_ISSUES = "issues/"


@click.command("simulate")
@click.option("--from", "start", type=a_date, metavar="DATE", help="First date of the window (default: today).")
@click.option(
    "--until", "end", type=a_date, metavar="DATE", help="First date after the window (default: a year later)."
)
@click.option(
    "--out", type=click.Path(file_okay=False), metavar="DIR", help="Folder to write into (default: var/simulation)."
)
@click.option(
    "--readers",
    default="3",
    show_default=True,
    metavar="N|all",
    help="So many sample readers, or copies of all real ones.",
)
@common
def simulate_command(face: Face, start: date | None, end: date | None, out: str | None, readers: str) -> int:
    """Run the whole press against a simulated clock.

    Every ready issue counts as queued at the start. DIR/mail is a Maildir, DIR/site the site and feeds as they would
    stand at the end, DIR/calendar.ics and DIR/releases.json tell what fell when. The real ledger is not touched.

    Issues with faults, be it in their text or their pictures, are named and left out, and the others decide on the exit
    code. A theme with faults is exit 2, for it leaves out everything.
    """
    publication = face.publication
    start, end = window(face, start, end)
    folder = Path(out) if out else publication.folder / "var" / "simulation"
    shelf = read_shelf(publication)
    face.tell(shelf.faults)
    people = _people(face, readers)
    with progress(face, "simulating") as advance:
        done = simulate(publication, shelf, window=(start, end), out=folder, readers=people, progress=advance)
    face.tell(dict.fromkeys(fault for report in done.reports for fault in report.faults))
    document = _document(done, folder, readers=len(people))
    face.show(document, lambda: _summary(done, folder, span=(start, end), readers=len(people)))
    if not done.rows and not any(report.missed for report in done.reports):
        face.say("nothing ready falls into this window; `sparkpub calendar` and `sparkpub list` show why")
    face.say(REHEARSAL)
    return 0 if all(fault.path.startswith(_ISSUES) for fault in done.faults) else InputError.exit_code


def _people(face: Face, readers: str) -> list[Subscriber]:
    """The readers of a simulation: invented ones, or copies of all that the ledger has."""
    if readers == "all":
        return list(face.press_to_read().ledger.subscribers())
    if not readers.isdecimal():
        raise UsageError(f"--readers '{readers}' is neither a number nor `all`")
    return sample_readers(int(readers))


def _document(done: Simulated, folder: Path, *, readers: int) -> dict[str, Any]:
    """The simulation as one document."""
    return {
        "releases": list(done.rows),
        "readers": readers,
        "messages": done.messages,
        "ticks": done.ticks,
        "missed": [
            {"issue": due.issue.id, "number": due.occurrence.number, "date": due.occurrence.on.isoformat()}
            for report in done.reports
            for due in report.missed
        ],
        "faults": list(dict.fromkeys(str(fault) for report in done.reports for fault in report.faults)),
        "mail": str(folder / "mail"),
        "site": str(folder / "site"),
        "calendar": str(folder / "calendar.ics"),
    }


def _summary(done: Simulated, folder: Path, *, span: tuple[date, date], readers: int) -> str:
    """What people read: what was released when and why, and what to open."""
    rows = [
        {
            "date": f"{date.fromisoformat(row['date']):%a} {row['date']}",
            "time": row["local"][11:16],
            "number": str(row["number"] or ""),
            "title": row["title"],
            "why": "; ".join(filter(None, (row["event"] or "fixed date", row["why"]))),
        }
        for row in done.rows
    ]
    head = {"date": "Date", "time": "Time", "number": "N", "title": "Title", "why": "Why"}
    lines = [table(head, rows), ""] if rows else []
    gone = [due for report in done.reports for due in report.missed]
    lines += [f"missed     {due.issue.id}/{due.occurrence.number}, due on {due.occurrence.on}" for due in gone]
    lines.append(
        f"{plural(len(rows), 'release')} from {span[0]} to before {span[1]}, "
        f"{plural(done.messages, 'message')} to {plural(readers, 'reader')}"
    )
    for what, path in (
        ("site", folder / "site" / "index.html"),
        ("email", folder / "email.html"),
        ("feed", folder / "site" / "atom.xml"),
        ("mail", folder / "mail"),
        ("calendar", folder / "calendar.ics"),
    ):
        if path.exists():
            lines.append(f"  {what:<9} {from_here(path)}")
    return "\n".join(lines)
