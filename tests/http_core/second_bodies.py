"""What a second reading of RFC 9112 needs below a request: lines, fields and chunked bodies, by loops over bytes.

Belongs to `second_reading.py`, which says what it is for; nothing here comes from the package that is tested.
"""

from __future__ import annotations

import string

DIGITS = frozenset(string.digits.encode())
LETTERS = frozenset(string.ascii_letters.encode())
HEX = frozenset(string.hexdigits.encode())
TOKEN = DIGITS | LETTERS | frozenset(b"!#$%&'*+-.^_`|~")
LINE, CHUNK_LINE, TRAILERS, TRAILER_BYTES, BODY = 8192, 256, 16, 4096, 1 << 20


class Refused(Exception):
    """The stream is refused; the argument is the status."""


class More(Exception):
    """Bytes are missing."""


def consists(text: bytes, allowed: frozenset[int]) -> bool:
    """Whether there is something and all of it is allowed."""
    return bool(text) and frozenset(text) <= allowed


def read_line(data: bytes, at: int, limit: int, too_long: int) -> tuple[bytes, int]:
    """The line that begins at `at`, without its CR LF, and where the next one begins."""
    for place in range(at, at + limit):
        if place == len(data):
            raise More
        if data[place] == 0x0A:
            if place == at or data[place - 1] != 0x0D:
                raise Refused(400)
            return data[at : place - 1], place + 1
    raise Refused(too_long)


def read_field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not consists(name, TOKEN):
        raise Refused(400)
    if any(byte != 0x09 and (byte < 0x20 or byte == 0x7F) for byte in value):
        raise Refused(400)
    return name.lower(), value.strip(b" \t")


def read_chunks(data: bytes, at: int) -> tuple[bytes, int]:
    body, overhead = b"", 0
    while True:
        line, behind = read_line(data, at, CHUNK_LINE, 400)
        size = _chunk_size(line)
        if len(body) + size > BODY:
            raise Refused(413)
        overhead = max(0, overhead + behind - at - 16 - 2 * size)
        if overhead > 16384:
            raise Refused(400)
        at = behind
        if size == 0:
            return body, _trailers(data, at)
        end = data[at + size : at + size + 2]
        if end != b"\r\n"[: len(end)]:
            raise Refused(400)
        if len(end) < 2:
            raise More
        body, at = body + data[at : at + size], at + size + 2


def _chunk_size(line: bytes) -> int:
    size, semicolon, rest = line.partition(b";")
    if not consists(size, HEX):
        raise Refused(400)
    while semicolon:
        rest, semicolon = _behind_extension(rest)
    if len(size) > 16:
        raise Refused(400)
    return int(size, 16)


def _behind_extension(text: bytes) -> tuple[bytes, bytes]:
    """What follows one extension, and the semicolon of the next one if there is one."""
    text = _behind_token(text.lstrip(b" \t"))
    behind = text.lstrip(b" \t")
    if behind.startswith(b"="):
        value = behind[1:].lstrip(b" \t")
        text = _behind_quoted(value[1:]) if value.startswith(b'"') else _behind_token(value)
        behind = text.lstrip(b" \t")
    if not text:
        return b"", b""
    if not behind.startswith(b";"):
        raise Refused(400)
    return behind[1:], b";"


def _behind_token(text: bytes) -> bytes:
    length = next((place for place, byte in enumerate(text) if byte not in TOKEN), len(text))
    if not length:
        raise Refused(400)
    return text[length:]


def _behind_quoted(text: bytes) -> bytes:
    escaped = False
    for place, byte in enumerate(text):
        if byte != 0x09 and (byte < 0x20 or byte == 0x7F):
            raise Refused(400)
        if escaped:
            escaped = False
        elif byte == 0x22:
            return text[place + 1 :]
        else:
            escaped = byte == 0x5C
    raise Refused(400)


def _trailers(data: bytes, at: int) -> int:
    begin = at
    for count in range(TRAILERS + 1):
        line, at = read_line(data, at, min(LINE, TRAILER_BYTES - (at - begin)), 431)
        if not line:
            return at
        if count == TRAILERS:
            break
        read_field(line)
    raise Refused(431)
