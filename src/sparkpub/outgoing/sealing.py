"""Signing: the keys that a press signs with, and what makes its messages of a compiled one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sparkpub.adapters.dkim_key import read_signers
from sparkpub.core.mail import Compiled, ReaderValues
from sparkpub.press import Press

if TYPE_CHECKING:
    from sparkpub.core.dkim import Signer

Splice = Callable[[ReaderValues], bytes]


def signers_of(press: Press) -> "tuple[Signer, ...]":
    """The signers of a press, none where `[dkim]` is left out; a rehearsal without the key goes unsigned.

    Raises:
        InputError: `[dkim]` names a key that cannot be used.
    """
    settings = press.publication.settings.dkim
    return read_signers(press.publication.folder, settings, is_needed=press.transport == "smtp")


def splice_of(compiled: Compiled, signers: "Sequence[Signer]", *, at: datetime) -> Splice:
    """What makes each reader's message of a compiled one, signed at an instant where there are signers."""
    if not signers:
        return compiled.splice
    from sparkpub.core.dkim import Seal  # with cryptography, which only who signs needs

    return Seal.of(compiled, signers, at=at).splice
