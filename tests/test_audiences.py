"""Audiences: whom an issue goes to, by what the settings say of them, from the front matter to the mail."""

from pathlib import Path

import pytest

from cli_runner import Ran, sparkpub, write_issue

AT = ("--now", "2026-02-01T12:00")
BEFORE = ("--now", "2026-01-02")

READERS = """\
email,status,language,tags,town
ada@example.org,active,en-GB,history;series:war,Kraków
bo@example.org,active,en,maths,London
cy@example.org,active,fr,history;maths,Kraków
di@example.org,active,,,
ed@example.org,unconfirmed,en,history;maths;series:war,Kraków
flo@example.org,unsubscribed,en,history;maths;series:war,Kraków
gus@example.org,active,en,history;maths;series:war,Kraków
"""


@pytest.fixture
def press(gazette: Path) -> Path:
    """A press with seven readers, of whom four can be mailed; gus is suppressed."""
    (gazette / "list.csv").write_text(READERS)
    assert sparkpub("subscribers", "import", "list.csv", *BEFORE, cwd=gazette).code == 0
    sparkpub("subscribers", "suppress", "gus@example.org", cwd=gazette)
    (gazette / "issues" / "hello.md").unlink()
    return gazette


def audience(folder: Path, name: str, condition: str) -> None:
    with (folder / "sparkpub.toml").open("a") as settings:
        settings.write(f"\n[audience.{name}]\n{condition}\n")


def sent(folder: Path, release: str) -> str:
    """Whom a release was sent to, by the names before the @."""
    readers = sparkpub("subscribers", "list", "--json", cwd=folder).json
    stories = [sparkpub("why", reader["email"], release, "--json", cwd=folder).json for reader in readers]
    got = [one["address"] for one in stories if [row["state"] for row in one["deliveries"]] == ["sent"]]
    return " ".join(address.partition("@")[0] for address in got)


def go_out(folder: Path, *words: str) -> Ran:
    queued = sparkpub("queue", "--all", *BEFORE, *words, cwd=folder)
    assert queued.code == 0, queued.err
    assert sparkpub("run", "--once", *AT, cwd=folder).code == 0
    return queued


@pytest.mark.parametrize(
    ("condition", "who"),
    [
        ("", "ada bo cy di"),
        ('tags = ["history"]', "ada cy"),
        ('tags = ["history", "maths"]', "ada bo cy"),
        ('tags = ["histor"]', ""),
        ('without_tags = ["history", "maths"]', "di"),
        ('tags = ["maths"]\nwithout_tags = ["history"]', "bo"),
        ('series = ["war"]', "ada"),
        ('language = ["en"]', "ada bo"),
        ('language = ["en-GB", "fr"]', "ada cy"),
        ('attributes = {town = "Kraków"}', "ada cy"),
        ('attributes = {town = "Krak"}', ""),
        ('tags = ["history"]\nlanguage = ["fr"]\nattributes = {town = "Kraków"}', "cy"),
        ('status = "active"\ntags = ["series:war"]', "ada"),
        ('added_from = "2026-01-02"\nadded_until = "2026-01-02"', "ada bo cy di"),
        ('added_from = "2026-01-03"', ""),
        ('added_until = "2026-01-01"', ""),
    ],
)
def test_an_issue_goes_to_those_of_whom_every_condition_holds(condition: str, who: str, press: Path) -> None:
    with (press / "sparkpub.toml").open("a") as settings:
        settings.write('\n[series.war]\ntitle = "The War"\n')
    audience(press, "some", condition)
    write_issue(press, "now", 'title: "Now"\naudience: some\nrelease: "2026-02-01 07:00"')
    count = len(who.split())
    assert f"'some', {count} reader" in go_out(press).out
    (row,) = sparkpub("status", "--json", cwd=press).json["releases"]
    assert (row["eligible"], row["sent"]) == (count, count)
    assert sent(press, "now/0") == who


def test_an_apology_reaches_exactly_those_who_got_the_piece(press: Path) -> None:
    audience(press, "historians", 'tags = ["history"]')
    audience(press, "misled", 'received = "now/0"')
    write_issue(press, "now", 'title: "Now"\naudience: historians\nrelease: "2026-02-01 07:00"')
    write_issue(press, "sorry", 'title: "Sorry"\naudience: misled\nrelease: "2026-02-02 07:00"')
    go_out(press)
    sparkpub("subscribers", "set", "bo@example.org", "--tag", "history", cwd=press)
    sparkpub("subscribers", "set", "cy@example.org", "--untag", "history", cwd=press)
    sparkpub("subscribers", "move", "ada@example.org", "ada@lovelace.example", cwd=press)
    assert sparkpub("subscribers", "list", "--audience", "misled", "--count", cwd=press).out == "2\n"
    assert sparkpub("run", "--once", "--now", "2026-02-02T12:00", cwd=press).code == 0
    assert sent(press, "sorry/0") == "ada cy"


def test_an_apology_goes_to_nobody_who_left_after_the_piece(press: Path) -> None:
    audience(press, "misled", 'received = "now/0"')
    write_issue(press, "now", 'title: "Now"\nrelease: "2026-02-01 07:00"')
    write_issue(press, "sorry", 'title: "Sorry"\naudience: misled\nrelease: "2026-02-02 07:00"')
    go_out(press)
    sparkpub("subscribers", "unsubscribe", "bo@example.org", cwd=press)
    sparkpub("subscribers", "suppress", "cy@example.org", cwd=press)
    sparkpub("run", "--once", "--now", "2026-02-02T12:00", cwd=press)
    assert sent(press, "sorry/0") == "ada di"


def test_an_audience_is_frozen_when_its_issue_is_released(press: Path) -> None:
    audience(press, "historians", 'tags = ["history"]')
    write_issue(press, "now", 'title: "Now"\naudience: historians\nrelease: "2026-02-01 07:00"')
    sparkpub("queue", "now", *BEFORE, cwd=press)
    assert sparkpub("tick", *AT, cwd=press).code == 0
    sparkpub("subscribers", "set", "bo@example.org", "--tag", "history", cwd=press)
    sparkpub("subscribers", "set", "cy@example.org", "--untag", "history", cwd=press)
    assert sparkpub("send", *AT, cwd=press).code == 0
    assert sent(press, "now/0") == "ada cy"


def test_an_audience_that_is_nowhere_is_a_fault_with_the_nearest(press: Path) -> None:
    audience(press, "historians", 'tags = ["history"]')
    path = write_issue(press, "now", 'title: "Now"\naudience: historian\nrelease: "2026-02-01 07:00"')
    ran = sparkpub("check", cwd=press)
    line = path.read_text().splitlines().index("audience: historian") + 1
    assert (ran.code, f"issues/now.md:{line}: unknown audience 'historian'; did you mean 'historians'?" in ran.out) == (
        2,
        True,
    ), ran.out


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('received = "now"', "write it like ISSUE/100"),
        ('added_from = "2026-02-30"', "2026-02-30"),
        ('series = ["wra"]', "unknown series 'wra'"),
        ('langauge = ["en"]', "did you mean 'language'?"),
        ('status = "unsubscribed"', "active"),
    ],
)
def test_a_condition_that_cannot_be_is_a_fault_of_its_line(condition: str, said: str, press: Path) -> None:
    audience(press, "some", condition)
    ran = sparkpub("check", cwd=press)
    assert ran.code == 2
    assert f"sparkpub.toml:{len((press / 'sparkpub.toml').read_text().splitlines())}: " in ran.out
    assert said in ran.out


def test_an_apology_reaches_who_got_the_piece_in_a_digest(press: Path) -> None:
    audience(press, "misled", 'received = "now/0"')
    for name in ("bo", "cy"):
        sparkpub("subscribers", "set", f"{name}@example.org", "--rhythm", "daily", *BEFORE, cwd=press)
    write_issue(press, "now", 'title: "Now"\nrelease: "2026-02-01 07:00"')
    go_out(press)
    count = ("subscribers", "list", "--audience", "misled", "--count")
    assert sparkpub(*count, cwd=press).out == "2\n"
    sparkpub("run", "--once", "--now", "2026-02-02T12:00", cwd=press)
    assert sparkpub(*count, cwd=press).out == "4\n"
