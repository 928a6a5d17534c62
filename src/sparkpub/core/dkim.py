"""Sign messages with DKIM (RFC 6376): relaxed/relaxed, rsa-sha256 and ed25519-sha256 (RFC 8463), one signature a key.

    Compiled ──Seal.of──▶ what every message shares: canonical header fields, the hash of the body up to its first hole
    Seal.splice(reader) ──▶ the message with a DKIM-Signature of each key on top

A reader's message costs one join, the hash of the body from the first value on, and a signature of each key.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sparkpub.core.mail import LEAVE, MESSAGE_ID, TO, Compiled, ReaderValues, encoded_value

if TYPE_CHECKING:
    from hashlib import _Hash

LEAST_BITS = 2048
"""RFC 8301 §3.2: signers should use keys of at least 2048 bits."""

_HOLES = {TO: b"to", MESSAGE_ID: b"message-id", LEAVE: b"list-unsubscribe"}
# Named once more than they stand: another field of that name, put before ours on the way, breaks the signature.
_SEALED_AGAINST_MORE = (b"from", b"to", b"subject", b"date", b"content-type")
_WHITE: Final = re.compile(rb"[ \t\r\n]+")
_WHITE_IN_LINE: Final = re.compile(rb"[ \t]+")
_WHITE_AT_END: Final = re.compile(rb"[ \t]+(?=\r\n)")
_FIELD: Final = re.compile(rb"([^:\r\n]+):((?:[^\r]|\r\n[ \t])*)\r\n")
_LINE = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A domain's key; the TXT record at `<selector>._domainkey.<domain>` holds its public half."""

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def algorithm(self) -> str:
        """What a signature says in `a=`: `rsa-sha256`, or `ed25519-sha256` (RFC 8463 §3)."""
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    def record(self) -> str:
        """The text of that record; of an Ed25519 key it is the bare 32 bytes (RFC 8463 §4.2)."""
        if isinstance(self.key, RSAPrivateKey):
            kind, public = "rsa", self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            kind, public = "ed25519", self.key.public_key().public_bytes_raw()
        return f"v=DKIM1; k={kind}; p={b64encode(public).decode('ascii')}"

    def sign(self, data: bytes) -> bytes:
        """The signature of these bytes, in base64; the same every time. Ed25519 signs their SHA-256 (RFC 8463 §3)."""
        if isinstance(self.key, RSAPrivateKey):
            return b64encode(self.key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
        return b64encode(self.key.sign(sha256(data).digest()))


@dataclass(frozen=True, slots=True)
class _Line:
    """A signature field up to the hash of the body, as it stands in the message and as it is signed."""

    signer: Signer
    opening: bytes
    canonical: bytes

    @classmethod
    def of(cls, signer: Signer, at: int, names: list[bytes]) -> Self:
        """The field that names these fields."""
        opening = _opening(signer, at, names)
        return cls(signer, opening, b"dkim-signature:" + _WHITE.sub(b" ", opening.partition(b": ")[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A compiled message with all that its signatures have in common.

    `header` and `body` are the message's runs and holes before and after the empty line; of `hashed` each run is in
    canonical form, and the first of them is in `begun` already. `shared` are the canonical fields that no reader
    changes, `own` the holes after them in the order they are signed.
    """

    lines: tuple[_Line, ...]
    header: tuple[bytes | str, ...] = field(repr=False)
    body: tuple[bytes | str, ...] = field(repr=False)
    hashed: tuple[bytes | str, ...] = field(repr=False)
    begun: "_Hash" = field(repr=False)
    shared: bytes
    own: tuple[str, ...]

    @classmethod
    def of(cls, compiled: Compiled, signers: Sequence[Signer], *, at: datetime) -> Self:
        """The seal of a message by these keys, in the order of their fields; `at`, the release instant, is in `t=`."""
        header, body = _halves(compiled)
        shared = [_canonical_field(name, value) for name, value in _fields(header)]
        own = tuple(one for one in header if isinstance(one, str))
        names = [name.lower() for name, _ in _fields(header)] + [_HOLES[hole] for hole in own]
        names += [name for name in _SEALED_AGAINST_MORE if name in names]
        hashed = tuple(one if isinstance(one, str) else _canonical_body(one) for one in body)
        first, *rest = hashed
        return cls(
            lines=tuple(_Line.of(signer, int(at.timestamp()), names) for signer in signers),
            header=header,
            body=body,
            hashed=tuple(rest),
            begun=sha256(first if isinstance(first, bytes) else b""),
            shared=b"".join(shared),
            own=own,
        )

    def splice(self, reader: ReaderValues) -> bytes:
        """The message for one reader, signed; but for the signatures it is the compiled message's own splice.

        Raises:
            ValueError: the reader's address cannot stand in a header.
        """
        own = {hole: encoded_value(hole, reader) for hole in self.own}
        values = {hole: encoded_value(hole, reader) for hole in dict.fromkeys(self.body) if isinstance(hole, str)}
        body_hash = self.begun.copy()
        for one in self.hashed:
            body_hash.update(values[one] if isinstance(one, str) else one)
        sealed = b64encode(body_hash.digest())
        fields = [_canonical_field(*value.rstrip(b"\r\n").split(b":", 1)) for value in own.values()]
        signed = b"".join((self.shared, *fields))
        parts: list[bytes] = []
        for line in self.lines:
            signature = line.signer.sign(b"".join((signed, line.canonical, b" bh=", sealed, b"; b=")))
            pieces = b"\r\n ".join([signature[at : at + _LINE] for at in range(0, len(signature), _LINE)])
            parts += [line.opening, b"\r\n bh=", sealed, b";\r\n b=", pieces, b"\r\n"]
        parts += [own[one] if isinstance(one, str) else one for one in self.header]
        parts += [values[one] if isinstance(one, str) else one for one in self.body]
        return b"".join(parts)


def _halves(compiled: Compiled) -> tuple[tuple[bytes | str, ...], tuple[bytes | str, ...]]:
    """The runs and holes of a message up to its first empty line and with it, and those after it."""
    header: list[bytes | str] = []
    body: list[bytes | str] = []
    for run, hole in zip(compiled.runs, (*compiled.holes, ""), strict=True):
        if body:
            body.append(run)
        elif b"\r\n\r\n" in run:
            before, _, after = run.partition(b"\r\n\r\n")
            header.append(before + b"\r\n\r\n")
            body.append(after)
        else:
            header.append(run)
        if hole:
            (body or header).append(hole)
    return tuple(header), tuple(body)


def _fields(header: tuple[bytes | str, ...]) -> Iterator[tuple[bytes, bytes]]:
    """Name and value of each field that is the same for every reader. A hole is always a whole field."""
    for run in header:
        if isinstance(run, bytes):
            yield from _FIELD.findall(run)


def _canonical_field(name: bytes, value: bytes) -> bytes:
    """RFC 6376 §3.4.2."""
    return name.strip().lower() + b":" + _WHITE.sub(b" ", value).strip() + b"\r\n"


def _canonical_body(run: bytes) -> bytes:
    """RFC 6376 §3.4.4 for whole lines; ours end with the boundary's, so that no empty one is at the end."""
    return _WHITE_AT_END.sub(b"", _WHITE_IN_LINE.sub(b" ", run))


def _opening(signer: Signer, at: int, names: list[bytes]) -> bytes:
    """The signature field up to the hash of the body, folded."""
    lines = [b" h="]
    for index, name in enumerate(names):
        piece = name + (b":" if index < len(names) - 1 else b";")
        if len(lines[-1]) + len(piece) > _LINE:
            lines.append(b"  ")
        lines[-1] += piece
    start = (
        f"DKIM-Signature: v=1; a={signer.algorithm}; c=relaxed/relaxed; t={at};\r\n"
        f" d={signer.domain};\r\n s={signer.selector};\r\n"
    )
    return start.encode("ascii") + b"\r\n".join(lines)
