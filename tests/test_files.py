"""Files: issues and static files found, everything else written whole or not at all."""

import os
from pathlib import Path

import pytest

from sparkpub.adapters.files import list_issues, list_static, read_issues, remove, write_if_changed, write_new


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_issues_are_read_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.md", "a.md", "a/deep/er/c.md"):
        put(tmp_path / "issues" / name, name)
    put(tmp_path / "issues" / "picture.png")
    put(tmp_path / "README.md")
    found = list(read_issues(tmp_path))
    assert [path for path, _ in found] == ["issues/a.md", "issues/a/deep/er/c.md", "issues/a/z.md", "issues/b.md"]
    assert found[0][1] == b"a.md"


def test_a_publication_without_issues_has_none(tmp_path: Path) -> None:
    assert list(read_issues(tmp_path)) == []
    assert list_static(tmp_path) == ({}, ())


def test_hidden_files_pipes_and_folders_named_like_issues_are_no_issues(tmp_path: Path) -> None:
    put(tmp_path / "issues" / ".hidden.md")
    put(tmp_path / "issues" / ".git" / "a.md")
    put(tmp_path / "issues" / "folder.md" / "inner.md")
    os.mkfifo(tmp_path / "issues" / "pipe.md")
    assert [path for path, _ in read_issues(tmp_path)] == ["issues/folder.md/inner.md"]


def test_links_that_leave_the_issues_are_not_followed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    secret = put(tmp_path / "secret.md", "secret")
    put(home / "elsewhere" / "beside.md", "beside")
    put(home / "issues" / "b" / "inside.txt", "inside")
    (home / "issues" / "out.md").symlink_to(secret)
    (home / "issues" / "up").symlink_to(tmp_path)
    (home / "issues" / "inside.md").symlink_to(home / "issues" / "b" / "inside.txt")
    (home / "issues" / "beside.md").symlink_to(home / "elsewhere" / "beside.md")
    (home / "issues" / "pictures").symlink_to(home / "elsewhere")
    (home / "issues" / "picture.png").symlink_to(home / "elsewhere" / "beside.md")
    (home / "issues" / "loop").symlink_to(home / "issues")
    (home / "issues" / "self.md").symlink_to(home / "issues" / "self.md")
    assert list(read_issues(home)) == [("issues/inside.md", b"inside")]
    assert [(fault.path, fault.severity) for fault in list_issues(home).faults] == [
        ("issues/beside.md", "fault"),
        ("issues/out.md", "fault"),
        ("issues/pictures", "warning"),
        ("issues/up", "warning"),
    ]


def test_of_a_huge_file_only_so_much_is_read_as_shows_it(tmp_path: Path) -> None:
    put(tmp_path / "issues" / "a.md", "x" * 3_000_000)
    ((_, data),) = read_issues(tmp_path)
    assert len(data) == 1_000_001


def test_static_files_have_their_path_below_static(tmp_path: Path) -> None:
    put(tmp_path / "static" / "img" / "a.png")
    put(tmp_path / "static" / ".DS_Store")
    put(tmp_path / "static" / ".well-known" / "security.txt")
    files, faults = list_static(tmp_path)
    assert list(files) == [".well-known/security.txt", "img/a.png"]
    assert not faults


def test_a_new_file_is_never_written_over_another(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.md"
    write_new(path, b"one")
    with pytest.raises(FileExistsError):
        write_new(path, b"two")
    assert path.read_bytes() == b"one"
    assert [p.name for p in path.parent.iterdir()] == ["b.md"]


def test_a_dangling_link_is_in_the_way_of_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"x")
    assert not (tmp_path / "elsewhere").exists()


def test_unchanged_bytes_leave_the_file_untouched(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.html"
    assert write_if_changed(path, b"one")
    os.utime(path, (1, 1))
    assert not write_if_changed(path, b"one")
    assert path.stat().st_mtime == 1
    assert write_if_changed(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["a.html"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    put(path / "inner")
    with pytest.raises(OSError, match="a"):
        write_if_changed(path, b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_written_files_have_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    write_if_changed(tmp_path / "a", b"x")
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0o066 & ~_umask()


def test_removing_takes_the_folders_left_empty_and_no_more(tmp_path: Path) -> None:
    gone = put(tmp_path / "public" / "a" / "b" / "index.html")
    put(tmp_path / "public" / "kept.html")
    remove(gone, up_to=tmp_path / "public")
    remove(gone)
    assert sorted(p.name for p in (tmp_path / "public").iterdir()) == ["kept.html"]
    remove(tmp_path / "public" / "kept.html", up_to=tmp_path / "public")
    assert (tmp_path / "public").is_dir()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
