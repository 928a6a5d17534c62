"""A warm build equals a cold one, whatever changed since and wherever it was broken off."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building_world import (
    Told,
    World,
    a_world,
    build_elsewhere,
    build_here,
    changed,
    on_disk,
    starter_template,
)
from sparkpub.building import BuildReport
from sparkpub.building.crew import SLIPS, Crew
from sparkpub.core.build_keys import key_of
from sparkpub.press import open_publication

Change = Callable[[World, int], World]

NEW = Told(id="new", slug="new", title="New", body="Just out.", on=date(2018, 1, 1), tags=("bread",), series="letters")


class Killed(Exception):  # noqa: N818 - it is no error of ours
    """The build was broken off here."""


def _with_template(name: str, words: str) -> Change:
    return lambda world, _: replace(world, templates={**world.templates, name: starter_template(name) + words})


def _without(world: World, index: int) -> World:
    at = index % len(world.told) if world.told else 0
    return replace(world, told=world.told[:at] + world.told[at + 1 :])


def _with_new(world: World, index: int) -> World:
    if any(one.id == NEW.id for one in world.told):
        return world
    at = index % (len(world.told) + 1)
    return replace(world, told=(*world.told[:at], NEW, *world.told[at:]))


CHANGES = MappingProxyType[str, Change](
    {
        "body": lambda world, n: changed(world, n, body="Other words, more of them than before."),
        "title": lambda world, n: changed(world, n, title="Another title"),
        "tags": lambda world, n: changed(world, n, tags=("bread", "peace")),
        "date": lambda world, n: changed(world, n, on=date(2014, 8, 1 + n % 28)),
        "slug": lambda world, n: changed(world, n, slug=f"moved-{n}"),
        "series": lambda world, n: changed(world, n, series=""),
        "correction": lambda world, n: changed(world, n, updated_on=date(2018, 2, 3)),
        "alias": lambda world, n: changed(world, n, aliases=("/older/", "/archive/")),
        "picture": lambda world, n: changed(world, n, has_picture=False, body="No picture."),
        "rename": lambda world, n: changed(world, n, id=f"renamed-{n}"),
        "new": _with_new,
        "delete": _without,
        "card template": _with_template("card.html.j2", "<!-- {{ card.article.issue.tags | join }} -->\n"),
        "entry template": _with_template("entry.html.j2", "<p>Read on.</p>\n"),
        "stylesheet": _with_template("style.css.j2", "b { color: red; }\n"),
        "theme gone": lambda world, _: replace(world, templates={}),
        "name": lambda world, _: replace(world, title="The Other Paper"),
        "series name": lambda world, _: replace(world, series_title="Epistles"),
        "shorter feeds": lambda world, _: replace(world, per_feed=1),
        "static": lambda world, n: replace(world, static={"icon.svg": f"<svg>{n}</svg>", "a/b.txt": "b"}),
        "static over a page": lambda world, _: replace(world, static={"robots.txt": "mine", "archive": "a file"}),
        "no static": lambda world, _: replace(world, static={}),
    }
)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world that was built once, to be copied."""
    folder = tmp_path_factory.mktemp("first") / "world"
    a_world().write(folder)
    build_here(folder)
    return folder


def copy_of(first: Path, tmp_path: Path) -> Path:
    """The world with what its build remembers, at another place; files keep their times."""
    folder = tmp_path / "world"
    shutil.copytree(first, folder)
    name = next((folder / "var" / "cache").glob("site-*.db")).name
    here = f"site-{_place(folder / 'public')}.db"
    for path in (folder / "var" / "cache").glob(f"{name}*"):
        path.rename(path.with_name(path.name.replace(name, here)))
    return folder


def _place(out: Path) -> str:
    from hashlib import sha256

    return sha256(str(out.resolve()).encode()).hexdigest()[:16]


def cold(world: World, folder: Path) -> dict[str, bytes]:
    shutil.rmtree(folder, ignore_errors=True)
    world.write(folder)
    build_here(folder)
    return on_disk(folder / "public")


@pytest.mark.parametrize("name", CHANGES)
def test_build_after_a_change_equals_a_cold_one(first: Path, tmp_path: Path, name: str) -> None:
    folder = copy_of(first, tmp_path)
    world = CHANGES[name](a_world(), 4)
    world.write(folder)
    build_here(folder)
    assert on_disk(folder / "public") == cold(world, tmp_path / "cold")


def _changes() -> st.SearchStrategy[list[tuple[str, int]]]:
    return st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 9)), min_size=1, max_size=3)


def _try_changes(tmp_path: Path, first: Path, rounds: list[tuple[list[tuple[str, int]], int]]) -> None:
    """Build after each round of changes, broken off after so many steps; in the end as a cold build ends."""
    folder = copy_of(first, tmp_path)
    world = a_world()
    for changes, stop in rounds:
        for name, index in changes:
            world = CHANGES[name](world, index)
        world.write(folder)

        def kill(done: int, total: int, stop: int = stop) -> None:
            del total
            if done == stop:
                raise Killed

        try:
            build_here(folder, progress=kill)
        except Killed:
            (folder / "public" / ".0123456789abcdef.new").write_bytes(b"half a pa")
    build_here(folder)
    assert on_disk(folder / "public") == cold(world, tmp_path / "cold")


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rounds=st.lists(st.tuples(_changes(), st.integers(1, 130)), min_size=1, max_size=3))
def test_builds_broken_off_between_changes_end_like_a_cold_one(
    tmp_path_factory: pytest.TempPathFactory, first: Path, rounds: list[tuple[list[tuple[str, int]], int]]
) -> None:
    _try_changes(tmp_path_factory.mktemp("warm"), first, rounds)


@pytest.mark.soak
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rounds=st.lists(st.tuples(_changes(), st.integers(1, 130)), min_size=1, max_size=5))
def test_many_builds_broken_off_between_changes_end_like_a_cold_one(
    tmp_path_factory: pytest.TempPathFactory, first: Path, rounds: list[tuple[list[tuple[str, int]], int]]
) -> None:
    _try_changes(tmp_path_factory.mktemp("warm"), first, rounds)


def _kill_at(stops: range | tuple[int, ...], first: Path, tmp_path: Path) -> None:
    world = CHANGES["name"](CHANGES["new"](a_world(), 2), 0)
    expected = cold(world, tmp_path / "cold")
    for stop in stops:
        folder = copy_of(first, tmp_path / str(stop))
        world.write(folder)
        assert build_elsewhere(folder, stop=stop) == -signal.SIGKILL
        build_here(folder)
        assert on_disk(folder / "public") == expected


def test_killed_build_is_finished_by_the_next(first: Path, tmp_path: Path) -> None:
    _kill_at((3, 40, 70), first, tmp_path)


@pytest.mark.soak
def test_build_killed_at_any_step_is_finished_by_the_next(first: Path, tmp_path: Path) -> None:
    _kill_at(range(1, 80, 2), first, tmp_path)


def test_build_without_a_change_writes_nothing_and_looks_at_every_file(first: Path, tmp_path: Path) -> None:
    folder = copy_of(first, tmp_path)
    report = build_here(folder)
    assert (report.written, report.removed) == (0, 0)
    assert report.files == len(on_disk(folder / "public"))
    page = folder / "public" / "issues" / "one" / "index.html"
    before = page.read_bytes()
    page.write_bytes(b"vandalised")
    assert build_here(folder).changed == ("issues/one/index.html",)
    assert page.read_bytes() == before
    page.unlink()
    assert build_here(folder).changed == ("issues/one/index.html",)


def test_file_that_was_touched_is_read_and_left_alone(first: Path, tmp_path: Path) -> None:
    folder = copy_of(first, tmp_path)
    page = folder / "public" / "issues" / "one" / "index.html"
    os.utime(page, ns=(1, 1))
    assert build_here(folder).written == 0
    assert page.stat().st_mtime_ns == 1


def test_correction_of_a_body_writes_what_shows_it(first: Path, tmp_path: Path) -> None:
    folder = copy_of(first, tmp_path)
    world = changed(a_world(), 0, body="Mended words.", updated_on=date(2018, 2, 3))
    world.write(folder)
    report = build_here(folder)
    assert {"issues/one/index.html", "2015/index.html", "2015/feed.xml", "tags/bread/index.html"} <= set(report.changed)
    assert not {"issues/pic/index.html", "2017/index.html", "tags/x/feed.xml", "style.css"} & set(report.changed)


def test_new_release_leaves_the_pages_of_others_alone(first: Path, tmp_path: Path) -> None:
    folder = copy_of(first, tmp_path)
    later = replace(NEW, series="", on=date(2017, 10, 1))
    replace(a_world(), told=(*a_world().told, later)).write(folder)
    changed_pages = {name for name in build_here(folder).changed if name.startswith("issues/")}
    assert changed_pages == {"issues/new/index.html"}


def many() -> World:
    """Enough pieces that a mate is called."""
    told = tuple(
        Told(
            id=f"p{n}",
            slug=f"p{n}",
            title=f"Piece {n}",
            body=f"Words of *{n}*.",
            on=date(2010 + n // 28, 1, 1 + n % 28),
        )
        for n in range(170)
    )
    return World(told=told, per_feed=25)


SURROUNDINGS = (
    {"TZ": "Asia/Tehran", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "1"},
    {"TZ": "Pacific/Apia", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "2", "PYTHONUTF8": "1"},
)


def test_cold_builds_are_the_same_bytes_in_any_surroundings(tmp_path: Path) -> None:
    world = many()
    built = []
    for jobs, environ in enumerate(SURROUNDINGS, start=1):
        folder = tmp_path / f"folder {jobs}" / "deeper"
        world.write(folder)
        assert build_elsewhere(folder, jobs=jobs, environ=environ) == 0
        built.append(on_disk(folder / "public"))
    assert built[0] == built[1]


@pytest.mark.soak
def test_number_of_processes_is_not_seen_in_what_they_make(tmp_path: Path) -> None:
    world = many()
    built = []
    for jobs in (1, 2, 3, 4):
        folder = tmp_path / str(jobs)
        world.write(folder)
        assert build_elsewhere(folder, jobs=jobs, environ={"PYTHONHASHSEED": str(jobs)}) == 0
        built.append(on_disk(folder / "public"))
    assert all(one == built[0] for one in built)


def test_work_of_a_mate_that_is_gone_is_done_here(tmp_path: Path) -> None:
    a_world().write(tmp_path)
    crew = Crew(tmp_path, open_publication(tmp_path).settings, tmp_path / "cache.db", "", 2)
    crew.call()
    (mate,) = crew._mates
    mate.process.kill()
    try:
        made = list(crew.spread(SLIPS, range(40), name=lambda n: n, here=lambda n: n * n))
    finally:
        crew.close()
    assert sorted(made) == [(n, n * n) for n in range(40)]


def test_mate_that_cannot_read_what_it_is_asked_ends(tmp_path: Path) -> None:
    a_world().write(tmp_path)
    crew = Crew(tmp_path, open_publication(tmp_path).settings, tmp_path / "cache.db", "", 2)
    crew.call()
    (mate,) = crew._mates
    mate.line.send_bytes(b"nothing that can be read")
    try:
        mate.process.wait(timeout=20)
        made = list(crew.spread(SLIPS, range(40), name=lambda n: n, here=lambda n: n * n))
    finally:
        crew.close()
    assert sorted(made) == [(n, n * n) for n in range(40)]


_BOSS = """\
import sys, time
from pathlib import Path
from sparkpub.building.crew import Crew
from sparkpub.press import open_publication
folder = Path(sys.argv[1])
crew = Crew(folder, open_publication(folder).settings, folder / "cache.db", "", 2)
crew.call()
print(crew._mates[0].process.pid, flush=True)
time.sleep(60)
"""


def test_mate_ends_when_its_build_is_killed(tmp_path: Path) -> None:
    a_world().write(tmp_path)
    with subprocess.Popen([sys.executable, "-c", _BOSS, str(tmp_path)], stdout=subprocess.PIPE) as boss:
        assert boss.stdout
        pid = int(boss.stdout.readline())
        boss.kill()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and _state(pid) != "Z":
        assert time.monotonic() < deadline, "the mate is still there"
        time.sleep(0.05)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


_IMPORTS = """\
import sys
from sparkpub.cli import main
try:
    main(["build", "--publication", sys.argv[1], "--quiet", "--json"])
except SystemExit as end:
    assert not end.code, end.code
heavy = ("pydantic", "jinja2", "markdown_it", "feedgen", "lxml", "PIL", "rich", "premailer", "icalendar", "yaml", "nh3")
print([name for name in heavy if name in sys.modules], file=sys.stderr)
"""


def test_build_without_a_change_imports_nothing_that_renders(first: Path, tmp_path: Path) -> None:
    folder = copy_of(first, tmp_path)
    command = [sys.executable, "-c", _IMPORTS, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert '"written": 0' in done.stdout
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_key_tells_values_of_different_shapes_apart() -> None:
    keys = [
        key_of("a", "b"),
        key_of("ab"),
        key_of("a", ("b",)),
        key_of("a,b"),
        key_of("a", None),
        key_of(1),
        key_of("1"),
    ]
    assert len(set(keys)) == len(keys)
    assert key_of("\ud800") == key_of("\ud800")


def test_part_that_pages_share_may_lead_to_a_piece(tmp_path: Path) -> None:
    about = '<a class="about" href="{{ link("/issues/last/") }}"></a><p class="imprint">'
    base = starter_template("base.html.j2").replace('<p class="imprint">', about)
    replace(a_world(), templates={"base.html.j2": base}).write(tmp_path)
    build_here(tmp_path)
    pages = {path.parent: path.read_text(encoding="utf-8") for path in tmp_path.glob("public/issues/**/index.html")}
    links = {page: re.findall(r'class="about" href="([^"]*)"', text) for page, text in pages.items()}
    assert len(links) == 8
    assert {(page / link).resolve() for page, (link,) in links.items()} == {tmp_path / "public/issues/last"}


def test_report_counts_pages_and_files(first: Path, tmp_path: Path) -> None:
    folder = copy_of(first, tmp_path)
    again = build_here(folder)
    world = a_world()
    world.write(tmp_path / "cold")
    fresh: BuildReport = build_here(tmp_path / "cold")
    assert (again.pages, again.files) == (fresh.pages, fresh.files)
