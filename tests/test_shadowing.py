"""Files of the publication's own that stand where the site has a page: told, for readers do not see the page."""

from pathlib import Path

import pytest

from cli_runner import sparkpub, write_issue


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("index.html", "index.html"),
        ("issues/now", "issues/now/index.html"),
        ("issues/now/index.html", "issues/now/index.html"),
        ("atom.xml", "atom.xml"),
    ],
)
def test_a_file_in_the_place_of_a_page_is_told_by_each_build(gazette: Path, name: str, place: str) -> None:
    write_issue(gazette, "now", 'title: "Now"\nrelease: "2026-02-01"')
    assert sparkpub("release", "now", "--yes", "--now", "2026-02-02", cwd=gazette).code == 0
    assert (gazette / "public" / place).is_file()
    path = gazette / "static" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    for _ in range(2):
        done = sparkpub("build", cwd=gazette)
        assert done.code == 0
        assert f"static/{name}: it stands in the place of /{place}" in done.err
    path.unlink()
    assert "stands in the place" not in sparkpub("build", cwd=gazette).err


def test_a_look_of_ones_own_is_meant(gazette: Path) -> None:
    (gazette / "static" / "style.css").write_text("body { color: red }")
    (gazette / "static" / "about.html").write_text("mine")
    assert "stands in the place" not in sparkpub("build", cwd=gazette).err
