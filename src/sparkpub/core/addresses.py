"""Email addresses: which ones are usable, and when two are the same."""

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")
_LONGEST, _LONGEST_LOCAL = 254, 64  # RFC 5321 §4.5.3.1


def parse_address(text: str) -> str:
    """The address in `text` as mail is sent to it: domain in lower case, local part as written.

    Plain ASCII addresses are read by one expression, since lists of 100,000 are common; all others by
    email-validator, which knows international domains and local parts (RFC 6531).

    Raises:
        ValueError: no usable address; the message says why.
    """
    text = text.strip()
    if _PLAIN.fullmatch(text):
        local, _, domain = text.rpartition("@")
        if len(text) > _LONGEST or len(local) > _LONGEST_LOCAL:
            raise ValueError(f"'{text[:60]}…' is longer than mail allows")
        return f"{local}@{domain.lower()}"
    return _parse_other(text)


def _parse_other(text: str) -> str:
    """An address that is not plain ASCII, read by the library that knows the rules."""
    from email_validator import EmailNotValidError, validate_email

    try:
        read = validate_email(text[: _LONGEST + 1], check_deliverability=False, allow_quoted_local=False)
    except EmailNotValidError as fault:
        raise ValueError(f"'{_shown(text)}' is no address: {fault}".rstrip(".")) from None
    return read.normalized


def _shown(text: str) -> str:
    """Hostile text made fit for a message."""
    return "".join(c if c.isprintable() else "�" for c in text[:60])


def address_key(address: str) -> str:
    """What two spellings of one mailbox share: RFC 5321 lets local parts differ by case, no provider does."""
    return address.casefold()
