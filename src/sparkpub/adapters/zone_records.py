"""Ask the DNS which TXT records stand at a name."""

from collections.abc import Sequence


def text_records(name: str, *, servers: Sequence[tuple[str, int]] = (), seconds: float = 5.0) -> tuple[str, ...] | None:
    """The TXT records at a name, each joined from its strings; None where nobody answered in time.

    `servers` are addresses with ports to ask instead of this machine's own.
    """
    import dns.exception
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            resolver.nameservers = [host for host, _ in servers]
            resolver.port = servers[0][1]
        answer = resolver.resolve(name, "TXT", lifetime=seconds)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError):
        return None
    return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer)
