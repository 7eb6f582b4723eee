"""Properties of the parser and the writer over generated input (h11's invariants, T21 and T22)."""

import string

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from http_core import LAST_CHUNK, Limits, Response, chunk, encode_head, encode_response
from tests.http_core.fuzz_parser import check, run
from tests.http_core.streams import each_byte, read

TOKEN = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=12)
VALUE = st.text([chr(code) for code in (9, *range(32, 127), *range(128, 256))], max_size=30).map(
    lambda text: text.strip(" \t")
)
CONTROL = {
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "expect",
    "date",
    "keep-alive",
    "upgrade",
}
FIELDS = st.lists(st.tuples(TOKEN.filter(lambda name: name.lower() not in CONTROL), VALUE), max_size=8)
PATH = st.text(string.ascii_letters + string.digits + "-_~!$&'()*+,;=:@/", max_size=20).map(
    lambda text: "/" + text
)
SOUP = st.lists(
    st.sampled_from(
        [b"GET ", b"POST ", b"/", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b"Host: h\r\n", b"Content-Length: 3\r\n",
         b"Transfer-Encoding: chunked\r\n", b"\r\n", b"\r", b"\n", b"abc", b"3\r\nabc\r\n", b"0\r\n\r\n", b":", b" ",
         b"\x00", b"\xff", b"A: b\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n"]
    ),
    max_size=30,
).map(b"".join)  # fmt: skip
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@given(
    data=st.binary(max_size=200) | SOUP, cuts=st.lists(st.integers(0, 400), max_size=5), ended=st.booleans()
)
def test_any_bytes_give_requests_or_one_error_however_they_arrive(
    data: bytes, cuts: list[int], ended: bool
) -> None:
    whole = read([data], ended=ended)
    assert read(each_byte(data), ended=ended) == whole
    places = sorted(cuts)
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    assert read(pieces, ended=ended) == whole


@given(method=TOKEN, path=PATH, fields=FIELDS, minor=st.sampled_from("01"), body=st.binary(max_size=50))
def test_a_written_request_is_read_back(
    method: str, path: str, fields: list[tuple[str, str]], minor: str, body: bytes
) -> None:
    if method == "CONNECT":
        method = "GET"
    head = f"{method} {path} HTTP/1.{minor}\r\nHost: h\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in fields)
    verdict = read([head.encode("latin-1") + b"\r\n" + body])
    assert verdict.error is None and verdict.bodies == [body]
    request = verdict.requests[0]
    assert request[0] == method and request[1].path == path  # type: ignore[attr-defined]
    assert list(request[3])[2:] == [(name.lower(), value) for name, value in fields]  # type: ignore[call-overload]


@given(pieces=st.lists(st.binary(min_size=1, max_size=40), max_size=8))
def test_written_chunks_are_read_back(pieces: list[bytes]) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    verdict = read([head + b"".join(map(chunk, pieces)) + LAST_CHUNK])
    assert verdict.bodies == [b"".join(pieces)] and verdict.state == "idle"


@given(
    status=st.integers(200, 599),
    fields=FIELDS,
    body=st.binary(max_size=50),
    head_only=st.booleans(),
    http10=st.booleans(),
    keep_alive=st.booleans(),
)
def test_a_written_response_is_read_back_by_another_library(
    status: int, fields: list[tuple[str, str]], body: bytes, head_only: bool, http10: bool, keep_alive: bool
) -> None:
    if status in (204, 304):
        body = b""
    wire = encode_response(
        Response(status, fields, body), head_only=head_only, http10=http10, keep_alive=keep_alive, date=DATE
    )
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="HEAD" if head_only else "GET", target="/", headers=[("Host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(wire)
    response = client.next_event()
    assert isinstance(response, h11.Response) and response.status_code == status
    read_back = [(name.decode(), value.decode("latin-1")) for name, value in response.headers]
    assert read_back[: len(fields)] == [(name.lower(), value) for name, value in fields]
    received = b""
    while isinstance(event := client.next_event(), h11.Data):
        received += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage) and received == (b"" if head_only else body)
    assert client.trailing_data[0] == b""


@given(pieces=st.lists(st.binary(min_size=1, max_size=40), max_size=8))
def test_a_written_stream_is_read_back_by_another_library(pieces: list[bytes]) -> None:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    client.send(h11.EndOfMessage())
    response = Response(200, stream=iter(pieces))
    client.receive_data(encode_head(response, http10=False, keep_alive=True, date=DATE))
    for piece in pieces:
        client.receive_data(chunk(piece))
    client.receive_data(LAST_CHUNK)
    assert isinstance(client.next_event(), h11.Response)
    received = b""
    while isinstance(event := client.next_event(), h11.Data):
        received += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage) and received == b"".join(pieces)


@given(data=SOUP, chance=st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_what_is_read_can_be_written_plainly_and_read_again(data: bytes, chance: object) -> None:
    check(data, chance)  # type: ignore[arg-type]


@given(small=st.integers(1, 60), data=SOUP)
def test_limits_decide_the_same_however_the_bytes_arrive(small: int, data: bytes) -> None:
    limits = Limits(small, small, small + 20, 2, 1, small, 2, small, 1, small, small)
    assert read(each_byte(data), limits=limits) == read([data], limits=limits)


def test_a_sample_of_the_long_fuzz_run() -> None:
    tally = run(3000, seed=20261122)
    assert sum(tally.values()) == 3000 and min(tally.values()) > 0


def check_that_accepted_requests_agree(data: bytes) -> None:
    """What this parser accepts, another one reads the same way."""
    verdict = read([data])
    server = h11.Connection(h11.SERVER)
    server.receive_data(data)
    for method, target, _, _, _, _, _, body in verdict.requests:
        request = server.next_event()
        assert isinstance(request, h11.Request)
        assert request.method.decode() == method
        assert request.target.decode().partition("?")[0].endswith(target.raw_path)  # type: ignore[attr-defined]
        received = b""
        while isinstance(event := server.next_event(), h11.Data):
            received += bytes(event.data)
        assert isinstance(event, h11.EndOfMessage) and received == body
        server.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
        server.send(h11.EndOfMessage())
        if server.our_state is not h11.DONE or server.their_state is not h11.DONE:
            break
        server.start_next_cycle()


@given(data=SOUP)
@settings(max_examples=300)
def test_accepted_requests_mean_the_same_to_another_library(data: bytes) -> None:
    if b"Expect" not in data:
        check_that_accepted_requests_agree(data)
