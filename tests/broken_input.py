"""Inputs that were whole and are broken: cut, joined, doubled, turned round, strewn with what parsers trip over."""

import random
from collections.abc import Iterator, Sequence

STUMBLES: tuple[bytes, ...] = (
    b"\0",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xae",
    b"\xc2\x85",
    b"\x1b[2J",
    b'"',
    b"'",
    b";",
    b",",
    b":",
    b"=",
    b"-",
    b"---\n",
    b"{{",
    b"}}",
    b"[" * 40,
    b"{" * 40,
    b'{"a":' * 40,
    b"&a *a",
    b"!!python/object:os.system ",
    b"=?utf-8?b?////?=",
    b"=?x?q?=?=",
    b"%00",
    b"%ff",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"NaN",
    b"-1",
    b"9" * 40,
    b"9" * 5000,
    b"0000-00-00",
    b"a" * 400,
    b"@",
    b"boundary=",
    b"Content-Type: multipart/mixed; boundary=x\n\n--x\n",
    b"550-5.1.1 ",
    "٣".encode(),
    "ﬀ".encode(),
    "\U0010ffff".encode(),
)


def broken(whole: Sequence[bytes], chance: random.Random, *, longest: int = 20_000) -> bytes:
    """One input, made of some that are whole; now and then it is left as it was."""
    data = bytearray(chance.choice(whole))
    for _ in range(chance.choice((0, 1, 1, 2, 3, 8))):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((1, 1, 2, 8, 64, 1000)))
        match chance.randrange(8):
            case 0:
                del data[start:end]
            case 1:
                data[start:start] = data[start:end]
            case 2:
                data[start:end] = chance.choice(STUMBLES)
            case 3:
                data[start:start] = chance.choice(STUMBLES)
            case 4:
                data[start:end] = chance.randbytes(end - start)
            case 5:
                data[start:end] = bytes(reversed(data[start:end]))
            case 6:
                other = chance.choice(whole)
                data[start:] = other[chance.randrange(len(other) + 1) :]
            case _:
                del data[start:]
    return bytes(data[:longest])


def pieces(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """The same bytes as they could come over a line."""
    place = 0
    while place < len(data):
        end = place + chance.choice((1, 2, 7, 100, 5000))
        yield data[place:end]
        place = end
