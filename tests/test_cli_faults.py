"""Bad input through check, render and simulate: each fault with place and cure, no traceback, the others go on."""

import json
import re
import shutil
from pathlib import Path

import pytest

from cli_runner import Ran, sparkpub, write_issue

Front = str | bytes
SOUND = "title: A Title\nrelease: 2026-10-20\n"
FAULT = re.compile(r"(issues|templates)/\S+:\d+: [^;]+; .+|sparkpub\.toml:\d+: [^;]+; .+")

BAD: dict[str, tuple[Front, int, str]] = {
    "broken YAML": ("title: [A Title\n", 5, "broken YAML"),
    "an unknown key": (SOUND + "titel: x\n", 6, "unknown key 'titel'; did you mean 'title'?"),
    "a doubled key": (SOUND + "title: Another\n", 6, "the key 'title' is there twice, first in line 4"),
    "no such day": ('title: A\nanniversary:\n  of: "1917-02-30"\n  every: 1\n', 6, "Feb 1917 has no day 30"),
    "a day that a country left out": (
        'title: A\nanniversary:\n  of: "1918-02-10"\n  calendar: russia\n  every: 1\n',
        6,
        "'1918-02-10' is no date",
    ),
    "an unknown zone": (SOUND + "zone: Mars/Olympus\n", 6, "unknown zone 'Mars/Olympus'"),
    "an unknown series": (SOUND + "series: none\n", 6, "unknown series 'none'; add [series.none]"),
    "other bytes than UTF-8": (b"title: Caf\xe9\n", 4, "byte 0xe9 is not UTF-8"),
    "NUL": (b"title: A\0B\n", 4, "control character (U+0000)"),
    "a bomb of aliases": ("a: &a [x, x]\nb: [*a, *a]\n" + SOUND, 5, "an alias, *a"),
    "a bomb of depth": ("title: " + "[" * 5000 + "\n", 4, "broken YAML"),
    "a tag": ("title: !!python/object/apply:os.system [id]\n", 4, "a tag, "),
    "a slug that climbs": (SOUND + "slug: ../../etc\n", 6, "may hold a–z"),
    "an absolute slug": (SOUND + "slug: /etc/passwd\n", 6, "may hold a–z"),
    "CR and LF in the title": ('title: "A\\r\\nBcc: all@example.org"\nrelease: 2026-10-20\n', 4, "more than one line"),
    "CR and LF in a name": (SOUND + 'authors: ["Ada\\r\\nBcc: all@example.org"]\n', 6, "more than one line"),
    "no rule in a ready piece": ("title: A\n", 3, "neither 'release' nor 'anniversary'"),
    "two rules": (SOUND + 'anniversary: {of: "1917-09-04", every: 1}\n', 6, "beside 'release'"),
}


def has_no_traceback(*runs: Ran) -> bool:
    return not any("Traceback" in ran.err + ran.out or "sparkpub itself failed" in ran.err for ran in runs)


@pytest.fixture(scope="module")
def among_bad(fresh_gazette: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran, Ran]:
    """The sound `hello` among all bad files, with what `check` and `simulate` say of them."""
    folder = tmp_path_factory.mktemp("bad") / "gazette"
    shutil.copytree(fresh_gazette, folder)
    for number, (front, _, _) in enumerate(BAD.values()):
        data = front if isinstance(front, bytes) else front.encode()
        text = b"---\nid: bad-%d\nstatus: ready\n" % number + data + b"---\nA sentence.\n"
        (folder / "issues" / f"bad-{number}.md").write_bytes(text)
    check = sparkpub("check", cwd=folder)
    simulate = sparkpub("simulate", "--from", "2026-10-15", "--until", "2026-10-16", "--readers", "1", cwd=folder)
    return folder, check, simulate


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_named_by_every_command_with_place_and_cure(what: str, among_bad: tuple[Path, Ran, Ran]) -> None:
    folder, check, simulate = among_bad
    _, line, message = BAD[what]
    number = list(BAD).index(what)
    place = f"issues/bad-{number}.md:{line}: "
    assert any(text.startswith(place) and message in text for text in check.out.splitlines()), check.out
    assert any(text.startswith(place) and message in text for text in simulate.err.splitlines())
    render = sparkpub("render", f"bad-{number}", "--out", "look", cwd=folder)
    assert (render.code, render.out) == (2, "")
    assert place in render.err
    assert has_no_traceback(render)


def test_the_sound_issue_goes_on_among_bad_files(among_bad: tuple[Path, Ran, Ran]) -> None:
    folder, check, simulate = among_bad
    assert check.code == 2
    assert all(FAULT.fullmatch(line) for line in check.out.splitlines()), check.out
    assert "issues/hello.md" not in check.out
    assert simulate.code == 0
    released = json.loads((folder / "var" / "simulation" / "releases.json").read_text())
    assert [row["issue"] for row in released] == ["hello"]
    assert sparkpub("render", "hello", "--out", "look", cwd=folder).code == 0
    assert has_no_traceback(check, simulate)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "A B", "a/b", "", ".", "x" * 65])
def test_an_id_cannot_be_a_path(name: str, gazette: Path) -> None:
    (gazette / "issues" / "bad.md").write_text(f'---\nid: "{name}"\ntitle: A\n---\nA sentence.\n')
    check = sparkpub("check", cwd=gazette)
    assert check.code == 2
    assert "issues/bad.md:2: " in check.out
    assert has_no_traceback(check)


def test_two_files_with_one_id_both_stay_out(gazette: Path) -> None:
    for name in ("one", "two"):
        write_issue(gazette, name, "id: same\n" + SOUND)
    check = sparkpub("check", cwd=gazette)
    assert "issues/one.md:2: id 'same' is also in issues/two.md" in check.out
    assert "issues/two.md:2: id 'same' is also in issues/one.md" in check.out
    rows = sparkpub("list", "--json", cwd=gazette).json
    assert [(row["id"], row["state"]) for row in rows] == [("hello", "unqueued"), ("same", "held"), ("same", "held")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("![A map](none.png)", "there is no picture 'none.png'; it should be at issues/none.png"),
        ("![A map](../../../etc/passwd)", "lies outside the publication"),
        ("![A map](/none.png)", "there is no picture '/none.png'"),
        ("![A map](hello.md)", "hello.md"),
    ],
)
def test_a_picture_that_cannot_be_shown_is_named_and_the_sound_issue_goes_on(
    body: str, message: str, gazette: Path
) -> None:
    write_issue(gazette, "bad", SOUND, f"A sentence.\n\n{body}\n")
    check = sparkpub("check", "bad", cwd=gazette)
    render = sparkpub("render", "bad", "--out", "look", cwd=gazette)
    simulate = sparkpub("simulate", "--from", "2026-10-15", "--until", "2026-10-22", "--readers", "1", cwd=gazette)
    assert [ran.code for ran in (check, render, simulate)] == [2, 2, 0]
    for ran in (check, render, simulate):
        assert "issues/bad.md:9: " in ran.out + ran.err
        assert message in ran.out + ran.err
    assert "A Leap in the Calendar" in simulate.out
    assert "missed     bad/0, due on 2026-10-20" in simulate.out
    assert not (gazette / "look").exists()
    assert has_no_traceback(check, render, simulate)


@pytest.mark.parametrize(
    ("file", "mistake", "message"),
    [
        ("email/email.html.j2", "{{ isue.title }}", "'isue' is undefined; did you mean 'issue'?"),
        ("email/email.txt.j2", "{{ issue.titel }}", "titel"),
        ("email/email.html.j2", "{% if %}", "Expected an expression"),
        ("email/email.html.j2", "{{ ''.__class__.__mro__ }}", "__class__"),
        ("site/base.html.j2", "{{ nothing.here }}", "'nothing' is undefined"),
        ("site/issue.html.j2", "{% block main %}{% endfor %}", "endfor"),
    ],
)
def test_a_template_with_a_mistake_is_named_with_its_line(file: str, mistake: str, message: str, gazette: Path) -> None:
    template = gazette / "templates" / file
    first, *rest = template.read_text().splitlines(keepends=True)
    template.write_text(
        "".join([first, mistake + "\n", *rest]) if "extends" in first else mistake + "\n" + first + "".join(rest)
    )
    check = sparkpub("check", cwd=gazette)
    render = sparkpub("render", "hello", "--out", "look", cwd=gazette)
    simulate = sparkpub("simulate", "--from", "2026-10-15", "--until", "2026-10-16", "--readers", "1", cwd=gazette)
    for ran in (check, render, simulate):
        assert ran.code == 2
        named = [line for line in (ran.out + ran.err).splitlines() if line.startswith(f"templates/{file}:")]
        assert any(re.fullmatch(r"templates/\S+:\d+: .+; .+", line) and message in line for line in named), ran
    assert has_no_traceback(check, render, simulate)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[publication]", "[publication", "broken TOML"),
        ('transport = "maildir"', 'transport = "pigeon"', "'pigeon'"),
        ('transport = "maildir"', 'trnsport = "maildir"', "did you mean 'transport'?"),
        ('language = "en"', 'language = "en"\nlanguage = "de"', "broken TOML"),
        ('timezone = "UTC"', 'timezone = "Mars/Olympus"', "Mars/Olympus"),
        ('time = "07:00"', 'time = "25:00"', "write a time of day: HH:MM"),
        ('title = "Your Newsletter"', 'title = "A\\r\\nBcc: b@example.org"', "title"),
        ('base_url = "https://newsletter.example.org"', "", "base_url is missing"),
    ],
)
def test_bad_settings_are_named_by_line_whatever_the_command(old: str, new: str, message: str, gazette: Path) -> None:
    settings = gazette / "sparkpub.toml"
    settings.write_text(settings.read_text().replace(old, new))
    check = sparkpub("check", cwd=gazette)
    assert check.code == 2
    assert all(FAULT.fullmatch(line) for line in check.out.splitlines())
    assert message in check.out
    others = [sparkpub(*words, cwd=gazette) for words in (("list",), ("tick",), ("render", "hello", "--out", "x"), ())]
    for ran in others:
        assert (ran.code, ran.out) == (2, "")
        assert message in ran.err
    assert has_no_traceback(check, *others)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('accent = "#cccccc"', "[email] accent on paper has a contrast"),
        ('theme = "nosuch"', "[email] theme 'nosuch' has no folder"),
    ],
)
def test_a_theme_that_will_not_do_is_named_in_the_line_of_its_key(line: str, message: str, gazette: Path) -> None:
    settings = gazette / "sparkpub.toml"
    before = settings.read_text().rstrip().split("\n")
    assert "[email]" not in before
    settings.write_text("\n".join([*before, "[email]", 'ink = "#111111"', line, ""]))
    check = sparkpub("check", cwd=gazette)
    assert check.code == 2
    assert f"sparkpub.toml:{len(before) + 3}: {message}" in check.out


def test_a_lead_picture_that_is_not_there_is_named_in_its_line(gazette: Path) -> None:
    write_issue(gazette, "bad", SOUND + "image: {src: none.png, alt: A map}\n")
    text = (gazette / "issues" / "bad.md").read_text()
    line = text.split("\n").index("image: {src: none.png, alt: A map}") + 1
    assert f"issues/bad.md:{line}: there is no picture 'none.png'" in sparkpub("check", "bad", cwd=gazette).out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[publication]", "[publication"),
        ('transport = "maildir"', 'transport = "pigeon"'),
        ('timezone = "UTC"', 'timezone = "Mars/Olympus"'),
        ('base_url = "https://newsletter.example.org"', ""),
        ('time = "07:00"', 'time = "25:00"'),
    ],
)
def test_broken_settings_hide_no_fault_of_an_issue_and_add_none(old: str, new: str, gazette: Path) -> None:
    settings = gazette / "sparkpub.toml"
    more = (
        '[series.saga]\ntitle = "Saga"\nevery = 10',
        '[series.other]\ntitle = "Other"\nevery = "ten"',
        "[audience.near]",
    )
    settings.write_text("\n".join([settings.read_text().replace(old, new), *more, 'tags = ["near"]\n']))
    write_issue(gazette, "bad", SOUND + "titel: x\n")
    write_issue(gazette, "sound", 'title: S\nseries: saga\naudience: near\nanniversary: {of: "1917-09-04"}\n')
    write_issue(gazette, "other", 'title: S\nseries: other\nanniversary: {of: "1917-09-04"}\n')
    for words in ((), ("bad",)):
        check = sparkpub("check", *words, cwd=gazette)
        assert check.code == 2
        assert check.out.startswith("sparkpub.toml:")
        found = [line for line in check.out.splitlines() if line.startswith("issues/")]
        assert len(found) == 1, check.out
        assert "unknown key 'titel'" in found[0]
    assert sparkpub("check", "nosuch", cwd=gazette).out.startswith("sparkpub.toml:")


def test_check_says_where_there_is_no_folder_of_issues(gazette: Path) -> None:
    shutil.rmtree(gazette / "issues")
    check = sparkpub("check", cwd=gazette)
    assert (check.code, check.out) == (0, "")
    assert "there is no folder issues/ here; `sparkpub new TITLE` makes it" in check.err
    assert sparkpub("new", "The First", cwd=gazette).code == 0
    assert (gazette / "issues" / "the-first.md").exists()


def test_check_in_json_is_one_list_even_of_broken_settings(gazette: Path) -> None:
    (gazette / "sparkpub.toml").write_text("[")
    ran = sparkpub("check", "--json", cwd=gazette)
    assert ran.code == 2
    assert ran.json[0].keys() == {"path", "line", "code", "severity", "message", "cure"}


def test_check_exits_1_on_warnings_only_when_strict(gazette: Path) -> None:
    write_issue(gazette, "plain", SOUND)
    assert sparkpub("check", "plain", cwd=gazette).code == 0
    strict = sparkpub("check", "plain", "--strict", cwd=gazette)
    assert strict.code == 1
    assert "issues/plain.md:1: SPK001 no summary" in strict.out
    assert strict.err == "1 issue checked: 1 warning\n"


def test_check_of_one_issue_says_nothing_of_the_others(gazette: Path) -> None:
    (gazette / "issues" / "broken.md").write_text("no front matter")
    assert sparkpub("check", "hello", cwd=gazette).code == 0


def test_findings_are_written_for_code_hosts(gazette: Path) -> None:
    (gazette / "issues" / "broken.md").write_text("no front matter")
    assert sparkpub("check", "--sarif", "found.sarif", cwd=gazette).code == 2
    report = json.loads((gazette / "found.sarif").read_text())
    assert report["version"] == "2.1.0"
    assert len(report["runs"][0]["results"]) >= 1


def test_render_writes_the_five_files_and_says_how_large_they_are(gazette: Path) -> None:
    ran = sparkpub("render", "hello", "--number", "445", "--out", "look", cwd=gazette)
    assert ran.code == 0
    assert sorted(path.name for path in (gazette / "look").iterdir()) == [
        "email.html",
        "email.txt",
        "entry.html",
        "message.eml",
        "page.html",
    ]
    assert "look/email.html" in ran.out
    assert sparkpub("render", "hello", "--number", "0", "--out", "look", cwd=gazette).code == 2
