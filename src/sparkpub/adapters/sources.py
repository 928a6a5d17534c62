"""Read a file that a fault speaks of, to be shown beside it."""

from pathlib import Path

_MAX_BYTES = 1_000_000


def read_source(path: str, *folders: Path) -> bytes:
    """The first megabyte of the file at a relative path in the first of the folders that has it, else nothing.

    What lies outside the folder, through `..` or a link, is not read.
    """
    for folder in folders:
        home = folder.resolve()
        try:
            place = (home / path).resolve()
            if place.is_relative_to(home) and place.is_file():
                with place.open("rb") as file:
                    return file.read(_MAX_BYTES)
        except (OSError, RuntimeError, ValueError):  # a name too long, a link to itself, NUL
            continue
    return b""
