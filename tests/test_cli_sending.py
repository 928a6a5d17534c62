"""Releasing, sending, stopping, the balance, and the readers."""

import fcntl
import os
from pathlib import Path

import pytest

from cli_runner import Ran, process, rehearse_by_smtp, sparkpub, without_placeholders, write_issue
from sparkpub.adapters import clock
from sparkpub.adapters.ledger import open_ledger

DUE = ("--now", "2026-10-15T07:00")
COLUMNS = ["eligible", "sent", "pending", "sending", "deferred", "failed", "uncertain", "suppressed", "cancelled"]


@pytest.fixture
def press(gazette: Path) -> Path:
    """A press with one reader and `hello` queued, on the eve of its day."""
    sparkpub("subscribers", "add", "ada@example.org", "--confirmed", "asked at the desk", cwd=gazette)
    assert sparkpub("queue", "hello", "--now", "2026-10-14", cwd=gazette).code == 0
    return gazette


def run(press: Path, *words: str) -> Ran:
    return sparkpub(*words, *DUE, cwd=press)


def test_tick_releases_what_is_due_once(press: Path) -> None:
    ran = run(press, "tick")
    assert (ran.code, ran.out) == (0, "released   hello/444, due on 2026-10-15\n")
    assert ran.err == "next: `sparkpub send`\nrehearsal: nobody was mailed\n"
    assert (press / "public" / "index.html").exists()
    again = run(press, "tick")
    assert (again.code, again.out) == (0, "")
    assert "nothing is due" in again.err


def test_tick_in_json_is_one_document(press: Path) -> None:
    document = run(press, "tick", "--json").json
    assert [release["release"] for release in document["released"]] == ["hello/444"]
    assert document["paused"] is None


def test_tick_send_and_run_exit_0_when_something_waits_for_a_person(press: Path) -> None:
    sparkpub("tick", "--now", "2026-10-14", cwd=press)
    missed = sparkpub("tick", "--now", "2026-10-18", cwd=press)
    assert missed.code == 0
    assert "`sparkpub release hello --number 444` sends it, `sparkpub skip hello 444` lets it go" in missed.out
    sparkpub("stop", cwd=press)
    for words in (("tick",), ("send",), ("run", "--once")):
        ran = sparkpub(*words, "--now", "2026-10-18", cwd=press)
        assert ran.code == 0
        assert "`sparkpub resume` goes on" in ran.out


def test_send_says_what_it_sent_and_where_it_lies(press: Path) -> None:
    run(press, "tick")
    ran = run(press, "send")
    assert (ran.code, ran.out) == (0, "1 sent\nfinished   hello/444\n")
    assert ran.err.endswith("in var/outbox, a Maildir that any mail program opens\nrehearsal: nobody was mailed\n")
    assert len(list((press / "var" / "outbox" / "new").iterdir())) == 1
    assert "nothing is due" in run(press, "send").err


def test_run_once_does_it_all_and_says_it_in_one_document(press: Path) -> None:
    document = run(press, "run", "--once", "--json").json
    assert document["tick"]["released"][0]["release"] == "hello/444"
    assert document["send"]["sent"] == 1


def test_run_once_with_nothing_due_is_quiet_for_cron(press: Path) -> None:
    ran = sparkpub("run", "--once", "--quiet", "--now", "2026-10-14", cwd=press)
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_run_that_goes_on_takes_no_pretended_time_and_no_json(press: Path) -> None:
    assert run(press, "run").code == 2
    assert sparkpub("run", "--json", cwd=press).code == 2


def test_status_has_exactly_the_keys_of_the_contract(press: Path) -> None:
    run(press, "tick")
    document = run(press, "status", "--json").json
    assert list(document) == ["releases"]
    (row,) = document["releases"]
    assert list(row) == ["release", "issue", "number", "date", "released_at", "state", "transport", *COLUMNS]
    assert row["release"] == "hello/444"
    assert row["released_at"] == "2026-10-15T07:00:00Z"
    assert sum(row[name] for name in COLUMNS[1:]) == row["eligible"] == 1


def test_status_of_one_release_and_of_one_that_is_none(press: Path) -> None:
    run(press, "tick")
    assert len(run(press, "status", "hello/444", "--json").json["releases"]) == 1
    wrong = run(press, "status", "hello")
    assert wrong.code == 2
    assert "each as ISSUE/N" in wrong.err


def test_status_exits_1_while_a_release_or_the_press_is_stopped(press: Path) -> None:
    run(press, "tick")
    assert run(press, "status").code == 0
    run(press, "stop", "hello/444")
    ran = run(press, "status")
    assert ran.code == 1
    assert "`sparkpub resume hello/444` goes on" in ran.err
    run(press, "resume", "hello/444", "--yes")
    run(press, "stop")
    assert "the press is stopped" in run(press, "status").err


def test_send_never_overrides_a_stop(press: Path) -> None:
    run(press, "tick")
    run(press, "stop")
    assert "stopped by hand" in run(press, "send").out
    assert run(press, "status", "--json").json["releases"][0]["sent"] == 0
    run(press, "resume", "--yes")
    assert "1 sent" in run(press, "send").out


def test_a_file_stop_stops_everything_and_only_its_removal_goes_on(press: Path) -> None:
    (press / "STOP").touch()
    assert "`rm STOP` lets it go on" in run(press, "run", "--once").out
    assert run(press, "status", "--json").json == {"releases": []}
    ran = run(press, "resume", "--yes")
    assert ran.code == 2
    assert "`rm STOP` first" in ran.err
    assert "\n  rm STOP\n" in run(press).out


@pytest.mark.parametrize("words", [("release", "hello", "--number", "444"), ("resume",)], ids=" ".join)
def test_without_a_terminal_what_mails_needs_yes_else_nothing_happens(words: tuple[str, ...], press: Path) -> None:
    run(press, "stop")
    before = run(press, "show", "hello", "--json").out
    ran = run(press, *words)
    assert (ran.code, ran.out) == (2, "")
    assert "nothing was done: there is no terminal to ask on; add --yes" in ran.err
    assert run(press, "show", "hello", "--json").out == before
    assert run(press, "status").code == 1


def test_before_a_release_by_hand_everything_is_shown(press: Path) -> None:
    ran = sparkpub("release", "hello", "--now", "2026-10-17T07:00", cwd=press)
    assert ran.err.startswith("hello/444, 2 days late\n")
    assert "  subject   A Leap in the Calendar\n" in ran.err
    assert "  from      Your Newsletter <editor@newsletter.example.org>\n" in ran.err
    assert "  audience  all, 1 reader, by maildir\n" in ran.err


def test_before_a_resume_what_will_go_out_is_shown(press: Path) -> None:
    run(press, "tick")
    run(press, "stop")
    ran = sparkpub("resume", "--now", "2026-10-15T12:30", cwd=press)
    assert ran.err.startswith("resume the press: stopped by hand\nhello/444, released on 2026-10-15, 5 hours late\n")
    assert "  subject   A Leap in the Calendar\n" in ran.err
    assert "  audience  all, 1 message left, by maildir\n1 message will go out by maildir\n" in ran.err


def test_a_coming_occurrence_is_released_only_by_number(press: Path) -> None:
    eve = ("--yes", "--now", "2026-10-14")
    assert sparkpub("release", "hello", *eve, cwd=press).out == "released   hello/443, 2025-10-15\n"
    assert sparkpub("release", "hello", "--number", "445", *eve, cwd=press).out == "released   hello/445, 2027-10-15\n"
    write_issue(press, "coming", "title: C\nrelease: 2027-01-05")
    refused = sparkpub("release", "coming", *eve, cwd=press)
    assert (refused.code, refused.out) == (2, "")
    assert "needs --number N" in refused.err


def test_nothing_is_released_twice(press: Path) -> None:
    run(press, "tick")
    ran = run(press, "release", "hello", "--number", "444", "--yes")
    assert ran.code == 3
    assert "hello/444, due on 2026-10-15, is released already; nothing is sent twice" in ran.err


@pytest.mark.parametrize("words", [(), ("--past", "--number", "1"), ("hello", "other", "--number", "1")])
def test_release_says_how_it_is_used(words: tuple[str, ...], press: Path) -> None:
    assert run(press, "release", *words, "--yes").code == 2


def test_an_archive_is_taken_in_without_mailing_anybody(press: Path) -> None:
    write_issue(press, "old", "title: Old\nrelease: 2020-05-05")
    (press / "issues" / "broken.md").write_text("no front matter")
    ran = run(press, "release", "--past")
    assert ran.code == 0
    assert "released   old/0, 2020-05-05\n" in ran.out
    assert "2 pieces taken in, nobody was mailed" in ran.err
    assert "issues/broken.md:1: " in ran.err
    assert "nothing is due" in run(press, "send").err


def test_a_theme_with_faults_keeps_no_mail_from_going_out(press: Path) -> None:
    page = press / "templates" / "site" / "base.html.j2"
    page.write_text("{{ nothing.here }}" + page.read_text())
    ran = run(press, "run", "--once")
    assert ran.code == 2
    assert "templates/site/base.html.j2:1: 'nothing' is undefined" in ran.err
    assert "the site was not built" in ran.err
    assert "1 sent" in ran.out


def test_build_says_what_it_wrote(press: Path) -> None:
    run(press, "tick")
    document = run(press, "build", "--out", "site", "--json").json
    assert document["written"] == document["files"] > 0
    assert run(press, "build", "--out", "site", "--json").json["written"] == 0


def test_another_sender_is_waited_for(press: Path) -> None:
    lock = os.open(press / "var" / "run.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (("tick",), ("send",), ("run", "--once"), ("release", "hello", "--yes")):
            ran = run(press, *words)
            assert (ran.code, ran.out) == (75, "")
            assert "another process is sending here" in ran.err
        assert run(press, "stop").code == 0
    finally:
        os.close(lock)


def test_a_relay_that_is_not_there_is_exit_4_and_loses_nobody(press: Path) -> None:
    without_placeholders(press)
    rehearse_by_smtp(press)
    assert sparkpub("release", "hello", "--yes", cwd=press).code == 0
    ran = sparkpub("send", cwd=press)
    assert ran.code == 4
    assert "check [smtp] host, port and security" in ran.err
    row = sparkpub("status", "--json", cwd=press).json["releases"][0]
    assert row["pending"] + row["deferred"] == 1


def test_placeholders_are_never_mailed(press: Path) -> None:
    rehearse_by_smtp(press)
    ran = sparkpub("send", cwd=press)
    assert ran.code == 2
    assert "write your own before you mail" in ran.err


@pytest.mark.parametrize("words", [("release", "hello", "--yes"), ("release", "--past"), ("tick",), ("run", "--once")])
def test_placeholders_are_never_released_by_smtp(words: tuple[str, ...], press: Path) -> None:
    write_issue(press, "gone", "title: Gone\nrelease: 2026-01-05")
    today = clock.now()
    write_issue(press, "now", f"title: Now\nrelease: {today:%Y-%m-%dT%H:%M}")
    sparkpub("queue", "now", "--now", "2026-01-01", cwd=press)
    rehearse_by_smtp(press)
    ran = sparkpub(*words, cwd=press)
    assert ran.code == 2
    assert "write your own before you mail" in ran.err
    assert not sparkpub("status", "--json", cwd=press).json["releases"]


def test_what_real_readers_could_not_leave_is_not_released_by_smtp(press: Path) -> None:
    without_placeholders(press)
    sparkpub("subscribers", "add", "ada@somewhere.org", "--confirmed", "asked", cwd=press)
    rehearse_by_smtp(press)
    ran = sparkpub("release", "hello", "--yes", cwd=press)
    assert ran.code == 2
    assert "nobody could leave" in ran.err
    assert not sparkpub("status", "--json", cwd=press).json["releases"]


def test_readers_are_added_listed_and_let_go(gazette: Path) -> None:
    add = sparkpub("subscribers", "add", "Ada@Example.ORG", "--name", "Ada", "--confirmed", "by post", cwd=gazette)
    assert (add.code, add.err) == (0, "")
    (reader,) = sparkpub("subscribers", "list", "--json", cwd=gazette).json
    assert (reader["name"], reader["status"], reader["evidence"]) == ("Ada", "active", "by post")
    assert sparkpub("subscribers", "list", cwd=gazette).err == "1 reader\n"
    gone = sparkpub("subscribers", "unsubscribe", "ada@example.org", cwd=gazette)
    assert gone.out.endswith(" has left\n")
    assert sparkpub("subscribers", "unsubscribe", "ada@example.org", cwd=gazette).out.endswith(" had left already\n")
    assert "no reader is active" in sparkpub("subscribers", "list", "--status", "active", cwd=gazette).err


@pytest.mark.parametrize("address", ["", "ada", "ada@", "a@b@c.org", "a\r\nb@example.org", "<a@example.org>"])
def test_what_is_no_address_is_refused_with_the_reason(address: str, gazette: Path) -> None:
    ran = sparkpub("subscribers", "add", address, "--confirmed", "asked", cwd=gazette)
    assert ran.code == 2
    assert "is no usable address: " in ran.err


def test_a_name_that_would_break_a_header_is_refused(gazette: Path) -> None:
    words = ("subscribers", "add", "a@example.org", "--name", "A\r\nBcc: b@example.org", "--confirmed", "asked")
    ran = sparkpub(*words, cwd=gazette)
    assert ran.code == 2
    assert "write it in one line" in ran.err


def test_a_reader_without_evidence_is_asked_where_the_link_can_be_followed(gazette: Path) -> None:
    ran = sparkpub("subscribers", "add", "ada@example.org", cwd=gazette)
    assert ran.code == 2
    assert "no [web] url" in ran.err
    with (gazette / "sparkpub.toml").open("a") as settings:
        settings.write('\n[web]\nurl = "https://letters.example.org"\n')
    asked = sparkpub("subscribers", "add", "ada@example.org", cwd=gazette)
    assert asked.code == 0
    assert asked.out == "ada@example.org is unconfirmed\n"
    assert asked.err.endswith("following its link\nrehearsal: nobody was mailed\n")


def test_a_list_goes_in_and_rejects_are_named_with_line_and_reason(gazette: Path) -> None:
    readers = gazette / "readers.csv"
    readers.write_text("email,name,status\nada@example.org,Ada,active\nnobody,N,active\nbo@example.org,Bo,active\n")
    trial = sparkpub("subscribers", "import", "readers.csv", "--dry-run", cwd=gazette)
    assert trial.out.startswith("2 readers would be added")
    assert sparkpub("subscribers", "list", "--json", cwd=gazette).json == []
    ran = sparkpub("subscribers", "import", "readers.csv", cwd=gazette)
    assert (ran.code, ran.out) == (1, "2 readers added, 1 row refused\n")
    assert ran.err.startswith("readers.csv:3: ")
    again = sparkpub("subscribers", "import", "readers.csv", "--json", cwd=gazette).json
    assert (again["added"], again["known"], len(again["rejected"])) == (0, 2, 1)


def test_a_list_without_status_is_taken_in_only_when_it_is_said_what_they_are(gazette: Path) -> None:
    (gazette / "readers.csv").write_text("email\nada@example.org\n")
    refused = sparkpub("subscribers", "import", "readers.csv", cwd=gazette)
    assert refused.code == 2
    assert "--as active" in refused.err
    assert sparkpub("subscribers", "import", "readers.csv", "--as", "active", cwd=gazette).code == 0


def test_what_is_exported_can_be_imported(gazette: Path) -> None:
    words = ("subscribers", "add", "ada@example.org", "--name", "Łukasz, Ada", "--confirmed", "asked")
    sparkpub(*words, cwd=gazette)
    out = sparkpub("subscribers", "export", cwd=gazette).out
    written = sparkpub("subscribers", "export", "--out", "all.csv", "--json", cwd=gazette)
    assert written.json == {"out": "all.csv", "readers": 1}
    assert (gazette / "all.csv").read_bytes().decode().replace("\r\n", "\n") == out
    assert sparkpub("subscribers", "import", "all.csv", cwd=gazette).out.startswith("0 readers added, 1 known")


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\0\0", b"name\nAda\n", b'email\n"unclosed\n'])
def test_a_file_that_is_no_list_is_refused(data: bytes, gazette: Path) -> None:
    (gazette / "readers.csv").write_bytes(data)
    ran = sparkpub("subscribers", "import", "readers.csv", "--as", "active", cwd=gazette)
    assert ran.code in (1, 2)
    assert "readers.csv" in ran.err
    assert "sparkpub itself" not in ran.err


def test_a_list_is_a_regular_file_or_the_input(gazette: Path) -> None:
    endless = sparkpub("subscribers", "import", "/dev/zero", "--as", "active", cwd=gazette)
    assert endless.code == 2
    assert "is no regular file" in endless.err
    piped = process("subscribers", "import", "-", "--as", "active", cwd=gazette, input=b"email\nada@example.org\n")
    assert (piped.code, piped.out) == (0, "1 reader added\n")


def test_who_comes_back_is_told_of_as_one_who_had_left(gazette: Path) -> None:
    add = ("subscribers", "add", "ada@example.org", "--confirmed", "asked")
    assert "had left" not in sparkpub(*add, cwd=gazette).err
    sparkpub("subscribers", "unsubscribe", "ada@example.org", cwd=gazette)
    again = sparkpub(*add, cwd=gazette)
    assert again.out == "ada@example.org is active\n"
    assert "ada@example.org had left" in again.err


def test_a_ledger_that_is_there_and_empty_is_not_called_absent(press: Path) -> None:
    sparkpub("release", "hello", "--yes", *DUE, cwd=press)
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (press / "var" / name).unlink(missing_ok=True)
    (press / "var" / "ledger.db").write_bytes(b"")
    lost = sparkpub("send", cwd=press)
    assert lost.code == 3
    assert "var/ledger.db is missing or empty" in lost.err


def test_an_address_that_was_refused_is_mailed_again_when_a_person_says_so(gazette: Path) -> None:
    sparkpub("subscribers", "add", "ada@example.org", "--confirmed", "asked", cwd=gazette)
    again = ("subscribers", "unsuppress", "Ada@example.org")
    assert "was not suppressed" in sparkpub(*again, cwd=gazette).out
    ledger = open_ledger("sqlite:///var/ledger.db", gazette)
    ledger.suppress("ada@example.org", "refused: 550", clock.now())
    ledger.close()
    assert sparkpub(*again, "--json", cwd=gazette).json["unsuppressed"] is True
    (reader,) = sparkpub("subscribers", "list", "--json", cwd=gazette).json
    assert reader["suppressed"] is False
