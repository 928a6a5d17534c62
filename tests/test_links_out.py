"""Links and names in the publication's folders: nothing private is published, and no file stops the others."""

import os
from pathlib import Path

import pytest

from cli_runner import process, sparkpub, write_issue
from powerless import powerless
from sparkpub.adapters.files import list_issues, list_static, read_issues

_KEY = "SPARKPUB_SECRET_KEY"


def published(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (folder / "public").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("sec.txt", "../secrets.env"),
        ("db", "../var/ledger.db"),
        ("all", ".."),
        ("var", "../var"),
        ("far", "/etc/passwd"),
    ],
)
def test_a_link_out_of_static_is_a_fault_and_its_target_is_not_published(gazette: Path, name: str, target: str) -> None:
    (gazette / "static" / name).symlink_to(target)
    (gazette / "static" / "plain.txt").write_text("plain")
    done = sparkpub("build", cwd=gazette)
    assert done.code == 2
    assert f"static/{name}: it is a link that leads out of static/" in done.err
    assert (gazette / "public" / "plain.txt").read_text() == "plain"
    assert not (gazette / "public" / name).exists()
    assert _KEY.encode() not in published(gazette)
    check = sparkpub("check", cwd=gazette)
    assert check.code == 2
    assert f"static/{name}" in check.err + check.out


@pytest.mark.parametrize("target", [".", "var", "issues/../var"])
def test_static_itself_as_a_link_publishes_neither_ledger_nor_secrets(gazette: Path, target: str) -> None:
    (gazette / "static").rmdir()
    (gazette / "static").symlink_to(target)
    assert sparkpub("build", cwd=gazette).code == 2
    assert not list((gazette / "public").rglob("ledger.db*"))
    assert _KEY.encode() not in published(gazette)


def test_a_link_within_static_is_followed(gazette: Path) -> None:
    (gazette / "static" / "real").mkdir()
    (gazette / "static" / "real" / "a.txt").write_text("a")
    (gazette / "static" / "b.txt").symlink_to("real/a.txt")
    (gazette / "static" / "again").symlink_to("real")
    assert sparkpub("build", cwd=gazette).code == 0
    assert (gazette / "public" / "b.txt").read_text() == "a"


def test_an_issue_that_is_a_link_to_the_secrets_is_a_fault_and_not_read(gazette: Path) -> None:
    (gazette / "issues" / "leak.md").symlink_to("../secrets.env")
    done = sparkpub("check", cwd=gazette)
    assert "issues/leak.md:1: it is a link that leads out of issues/" in done.out
    assert _KEY not in done.err + done.out
    assert [path for path, _ in read_issues(gazette)] == ["issues/hello.md"]


@pytest.mark.parametrize("place", ["email/pw", "site/pw", "pw"])
def test_a_template_that_is_a_link_out_is_a_fault_and_its_target_is_not_shown(gazette: Path, place: str) -> None:
    link = gazette / "templates" / place
    link.symlink_to(os.path.relpath(gazette / "secrets.env", link.parent))
    page = gazette / "templates" / "email" / "closing.html.j2"
    page.write_text(page.read_text() + f'{{% include "{place}" ignore missing %}}')
    done = sparkpub("render", "hello", "--out", "here", cwd=gazette)
    assert done.code == 2
    assert f"the template '{place}' is a link that leads out of templates/" in done.err
    assert not (gazette / "here").exists()


def test_a_template_in_a_linked_folder_and_a_linked_stylesheet_are_faults(gazette: Path) -> None:
    (gazette / "templates" / "up").symlink_to("..")
    page = gazette / "templates" / "email" / "closing.html.j2"
    sound = page.read_text()
    page.write_text(sound + '{% include "up/secrets.env" %}')
    assert "leads out of templates/" in sparkpub("render", "hello", "--out", "here", cwd=gazette).err
    page.write_text(sound)
    (gazette / "templates" / "email" / "embed.css").unlink()
    (gazette / "templates" / "email" / "embed.css").symlink_to("../../secrets.env")
    done = sparkpub("render", "hello", "--out", "here", cwd=gazette)
    assert "templates/email/embed.css: it is a link that leads out of templates/" in done.err


def test_a_template_that_is_a_link_to_another_is_read(gazette: Path) -> None:
    closing = gazette / "templates" / "email" / "closing.html.j2"
    closing.rename(closing.with_name("other.j2"))
    closing.symlink_to("other.j2")
    assert sparkpub("render", "hello", "--out", "here", cwd=gazette).code == 0


def test_a_name_that_is_not_utf8_is_a_fault_and_the_rest_is_built_and_sent(gazette: Path) -> None:
    write_issue(gazette, "now", 'title: "Now"\nrelease: "2026-02-01"')
    assert (
        sparkpub(
            "subscribers", "add", "ada@example.org", "--confirmed", "by hand", "--now", "2026-01-02", cwd=gazette
        ).code
        == 0
    )
    assert sparkpub("queue", "now", "--now", "2026-01-02", cwd=gazette).code == 0
    (gazette / "static" / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    (gazette / "templates" / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    done = sparkpub("run", "--once", "--now", "2026-02-01T23:00", cwd=gazette)
    assert done.code == 2
    assert "static/caf\\xe9.txt: its name is not UTF-8" in done.err
    assert len(list((gazette / "var" / "outbox" / "new").iterdir())) == 1
    assert (gazette / "public" / "index.html").exists()
    assert sparkpub("build", cwd=gazette).code == 2
    assert sparkpub("check", cwd=gazette).code == 2


def test_a_site_that_cannot_be_written_keeps_no_mail_from_going_out(gazette: Path) -> None:
    write_issue(gazette, "now", 'title: "Now"\nrelease: "2026-02-01"')
    assert (
        sparkpub(
            "subscribers", "add", "ada@example.org", "--confirmed", "by hand", "--now", "2026-01-02", cwd=gazette
        ).code
        == 0
    )
    assert sparkpub("queue", "now", "--now", "2026-01-02", cwd=gazette).code == 0
    (gazette / "public").write_text("a file")
    done = sparkpub("run", "--once", "--now", "2026-02-01T23:00", cwd=gazette)
    assert done.code == 2
    assert "the site was not built" in done.err
    assert len(list((gazette / "var" / "outbox" / "new").iterdir())) == 1


@pytest.mark.parametrize(
    "command",
    [("list",), ("check",), ("tick",), ("run", "--once"), ("simulate",), ("calendar",), ()],
    ids=" ".join,
)
def test_an_issue_that_cannot_be_read_is_a_fault_and_the_others_go_on(gazette: Path, command: tuple[str, ...]) -> None:
    write_issue(gazette, "closed", 'title: "Closed"\nrelease: "2030-01-01"').chmod(0)
    (gazette / "issues" / "shut").mkdir(mode=0)
    (gazette / "static" / "shut.txt").write_text("x")
    (gazette / "static" / "shut.txt").chmod(0)
    done = process(*command, cwd=gazette, preexec_fn=powerless)
    told = done.out + done.err
    assert "itself failed" not in told
    if command not in ((), ("calendar",)):
        told = told.replace(":1: ", ": ")  # `check` has a line in every place
        assert "issues/closed.md: it cannot be read: permission denied" in told
        assert "issues/shut: it cannot be read: permission denied" in told
    if command in (("list",), ("check",)):
        assert "hello" in told or "1 issue" in told


def test_what_could_not_be_read_is_read_once_it_can_be(gazette: Path) -> None:
    path = write_issue(gazette, "closed", 'title: "Closed"\nrelease: "2030-01-01"')
    path.chmod(0)
    for _ in range(2):
        assert "issues/closed.md" in process("tick", cwd=gazette, preexec_fn=powerless).err
    path.chmod(0o644)
    assert "issues/closed.md" not in process("tick", cwd=gazette, preexec_fn=powerless).err


def test_a_publication_without_folders_has_no_faults(tmp_path: Path) -> None:
    assert list_static(tmp_path) == ({}, ())
    assert list_issues(tmp_path).faults == ()
