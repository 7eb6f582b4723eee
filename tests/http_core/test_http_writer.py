"""Writing responses: framing, connection, and that no byte can split a response (T9)."""

import pytest

from http_core import (
    LAST_CHUNK,
    EncodedResponse,
    Response,
    chunk,
    continue_100,
    encode_head,
    encode_response,
    encode_shared,
    stays_open,
)

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def encode(
    response: Response, *, head_only: bool = False, http10: bool = False, keep_alive: bool = True
) -> bytes:
    return encode_response(response, head_only=head_only, http10=http10, keep_alive=keep_alive, date=DATE)


def fields(wire: bytes) -> list[bytes]:
    return wire.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]


def test_a_response_with_a_body() -> None:
    assert encode(Response(200, [("Content-Type", "text/plain"), ("X", "é")], b"hi")) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: \xe9\r\n"
        b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nhi"
    )


def test_head_gets_the_same_fields_without_the_body() -> None:
    response = Response(200, [("A", "b")], b"hello")
    assert encode(response) == encode(response, head_only=True) + b"hello"


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(status: int) -> None:
    assert fields(encode(Response(status, [("ETag", '"a"')]))) == [b'ETag: "a"', b"Date: " + DATE.encode()]
    for response in (Response(status, body=b"x"), Response(status, stream=iter([b""]))):
        with pytest.raises(ValueError):
            encode_head(response, http10=False, keep_alive=True, date=DATE)


def test_an_empty_body_has_a_length() -> None:
    assert b"Content-Length: 0" in fields(encode(Response(404)))


@pytest.mark.parametrize(
    ("http10", "keep_alive", "close", "line"),
    [
        (False, True, False, None),
        (False, False, False, b"Connection: close"),
        (False, True, True, b"Connection: close"),
        (True, True, False, b"Connection: keep-alive"),
        (True, False, False, b"Connection: close"),
        (True, True, True, b"Connection: close"),
    ],
)
def test_connection(http10: bool, keep_alive: bool, close: bool, line: bytes | None) -> None:
    response = Response(200, close=close)
    wire = encode(response, http10=http10, keep_alive=keep_alive)
    assert wire.startswith(b"HTTP/1.1 200 OK\r\n")
    assert [found for found in fields(wire) if found.startswith(b"Connection")] == ([line] if line else [])
    assert stays_open(response, http10=http10, keep_alive=keep_alive) is (line != b"Connection: close")


def test_a_stream_is_chunked_to_1_1_and_ended_by_closing_to_1_0() -> None:
    response = Response(200, stream=iter([b"a"]))
    modern = fields(encode_head(response, http10=False, keep_alive=True, date=DATE))
    assert b"Transfer-Encoding: chunked" in modern and stays_open(response, http10=False, keep_alive=True)
    old = fields(encode_head(response, http10=True, keep_alive=True, date=DATE))
    assert old == [b"Date: " + DATE.encode(), b"Connection: close"]
    assert not stays_open(response, http10=True, keep_alive=True)
    with pytest.raises(ValueError):
        encode(response)
    with pytest.raises(ValueError):
        encode_head(Response(200, body=b"x", stream=iter([b"a"])), http10=False, keep_alive=True, date=DATE)


def test_chunks() -> None:
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert LAST_CHUNK == b"0\r\n\r\n"
    with pytest.raises(ValueError):
        chunk(b"")


def test_the_interim_response() -> None:
    assert continue_100() == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_one_encoding_for_many_readers() -> None:
    response = Response(200, [("A", "b")], b"hi")
    assert encode_shared(response, date=DATE) == EncodedResponse(200, encode(response))


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (200, b"200 OK"),
        (421, b"421 Misdirected Request"),
        (431, b"431 Request Header Fields Too Large"),
        (599, b"599 "),
    ],
)
def test_status_lines(status: int, line: bytes) -> None:
    assert encode(Response(status)).startswith(b"HTTP/1.1 " + line + b"\r\n")


@pytest.mark.parametrize("status", [-1, 0, 99, 100, 101, 199, 600, 2000])
def test_refused_statuses(status: int) -> None:
    with pytest.raises(ValueError):
        encode(Response(status))


@pytest.mark.parametrize("code", range(256))
@pytest.mark.parametrize("place", ["{}ab", "a{}b", "ab{}"])
def test_every_byte_in_every_position(code: int, place: str) -> None:
    text = place.format(chr(code))
    in_name = chr(code).isascii() and (chr(code).isalnum() or chr(code) in "!#$%&'*+-.^_`|~")
    in_value = code == 9 or 32 <= code <= 126 or code >= 128
    if chr(code) in " \t" and place != "a{}b":
        in_value = False
    for header, allowed in (((text, "v"), in_name), (("n", text), in_value)):
        around = [("first", "1"), header, ("last", "2")]
        if allowed:
            wire = encode(Response(200, around))
            assert len(fields(wire)) == 5 and f"{header[0]}: {header[1]}".encode("latin-1") in fields(wire)
        else:
            with pytest.raises(ValueError):
                encode(Response(200, around))


@pytest.mark.parametrize(
    "header", [("", "v"), ("a: b", "c"), ("a\nb", "c"), ("n", "a\nb"), ("n", "\u0100"), ("n\n", "v")]
)
def test_what_would_become_another_field(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError):
        encode(Response(200, [header]))


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "DATE", "Keep-Alive"])
def test_fields_of_the_writer(name: str) -> None:
    with pytest.raises(ValueError):
        encode(Response(200, [("A", "b"), (name, "1")]))


@pytest.mark.parametrize("date", ["", "a\r\nb: c", "\n"])
def test_a_date_cannot_split_either(date: str) -> None:
    with pytest.raises(ValueError):
        encode_head(Response(200), http10=False, keep_alive=True, date=date)
