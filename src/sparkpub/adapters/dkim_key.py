"""Read the key that signs messages, and refuse one that others can read."""

from pathlib import Path
from typing import TYPE_CHECKING

from sparkpub.core.settings import DkimSettings
from sparkpub.errors import Fault, InputError

if TYPE_CHECKING:
    from sparkpub.core.dkim import Signer

_OTHERS = 0o077


def read_signer(folder: Path, settings: DkimSettings, *, is_needed: bool = False) -> "Signer | None":
    """The signer that `[dkim]` describes; without its key file None, so that a copy can rehearse.

    Raises:
        InputError: the file `is_needed` and is not there, can be read by others than its owner, holds no RSA key of
            2048 bits or more, or the domain or the selector is none.
    """
    path = folder / settings.key_file
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except FileNotFoundError as error:
        if is_needed:
            cure = "copy it from the machine that signed until now, or leave [dkim] out where the relay signs"
            raise _refused(settings, "the key that [dkim] signs with is not here", cure) from error
        return None
    except OSError as error:
        raise _refused(settings, error.strerror or "it cannot be read", f"ls -l {settings.key_file}") from error
    if mode & _OTHERS:
        message = f"others can read it (mode {mode & 0o777:04o})"
        raise _refused(settings, message, f"chmod 600 {settings.key_file}")
    return _signer(settings, data)


def _signer(settings: DkimSettings, data: bytes) -> "Signer":
    # Loading cryptography takes longer than all else that a command without [dkim] does.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from sparkpub.core.dkim import LEAST_BITS, Signer

    cure = f"openssl genrsa -out {settings.key_file} {LEAST_BITS}"
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _refused(settings, "it holds no private key in PEM form, without a password", cure) from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise _refused(settings, f"it holds no RSA key of {LEAST_BITS} bits or more", cure)
    for name, value in (("domain", settings.domain), ("selector", settings.selector)):
        labels = value.split(".")
        if not value.isascii() or not all(label.replace("-", "").replace("_", "").isalnum() for label in labels):
            message = f"[dkim] {name} {value!r} is no name of the DNS"
            raise InputError(Fault(path="sparkpub.toml", line=0, message=message, cure=f"mend {name}"))
    return Signer(domain=settings.domain, selector=settings.selector, key=key)


def _refused(settings: DkimSettings, message: str, cure: str) -> InputError:
    """A fault of the key file."""
    return InputError(Fault(path=settings.key_file, line=0, message=message, cure=cure))
