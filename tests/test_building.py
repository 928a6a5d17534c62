"""The site on disk: written once, kept when unchanged, cleaned of what nobody claims."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sample_site import PICTURE, SETTINGS, files_of, issue, many_articles, released, sample_articles, starter
from sparkpub.adapters.site_cache import Left, SiteCache
from sparkpub.building import BuildReport, Progress
from sparkpub.building.folder import Folder
from sparkpub.building.making import write_site
from sparkpub.core.article import Article


class Killed(Exception):  # noqa: N818 - it is no error of ours
    """The build was broken off here."""


def silent(done: int, total: int) -> None:
    assert 0 < done <= total


def built(
    tmp_path: Path,
    articles: list[Article],
    static: Mapping[str, Path] | None = None,
    progress: Progress = silent,
) -> BuildReport:
    with closing(SiteCache(cache_of(tmp_path))) as cache:
        folder = Folder(out=tmp_path / "public", cache=cache)
        return write_site(
            articles, SETTINGS, templates=starter(), static=static or {}, folder=folder, progress=progress
        )


def cache_of(tmp_path: Path) -> Path:
    return tmp_path / "var" / "cache" / "site.db"


def on_disk(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_of_the_site_is_written(tmp_path: Path) -> None:
    report = built(tmp_path, sample_articles())
    seen = on_disk(tmp_path / "public")
    expected = files_of(sample_articles())
    assert expected.items() <= seen.items()
    assert seen[f"media/{PICTURE.name}"] == PICTURE.data
    assert report.files == len(seen) == report.written
    assert report.pages == sum(name.endswith(".html") for name in expected)
    assert report.removed == 0


def test_build_that_changes_nothing_touches_nothing(tmp_path: Path) -> None:
    built(tmp_path, sample_articles())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    report = built(tmp_path, sample_articles())
    out = tmp_path / "public"
    assert report.written == report.removed == 0
    assert {p: p.stat().st_mtime_ns for p in before if p.is_relative_to(out)} == {
        p: t for p, t in before.items() if p.is_relative_to(out)
    }


def test_new_release_writes_what_shows_it_and_nothing_else(tmp_path: Path) -> None:
    built(tmp_path, sample_articles()[:-1])
    report = built(tmp_path, sample_articles())
    assert "issues/notice/index.html" in report.changed
    assert {"index.html", "feed.xml", "sitemap.xml"} <= set(report.changed)
    assert "tags/papers/feed.xml" not in report.changed
    assert "style.css" not in report.changed


def test_pages_are_written_before_lists_before_feeds_before_the_sitemap(tmp_path: Path) -> None:
    changed = built(tmp_path, sample_articles()).changed
    order = ["issues/notice/index.html", "index.html", "archive/index.html", "feed.xml", "sitemap.xml"]
    assert [name for name in changed if name in order] == order


def test_what_nobody_claims_any_more_goes_with_its_empty_folders(tmp_path: Path) -> None:
    built(tmp_path, sample_articles())
    report = built(tmp_path, sample_articles()[:1])
    out = tmp_path / "public"
    assert on_disk(out) == files_of(sample_articles()[:1])
    assert report.removed > 10
    assert not (out / "issues" / "leap").exists()
    assert not (out / "media").exists()


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "public"
    for name in ("CNAME", "issues/own/index.html", "tags/papers/note.txt"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("mine")
    built(tmp_path, sample_articles())
    built(tmp_path, [])
    assert {name for name, data in on_disk(out).items() if data == b"mine"} == {
        "CNAME",
        "issues/own/index.html",
        "tags/papers/note.txt",
    }


def test_static_files_are_copied_and_stand_where_they_say(tmp_path: Path) -> None:
    source = tmp_path / "static"
    source.mkdir()
    (source / "robots.txt").write_text("User-agent: *\nDisallow: /\n")
    (source / "icon.svg").write_text("<svg/>")
    static = {"robots.txt": source / "robots.txt", "img/icon.svg": source / "icon.svg"}
    built(tmp_path, sample_articles(), static)
    seen = on_disk(tmp_path / "public")
    assert seen["robots.txt"] == b"User-agent: *\nDisallow: /\n"
    assert seen["img/icon.svg"] == b"<svg/>"
    built(tmp_path, sample_articles())
    assert "img/icon.svg" not in on_disk(tmp_path / "public")


def test_stub_never_takes_the_place_of_a_page(tmp_path: Path) -> None:
    built(tmp_path, sample_articles())
    seen = on_disk(tmp_path / "public")
    assert b"http-equiv" in seen["old/september.html"]
    assert b"http-equiv" not in seen["archive/index.html"]


def test_stub_below_a_stub_that_is_a_file_is_left_out(tmp_path: Path) -> None:
    piece = issue("x", aliases=("/a.html", "/a.html/b/", "/feed.xml/c/"))
    built(tmp_path, [released(piece, date(2018, 1, 1))])
    seen = on_disk(tmp_path / "public")
    assert "a.html" in seen
    assert not [name for name in seen if name.startswith(("a.html/", "feed.xml/"))]


def test_file_may_become_a_folder_and_a_folder_a_file(tmp_path: Path) -> None:
    as_file = [released(issue("x", aliases=("/old.html",)), date(2018, 1, 1))]
    as_folder = [released(issue("x", aliases=("/old.html/deep/",)), date(2018, 1, 1))]
    for articles, expected in ((as_file, "old.html"), (as_folder, "old.html/deep/index.html"), (as_file, "old.html")):
        built(tmp_path, articles)
        seen = on_disk(tmp_path / "public")
        assert [name for name in seen if name.startswith("old.html")] == [expected]


@settings(max_examples=5)
@given(st.data())
def test_build_broken_off_anywhere_and_run_again_equals_a_cold_one(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    warm, cold = tmp_path_factory.mktemp("warm"), tmp_path_factory.mktemp("cold")
    articles = sample_articles()
    renamed = [replace(a, issue=replace(a.issue, tags=("new",))) for a in articles]
    states = [articles, articles[:2], renamed, articles[2:], []]
    for state in data.draw(st.lists(st.sampled_from(states), min_size=1, max_size=3)):
        stop = data.draw(st.integers(1, 70))

        def kill(done: int, total: int, stop: int = stop) -> None:
            del total
            if done == stop:
                half = warm / "public" / ".0123456789abcdef.new"
                half.write_bytes(b"half a pa")
                raise Killed

        try:
            built(warm, state, progress=kill)
        except Killed:
            continue
    last = data.draw(st.sampled_from(states))
    built(warm, last)
    built(cold, last)
    assert on_disk(warm / "public") == on_disk(cold / "public")


def test_record_that_was_tampered_with_removes_nothing_outside(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "public").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("mine")
    (tmp_path / "public" / "link").symlink_to(tmp_path / "elsewhere")
    lies = ["../precious", "/etc/hostname", "link/file", "a/../../precious"]
    with closing(SiteCache(cache_of(tmp_path))) as cache:
        cache.put_outputs({name: Left(key="", size=4, mtime=0, digest="", is_page=False) for name in lies})
    built(tmp_path, [])
    assert (tmp_path / "precious").exists()
    assert (tmp_path / "elsewhere" / "file").exists()


@pytest.mark.parametrize("data", [b"", b"[]", b"\x00" * 5000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_broken_memory_is_no_obstacle(tmp_path: Path, data: bytes) -> None:
    cache_of(tmp_path).parent.mkdir(parents=True)
    cache_of(tmp_path).write_bytes(data)
    assert built(tmp_path, []).written


def test_memory_of_another_version_still_tells_which_files_are_ours(tmp_path: Path) -> None:
    built(tmp_path, sample_articles())
    with closing(sqlite3.connect(cache_of(tmp_path))) as db:
        db.execute("PRAGMA user_version = 99")
    built(tmp_path, sample_articles()[:1])
    assert on_disk(tmp_path / "public") == files_of(sample_articles()[:1])


def test_progress_counts_to_the_number_of_files(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = built(tmp_path, many_articles(5), progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(1, report.files + 1))
    assert seen[-1] == (report.files, report.files)
