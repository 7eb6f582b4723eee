"""Every byte in every place where one byte decides: framing fields, target, version, chunks, trailers.

The sets of characters are written down here once more, from the RFCs, so that a slip in the grammar of the parser is
not repeated by its test. Each stream ends with a second request: whatever the byte does, that one is read as itself or
not at all (no request is smuggled).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.http_core.streams import Verdict, read

DIGITS = frozenset(b"0123456789")
LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
TCHAR = DIGITS | LETTERS | frozenset(b"!#$%&'*+-.^_`|~")
VALUE = frozenset(range(0x20, 0x7F)) | frozenset(range(0x80, 0x100)) | {0x09}
BLANK = frozenset(b" \t")
PCHAR = DIGITS | LETTERS | frozenset(b"-._~!$&'()*+,;=:@")
BYTES = [bytes([number]) for number in range(256)]

AFTER = b"GET /after HTTP/1.1\r\nHost: localhost\r\n\r\n"


def outcome(data: bytes) -> str:
    """What came of a stream, in one word per request and the status of the error at its end."""
    verdict = read([data])
    paths = [request[1].path for request in verdict.requests]  # type: ignore[attr-defined]
    words = ["after" if path == "/after" else "read" for path in paths]
    if verdict.error is not None:
        words.append(str(verdict.error[0]))
    elif verdict.state == "waiting":
        words.append("waiting")
    return " ".join(words)


def post(*lines: bytes) -> bytes:
    return b"POST /__echo HTTP/1.1\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def in_every_byte(make: Callable[[bytes], bytes], wanted: Callable[[int], str | set[str]]) -> None:
    """Each byte in its place; the outcome has to be the one wanted (or one of them)."""
    wrong = []
    for byte in BYTES:
        expected = wanted(byte[0])
        got = outcome(make(byte))
        if got != expected and got not in (expected if isinstance(expected, set) else ()):
            wrong.append(f"{byte!r}: {got}, wanted {expected}")
    assert wrong == []


CHUNKED = b"0\r\n\r\n"


@pytest.mark.parametrize("length", [b"", b"Content-Length: 5\r\n"], ids=["alone", "with a length"])
@pytest.mark.parametrize("place", ["before", "in the name", "behind the name"])
def test_h1_a_byte_at_the_name_of_transfer_encoding(place: str, length: bytes) -> None:
    """Another name is another field; then the chunks are no body, and read as a request they are refused."""
    cut = {"before": 0, "in the name": 8, "behind the name": 17}[place]
    name = b"Transfer-Encoding"

    def make(byte: bytes) -> bytes:
        head = b"POST /__echo HTTP/1.1\r\nHost: localhost\r\n" + length
        return head + name[:cut] + byte + name[cut:] + b": chunked\r\n\r\n" + CHUNKED + AFTER

    def wanted(byte: int) -> str | set[str]:
        if byte == ord(":") and place == "in the name":  # the field Transfer, of no meaning
            return "read after" if length else "read 400"
        if byte == ord(":") and place == "behind the name":  # the coding ": chunked"
            return "400" if length else "501"
        if byte not in TCHAR:
            return "400"
        return "read after" if length else "read 400"

    in_every_byte(make, wanted)


@pytest.mark.parametrize("place", ["before", "in it", "behind"])
def test_h1_a_byte_at_the_value_of_transfer_encoding(place: str) -> None:
    cut = {"before": 0, "in it": 3, "behind": 7}[place]

    def make(byte: bytes) -> bytes:
        value = b"chunked"[:cut] + byte + b"chunked"[cut:]
        return post(b"Host: localhost", b"Transfer-Encoding: " + value) + CHUNKED + AFTER

    def wanted(byte: int) -> str | set[str]:
        if byte in BLANK and place != "in it":
            return "read after"
        if byte not in VALUE or (byte == ord(",") and place != "in it"):
            return "400"
        return "501"

    in_every_byte(make, wanted)


@pytest.mark.parametrize("place", ["before", "in the name", "behind the name"])
def test_h1_a_byte_at_the_name_of_content_length(place: str) -> None:
    cut = {"before": 0, "in the name": 7, "behind the name": 14}[place]
    name = b"Content-Length"

    def make(byte: bytes) -> bytes:
        return post(b"Host: localhost", name[:cut] + byte + name[cut:] + b": 5") + b"\0\0\0\0\0" + AFTER

    def wanted(byte: int) -> str:
        if byte == ord(":"):
            return "400" if place != "in the name" else "read 400"
        return "read 400" if byte in TCHAR else "400"

    in_every_byte(make, wanted)


@pytest.mark.parametrize("place", ["before", "in it", "behind"])
def test_h1_a_byte_at_the_value_of_content_length(place: str) -> None:
    """A digit makes another number, white space around it none, everything else is refused."""
    cut = {"before": 0, "in it": 1, "behind": 2}[place]

    def make(byte: bytes) -> bytes:
        value = b"05"[:cut] + byte + b"05"[cut:]
        return post(b"Host: localhost", b"Content-Length: " + value) + b"\0" * 5 + AFTER

    def wanted(byte: int) -> str | set[str]:
        if byte in BLANK and place != "in it":
            return "read after"
        if byte in DIGITS:
            length = int(b"05"[:cut] + bytes([byte]) + b"05"[cut:])
            return "read after" if length == 5 else {"waiting", "read 400", "read"}  # also the whole rest
        return "400"

    in_every_byte(make, wanted)


@pytest.mark.parametrize("place", ["before", "in it", "behind"])
def test_h1_a_byte_at_the_value_of_host(place: str) -> None:
    cut = {"before": 0, "in it": 5, "behind": 9}[place]

    def make(byte: bytes) -> bytes:
        value = b"localhost"[:cut] + byte + b"localhost"[cut:]
        return b"GET /__echo HTTP/1.1\r\nHost: " + value + b"\r\n\r\n" + AFTER

    def wanted(byte: int) -> str:
        name = byte in DIGITS | LETTERS | frozenset(b"-_")
        blank = byte in BLANK and place != "in it"
        dot = byte == ord(".") and place != "before"
        port = byte == ord(":") and place == "behind"
        return "read after" if name or blank or dot or port else "400"

    in_every_byte(make, wanted)


@pytest.mark.parametrize("name", [b"X", b"Connection", b"Cookie", b"Content-Type"])
def test_h1_a_byte_in_a_field_value(name: bytes) -> None:
    def make(byte: bytes) -> bytes:
        return b"GET /__echo HTTP/1.1\r\nHost: localhost\r\n" + name + b": a" + byte + b"b\r\n\r\n" + AFTER

    in_every_byte(make, lambda byte: "read after" if byte in VALUE else "400")


def test_h1_a_byte_in_the_method() -> None:
    def make(byte: bytes) -> bytes:
        return b"G" + byte + b"T /__echo HTTP/1.1\r\nHost: localhost\r\n\r\n" + AFTER

    in_every_byte(make, lambda byte: "read after" if byte in TCHAR else "400")


@pytest.mark.parametrize(
    ("before", "allowed"), [(b"/a", PCHAR | frozenset(b"/?")), (b"/?a", PCHAR | frozenset(b"/?"))]
)
def test_h1_a_byte_in_the_target(before: bytes, allowed: frozenset[int]) -> None:
    def make(byte: bytes) -> bytes:
        return b"GET " + before + byte + b"b HTTP/1.1\r\nHost: localhost\r\n\r\n" + AFTER

    in_every_byte(make, lambda byte: "read after" if byte in allowed else "400")


def test_h1_an_escaped_byte_in_the_path() -> None:
    """Decoded once: no controls, no slash of either kind, no broken UTF-8."""

    def make(byte: bytes) -> bytes:
        return b"GET /a%%%02Xb HTTP/1.1\r\nHost: localhost\r\n\r\n" % byte[0] + AFTER

    def wanted(byte: int) -> str:
        return "read after" if 0x20 <= byte < 0x7F and byte not in b"/\\" else "400"

    in_every_byte(make, wanted)


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4, 5, 6, 7])
def test_h1_a_byte_in_place_of_one_of_the_version(place: int) -> None:
    version = b"HTTP/1.1"

    def make(byte: bytes) -> bytes:
        changed = version[:place] + byte + version[place + 1 :]
        return b"GET /__echo " + changed + b"\r\nHost: localhost\r\n\r\n" + AFTER

    def wanted(byte: int) -> str:
        if byte == version[place]:
            return "read after"
        if place == 5 and byte in DIGITS:
            return "505"
        if place == 7 and byte in DIGITS:
            return "read" if byte == ord("0") else "read after"  # 1.0 closes, a higher minor version is 1.1
        return "400"

    in_every_byte(make, wanted)


def chunked(body: bytes) -> bytes:
    return post(b"Host: localhost", b"Transfer-Encoding: chunked") + body + AFTER


@pytest.mark.parametrize("place", ["before", "behind"])
def test_h1_a_byte_at_a_chunk_size(place: str) -> None:
    hexadecimal = DIGITS | frozenset(b"abcdefABCDEF")

    def make(byte: bytes) -> bytes:
        size = byte + b"05" if place == "before" else b"05" + byte
        return chunked(size + b"\r\n\0\0\0\0\0\r\n0\r\n\r\n")

    def wanted(byte: int) -> str | set[str]:
        if byte in hexadecimal:
            size = int(bytes([byte]) + b"05" if place == "before" else b"05" + bytes([byte]), 16)
            return "read after" if size == 5 else {"waiting", "400"}
        return "400"

    in_every_byte(make, wanted)


def test_h1_a_byte_in_a_chunk_extension() -> None:
    def make(byte: bytes) -> bytes:
        return chunked(b"5;a" + byte + b"\r\nhello\r\n0\r\n\r\n")

    # a name goes on, or stops at nothing: "=" and ";" need something behind them
    in_every_byte(make, lambda byte: "read after" if byte in TCHAR else "400")


def test_h1_a_byte_in_a_quoted_chunk_extension() -> None:
    def make(byte: bytes) -> bytes:
        return chunked(b'5;a="x' + byte + b'y"\r\nhello\r\n0\r\n\r\n')

    in_every_byte(make, lambda byte: "read after" if byte in VALUE - frozenset(b'"') else "400")


@pytest.mark.parametrize("end", [0, 1])
def test_h1_a_byte_in_place_of_the_end_of_a_chunk(end: int) -> None:
    def make(byte: bytes) -> bytes:
        behind = [byte + b"\n", b"\r" + byte][end]
        return chunked(b"5\r\nhello" + behind + b"0\r\n\r\n")

    in_every_byte(make, lambda byte: "read after" if byte == b"\r\n"[end] else "400")


def test_h1_a_byte_in_the_name_of_a_trailer() -> None:
    def make(byte: bytes) -> bytes:
        return chunked(b"0\r\nX" + byte + b"Y: z\r\n\r\n")

    in_every_byte(make, lambda byte: "read after" if byte in TCHAR | {ord(":")} else "400")


def test_h1_a_byte_in_the_value_of_a_trailer() -> None:
    def make(byte: bytes) -> bytes:
        return chunked(b"0\r\nX: y" + byte + b"z\r\n\r\n")

    in_every_byte(make, lambda byte: "read after" if byte in VALUE else "400")


def test_h1_a_byte_between_two_requests() -> None:
    """Nothing may stand there but line ends; a CR or LF alone is none."""

    def make(byte: bytes) -> bytes:
        return b"GET /__echo HTTP/1.1\r\nHost: localhost\r\n\r\n" + byte + AFTER

    def wanted(byte: int) -> str:
        return "read after" if byte in TCHAR else "read 400"  # XGET is a method too

    in_every_byte(make, wanted)


def test_h1_no_byte_in_place_of_a_line_end_is_one() -> None:
    def make(byte: bytes) -> bytes:
        return b"GET /__echo HTTP/1.1\r\nHost: localhost" + byte + b"\nX: y\r\n\r\n" + AFTER

    in_every_byte(make, lambda byte: "read after" if byte == 0x0D else "400")


def verdict_of(*lines: str) -> Verdict:
    return read(["\r\n".join([*lines, "", ""]).encode("latin-1")])


@pytest.mark.parametrize(("connection", "version", "kept"), [
    ("close", 1, False), ("Close", 1, False), ("keep-alive", 1, True), ("x, close", 1, False), ("close, x", 1, False),
    ("keep-alive, close", 1, False), ("closed", 1, True), (",,close,,", 1, False), ("", 1, True), ("x", 1, True),
    ("keep-alive", 0, True), ("Keep-Alive", 0, True), ("x,keep-alive", 0, True), ("", 0, False), ("close", 0, False),
    ("keep-alive, close", 0, False),
])  # fmt: skip
def test_h1_connection_options(connection: str, version: int, kept: bool) -> None:
    verdict = verdict_of(f"GET / HTTP/1.{version}", "Host: localhost", f"Connection: {connection}")
    assert (len(verdict.requests), verdict.state) == (1, "idle" if kept else "closed")
    first, _, second = connection.partition(",")
    apart = verdict_of(
        f"GET / HTTP/1.{version}", "Host: localhost", f"Connection: {first}", f"Connection: {second}"
    )
    assert apart.state == verdict.state


@pytest.mark.parametrize(("expect", "status"), [
    ("100-continue", None), ("100-CONTINUE", None), (" 100-continue\t", None), ("100-continue, 100-continue", None),
    (",100-continue,", None), ("100-continue;q=1", 417), ("200-ok", 417), ("100-continue, x", 417), ('"100-continue"', 417),
    ("100 continue", 417),
])  # fmt: skip
def test_h1_expectations(expect: str, status: int | None) -> None:
    verdict = verdict_of("POST / HTTP/1.1", "Host: localhost", f"Expect: {expect}", "Content-Length: 5")
    assert (verdict.error[0] if verdict.error else None) == status
    old = verdict_of("POST / HTTP/1.0", "Host: localhost", f"Expect: {expect}", "Content-Length: 0")
    assert old.error is None and len(old.requests) == 1
