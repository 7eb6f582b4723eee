"""Requests and answers on a live connection: order, threads, parking, HEAD, HTTP/1.0, early refusals, half close."""

from __future__ import annotations

import threading
import time

import pytest

from http_core.packet import Response
from server.net import answer_many
from tests.net.conftest import Live, Start
from tests.net.tiny_app import TEXT, eventually, shared

POST = "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n"


@pytest.mark.parametrize("path", ["/echo", "/thread", "/slow", "/timer", "/shared", "/twice"])
def test_h1_answer_then_connection_is_reused(live: Live, path: str) -> None:
    with live.wire() as wire:
        for number in range(3):
            assert wire.get(f"{path}?{number}").status == 200
        assert len(live.server.connections()) == 1


def test_first_answer_wins(live: Live) -> None:
    with live.wire() as wire:
        assert wire.get("/twice").body == b"first"


def test_h1_pipelined_requests_are_answered_in_order(live: Live) -> None:
    paths = ["/slow?0", "/echo?1", "/thread?2", "/timer?3", "/big?4", "/echo?5"]
    with live.wire() as wire:
        wire.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path in paths))
        bodies = [wire.read().body for _ in paths]
    assert bodies[0] == b"slow" and bodies[1] == b"GET 1" and bodies[2] == b"from a thread"
    assert bodies[3] == b"later" and len(bodies[4]) == 5 << 20 and bodies[5] == b"GET 5"


def test_h1_a_thousand_pipelined_requests(live: Live) -> None:
    with live.wire() as wire:
        wire.send(b"".join(b"GET /echo?%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % n for n in range(1000)))
        assert [wire.read().body for _ in range(1000)] == [b"GET %d" % n for n in range(1000)]


def test_h2_head_has_no_body_and_the_same_fields(live: Live) -> None:
    with live.wire() as wire:
        for path in ("/echo", "/shared", "/big", "/stream"):
            wire.send(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = wire.read(head_only=True)
            assert answer.status == 200
            assert ("content-length" in answer.headers) != (path == "/stream")
        assert wire.get("/echo").body == b"GET "
    assert live.application.pulled == 0


def test_h1_http_1_0_is_closed_unless_it_asks_otherwise(live: Live) -> None:
    for path in ("/echo", "/shared"):
        with live.wire() as wire:
            wire.send(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            assert wire.read().headers["connection"] == "close" and wire.ended()
        with live.wire() as wire:
            wire.send(f"GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n".encode())
            assert wire.read().headers["connection"] == "keep-alive"
            assert wire.get("/echo").status == 200


def test_h1_connection_close_is_honoured(live: Live) -> None:
    with live.wire() as wire:
        assert wire.get("/echo", "Connection: close").headers["connection"] == "close" and wire.ended()
    with live.wire() as wire:
        assert wire.get("/close").headers["connection"] == "close" and wire.ended()


def test_h1_100_continue_is_sent_before_the_body_and_only_then(live: Live) -> None:
    with live.wire() as wire:
        wire.send(POST.format("/echo", 5, "Expect: 100-continue\r\n").encode())
        time.sleep(0.1)
        wire.send(b"hello")
        answer = wire.read()
        assert answer.interim == [100] and answer.body == b"POST hello"
        wire.send(POST.format("/echo", 5, "Expect: 100-continue\r\n").encode() + b"hello")
        assert wire.read().interim == []


def test_h3_a_refusal_comes_before_the_body_is_read(live: Live) -> None:
    live.application.limit = 100
    with live.wire() as wire:
        wire.send(POST.format("/echo", 101, "").encode())
        assert wire.read().status == 413 and wire.ended()
    with live.wire() as wire:
        wire.send(POST.format("/forbidden", 50, "").encode())
        assert wire.read().status == 403 and wire.ended()
    assert live.application.handled == []


def test_h3_an_early_answer_is_not_lost_to_a_reset(live: Live) -> None:
    """The client sends a megabyte that nobody wants, and reads afterwards."""
    live.application.limit = 10
    with live.wire() as wire:
        wire.send(POST.format("/echo", 1 << 20, "").encode())
        wire.send_all([bytes(1 << 16)] * 16)
        assert wire.read().status == 413


def test_p4_parked_polls_are_answered_from_another_thread(live: Live) -> None:
    with live.wire() as wire:
        wire.send(b"GET /park HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: live.application.parked)
        assert live.server.counters()["parked"] == 1
        threading.Thread(
            target=lambda: live.application.parked[0].answer(Response(200, TEXT, b"news"))
        ).start()
        assert wire.read().body == b"news"
        assert eventually(lambda: live.application.records)
        assert live.application.records[0].parked


def test_p4_answer_many_reaches_all_that_wait(start: Start) -> None:
    live = start(io_threads=2)
    wires = [live.wire() for _ in range(30)]
    for wire in wires:
        wire.send(b"GET /park HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert eventually(lambda: len(live.application.parked) == 30)
    live.application.parked[7].answer(Response(200, TEXT, b"before"))
    answer_many(live.application.parked, shared(b"all"))
    assert sorted(wire.read().body for wire in wires) == [b"all"] * 29 + [b"before"]
    assert wires[0].get("/echo").status == 200
    for wire in wires:
        wire.sock.close()


@pytest.mark.parametrize("how", ["close", "half_close", "reset"])
def test_p4_a_dead_peer_of_a_parked_poll_is_noticed_at_once(live: Live, how: str) -> None:
    wire = live.wire()
    wire.send(b"GET /park HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert eventually(lambda: live.application.parked)
    {"close": wire.sock.close, "half_close": wire.half_close, "reset": wire.reset}[how]()
    assert eventually(lambda: live.application.gone, 1.0)
    assert not live.application.parked[0].answer(Response(200, TEXT, b"late"))
    assert eventually(lambda: not live.server.connections())
    wire.sock.close()


def test_f31_a_finished_request_is_answered_after_a_half_close(live: Live) -> None:
    with live.wire() as wire:
        wire.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wire.half_close()
        assert wire.read().body == b"slow" and wire.ended()


def test_h1_pipelined_requests_before_a_half_close_are_all_answered(live: Live) -> None:
    with live.wire() as wire:
        wire.send(
            b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
            + b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50
        )
        wire.half_close()
        assert wire.read().body == b"slow"
        assert [wire.read().body for _ in range(50)] == [b"GET "] * 50
        assert wire.ended()


def test_t83_a_body_cut_by_the_end_of_the_stream_is_never_dispatched(live: Live) -> None:
    for polite in (False, True):
        with live.wire() as wire:
            wire.send(POST.format("/echo", 10, "").encode() + b"hello")
            if polite:
                wire.say_goodbye()
            else:
                wire.half_close()
            assert wire.ended()
    assert live.application.handled == []


def test_h3_a_failing_handler_is_a_500_and_the_connection_lives(live: Live, errors_wanted: None) -> None:
    with live.wire() as wire:
        assert wire.get("/bug").status == 500
        assert wire.get("/echo").status == 200


def test_t10_an_answer_that_may_not_be_sent_is_a_500(live: Live, errors_wanted: None) -> None:
    with live.wire() as wire:
        answer = wire.get("/unsafe")
        assert answer.status == 500 and "x-bad" not in answer.headers and wire.ended()


def test_one_access_record_per_request(live: Live) -> None:
    with live.wire() as wire:
        wire.get("/echo?secret")
        wire.get("/204")
        wire.send(b"nonsense\r\n\r\n")
        wire.read()
    assert eventually(lambda: len(live.application.records) == 3)
    first, second, third = live.application.records
    assert (first.method, first.path, first.status, first.peer) == ("GET", "/echo", 200, "127.0.0.1")
    assert first.sent_bytes > 50 and first.duration_ms >= 0 and not first.parked
    assert (second.path, second.status) == ("/204", 204)
    assert (third.method, third.path, third.status) == ("-", "-", 400)


def test_labels_of_connections_are_listed(live: Live) -> None:
    with live.wire() as wire:
        wire.send(b"GET /park HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: live.application.parked)
        live.application.parked[0].connection.user = "ada"
        (info,) = live.server.connections()
        assert info.user == "ada" and info.peer == "127.0.0.1" and info.parked_since is not None


def test_plain_sockets_work_alike(start: Start) -> None:
    live = start(tls=False)
    with live.wire() as wire:
        for path in ("/echo", "/big", "/stream", "/timer", "/thread"):
            assert wire.get(path).status == 200


def test_h1_the_same_bytes_are_the_same_request_again(live: Live) -> None:
    """A request that was read before is not parsed again; everything around it stays as it was."""
    request = b"GET /echo?again HTTP/1.1\r\nHost: localhost\r\n\r\n"
    closing = b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with live.wire() as wire:
        for _ in range(3):
            wire.send(request)
            assert wire.read().body == b"GET again"
        assert len(live.application.handled) == 3 and len({id(r) for r in live.application.handled}) == 1
        wire.send(request + b"GET /ec")
        assert wire.read().body == b"GET again"
        wire.send(b"ho?half HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.read().body == b"GET half"
        wire.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wire.send(request)
        assert [wire.read().body for _ in range(2)] == [b"slow", b"GET again"]
    for _ in range(2):
        with live.wire() as wire:
            wire.send(closing)
            assert wire.read().headers["connection"] == "close" and wire.ended()


def test_h1_requests_with_a_body_are_always_read(live: Live) -> None:
    request = POST.format("/echo", 3, "").encode() + b"one"
    with live.wire() as wire:
        for _ in range(2):
            wire.send(request)
            assert wire.read().body == b"POST one"
    assert live.server._threads[0].known_requests == {}


def test_known_requests_are_bounded(live: Live) -> None:
    with live.wire() as wire:
        for number in range(1100):
            wire.get(f"/echo?{number}")
        wire.get("/echo?" + "x" * 4000)
    known = live.server._threads[0].known_requests
    assert 0 < len(known) <= 1024 and max(map(len, known)) <= 2048


@pytest.mark.parametrize(
    "rest",
    [
        "/echo HTTP/1.1\r\nHost: localhost\r\nHost: twice\r\n\r\n",
        "/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "/echo HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n",
        "/echo HTTP/3.0\r\nHost: localhost\r\n\r\n",
        "/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
        "/forbidden HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n",
        f"/echo HTTP/1.1\r\nHost: localhost\r\nX: {'a' * 9000}\r\n\r\n",
    ],
)
def test_h2_a_head_request_gets_no_content_even_when_it_is_refused(live: Live, rest: str) -> None:
    for method, has_content in (("GET", True), ("HEAD", False)):
        with live.wire() as wire:
            wire.send_all([f"{method} {rest}".encode()])
            answer = wire.read(head_only=True)
            assert answer.status >= 400 and int(answer.headers["content-length"]) > 0
            assert bool(wire.rest()) is has_content
