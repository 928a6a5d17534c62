"""The ledger's mirror: a file that is only ever added to, and that notices when an older ledger is put back.

Each line is one event of the ledger, written after its commit: `{"n", "at", "verb", "subject", "detail"}`.
"""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sparkpub.errors import LedgerError

_TAIL = 65_536
_KEPT = frozenset({"began", "released", "corrected", "claimed", "finished", "cancelled", "stopped", "resumed", "left"})
_WITHOUT_DETAIL = frozenset({"suppressed"})  # a relay's words may name an address


class _Event(Protocol):
    """What a mirror needs of an event."""

    @property
    def at(self) -> datetime:
        """When it happened, in UTC."""

    @property
    def verb(self) -> str:
        """What happened."""

    @property
    def subject(self) -> str:
        """To what."""

    @property
    def detail(self) -> str:
        """How."""


class _Events(Protocol):
    """What a mirror needs of a ledger."""

    def last_event(self) -> int:
        """The number of the newest event."""

    def events_after(self, event_id: int) -> Iterable[tuple[int, _Event]]:
        """Every event after one, with its number, oldest first."""


def keep_mirror(path: Path, ledger: _Events) -> None:
    """Add what the mirror lacks, so that it knows all that the ledger knows.

    Raises:
        LedgerError: the mirror knows more than the ledger, which must be an older copy: it would mail again.
    """
    seen = _last(path)
    newest = ledger.last_event()
    if seen > newest:
        raise LedgerError(
            f"the ledger is older than its mirror {path}: it lacks {seen - newest} events and would mail again what "
            "was mailed; put the newest backup back, or remove the mirror if you are sure"
        )
    lines = [_line(number, event) for number, event in ledger.events_after(seen) if event.verb in _WORTH]
    if lines:
        _append(path, "".join(lines))


_WORTH = _KEPT | _WITHOUT_DETAIL


def _line(number: int, event: _Event) -> str:
    """An event as a line."""
    fields = {
        "n": number,
        "at": f"{event.at:%Y-%m-%dT%H:%M:%SZ}",
        "verb": event.verb,
        "subject": event.subject,
        "detail": "" if event.verb in _WITHOUT_DETAIL else event.detail,
    }
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _last(path: Path) -> int:
    """The number of the last whole line, 0 if there is none; a line that was torn off in writing is removed."""
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
            whole = tail.rfind(b"\n") + 1
            if whole < len(tail):
                file.truncate(size - len(tail) + whole)
    except FileNotFoundError:
        return 0
    lines = tail[:whole].splitlines()
    try:
        return int(json.loads(lines[-1])["n"]) if lines else 0
    except (ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{path} is no mirror of a ledger; move it away") from error


def _append(path: Path, text: str) -> None:
    """Add to the end, and have it on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
