"""The DNS records that a press which mails needs, as lines to paste into a zone, each with its reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sparkpub.core.addresses import parse_mailbox
from sparkpub.core.settings import Settings

_STRING_MOST = 255  # octets in one string of a TXT record (RFC 1035 §3.3.14)
_RSA_WHY = "DKIM (RFC 6376): the public half of the key that signs"
_ED25519_WHY = "DKIM with Ed25519 (RFC 8463): the public half of the second key that signs, for those who read it"
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    """One record. `name` and names in `value` are without the final dot; `why` is for people."""

    name: str
    type: str
    value: str
    why: str

    @property
    def line(self) -> str:
        """The record as a line of a zone file (RFC 1035 §5.1)."""
        if self.type != "TXT":
            return f"{self.name}. 3600 IN {self.type} {self.value}."
        pieces = [self.value[at : at + _STRING_MOST] for at in range(0, len(self.value), _STRING_MOST)]
        return f"{self.name}. 3600 IN TXT " + " ".join(f'"{piece}"' for piece in pieces)


def dns_records(settings: Settings, *, dkim: Mapping[str, str] | None = None) -> tuple[DnsRecord, ...]:
    """SPF, DKIM, DMARC and where bounces go, in this order.

    `dkim` has the text of the record of each key of `[dkim]` by its selector; nothing where the relay signs: then the
    relay says which record it needs.

    Raises:
        ValueError: `from` holds no address.
    """
    return tuple(_records(settings, dkim or {}))


def _records(settings: Settings, dkim: Mapping[str, str]) -> Iterator[DnsRecord]:
    _, sender = parse_mailbox(settings.publication.from_)
    inbox = settings.inbox.address
    envelope = _domain(inbox or sender)
    yield DnsRecord(
        name=envelope,
        type="TXT",
        value=" ".join(["v=spf1", *_senders(settings), "~all"]),
        why=(
            "SPF (RFC 7208): who may send with this envelope sender. If the relay is a service, put the include: it "
            "names in place of its host; if a record that begins with v=spf1 is there already, add to it: two are none"
        ),
    )
    if settings.dkim:
        for selector, value in dkim.items():
            name = f"{selector}._domainkey.{settings.dkim.domain}"
            why = _ED25519_WHY if "k=ed25519;" in value else _RSA_WHY
            yield DnsRecord(name=name, type="TXT", value=value, why=why)
    yield DnsRecord(
        name=f"_dmarc.{_domain(sender)}",
        type="TXT",
        value=f"v=DMARC1; p=none; rua=mailto:{inbox or sender}",
        why=(
            "DMARC (RFC 7489): reports come to this address; once they show nothing but your own mail, write "
            "p=quarantine in place of p=none"
        ),
    )
    if inbox:
        yield DnsRecord(
            name=envelope,
            type="MX",
            value=f"10 {_mail_host(settings)}",
            why="where bounces come to; it must take mail for every address like "
            f"{inbox.replace('@', '+anything@')} into one mailbox",
        )


def _senders(settings: Settings) -> Iterator[str]:
    """The terms of SPF for the relays; the machine itself where the relay stands on it."""
    hosts = dict.fromkeys(relay.host for relay in settings.smtp.values())
    for host in hosts or {"localhost": None}:
        yield f"a:{_own_host(settings)}" if host in _HERE else f"a:{host}"


def _mail_host(settings: Settings) -> str:
    """The host that takes bounces: the one they are fetched from, else this machine."""
    return urlsplit(settings.inbox.imap).hostname or _own_host(settings)


def _own_host(settings: Settings) -> str:
    """The name by which the world knows this machine: the web face's, else the site's."""
    url = settings.web.url or settings.publication.base_url
    return urlsplit(url).hostname or "localhost"


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
