"""The first minutes: help, init, new, bare sparkpub, and what every command shares."""

import json
import re
import shutil
from datetime import date
from pathlib import Path

import click
import pytest

import sparkpub as package
from cli_runner import process, rehearse_by_smtp, sparkpub, write_issue
from sparkpub import __version__
from sparkpub.cli import COMMANDS
from sparkpub.cli import sparkpub as top


def commands() -> list[tuple[str, ...]]:
    context = click.Context(top)
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = top.get_command(context, name)
        found += [(name, sub) for sub in command.commands] if isinstance(command, click.Group) else [(name,)]
    return found


def test_version_is_one_line(tmp_path: Path) -> None:
    assert sparkpub("--version", cwd=tmp_path).out == f"sparkpub {__version__}\n"


def test_help_names_every_command_in_its_section(tmp_path: Path) -> None:
    shown = sparkpub("--help", cwd=tmp_path)
    assert shown.code == 0
    for name, (_, section, line) in COMMANDS.items():
        after = shown.out.partition(f"\n{section} – ")[2]
        assert re.search(rf"\n  {name} +{re.escape(line)}", after), name


def test_the_lines_of_help_are_the_commands_own_first_lines() -> None:
    for name, (_, _, line) in COMMANDS.items():
        command = top.get_command(click.Context(top), name)
        assert command is not None
        assert command.name == name
        assert (command.help or "").partition("\n")[0] == line


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_explains_itself_and_takes_what_all_take(words: tuple[str, ...], tmp_path: Path) -> None:
    shown = sparkpub(*words, "--help", cwd=tmp_path)
    assert shown.code == 0
    assert all(option in shown.out for option in ("--publication DIR", "--now INSTANT", "--json", "--quiet"))
    assert all(len(line) <= 100 for line in shown.out.splitlines())
    undescribed = [line for line in shown.out.splitlines() if re.fullmatch(r"  --\S+( [A-Z|a-z]+)?", line)]
    assert not [line for line in undescribed if len(line) < 24]


@pytest.mark.parametrize("words", [("list",), ("show", "nothing"), ("list", "--no-such-option"), ("lsit",)])
def test_with_json_an_error_is_a_document_too(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = sparkpub(*words, "--json", cwd=tmp_path)
    assert ran.code == 2
    assert ran.json["exit"] == 2
    assert ran.json["error"] in ran.err


def test_a_command_that_is_named_in_a_message_exists() -> None:
    known = {words[:1] for words in commands()} | set(commands())
    sources = sorted(Path(package.__file__).parent.rglob("*.py"))
    for path in sources:
        text = path.read_text(encoding="utf-8")
        for name, sub in re.findall(r"`sparkpub ([a-z][a-z-]*)(?: ([a-z]+)\b)?", text):
            assert (name,) in known, f"{path.name}: sparkpub {name}"
            if any(len(words) == 2 and words[0] == name for words in known) and sub:
                assert (name, sub) in known, f"{path.name}: sparkpub {name} {sub}"


def test_where_nothing_is_the_way_to_begin_is_named(tmp_path: Path) -> None:
    ran = sparkpub(cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "`sparkpub init DIR` starts a publication" in ran.err


def test_init_says_what_it_made_and_what_to_type_next(tmp_path: Path) -> None:
    ran = sparkpub("init", "gazette", cwd=tmp_path)
    assert ran.code == 0
    assert "sparkpub.toml" in ran.out
    assert "`cd gazette && sparkpub`" in ran.err
    assert (tmp_path / "gazette" / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_init_needs_a_folder_and_never_fills_one_that_holds_something(gazette: Path, tmp_path: Path) -> None:
    assert sparkpub("init", cwd=tmp_path).code == 2
    before = sorted(path.name for path in gazette.iterdir())
    again = sparkpub("init", "gazette", cwd=tmp_path)
    assert again.code == 2
    assert "init --press" in again.err
    assert sorted(path.name for path in gazette.iterdir()) == before


def test_init_in_json_is_one_document(tmp_path: Path) -> None:
    document = sparkpub("init", "gazette", "--json", cwd=tmp_path).json
    assert document["publication"] == str(tmp_path / "gazette")
    assert "sparkpub.toml" in document["made"]


def test_a_clone_becomes_the_press_once(gazette: Path) -> None:
    shutil.rmtree(gazette / "var")
    (gazette / "secrets.env").unlink()
    assert sparkpub("init", "--press", cwd=gazette).code == 0
    again = sparkpub("init", "--press", ".", cwd=gazette)
    assert again.code == 2
    assert "this is the press already" in again.err


def test_bare_sparkpub_lists_commands_that_can_be_copied(gazette: Path) -> None:
    ran = sparkpub(cwd=gazette)
    assert ran.code == 0
    assert "\n  sparkpub queue hello\n" in ran.out
    assert "\n  sparkpub subscribers add ADDRESS --confirmed EVIDENCE\n" in ran.out


def test_bare_sparkpub_exits_1_while_something_waits_for_a_person(gazette: Path) -> None:
    sparkpub("stop", cwd=gazette)
    ran = sparkpub(cwd=gazette)
    assert ran.code == 1
    assert "Waiting for you:\n  sparkpub resume\n" in ran.out
    assert sparkpub("--json", cwd=gazette).json["steps"][0]["pressing"] is True


def test_bare_sparkpub_names_broken_files(gazette: Path) -> None:
    (gazette / "issues" / "broken.md").write_text("no front matter")
    ran = sparkpub(cwd=gazette)
    assert ran.code == 1
    assert "  sparkpub check\n" in ran.out


def test_a_new_issue_is_sound_and_its_path_is_printed(gazette: Path) -> None:
    ran = sparkpub("new", "The Bridge Opens", "--of", "1883-05-24", cwd=gazette)
    assert ran.out == "issues/the-bridge-opens.md\n"
    assert "`sparkpub check the-bridge-opens`" in ran.err
    assert sparkpub("check", "the-bridge-opens", "--strict", "--quiet", cwd=gazette).code == 0
    again = sparkpub("new", "The Bridge Opens", "--json", cwd=gazette)
    assert again.json == {"issue": "the-bridge-opens-2", "path": "issues/the-bridge-opens-2.md"}


def test_a_path_is_printed_as_it_is_reached_from_here(gazette: Path) -> None:
    assert sparkpub("new", "Other", "--publication", "gazette", cwd=gazette.parent).out == "gazette/issues/other.md\n"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("A", "--of", "1917-02-30"), "no day 30"),
        (("A", "--release", "soon"), "no date"),
        (("A", "--series", "none"), "there is no series 'none'"),
        (("A", "--of", "1917-09-04", "--release", "2027-01-01"), "exclude each other"),
    ],
)
def test_a_new_issue_that_could_not_be_read_is_not_written(words: tuple[str, ...], fault: str, gazette: Path) -> None:
    ran = sparkpub("new", *words, cwd=gazette)
    assert ran.code == 2
    assert fault in ran.err
    assert [path.name for path in (gazette / "issues").iterdir()] == ["hello.md"]


def test_line_ends_and_control_characters_of_a_title_stay_out_of_the_file(gazette: Path) -> None:
    ran = sparkpub("new", "A\r\nBcc: all@example.org\0", "--json", cwd=gazette)
    assert ran.code == 0
    shown = sparkpub("show", ran.json["issue"], "--json", cwd=gazette).json
    assert shown["title"].split() == ["A", "Bcc:", "all@example.org"]
    assert shown["title"].isprintable()


def test_a_mistyped_command_is_guessed(tmp_path: Path) -> None:
    ran = sparkpub("relaese", cwd=tmp_path)
    assert ran.code == 2
    assert "did you mean 'release'?" in ran.err


@pytest.mark.parametrize("order", ["before", "after"])
def test_shared_options_stand_before_or_after_the_name(order: str, gazette: Path, tmp_path: Path) -> None:
    shared = ["--publication", str(gazette), "--now", "2026-03-01", "--json", "--quiet"]
    words = [*shared, "calendar"] if order == "before" else ["calendar", *shared]
    ran = sparkpub(*words, cwd=tmp_path)
    assert ran.err == ""
    assert [row["date"] for row in ran.json] == ["2026-10-15"]


def test_shared_options_stand_anywhere_among_the_names_of_a_group(gazette: Path, tmp_path: Path) -> None:
    for words in (
        ["subscribers", "--json", "list"],
        ["--json", "subscribers", "list"],
        ["subscribers", "list", "--json"],
    ):
        assert sparkpub(*words, cwd=gazette).json == []
    assert sparkpub("subscribers", "--publication", str(gazette), "list", cwd=tmp_path).code == 0


def test_quiet_leaves_the_result_alone(gazette: Path) -> None:
    ran = sparkpub("status", "--json", "--quiet", cwd=gazette)
    assert (ran.json, ran.err) == ({"releases": []}, "")


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-02-30", "0000-01-01", "2026-01-01T25:00", "9999-12-31T23:00-12:00"]
)
def test_an_instant_that_is_none_is_refused(text: str, gazette: Path) -> None:
    ran = sparkpub("calendar", "--now", text, cwd=gazette)
    assert ran.code == 2
    assert "write it like 2017-09-04T07:00" in ran.err


def test_an_instant_without_offset_is_read_in_the_publications_zone(gazette: Path) -> None:
    settings = gazette / "sparkpub.toml"
    settings.write_text(settings.read_text().replace('timezone = "UTC"', 'timezone = "Asia/Tokyo"'))
    sparkpub("hold", "hello", "--now", "2026-03-01T07:00", cwd=gazette)
    assert sparkpub("show", "hello", "--json", cwd=gazette).json["history"][0]["at"] == "2026-02-28T22:00:00Z"


@pytest.mark.parametrize(
    "words",
    [
        ("queue", "hello"),
        ("hold", "hello"),
        ("skip", "hello", "445"),
        ("tick",),
        ("release", "hello", "--yes"),
        ("send",),
        ("stop",),
        ("resume", "--yes"),
        ("run", "--once"),
        ("subscribers", "add", "ada@example.org", "--confirmed", "asked"),
        ("subscribers", "unsubscribe", "ada@example.org"),
    ],
    ids=" ".join,
)
class TestWriters:
    def test_a_copy_sends_those_who_would_write_to_the_press(self, words: tuple[str, ...], gazette: Path) -> None:
        shutil.rmtree(gazette / "var")
        ran = sparkpub(*words, cwd=gazette)
        assert (ran.code, ran.out) == (3, "")
        assert "this is a copy; queue on the press" in ran.err
        assert not (gazette / "var" / "ledger.db").exists()

    def test_no_time_is_pretended_where_people_are_mailed(self, words: tuple[str, ...], gazette: Path) -> None:
        rehearse_by_smtp(gazette)
        ran = sparkpub(*words, "--now", "2026-03-01", cwd=gazette)
        assert (ran.code, ran.out) == (2, "")
        assert "--now" in ran.err


READERS = [
    (),
    ("list",),
    ("show", "hello"),
    ("calendar",),
    ("check",),
    ("render", "hello", "--out", "look"),
    ("build", "--out", "site"),
    ("status",),
    ("schema", "issue"),
    ("simulate", "--from", "2026-10-01", "--until", "2026-11-01", "--readers", "1"),
]


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_what_only_reads_works_on_a_copy_and_without_a_secret(words: tuple[str, ...], gazette: Path) -> None:
    (gazette / "secrets.env").unlink()
    rehearse_by_smtp(gazette)
    assert sparkpub(*words, "--now", "2026-03-01", cwd=gazette).code == 0
    shutil.rmtree(gazette / "var")
    ran = sparkpub(*words, "--json", cwd=gazette)
    assert ran.code == 0
    json.loads(ran.out)


@pytest.mark.parametrize("words", [("subscribers", "export"), ("why", "ada@example.org")], ids=" ".join)
def test_nothing_passes_a_copy_off_as_having_no_readers(words: tuple[str, ...], gazette: Path) -> None:
    shutil.rmtree(gazette / "var")
    ran = sparkpub(*words, cwd=gazette)
    assert (ran.code, ran.out) == (3, "")
    assert "this is a copy" in ran.err


def test_bare_sparkpub_tells_readers_who_have_not_confirmed_from_none(gazette: Path) -> None:
    assert "there are no readers yet" in sparkpub(cwd=gazette).out
    (gazette / "readers.csv").write_text("email,wishes\nada@example.org,rhythm=weekly\n")
    assert sparkpub("subscribers", "import", "readers.csv", "--as", "unconfirmed", cwd=gazette).code == 0
    assert "no reader has confirmed yet; 1 may still" in sparkpub(cwd=gazette).out
    (gazette / "more.csv").write_text("email,wishes\ngrace@example.org,rhythm=weekly\n")
    assert sparkpub("subscribers", "import", "more.csv", "--as", "active", cwd=gazette).code == 0
    assert "reader" not in sparkpub(cwd=gazette).out


def test_another_key_is_refused_with_its_cure(gazette: Path) -> None:
    (gazette / "secrets.env").write_text("SPARKPUB_SECRET_KEY=another\n")
    ran = sparkpub("tick", cwd=gazette)
    assert ran.code == 3
    assert "copy secrets.env from the old machine" in ran.err


def test_a_mailing_press_without_key_says_what_makes_one(gazette: Path) -> None:
    (gazette / "secrets.env").unlink()
    rehearse_by_smtp(gazette)
    ran = sparkpub("tick", cwd=gazette)
    assert ran.code == 2
    assert "`sparkpub init --press .`" in ran.err


def test_schemas_are_json(gazette: Path) -> None:
    for what, key in (("issue", "anniversary"), ("config", "publication")):
        assert key in sparkpub("schema", what, cwd=gazette).json["properties"]


def test_a_year_is_counted_by_its_calendar(gazette: Path) -> None:
    write_issue(gazette, "leap", f'title: L\nrelease: "{date(2029, 3, 1)}"')
    ran = sparkpub("calendar", "--from", "2028-02-29", "--json", cwd=gazette)
    assert [row["date"] for row in ran.json] == ["2028-10-15"]


def test_shells_complete_commands_options_and_ids(gazette: Path) -> None:
    def completed(*words: str) -> list[str]:
        environ = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
        ran = process(cwd=gazette, env={**environ, "_SPARKPUB_COMPLETE": "bash_complete", "PATH": "/usr/bin:/bin"})
        return [line.removeprefix("plain,") for line in ran.out.split()]

    assert completed("sparkpub", "re") == ["render", "release", "resume", "retry-failed", "restore"]
    assert completed("sparkpub", "queue", "--a") == ["--all"]
    assert completed("sparkpub", "render", "h") == ["hello"]
