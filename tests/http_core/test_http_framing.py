"""Length, transfer coding, host, persistence and expectation: what the control fields decide."""

import pytest

from http_core import Headers, ParsingError
from http_core.framing import CHUNKED, Framing, read_framing
from http_core.target import parse_target

ORIGIN = parse_target("GET", "/")
LIMIT = 1000


def framing(*lines: str, http10: bool = False, host: bool = True) -> Framing:
    pairs = [("Host", "h")] if host else []
    for line in lines:
        name, _, value = line.partition(":")
        pairs.append((name, value))
    return read_framing(Headers(pairs), ORIGIN, http10=http10, max_body_bytes=LIMIT)


def refusal(*lines: str, http10: bool = False, host: bool = True) -> int:
    with pytest.raises(ParsingError) as caught:
        framing(*lines, http10=http10, host=host)
    return caught.value.status


@pytest.mark.parametrize(
    ("value", "length"),
    [("0", 0), ("5", 5), (" \t5 \t", 5), ("005", 5), ("010", 10), ("999", 999), ("1000", 1000)],
)
def test_content_length(value: str, length: int) -> None:
    assert framing(f"Content-Length:{value}").length == length


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("1001", 413),
        ("99999999999999999999", 413),
        ("9" * 5000, 413),
        ("0" * 21, 400),
        ("", 400),
        (" ", 400),
        ("+5", 400),
        ("-5", 400),
        ("0x5", 400),
        ("5,5", 400),
        ("5, 5", 400),
        ("5 5", 400),
        ("5.0", 400),
        ("1_0", 400),
        ("5;", 400),
        ("²", 400),
        ("5\xa0", 400),
        ("\x855", 400),
    ],
)
def test_refused_content_lengths(value: str, status: int) -> None:
    assert refusal(f"Content-Length:{value}") == status


def test_content_length_once_and_alone() -> None:
    assert refusal("Content-Length: 5", "content-length: 5") == 400
    assert refusal("Content-Length: 5", "CONTENT-LENGTH: 6") == 400
    assert refusal("Content-Length: 5", "Transfer-Encoding: chunked") == 400
    assert refusal("Transfer-Encoding: chunked", "Content-Length: 5") == 400


@pytest.mark.parametrize("value", ["chunked", " Chunked\t", "CHUNKED"])
def test_chunked(value: str) -> None:
    assert framing(f"Transfer-Encoding:{value}").length == CHUNKED


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("", 400),
        (",", 400),
        (",chunked", 400),
        ("chunked,", 400),
        ("chunked, chunked", 400),
        ("chunked, gzip", 400),
        ("identity", 501),
        ("gzip, chunked", 501),
        ("chunked;q=1", 501),
        ("xchunked", 501),
        ('"chunked"', 501),
        ("\xa0chunked", 501),
        ("\x85chunked", 501),
    ],
)
def test_refused_transfer_codings(value: str, status: int) -> None:
    assert refusal(f"Transfer-Encoding:{value}") == status


def test_transfer_coding_once_and_only_in_1_1() -> None:
    assert refusal("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") == 400
    assert refusal("Transfer-Encoding: chunked", http10=True) == 400


def test_names_that_only_resemble_control_fields() -> None:
    lines = ("Content_Length: 5", "X-Content-Length: 6", "Content-Length-X: 7", "A: Content-Length: 8")
    assert framing(*lines).length == 0


def test_host_exactly_once() -> None:
    assert framing().host == "h"
    assert refusal(host=False) == 400
    assert refusal("Host: h") == 400
    assert refusal("HOST: other") == 400
    assert refusal("Host: h", http10=True) == 400


def test_host_may_be_absent_in_1_0() -> None:
    assert framing(http10=True, host=False).host == ""


def test_the_target_overrides_a_valid_host() -> None:
    absolute = parse_target("GET", "http://t/")
    headers = Headers([("Host", "h:1")])
    assert read_framing(headers, absolute, http10=False, max_body_bytes=0).host == "t"
    assert read_framing(Headers(), absolute, http10=True, max_body_bytes=0).host == "t"
    with pytest.raises(ParsingError):
        read_framing(Headers(), absolute, http10=False, max_body_bytes=0)
    with pytest.raises(ParsingError):
        read_framing(Headers([("Host", "h h")]), absolute, http10=False, max_body_bytes=0)


@pytest.mark.parametrize(
    ("lines", "http10", "open_after"),
    [
        ((), False, True),
        (("Connection: close",), False, False),
        (("Connection: CLOSE",), False, False),
        (("Connection: a, close , b",), False, False),
        (("Connection: a", "Connection: close"), False, False),
        (("Connection: keep-alive, close",), False, False),
        (("Connection: closed",), False, True),
        (("Connection:",), False, True),
        (("Connection: upgrade",), False, True),
        ((), True, False),
        (("Connection: keep-alive",), True, True),
        (("Connection: Keep-Alive",), True, True),
        (("Connection: keep-alive, close",), True, False),
        (("Connection: upgrade",), True, False),
    ],
)
def test_persistence(lines: tuple[str, ...], http10: bool, open_after: bool) -> None:
    assert framing(*lines, http10=http10).keep_alive is open_after


@pytest.mark.parametrize(
    ("lines", "http10", "expected"),
    [
        ((), False, False),
        (("Expect: 100-continue",), False, True),
        (("Expect: 100-Continue",), False, True),
        (("Expect: 100-continue", "Expect: 100-continue"), False, True),
        (("Expect:",), False, False),
        (("Expect: 100-continue",), True, False),
        (("Expect: x",), True, False),
    ],
)
def test_expectations(lines: tuple[str, ...], http10: bool, expected: bool) -> None:
    assert framing(*lines, http10=http10).expects_continue is expected


@pytest.mark.parametrize("value", ["x", "100-continue, x", "100-continue;a", "200-ok"])
def test_unknown_expectations(value: str) -> None:
    assert refusal(f"Expect: {value}") == 417
