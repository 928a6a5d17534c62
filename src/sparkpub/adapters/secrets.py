"""Secrets: from the environment, else from `secrets.env`, which is never in git."""

import contextlib
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from sparkpub.errors import Fault, InputError

PUBLIC_KEY = "public-key-for-rehearsals-only"
"""Stands in where nothing is mailed and there is no key of our own; everybody knows it."""

_FILE = "secrets.env"
_KEY_NAME = "SPARKPUB_SECRET_KEY"
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_HEADING = """\
# The secrets of this press. Keep this file out of git and copy it when the press moves: links in mails already sent
# are signed with this key.
"""
_RELAY = """\
# The relay's password, where [smtp.main] has a username:
# SPARKPUB_SMTP_PASSWORD=
"""


def fingerprint(key: str) -> str:
    """What tells two keys apart without giving either away: 16 hex digits."""
    return hmac.new(key.encode(), b"sparkpub key fingerprint", hashlib.sha256).hexdigest()[:16]


def load_secret(folder: Path, name: str, environ: Mapping[str, str]) -> str | None:
    """A secret by its name, None where neither the environment nor `secrets.env` has it or it is empty.

    Raises:
        InputError: `secrets.env` has lines that say nothing.
    """
    if value := environ.get(name):
        return value
    return _read(folder / _FILE).get(name) or None


def write_secrets(folder: Path) -> None:
    """Put a fresh key into `secrets.env`, for its owner's eyes only. What the file has already is kept.

    Raises:
        InputError: the file has lines that say nothing.
    """
    path = folder / _FILE
    if _read(path).get(_KEY_NAME):
        return
    before = path.read_bytes() if path.exists() else _HEADING.encode()
    after = b"" if path.exists() else _RELAY.encode()
    if before and not before.endswith(b"\n"):
        before += b"\n"
    new = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(before + f"{_KEY_NAME}={secrets.token_urlsafe(32)}\n".encode() + after)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, str]:
    """The names and values of a file of lines `NAME=value`; an absent file has none."""
    data = b""
    with contextlib.suppress(FileNotFoundError):
        data = path.read_bytes()
    faults: list[Fault] = []
    values = dict(_pairs(data.decode("utf-8-sig", "surrogateescape"), faults))
    if faults:
        raise InputError(*faults)
    return values


def _pairs(text: str, faults: list[Fault]) -> Iterator[tuple[str, str]]:
    """Each name with its value; what a line says is never repeated in a fault."""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        found = _LINE.fullmatch(stripped)
        if found is None or not stripped.isprintable():
            faults.append(Fault(path=_FILE, line=number, message="a line that sets nothing", cure="write NAME=value"))
            continue
        name, value = found.groups()
        for quote in "\"'":
            if len(value) > 1 and value.startswith(quote) and value.endswith(quote):
                value = value[1:-1]
                break
        yield name, value
