"""Bounces in free form, as flufl.bounce finds them: thirty parsers for what mail servers have written in words."""

import logging
from email.message import Message
from typing import Any

from sparkpub.core.addresses import named_address


def failures(message: "Message[Any, Any]") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses that mail did not reach yet, and those that it will never reach; none if this is no bounce."""
    from flufl.bounce import all_failures  # costs 60 ms, which most messages do not need

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)  # it logs tracebacks, with what is in the mail
    try:
        delayed, failed = all_failures(message)
    except Exception:  # noqa: BLE001 - parsers of others on a stranger's bytes: what they cannot read is no bounce
        return (), ()
    return _texts(delayed), _texts(failed)


def _texts(addresses: frozenset[bytes]) -> tuple[str, ...]:
    """Addresses as texts in order, those that are any."""
    texts = (named_address(address.decode("utf-8", "replace")) for address in addresses)
    return tuple(sorted({text for text in texts if text}))
