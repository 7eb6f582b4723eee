"""Request lines and header lines: grammar byte by byte, versions, limits at their edges."""

import dataclasses
import string

import pytest

from http_core import Headers, Limits, ParsingError, Request, RequestParser
from http_core.head import check_field_line, read_request_line
from tests.http_core.streams import Verdict, each_byte, read

TOKEN_BYTES = set((string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode())
VALUE_BYTES = {9} | set(range(0x20, 0x7F)) | set(range(0x80, 0x100))
HOST = b"Host: h\r\n"


def verdict_of(head: bytes, limits: Limits | None = None) -> Verdict:
    """The verdict on a head, the same whole and byte by byte."""
    whole = read([head], limits=limits)
    assert read(each_byte(head), limits=limits) == whole
    return whole


def status_of(head: bytes, limits: Limits | None = None) -> int:
    """200 for a request that was read, 0 for one that is incomplete, else the status of the error."""
    verdict = verdict_of(head, limits)
    if verdict.error:
        return verdict.error[0]
    return 200 if verdict.requests else 0


@pytest.mark.parametrize(
    ("version", "status"),
    [
        (b"HTTP/1.1", 200),
        (b"HTTP/1.0", 200),
        (b"HTTP/1.2", 200),
        (b"HTTP/1.9", 200),
        (b"HTTP/2", 505),
        (b"HTTP/2.0", 505),
        (b"HTTP/3.0", 505),
        (b"HTTP/0.9", 505),
        (b"HTTP/9.9", 505),
        (b"HTTP/1", 400),
        (b"HTTP/1.", 400),
        (b"HTTP/.1", 400),
        (b"HTTP/1.10", 400),
        (b"HTTP/01.1", 400),
        (b"HTTP/10.1", 400),
        (b"http/1.1", 400),
        (b"HTTPS/1.1", 400),
        (b"HTTP/ 1.1", 400),
        (b"HTTP/1.1 ", 400),
        (b"HTTP/1.\xb2", 400),
        (b"", 400),
    ],
)
def test_versions(version: bytes, status: int) -> None:
    assert status_of(b"GET / " + version + b"\r\n" + HOST + b"\r\n") == status


def test_an_http2_preface_is_a_version_not_spoken_here() -> None:
    assert status_of(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505


@pytest.mark.parametrize("value", range(256))
def test_every_byte_in_a_method(value: int) -> None:
    expected = 200 if value in TOKEN_BYTES else 400
    assert status_of(b"A%cB / HTTP/1.1\r\n" % value + HOST + b"\r\n") == expected


@pytest.mark.parametrize("value", range(256))
def test_every_byte_in_a_field_name(value: int) -> None:
    # A colon ends the name, so the same line is then another field.
    expected = 200 if value in TOKEN_BYTES | {ord(":")} else 400
    assert status_of(b"GET / HTTP/1.1\r\n" + HOST + b"A%cB: v\r\n\r\n" % value) == expected


@pytest.mark.parametrize("value", range(256))
def test_every_byte_in_a_field_value(value: int) -> None:
    expected = 200 if value in VALUE_BYTES else 400
    assert status_of(b"GET / HTTP/1.1\r\n" + HOST + b"A: b%cc\r\n\r\n" % value) == expected


@pytest.mark.parametrize("value", range(256))
def test_every_byte_in_a_target(value: int) -> None:
    allowed = set((string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/?").encode())
    expected = 200 if value in allowed else 400
    assert status_of(b"GET /a%cb HTTP/1.1\r\n" % value + HOST + b"\r\n") == expected


@pytest.mark.parametrize(
    "line",
    [
        b" GET / HTTP/1.1",
        b"GET  / HTTP/1.1",
        b"GET /  HTTP/1.1",
        b"GET\t/ HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET HTTP/1.1",
        b"GET /",
        b"GET",
        b"/ HTTP/1.1",
    ],
)
def test_request_lines_have_exactly_two_spaces(line: bytes) -> None:
    assert status_of(line + b"\r\n" + HOST + b"\r\n") == 400


@pytest.mark.parametrize(
    "lines",
    [
        b" A: folded first\r\nHost: h\r\n",
        b"Host: h\r\nA: b\r\n folded\r\n",
        b"Host: h\r\nA: b\r\n\tfolded\r\n",
        b"Host: h\r\nA : b\r\n",
        b"Host: h\r\nA\r\n",
        b"Host: h\r\n: b\r\n",
        b"Host: h\nA: b\r\n",
        b"Host: h\r\nA: b\n",
        b"Host: h\rA: b\r\n",
        b"Host: h\r\n\r",
        b"Host: h\r\n\n",
    ],
)
def test_broken_field_lines(lines: bytes) -> None:
    assert status_of(b"GET / HTTP/1.1\r\n" + lines + b"\r\n") == 400


def test_a_bad_line_is_refused_as_soon_as_it_is_complete() -> None:
    assert read([b"GET /\r\n"]).error is not None
    assert read([b"GET / HTTP/1.1\r\nA b\r\n"]).error is not None
    assert read([b"GET / HTTP/1.1\n"]).error is not None
    assert read([b"GET / HTTP/1.1\r\nA b\r"]).state == "waiting"


def test_the_first_bad_line_decides() -> None:
    head = b"GET /%zz HTTP/1.1\r\nA b\r\n\r\n"
    assert read([head]).error == read([b"GET /%zz HTTP/1.1\r\n"]).error
    assert read([b"GET / HTTP/2.0\r\nA b\r\n\r\n"]).error == read([b"GET / HTTP/2.0\r\n"]).error


@pytest.mark.parametrize(("count", "status"), [(0, 200), (1, 200), (3, 200), (4, 200), (5, 400), (50, 400)])
def test_empty_lines_before_a_request(count: int, status: int) -> None:
    assert status_of(b"\r\n" * count + b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") == status


def test_empty_lines_are_counted_anew_for_every_request() -> None:
    request = b"\r\n" * 4 + b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    assert len(read([request * 3]).requests) == 3
    assert len(read(each_byte(request * 3)).requests) == 3


def test_empty_lines_leave_the_parser_idle() -> None:
    assert read([b"\r\n\r\n"]).state == "idle"
    assert read([b"\r\n\r\n"], ended=True).truncated is False


def request_line(size: int) -> bytes:
    """A request line of so many bytes with its CRLF."""
    return b"GET /" + b"a" * (size - len(b"GET / HTTP/1.1\r\n")) + b" HTTP/1.1\r\n"


def field_line(size: int) -> bytes:
    """A field line of so many bytes with its CRLF."""
    return b"A:" + b"b" * (size - 4) + b"\r\n"


@pytest.mark.parametrize(("size", "status"), [(8191, 200), (8192, 200), (8193, 414), (20000, 414)])
def test_limit_of_the_request_line(size: int, status: int) -> None:
    assert status_of(request_line(size) + HOST + b"\r\n") == status


def test_a_request_line_without_end_is_refused_at_its_limit() -> None:
    assert status_of(request_line(9000)[:8191]) == 0
    assert status_of(request_line(9000)[:8192]) == 414


@pytest.mark.parametrize(("size", "status"), [(8191, 200), (8192, 200), (8193, 431), (20000, 431)])
def test_limit_of_a_field_line(size: int, status: int) -> None:
    assert status_of(b"GET / HTTP/1.1\r\n" + HOST + field_line(size) + b"\r\n") == status


def test_a_field_line_without_end_is_refused_at_its_limit() -> None:
    head = b"GET / HTTP/1.1\r\n" + field_line(9000)
    assert status_of(head[: 16 + 8191]) == 0
    assert status_of(head[: 16 + 8192]) == 431


@pytest.mark.parametrize(("size", "status"), [(32767, 200), (32768, 200), (32769, 431)])
def test_limit_of_the_head(size: int, status: int) -> None:
    head = b"GET / HTTP/1.1\r\n" + HOST + field_line(8000) * 4
    head += field_line(size - len(head) - 2) + b"\r\n"
    assert len(head) == size
    assert status_of(head) == status
    assert status_of(b"\r\n" + head) == status, "empty lines before it are not part of the head"


@pytest.mark.parametrize(("count", "status"), [(99, 200), (100, 200), (101, 431), (500, 431)])
def test_limit_of_the_number_of_fields(count: int, status: int) -> None:
    assert status_of(b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * (count - 1) + b"\r\n") == status


@pytest.mark.parametrize("small", ["max_request_line_bytes", "max_field_line_bytes", "max_head_bytes"])
def test_limits_can_be_smaller(small: str) -> None:
    limits = dataclasses.replace(Limits(), **{small: 40})
    head = request_line(60) if small == "max_request_line_bytes" else b"GET / HTTP/1.1\r\n" + field_line(60)
    head += HOST + b"\r\n"
    assert status_of(head, limits) == (414 if small == "max_request_line_bytes" else 431)
    assert status_of(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", limits) == 200


def test_long_heads_are_read_like_short_ones() -> None:
    head = b"GET /a?b HTTP/1.1\r\n" + HOST + field_line(5000) * 3 + b"C:  d \t\r\n\r\n"
    request = verdict_of(head).requests[0]
    assert request[3][0] == ("host", "h") and request[3][-1] == ("c", "d")


def test_a_request_tells_its_parts() -> None:
    parser = RequestParser(Limits())
    parser.receive(b"GET /a%20b?c HTTP/1.0\r\nCookie: secret=1\r\n\r\n")
    event = parser.next_event()
    assert isinstance(event, tuple)
    request = event.request
    assert (request.path, request.query, request.http10, request.host) == ("/a b", "c", True, "")
    assert "secret" not in repr(request) + repr(request.headers)
    made = Request("GET", request.target)
    assert made.headers == Headers() and not made.http10 and made.keep_alive and made.body == b""


def test_single_lines_can_be_checked_alone() -> None:
    assert read_request_line("GET / HTTP/1.1\r\n").minor == 1
    check_field_line("A: b\r\n")
    with pytest.raises(ParsingError):
        check_field_line("A: b")
