"""Which program builds: a digest of its own source and of the libraries that it renders with."""

import os
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

_LIBRARIES = (
    "convertdate",
    "feedgen",
    "jinja2",
    "lxml",
    "markdown_it_py",
    "markupsafe",
    "mdit_py_plugins",
    "mdurl",
    "nh3",
    "pymeeus",
    "python_dateutil",
    "tzdata",
)
_ENDINGS = (".dist-info", ".egg-info")


@cache
def program_key() -> str:
    """A digest that changes with the program, its libraries or the interpreter; the same wherever they stand."""
    digest = sha256(sys.version.encode())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py"), key=lambda path: path.relative_to(package).as_posix()):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + sha256(path.read_bytes()).digest())
    digest.update("\0".join(_installed()).encode())
    return digest.hexdigest()


def _installed() -> list[str]:
    """Names and versions of the libraries, as their folders are called: reading metadata takes longer than a build."""
    names: set[str] = set()
    for folder in sys.path:
        with suppress(OSError):
            names |= {entry.name for entry in os.scandir(folder or os.curdir)}
    stems = (name.rpartition(".")[0].lower().replace("-", "_") for name in names if name.endswith(_ENDINGS))
    return sorted(stem for stem in stems if stem.startswith(tuple(f"{library}_" for library in _LIBRARIES)))
