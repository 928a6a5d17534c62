"""A press with readers and a release to send, for tests; as a program it sends, so that it can be killed.

python sample_press.py FOLDER PORT [CONNECTIONS]
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sparkpub.adapters.ledger import ReaderRow, open_ledger
from sparkpub.core.mail import compile_message, message_head
from sparkpub.core.model import Edition, Issue, Status
from sparkpub.core.records import Release, ReleaseDraft
from sparkpub.core.sentinels import sentinels
from sparkpub.core.settings import (
    AudienceSettings,
    DeliverySettings,
    InboxSettings,
    PublicationSettings,
    Settings,
    SmtpSettings,
)
from sparkpub.press import Press, Publication
from sparkpub.sending import send

NOW = datetime(2017, 9, 4, 4, 0, tzinfo=UTC)
KEY = "a key of this press alone"
HASH = "5f" * 32
SETTINGS = Settings(
    publication=PublicationSettings(
        title="On This Day",
        base_url="https://press.example.org",
        from_="The Press <editor@press.example.org>",
        postal_address="1 Example Street",
    ),
    delivery=DeliverySettings(transport="smtp", connections=2),
    smtp={"main": SmtpSettings(host="127.0.0.1", port=25, security="none")},
)


def with_relay(port: int, **delivery: Any) -> Settings:
    """The settings with a relay on this port of loopback, and other words on delivery."""
    main = SmtpSettings(host="127.0.0.1", port=port, security="none")
    return replace(SETTINGS, smtp={"main": main}, delivery=replace(SETTINGS.delivery, **delivery))


def open_sample(folder: Path, settings: Settings = SETTINGS, *, create: bool = False, **ledger: Any) -> Press:
    """The press in `folder`; its ledger is made where `create` says so."""
    return Press(
        publication=Publication(folder=folder, settings=settings),
        ledger=open_ledger("sqlite:///var/ledger.db", folder, create=create, **ledger),
        key=KEY,
        state=folder / "var",
        outbox=folder / "var" / "outbox",
        stop_file=folder / "STOP",
    )


def add_readers(press: Press, count: int, *, domain: str = "example.org") -> None:
    rows = [ReaderRow(address=f"r{n}@{domain}", name=f"Reader {n}") for n in range(count)]
    press.ledger.import_subscribers(rows, NOW)


def edition() -> Edition:
    marks: Mapping[str, str] = sentinels(HASH)
    leave = marks["unsubscribe_url"]
    issue = Issue(
        id="soviets",
        slug="soviets",
        title="The Soviets",
        status=Status.READY,
        language="en",
        body="",
        body_line=1,
        path="issues/soviets.md",
        source=b"source",
        content_hash="",
    )
    return Edition(
        hash=HASH,
        issue=issue,
        number=100,
        subject="The Soviets",
        html=f"<p>Hello <a href='{leave}'>leave</a></p>",
        text=f"Hello\n\nLeave: {leave}\n",
    )


def draft(*, issue: str = "a", number: int = 1, on: date = date(2017, 9, 4), is_mailed: bool = True) -> ReleaseDraft:
    """What a ledger is given of a release."""
    return ReleaseDraft(
        issue_id=issue,
        number=number,
        on=on,
        released_at=NOW,
        updated_at=NOW,
        edition_hash="h",
        issue_source=b"source",
        issue_path="issues/a.md",
        settings="",
        entry_id="tag:x",
        transport="maildir",
        repeats=True,
        is_mailed=is_mailed,
        tzdata="2025b",
    )


def release(
    press: Press, *, number: int = 100, at: datetime = NOW, audience: AudienceSettings | None = None
) -> Release:
    """Release the sample issue to the press's readers."""
    on = date(2017 + number - 100, 9, 4)
    head = message_head(press.publication.settings, issue_id="soviets", number=number, released_at=at)
    drafted = ReleaseDraft(
        issue_id="soviets",
        number=number,
        on=on,
        released_at=at,
        updated_at=at,
        edition_hash=HASH,
        issue_source=b"source",
        issue_path="issues/soviets.md",
        settings="",
        entry_id=f"tag:press.example.org,2017:soviets/{number}",
        transport=press.transport,
        repeats=False,
    )
    ledger = press.ledger
    with ledger.transaction():
        compiled = compile_message(edition(), head=head).dump()
        ledger.put_edition(HASH, "soviets", number, source=b"source", compiled=compiled, media={})
        release_id = ledger.add_release(drafted)
        ledger.plan_deliveries(release_id, audience)
    return ledger.release(release_id)


LEAVABLE = InboxSettings(unsubscribe_address="leave@press.example.org", maildir="var/inbox")


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    connections = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    press = open_sample(folder, with_relay(port, connections=connections))
    report = send(press, now=NOW)
    sys.stdout.write(json.dumps({"sent": report.sent, "uncertain": report.uncertain, "recovered": report.recovered}))


if __name__ == "__main__":
    main()
