"""Bodies of a length and chunked bodies: grammar, limits at their edges, any cut."""

import dataclasses

import pytest

from http_core import Limits
from tests.http_core.streams import Verdict, each_byte, read

CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n"


def verdict_of(data: bytes, limits: Limits | None = None) -> Verdict:
    """The verdict on a stream, the same whole and byte by byte."""
    whole = read([data], limits=limits)
    assert read(each_byte(data), limits=limits) == whole
    return whole


def chunked(body: bytes, limits: Limits | None = None) -> bytes | int | None:
    """The decoded body with the next request read as itself, the status of an error, or None."""
    verdict = verdict_of(CHUNKED + body + NEXT, limits)
    if verdict.error:
        assert verdict.requests == []
        return verdict.error[0]
    if not verdict.requests:
        return None
    assert verdict.requests[1:] == read([NEXT]).requests
    return verdict.bodies[0]


@pytest.mark.parametrize("size", [0, 1, 2, 1000, 65536])
def test_body_of_a_length(size: int) -> None:
    body = bytes(range(256)) * 256
    verdict = verdict_of(LENGTH % size + body[:size] + NEXT)
    assert verdict.bodies == [body[:size], b""]


def test_an_incomplete_body_is_never_delivered() -> None:
    for data in (LENGTH % 5 + b"hell", CHUNKED + b"5\r\nhello\r\n0\r\n", CHUNKED + b"5\r\nhel"):
        waiting = read([data])
        assert waiting.requests == [] and waiting.state == "waiting"
        ended = read([data], ended=True)
        assert ended.requests == [] and ended.error is None
        assert ended.state == "closed" and ended.truncated


@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        (b"0\r\n\r\n", b""),
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b"hello"),
        (b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"A\r\n0123456789\r\n00\r\n\r\n", b"0123456789"),
        (b"0000000000000001\r\nx\r\n0\r\n\r\n", b"x"),
        (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
        (b"1;a\r\nx\r\n0\r\n\r\n", b"x"),
        (b"1;a=b;c\r\nx\r\n0;d=e\r\n\r\n", b"x"),
        (b'1;a="b \\" ;\\\\c"\r\nx\r\n0\r\n\r\n', b"x"),
        (b"1; a = b ;\tc\r\nx\r\n0\r\n\r\n", b"x"),
        (b"1\r\nx\r\n0\r\nA: b\r\nContent-Length: 9\r\nHost: evil\r\n\r\n", b"x"),
    ],
)
def test_chunks(body: bytes, decoded: bytes) -> None:
    assert chunked(body) == decoded


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n",
        b";a\r\nx\r\n",
        b"g\r\n",
        b"-1\r\nx\r\n",
        b"+1\r\nx\r\n",
        b"0x1\r\nx\r\n",
        b" 1\r\nx\r\n",
        b"1 \r\nx\r\n",
        b"1\t;a\r\nx\r\n",
        b"1 ;a\r\nx\r\n",
        b"1;\r\nx\r\n",
        b"1;;a\r\nx\r\n",
        b"1;=b\r\nx\r\n",
        b"1;a=\r\nx\r\n",
        b"1;a=b c\r\nx\r\n",
        b'1;a="b\r\nx\r\n',
        b'1;a="b"c\r\nx\r\n',
        b'1;a="\\"\r\nx\r\n',
        b"1;[\r\nx\r\n",
        b"1,1\r\nx\r\n",
        b"1_0\r\nx\r\n",
        b"\xb2\r\nxx\r\n",
        b"1\n",
        b"1\rx\r\n",
        b"1;a\n",
        b"1\r\nxx",
        b"1\r\nx\n",
        b"1\r\nx\rx",
        b"1\r\n\r\n",
        b"0\r\n\n",
        b"0\n",
        b"0\r\nA\r\n",
        b"0\r\nA : b\r\n",
        b"0\r\n: b\r\n",
        b"0\r\nA: b\n",
        b"0\r\nA: b\rc\r\n",
        b"0\r\nA: b\r\n c\r\n",
        b"0\r\nA: \x00\r\n",
        b"00000000000000001\r\nx\r\n",
    ],
)
def test_malformed_chunks(body: bytes) -> None:
    assert read([CHUNKED + body]).error is not None, "refused as soon as the bad line is complete"
    assert chunked(body) == 400


LIMIT = Limits().max_body_bytes


@pytest.mark.parametrize(("size", "status"), [(LIMIT - 1, None), (LIMIT, None), (LIMIT + 1, 413)])
def test_limit_of_an_announced_body(size: int, status: int | None) -> None:
    error = read([LENGTH % size]).error
    assert (error[0] if error else None) == status
    error = read([CHUNKED + b"%x\r\n" % size]).error
    assert (error[0] if error else None) == status


@pytest.mark.parametrize(("last", "status"), [(9, None), (10, None), (11, 413)])
def test_limit_of_the_sum_of_chunks(last: int, status: int | None) -> None:
    limits = dataclasses.replace(Limits(), max_body_bytes=100)
    verdict = verdict_of(
        CHUNKED + b"1e\r\n" + b"x" * 30 + b"\r\n" * 1 + b"3C\r\n" + b"y" * 60 + b"\r\n" + b"%x\r\n" % last,
        limits,
    )
    assert (verdict.error[0] if verdict.error else None) == status


@pytest.mark.parametrize(("size", "status"), [(255, None), (256, None), (257, 400)])
def test_limit_of_a_chunk_line(size: int, status: int | None) -> None:
    line = b"1;" + b"a" * (size - 4) + b"\r\n"
    assert len(line) == size
    assert chunked(line + b"x\r\n0\r\n\r\n") == (status or b"x")


def test_a_chunk_line_without_end_is_refused_at_its_limit() -> None:
    assert read([CHUNKED + b"1;" + b"a" * 253]).error is None
    assert read([CHUNKED + b"1;" + b"a" * 254]).error is not None


@pytest.mark.parametrize(("count", "status"), [(15, b"x"), (16, b"x"), (17, 431), (5000, 431)])
def test_limit_of_the_number_of_trailers(count: int, status: bytes | int) -> None:
    assert chunked(b"1\r\nx\r\n0\r\n" + b"A: b\r\n" * count + b"\r\n") == status


@pytest.mark.parametrize(("size", "status"), [(4095, b"x"), (4096, b"x"), (4097, 431)])
def test_limit_of_the_trailers(size: int, status: bytes | int) -> None:
    trailers = b"A: b\r\n" * 3
    trailers += b"A:" + b"b" * (size - len(trailers) - 6) + b"\r\n\r\n"
    assert len(trailers) == size
    assert chunked(b"1\r\nx\r\n0\r\n" + trailers) == status


def test_trailers_without_end_are_refused_at_their_limit() -> None:
    assert read([CHUNKED + b"0\r\nA:" + b"b" * 4093]).error is None
    assert read([CHUNKED + b"0\r\nA:" + b"b" * 4094]).error is not None


def test_many_small_chunks_are_fine_and_linear() -> None:
    assert chunked(b"1\r\nx\r\n" * 20000 + b"0\r\n\r\n") == b"x" * 20000


def test_chunks_that_are_mostly_extension_are_refused() -> None:
    heavy = b"1;" + b"a" * 200 + b"\r\nx\r\n"
    few = Limits().max_chunk_overhead_bytes // len(heavy)
    assert chunked(heavy * few + b"0\r\n\r\n") == b"x" * few
    assert chunked(heavy * (few + 20) + b"0\r\n\r\n") == 400


@pytest.mark.parametrize(("spare", "status"), [(1, b"x"), (0, b"x"), (-1, 400)])
def test_limit_of_the_chunk_overhead(spare: int, status: bytes | int) -> None:
    # This line has 50 bytes; 16 are free and one byte of data pays for two more.
    limits = dataclasses.replace(Limits(), max_chunk_overhead_bytes=50 - 18 + spare)
    assert chunked(b"1;" + b"a" * 46 + b"\r\nx\r\n0\r\n\r\n", limits) == status
