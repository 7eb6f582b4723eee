"""Streamed answers: framing, back-pressure, failures on the way, readers that leave."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.net.conftest import Live, Start
from tests.net.tiny_app import eventually


def test_h1_a_stream_is_chunked_and_the_connection_is_reused(live: Live) -> None:
    with live.wire() as wire:
        answer = wire.get("/short-stream")
        assert answer.headers["transfer-encoding"] == "chunked" and answer.body == b"one two"
        assert wire.get("/stream").body == b"".join(bytes([n]) * 32768 for n in range(40))
        assert wire.get("/echo").status == 200


def test_h1_a_stream_to_http_1_0_ends_with_the_connection(live: Live) -> None:
    with live.wire() as wire:
        wire.send(b"GET /short-stream HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        answer = wire.read()
        assert answer.body == b"one two" and answer.headers["connection"] == "close"


def test_a_reader_that_stops_stops_the_stream(live: Live) -> None:
    """Back-pressure: no more pieces are made than the socket and one buffer hold, and no thread waits."""
    live.application.pieces = lambda count, size: type(live.application).pieces(live.application, 4000, size)  # type: ignore[method-assign]
    with live.wire() as wire:
        wire.send(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        before = -1
        while live.application.pulled != before:
            before = live.application.pulled
            time.sleep(0.3)
        assert 3 < before < 1000
        wire.take(before * 32768)
        assert eventually(lambda: live.application.pulled > before)
    assert eventually(lambda: live.application.closed_streams == 1)


def test_a_stream_whose_reader_leaves_is_closed(live: Live) -> None:
    live.application.pieces = lambda count, size: type(live.application).pieces(live.application, 4000, size)  # type: ignore[method-assign]
    wire = live.wire()
    wire.send(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert eventually(lambda: live.application.pulled > 3)
    wire.reset()
    assert eventually(lambda: live.application.closed_streams == 1)
    assert eventually(lambda: not live.server.connections())


def test_a_stream_that_fails_at_once_is_a_500(live: Live, errors_wanted: None) -> None:
    with live.wire() as wire:
        assert wire.get("/dead-stream").status == 500 and wire.ended()


def test_a_stream_that_fails_on_the_way_is_visibly_cut(live: Live, errors_wanted: None) -> None:
    with live.wire() as wire:
        wire.send(b"GET /broken-stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire._read_head()[0] == 200
        assert not wire.rest().endswith(b"0\r\n\r\n")


def test_a_stream_without_a_thread_to_make_it_is_a_503(live: Live) -> None:
    live.application.pool_full = True
    with live.wire() as wire:
        assert wire.get("/stream").status == 503


def test_a_stream_goes_on_when_the_pool_has_room_again(live: Live) -> None:
    made = live.application.pieces

    def filling(count: int, size: int) -> Iterator[bytes]:
        for number, piece in enumerate(made(count, size)):
            live.application.pool_full = number == 2
            yield piece

    live.application.pieces = filling  # type: ignore[method-assign]
    with live.wire() as wire:
        wire.send(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: live.application.pool_full)
        time.sleep(0.1)
        live.application.pool_full = False
        assert len(wire.read().body) == 40 * 32768


def test_a_slow_reader_of_a_stream_is_dropped(start: Start) -> None:
    live = start(send_stall_s=0.3)
    live.application.pieces = lambda count, size: type(live.application).pieces(live.application, 4000, size)  # type: ignore[method-assign]
    with live.wire() as wire:
        wire.send(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: live.application.pulled > 3)
        assert eventually(lambda: not live.server.connections(), 2.0)
    assert eventually(lambda: live.application.closed_streams == 1)
