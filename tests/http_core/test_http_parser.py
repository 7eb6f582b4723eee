"""The parser as its caller sees it: events, pausing, limits per route, the end of the stream, misuse."""

import contextlib

import pytest

from http_core import (
    CLOSED,
    NEED_DATA,
    PAUSED,
    Complete,
    Head,
    Limits,
    ParsingError,
    Phase,
    RequestParser,
)
from http_core.errors import REASONS
from http_core.phases import CHUNK_PHASES, PHASES, ChunkPhase
from tests.http_core.streams import read

GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def parser_with(data: bytes, limits: Limits | None = None) -> RequestParser:
    parser = RequestParser(limits or Limits())
    parser.receive(data)
    return parser


def path_of(event: object) -> str:
    assert isinstance(event, Head | Complete)
    return event.request.path


def test_a_request_without_body_is_complete_with_its_head() -> None:
    parser = parser_with(GET)
    assert isinstance(parser.next_event(), Complete)
    assert parser.next_event() is PAUSED
    parser.start_next()
    assert parser.next_event() is NEED_DATA


def test_a_body_is_announced_and_then_delivered_with_the_same_request() -> None:
    parser = parser_with(POST + b"hel")
    head = parser.next_event()
    assert isinstance(head, Head) and head.request.body == b""
    assert parser.phase is Phase.BODY and parser.buffered == 3
    assert parser.next_event() is NEED_DATA
    parser.receive(b"lo")
    event = parser.next_event()
    assert isinstance(event, Complete) and event.request is head.request
    assert event.request.body == b"hello" and parser.buffered == 0


def test_nothing_of_the_next_request_is_looked_at_before_start_next() -> None:
    parser = parser_with(GET + b"BROKEN\r\n\r\n")
    assert path_of(parser.next_event()) == "/a"
    parser.receive(b"more")
    assert parser.next_event() is PAUSED and parser.phase is Phase.DELIVERED
    assert parser.buffered == len(b"BROKEN\r\n\r\nmore")
    parser.start_next()
    with pytest.raises(ParsingError):
        parser.next_event()


def test_pipelined_requests_come_one_at_a_time() -> None:
    parser = parser_with(GET + POST + b"hello" + GET)
    paths = []
    while (event := parser.next_event()) is not NEED_DATA:
        if isinstance(event, Complete):
            paths.append(event.request.path)
            parser.start_next()
    assert paths == ["/a", "/b", "/a"]


def test_idle_until_the_first_byte() -> None:
    parser = parser_with(b"G")
    assert not parser.idle
    parser.receive(GET[1:])
    parser.next_event()
    assert not parser.idle
    parser.start_next()
    assert parser.idle and parser.buffered == 0


def test_an_error_is_raised_once_and_closes() -> None:
    parser = parser_with(b"BROKEN\r\n" + GET)
    with pytest.raises(ParsingError) as caught:
        parser.next_event()
    assert caught.value.status == 400 and caught.value.reason in REASONS
    assert str(caught.value).startswith("400 bad_request: ") and "BROKEN" not in str(caught.value)
    parser.receive(GET)
    assert parser.next_event() is CLOSED and parser.buffered == 0 and not parser.idle
    assert not parser.truncated
    parser.start_next()
    assert parser.next_event() is CLOSED


def test_nothing_is_read_behind_a_request_that_closes() -> None:
    parser = parser_with(GET.replace(b"Host", b"Connection: close\r\nHost") + GET)
    event = parser.next_event()
    assert isinstance(event, Complete) and not event.request.keep_alive
    parser.start_next()
    assert parser.next_event() is CLOSED and parser.phase is Phase.CLOSED
    parser.receive(GET)
    assert parser.next_event() is CLOSED


@pytest.mark.parametrize(
    ("data", "truncated"),
    [
        (b"", False),
        (b"\r\n", False),
        (GET, False),
        (b"G", True),
        (GET[:-1], True),
        (POST, True),
        (CHUNKED, True),
    ],
)
def test_the_end_of_the_stream(data: bytes, truncated: bool) -> None:
    verdict = read([data], ended=True)
    assert verdict.state == "closed" and verdict.truncated is truncated and verdict.error is None


def test_what_came_before_the_end_is_still_answered() -> None:
    parser = parser_with(GET + GET)
    parser.receive(b"")
    assert isinstance(parser.next_event(), Complete)
    parser.start_next()
    assert isinstance(parser.next_event(), Complete)
    assert parser.next_event() is PAUSED
    parser.start_next()
    assert parser.next_event() is CLOSED and not parser.truncated


@pytest.mark.parametrize(("limit", "refused"), [(4, True), (5, False), (6, False)])
def test_a_route_can_allow_less(limit: int, refused: bool) -> None:
    parser = parser_with(POST)
    parser.next_event()
    if refused:
        with pytest.raises(ParsingError) as caught:
            parser.limit_body(limit)
        assert caught.value.status == 413
        assert parser.next_event() is CLOSED
    else:
        parser.limit_body(limit)
        parser.receive(b"hello")
        assert isinstance(parser.next_event(), Complete)


@pytest.mark.parametrize(("limit", "refused"), [(4, True), (5, False), (6, False)])
def test_a_route_can_allow_less_in_chunks(limit: int, refused: bool) -> None:
    parser = parser_with(CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")
    assert isinstance(parser.next_event(), Head)
    parser.limit_body(limit)
    if refused:
        with pytest.raises(ParsingError) as caught:
            parser.next_event()
        assert caught.value.status == 413
    else:
        assert isinstance(parser.next_event(), Complete)


def test_a_route_cannot_allow_more_than_the_limits() -> None:
    parser = parser_with(CHUNKED + b"6\r\nhello!", Limits(max_body_bytes=5))
    parser.next_event()
    parser.limit_body(100)
    with pytest.raises(ParsingError):
        parser.next_event()


def test_misuse_is_refused() -> None:
    parser = parser_with(POST)
    for misuse in (parser.start_next, lambda: parser.limit_body(1)):
        with pytest.raises(RuntimeError):
            misuse()
    parser.next_event()
    with pytest.raises(RuntimeError):
        parser.start_next()


def test_the_body_limit_of_one_request_does_not_outlive_it() -> None:
    parser = parser_with(POST + b"hello" + POST)
    parser.next_event()
    parser.limit_body(5)
    parser.next_event()
    with pytest.raises(RuntimeError):
        parser.limit_body(5)
    parser.start_next()
    assert isinstance(parser.next_event(), Head)


def test_every_phase_has_a_row_and_only_the_last_is_final() -> None:
    assert set(PHASES) == set(Phase) and set(CHUNK_PHASES) == set(ChunkPhase)
    assert [phase for phase in Phase if not PHASES[phase]] == [Phase.CLOSED]
    assert [phase for phase in ChunkPhase if not CHUNK_PHASES[phase]] == [ChunkPhase.DONE]


def test_the_method_is_known_even_of_a_request_that_is_refused() -> None:
    """HEAD has no content, whatever else is wrong with it; a line that has not come names no method."""
    for line, known in (
        ("HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HEAD"),
        ("HEAD /%zz HTTP/1.1\r\n", "HEAD"),
        ("HEAD / HTTP/1.1\r\nHost: a\r\nX", "HEAD"),
        ("HEAD /", ""),
        (" HEAD / HTTP/1.1\r\n", ""),
    ):
        parser = RequestParser(Limits())
        parser.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        parser.next_event()
        parser.start_next()
        assert parser.method == "GET"
        parser.receive(line.encode())
        with contextlib.suppress(ParsingError):
            parser.next_event()
        assert parser.method == known
