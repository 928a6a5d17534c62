"""Links that died, asked of a server on loopback; the network itself is never touched."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cli_runner import Ran, sparkpub, write_issue
from sample_lint import issue as sample
from sparkpub.adapters.webpages import gone
from sparkpub.core.model import Issue
from sparkpub.errors import Severity
from sparkpub.rendering import check_links

ANSWERS = {
    "/gone": 404,
    "/broken": 503,
    "/members": 403,
    "/slow-down": 429,
    "/here": 200,
}
GOALS = {
    "/to-here": "/here",
    "/to-gone": "/gone",
    "/to-itself": "/to-itself",
    "/to-file": "file:///etc/passwd",
    "/to-inside": "http://10.0.0.1/",
}


class Server(ThreadingHTTPServer):
    """A server that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.agents: set[str] = set()
        self.awake = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.agents.add(self.headers["User-Agent"])
        if self.path == "/sleeps":
            self.server.awake.wait(5)
        code = ANSWERS.get(self.path, 200)
        if self.path == "/no-head":
            code = 405 if self.command == "HEAD" else 200
        if self.path in GOALS:
            self.send_response(302)
            self.send_header("Location", GOALS[self.path])
        else:
            self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        pass


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.awake.set()
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as one:
        yield one


def fault_of(server: Server, path: str, seconds: float = 2) -> str:
    return gone([server.url + path], allows_loopback=True, seconds=seconds).get(server.url + path, "")


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/here", ""),
        ("/here?a=b&c=d e", ""),
        ("/gone", "answers 404 Not Found"),
        ("/broken", "answers 503 Service Unavailable"),
        ("/members", ""),
        ("/slow-down", ""),
        ("/no-head", ""),
        ("/to-here", ""),
        ("/to-gone", "answers 404 Not Found"),
        ("/to-itself", "redirects more than 5 times"),
        ("/to-file", "leads to an address of kind 'file'"),
        ("/to-inside", "leads into a private network"),
    ],
)
def test_an_address_is_there_or_says_what_it_answers(path: str, fault: str, server: Server) -> None:
    assert fault_of(server, path) == fault


def test_a_page_is_asked_for_by_name_and_once(server: Server) -> None:
    server.asked.clear()
    urls = [f"{server.url}/here"] * 3
    assert gone(urls, allows_loopback=True) == {}
    assert server.asked == ["HEAD /here"]
    assert all(agent.startswith("sparkpub/") for agent in server.agents)


def test_a_server_that_sleeps_is_not_waited_for(server: Server) -> None:
    assert fault_of(server, "/sleeps", seconds=0.2) == "gave no answer within 0.2 seconds"


def test_a_port_where_nobody_listens_cannot_be_reached() -> None:
    with Server() as nobody:
        pass
    assert "cannot be reached" in fault_of(nobody, "/")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://10.1.2.3:8080/x",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/",
        "http://2130706433/",
    ],
)
def test_nothing_inside_our_own_walls_is_asked(url: str) -> None:
    assert gone([url]) == {url: "leads into a private network"}


@pytest.mark.parametrize("url", ["http://", "http://a..b/", "http://[::1", "https://example.org:99999/"])
def test_what_is_no_address_is_a_finding_and_no_traceback(url: str) -> None:
    assert gone([url]).keys() == {url}


def linking(url: str, id_: str = "links") -> Issue:
    return sample(f"First.\n\nSee [a page]({url}#part) and [it again]({url}).", path=f"issues/{id_}.md")


def test_a_dead_link_is_a_finding_on_each_of_its_lines(server: Server) -> None:
    server.asked.clear()
    found = check_links([linking(f"{server.url}/gone")], progress=lambda _, __: None, allows_loopback=True)
    assert [(fault.path, fault.line, fault.code, fault.severity) for fault in found] == [
        ("issues/links.md", 10, "SPK094", Severity.WARNING)
    ] * 2
    assert found[0].message == f"the link to '{server.url}/gone' answers 404 Not Found"
    assert server.asked == ["HEAD /gone", "GET /gone"]


def test_links_of_several_issues_are_told_as_they_are_asked(server: Server) -> None:
    told: list[tuple[int, int]] = []
    issues = [linking(f"{server.url}/here", "a"), linking(f"{server.url}/gone", "b")]
    found = check_links(issues, progress=lambda done, all_: told.append((done, all_)), allows_loopback=True)
    assert {fault.path for fault in found} == {"issues/b.md"}
    assert told[-1] == (2, 2)


@pytest.fixture
def due_soon(gazette: Path) -> Path:
    write_issue(gazette, "soon", 'title: Soon\nsummary: S.\nrelease: "2026-12-10"', "See [a page](http://10.0.0.1/).\n")
    write_issue(gazette, "later", 'title: Later\nsummary: S.\nrelease: "2027-02-01"', "TODO\n")
    write_issue(gazette, "past", 'title: Past\nsummary: S.\nrelease: "2026-11-01"', "TODO\n")
    write_issue(gazette, "draft", 'title: Draft\nstatus: draft\nrelease: "2026-12-10"', "TODO\n")
    return gazette


def check(folder: Path, *args: str) -> Ran:
    return sparkpub("check", "--due", "14d", "--now", "2026-12-01", *args, cwd=folder)


def test_only_what_comes_due_within_the_time_is_looked_at_again(due_soon: Path) -> None:
    ran = check(due_soon)
    assert ran.code == 0
    assert "1 issue checked" in ran.err
    assert sparkpub("check", "--due", "90d", "--now", "2026-12-01", cwd=due_soon).err.startswith("2 issues checked")
    assert "later.md" not in ran.out
    assert check(due_soon, "later").err.startswith("0 issues checked")


def test_what_was_released_or_skipped_is_not_looked_at_again(due_soon: Path) -> None:
    assert sparkpub("skip", "soon", "0", cwd=due_soon).code == 0
    assert check(due_soon).err.startswith("0 issues checked")


def test_no_link_is_asked_unless_the_settings_say_so(due_soon: Path) -> None:
    assert "SPK094" not in check(due_soon).out
    with (due_soon / "sparkpub.toml").open("a") as settings:
        settings.write("\n[alerts]\ncheck_links = true\n")
    ran = check(due_soon)
    assert "issues/soon.md:8: SPK094 the link to 'http://10.0.0.1/' leads into a private network" in ran.out
    assert "SPK094" not in sparkpub("check", "--now", "2026-12-01", cwd=due_soon).out
    assert check(due_soon, "--strict").code == 1


@pytest.mark.parametrize("span", ["", "soon", "14", "-3d", "99999999999d"])
def test_a_time_that_is_none_is_refused(span: str, gazette: Path) -> None:
    ran = sparkpub("check", "--due", span, cwd=gazette)
    assert ran.code == 2
    assert "write it like 14d or 12h" in ran.err


def test_the_end_of_time_is_no_trouble(gazette: Path) -> None:
    assert sparkpub("check", "--due", "36500d", "--now", "9999-12-31T12:00", cwd=gazette).code in (0, 2)
