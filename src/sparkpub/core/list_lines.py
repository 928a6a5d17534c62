"""Lines out of the bytes of a list, piece by piece: UTF-8, or UTF-16 with a mark, as spreadsheets write them."""

import codecs
import io
from collections.abc import Iterable, Iterator

LINE_MAX = 1_000_000
"""Characters in a line, and in all lines of one row; what is longer is no list, and would fill the memory."""


class ListLines:
    """The lines of a list with their ends: LF, CR LF or CR. No more of it is held than one piece and one row.

    Iterating raises ValueError where the bytes are no text; the message names the line.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Read lines from pieces of a file, in their order, of whatever size."""
        self.bytes_read = 0
        """How far the file was read."""
        self.row_line = 1
        """The line in which the row begins that is being put together, as its reader notes; a row has an end."""
        self._pieces = pieces
        self._line = 1  # of the first character that was not given out

    def __iter__(self) -> Iterator[str]:
        """Each line with its end."""
        rest, row, length = "", 0, 0
        for piece in self._texts():
            if row != self.row_line:
                row, length = self.row_line, 0
            elif length > LINE_MAX:
                raise ValueError(f"line {row} begins a row without an end; close its quotation marks")
            length += len(piece)
            text, rest = _whole(rest + piece)
            yield from io.StringIO(text, newline="")
            if len(rest) > LINE_MAX:
                raise ValueError(f"line {self._line} is longer than {LINE_MAX:,} characters; this is no CSV file")
        if rest:
            yield rest

    def _texts(self) -> Iterator[str]:
        """The text, piece by piece."""
        decoder: codecs.IncrementalDecoder | None = None
        start = b""
        for piece in self._pieces:
            self.bytes_read += len(piece)
            if decoder is None:
                start += piece
                if len(start) < len(codecs.BOM_UTF8):
                    continue
                piece, decoder = start, _decoder(start)  # noqa: PLW2901 - the first pieces as one
            if text := self._decoded(decoder, piece, is_last=False):
                yield text
        text = self._decoded(decoder or _decoder(start), b"" if decoder else start, is_last=True)
        if text:
            yield text

    def _decoded(self, decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool) -> str:
        """The text of a piece."""
        try:
            text = decoder.decode(piece, is_last)
        except UnicodeDecodeError as fault:
            line = self._line + fault.object.count(b"\n", 0, fault.start)
            raise ValueError(f"line {line} is not UTF-8; save the list as CSV UTF-8") from None
        if "\0" in text:
            line = self._line + text.count("\n", 0, text.index("\0"))
            raise ValueError(f"line {line} holds a NUL; this is no CSV file")
        self._line += text.count("\n")
        return text


def _decoder(start: bytes) -> codecs.IncrementalDecoder:
    """What reads a file that begins with these bytes."""
    is_wide = start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return codecs.getincrementaldecoder("utf-16" if is_wide else "utf-8-sig")()


def _whole(text: str) -> tuple[str, str]:
    """The whole lines of a text and what follows them; a CR at its very end may be half of a line's end."""
    cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
    return text[:cut], text[cut:]
