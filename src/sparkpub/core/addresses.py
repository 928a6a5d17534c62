"""Mail addresses: checked once where they come in, then trusted as values."""

import re
from functools import lru_cache

# A dot-atom and a host name of at least two labels (RFC 5321 §4.1.2, without quoted local parts and literals), or this
# machine. Bulk imports check a million of these, so it is one expression.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}(?:\.{_LABEL})+|localhost)", re.ASCII)
_LOCAL_MAX, _ADDRESS_MAX = 64, 254
# Most addresses: of small letters, and so short that no part of them can be too long.
_WORD = r"[a-z0-9]++(?:-++[a-z0-9]++)*+"
_USUAL = re.compile(rf"[a-z0-9_+-]++(?:\.[a-z0-9_+-]++)*+@{_WORD}(?:\.{_WORD})++")
# Controls that are no white space, lone surrogates, overrides of direction.
_UNSAFE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
# Names that RFC 2606 and RFC 6761 keep for examples and tests: no mail can ever arrive there.
RESERVED = ("example.com", "example.org", "example.net", "example", "test", "invalid", "localhost")


def parse_address(text: str) -> str:
    """The address in `text`, its domain in lower case; domains in other scripts become their ASCII form (IDNA 2008).

    Plain ASCII takes one expression, since lists of 100,000 are common; the rest is email-validator's.

    Raises:
        ValueError: it is no address that can be mailed, with what is wrong as message.
    """
    if len(text) <= _LOCAL_MAX and _USUAL.fullmatch(text):
        return text
    text = text.strip()
    local, at, domain = text.rpartition("@")
    if not at or not local:
        raise ValueError("it has no @")
    address = f"{local}@{domain.lower()}" if text.isascii() else _ascii_form(text)
    if len(local) > _LOCAL_MAX or len(address) > _ADDRESS_MAX:
        raise ValueError("it is too long")
    if not is_address(address):
        raise ValueError("it is not written like name@example.org")
    return address


def _ascii_form(text: str) -> str:
    """An address with letters beyond ASCII as relays take it."""
    if len(text) > _ADDRESS_MAX:
        raise ValueError("it is too long")
    local, _, domain = text.rpartition("@")
    if local.isascii() and (known := _ascii_domain(domain)):
        return f"{local}@{known}"
    from email_validator import EmailNotValidError, validate_email  # a list of plain addresses needs none of it

    try:
        read = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError("it is not written like name@example.org") from error
    if read.ascii_email is None:
        raise ValueError("it has letters before the @ that most relays refuse")
    return read.ascii_email


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    """A domain in another script as relays take it, "" if it cannot be used. Readers of one list share domains."""
    from email_validator import EmailNotValidError, validate_email

    try:
        read = validate_email(f"a@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return ""
    return read.ascii_domain or ""


def is_address(text: str) -> bool:
    """Whether `text` is an address as `parse_address` gives it, safe to stand in an SMTP command or a header."""
    return len(text) <= _ADDRESS_MAX and _ADDRESS.fullmatch(text) is not None


def address_key(address: str) -> str:
    """What makes two spellings of an address one reader: the whole in lower case."""
    return address.strip().lower()


def is_reserved(address: str) -> bool:
    """Whether an address lies at a domain that RFC 2606 keeps for examples and tests."""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    return any(domain == name or domain.endswith(f".{name}") for name in RESERVED)


def plain_line(text: str) -> str:
    """A text as one line that is safe in a header: no control, line end, lone surrogate or direction override.

    Runs of white space become one space; the result is stripped.
    """
    if text.isprintable() and "  " not in text:  # no other white space is printable
        return text.strip()
    return " ".join(_UNSAFE.sub("", text).split())


def parse_mailbox(text: str) -> tuple[str, str]:
    """Name and address of `Name <address>`.

    Raises:
        ValueError: there is no address in it.
    """
    from email.utils import parseaddr  # brings socket and much else along, which a build has no use for

    name, address = parseaddr(text)
    return plain_line(name), parse_address(address)
