"""Everything that can go wrong, in one tree.

SparkpubError
├── InputError          exit 2   what a person wrote cannot be used; carries every fault found
│   └── UsageError      exit 2   the command cannot be used like this
├── LedgerError         exit 3   the ledger is missing, foreign, broken or unwilling
│   ├── CopyError       exit 3   this folder is a copy; the press is elsewhere
│   ├── LostLedgerError exit 3   this is the press, and its ledger is gone
│   └── AlreadyReleased exit 3   a constraint refused a second release
├── TransportError      exit 4   the relay, the Maildir or the mailbox cannot be used at all
└── BusyError           exit 75  another process works here, or the disk is full; try again later

Results that are expected, such as a refused address, are values (`core.outcomes`), not exceptions.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Severity(StrEnum):
    """How bad a fault is: a fault stops an issue, a warning only with `--strict`, advice never."""

    FAULT = "fault"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One thing wrong in one place, with its cure.

    `path` is relative to the publication, `line` counts from 1 (0: the file as a whole).
    """

    path: str
    line: int
    message: str
    cure: str
    code: str = ""
    severity: Severity = Severity.FAULT

    def __str__(self) -> str:
        """`issues/a.md:7: unknown key 'titel'; did you mean 'title'?`, control characters made visible."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        text = f"{place}: {self.message}; {self.cure}" if self.cure else f"{place}: {self.message}"
        return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


class SparkpubError(Exception):
    """Anything sparkpub raises on purpose; the faces turn it into one message and an exit code."""

    exit_code: ClassVar[int] = 1


class InputError(SparkpubError):
    """What a person wrote cannot be used."""

    exit_code = 2

    def __init__(self, *faults: Fault) -> None:
        """Carry every fault found, not only the first."""
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class UsageError(InputError):
    """The command cannot be used like this."""

    def __init__(self, message: str) -> None:
        """Say what is wrong and what to type instead, in one sentence."""
        SparkpubError.__init__(self, message)
        self.faults = ()


class LedgerError(SparkpubError):
    """The ledger is missing, foreign, broken or unwilling."""

    exit_code = 3


class CopyError(LedgerError):
    """This folder is a copy; the press is elsewhere."""


class LostLedgerError(LedgerError):
    """This is the press, and its ledger is gone; its mirror is here."""


class AlreadyReleased(LedgerError):  # noqa: N818 - it reads as what happened
    """A constraint refused a second release of one (issue, number) or (issue, date)."""


class TransportError(SparkpubError):
    """The relay, the Maildir or the mailbox cannot be used at all."""

    exit_code = 4


class BusyError(SparkpubError):
    """Another process works here, or the disk is full; try again later."""

    exit_code = 75
