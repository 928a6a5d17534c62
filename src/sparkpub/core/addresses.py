"""Mail addresses: checked once where they come in, then trusted as values."""

import re
from functools import cache, lru_cache
from unicodedata import category, is_normalized, normalize

# A dot-atom and a host name of at least two labels (RFC 5321 §4.1.2, without quoted local parts and literals), or this
# machine. Bulk imports check a million of these, so it is one expression.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}(?:\.{_LABEL})+|localhost)", re.ASCII)
_LOCAL_MAX, _ADDRESS_MAX = 64, 254  # octets
# What is printable by its category and yet shows nothing, so that two addresses would look the same: joiners, fillers,
# variation selectors (Default_Ignorable_Code_Point of Unicode), and the blank Braille pattern.
_UNSEEN = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
# Most addresses: of small letters, and so short that no part of them can be too long.
_WORD = r"[a-z0-9]++(?:-++[a-z0-9]++)*+"
_USUAL = re.compile(rf"[a-z0-9_+-]++(?:\.[a-z0-9_+-]++)*+@{_WORD}(?:\.{_WORD})++")
# Controls that are no white space, lone surrogates, overrides of direction.
_UNSAFE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
# Names that RFC 2606 and RFC 6761 keep for examples and tests: no mail can ever arrive there.
RESERVED = ("example.com", "example.org", "example.net", "example", "test", "invalid", "localhost")


def parse_address(text: str) -> str:
    """The address in `text`, its domain in lower case; domains in other scripts become their ASCII form (IDNA 2008).

    Letters beyond ASCII before the @ stay, in normal form C: only relays that know SMTPUTF8 take them (RFC 6531).
    Plain ASCII takes one expression, since lists of 100,000 are common; email-validator reads other domains.

    Raises:
        ValueError: it is no address that can be mailed, with what is wrong as message.
    """
    if len(text) <= _LOCAL_MAX and _USUAL.fullmatch(text):
        return text
    text = text.strip()
    local, at, domain = text.rpartition("@")
    if not at or not local:
        raise ValueError("it has no @")
    if len(text) > _ADDRESS_MAX:
        raise ValueError("it is too long")
    if text.isascii():
        address = f"{local}@{domain.lower()}"
    else:
        local = normalize("NFC", local)
        address = f"{local}@{domain.lower() if domain.isascii() else _ascii_domain(domain)}"
    if _octets(local) > _LOCAL_MAX or _octets(address) > _ADDRESS_MAX:
        raise ValueError("it is too long")
    if not is_address(address):
        raise ValueError("it is not written like name@example.org")
    return address


def _octets(text: str) -> int:
    """How many octets a text takes in UTF-8; half a surrogate pair counts as the character it would be."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


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
    if len(text) > _ADDRESS_MAX:
        return False
    return _ADDRESS.fullmatch(text) is not None or (not text.isascii() and _is_address_utf8(text))


@cache
def _address_utf8() -> re.Pattern[str]:
    """An address with letters beyond ASCII before the @ (RFC 6531 §3.3); what is not printable is no letter."""
    atom, label = _ATOM.replace("A-Za-z", "A-Za-z\u0080-\U0010ffff"), _LABEL.replace("A-Z", "")
    return re.compile(rf"{atom}(?:\.{atom})*@(?:{label}(?:\.{label})+|localhost)", re.ASCII)


def _is_address_utf8(text: str) -> bool:
    """The same for letters beyond ASCII before the @.

    No control, override of direction or lone surrogate is printable; a mark at the beginning would join what stands
    before the address.
    """
    return (
        text.isprintable()
        and _address_utf8().fullmatch(text) is not None
        and re.search(_UNSEEN, text) is None
        and not category(text[0]).startswith("M")
        and is_normalized("NFC", text)
        and _octets(text) <= _ADDRESS_MAX
        and _octets(text.rpartition("@")[0]) <= _LOCAL_MAX
    )


def named_address(text: str) -> str:
    """The address that somebody else names, a report or a provider, as `parse_address` gives it; "" if it is none.

    Plain ASCII stays as it is spelt.
    """
    if text.isascii():
        return text if is_address(text) else ""
    try:
        return parse_address(text)
    except ValueError:
        return ""


def address_key(address: str) -> str:
    """What makes two spellings of an address one reader: the whole in lower case, in normal form C.

    It is no case folding, for which `ß` is `ss` and `ſ` is `s`: whoever has one such address would be taken for whoever
    has the other. Here no letter that is beyond ASCII in form C becomes one within it, so that nobody passes for a
    reader with a plain address. The two small sigmas are one letter, as they are in capitals.
    """
    key = address.strip().lower()
    return key if key.isascii() else normalize("NFC", normalize("NFC", address.strip()).lower().replace("ς", "σ"))


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
