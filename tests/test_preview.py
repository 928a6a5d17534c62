"""The preview as a program asks it: what it shows, what it refuses, what it never touches."""

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from sample_preview import BODY, NOW, PATH, ask, files, issue_text, pane, served, story, write_publication
from sparkpub.adapters.preview_server import PreviewServer
from sparkpub.core.panes import PANES, document_pane, entry_pane, text_pane
from sparkpub.errors import UsageError
from sparkpub.previewing import Desk, previewing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files to change: those of `server` stay as they are."""
    return write_publication(tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PreviewServer]:
    """A preview of files that nobody changes."""
    still = write_publication(tmp_path_factory.mktemp("still"))
    (still / "secrets.env").write_text("SPARKPUB_SECRET_KEY=hidden\n")
    with served(still) as running:
        yield running


def until(is_so: Callable[[], bool], *, seconds: float = 5) -> bool:
    """Whether something comes to be so in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def test_list_names_every_file_with_its_state(server: PreviewServer) -> None:
    assert {path: row["state"] for path, row in files(server).items()} == {
        "issues/notice.md": "draft",
        PATH: "ready",
        "issues/torn.md": "faults",
    }


def test_every_file_is_checked_though_nobody_looks_at_it(server: PreviewServer) -> None:
    assert until(lambda: all(row["checked"] for row in files(server).values()))


def test_every_pane_shows_the_issue(server: PreviewServer) -> None:
    for name in PANES:
        assert "read aloud" in pane(server, name), name
    assert ask(server, f"/pane/other?file={PATH}")[0] == 404


def test_pictures_come_from_the_publication(server: PreviewServer) -> None:
    for name in ("desktop", "entry"):
        found = re.search(r'src="(/media/[^"]+)"', pane(server, name))
        assert found, name
        status, head, body = ask(server, found[1])
        assert (status, head["Content-Type"]) == (200, "image/png")
        assert body.startswith(b"\x89PNG")


def test_dark_pane_is_dark_and_the_others_are_light_whatever_the_screen(server: PreviewServer) -> None:
    light, dark = pane(server, "desktop"), pane(server, "dark")
    assert '<meta name="color-scheme" content="light">' in light
    assert '<meta name="color-scheme" content="dark">' in dark
    assert "prefers-color-scheme" not in light + dark
    assert dark.count("(min-width: 0px)") == light.count("(max-width: 0px)") > 0


def test_only_styles_are_told_the_scheme_never_the_text() -> None:
    html = "<style>@media (prefers-color-scheme:dark){p{color:red}}</style><p>(prefers-color-scheme: dark)</p>"
    seen = document_pane(html, scheme="dark", base_url="https://a.example")
    assert seen == "<style>@media (min-width: 0px){p{color:red}}</style><p>(prefers-color-scheme: dark)</p>"


def test_text_and_titles_stay_text() -> None:
    hostile = "</pre><script>alert(1)</script>"
    assert "<script" not in text_pane(hostile, language='en"><script>')
    assert "<script" not in entry_pane("", title=hostile, facts=hostile, language="en", base_url="https://a.example")


def test_size_is_that_of_the_html_part_and_of_the_worst_case(server: PreviewServer) -> None:
    mail = story(server)["mail"]
    assert mail["worst"] > mail["bytes"] > 5_000
    longest = pane(server, "desktop", reader="worst")
    link = re.search(r"https://letters\.example\.org/u/[^\"]+", longest)
    sample = re.search(r"https://letters\.example\.org/u/[^\"]+", pane(server, "desktop"))
    assert link
    assert sample
    assert len(link[0]) > len(sample[0])


def test_faults_of_a_broken_file_stand_in_place(server: PreviewServer) -> None:
    torn = story(server, "issues/torn.md")
    assert "mail" not in torn
    (fault,) = [one for one in torn["findings"] if "stauts" in one["message"]]
    assert (fault["path"], fault["line"]) == ("issues/torn.md", 4)
    assert "status" in fault["cure"]
    assert torn["sources"][0]["lines"][3] == "stauts: ready"
    assert ask(server, "/pane/desktop?file=issues/torn.md")[0] == 404


def test_faults_of_a_template_stand_in_its_own_line(folder: Path) -> None:
    template = folder / "templates" / "email" / "closing.html.j2"
    template.parent.mkdir(parents=True)
    template.write_text("<tr><td>\n{{ titel }}\n</td></tr>\n")
    with served(folder) as server:
        broken = story(server)
        fault = next(one for one in broken["findings"] if one["path"].startswith("templates/"))
        assert (fault["path"], fault["line"]) == ("templates/email/closing.html.j2", 2)
        assert {source["path"] for source in broken["sources"]} == {PATH, fault["path"]}
        template.unlink()
        assert until(lambda: "mail" in story(server))


def test_faults_of_a_picture_stand_in_its_line(folder: Path) -> None:
    (folder / PATH).write_text(issue_text("Text.\n\n![A street](nowhere.png)"))
    with served(folder) as server:
        fault = next(one for one in story(server)["findings"] if "nowhere.png" in one["message"])
        assert fault["line"] == 10


def test_broken_settings_are_shown_and_mended_while_the_preview_runs(folder: Path) -> None:
    toml = folder / "sparkpub.toml"
    sound = toml.read_text()
    with served(folder) as server:
        assert story(server)["mail"]
        toml.write_text(sound.replace("title =", "titel ="))
        assert until(lambda: list(files(server)) == ["sparkpub.toml"])
        assert any("titel" in one["message"] for one in story(server, "sparkpub.toml")["findings"])
        new = toml.with_suffix(".new")
        new.write_text(sound)
        new.replace(toml)
        assert until(lambda: PATH in files(server))


def test_preview_starts_with_broken_settings(folder: Path) -> None:
    (folder / "sparkpub.toml").write_text("[publication\n")
    desk = Desk(folder, now=lambda: NOW)
    assert desk.find("queues") == "sparkpub.toml"
    (folder / "sparkpub.toml").unlink()
    desk.refresh(frozenset({"sparkpub.toml"}))
    assert desk.answer("/list.json", {})


def test_news_come_within_a_second_of_a_save(folder: Path) -> None:
    with served(folder) as server:

        def is_shown(words: str) -> bool:
            return words in pane(server, "text")

        connection = http.client.HTTPConnection("127.0.0.1", server.own_port, timeout=5)
        connection.request("GET", "/events")
        answer = connection.getresponse()
        assert answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        assert answer.readline().startswith(b"data: ")
        assert until(lambda: all(row["checked"] for row in files(server).values()))
        times = []  # the best of three counts: a machine may be busy
        for words in ("Mended once.", "Mended twice.", "Mended for good."):
            (folder / PATH).write_text(issue_text(words))
            saved = time.monotonic()
            assert until(partial(is_shown, words))
            times.append(time.monotonic() - saved)
        assert min(times) < 1
        assert answer.readline() == b"\n"
        assert answer.readline().startswith(b"data: ")
        connection.close()


def test_issue_alone_is_made_again_when_its_file_alone_changed(folder: Path) -> None:
    desk = Desk(folder, now=lambda: NOW)

    def revisions() -> dict[str, str]:
        answer = desk.answer("/list.json", {})
        assert answer
        return {row["path"]: row["revision"] for row in json.loads(answer.body)["files"]}

    before = revisions()
    (folder / PATH).write_text(issue_text("Mended."))
    desk.refresh(frozenset({PATH}))
    assert {path for path, revision in revisions().items() if revision != before[path]} == {PATH}
    desk.refresh(frozenset({"issues/street.png"}))
    assert revisions()["issues/notice.md"] != before["issues/notice.md"]


def test_new_folders_are_watched_too(tmp_path: Path) -> None:
    write_publication(tmp_path)
    moved = tmp_path / "aside"
    (tmp_path / "issues").rename(moved)
    with served(tmp_path, rings=2) as server:
        assert files(server) == {}
        moved.rename(tmp_path / "issues")
        assert until(lambda: PATH in files(server))
        (tmp_path / "issues" / "queues.md").unlink()
        assert until(lambda: PATH not in files(server))


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "127.0.0.1:{port}.evil.example"]
)
def test_other_hosts_are_refused(server: PreviewServer, host: str) -> None:
    for target in ("/", "/list.json", "/events"):
        status, _, body = ask(server, target, headers={"Host": host.format(port=server.own_port)})
        assert status == 421, target
        assert b"Centenary" not in body


def test_two_hosts_or_none_are_refused(server: PreviewServer) -> None:
    own = f"Host: 127.0.0.1:{server.own_port}\r\n"
    for hosts in ("", own + "Host: evil.example\r\n", own + own):
        with socket.create_connection(("127.0.0.1", server.own_port), timeout=5) as plain:
            plain.sendall(f"GET / HTTP/1.1\r\n{hosts}\r\n".encode())
            assert plain.recv(100).startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_other_sites_are_refused(server: PreviewServer, headers: dict[str, str]) -> None:
    status, head, _ = ask(server, f"/issue.json?file={PATH}", headers=headers)
    assert status == 403
    assert not any(name.lower().startswith("access-control") for name in head)


def test_link_from_elsewhere_may_open_the_page_itself(server: PreviewServer) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask(server, "/", headers=headers)[0] == 200


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_only_get_is_answered(server: PreviewServer, method: str) -> None:
    assert ask(server, "/list.json", method=method)[0] == 405


@pytest.mark.parametrize(
    "target",
    [
        "/secrets.env",
        "/../secrets.env",
        "/media/../../secrets.env",
        "/media/..%2f..%2fsecrets.env",
        "/media/secrets.env",
        "/media/%00",
        "/preview/../press.py",
        "/issue.json?file=secrets.env",
        "/issue.json?file=../secrets.env",
        "/issue.json?file=issues/../secrets.env",
        "/issue.json?file=/etc/passwd",
        "/pane/desktop?file=%00",
        "//evil.example/",
        "/" + "a" * 9000,
    ],
)
def test_no_address_reaches_a_file(server: PreviewServer, target: str) -> None:
    status, _, body = ask(server, target)
    assert status in (400, 404)
    assert b"hidden" not in body
    assert b"root:" not in body


def test_faults_show_no_file_outside_the_publication(tmp_path: Path) -> None:
    folder = write_publication(tmp_path / "paper")
    (tmp_path / "outside.txt").write_text("hidden\n")
    (folder / "templates" / "email").mkdir(parents=True)
    (folder / "templates" / "email" / "closing.html.j2").symlink_to(tmp_path / "outside.txt")
    (folder / "issues" / "link.md").symlink_to(tmp_path / "outside.txt")
    with served(folder) as server:
        assert files(server)["issues/link.md"]["state"] == "faults"
        assert "hidden" not in json.dumps(story(server))


def test_hostile_file_names_are_only_names(folder: Path) -> None:
    names = ["<img src=x onerror=alert(1)>.md", "a&b=c#d?e%2f.md", "\u202emoc.md", "quote\"'.md"]
    for index, name in enumerate(names):
        (folder / "issues" / name).write_text(issue_text("Words.", id_=f"hostile-{index}", title="<b>&amp;"))
    with served(folder) as server:
        for name in names:
            assert story(server, f"issues/{name}")["path"] == f"issues/{name}"
            assert "Words." in pane(server, "text", f"issues/{name}")


def test_names_that_are_no_text_are_faults_in_place(folder: Path) -> None:
    for name in ("new\nline.md", os.fsdecode(b"latin\xe9.md")):
        (folder / "issues" / name).write_text(issue_text(id_="named"))
        with served(folder) as server:
            (path,) = set(files(server)) - {PATH, "issues/notice.md", "issues/torn.md"}
            (fault,) = story(server, path)["findings"]
            assert (fault["path"], fault["cure"]) == (path, "rename the file")
        (folder / "issues" / name).unlink()


def test_answers_forbid_scripts_sharing_and_keeping(server: PreviewServer) -> None:
    _, head, _ = ask(server, f"/pane/desktop?file={PATH}")
    policy = head["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-same-origin; default-src 'none'")
    assert "frame-ancestors 'self'" in policy
    _, off, _ = ask(server, f"/pane/images-off?file={PATH}")
    assert off["Content-Security-Policy"].endswith("img-src 'none'")
    for target in ("/", "/preview.js", "/list.json", "/nowhere"):
        _, head, _ = ask(server, target)
        assert "default-src 'none'" in head["Content-Security-Policy"]
        assert "unsafe" not in head["Content-Security-Policy"]
        assert head["Cache-Control"] == "no-store"
        assert head["X-Content-Type-Options"] == "nosniff"
        assert head["Cross-Origin-Resource-Policy"] == "same-origin"


def test_looking_touches_no_file_of_the_publication(folder: Path) -> None:
    desk = Desk(folder, now=lambda: NOW)

    def stamps() -> dict[Path, int]:
        """Everything but the caches, which any command may fill and lose."""
        kept = [path for path in folder.rglob("*") if path.relative_to(folder).parts[0] != "var"]
        return {path: path.stat().st_mtime_ns for path in kept}

    before = stamps()
    with previewing(desk, port=0) as server:
        for name in PANES:
            assert pane(server, name)
        assert story(server, "issues/torn.md")["findings"]
    assert stamps() == before


def test_taken_port_is_named(server: PreviewServer, folder: Path) -> None:
    with (
        pytest.raises(UsageError, match=f"port {server.own_port} is taken; choose another with --port"),
        previewing(Desk(folder, now=lambda: NOW), port=server.own_port),
    ):
        pass


def run(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "sparkpub", "preview", "--publication", str(folder), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )


def test_command_prints_one_address_and_ends_quietly(folder: Path) -> None:
    process = run(folder, "queues", "--port", "0", "--json")
    try:
        assert process.stdout
        ready, _, _ = select.select([process.stdout], [], [], 10)
        assert ready
        lines = [process.stdout.readline() for _ in range(3)]
        url = json.loads(b"".join(lines))["url"]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#file=issues%2Fqueues\.md", url)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=5)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, b"")
    assert b"Traceback" not in err


def test_command_names_the_issue_that_is_not_there(folder: Path) -> None:
    process = run(folder, "queue", "--port", "0")
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (2, b"")
    assert b"there is no issue 'queue'; did you mean 'queues'?" in err


def test_sample_is_long_enough_to_scroll() -> None:
    assert len(BODY.splitlines()) > 100
