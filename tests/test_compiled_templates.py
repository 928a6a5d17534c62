"""Templates that were compiled before are not compiled again, and nothing else is trusted."""

from pathlib import Path

import jinja2
import pytest

from sparkpub.adapters.templates.compiled import CompiledTemplates


def rendered(folder: Path, *, ground: str = "one", text: str = "Hello, {{ name }}.") -> str:
    templates = jinja2.Environment(
        loader=jinja2.DictLoader({"page.html": text}), bytecode_cache=CompiledTemplates(ground, folder), autoescape=True
    )
    return templates.get_template("page.html").render(name="Ada")


def kept(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_ino) for path in folder.iterdir()}


def test_template_is_compiled_once(tmp_path: Path) -> None:
    assert rendered(tmp_path) == "Hello, Ada."
    before = kept(tmp_path)
    assert len(before) == 1
    assert rendered(tmp_path) == "Hello, Ada."
    assert kept(tmp_path) == before


@pytest.mark.parametrize("change", [{"ground": "two"}, {"text": "Farewell, {{ name }}."}])
def test_template_of_another_ground_or_text_is_compiled_anew(tmp_path: Path, change: dict[str, str]) -> None:
    rendered(tmp_path)
    before = kept(tmp_path)
    assert rendered(tmp_path, **change) == change.get("text", "Hello, {{ name }}.").replace("{{ name }}", "Ada")
    assert kept(tmp_path).keys() == before.keys()
    assert kept(tmp_path) != before


@pytest.mark.parametrize("keep", [0, 10, 40, 60])
def test_file_that_was_cut_off_is_no_obstacle(tmp_path: Path, keep: int) -> None:
    rendered(tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:keep])
    assert rendered(tmp_path) == "Hello, Ada."


def test_folder_that_is_not_there_is_no_obstacle(tmp_path: Path) -> None:
    assert rendered(tmp_path / "nowhere") == "Hello, Ada."
    assert not (tmp_path / "nowhere").exists()


def test_oldest_files_go_when_there_are_too_many(tmp_path: Path) -> None:
    for number in range(420):
        (tmp_path / f"{number}.template").touch()
    (tmp_path / "module.pyc").touch()
    rendered(tmp_path)
    assert len(kept(tmp_path)) == 401
    assert "module.pyc" in kept(tmp_path)
