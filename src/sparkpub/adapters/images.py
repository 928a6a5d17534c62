"""Pictures: read from the publication, looked at, and named by their content."""

import hashlib
import io
import re
import unicodedata
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from sparkpub.core.model import Asset

MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
_FORMATS = {
    "PNG": ("png", "image/png"),
    "JPEG": ("jpg", "image/jpeg"),
    "GIF": ("gif", "image/gif"),
    "WEBP": ("webp", "image/webp"),
}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|\\\\")
_ORIENTATION, _SIDEWAYS = 0x0112, frozenset({5, 6, 7, 8})
_LONGEST_NAME = 60


def read_asset(folder: Path, issue_path: str, src: str) -> Asset:
    """The picture that an issue shows as `src`: relative to the issue's file, or `/…` from `static/`.

    Its name is made of its content, its size is as it is shown (a photograph's rotation followed).

    Raises:
        ValueError: it cannot be shown; the message says `what is wrong; cure`.
    """
    path = _find(folder, issue_path, src)
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"the picture '{src}' is larger than 20 MB; save it smaller, mail shows it 600 pixels wide")
    data = path.read_bytes()
    if path.suffix.lower() == ".svg" or b"<svg" in data[:1024].lower():
        raise ValueError(f"the picture '{src}' is SVG, which mail programs do not show; export it as PNG")
    extension, media_type, width, height = _look(data, src)
    digest = hashlib.sha256(data).hexdigest()[:16]
    return Asset(
        name=f"{digest}-{_clean(path.stem)}.{extension}",
        data=data,
        media_type=media_type,
        width=width,
        height=height,
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


def _look(data: bytes, src: str) -> tuple[str, str, int, int]:
    """Extension, media type, width and height of a picture, from its own header."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            with Image.open(io.BytesIO(data), formats=tuple(_FORMATS)) as image:
                kind, (width, height) = str(image.format), image.size
                is_small = width * height <= MAX_PIXELS
                # Asked of a PNG, Pillow would decode the whole picture to answer.
                is_turned = is_small and kind in ("JPEG", "WEBP") and image.getexif().get(_ORIENTATION) in _SIDEWAYS
                if is_small:
                    image.verify()
    except UnidentifiedImageError:
        raise ValueError(f"'{src}' is no PNG, JPEG, GIF or WebP; save it as one of them") from None
    except Image.DecompressionBombError:
        width = height = MAX_PIXELS
    except Exception as error:  # noqa: BLE001 - what a broken picture makes Pillow raise is not written down anywhere
        raise ValueError(
            f"the picture '{src}' is broken ({str(error)[:80] or type(error).__name__}); save it again"
        ) from None
    if width * height > MAX_PIXELS:
        raise ValueError(f"the picture '{src}' has more than 40 megapixels; save it smaller")
    extension, media_type = _FORMATS[kind]
    return (extension, media_type, height, width) if is_turned else (extension, media_type, width, height)


def _clean(stem: str) -> str:
    """A file's name as one word of lower-case ASCII."""
    plain = unicodedata.normalize("NFKD", stem.casefold())
    word = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")
    return word[:_LONGEST_NAME].strip("-") or "picture"
