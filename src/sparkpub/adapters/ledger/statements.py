"""Read the `.sql` files beside this one: each statement stands under its `-- name:` line.

They are for every engine: values have names, and what one engine alone understands stands in comments or in its room.
"""

import re
from functools import cache
from pathlib import Path

_NAME = "-- name: "
_VALUE = re.compile(r":([a-z_]\w*)")


def read_sql(file: str) -> str:
    """The text of one `.sql` file."""
    return Path(__file__).with_name(file).read_text(encoding="utf-8")


@cache
def statements(file: str) -> dict[str, str]:
    """The statements and conditions of one file by name, without the lines that explain them."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in read_sql(file).splitlines():
        if line.startswith(_NAME):
            lines = found.setdefault(line.removeprefix(_NAME).strip(), [])
        elif line.strip() and not line.startswith("--"):
            lines.append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def numbered(sql: str, sign: str) -> tuple[str, tuple[str, ...]]:
    """A statement whose values have numbers in place of names, like `?1` or `$1`, and the names in that order.

    A value is numbered where it is named first.
    """
    names = tuple(dict.fromkeys(_VALUE.findall(sql)))
    return _VALUE.sub(lambda found: f"{sign}{names.index(found[1]) + 1}", sql), names
