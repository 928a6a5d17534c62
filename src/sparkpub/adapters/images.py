"""Pictures: read from the publication, made as small as they are shown, and named by their content.

What was made small once is kept in `var/cache/pictures`, by the hash of what it was made of.
"""

import contextlib
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sparkpub.core.model import Asset

if TYPE_CHECKING:
    from sparkpub.core.pictures import Picture

MAX_BYTES = 20_000_000
_CACHE = Path("var", "cache", "pictures")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|\\\\")
_LONGEST_NAME = 60


def read_asset(folder: Path, issue_path: str, src: str) -> Asset:
    """The picture that an issue shows as `src`: relative to the issue's file, or `/…` from `static/`.

    It is at most twice as wide as the column of an email, upright, and named by the content it then has.

    Raises:
        ValueError: it cannot be shown; the message says `what is wrong; cure`.
    """
    path = _find(folder, issue_path, src)
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"the picture '{src}' is larger than 20 MB; save it smaller, mail shows it 600 pixels wide")
    data = path.read_bytes()
    if path.suffix.lower() == ".svg" or b"<svg" in data[:1024].lower():
        raise ValueError(f"the picture '{src}' is SVG, which mail programs do not show; export it as PNG")
    try:
        picture = _shown(folder / _CACHE, data)
    except ValueError as error:
        raise ValueError(f"the picture '{src}' {error}") from None
    digest = hashlib.sha256(picture.data).hexdigest()[:16]
    return Asset(
        name=f"{digest}-{_clean(path.stem)}.{picture.extension}",
        data=picture.data,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
    )


def _find(folder: Path, issue_path: str, src: str) -> Path:
    """The file that a source names, which lies in the publication."""
    if _SCHEME.match(src):
        raise ValueError(f"the picture '{src[:80]}' is not a file of the publication; copy it beside the issue")
    home = folder.resolve()
    for name in _spellings(src):
        base = home / "static" if name.startswith("/") else (home / issue_path).parent
        try:
            path = (base / name.lstrip("/")).resolve()
            if not path.is_relative_to(home):
                raise ValueError(f"the picture '{src}' lies outside the publication; copy it beside the issue")
            if path.is_file():
                return path
        except (OSError, RuntimeError):  # a name too long, a link to itself
            continue
    where = f"static{src}" if src.startswith("/") else f"{Path(issue_path).parent.as_posix()}/{src}"
    raise ValueError(f"there is no picture '{src}'; it should be at {where}")


def _spellings(src: str) -> Iterator[str]:
    """A source as it stands, and as it is meant if it is percent-encoded; NUL is in no name."""
    for name in dict.fromkeys((src, unquote(src))):
        if name and name.isprintable():
            yield name


def _shown(cache: Path, data: bytes) -> "Picture":
    """The picture as it is shown, from the cache if it was made before."""
    from sparkpub.core.email import COLUMN
    from sparkpub.core.pictures import RECIPE, shown_picture

    key = hashlib.sha256(f"{RECIPE} {version('pillow')} {COLUMN} ".encode() + data).hexdigest()
    kept = cache / key
    with contextlib.suppress(OSError, ValueError):
        # Read like any other picture: a file that was torn or meddled with is made anew.
        return shown_picture(kept.read_bytes(), column=COLUMN)
    picture = shown_picture(data, column=COLUMN)
    if picture.data is not data:
        _keep(kept, picture.data)
    return picture


def _keep(path: Path, data: bytes) -> None:
    """Write a file of the cache; where that cannot be done, the next run makes the picture again."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)


def _clean(stem: str) -> str:
    """A file's name as one word of lower-case ASCII."""
    plain = unicodedata.normalize("NFKD", stem.casefold())
    word = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")
    return word[:_LONGEST_NAME].strip("-") or "picture"
