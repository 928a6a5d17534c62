"""Documents that cannot drift: commands, links, the tour of the README, the glossary, the generated pages."""

import enum
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sparkpub.cli import COMMANDS, sparkpub
from sparkpub.core import decisions, model

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
TYPED = re.compile(r"`sparkpub ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+))?")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def command_paths() -> list[str]:
    paths = []
    for name in COMMANDS:
        command = sparkpub.get_command(click.Context(sparkpub), name)
        paths.append(name)
        paths += [f"{name} {sub}" for sub in command.commands] if isinstance(command, click.Group) else []
    return paths


def test_the_generated_pages_are_what_the_code_says() -> None:
    pages = sorted(str(path) for path in REFERENCE.glob("*.md"))
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", "-r", *pages], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n`make docs` writes them anew"


@pytest.mark.parametrize("path", command_paths())
def test_every_command_is_documented(path: str) -> None:
    assert re.search(rf"^#+ `sparkpub {path}`$", read(REFERENCE / "cli.md"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(re.sub(r"```.*?```", "", read(page), flags=re.DOTALL)):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, fragment = target.partition("#")
        path = page if not file else page.parent / file
        assert path.exists(), f"{page.name} links to {target}"
        if fragment:
            assert fragment in {slug(heading) for heading in HEADING.findall(read(path))}, f"{page.name}: {target}"


def slug(heading: str) -> str:
    """The anchor that code hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    known = command_paths()
    for name, sub in TYPED.findall(read(page)):
        assert name in known, f"{page.name} names `sparkpub {name}`"
        if name == "subscribers" and sub:
            assert f"{name} {sub}" in known


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    pending = [ROOT / "README.md"]
    while pending:
        page = pending.pop()
        seen.add(page)
        targets = {(page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(read(page))}
        pending += [path for path in targets if path.suffix == ".md" and path.exists() and path not in seen]
    assert not set(PAGES) - seen


def tour() -> list[str]:
    """The lines of the README's tour, without the one that installs."""
    block = read(ROOT / "README.md").partition("## A tour")[2].partition("```sh\n")[2].partition("```")[0]
    return [line for line in block.splitlines() if line.strip() and "pip install" not in line]


def test_the_tour_of_the_readme_works_line_by_line(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    program = tools / "sparkpub"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m sparkpub "$@"\n')
    program.chmod(0o755)
    environ = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    here = tmp_path
    assert len(tour()) >= 9
    for line in tour():
        done = subprocess.run(
            ["bash", "-c", f"{line}\nended=$?; pwd > {tmp_path}/here; exit $ended"],
            cwd=here,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        here = Path((tmp_path / "here").read_text().strip())
    assert (here / "look" / "email.html").exists()
    assert list((here / "var" / "simulation" / "mail" / "new").iterdir())
    assert (here / "public" / "index.html").exists()


def nouns() -> list[str]:
    return [
        re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value.__name__).lower()
        for module in (model, decisions)
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and not value.__name__.startswith("_")
    ]


@pytest.mark.parametrize("noun", [*nouns(), "publication", "series", "audience", "press", "ledger", "article"])
def test_the_glossary_has_every_noun(noun: str) -> None:
    assert f"| **{noun}** | " in read(REFERENCE / "glossary.md")


def test_the_glossary_has_every_word_for_a_state() -> None:
    text = read(REFERENCE / "glossary.md")
    for value in vars(model).values():
        if isinstance(value, type) and issubclass(value, enum.Enum) and value.__module__ == model.__name__:
            assert all(re.search(rf"\b{re.escape(str(member.value))}\b", text) for member in value), value


def test_every_exit_code_is_explained() -> None:
    text = read(REFERENCE / "errors.md")
    assert all(f"| {code} | " in text for code in (0, 1, 2, 3, 4, 70, 75, 130))
