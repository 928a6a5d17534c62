"""Bounces: delivery status notifications (RFC 3464), and what servers write in free form."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.parser import HeaderParser
from email.utils import parseaddr
from typing import Final

from sparkpub.core.addresses import named_address, plain_line
from sparkpub.core.bounces import VAGUE, Meaning, meaning_of
from sparkpub.core.reports.mime import Mail, all_text, field, inner, kind_of, parts, subject_of, text_of

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_NUMBERED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_KINDS: Final = ("message/delivery-status", "message/global-delivery-status")
WORDS_MAX: Final = 200
_RECIPIENTS_MAX = 100
# RFC 3464 §2.3.3, and what some servers write in its place.
_FAILED: Final = ("failed", "failure", "error")
_DELAYED = re.compile(
    r"warning message only|delayed|will (?:be|keep) (?:re)?try|still trying|do not need to resend|no action is required"
    r"|not (?:yet )?been delivered yet|could not be delivered for more than",
    re.IGNORECASE,
)
_FAILURE = re.compile(
    r"undeliver|fail|not (?:be )?delivered|could ?n[o']t|returned|reject|refuse|warning|delay|\b5\d\d ",
    re.IGNORECASE,
)
_DAEMONS: Final = ("mailer-daemon", "postmaster", "mail-daemon", "maildaemon", "mdaemon", "mailerdaemon", "mail.daemon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced:
    """What a notification says of one recipient; `meaning` is NOTHING where it may still arrive."""

    meaning: Meaning
    addresses: tuple[str, ...] = ()
    status: str = ""
    words: str = ""


def is_notification(message: Mail) -> bool:
    """Whether a message is a delivery status notification by its form."""
    return any(kind_of(part) in _KINDS for part in parts(message))


def read_notification(message: Mail) -> tuple[Bounced, ...]:
    """What a delivery status notification says, recipient by recipient."""
    blocks = (block for part in parts(message) if kind_of(part) in _KINDS for block in _blocks(part))
    found: list[Bounced] = []
    for block in blocks:
        if any(name in block for name in ("Final-Recipient", "Original-Recipient", "Action", "Status")):
            found.append(_of_block(block))
        if len(found) >= _RECIPIENTS_MAX:
            break
    return tuple(found)


def _blocks(part: Mail) -> Iterator[Mail]:
    """The groups of fields of a notification, also where its parts were not taken apart (RFC 6533 §3)."""
    if not part.is_multipart():
        yield from _parsed(text_of(part))
        return
    for block in inner(part):
        yield block
        if kind_of(part) != _KINDS[0]:
            yield from _parsed(text_of(block))


def _parsed(text: str) -> Iterator[Mail]:
    """Groups of fields, parted by empty lines."""
    for block in re.split(r"\r?\n[ \t]*\r?\n", text)[:_RECIPIENTS_MAX]:
        yield HeaderParser().parsestr(block.strip("\r\n"))


def _of_block(block: Mail) -> Bounced:
    """What the fields of one recipient say."""
    diagnostic = field(block, "Diagnostic-Code").partition(";")[2] or field(block, "Diagnostic-Code")
    status = _status(field(block, "Status"), diagnostic)
    action = field(block, "Action").partition(" ")[0].partition("(")[0].lower()
    has_failed = action.startswith(_FAILED) or (not action and status.startswith("5"))
    recipients = (_recipient(field(block, name)) for name in ("Original-Recipient", "Final-Recipient"))
    return Bounced(
        meaning=meaning_of(status, diagnostic) if has_failed else Meaning.NOTHING,
        addresses=tuple(dict.fromkeys(filter(None, recipients))),
        status=status,
        words=diagnostic.strip()[:WORDS_MAX],
    )


def _status(given: str, diagnostic: str) -> str:
    """The enhanced code: the remote server's own where the reporting one names no more than a class."""
    found, inner = _STATUS.search(given), _STATUS.search(diagnostic)
    status = found[1] if found else ""
    return inner[1] if inner and status in VAGUE and not inner[1].startswith("2") else status


def _recipient(text: str) -> str:
    r"""The address of `rfc822; ada@example.org` or `utf-8; \x{7528}\x{6237}@example.org`, "" if there is none.

    The letters of the latter may be written as numbers, and an ASCII stand-in may follow (RFC 6533 §3).
    """
    kind, _, address = text.rpartition(";")
    if kind.strip().lower() == "utf-8":
        address = _NUMBERED.sub(_letter, address.strip().partition(" ")[0])
    return named_address(parseaddr(address.strip())[1])


def _letter(found: re.Match[str]) -> str:
    """The character with a number, as it stands there if Unicode has none of it."""
    number = int(found[1], 16)
    return chr(number) if number <= sys.maxunicode else found[0]


FreeForm = Callable[[Mail], tuple[tuple[str, ...], tuple[str, ...]]]
"""Finds the addresses that a bounce in free form names: delayed ones, and failed ones."""


def read_free_form(message: Mail, find: FreeForm) -> tuple[Bounced, ...]:
    """What servers say in words of their own; nothing if no bounce is found."""
    delayed, failed = find(message)
    if not failed:
        return tuple(Bounced(meaning=Meaning.NOTHING, addresses=(address,)) for address in delayed)
    said = read_words(message)
    return tuple(replace(said, addresses=(address,)) for address in failed[:_RECIPIENTS_MAX])


def read_words(message: Mail) -> Bounced:
    """What the text of a bounce means, where nothing in it has a form."""
    text = _own_words(message)
    if _DELAYED.search(text):
        return Bounced(meaning=Meaning.NOTHING)
    found = _STATUS.search(text)
    status = found[1] if found and not found[1].startswith("2") else ""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    telling = next((line for line in lines if _STATUS.search(line) or _is_telling(line)), "")
    return Bounced(meaning=meaning_of(status, text), status=status, words=plain_line(telling)[:WORDS_MAX])


def _is_telling(line: str) -> bool:
    """Whether a line says why."""
    return bool(re.search(r"\b5\d\d[ :-]", line)) or meaning_of("", line) is not Meaning.UNKNOWN


_COPY = re.compile(
    r"(?im)^.{0,10}(?:below this line is a copy|original message|this is a copy of|message headers? follow"
    r"|returned message|received:|return-path:)"
)


def _own_words(message: Mail) -> str:
    """What the server says itself, without the message that it returns."""
    texts = [text_of(part) for part in parts(message) if kind_of(part) == "text/plain"][:1]
    text = texts[0] if texts else all_text(message)
    return _COPY.split(text, maxsplit=1)[0][:20_000]


def is_of_server(message: Mail) -> bool:
    """Whether a message says that a mail server wrote it, because something failed."""
    if "X-Failed-Recipients" in message:
        return True
    local = parseaddr(field(message, "From"))[1].partition("@")[0].lower()
    return local in _DAEMONS and bool(_FAILURE.search(subject_of(message)) or _FAILURE.search(_own_words(message)))
