"""What the web face says on its error stream: where something went wrong, and nothing of what anybody sent."""

import logging
import os
import traceback

_LOG = logging.getLogger("sparkpub.web")
_TELLING = ("total open connections",)


def note(error: BaseException) -> None:
    """Say what kind of fault of ours it was and in which line; its words may quote a reader."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "nowhere"  # noqa: PTH119 - a name only
    _LOG.error("%s in %s", type(error).__name__, place)


def discreet(record: logging.LogRecord) -> bool:
    """A filter for waitress, whose words name addresses of pages, header fields and clients: only bare faults pass."""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        note(error)
        return False
    if record.levelno >= logging.ERROR:
        record.msg, record.args = "the server had a fault and closed a connection", ()
        return True
    return str(record.msg).startswith(_TELLING)
