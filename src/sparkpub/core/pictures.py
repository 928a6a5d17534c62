"""Make pictures as small as they are shown: bytes in, bytes out, the same for the same Pillow.

    small enough and upright ──▶ as it is, byte for byte        animated ──▶ as it is
    larger ──▶ drawing or transparent: PNG                      photograph: JPEG

What is written anew carries no metadata: no place where a photograph was taken, no profile (colours become sRGB).
"""

import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MAX_PIXELS = 40_000_000

RECIPE = "3"
"""Raised when the same picture would come out in other bytes: what a cache made before is made anew."""

_DENSITY = 2  # pixels of a fine screen to one of CSS
_FORMATS = {
    "PNG": ("png", "image/png"),
    "JPEG": ("jpg", "image/jpeg"),
    "GIF": ("gif", "image/gif"),
    "WEBP": ("webp", "image/webp"),
}
_ORIENTATION, _UPRIGHT = 0x0112, frozenset({None, 0, 1})
_COLOURS = 256
_OPAQUE, _NEAR = 255, 24
# A drawing is mostly a few colours that lie side by side; a photograph hardly has the same one twice.
_MAIN_COLOURS, _MAIN_SHARE = 32, 0.6
_QUALITIES = (84, 74, 62, 48)
_SMALLER_PALETTES = (_COLOURS, 128, 64, 16, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture ready to be shown. `extension` has no dot; `width` and `height` are those it is shown in."""

    data: bytes = field(repr=False)
    extension: str
    media_type: str
    width: int
    height: int


def shown_picture(data: bytes, *, column: int) -> Picture:
    """The picture, at most twice as wide as `column`, upright, and never of more bytes than before if that can be.

    Drawings and what has transparency stay lossless, photographs become JPEG; what is animated stays as it is.

    Raises:
        ValueError: it cannot be shown; the message says `what is wrong; cure`.
    """
    with _opened(data) as image:
        kind = str(image.format)
        if image.width * image.height > MAX_PIXELS:
            raise ValueError("has more than 40 megapixels; save it smaller")
        # Asked of a PNG, Pillow would decode the whole picture to answer.
        turn = image.getexif().get(_ORIENTATION) if kind in ("JPEG", "WEBP") else None
        width, height = image.size
        is_still = getattr(image, "n_frames", 1) == 1
        if turn in _UPRIGHT and (width <= column * _DENSITY or not is_still):
            image.verify()
            extension, media_type = _FORMATS[kind]
            return Picture(data=data, extension=extension, media_type=media_type, width=width, height=height)
        return _smaller(image, most=column * _DENSITY, most_bytes=len(data))


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture in these bytes; whatever is wrong with it is a ValueError."""
    try:
        with warnings.catch_warnings():
            # Our own limit is lower; damaged metadata does not keep a picture from being shown.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=tuple(_FORMATS)) as image:
                yield image
    except UnidentifiedImageError:
        raise ValueError("is no PNG, JPEG, GIF or WebP; save it as one of them") from None
    except Image.DecompressionBombError:
        raise ValueError("has more than 40 megapixels; save it smaller") from None
    except ValueError as error:
        if "; " in str(error):
            raise
        raise _broken(error) from None
    except Exception as error:  # noqa: BLE001 - what a broken picture makes Pillow raise is not written down anywhere
        raise _broken(error) from None


def _broken(error: Exception) -> ValueError:
    return ValueError(f"is broken ({str(error)[:80] or type(error).__name__}); save it again")


def _smaller(image: Image.Image, *, most: int, most_bytes: int) -> Picture:
    """The picture upright and at most `most` pixels wide, in few bytes."""
    if image.format == "JPEG" and min(image.size) > 4 * most:
        image.draft(image.mode, (2 * most, 2 * most))  # decoded at a half or less, still finer than what is wanted
    is_few = image.mode in ("1", "L", "P") and not _is_photograph(image)
    full = _in_plain_colours(ImageOps.exif_transpose(image))
    width = min(full.width, most)
    height = max(1, round(full.height * width / full.width))
    is_clear = full.mode in ("RGBA", "LA") and full.getchannel("A").getextrema() != (_OPAQUE, _OPAQUE)
    if full.mode in ("RGBA", "LA") and not is_clear:
        full = full.convert(full.mode.removesuffix("A"))
    is_drawing = is_few or (image.format != "JPEG" and not _is_photograph(full))
    # Lanczos is sharpest, and leaves a ripple beside an edge that would be seen on a drawing's even ground.
    filter_ = Image.Resampling.HAMMING if is_drawing else Image.Resampling.LANCZOS
    small = full.resize((width, height), filter_, reducing_gap=3.0)
    tries = _as_png(small, few=is_drawing and not is_clear) if is_clear or is_drawing else _as_jpeg(small)
    extension, media_type = _FORMATS["PNG" if is_clear or is_drawing else "JPEG"]
    return Picture(
        data=_first_within(tries, most_bytes), extension=extension, media_type=media_type, width=width, height=height
    )


def _in_plain_colours(image: Image.Image) -> Image.Image:
    """The picture in RGB, RGBA, L or LA, its colours those of sRGB."""
    profile = image.info.get("icc_profile")
    if image.mode == "1" or (image.mode == "P" and "transparency" not in image.info):
        return image.convert("L" if image.mode == "1" else "RGB")
    if image.mode == "P" or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode.startswith("I") or image.mode == "F":  # sixteen bits, which convert() would clip
        return image.convert("F").point(lambda value: value * (1 / 257) + 0).convert("L")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):  # a damaged profile: the numbers are taken as they are
            converted = None
        image = converted or image
    return image if image.mode in ("RGB", "RGBA", "L", "LA") else image.convert("RGB")


def _is_photograph(image: Image.Image) -> bool:
    """Whether hardly any pixels share their colour with many others."""
    sample = image.convert("RGB") if image.mode not in ("RGB", "L", "P", "1") else image
    step = max(1, max(sample.size) // 512)
    # Every step-th pixel as it is: a filter would make new colours.
    sample = sample.resize((max(1, sample.width // step), max(1, sample.height // step)), Image.Resampling.NEAREST)
    counted = sample.getcolors(sample.width * sample.height) or []
    main = sum(sorted((count for count, _ in counted), reverse=True)[:_MAIN_COLOURS])
    return main < _MAIN_SHARE * sample.width * sample.height


def _as_png(image: Image.Image, *, few: bool) -> Iterator[bytes]:
    """The picture without loss where it has few colours anyway, then with ever fewer."""
    if not few or image.getcolors(_COLOURS) is not None:
        yield _written(image, "PNG", optimize=True)
    for colours in _SMALLER_PALETTES:
        yield _written(_quantized(image, colours), "PNG", optimize=True)


def _quantized(image: Image.Image, colours: int) -> Image.Image:
    """The picture in so many colours, without dots in place of those that are gone."""
    if not image.mode.endswith("A"):
        # With few colours the median would let a thin red line go grey for the sake of large even grounds.
        method = Image.Quantize.MEDIANCUT if colours == _COLOURS else Image.Quantize.MAXCOVERAGE
        return image.convert("RGB").quantize(colours, method=method, dither=Image.Dither.NONE)
    few = image.convert("RGBA").quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = few.getpalette("RGBA") or []
    # The method takes the middle of each colour's share, so that nothing is quite opaque or quite clear any more.
    palette[3::4] = [0 if one < _NEAR else _OPAQUE if one > _OPAQUE - _NEAR else one for one in palette[3::4]]
    few.putpalette(palette, "RGBA")
    return few


def _as_jpeg(image: Image.Image) -> Iterator[bytes]:
    for quality in _QUALITIES:
        yield _written(image, "JPEG", quality=quality, optimize=True, progressive=True, subsampling="4:2:0")


def _written(image: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    for key in ("icc_profile", "exif", "xmp", "dpi", "comment"):
        image.info.pop(key, None)
    image.save(data, kind, **options)
    return data.getvalue()


def _first_within(tries: Iterable[bytes], most_bytes: int) -> bytes:
    """The first try that is no larger than what there was, else the smallest."""
    seen: list[bytes] = []
    for one in tries:
        if len(one) <= most_bytes:
            return one
        seen.append(one)
    return min(seen, key=len)
