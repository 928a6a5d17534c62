"""Care: backups, moves, and a look at everything that may go wrong."""

import os
from pathlib import Path
from typing import Any

import click

from sparkpub.cli.face import Face, common, from_here, plural
from sparkpub.cli.tables import table
from sparkpub.examining import Finding, Published, examine, examine_dns
from sparkpub.keeping import Restored, back_up, hand_over, restore
from sparkpub.shelf import read_shelf


@click.command("backup")
@click.argument("file", metavar="F", type=click.Path(dir_okay=False))
@click.option("--hand-over", is_flag=True, help="This machine is the press no more: the one that restores F is.")
@common
def backup_command(face: Face, file: str, hand_over: bool) -> int:
    """Copy the ledger into a file, while everything goes on.

    The copy is of one instant, and its mirror can be written again from it. It holds the readers' addresses: only its
    owner may read it. What it does not hold is secrets.env; keep a copy of that too.
    """
    press, path = face.press_to_read(), Path(file)
    if hand_over:
        _hand_over(face, path)
    else:
        back_up(press, path, now=face.now_to_write())
    size = path.stat().st_size
    document = {"file": file, "bytes": size, "handed_over": hand_over}
    face.show(document, lambda: f"the ledger is copied to {from_here(path)}, {size:,} bytes")
    face.say("copy secrets.env as well, by hand: without its key the backup cannot be used")
    if hand_over:
        face.say(f"this machine is the press no more; next, on the new one: `sparkpub restore {path.name}`")
    return 0


def _hand_over(face: Face, path: Path) -> None:
    """Let another machine be the press."""
    hand_over(face.press_to_read(), path, now=face.now_to_write())


@click.command("restore")
@click.argument("file", metavar="F", type=click.Path(dir_okay=False))
@click.option(
    "--mirror", type=click.Path(dir_okay=False), metavar="PATH", help="A saved ledger.jsonl (default: the one here)."
)
@common
def restore_command(face: Face, file: str, mirror: str | None) -> int:
    """Put a backup in the ledger's place.

    What the mirror knows and the backup does not is learned first: no release is made and no message sent a second
    time. The press then stands still until `sparkpub resume`. A ledger that was here is moved aside, not removed.
    """
    publication, now = face.publication, face.now_to_write()
    shelf = read_shelf(publication)
    face.tell(shelf.faults)
    saved = Path(mirror) if mirror else None
    done = restore(publication, os.environ, Path(file), mirror=saved, texts=shelf.issues, now=now)
    face.show(_restored_json(done, file), lambda: "\n".join(_restored_lines(done, file)))
    face.say("the press is stopped; look at `sparkpub status`, then `sparkpub resume` goes on")
    return 0


def _restored_json(done: Restored, file: str) -> dict[str, Any]:
    """A restore as one document."""
    learned = done.learned
    return {
        "file": file,
        "mirror": str(done.mirror) if done.mirror else None,
        "rows": learned.rows,
        "releases": [f"{release.issue_id}/{release.number}" for release in learned.releases],
        "without_text": learned.without_text,
        "changed_texts": learned.changed_texts,
        "called_off": learned.called_off,
        "moved": learned.moved,
        "aside": str(done.aside) if done.aside else None,
    }


def _restored_lines(done: Restored, file: str) -> list[str]:
    """A restore in lines."""
    learned = done.learned
    lines = [f"restored   {file}"]
    if done.mirror is None:
        lines.append("no mirror  what was released and sent after this backup is not known: name it with --mirror")
    else:
        lines.append(f"learned    {plural(learned.rows, 'row')} from {from_here(done.mirror)}")
    lines += [f"released   {r.issue_id}/{r.number}, due on {r.on}: known from the mirror" for r in learned.releases]
    lines += [f"no text    {name}: it has no page until its file is in issues/ again" for name in learned.without_text]
    lines += [f"new text   {name}: its page shows the file as it is now" for name in learned.changed_texts]
    if learned.moved:
        lines.append(f"moved      {plural(learned.moved, 'reader')} to addresses that were lost with the ledger")
    if learned.called_off:
        lines.append(f"cancelled  {plural(learned.called_off, 'message')} that never began: their text is lost")
    if done.aside:
        lines.append(f"aside      {from_here(done.aside)}: the ledger that was here")
    return lines


@click.command("doctor")
@click.option("--dns", is_flag=True, help="Show the DNS records that mail needs, and whether they stand there.")
@common
def doctor_command(face: Face, dns: bool) -> int:
    """Find what is not well here, each with its cure.

    Versions, time zone data, settings, secrets, disk, ledger, mirror, clock. With --dns instead: SPF, DKIM, DMARC and
    bounces, as lines to paste into the zone. Exit 1 if something needs attention.
    """
    if dns:
        return _doctor_dns(face)
    found = examine(face.publication, os.environ, now=face.now())
    document = [{"check": f.check, "ok": f.is_ok, "message": f.message, "cure": f.cure} for f in found]
    face.show(document, lambda: _doctor_text(found))
    needy = sum(not finding.is_ok for finding in found)
    face.say(f"{plural(needy, 'check')} not well" if needy else "all is well")
    return 1 if needy else 0


def _doctor_dns(face: Face) -> int:
    """The DNS records, each with what the DNS says now."""
    found = examine_dns(face.publication)
    document = [
        {
            "name": f.record.name,
            "type": f.record.type,
            "value": f.record.value,
            "line": f.record.line,
            "why": f.record.why,
            "found": f.stands,
        }
        for f in found
    ]
    face.show(document, lambda: "\n\n".join(_record_text(f) for f in found))
    lacking = sum(f.stands is False for f in found)
    face.say(f"{plural(lacking, 'record')} not in the DNS yet" if lacking else "no record was found lacking")
    return 1 if lacking else 0


_STANDS = {True: "stands in the DNS", False: "is not in the DNS", None: "was not compared"}


def _record_text(found: Published) -> str:
    """A record as a comment that says why, and a line to paste."""
    return f"; {found.record.why}\n; {_STANDS[found.stands]}\n{found.record.line}"


def _doctor_text(found: list[Finding]) -> str:
    """The findings as people read them."""
    head = {"check": "Check", "state": "", "message": "Found"}
    rows = [{"check": f.check, "state": "ok" if f.is_ok else "look", "message": _told(f)} for f in found]
    return table(head, rows)


def _told(finding: Finding) -> str:
    """What was found, and its cure."""
    return f"{finding.message}; {finding.cure}" if finding.cure else finding.message
