"""Consent: how a wish is proved, how long a link to confirm is good, and how often one may ask."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

from sparkpub.core.addresses import address_key, plain_line

CONFIRM_WITHIN: Final = timedelta(days=7)
"""How long a link to confirm is good; after that one asks again."""

_NAME_MAX = 100
_IN_NO_NAME = re.compile(r"[:/\\@<>{}\x00-\x1f\x7f]")
_FORM = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}")


class Asker(StrEnum):
    """What asks are counted by."""

    ADDRESS = "address"
    NETWORK = "network"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """No more than `count` asks within a time."""

    asker: Asker
    count: int
    within: timedelta


@lru_cache(maxsize=8)
def caps(asks_per_hour: int) -> tuple[Cap, ...]:
    """How often may be asked. What is beyond a cap of the address is answered as ever, and nothing is written to it."""
    return (
        Cap(asker=Asker.ADDRESS, count=1, within=timedelta(minutes=5)),
        Cap(asker=Asker.ADDRESS, count=3, within=timedelta(days=1)),
        Cap(asker=Asker.NETWORK, count=20, within=timedelta(hours=1)),
        Cap(asker=Asker.ALL, count=asks_per_hour, within=timedelta(hours=1)),
    )


LONGEST_CAP: Final = timedelta(days=1)
"""How long asks are remembered."""


def network(remote: str) -> str:
    """The network that a remote address lies in: its first 24 bits, or 48 of IPv6; "" where it is no address.

    It is what is kept of it: enough to count by, too little to name a person.
    """
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))  # noqa: PLR2004


def usable_name(text: str) -> str:
    """A name that a stranger typed, as one line; "" where it could be more than a name, an address or a link say.

    It may stand in letters to whoever has the address, and nobody knows yet whether that is who typed it.
    """
    name = plain_line(text)
    return "" if len(name) > _NAME_MAX or _IN_NO_NAME.search(name) or "www." in name.lower() else name


def mailbox(address: str) -> str:
    """The mailbox that an address leads to, as most servers have it: without what follows a `+`, and without dots.

    Asks are counted by it, lest one stranger be asked under a thousand spellings. Nothing is mailed to it.
    """
    local, _, domain = address_key(address).rpartition("@")
    plain = local.partition("+")[0].replace(".", "")
    return f"{plain or local}@{domain}"


def form_name(text: str) -> str:
    """The name that a form gave itself, as far as it is one."""
    return text if _FORM.fullmatch(text) else ""


def wording_version(texts: Mapping[str, str]) -> str:
    """Eight digits that tell one wording of a form from another."""
    return sha256("\n".join(f"{key}={texts[key]}" for key in sorted(texts)).encode()).hexdigest()[:8]


def asked_words(*, at: datetime, form: str, wording: str, net: str) -> str:
    """Evidence that somebody asked: when, by which form, what it said, and from where."""
    where = f" from {net}" if net else ""
    return f"asked {at:%Y-%m-%d %H:%M:%S} UTC by the form {form or 'of the web face'}, wording {wording}{where}"


def confirmed_words(*, at: datetime, net: str) -> str:
    """Evidence that whoever reads the mailbox confirmed."""
    return f"confirmed {at:%Y-%m-%d %H:%M:%S} UTC by the link{f' from {net}' if net else ''}"
