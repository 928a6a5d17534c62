"""Signatures: independent verifiers accept every message, whatever readers are called, and nothing that was changed."""

import json
import shutil
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given

from sparkpub.adapters.dkim_key import read_signers
from sparkpub.core.dkim import Seal, Signer
from sparkpub.core.mail import Compiled, ReaderValues, compile_message
from sparkpub.core.sentinels import sentinels
from sparkpub.core.settings import DkimSettings
from sparkpub.errors import InputError
from test_mail import HEAD, NASTY, READER, assert_is_clean, bodies, edition, names

SETTINGS = DkimSettings(domain="example.org", selector="press", key_file="dkim.pem")
BOTH = replace(SETTINGS, ed25519_selector="press-ed", ed25519_key_file="ed25519.pem")
AT = datetime(2017, 9, 4, 4, tzinfo=UTC)
MARKS = sentinels(edition().hash, ("name:reader",))


@lru_cache
def signer() -> Signer:
    return Signer(
        domain="example.org", selector="press", key=rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )


@lru_cache
def second() -> Signer:
    return Signer(domain="example.org", selector="press-ed", key=Ed25519PrivateKey.generate())


Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey


def pem(key: Key, lock: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock or NoEncryption())


def personal(text: str = "", page: str = "") -> Compiled:
    name, leave = MARKS["name:reader"], MARKS["unsubscribe_url"]
    one = edition(
        text=f"Dear {name},\n{text}\n\n{leave}\n",
        html_text=f'<p>Dear {name},\n  \t  {page}</p><a href="{leave}">x</a>\n\n\n',
    )
    return compile_message(replace(one, fields=("name:reader",)), head=HEAD)


def record(name: bytes, timeout: int = 5) -> bytes:
    assert timeout
    records = {f"{each.selector}._domainkey.example.org": each.record() for each in (signer(), second())}
    return records[name.decode().rstrip(".")].encode()


def is_signed(message: bytes, index: int = 0) -> bool:
    try:
        return bool(dkim.DKIM(message).verify(index, dnsfunc=record))
    except dkim.DKIMException:
        return False


def signed(compiled: Compiled, reader: ReaderValues) -> bytes:
    return Seal.of(compiled, (signer(),), at=AT).splice(reader)


def signed_twice(compiled: Compiled, reader: ReaderValues) -> bytes:
    return Seal.of(compiled, (signer(), second()), at=AT).splice(reader)


@given(name=names, text=bodies)
def test_a_signature_holds_for_every_reader_and_every_text(name: str, text: str) -> None:
    compiled = personal(text, text.replace("<", "&lt;"))
    message = signed(compiled, replace(READER, name=name))
    assert_is_clean(message)
    assert is_signed(message)
    assert message.endswith(compiled.splice(replace(READER, name=name)))


@pytest.mark.parametrize("name", NASTY)
def test_a_signature_holds_for_names_that_have_broken_mailers(name: str) -> None:
    assert is_signed(signed(personal("a  b\t c "), replace(READER, name=name)))


def test_a_message_that_no_reader_changes_is_signed_as_well() -> None:
    assert is_signed(signed(compile_message(edition(), head=HEAD), READER))


@given(name=names, text=bodies)
def test_both_signatures_hold_for_every_reader_and_every_text(name: str, text: str) -> None:
    message = signed_twice(personal(text, text.replace("<", "&lt;")), replace(READER, name=name))
    assert_is_clean(message)
    assert message.count(b"DKIM-Signature: ") == 2
    assert is_signed(message, 0)
    assert is_signed(message, 1)


def test_the_second_signature_is_of_ed25519_and_the_first_is_what_it_is_without_the_second() -> None:
    one, two = signed(personal(), READER), signed_twice(personal(), READER)
    assert two.startswith(one.partition(b"From:")[0] + b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;")
    assert second().record().startswith("v=DKIM1; k=ed25519; p=")
    assert len(second().record().partition("p=")[2]) == 44  # 32 bytes: RFC 8463 §4.2


def test_a_change_on_the_way_breaks_either_signature() -> None:
    message = signed_twice(personal(), READER)
    for old, new in ((b"Subject: The", b"Subject: A"), (b"Dear", b"Deer"), (b"t=1504497600", b"t=1504497601")):
        changed = message.replace(old, new)
        assert changed != message
        assert not is_signed(changed, 0)
        assert not is_signed(changed, 1)


def test_a_signature_is_the_same_whenever_it_is_made() -> None:
    assert signed(personal(), READER) == signed(personal(), READER)
    assert signed_twice(personal(), READER) == signed_twice(personal(), READER)


def test_a_signature_names_every_field_and_its_lines_are_short() -> None:
    message = signed(personal(), READER)
    head = message.partition(b"\r\nFrom:")[0]
    assert head.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; t=1504497600;\r\n d=example.org;")
    assert all(len(line) <= 76 for line in head.split(b"\r\n"))
    named = head.replace(b"\r\n", b"").replace(b" ", b"").partition(b"h=")[2].partition(b";")[0].split(b":")
    alone = b"message-id list-id list-unsubscribe list-unsubscribe-post list-archive list-post feedback-id"
    assert set(named) == {
        *(b"from", b"to", b"subject", b"date", b"content-language", b"content-type", b"mime-version"),
        *alone.split(b" "),
    }
    assert named.count(b"from") == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: The", b"Subject: A"),
        (b"ada@example.org", b"eve@example.org"),
        (b"mail.example.org/u/1.x>", b"mail.example.org/u/2.x>"),
        (b"Dear", b"Deer"),
        (b"</p>", b"</q>"),
        (b"From: ", b"From: eve@example.org\r\nFrom: "),
        (b"Subject: ", b"Subject: Another\r\nSubject: "),
    ],
)
def test_whatever_is_changed_on_the_way_breaks_the_signature(old: bytes, new: bytes) -> None:
    message = signed(personal(), READER)
    assert old in message
    assert not is_signed(message.replace(old, new, 1))


def test_white_space_and_folding_may_change_on_the_way() -> None:
    message = signed(personal("a  b"), READER)
    moved = message.replace(b"Subject: The Soviets", b"subject:  The\r\n  Soviets").replace(b"a  b", b"a b ")
    assert moved != message
    assert is_signed(moved)


def key_file(folder: Path, data: bytes, mode: int = 0o600, *, name: str = "dkim.pem") -> Path:
    path = folder / name
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_a_key_that_only_its_owner_reads_is_taken(tmp_path: Path) -> None:
    key_file(tmp_path, pem(signer().key))
    (read,) = read_signers(tmp_path, SETTINGS)
    assert read.record() == signer().record()


def test_two_keys_sign_in_the_order_of_what_most_verifiers_read(tmp_path: Path) -> None:
    key_file(tmp_path, pem(signer().key))
    key_file(tmp_path, pem(second().key), name="ed25519.pem")
    read = read_signers(tmp_path, BOTH)
    assert [(each.selector, each.algorithm) for each in read] == [
        ("press", "rsa-sha256"),
        ("press-ed", "ed25519-sha256"),
    ]
    assert read[1].record() == second().record()


def test_a_copy_without_the_key_signs_nothing(tmp_path: Path) -> None:
    assert read_signers(tmp_path, SETTINGS) == ()


def test_a_copy_with_one_of_two_keys_signs_with_that_and_a_press_that_mails_with_neither(tmp_path: Path) -> None:
    key_file(tmp_path, pem(signer().key))
    assert [each.selector for each in read_signers(tmp_path, BOTH)] == ["press"]
    with pytest.raises(InputError, match=r"ed25519\.pem: the key that \[dkim\] signs with is not here"):
        read_signers(tmp_path, BOTH, is_needed=True)


def test_the_second_key_is_looked_at_as_closely_as_the_first(tmp_path: Path) -> None:
    key_file(tmp_path, pem(signer().key))
    key_file(tmp_path, pem(second().key), 0o640, name="ed25519.pem")
    with pytest.raises(InputError, match=r"ed25519\.pem: others can read it \(mode 0640\); chmod 600 ed25519\.pem"):
        read_signers(tmp_path, BOTH)
    for data in (pem(signer().key), b"", pem(second().key, BestAvailableEncryption(b"x"))):
        key_file(tmp_path, data, name="ed25519.pem")
        with pytest.raises(InputError, match=r"ed25519\.pem: it holds no .*; openssl genpkey -algorithm ed25519"):
            read_signers(tmp_path, BOTH)
    key_file(tmp_path, pem(second().key), name="ed25519.pem")
    with pytest.raises(InputError, match=r"\[dkim\] ed25519_selector .* is no name of the DNS"):
        read_signers(tmp_path, replace(BOTH, ed25519_selector="a b"))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused_with_what_to_type(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, pem(signer().key), mode)
    with pytest.raises(InputError, match=rf"dkim\.pem: others can read it \(mode {mode:04o}\); chmod 600 dkim\.pem"):
        read_signers(tmp_path, SETTINGS)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_what_is_no_rsa_key_of_2048_bits_is_refused(tmp_path: Path) -> None:
    short = pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505 - that is what is tried
    locked = pem(signer().key, BestAvailableEncryption(b"x"))
    for data in (short, locked, pem(second().key), pem(ec.generate_private_key(ec.SECP256R1())), b"", b"\x00\xff"):
        key_file(tmp_path, data)
        with pytest.raises(InputError, match=r"dkim\.pem: it holds no .*; openssl genrsa -out dkim\.pem 2048"):
            read_signers(tmp_path, SETTINGS)


def test_a_domain_that_would_write_headers_is_refused(tmp_path: Path) -> None:
    key_file(tmp_path, pem(signer().key))
    for settings in (replace(SETTINGS, domain="x.org;\r\n b=1"), replace(SETTINGS, selector="")):
        with pytest.raises(InputError, match=r"\[dkim\] .* is no name of the DNS"):
            read_signers(tmp_path, settings)


@pytest.mark.soak
def test_a_second_verifier_agrees(tmp_path: Path) -> None:
    """npm's `mailauth`, fetched for this test."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, and mailauth comes from there")
    subprocess.run([npm, "install", "--silent", "--no-fund", "--no-audit", "mailauth"], cwd=tmp_path, check=True)
    (tmp_path / "verify.js").write_text(VERIFY)
    records: Mapping[str, str] = {
        f"{each.selector}._domainkey.example.org": each.record() for each in (signer(), second())
    }
    (tmp_path / "records.json").write_text(json.dumps(records))
    for number, name in enumerate([*NASTY, *(f"Reader {n}" * n for n in range(40))]):
        message = signed_twice(personal("a  b\t c \n.\n" * number), replace(READER, name=name))
        (tmp_path / f"{number:03}.eml").write_bytes(message)
        (tmp_path / f"{number:03}.bad.eml").write_bytes(message.replace(b"Dear", b"Deer", 1))
    done = subprocess.run(["node", "verify.js"], cwd=tmp_path, check=True, capture_output=True, text=True)
    results = dict(line.split() for line in done.stdout.splitlines())
    assert len(results) == 2 * (len(NASTY) + 40)
    assert {file: result for file, result in results.items() if result != ("fail" if "bad" in file else "pass")} == {}


VERIFY = """
const fs = require("fs");
const { dkimVerify } = require("mailauth/lib/dkim/verify");
const records = JSON.parse(fs.readFileSync("records.json", "utf8"));
const resolver = async (name) => [[records[name]]];
(async () => {
  for (const file of fs.readdirSync(".").filter((name) => name.endsWith(".eml"))) {
    const { results } = await dkimVerify(fs.readFileSync(file), { resolver });
    const passed = results.filter((one) => one.status.result === "pass").length;
    console.log(file, results.length === 2 && passed === 2 ? "pass" : passed === 0 ? "fail" : "half");
  }
})();
"""
