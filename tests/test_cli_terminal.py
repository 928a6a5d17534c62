"""What a person sees at a terminal of 80 columns: tables, colours, questions, progress."""

import os
import re
from pathlib import Path

import pytest

from cli_runner import CTRL_C, at_terminal, process, rehearse_by_smtp, sparkpub, without_placeholders, write_issue
from sparkpub.cli.tables import table

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
NOW = ("--now", "2026-10-16T07:00")


def plain(screen: str) -> str:
    return ESCAPE.sub("", screen)


def test_a_table_fits_the_terminal_and_has_colours(gazette: Path) -> None:
    write_issue(gazette, "a-very-long-name-for-an-issue-that-somebody-chose", "title: L\nrelease: 2027-01-05")
    code, screen = at_terminal("calendar", "--from", "2026-01-01", "--until", "2028-01-01", cwd=gazette)
    assert code == 0
    assert "\x1b[" in screen
    assert max(len(line) for line in plain(screen).splitlines()) <= 80
    assert "2027-01-05" in screen


def test_in_a_pipe_a_row_is_one_line_without_colours(gazette: Path) -> None:
    write_issue(gazette, "long", f"title: {'A Long Title ' * 20}\nrelease: 2027-01-05")
    ran = process("list", cwd=gazette)
    assert "\x1b" not in ran.out
    assert len(ran.out.splitlines()) == 4


def test_colours_are_left_out_where_nobody_wants_them(gazette: Path) -> None:
    os.environ["NO_COLOR"] = "1"  # at_terminal takes it out again: here only the table itself is asked
    try:
        assert "\x1b" not in table({"state": "State"}, [{"state": "queued"}])
    finally:
        del os.environ["NO_COLOR"]
    del gazette


def test_wide_letters_take_two_columns_and_accents_none() -> None:
    rows = [{"a": "日本", "b": "x"}, {"a": "e\u0301tude", "b": "y"}]
    lines = table({"a": "A", "b": "B"}, rows).splitlines()
    assert lines[2] == "日本   x"
    assert lines[3] == "e\u0301tude  y"


def test_counts_stand_to_the_right() -> None:
    rows = [{"n": "1,000", "t": "x"}, {"n": "7", "t": "y"}]
    assert table({"n": "N", "t": "T"}, rows).splitlines()[2:] == ["1,000  x", "    7  y"]


@pytest.mark.parametrize(("typed", "code", "released"), [("y\r", 0, 1), ("n\r", 2, 0), ("\r", 2, 0), (CTRL_C, 130, 0)])
def test_a_release_by_hand_asks_first(typed: str, code: int, released: int, gazette: Path) -> None:
    ended, screen = at_terminal("release", "hello", *NOW, cwd=gazette, typed=typed, after="Go ahead?")
    assert ended == code
    assert "hello/444, 24 hours late" in screen
    assert "Traceback" not in screen
    assert len(sparkpub("status", "--json", cwd=gazette).json["releases"]) == released


@pytest.mark.parametrize(("typed", "code"), [("1\r", 0), ("y\r", 2), ("2\r", 2)])
def test_where_people_are_mailed_their_count_is_typed(typed: str, code: int, gazette: Path) -> None:
    sparkpub("subscribers", "add", "ada@example.org", "--confirmed", "asked", cwd=gazette)
    without_placeholders(gazette)
    rehearse_by_smtp(gazette)
    ended, screen = at_terminal("release", "hello", cwd=gazette, typed=typed, after="Type 1 to mail them")
    assert ended == code
    assert "all, 1 reader, by smtp" in screen


def test_long_work_shows_how_far_it_is_and_cleans_up(gazette: Path) -> None:
    code, screen = at_terminal("check", cwd=gazette)
    assert code == 0
    assert "checking" in screen
    assert screen.rstrip().endswith("1 issue checked: nothing to mend")
    quiet = at_terminal("check", "--quiet", cwd=gazette)
    assert quiet == (0, "")
    _, document = at_terminal("check", "--json", cwd=gazette)
    assert document.startswith("[]")
