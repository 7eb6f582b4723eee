"""RFC 9112 read a second time: what a stream of bytes means, by loops over bytes and without a pattern.

Written from the RFC and the choices in docs/http.md alone, so that a slip in the patterns or state machines of
`http_core` is not shared by what they are held against. Slow, whole streams only, default limits only. It shares
nothing with the package but the standard library.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field

from tests.http_core.second_bodies import (
    BODY,
    DIGITS,
    HEX,
    LETTERS,
    LINE,
    TOKEN,
    More,
    Refused,
    consists,
    read_chunks,
    read_field,
    read_line,
)

PCHAR = DIGITS | LETTERS | frozenset(b"-._~!$&'()*+,;=:@")
BLOCK, FIELDS, EMPTY_LINES = 32768, 100, 4


@dataclass
class Read:
    """One request, as far as two readings can be compared."""

    method: bytes
    http10: bool
    host: str
    keep_alive: bool
    fields: list[tuple[bytes, bytes]]
    body: bytes = b""


@dataclass
class Reading:
    """What a stream means: its requests, then `idle`, `waiting`, `closed` or the status of a refusal."""

    requests: list[Read] = field(default_factory=list)
    end: str | int = "idle"


def read_stream(data: bytes) -> Reading:
    """Reads a stream from its beginning to the first thing that is wrong, missing or final."""
    reading, at = Reading(), 0
    while at < len(data):
        try:
            request, at = _request(data, at)
        except More:
            reading.end = "waiting"
            return reading
        except Refused as refused:
            reading.end = int(refused.args[0])
            return reading
        reading.requests.append(request)
        if not request.keep_alive:
            reading.end = "closed"
            return reading
    return reading


def _request(data: bytes, at: int) -> tuple[Read, int]:
    empty = 0
    while data[at : at + 2] == b"\r\n":
        empty, at = empty + 1, at + 2
        if empty > EMPTY_LINES:
            raise Refused(400)
    if at == len(data):
        raise More
    begin = at
    line, at = read_line(data, at, LINE, 414)
    method, http10, named = _request_line(line)
    fields: list[tuple[bytes, bytes]] = []
    while True:
        line, at = read_line(data, at, min(LINE, BLOCK - (at - begin)), 431)
        if not line:
            break
        if len(fields) == FIELDS:
            raise Refused(431)
        fields.append(read_field(line))
    host = _host_field(fields, http10=http10)
    length = _length(fields, http10=http10)
    options = _members(fields, b"connection")
    keep_alive = b"close" not in options and (not http10 or b"keep-alive" in options)
    if not http10 and any(member not in (b"", b"100-continue") for member in _members(fields, b"expect")):
        raise Refused(417)
    request = Read(method, http10, host if named is None else named, keep_alive, fields)
    if length is None:
        request.body, at = read_chunks(data, at)
    elif len(data) - at < length:
        raise More
    else:
        request.body, at = data[at : at + length], at + length
    return request, at


def _request_line(line: bytes) -> tuple[bytes, bool, str | None]:
    """Method, whether it is HTTP/1.0, and the host that the target names."""
    parts = line.split(b" ")
    if len(parts) != 3 or not consists(parts[0], TOKEN) or not parts[1]:
        raise Refused(400)
    method, target, version = parts
    if any(not 0x21 <= byte <= 0x7E for byte in target) or version[:5] != b"HTTP/":
        raise Refused(400)
    number = version[5:]
    if len(number) == 1 and number in b"23456789":
        raise Refused(505)
    if len(number) != 3 or number[0] not in DIGITS or number[1:2] != b"." or number[2] not in DIGITS:
        raise Refused(400)
    if number[:1] != b"1":
        raise Refused(505)
    return method, number == b"1.0", _target(method, target)


def _target(method: bytes, target: bytes) -> str | None:
    if method == b"CONNECT":
        host = _host(target)
        if b":" not in target or target[-1:] in (b":", b"]"):
            raise Refused(400)
        return host
    if target == b"*" and method == b"OPTIONS":
        return None
    host = None
    if not target.startswith(b"/"):
        scheme, mark, rest = target.partition(b"://")
        if not mark or scheme.lower() not in (b"http", b"https"):
            raise Refused(400)
        cut = min((place for place in (rest.find(b"/"), rest.find(b"?")) if place >= 0), default=len(rest))
        host, target = _host(rest[:cut]), rest[cut:]
    path, _, query = target.partition(b"?")
    _check_path(_unescaped(path, PCHAR | {0x2F}))
    _unescaped(query, PCHAR | frozenset(b"/?"))
    return host


def _unescaped(text: bytes, allowed: frozenset[int]) -> list[tuple[int, bool]]:
    """The bytes of a text, each with whether it was escaped."""
    found, at = [], 0
    while at < len(text):
        if text[at] == 0x25:
            digits = text[at + 1 : at + 3]
            if len(digits) < 2 or not consists(digits, HEX):
                raise Refused(400)
            found.append((int(digits, 16), True))
            at += 3
        elif text[at] in allowed:
            found.append((text[at], False))
            at += 1
        else:
            raise Refused(400)
    return found


def _check_path(found: list[tuple[int, bool]]) -> None:
    if (0x2F, True) in found:
        raise Refused(400)
    try:
        path = bytes(byte for byte, _ in found).decode()
    except UnicodeDecodeError:
        raise Refused(400) from None
    if any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 or letter == "\\" for letter in path):
        raise Refused(400)
    if any(segment in (".", "..") for segment in path.split("/")):
        raise Refused(400)


def _host(text: bytes) -> str:
    if text.startswith(b"["):
        literal, bracket, port = text[1:].partition(b"]")
        if not bracket or not consists(literal, HEX | frozenset(b":.")):
            raise Refused(400)
        try:
            socket.inet_pton(socket.AF_INET6, literal.decode())
        except OSError:
            raise Refused(400) from None
        host = f"[{ipaddress.IPv6Address(literal.decode())}]"
    else:
        name, colon, digits = text.partition(b":")
        port = colon + digits
        name = name.removesuffix(b".")
        labels = name.split(b".")
        if len(name) > 253 or any(
            not consists(label, DIGITS | LETTERS | frozenset(b"-_")) for label in labels
        ):
            raise Refused(400)
        host = name.decode().lower()
    digits = port[1:]
    if port and (port[:1] != b":" or len(digits) > 5 or not frozenset(digits) <= DIGITS):
        raise Refused(400)
    if digits and int(digits) > 65535:
        raise Refused(400)
    return host


def _only(fields: list[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The value of a field that may come once."""
    values = [value for other, value in fields if other == name]
    if len(values) > 1:
        raise Refused(400)
    return values[0] if values else None


def _members(fields: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    joined = b",".join(value for other, value in fields if other == name)
    return [member.strip(b" \t").lower() for member in joined.split(b",")]


def _host_field(fields: list[tuple[bytes, bytes]], *, http10: bool) -> str:
    for name in (b"content-length", b"transfer-encoding"):
        _only(fields, name)
    value = _only(fields, b"host")
    if value is not None:
        return _host(value)
    if not http10:
        raise Refused(400)
    return ""


def _length(fields: list[tuple[bytes, bytes]], *, http10: bool) -> int | None:
    """The length of the body, None for chunks."""
    coding, digits = _only(fields, b"transfer-encoding"), _only(fields, b"content-length")
    if coding is not None:
        members = _members(fields, b"transfer-encoding")
        if digits is not None or http10 or b"" in members or b"chunked" in members[:-1]:
            raise Refused(400)
        if members != [b"chunked"]:
            raise Refused(501)
        return None
    if digits is None:
        return 0
    if not consists(digits, DIGITS) or (len(digits) > 20 and digits.startswith(b"0")):
        raise Refused(400)
    if len(digits) > 20 or int(digits) > BODY:
        raise Refused(413)
    return int(digits)
