"""Read the keys that sign messages, and refuse one that others can read."""

from pathlib import Path
from typing import TYPE_CHECKING

from sparkpub.core.settings import DkimSettings
from sparkpub.errors import Fault, InputError

if TYPE_CHECKING:
    from sparkpub.core.dkim import Signer

_OTHERS = 0o077


def read_signers(folder: Path, settings: DkimSettings | None, *, is_needed: bool = False) -> "tuple[Signer, ...]":
    """The signers that `[dkim]` describes, RSA before Ed25519; none where there is no such table.

    One whose key file is not there is left out, so that a copy can rehearse.

    Raises:
        InputError: a file `is_needed` and is not there, can be read by others than its owner, holds no key of its
            kind (RSA of 2048 bits or more; Ed25519), or the domain or a selector is none.
    """
    if settings is None:
        return ()
    keys = [(settings.selector, settings.key_file, True)]
    if settings.ed25519_key_file:
        keys.append((settings.ed25519_selector, settings.ed25519_key_file, False))
    found = []
    for selector, name, is_rsa in keys:
        if (data := _read(folder, name, is_needed=is_needed)) is not None:
            found.append(_signer(settings.domain, selector, name, data, is_rsa=is_rsa))
    return tuple(found)


def _read(folder: Path, name: str, *, is_needed: bool) -> bytes | None:
    """A key file that its owner alone can read, as bytes; None if it is not there."""
    path = folder / name
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except FileNotFoundError as error:
        if is_needed:
            cure = "copy it from the machine that signed until now, or leave [dkim] out where the relay signs"
            raise _refused(name, "the key that [dkim] signs with is not here", cure) from error
        return None
    except OSError as error:
        raise _refused(name, error.strerror or "it cannot be read", f"ls -l {name}") from error
    if mode & _OTHERS:
        raise _refused(name, f"others can read it (mode {mode & 0o777:04o})", f"chmod 600 {name}")
    return data


def _signer(domain: str, selector: str, name: str, data: bytes, *, is_rsa: bool) -> "Signer":
    # Loading cryptography takes longer than all else that a command without [dkim] does.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from sparkpub.core.dkim import LEAST_BITS, Signer

    cure = f"openssl genrsa -out {name} {LEAST_BITS}" if is_rsa else f"openssl genpkey -algorithm ed25519 -out {name}"
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _refused(name, "it holds no private key in PEM form, without a password", cure) from error
    for word, value in (("domain", domain), ("selector" if is_rsa else "ed25519_selector", selector)):
        labels = value.split(".")
        if not value.isascii() or not all(label.replace("-", "").replace("_", "").isalnum() for label in labels):
            message = f"[dkim] {word} {value!r} is no name of the DNS"
            raise InputError(Fault(path="sparkpub.toml", line=0, message=message, cure=f"mend {word}"))
    if is_rsa and isinstance(key, RSAPrivateKey) and key.key_size >= LEAST_BITS:
        return Signer(domain=domain, selector=selector, key=key)
    if not is_rsa and isinstance(key, Ed25519PrivateKey):
        return Signer(domain=domain, selector=selector, key=key)
    raise _refused(name, f"it holds no {f'RSA key of {LEAST_BITS} bits or more' if is_rsa else 'Ed25519 key'}", cure)


def _refused(name: str, message: str, cure: str) -> InputError:
    """A fault of a key file."""
    return InputError(Fault(path=name, line=0, message=message, cure=cure))
