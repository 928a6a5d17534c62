"""Encode text for mail: header fields (RFC 5322, RFC 2047) and quoted-printable runs (RFC 2045 §6.7).

Everything is 7-bit with CRLF line ends, but for an address with letters beyond ASCII, which no header field can hold in
another form: there it is UTF-8 (RFC 6532). A quoted-printable run starts and ends at the beginning of a line, so that
runs can be joined in any order. No body line begins with a dot or `From `: nothing is left to stuff or to mangle.
"""

import re
from base64 import b64encode
from typing import Final

from sparkpub.core.addresses import is_address, plain_line

CRLF: Final = b"\r\n"
_LINE = 76
_RUN = 72  # leaves room for the soft break and for an escaped first character
_ENCODED_WORD = len("=?utf-8?b??=")
_LINE_END = re.compile(r"\r\n|\r|\n")
_PLAIN = re.compile(r"[\t -<>-~]*")
_ASCII_LINE = re.compile(r"[\t -~]*")
_BYTES = {b: f"={b:02X}" for b in range(256) if not _PLAIN.fullmatch(chr(b))}
# A name and an address of which nothing has to be looked at more closely: no `=`, so no `=?`, and single spaces.
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/?^_`{|}~-]+)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")


def quoted_printable(text: str) -> bytes:
    """`text` as a quoted-printable run of UTF-8: lines of at most 76 characters, ending where a line begins.

    Line ends of any kind become CRLF; a text that does not end with one is ended by a soft break.
    """
    if _ASCII_LINE.fullmatch(text):  # most values, and the addresses of all
        return f"{_broken(text.replace('=', '=3D'))}=\r\n".encode("ascii") if text else b""
    *lines, last = _LINE_END.split(text)
    done = [_encode(line, is_last=False) + "\r\n" for line in lines]
    if last:
        done.append(_encode(last, is_last=True) + "=\r\n")
    return "".join(done).encode("ascii")


def _encode(line: str, *, is_last: bool) -> str:
    """One line of text as one or more lines joined by soft breaks, without a final one."""
    if _ASCII_LINE.fullmatch(line):
        encoded = line.replace("=", "=3D")
    else:
        encoded = line.encode("utf-8", "replace").decode("latin-1").translate(_BYTES)
    if not is_last and encoded.endswith((" ", "\t")):
        encoded = f"{encoded[:-1]}={ord(encoded[-1]):02X}"
    return _broken(encoded)


def _broken(encoded: str) -> str:
    """An encoded line as lines joined by soft breaks, none within an escape."""
    pieces = []
    start = 0
    while len(encoded) - start > _RUN:
        end = start + _RUN
        if (escape := encoded.rfind("=", end - 2, end)) >= 0:
            end = escape
        pieces.append(_begun(encoded[start:end]))
        start = end
    pieces.append(_begun(encoded[start:]))
    return "=\r\n".join(pieces)


def _begun(piece: str) -> str:
    """A line whose first character no relay or mailbox file takes for something else."""
    return f"={ord(piece[0]):02X}{piece[1:]}" if piece.startswith((".", "From ")) else piece


def text_field(name: str, text: str) -> bytes:
    """A header field of free text, folded, with its line end; what is not plain ASCII becomes encoded-words."""
    text = plain_line(text)
    words = text.split(" ")
    if _is_plain(text) and max(map(len, words)) < _LINE - len(name) - 2:
        return _folded(f"{name}:", [f" {word}" for word in words])
    return _folded(f"{name}:", _encoded_words(text, len(name) + 2))


def mailbox_field(name: str, display: str, address: str) -> bytes:
    """A header field with one mailbox, such as To; the display name may be anything.

    Raises:
        ValueError: `address` is none.
    """
    if not is_address(address):
        raise ValueError("not an address that can stand in a header")
    if len(name) + len(display) + len(address) <= _LINE - len(":  <>") and _SIMPLE_NAME.fullmatch(display):
        return f"{name}: {display} <{address}>\r\n".encode()  # most names; what follows would write the same
    display = plain_line(display)
    if not display:
        return _folded(f"{name}:", [f" {address}"])
    return _folded(f"{name}:", [*_phrase(display, len(name) + 2), f" <{address}>"])


def list_id_field(title: str, list_id: str) -> bytes:
    """List-Id (RFC 2919): a title and a name in angle brackets."""
    title = plain_line(title)
    return _folded("List-Id:", [*(_phrase(title, len("List-Id: ")) if title else []), f" <{list_id}>"])


def _phrase(text: str, column: int) -> list[str]:
    """A display name that fits on one line begun up to `column`, with its leading space; a longer one is cut.

    It is one encoded-word at most: between two in a phrase many readers, Python's own among them, show a space.
    """
    if _is_plain(text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        shown = text if _ATOMS.fullmatch(text) else f'"{escaped}"'
        if len(shown) <= _LINE - column:
            return [f" {shown}"]
    words = _encoded_words(text, column)
    while len(words) > 1:
        text = text[: max(1, len(text) * 9 // 10)].rstrip()
        words = _encoded_words(f"{text}…", column)
    return words


def _is_plain(text: str) -> bool:
    """Whether a text can stand in a header as it is, and is read back as it is."""
    return text.isascii() and text.isprintable() and "=?" not in text


def _encoded_words(text: str, column: int) -> list[str]:
    """`text` as encoded-words (RFC 2047), cut between characters, the first for a line begun up to `column`."""
    pieces, piece = [], b""
    room = (_LINE - column - _ENCODED_WORD) // 4 * 3
    for character in text:
        data = character.encode("utf-8", "replace")
        if len(piece) + len(data) > room:
            pieces.append(piece)
            piece = b""
            room = (_LINE - 1 - _ENCODED_WORD) // 4 * 3
        piece += data
    pieces.append(piece)
    return [f" =?utf-8?b?{b64encode(piece).decode('ascii')}?=" for piece in pieces]


def _folded(start: str, pieces: list[str]) -> bytes:
    """A field of pieces, each with its leading space, broken before a piece that its line has no room for."""
    lines = [start]
    for piece in pieces:
        if len(lines[-1]) + len(piece) > _LINE and lines[-1] != start:
            lines.append(piece)
        else:
            lines[-1] += piece
    return "\r\n".join(lines).encode() + CRLF
