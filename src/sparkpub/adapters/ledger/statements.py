"""Read the `.sql` files beside this one: each statement stands under its `-- name:` line."""

import re
from functools import cache
from importlib import resources

_NAME = "-- name: "
_HINT = re.compile(r"/\* (INDEXED BY \w+) \*/")


def read_sql(file: str) -> str:
    """The text of one `.sql` file."""
    return (resources.files(__package__ or "") / file).read_text(encoding="utf-8")


@cache
def statements(file: str) -> dict[str, str]:
    """The statements of one file by name, without their comments but with their hints for SQLite."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in read_sql(file).splitlines():
        if line.startswith(_NAME):
            lines = found.setdefault(line.removeprefix(_NAME).strip(), [])
        elif line.strip() and not line.startswith("--"):
            lines.append(line)
    return {name: _HINT.sub(r"\1", "\n".join(lines)) for name, lines in found.items()}
