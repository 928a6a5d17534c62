"""sparkpub.toml: settings, or every fault of the file at once."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import time
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sparkpub.adapters.config import (
    config_schema,
    find_faults,
    find_publication,
    key_lines,
    load_settings,
    settings_of,
)
from sparkpub.core.settings import Settings
from sparkpub.errors import InputError, UsageError

PUBLICATION = """[publication]
title = "The Paper"
base_url = "https://paper.example.org"
from = "The Paper <editor@paper.example.org>"
postal_address = "1 Street, Town"
"""

FULL = (
    PUBLICATION
    + """tagline = "Slowly"
motto = {text = "Festina lente", attribution = "Augustus"}
language = "en-GB"
direction = "ltr"
timezone = "Europe/London"
reply_to = "Desk <desk@paper.example.org>"
list_id = "news.paper.example.org"
audience = "press"
[schedule]
time = 07:30:00
match = "converted"
leap_day = "omit"
grace = "1d12h"
max_gap = "7d"
min_spacing = "0s"
approval = "strict"
queue = "ready"
[series.town-1926]
title = "Our Town"
intro = \"\"\"
[series.no-table]
years = nonsense
\"\"\"
order = 2
calendar = "julian"
match = "nominal"
years = [
  100,
  125,
]
leap_day = "forward"
day = 3
time = "08:00"
zone = "Europe/Paris"
from = 2017-01-01
until = "2027-12-31"
[audience.press]
status = "active"
tags = ["press"]
series = ["town-1926"]
language = ["en"]
attributes = {city = "York"}
received = "hello/100"
[site]
out = "site"
per_feed = 10
announce = true
[email]
accent = "#123456"
[delivery]
transport = "smtp"
sandbox = "me@example.org"
uncertain = "resend"
connections = 2
rate_per_second = 5
rate_per_day = 1000
per_domain = {"example.org" = 0.5}
retry_seconds = [60, 600]
give_up = "48h"
warm_up = [50, 100]
[smtp.main]
host = "smtp.example.net"
port = 465
security = "tls"
username = "me"
[dkim]
domain = "paper.example.org"
selector = "s1"
key_file = "dkim.pem"
[web]
url = "https://letters.example.org"
listen = "[::1]:8025"
[inbox]
address = "bounce@paper.example.org"
[alerts]
to = "me@example.org"
[ledger]
url = "sqlite:///var/other.db"
"""
)


DKIM = '[dkim]\ndomain = "example.org"\nselector = "a"\nkey_file = "a.pem"\n'


@pytest.fixture
def publication(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(text: str | bytes) -> Path:
        (tmp_path / "sparkpub.toml").write_bytes(text.encode() if isinstance(text, str) else text)
        return tmp_path

    return write


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(InputError) as raised:
        load_settings(folder)
    return [str(fault) for fault in raised.value.faults]


def test_every_key_of_the_contract_arrives(publication: Callable[[str], Path]) -> None:
    settings = load_settings(publication(FULL))
    assert settings.publication.motto is not None
    assert settings.publication.motto.attribution == "Augustus"
    assert settings.schedule.time == time(7, 30)
    town = settings.series["town-1926"]
    assert (town.years, town.day, town.from_, town.until) == ((100, 125), 3, "2017-01-01", "2027-12-31")
    assert settings.audience["press"].attributes == {"city": "York"}
    assert settings.delivery.rate_per_second == 5.0
    assert isinstance(settings.delivery.rate_per_second, float)
    assert settings.delivery.retry_seconds == (60, 600)
    assert settings.smtp["main"].port == 465
    assert settings.dkim is not None


def test_the_settings_that_pydantic_reads_and_ours_are_the_same() -> None:
    import json
    import tomllib

    data = json.loads(json.dumps(tomllib.loads(FULL), default=lambda value: value.isoformat()))
    assert settings_of(data) == TypeAdapter(Settings).validate_python(data)


def test_what_is_left_out_has_its_default(publication: Callable[[str], Path]) -> None:
    settings = load_settings(publication(PUBLICATION))
    assert settings.schedule.time == time(7)
    assert settings.delivery.transport == "maildir"
    assert settings.delivery.rate_per_second is None


def test_the_starter_has_no_faults(publication: Callable[[bytes], Path]) -> None:
    starter = resources.files("sparkpub") / "starter" / "sparkpub.toml"
    assert load_settings(publication(starter.read_bytes())).publication.title == "Your Newsletter"


def test_every_fault_is_named_at_once_with_its_line(publication: Callable[[str], Path]) -> None:
    said = faults_of(
        publication(
            """[publication]
titel = "x"
base_url = "https://example.org/"
from = "Ed <ed@>"
language = 3
timezone = "Evrope/Moscow"
[schedule]
match = "nominl"
grace = "soon"
[series.Town]
title = "T"
every = 0
[delivry]
x = 1
[delivery]
transport = "smtp"
connections = "4"
rate_per_second = 0
retry_seconds = []
[email]
accent = "red"
"""
        )
    )
    assert said == [
        (
            'sparkpub.toml:1: [publication] postal_address is missing; add `postal_address = "Your Name, '
            'Your Street 1, Your Town"`'
        ),
        'sparkpub.toml:1: [publication] title is missing; add `title = "Your Newsletter"`',
        "sparkpub.toml:2: unknown key 'titel'; did you mean 'title'?",
        "sparkpub.toml:3: [publication] base_url: 'https://example.org/' ends with a slash; write https://example.org",
        said[4],
        "sparkpub.toml:5: [publication] language has a value of the wrong kind; write a text in quotation marks",
        "sparkpub.toml:6: [publication] timezone: unknown zone 'Evrope/Moscow'; did you mean 'Europe/Moscow'?",
        "sparkpub.toml:8: [schedule] match: 'nominl' is none of its words; write 'nominal', 'converted' or 'calendar'",
        "sparkpub.toml:9: [schedule] grace: 'soon' is no duration; write it like 24h, 7d, 90m or 1d12h",
        said[9],
        "sparkpub.toml:12: [series.Town] every: 0 is out of bounds; write a whole number from 1",
        "sparkpub.toml:13: unknown key 'delivry'; did you mean 'delivery'?",
        "sparkpub.toml:16: [delivery] transport: transport 'smtp' has no relay; add [smtp.main] with host and username",
        (
            "sparkpub.toml:17: [delivery] connections has a value of the wrong kind; write a whole number without "
            "quotation marks"
        ),
        "sparkpub.toml:18: [delivery] rate_per_second: 0 is out of bounds; write a number above 0",
        "sparkpub.toml:19: [delivery] retry_seconds: it is empty; write [300, 3600]",
        "sparkpub.toml:21: [email] accent: 'red' is no colour of six hex digits; write for example #8c1c13",
    ]
    assert said[4].startswith("sparkpub.toml:4: [publication] from: ")
    assert said[9].startswith("sparkpub.toml:10: [series] Town: 'Town' may hold a–z, 0–9 and hyphens only")


@pytest.mark.parametrize(
    "line",
    [
        'base_url = "example.org"',
        'base_url = "ftp://example.org"',
        'base_url = "https://"',
        'base_url = "https://me:pw@example.org"',
        'base_url = "https://example.org?x=1"',
        'base_url = "https://exa mple.org"',
        'base_url = "https://example.org:99999"',
        'base_url = "https://[::1"',
        'base_url = "javascript:alert(1)"',
        'from = "Ed"',
        'from = "Ed <ed@example.org"',
        'from = "Ed\\nBcc: x <ed@example.org>"',
        'from = "Ed <ed@example.org>, Bo <bo@example.org>"',
        'from = "Ed <>"',
        'title = ""',
        'title = "a\\r\\nb"',
        'postal_address = " "',
    ],
)
def test_what_would_break_a_header_or_a_link_is_refused(publication: Callable[[str], Path], line: str) -> None:
    key = line.partition(" =")[0]
    lines = [line if known.startswith(f"{key} =") else known for known in PUBLICATION.splitlines()]
    (fault,) = faults_of(publication("\n".join(lines)))
    assert fault.startswith(f"sparkpub.toml:{lines.index(line) + 1}: [publication] {key}: ")


@pytest.mark.parametrize(
    "address",
    ["Ed <ed@example.org>", '"Dr. Ed, editor" <ed@example.org>', "Žofie <zofie@example.org>", "ed@example.org"],
)
def test_senders_are_taken_with_a_name_and_without(publication: Callable[[str], Path], address: str) -> None:
    text = PUBLICATION.replace('"The Paper <editor@paper.example.org>"', f"'{address}'")
    assert load_settings(publication(text)).publication.from_ == address


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('[site]\nout = "../public"', "[site] out: '../public' leaves the publication"),
        ('[site]\nout = "issues"', "[site] out: 'issues' holds the publication itself"),
        ('[site]\nout = "."', "[site] out: '.' holds the publication itself"),
        ("[site]\nper_feed = 26", "[site] per_feed: 26 is out of bounds; write 1 to 25"),
        ('[site]\nhub = "hub"', "[site] hub: 'hub' "),
        ('[email]\ntheme = "../x"', "[email] theme: '../x' will not do"),
        ('[email]\nfont_text = "x;} body{"', "[email] font_text: "),
        ("[delivery]\nrate_per_second = nan", "[delivery] rate_per_second: nan is out of bounds"),
        ('[delivery]\nper_domain = {"example.org" = 0}', "[delivery.per_domain] example.org: 0 is out of bounds"),
        ('[delivery]\ngive_up = "0s"', "[delivery] give_up: '0s' is no time at all"),
        ('[smtp.main]\nhost = "a b"', "[smtp.main] host: 'a b' is no host"),
        ('[smtp.main]\nhost = "a"\nport = 0', "[smtp.main] port: 0 is out of bounds"),
        ('[web]\nlisten = "127.0.0.1"', "[web] listen: '127.0.0.1' has no port"),
        ('[web]\nlisten = "0.0.0.0:99999"', "[web] listen: the port 99999 is out of range; write 1 to 65535"),
        ('[web]\nurl = "/u"', "[web] url: '/u' is no absolute web address"),
        ('[ledger]\nurl = "mysql://x"', "[ledger] url: 'mysql' is no ledger"),
        ('[ledger]\nmirror = "/etc/passwd"', "[ledger] mirror: '/etc/passwd' leaves the publication"),
        ("[audience.all]", "[audience] all: 'all' is everybody already"),
        ('[audience.x]\nseries = ["nix"]', "[audience.x] series: unknown series 'nix'"),
        ('[audience.x]\nreceived = "hello"', "[audience.x] received: 'hello' will not do"),
        ('[series.x]\ntitle = "X"\nevery = 1\nyears = [1]', "[series.x] every: 'every' stands beside 'years'"),
        ('[series.x]\ntitle = "X"\nday = 32', "[series.x] day: 32 is no day"),
        ('[series.x]\ntitle = "X"\nzone = "Mars"', "[series.x] zone: unknown zone 'Mars'"),
        ('[series.x]\ntitle = "X"\nfrom = "2017-02-30"', "[series.x] from: there is no 2017-02-30"),
        ('[series.x]\ntitle = "X"\ncalendar = "jullian"', "[series.x] calendar: 'jullian' is none"),
        ("[dkim]", "[dkim] domain is missing"),
        (
            f'{DKIM}ed25519_selector = "b"',
            "[dkim] ed25519_selector: it stands without ed25519_key_file; add that, or delete the line",
        ),
        (
            f'{DKIM}ed25519_key_file = "b.pem"',
            "[dkim] ed25519_key_file: it stands without ed25519_selector; add that, or delete the line",
        ),
        (
            f'{DKIM}ed25519_key_file = "b.pem"\ned25519_selector = "a"',
            "[dkim] ed25519_selector: it is the selector of the first key; a record holds one key, name another",
        ),
        ("smtp = 3", "unknown key 'smtp'"),
        ("[[smtp.main]]", "[smtp] main has a value of the wrong kind; write a table"),
    ],
)
def test_values_that_cannot_work_are_refused(publication: Callable[[str], Path], more: str, fault: str) -> None:
    said = faults_of(publication(PUBLICATION + more))
    assert any(one.partition(": ")[2].startswith(fault) for one in said), said


def test_an_unknown_audience_for_all_issues_is_a_fault(publication: Callable[[str], Path]) -> None:
    (fault,) = faults_of(publication(PUBLICATION + 'audience = "pres"\n[audience.press]\n'))
    assert fault == "sparkpub.toml:6: [publication] audience: unknown audience 'pres'; did you mean 'press'?"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "sparkpub.toml:1: [publication] is missing"),
        (b"a", "sparkpub.toml:1: broken TOML"),
        (b"a = 1\na = 2", "sparkpub.toml:2: broken TOML"),
        (b"\xff", "sparkpub.toml:1: byte 0xff is not UTF-8"),
        (b"a = '\x00'", "sparkpub.toml:1: broken TOML"),
        (b"a = " + b"[" * 50_000, "sparkpub.toml:1: nested too deep"),
        (b"a = " + b"[" * 50 + b"]" * 50, "sparkpub.toml:1: nested too deep"),
        (b"#" * 2_000_000, "sparkpub.toml: larger than 1 MB"),
        (b"publication = 3", "sparkpub.toml:1: [publication] has a value of the wrong kind"),
    ],
)
def test_hostile_files_end_in_a_fault(publication: Callable[[bytes], Path], data: bytes, fault: str) -> None:
    assert faults_of(publication(data))[0].startswith(fault)


@given(st.text(alphabet=st.sampled_from("[]={}\"'.#,\n publicatonsmrd1-"), max_size=200))
def test_random_text_is_read_or_named(text: str) -> None:
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert find_faults(text, data)
    assert all(line >= 1 for line in key_lines(text).values())


def test_a_file_found_sound_is_read_again_without_pydantic(publication: Callable[[str], Path]) -> None:
    folder = publication(FULL)
    first = load_settings(folder)
    code = (
        "import sys; from pathlib import Path; from sparkpub.adapters.config import load_settings;"
        "s = load_settings(Path(sys.argv[1])); print('pydantic' in sys.modules, s.publication.title)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout == "False The Paper\n"
    assert load_settings(folder) == first


def test_an_edit_is_judged_anew_and_a_mark_that_lies_gets_nowhere(publication: Callable[[str], Path]) -> None:
    folder = publication(PUBLICATION)
    load_settings(folder)
    publication(PUBLICATION + "titel = 1\n")
    assert "titel" in faults_of(folder)[0]
    (folder / "var" / "cache" / "settings.sha256").write_bytes(b"\xff\x00")
    assert "titel" in faults_of(folder)[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_copy_that_cannot_be_written_is_read_all_the_same(publication: Callable[[str], Path]) -> None:
    folder = publication(PUBLICATION)
    folder.chmod(0o500)
    try:
        assert load_settings(folder).publication.title == "The Paper"
    finally:
        folder.chmod(0o700)


def test_a_mark_that_cannot_be_kept_is_no_fault(publication: Callable[[str], Path]) -> None:
    folder = publication(PUBLICATION)
    (folder / "var").write_text("a file where a folder should be")
    assert load_settings(folder).publication.title == "The Paper"


def test_the_publication_is_found_from_a_folder_below_it(publication: Callable[[str], Path]) -> None:
    folder = publication(PUBLICATION)
    below = folder / "issues" / "1917"
    below.mkdir(parents=True)
    assert find_publication(below) == folder.resolve()


def test_without_a_publication_the_message_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sparkpub init"):
        find_publication(tmp_path)


def test_lines_are_found_for_keys_in_every_form() -> None:
    lines = key_lines('a.b = 1\n[t."x y"]\nc = """\nd = 1\n"""\ne = 2\n[[l]]\n  "f" = { g = 1 }\n')
    assert lines == {
        ("a",): 1,
        ("a", "b"): 1,
        ("t", "x y"): 2,
        ("t", "x y", "c"): 3,
        ("t", "x y", "e"): 6,
        ("l",): 7,
        ("l", "f"): 8,
    }


def test_the_schema_describes_every_key() -> None:
    schema = config_schema()
    assert schema["properties"]["publication"]
    for name, table in schema["$defs"].items():
        assert table["additionalProperties"] is False
        for key, value in table["properties"].items():
            assert not key.endswith("_"), (name, key)
            assert "description" in value or name == "Motto", (name, key)


@pytest.mark.parametrize("number", ["9" * 5000, "0x" + "f" * 20_000, "-9223372036854775809", "1" + "_000" * 2000])
def test_a_number_that_no_machine_counts_with_is_a_fault_in_its_line(number: str, tmp_path: Path) -> None:
    (tmp_path / "sparkpub.toml").write_text(f"{PUBLICATION}\n[smtp.main]\nport = {number}\n")
    with pytest.raises(InputError, match=r"sparkpub\.toml:\d+: a number beyond 64 bits") as caught:
        load_settings(tmp_path)
    assert caught.value.faults[0].line == PUBLICATION.count("\n") + 3
