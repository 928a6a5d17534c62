"""Pictures: found within the publication, looked at, named by their content."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw

from sparkpub.adapters.images import read_asset
from sparkpub.adapters.templates import starter_templates
from sparkpub.core.pictures import Picture, shown_picture

ISSUE = "issues/1917/a.md"
COLUMN = 520


def shown(data: bytes) -> Picture:
    return shown_picture(data, column=COLUMN)


def picture(kind: str = "PNG", size: tuple[int, int] = (30, 20), **more: object) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "#8c1c13").save(data, kind, **more)
    return data.getvalue()


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def refused(folder: Path, src: str) -> str:
    with pytest.raises(ValueError, match="; ") as raised:
        read_asset(folder, ISSUE, src)
    return str(raised.value)


@pytest.mark.parametrize(
    ("kind", "extension", "media_type"),
    [
        ("PNG", "png", "image/png"),
        ("JPEG", "jpg", "image/jpeg"),
        ("GIF", "gif", "image/gif"),
        ("WEBP", "webp", "image/webp"),
    ],
)
def test_a_picture_is_named_by_its_content(tmp_path: Path, kind: str, extension: str, media_type: str) -> None:
    put(tmp_path / "issues" / "1917" / "Nevský Prospekt.bin", picture(kind))
    asset = read_asset(tmp_path, ISSUE, "Nevský Prospekt.bin")
    digest, _, name = asset.name.partition("-")
    assert len(digest) == 16
    assert name == f"nevsky-prospekt.{extension}"
    assert (asset.media_type, asset.width, asset.height) == (media_type, 30, 20)
    assert asset.data == picture(kind)


def test_sources_are_relative_to_the_issue_or_come_from_static(tmp_path: Path) -> None:
    put(tmp_path / "issues" / "a.png", picture())
    put(tmp_path / "static" / "img" / "b.png", picture())
    assert read_asset(tmp_path, ISSUE, "../a.png").name.endswith("-a.png")
    assert read_asset(tmp_path, ISSUE, "/img/b.png").name.endswith("-b.png")


def test_percent_encoded_sources_find_their_file(tmp_path: Path) -> None:
    put(tmp_path / "issues" / "1917" / "a b é.png", picture())
    put(tmp_path / "issues" / "1917" / "100%25.png", picture())
    assert read_asset(tmp_path, ISSUE, "a%20b%20%C3%A9.png").width == 30
    assert read_asset(tmp_path, ISSUE, "100%25.png").width == 30


@pytest.mark.parametrize(
    "src",
    [
        "../../../secret.png",
        "%2e%2e/%2e%2e/%2e%2e/secret.png",
        "/../../secret.png",
        "link.png",
        "up/secret.png",
    ],
)
def test_nothing_outside_the_publication_is_read(tmp_path: Path, src: str) -> None:
    home = tmp_path / "home"
    secret = put(tmp_path / "secret.png", picture())
    (home / "issues" / "1917").mkdir(parents=True)
    (home / "issues" / "1917" / "link.png").symlink_to(secret)
    (home / "issues" / "1917" / "up").symlink_to(tmp_path)
    assert "outside the publication" in refused(home, src)


@pytest.mark.parametrize(
    "src",
    [
        "https://example.org/a.png",
        "//example.org/a.png",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "\\\\h\\a",
    ],
)
def test_addresses_are_no_files(tmp_path: Path, src: str) -> None:
    assert "is not a file of the publication" in refused(tmp_path, src)


@pytest.mark.parametrize("src", ["missing.png", "", "a\x00.png", "%00", "x" * 5000, ".", "/", "self.png"])
def test_a_missing_picture_is_named_with_its_place(tmp_path: Path, src: str) -> None:
    (tmp_path / "issues" / "1917").mkdir(parents=True)
    (tmp_path / "issues" / "1917" / "self.png").symlink_to(tmp_path / "issues" / "1917" / "self.png")
    assert "there is no picture" in refused(tmp_path, src)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"not a picture", picture()[:60], picture("JPEG")[:30], b"BM" + b"x" * 60]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    put(tmp_path / "issues" / "1917" / "a.png", data)
    assert "a.png" in refused(tmp_path, "a.png")


@pytest.mark.parametrize("name", ["a.svg", "a.png"])
def test_svg_is_refused_by_name_and_by_content(tmp_path: Path, name: str) -> None:
    put(tmp_path / "issues" / "1917" / name, b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')
    assert "is SVG" in refused(tmp_path, name)


@pytest.mark.parametrize("side", [6_400, 9_500, 60_000])
def test_a_bomb_of_pixels_is_refused_from_its_header_alone(tmp_path: Path, side: int) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    empty = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    put(tmp_path / "issues" / "1917" / "a.png", b"\x89PNG\r\n\x1a\n" + chunk + empty)
    assert "more than 40 megapixels" in refused(tmp_path, "a.png")


def test_a_file_above_twenty_megabytes_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "issues" / "1917" / "a.png", picture() + b"x" * 20_000_000)
    assert "larger than 20 MB" in refused(tmp_path, "a.png")


def test_a_photograph_lying_on_its_side_has_the_size_it_is_shown_in(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    put(tmp_path / "issues" / "1917" / "a.jpg", picture("JPEG", exif=exif))
    asset = read_asset(tmp_path, ISSUE, "a.jpg")
    assert (asset.width, asset.height) == (20, 30)


def shape(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def photograph(size: tuple[int, int] = (1400, 900), kind: str = "JPEG", mode: str = "RGB", **more: Any) -> bytes:
    """Noise over a gradient: no two pixels next to each other are alike, as in a photograph."""
    grain = Image.effect_noise((size[0] // 4, size[1] // 4), 60).resize(size, Image.Resampling.BICUBIC)
    slope = Image.linear_gradient("L").resize(size)
    data = io.BytesIO()
    Image.merge("RGB", (grain, slope, grain)).convert(mode).save(data, kind, **more)
    return data.getvalue()


def drawing(size: tuple[int, int] = (1600, 800), kind: str = "PNG", mode: str = "RGB", **more: Any) -> bytes:
    """Black and red lines on paper."""
    image = Image.new("RGB", size, "#fffdf8")
    pen = ImageDraw.Draw(image)
    for step in range(0, size[0], 90):
        pen.line([(step, 0), (size[0] - step, size[1])], fill="#1f1d1a" if step % 180 else "#8c1c13", width=4)
    data = io.BytesIO()
    image.convert(mode, dither=Image.Dither.NONE).save(data, kind, **more)
    return data.getvalue()


def faded(kind: str) -> bytes:
    """A drawing that fades to nothing."""
    image = Image.open(io.BytesIO(drawing())).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    data = io.BytesIO()
    image.save(data, kind, **({"lossless": True} if kind == "WEBP" else {}))
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(photograph(quality=90), "JPEG", id="photograph"),
        pytest.param(photograph(quality=20), "JPEG", id="photograph-saved-small"),
        pytest.param(photograph(mode="L"), "JPEG", id="grey-photograph"),
        pytest.param(photograph(mode="CMYK"), "JPEG", id="photograph-for-print"),
        pytest.param(photograph(size=(4300, 4200), quality=60), "JPEG", id="large-photograph"),
        pytest.param(photograph(kind="PNG"), "JPEG", id="photograph-as-png"),
        pytest.param(photograph(kind="PNG", mode="RGBA"), "JPEG", id="photograph-with-an-idle-alpha"),
        pytest.param(photograph(kind="WEBP"), "JPEG", id="photograph-as-webp"),
        pytest.param(drawing(), "PNG", id="drawing"),
        pytest.param(drawing(mode="P"), "PNG", id="drawing-of-few-colours"),
        pytest.param(drawing(mode="1"), "PNG", id="drawing-in-black"),
        pytest.param(drawing(mode="L"), "PNG", id="grey-drawing"),
        pytest.param(drawing(kind="GIF"), "PNG", id="drawing-as-gif"),
        pytest.param(faded("PNG"), "PNG", id="transparent"),
        pytest.param(faded("WEBP"), "PNG", id="transparent-webp"),
    ],
)
def test_a_large_picture_becomes_twice_as_wide_as_it_is_shown(data: bytes, kind: str) -> None:
    small, before = shown(data), shape(data)
    after = shape(small.data)
    assert (small.width, after.size) == (1040, (small.width, small.height))
    assert small.height == round(before.height * 1040 / before.width)
    assert after.format == kind
    assert len(small.data) <= len(data)
    assert shown(small.data).data == small.data


@pytest.mark.parametrize("data", [photograph(), drawing(), faded("PNG")], ids=["photograph", "drawing", "transparent"])
def test_the_same_picture_comes_out_in_the_same_bytes(data: bytes) -> None:
    assert shown(data) == shown(data)


def test_a_drawing_keeps_its_edges_and_its_colours() -> None:
    after = shape(shown(drawing()).data).convert("RGB")
    most = max(after.getcolors(after.width * after.height) or [])
    assert most[1] == (255, 253, 248)


@pytest.mark.parametrize("name", ["issues/on-this-day/images/eclipse.png", "static/images/september-1752.png"])
def test_a_thin_line_keeps_its_red_in_few_colours(name: str) -> None:
    after = shape(shown((starter_templates().parent / name).read_bytes()).data).convert("RGB")
    colours: Any = after.getcolors(after.width * after.height)
    assert min(abs(r - 0x8C) + abs(g - 0x1C) + abs(b - 0x13) for _, (r, g, b) in colours) < 16


def test_what_is_transparent_stays_so() -> None:
    alpha = shape(shown(faded("PNG")).data).convert("RGBA").getchannel("A")
    assert alpha.getpixel((5, 0)) in range(4)
    assert alpha.getpixel((5, alpha.height - 1)) == 255


def test_in_few_colours_what_was_opaque_or_clear_still_is() -> None:
    image = Image.open(io.BytesIO(drawing(mode="RGBA")))
    image.paste((0, 0, 0, 0), (0, 0, 900, 900))
    data = io.BytesIO()
    image.quantize(8, method=Image.Quantize.FASTOCTREE).save(data, "PNG", optimize=True)
    after = shape(shown(data.getvalue()).data)
    alpha = after.convert("RGBA").getchannel("A")
    assert (alpha.getpixel((20, 20)), alpha.getpixel((1000, 20))) == (0, 255)


def test_sixteen_bits_of_grey_become_eight_without_burning_out() -> None:
    data = io.BytesIO()
    slope = Image.frombytes("I;16", (1600, 256), b"".join(bytes([row, row]) * 1600 for row in range(256)))
    slope.save(data, "PNG")
    grey = shape(shown(data.getvalue()).data).convert("L")
    assert 120 < grey.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) < 136  # type: ignore[operator]


@pytest.mark.parametrize("data", [photograph((1040, 700)), drawing((1040, 40)), drawing((8, 6000))])
def test_a_picture_that_is_small_enough_stands_byte_for_byte(data: bytes) -> None:
    assert shown(data).data is data


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_left_alone(kind: str) -> None:
    frames = [Image.new("RGB", (1400, 60), colour) for colour in ("#8c1c13", "#1f1d1a", "#fffdf8")]
    data = io.BytesIO()
    frames[0].save(data, kind, save_all=True, append_images=frames[1:])
    assert shown(data.getvalue()).data == data.getvalue()


def test_a_photograph_is_turned_upright_and_tells_nothing_of_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    small = shown(photograph((900, 600), exif=exif, comment=b"mine"))
    after = shape(small.data)
    assert (small.width, small.height) == after.size == (600, 900)
    assert not after.getexif()
    assert "comment" not in after.info


def test_colours_of_another_profile_become_those_of_screens() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for one in (profile, b"no profile"):
        after = shape(shown(photograph(icc_profile=one)).data)
        assert "icc_profile" not in after.info


def test_a_photograph_that_breaks_off_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "issues" / "1917" / "a.jpg", photograph()[:-5000])
    assert "is broken" in refused(tmp_path, "a.jpg")


def test_what_was_made_small_once_is_kept(tmp_path: Path) -> None:
    put(tmp_path / "issues" / "1917" / "a.jpg", photograph())
    first = read_asset(tmp_path, ISSUE, "a.jpg")
    (kept,) = (tmp_path / "var" / "cache" / "pictures").iterdir()
    assert kept.read_bytes() == first.data
    assert read_asset(tmp_path, ISSUE, "a.jpg") == first
    kept.write_bytes(first.data[:2000])
    assert read_asset(tmp_path, ISSUE, "a.jpg").width == 1040


def test_without_a_place_to_keep_it_a_picture_is_made_each_time(tmp_path: Path) -> None:
    put(tmp_path / "issues" / "1917" / "a.jpg", photograph())
    put(tmp_path / "var", b"a file in the way")
    assert read_asset(tmp_path, ISSUE, "a.jpg").width == 1040
