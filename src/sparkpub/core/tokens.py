"""What only this press could have written: links to leave, Message-IDs, return addresses.

All are the same whenever they are made, so that a message made again is the same message.
"""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property

from itsdangerous import BadSignature, Signer

_VERP = re.compile(
    r"(?P<local>[^@]+)\+(?P<release>[0-9a-z]{1,12})-(?P<reader>[0-9a-z]{1,12})-(?P<seal>[0-9a-f]{10})@.+"
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SEAL = 10
_BLOCK = 64


class Purpose(StrEnum):
    """What a link lets its bearer do; a token of one purpose is worth nothing for another."""

    LEAVE = "u"
    PREFERENCES = "p"
    CONFIRM = "c"


class Tokens:
    """Signs with the press's secret key, and reads back what it signed."""

    def __init__(self, key: str) -> None:
        """Sign with this key."""
        self._key = key

    @cached_property
    def _signers(self) -> dict[Purpose, Signer]:
        return {
            purpose: Signer(self._key, salt=f"sparkpub.{purpose}", digest_method=hashlib.sha256) for purpose in Purpose
        }

    @cached_property
    def _seals(self) -> dict[Purpose, "_Hmac"]:
        """The signers' derived keys, ready: deriving one takes ten times as long as signing with it."""
        return {purpose: _Hmac(signer.derive_key()) for purpose, signer in self._signers.items()}

    @cached_property
    def _own_seal(self) -> "_Hmac":
        return _Hmac(self._key.encode())

    def sign(self, purpose: Purpose, subscriber_id: int) -> str:
        """A token for one reader: letters, digits, `-`, `_` and one `.`, for use in a URL; itsdangerous reads it."""
        value = _base36(subscriber_id)
        seal = base64.urlsafe_b64encode(self._seals[purpose].digest(value.encode("ascii")))
        return f"{value}.{seal.rstrip(b'=').decode('ascii')}"

    def read(self, purpose: Purpose, token: str) -> int | None:
        """The reader a token was signed for, None if we never signed it for that purpose."""
        try:
            value = self._signers[purpose].unsign(token.encode("utf-8", "replace")).decode("ascii")
            return int(value, 36)
        except (BadSignature, ValueError):
            return None

    def sign_wish(self, subscriber_id: int, asked_at: datetime) -> str:
        """A token to confirm the wish that a reader made at an instant, and none that they make later."""
        value = f"{_base36(subscriber_id)}-{_base36(int(asked_at.timestamp()))}"
        seal = base64.urlsafe_b64encode(self._seals[Purpose.CONFIRM].digest(value.encode("ascii")))
        return f"{value}.{seal.rstrip(b'=').decode('ascii')}"

    def read_wish(self, token: str) -> tuple[int, datetime] | None:
        """The reader and the instant of the wish that a token was signed for, None if we never signed it."""
        try:
            value = self._signers[Purpose.CONFIRM].unsign(token.encode("utf-8", "replace")).decode("ascii")
            reader, _, asked = value.partition("-")
            return int(reader, 36), datetime.fromtimestamp(int(asked, 36), tz=UTC)
        except (BadSignature, ValueError, OverflowError, OSError):
            return None

    def message_id(self, release: str, subscriber_id: int, host: str) -> str:
        """The Message-ID of one release (`ISSUE/N`) to one reader, in its angle brackets."""
        digest = self._mac("message-id", f"{release}/{subscriber_id}")[:20]
        return f"<{_base32(digest)}@{host}>"

    def return_address(self, inbox: str, release_id: int, subscriber_id: int) -> str:
        """The envelope sender that tells from a bounce which delivery it is about (VERP): `inbox+…@host`."""
        local, _, domain = inbox.rpartition("@")
        return (
            f"{local}+{_base36(release_id)}-{_base36(subscriber_id)}-{self._seal(release_id, subscriber_id)}@{domain}"
        )

    def read_return_address(self, address: str) -> tuple[int, int] | None:
        """Release and reader that a return address of ours was made for, None if it is not ours."""
        found = _VERP.fullmatch(address.strip().lower())
        if found is None:
            return None
        release_id, subscriber_id = int(found["release"], 36), int(found["reader"], 36)
        is_ours = hmac.compare_digest(found["seal"], self._seal(release_id, subscriber_id))
        return (release_id, subscriber_id) if is_ours else None

    def _seal(self, release_id: int, subscriber_id: int) -> str:
        return self._mac("return-address", f"{release_id}/{subscriber_id}").hex()[:_SEAL]

    def _mac(self, purpose: str, text: str) -> bytes:
        return self._own_seal.digest(f"sparkpub.{purpose}/{text}".encode())


class _Hmac:
    """HMAC-SHA256 (RFC 2104) with its key hashed already, for one digest a reader."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        """The code of a message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


_PAIRS = [a + b for a in "abcdefghijklmnopqrstuvwxyz234567" for b in "abcdefghijklmnopqrstuvwxyz234567"]


def _base32(digest: bytes) -> str:
    """20 bytes in base 32, in lower case (RFC 4648 §6), ten bits at a time: the library's is much slower."""
    number = int.from_bytes(digest)
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(150, -1, -10)])


def _base36(number: int) -> str:
    """A natural number in 36 digits."""
    digits = ""
    while number or not digits:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits
