"""What a person is told when something went wrong: one message, one exit code."""

import errno
import os
import traceback
from pathlib import Path

from sparkpub.errors import SparkpubError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_INTERNAL = 70  # EX_SOFTWARE of sysexits.h


def explain(fault: Exception) -> tuple[str, int]:
    """The message and the exit code for anything that reached the face.

    What sparkpub did not expect is our own fault: it says so and how to report it, and shows the traceback only
    where SPARKPUB_DEBUG asks for it.
    """
    if isinstance(fault, SparkpubError):
        return str(fault), fault.exit_code
    if isinstance(fault, OSError):
        place = f"{_place(fault.filename)}: " if fault.filename else ""
        if fault.errno in _FULL:
            return f"{place}the disk is full; make room and run the same command again", 75
        return f"{place}{fault.strerror or fault}; check the path and its permissions", 2
    if os.environ.get("SPARKPUB_DEBUG"):
        traceback.print_exception(fault)
    kind = type(fault).__name__
    return f"sparkpub itself failed ({kind}: {fault}); set SPARKPUB_DEBUG=1 and report what it prints", _INTERNAL


def _place(filename: object) -> object:
    """The file that could not be used, or the folder of one that was to get its name later."""
    path = Path(os.fsdecode(filename)) if isinstance(filename, str | bytes) else None
    is_ours = path is not None and path.name.startswith(".") and (path.suffix == ".new" or ".sparkpub-" in path.name)
    return path.parent if path and is_ours else filename
