"""Who may let an issue go: holds told apart, edits after approval shown, releases by hand named once."""

from pathlib import Path

import pytest

from cli_runner import Ran, sparkpub, write_issue
from press_room import PressRoom, instant, room
from sparkpub.core.diffs import diff, visible
from sparkpub.core.records import Holder, QueueState
from sparkpub.queueing import edited, hold

__all__ = ["room"]

DUE = "2017-09-04 07:00"


def holder(room: PressRoom, id_: str = "a") -> Holder:
    return room.press.ledger.issue_states()[id_].held_by


def test_a_person_s_hold_in_the_file_s_words_is_a_person_s(room: PressRoom) -> None:
    """Else the next tick would take the file, which says ready, at its word."""
    room.queue("a", at="2017-09-01")
    hold(room.press, room.shelf().issues["a"], reason="its file says hold", now=instant("2017-09-01"))
    assert not room.tick("2017-09-02").held
    assert not room.tick(DUE).released
    assert holder(room) is Holder.PERSON


def test_a_file_s_hold_is_the_file_s_and_ends_with_it(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.write("a", status="hold")
    room.tick("2017-09-02")
    assert holder(room) is Holder.FILE
    room.write("a", status="draft")
    assert room.tick("2017-09-02 01:00").held == (("a", "its file says draft"),)
    room.write("a")
    room.tick("2017-09-03")
    assert holder(room) is Holder.NOBODY
    assert room.tick(DUE).released


def test_the_approved_text_is_kept_and_an_edit_is_shown(room: PressRoom) -> None:
    room.set('approval = "strict"\n')
    room.queue("a", at="2017-09-01")
    room.write("a", body="Another text.")
    room.tick("2017-09-02")
    ledger, issue = room.press.ledger, room.shelf().issues["a"]
    lines = edited(ledger, issue, ledger.issue_state("a"))
    assert lines[:2] == ["--- issues/a.md as approved", "+++ issues/a.md now"]
    assert [line for line in lines[3:] if line[0] in "+-"] == ["-Sound text.", "+Another text."]
    assert holder(room) is Holder.EDIT
    room.queue("a", at="2017-09-03")
    assert edited(ledger, issue, ledger.issue_state("a")) == []
    assert ledger.approved("a") == issue.source


def test_an_edit_taken_back_still_waits_for_a_person(room: PressRoom) -> None:
    room.set('approval = "strict"\n')
    room.queue("a", at="2017-09-01")
    room.write("a", body="Another text.")
    room.tick("2017-09-02")
    room.write("a")
    room.tick("2017-09-03")
    assert room.press.ledger.issue_states()["a"].state is QueueState.HELD
    assert edited(room.press.ledger, room.shelf().issues["a"], room.press.ledger.issue_state("a")) == []


def test_merging_under_strict_approval_approves_what_was_merged(room: PressRoom) -> None:
    room.set('approval = "strict"\nqueue = "ready"\n')
    room.tick("2017-09-01")
    room.write("a", body="Another text.")
    assert room.tick("2017-09-02").held == (("a", "it was edited after it was approved"),)
    assert edited(room.press.ledger, room.shelf().issues["a"], room.press.ledger.issue_state("a"))


def test_without_strict_approval_no_text_is_kept(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.write("a", body="Another text.")
    assert room.press.ledger.approved("a") is None
    assert edited(room.press.ledger, room.shelf().issues["a"], room.press.ledger.issue_state("a")) == []
    assert room.tick(DUE).released


def test_a_file_held_and_edited_under_strict_approval_waits_for_a_person(room: PressRoom) -> None:
    room.set('approval = "strict"\n')
    room.queue("a", at="2017-09-01")
    room.write("a", status="hold")
    room.tick("2017-09-02")
    room.write("a", body="Another text.")
    assert room.tick("2017-09-03").held == (("a", "it was edited after it was approved"),)
    assert not room.tick(DUE).released


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb c", "a\tb c"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\u202eevil", "\\u202eevil"),
        ("a\u200bb\u2028c", "a\\u200bb\\u2028c"),
        ("a\xa0b\rc", "a\\xa0b\\rc"),
        ("Zoë 東京 🗞", "Zoë 東京 🗞"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_nothing_can_hide_in_a_diff(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert diff(b"x\n", f"{text}\n".encode(), path="a.md")[-1] == f"+{shown}"


def test_a_diff_of_any_bytes_is_lines() -> None:
    assert diff(b"same", b"same", path="a.md") == []
    assert diff(b"a", b"a\n", path="a.md")[-2:] == ["-a (no line end)", "+a"]
    assert diff(b"", b"\xff\xfe\n", path="a\x1b.md")[1:] == ["+++ a\\x1b.md now", "@@ -0,0 +1 @@", "+\\xff\\xfe"]
    long = diff(b"", b"".join(b"%d\n" % n for n in range(5000)), path="a.md")
    assert len(long) == 2001
    assert long[-1] == "… and more"


def at(folder: Path, *words: str, now: str = "2026-11-01") -> Ran:
    return sparkpub(*words, "--now", now, cwd=folder)


def test_show_and_queue_show_the_edit_that_waits(gazette: Path) -> None:
    settings = gazette / "sparkpub.toml"
    settings.write_text(settings.read_text().replace("[schedule]", '[schedule]\napproval = "strict"'))
    write_issue(gazette, "piece", 'title: P\nrelease: "2026-12-10"', "First text.\n")
    assert at(gazette, "queue", "piece").code == 0
    assert at(gazette, "show", "piece", "--json").json["diff"] == []
    write_issue(gazette, "piece", 'title: P\nrelease: "2026-12-10"', "Second \u202etext.\n")
    tick = at(gazette, "tick", now="2026-11-02")
    assert "held       piece: it was edited after it was approved; `sparkpub show piece` tells why" in tick.out
    show = at(gazette, "show", "piece")
    assert "held (it was edited after it was approved)" in show.out
    assert "\n-First text.\n+Second \\u202etext.\n" in show.out
    assert "`sparkpub queue piece` approves it" in show.out
    write_issue(gazette, "piece", 'title: P\nrelease: "2026-12-10"', "Third text.\n")
    queued = at(gazette, "queue", "piece", now="2026-11-03")
    assert "\n-First text.\n+Third text.\n" in queued.out
    assert [event["event"] for event in at(gazette, "show", "piece", "--json").json["history"]] == [
        "queued",
        "held",
        "queued",
    ]
    assert at(gazette, "show", "piece", "--json").json["diff"] == []


def test_an_issue_named_twice_is_released_once(gazette: Path) -> None:
    write_issue(gazette, "piece", 'title: P\nrelease: "2026-12-10"')
    ran = at(gazette, "release", "piece", "piece", "--yes", "--json", now="2026-12-11")
    assert ran.code == 0
    assert [row["release"] for row in ran.json] == ["piece/0"]
    again = at(gazette, "release", "piece", "--number", "0", now="2026-12-11")
    assert again.code == 3
    assert "piece/0, due on 2026-12-10, is released already; nothing is sent twice" in again.err


def test_show_tells_everything_that_befell_an_issue(gazette: Path) -> None:
    write_issue(gazette, "piece", 'title: P\nanniversary: {of: "1916-12-10", every: 1}')
    at(gazette, "queue", "piece")
    at(gazette, "skip", "piece", "111")
    at(gazette, "hold", "piece", "--reason", "wait for the archive")
    at(gazette, "queue", "piece")
    at(gazette, "tick", now="2026-12-10T07:00")
    told = at(gazette, "show", "piece", "--json", now="2026-12-11").json
    assert [(event["event"], event["detail"]) for event in told["history"]] == [
        ("queued", ""),
        ("skipped", "due on 2027-12-10"),
        ("held", "wait for the archive"),
        ("queued", ""),
        ("released", "110, due on 2026-12-10"),
    ]
    assert [(row["number"], row["state"]) for row in told["next"]] == [
        (111, "skipped"),
        (112, "queued"),
        (113, "queued"),
    ]
    (release,) = told["releases"]
    assert (release["release"], release["state"], release["mailed"]) == ("piece/110", "sending", True)


@pytest.mark.parametrize("body", ["![A map](none.png)\n", "broken"])
def test_a_simulation_exits_for_the_sound_issues_however_another_is_broken(body: str, gazette: Path) -> None:
    path = write_issue(gazette, "bad", 'title: B\nrelease: "2026-10-20"', body)
    if body == "broken":
        path.write_text("no front matter", encoding="utf-8")
    ran = sparkpub("simulate", "--from", "2026-10-15", "--until", "2026-10-22", "--readers", "1", "--json", cwd=gazette)
    assert ran.code == 0
    assert "issues/bad.md:" in ran.err
    assert [row["release"] for row in ran.json["releases"]] == ["hello/444"]
