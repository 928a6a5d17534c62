"""A press for the measures of sending: a ledger with any number of readers, and releases of a message of any size.

As a program it sends, in a process of its own, and says in JSON what that took:
python tools/bench_press.py FOLDER PORT SESSIONS LIMIT
"""

import hashlib
import json
import resource
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

from sparkpub.adapters.ledger import Ledger, ReaderRow, open_ledger
from sparkpub.core.mail import compile_message, message_head
from sparkpub.core.model import Edition, Issue, Status
from sparkpub.core.records import ReleaseDraft
from sparkpub.core.sentinels import sentinels
from sparkpub.core.settings import DeliverySettings, InboxSettings, PublicationSettings, Settings, SmtpSettings
from sparkpub.press import Press, Publication
from sparkpub.sending import send

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
URL = "sqlite:///var/ledger.db"
_LINE = f"<p>{'On this day a hundred years ago it was reported that ' * 2}</p>\n"


def settings(port: int, sessions: int) -> Settings:
    """A publication that mails by a relay on loopback."""
    return Settings(
        publication=PublicationSettings(
            title="The Measure",
            base_url="https://press.example.org",
            from_="The Measure <editor@press.example.org>",
            postal_address="1 Example Street",
        ),
        delivery=DeliverySettings(transport="smtp", connections=sessions),
        inbox=InboxSettings(unsubscribe_address="leave@press.example.org", maildir="var/inbox"),
        smtp={"main": SmtpSettings(host="127.0.0.1", port=port, security="none")},
    )


def open_bench(folder: Path, port: int = 25, sessions: int = 8, *, create: bool = False) -> Press:
    """The press in `folder`."""
    return Press(
        publication=Publication(folder=folder, settings=settings(port, sessions)),
        ledger=open_ledger(URL, folder, create=create),
        key="a key for measures alone",
        state=folder / "var",
        outbox=folder / "var" / "outbox",
        stop_file=folder / "STOP",
    )


def fill(ledger: Ledger, readers: int) -> None:
    """Put readers in, by SQL: a list of a million is not what is measured. All are like the first one."""
    first = ReaderRow(address="reader-1@readers.example.org", name="Reader 1")
    ledger.import_subscribers([first], NOW)
    db = ledger._db  # noqa: SLF001 - a measure may look inside
    own = ("subscriber_id", "address_key", "address", "name")
    alike = ", ".join(column for column in db.row("SELECT * FROM subscriber").keys() if column not in own)  # noqa: SIM118
    with ledger.transaction():
        db.write(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < :readers) "  # noqa: S608 - its own columns
            f"INSERT INTO subscriber (subscriber_id, address_key, address, name, {alike}) "
            "SELECT i, 'reader-' || i || '@readers.example.org', 'reader-' || i || '@readers.example.org', "
            f"'Reader ' || i, {alike} FROM n, subscriber WHERE subscriber_id = 1",
            {"readers": readers},
        )


def edition(size: int) -> Edition:
    """An edition whose message has about `size` bytes."""
    hash_ = hashlib.sha256(str(size).encode()).hexdigest()
    leave = sentinels(hash_)["unsubscribe_url"]
    lines = _LINE * max(1, (size - 1500) // (len(_LINE) + 6))
    issue = Issue(
        id="measure",
        slug="measure",
        title="The Measure",
        status=Status.READY,
        language="en",
        body="",
        body_line=1,
        path="issues/measure.md",
        source=b"",
        content_hash="",
    )
    return Edition(
        hash=hash_,
        issue=issue,
        number=1,
        subject="The Measure",
        html=f"<html><body><h1>Good morning</h1>{lines}<p><a href='{leave}'>Leave</a></p></body></html>",
        text=f"Good morning\n\nLeave: {leave}\n",
    )


def release(press: Press, *, number: int = 1, size: int = 20_000) -> float:
    """Release a message of `size` bytes to every reader; the seconds of its planning."""
    head = message_head(press.publication.settings, issue_id="measure", number=number, released_at=NOW)
    made = edition(size)
    ledger = press.ledger
    draft = ReleaseDraft(
        issue_id="measure",
        number=number,
        on=date(2000 + number, 1, 1),
        released_at=NOW,
        updated_at=NOW,
        edition_hash=made.hash,
        issue_source=b"",
        issue_path="issues/measure.md",
        settings="",
        entry_id=f"tag:press.example.org,2026:measure/{number}",
        transport="smtp",
        repeats=True,
    )
    with ledger.transaction():
        compiled = compile_message(made, head=head).dump()
        ledger.put_edition(made.hash, "measure", number, source=b"", compiled=compiled, media={})
        release_id = ledger.add_release(draft)
        begun = time.perf_counter()
        ledger.plan_deliveries(release_id, None)
    return time.perf_counter() - begun


def main(folder: str, port: str, sessions: str, limit: str) -> None:
    """Send, and say what it took."""
    press = open_bench(Path(folder), int(port), int(sessions))
    first: list[float] = []

    def progress(done: int, total: int) -> None:
        del done, total
        if not first:
            first.append(time.perf_counter() - begun)

    cpu, begun = time.process_time(), time.perf_counter()
    report = send(press, now=NOW, limit=int(limit), progress=progress)
    seconds = time.perf_counter() - begun
    print(
        json.dumps(
            {
                "sent": report.sent,
                "seconds": seconds,
                "cpu": time.process_time() - cpu,
                "first": first[0] if first else None,
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
