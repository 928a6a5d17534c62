"""What of this machine the press has to know: which one it is, and whether there is room on its disk."""

import shutil
from pathlib import Path

_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def machine_id() -> str:
    """A text that is another one on another machine, "" where none is known, in many containers say."""
    for path in _ID_FILES:
        try:
            if found := path.read_text(encoding="ascii").strip():
                return found
        except (OSError, UnicodeDecodeError):
            continue
    return ""


def free_bytes(folder: Path) -> int:
    """How much more can be written into a folder, or into the nearest one above it that is there."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free
