"""A message taken apart within bounds: whatever its bytes are, it is read in little time or given up."""

import contextlib
import email
import email.policy
import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Callable, Iterator, Mapping
from email.errors import MessageError
from email.header import Header, decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from typing import TYPE_CHECKING, Final

from sparkpub.core.addresses import named_address, plain_line

SIZE_MAX: Final = 500_000
"""So many bytes of a message are read; what a report says stands at its beginning."""
TEXT_MAX: Final = 100_000
_PARTS_MAX = 60
_DEPTH_MAX = 12
_FIELDS_MAX = 200
_LINE_MAX = 10_000
_MARKS_MAX = 40  # of "boundary" and "message/": more is nobody's report, and costs more than it is worth
_SUBJECT_MAX = 200
_MARKS = re.compile(rb"boundary|message/", re.IGNORECASE)
_UNFOLDED: Final = email.policy.compat32.clone(max_line_length=None)
_ENCODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "base64": lambda data: a2b_base64(b"".join(data.split()), strict_mode=True),
    "quoted-printable": a2b_qp,
}

if TYPE_CHECKING:
    Mail = Message[str, str]  # what the types of the library say of it and the library does not
else:
    Mail = Message


def read_message(data: bytes) -> Mail:
    """The message in some bytes; of one that is nested beyond reason, only its header."""
    data = data[:SIZE_MAX]
    if sum(1 for _ in _MARKS.finditer(data)) <= _MARKS_MAX:
        try:
            return email.message_from_bytes(data, policy=email.policy.compat32)
        except RecursionError:
            pass
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    plain = re.sub(rb"(?im)^content-type:", b"X-Content-Type:", head)
    return email.message_from_bytes(plain + b"\n\n", policy=email.policy.compat32)


def parts(message: Mail) -> Iterator[Mail]:
    """A message and all that it holds, in order, as deep and as many as a report needs."""
    pending = [(message, 0)]
    for _ in range(_PARTS_MAX):
        if not pending:
            return
        part, depth = pending.pop()
        yield part
        if depth < _DEPTH_MAX:
            pending += [(each, depth + 1) for each in reversed(inner(part))]


def inner(part: Mail) -> list[Mail]:
    """The messages or parts that a part holds, none where it holds text."""
    payload = part.get_payload() if part.is_multipart() else []
    found = [each for each in payload if isinstance(each, Message)]
    decode = _ENCODINGS.get(field(part, "Content-Transfer-Encoding").lower())
    if found and decode and part.get_content_maintype() == "message":
        # As a message/global and its kin may be (RFC 6532 §3.5), which the library takes for plain text.
        with contextlib.suppress(ValueError, MessageError):  # what is not encoded as it says stays as it is
            return [read_message(decode(found[0].as_bytes(policy=_UNFOLDED)))]
    return found


def kind_of(part: Mail) -> str:
    """The media type of a part, in lower case."""
    return part.get_content_type()


def field(part: Mail, name: str) -> str:
    """A header field as one line of plain text, decoded; "" where it is missing."""
    return _line(part.get(name))


def fields(part: Mail, name: str) -> list[str]:
    """Every header field of a name, as lines of plain text."""
    return [_line(value) for value in part.get_all(name, [])[:_PARTS_MAX]]


def _line(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Header):  # with octets beyond ASCII: they are UTF-8 (RFC 6532 §3.2), or nobody knows what
        value = b"".join(data for data, _ in decode_header(value)).decode("utf-8", "replace")
    text = str(value)[:TEXT_MAX]
    with contextlib.suppress(LookupError, ValueError, MessageError):  # an encoding that is none
        text = str(make_header(decode_header(text))) if "=?" in text else text
    return plain_line(text.encode("utf-8", "replace").decode())


def subject_of(message: Mail) -> str:
    """The subject, shortened."""
    return field(message, "Subject")[:_SUBJECT_MAX]


def addresses_in(message: Mail, *names: str) -> list[str]:
    """Every usable address in some header fields, in order, as `named_address` has it."""
    lines = [line[:_LINE_MAX] for name in names for line in fields(message, name)]
    found = [named_address(address.strip()) for _, address in getaddresses(lines)]
    return [*filter(None, dict.fromkeys(found))]


def text_of(part: Mail) -> str:
    """The text of a part that holds text, decoded as well as can be, and shortened; "" for any other."""
    if part.is_multipart():
        return ""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AssertionError):  # an encoding or a character set that is none
        return ""
    if not isinstance(data, bytes):
        return ""
    data = data[:TEXT_MAX]
    try:
        return data.decode(str(part.get_content_charset("utf-8")), "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def all_text(message: Mail) -> str:
    """Every text in a message, and the header fields of each message within it, for a search."""
    found: list[str] = []
    room = 4 * TEXT_MAX
    for part in parts(message):
        head = "\n".join(f"{name}: {_line(value)}" for name, value in part.items()[:_FIELDS_MAX])
        is_text = part.get_content_maintype() == "text"
        for text in (head, text_of(part) if is_text else ""):
            found.append(text[:room])
            room -= len(found[-1])
    return "\n".join(found)
