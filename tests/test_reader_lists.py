"""Lists of readers at the command line: rows in, rejects told, nobody subscribed again, the same rows out."""

import os
import resource
import subprocess
from pathlib import Path

import pytest

from cli_runner import SPARKPUB, Ran, at_terminal, process, sparkpub
from sparkpub.adapters.ledger import open_ledger


def subscribers(*words: str, cwd: Path) -> Ran:
    return sparkpub("subscribers", *words, cwd=cwd)


def write(folder: Path, text: str, *, encoding: str = "utf-8") -> str:
    (folder / "list.csv").write_text(text, encoding=encoding)
    return "list.csv"


def test_who_stands_twice_in_a_list_is_taken_once_and_named_with_both_lines(gazette: Path) -> None:
    file = write(gazette, "email,name,status\na@example.org,A,active\nnobody,,active\nA@EXAMPLE.org,B,active\n")
    ran = subscribers("import", file, cwd=gazette)
    assert (ran.code, ran.out) == (1, "1 reader added, 2 rows refused\n")
    assert ran.err == ("list.csv:3: 'nobody': it has no @\nlist.csv:4: A@example.org stands already in line 2\n")
    again = subscribers("import", file, "--json", cwd=gazette).json
    assert (again["added"], again["known"]) == (0, 1)
    assert again["rejected"][1] == {"line": 4, "reason": "A@example.org stands already in line 2"}
    (reader,) = subscribers("list", "--json", cwd=gazette).json
    assert reader["name"] == "A"


def test_a_list_changes_nobody_who_is_known_and_brings_nobody_back(gazette: Path) -> None:
    for address in ("left@example.org", "here@example.org", "full@example.org"):
        subscribers("add", address, "--name", "Known", "--confirmed", "asked", cwd=gazette)
    subscribers("unsubscribe", "left@example.org", cwd=gazette)
    subscribers("suppress", "full@example.org", cwd=gazette)
    rows = "".join(f"{who}@example.org,New,active\n" for who in ("left", "here", "full", "new"))
    ran = subscribers("import", write(gazette, f"email,name,status\n{rows}"), cwd=gazette)
    assert ran.out == "1 reader added, 3 known already and left as they are\n"
    known = {row["email"].partition("@")[0]: row for row in subscribers("list", "--json", cwd=gazette).json}
    assert [(who, row["status"], row["name"]) for who, row in known.items()] == [
        ("left", "unsubscribed", "Known"),
        ("here", "active", "Known"),
        ("full", "active", "Known"),
        ("new", "active", "New"),
    ]
    assert known["full"]["suppressed"] is True
    assert subscribers("list", "--audience", "all", "--count", "--json", cwd=gazette).json == {"readers": 2}


def test_a_rehearsal_of_an_import_counts_and_changes_nothing(gazette: Path) -> None:
    subscribers("add", "a@example.org", "--confirmed", "asked", cwd=gazette)
    before = (gazette / "var/ledger.jsonl").read_text()
    file = write(gazette, "email\nA@example.org\nb@example.org\nb@example.org\n")
    ran = subscribers("import", file, "--as", "active", "--dry-run", cwd=gazette)
    assert (ran.code, ran.out) == (
        1,
        "1 reader would be added, 1 known already and left as they are, 1 row refused\n",
    )
    assert subscribers("list", "--count", cwd=gazette).out == "1\n"
    assert (gazette / "var/ledger.jsonl").read_text() == before


def test_the_evidence_names_the_list_and_no_folder_of_this_machine(gazette: Path) -> None:
    write(gazette, "email\nada@example.org\n")
    assert subscribers("import", str(gazette / "list.csv"), "--as", "active", cwd=gazette).code == 0
    assert subscribers("show", "ada@example.org", "--json", cwd=gazette).json["evidence"] == "imported from list.csv"


def test_rows_without_a_status_wait_for_somebody_to_say_it(gazette: Path) -> None:
    file = write(gazette, "email,status\na@example.org,\nb@example.org,unconfirmed\n")
    ran = subscribers("import", file, cwd=gazette)
    assert (ran.code, ran.out) == (1, "1 reader added, 1 row refused\n")
    assert "a@example.org has no status; fill it in, or use --as" in ran.err


def test_a_file_that_ends_as_no_text_is_not_taken_in_at_all(gazette: Path) -> None:
    rows = b"".join(b"r%d@example.org\n" % number for number in range(30_000))
    (gazette / "list.csv").write_bytes(b"email\n" + rows + b"\xff\xfe@example.org\n")
    ran = subscribers("import", "list.csv", "--as", "active", cwd=gazette)
    assert (ran.code, "line 30002 is not UTF-8" in ran.err) == (2, True)
    assert subscribers("list", "--count", cwd=gazette).out == "0\n"


def test_a_list_that_comes_slowly_holds_nobody_up(gazette: Path) -> None:
    words = [*SPARKPUB, "subscribers", "import", "-", "--as", "active"]
    with subprocess.Popen(words, cwd=gazette, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        running.stdin.write(b"email\n" + b"".join(b"r%d@example.org\n" % number for number in range(50_000)))
        running.stdin.flush()
        assert subscribers("add", "R7@example.org", "--name", "First", "--confirmed", "asked", cwd=gazette).code == 0
        assert running.poll() is None
        out, _ = running.communicate(b"late@example.org\n", timeout=60)
    assert out == b"50,000 readers added, 1 known already and left as they are\n"
    first = subscribers("list", "--json", cwd=gazette).json[0]
    assert (first["email"], first["name"]) == ("R7@example.org", "First")


def test_an_import_shows_how_far_it_is(gazette: Path) -> None:
    write(gazette, "email\n" + "".join(f"r{number}@example.org\n" for number in range(60_000)))
    code, screen = at_terminal("subscribers", "import", "list.csv", "--as", "active", cwd=gazette)
    assert code == 0
    assert "importing" in screen
    assert screen.rstrip().endswith("60,000 readers added")


@pytest.mark.soak
def test_a_long_list_goes_in_and_out_in_little_memory(gazette: Path) -> None:
    """What 300,000 readers take is hardly more than what 30,000 do."""
    by_name: dict[tuple[str, int], int] = {}
    for count in (30_000, 300_000):
        rows = (f"r{number}@example.org,Reader {number},active,Town {number}\n" for number in range(count))
        write(gazette, "email,name,status,town\n" + "".join(rows))
        for words in (("import", "list.csv"), ("export", "--out", "out.csv"), ("list", "--json")):
            by_name[words[0], count] = peak(*words, cwd=gazette)
    for name, limit in (("import", 90_000), ("export", 10_000), ("list", 10_000)):
        assert by_name[name, 300_000] - by_name[name, 30_000] < limit, by_name
    assert len((gazette / "out.csv").read_text().splitlines()) == 300_001


def peak(*words: str, cwd: Path) -> int:
    """How much memory a command takes at most, in KiB."""
    with subprocess.Popen([*SPARKPUB, "subscribers", *words], cwd=cwd, stdout=subprocess.DEVNULL) as running:
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0
    assert isinstance(usage, resource.struct_rusage)
    return usage.ru_maxrss


LISTED = """\
email,name,status,language,tags,town
ada@example.org,"Łukasz, Ada",active,en-GB,history;maths,Kraków
bo@example.org,=1+1,active,en,series:war,
cy@example.org,,unconfirmed,fr,history,Paris
di@example.org,,unsubscribed,eng,,
"""


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ([], "ada bo cy di"),
        (["--status", "active"], "ada bo"),
        (["--tag", "history"], "ada cy"),
        (["--tag", "maths", "--tag", "series:war"], "ada bo"),
        (["--language", "en"], "ada bo"),
        (["--language", "EN-gb"], "ada"),
        (["--language", "en", "--tag", "history"], "ada"),
        (["--audience", "all"], "ada bo"),
        (["--audience", "polish", "--status", "active"], "ada"),
        (["--tag", "nothing"], ""),
    ],
)
def test_readers_are_listed_by_what_holds_of_them(words: list[str], who: str, gazette: Path) -> None:
    subscribers("import", write(gazette, LISTED), cwd=gazette)
    with (gazette / "sparkpub.toml").open("a") as settings:
        settings.write('\n[audience.polish]\nattributes = {town = "Kraków"}\n')
    readers = subscribers("list", *words, "--json", cwd=gazette).json
    assert " ".join(row["email"].partition("@")[0] for row in readers) == who
    assert subscribers("list", *words, "--count", cwd=gazette).out == f"{len(who.split())}\n"
    shown = subscribers("list", *words, cwd=gazette)
    assert len(shown.out.splitlines()) == (len(who.split()) + 2 if who else 0)


def test_an_audience_that_is_not_there_is_named_with_the_nearest(gazette: Path) -> None:
    with (gazette / "sparkpub.toml").open("a") as settings:
        settings.write('\n[audience.polish]\nlanguage = ["pl"]\n')
    for command in ("list", "export"):
        ran = subscribers(command, "--audience", "polsih", cwd=gazette)
        assert (ran.code, ran.out) == (2, "")
        assert "unknown audience 'polsih'; did you mean 'polish'?" in ran.err


def test_what_is_exported_is_what_was_imported_and_runs_in_no_spreadsheet(gazette: Path, tmp_path: Path) -> None:
    subscribers("import", write(gazette, LISTED), cwd=gazette)
    subscribers("set", "bo@example.org", "--round-only", "--rhythm", "weekly", cwd=gazette)
    out = subscribers("export", cwd=gazette).out
    assert out.splitlines()[:3] == [
        "email,name,status,language,tags,wishes,town",
        'ada@example.org,"Łukasz, Ada",active,en-GB,history;maths,,Kraków',
        "bo@example.org,'=1+1,active,en,series:war,round-only;rhythm=weekly,",
    ]
    other = tmp_path / "other"
    assert sparkpub("init", str(other), cwd=tmp_path).code == 0
    (other / "list.csv").write_text(out)
    assert subscribers("import", "list.csv", cwd=other).code == 0
    assert subscribers("export", cwd=other).out == out
    assert subscribers("export", "--audience", "all", cwd=other).out.count("\n") == 3


def test_an_exported_file_is_its_owners_alone(gazette: Path) -> None:
    subscribers("import", write(gazette, LISTED), cwd=gazette)
    written = subscribers("export", "--out", "folder/all.csv", "--audience", "all", "--json", cwd=gazette)
    assert written.json == {"out": "folder/all.csv", "readers": 2}
    path = gazette / "folder/all.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().count(b"\r\n") == 3
    assert process("subscribers", "export", "--out", "/dev/stdout", cwd=gazette).out.startswith("email,name")


def test_a_list_that_breaks_off_leaves_nothing_half_done(gazette: Path) -> None:
    words = [*SPARKPUB, "subscribers", "import", "-", "--as", "active"]
    with subprocess.Popen(words, cwd=gazette, stdin=subprocess.PIPE) as running:
        assert running.stdin is not None
        running.stdin.write(b"email\n" + b"".join(b"r%d@example.org\n" % number for number in range(50_000)))
        running.stdin.flush()
        running.kill()
    ledger = open_ledger("sqlite:///var/ledger.db", gazette)
    assert (ledger.count_subscribers(), ledger.faults()) == (0, [])
    ledger.close()


def with_web(folder: Path) -> Path:
    with (folder / "sparkpub.toml").open("a") as settings:
        settings.write('\n[web]\nurl = "https://t.example.org"\n')
    return folder


def letters(folder: Path) -> list[str]:
    """The addresses that have a letter in the outbox."""
    found = [path.read_text() for path in (folder / "var/outbox/new").glob("*")]
    return sorted(line.removeprefix("To: ") for text in found for line in text.split("\n") if line.startswith("To: "))


def test_who_is_unconfirmed_in_a_list_is_asked_once_and_nobody_else(gazette: Path) -> None:
    press = with_web(gazette)
    subscribers("suppress", "full@example.org", cwd=press)
    subscribers("add", "left@example.org", "--confirmed", "asked", "--now", "2026-01-02", cwd=press)
    subscribers("unsubscribe", "left@example.org", "--now", "2026-01-02", cwd=press)
    rows = "".join(f"{who}@example.org,unconfirmed\n" for who in ("a", "b", "full", "left"))
    file = write(press, f"email,status\n{rows}in@example.org,active\n")
    ask = ("import", file, "--ask", "--now", "2026-01-03")
    told = "4 readers {}added, 1 known already and left as they are, 2 letters to confirm {}queued\n"
    assert subscribers(*ask, "--dry-run", cwd=press).out == told.format("would be ", "would be ")
    ran = subscribers(*ask, cwd=press)
    assert (ran.code, ran.out) == (0, told.format("", ""))
    assert "posts the letters" in ran.err
    assert subscribers(*ask[:-1], "2026-01-04", "--json", cwd=press).json["asked"] == 0
    sparkpub("run", "--once", "--now", "2026-01-04", cwd=press)
    assert letters(press) == ["a@example.org", "b@example.org"]
    assert subscribers(*ask[:-1], "2026-01-05", "--json", cwd=press).json["asked"] == 0


def test_a_list_that_nobody_has_asked_yet_can_be_asked_later(gazette: Path) -> None:
    press = with_web(gazette)
    file = write(press, "email\na@example.org\n")
    subscribers("import", file, "--as", "unconfirmed", "--now", "2026-01-02", cwd=press)
    sparkpub("run", "--once", "--now", "2026-02-10", cwd=press)
    assert subscribers("list", "--count", cwd=press).out == "1\n"
    ran = subscribers("import", file, "--as", "unconfirmed", "--ask", "--now", "2026-02-11", cwd=press)
    assert ran.out == "0 readers added, 1 known already and left as they are, 1 letter to confirm queued\n"
    sparkpub("run", "--once", "--now", "2026-02-12", cwd=press)
    assert letters(press) == ["a@example.org"]
    sparkpub("run", "--once", "--now", "2026-03-14", cwd=press)
    assert subscribers("list", "--count", cwd=press).out == "0\n"


def test_nobody_is_asked_who_could_not_confirm(gazette: Path) -> None:
    ran = subscribers("import", write(gazette, "email\na@example.org\n"), "--as", "unconfirmed", "--ask", cwd=gazette)
    assert ran.code == 2
    assert "sparkpub.toml has no [web] url" in ran.err
    assert subscribers("list", "--count", cwd=gazette).out == "0\n"
