"""Pictures: found within the publication, looked at, named by their content."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from sparkpub.adapters.images import read_asset

ISSUE = "issues/1917/a.md"


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
