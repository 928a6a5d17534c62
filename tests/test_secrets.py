"""Secrets: the environment first, then secrets.env, which only its owner reads."""

from pathlib import Path

import pytest

from sparkpub.adapters.secrets import PUBLIC_KEY, fingerprint, load_secret, write_secrets
from sparkpub.errors import InputError

KEY = "SPARKPUB_SECRET_KEY"


def test_a_fresh_key_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    key = load_secret(tmp_path, KEY, {})
    assert key is not None
    assert len(key) >= 40
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.env"]


def test_two_presses_have_two_keys(tmp_path: Path) -> None:
    keys = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_secrets(tmp_path / name)
        keys.add(load_secret(tmp_path / name, KEY, {}))
    assert len(keys) == 2


def test_a_key_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    before = (tmp_path / "secrets.env").read_bytes()
    write_secrets(tmp_path)
    assert (tmp_path / "secrets.env").read_bytes() == before


def test_other_secrets_of_the_file_are_kept(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("SPARKPUB_SMTP_PASSWORD=p")
    write_secrets(tmp_path)
    assert load_secret(tmp_path, "SPARKPUB_SMTP_PASSWORD", {}) == "p"
    assert load_secret(tmp_path, KEY, {})
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_the_environment_goes_first(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text(f"{KEY}=file\n")
    assert load_secret(tmp_path, KEY, {KEY: "environment"}) == "environment"
    assert load_secret(tmp_path, KEY, {KEY: ""}) == "file"


def test_an_absent_or_empty_secret_is_none(tmp_path: Path) -> None:
    assert load_secret(tmp_path, KEY, {}) is None
    (tmp_path / "secrets.env").write_text(f"{KEY}=\n")
    assert load_secret(tmp_path, KEY, {}) is None


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=x", "x"),
        ("export A=x", "x"),
        (" A = x y ", "x y"),
        ('A="x # y"', "x # y"),
        ("A='x'", "x"),
        ("A=x=y#z", "x=y#z"),
        ("A='", "'"),
        ("\ufeffA=x", "x"),
        ("A=1\r\nA=2\r\n", "2"),
    ],
)
def test_lines_are_read_as_shells_write_them(tmp_path: Path, line: str, value: str) -> None:
    (tmp_path / "secrets.env").write_bytes(line.encode())
    assert load_secret(tmp_path, "A", {}) == value


def test_a_line_that_says_nothing_is_named_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_bytes(b"# fine\n\nhunter2\nA=\xff\n")
    with pytest.raises(InputError) as raised:
        load_secret(tmp_path, "A", {})
    assert [str(fault) for fault in raised.value.faults] == [
        "secrets.env:3: a line that sets nothing; write NAME=value",
        "secrets.env:4: a line that sets nothing; write NAME=value",
    ]


def test_a_fingerprint_tells_keys_apart_without_holding_them() -> None:
    assert fingerprint("a") == fingerprint("a")
    assert fingerprint("a") != fingerprint("b")
    assert len(fingerprint(PUBLIC_KEY)) == 16
