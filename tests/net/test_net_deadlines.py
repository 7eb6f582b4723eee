"""Every deadline and cap of LIMITS, with small figures: handshake, head, body, idle, reader, age, connections."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from http_core.packet import Response
from tests.net.conftest import Live, Start
from tests.net.tiny_app import eventually
from tests.net.wire import Ended, Wire

ROOT = Path(__file__).resolve().parents[2]
GET = b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"


def bare(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(source, 0))


def bare_tls(live: Live, told: Wire) -> None:
    """Only one connection beyond the cap is told so at a time; the next is closed unread."""
    assert told.sock.fileno() >= 0
    live.wire()


def closed_after_s(sock: socket.socket, drip: bytes = b"", every_s: float = 0.05) -> float:
    """Seconds until the server ends the connection, while `drip` is sent byte by byte."""
    began = time.monotonic()
    sock.settimeout(every_s)
    rest = list(drip)
    while time.monotonic() - began < 5:
        try:
            if rest:
                sock.send(bytes([rest.pop(0)]))
            if not sock.recv(4096):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    sock.close()
    return time.monotonic() - began


def test_t60_a_silent_connection_is_closed(start: Start) -> None:
    live = start(first_byte_s=0.2, handshake_s=0.6)
    assert 0.15 < closed_after_s(bare(live.port)) < 1.0


def test_t60_a_dripping_client_hello_is_closed_by_its_deadline(start: Start) -> None:
    live = start(first_byte_s=0.2, handshake_s=0.5)
    assert (
        0.45
        < closed_after_s(bare(live.port), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200))
        < 1.2
    )


def test_t60_a_dripping_head_is_answered_408_by_its_deadline(start: Start) -> None:
    live = start(head_s=0.4)
    with live.wire() as wire:
        began = time.monotonic()
        for byte in GET:
            if not wire.silent(0.05):
                break
            wire.send(bytes([byte]))
        assert wire.read().status == 408 and wire.ended()
        assert 0.3 < time.monotonic() - began < 1.5
    assert live.application.handled == []


def test_t60_whoever_missed_a_deadline_is_not_waited_for_again(start: Start) -> None:
    live = start(head_s=0.2, linger_s=30, late_linger_s=0.2)
    with live.wire() as wire:
        wire.send(GET[:10])
        assert wire.read().status == 408
        assert eventually(lambda: not live.server.connections(), 1.0)


def test_t60_the_deadline_of_a_later_head_counts_from_its_first_byte(start: Start) -> None:
    live = start(head_s=0.3)
    with live.wire() as wire:
        wire.get()
        time.sleep(0.4)
        wire.send(GET[:10])
        assert wire.read().status == 408 and wire.ended()


def test_t60_a_fresh_connection_without_a_request_is_closed_without_a_word(start: Start) -> None:
    live = start(head_s=0.2)
    with live.wire() as wire:
        assert wire.ended(1.0) and wire.buffer == b""


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_t60_a_dripping_body_is_answered_408(start: Start, framing: str) -> None:
    live = start(body_base_s=0.3, body_rate_bytes=10_000)
    with live.wire() as wire:
        wire.send(f"POST /echo HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n".encode())
        for _ in range(60):
            if not wire.silent(0.03):
                break
            wire.send(b"0")
        assert wire.read().status in (400, 408) and wire.ended()
    assert live.application.handled == []


def test_t60_a_body_has_time_for_its_size(start: Start) -> None:
    live = start(body_base_s=0.1, body_rate_bytes=10_000)
    with live.wire() as wire:
        wire.send(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000\r\n\r\n")
        for _ in range(8):
            time.sleep(0.05)
            wire.send(b"x" * 1000)
        assert wire.read().status == 200


def test_an_idle_connection_is_closed_without_a_word(start: Start) -> None:
    live = start(idle_s=0.2)
    with live.wire() as wire:
        wire.get()
        assert wire.ended(1.0) and wire.buffer == b""


def test_idle_connections_go_sooner_while_the_server_is_crowded(start: Start) -> None:
    live = start(idle_s=30, crowded_idle_s=0.1, max_connections=5, crowded_share=0.5)
    wires = [live.wire() for _ in range(2)]
    for wire in wires:
        wire.get()
    time.sleep(0.2)
    assert len(live.server.connections()) == 2
    with live.wire() as third:
        third.get()
        assert wires[0].ended(2.5) and wires[1].ended(2.5)
    for wire in wires:
        wire.sock.close()


def test_a_parked_poll_has_no_deadline_of_ours(start: Start) -> None:
    live = start(idle_s=0.1, head_s=0.1, answer_s=0.1, body_base_s=0.1, send_stall_s=0.1)
    with live.wire() as wire:
        wire.send(b"GET /park HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.silent(0.5)


def test_an_application_that_never_answers_ends_in_a_503(start: Start) -> None:
    live = start(answer_s=0.2)
    with live.wire() as wire:
        assert wire.get("/never").status == 503


def test_t60_a_reader_that_takes_nothing_is_dropped(start: Start) -> None:
    live = start(send_stall_s=0.3)
    with live.wire() as wire:
        wire.send(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: live.server.counters()["writing"] == 1)
        assert eventually(lambda: not live.server.connections(), 2.0)
    assert eventually(lambda: live.application.records)
    assert 0 < live.application.records[0].sent_bytes < 5 << 20


def test_t60_a_reader_that_drips_is_dropped_at_the_total_deadline(start: Start) -> None:
    live = start(send_stall_s=5, send_total_s=0.6, send_rate_bytes=1 << 40)
    with live.wire() as wire:
        wire.send(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        began = time.monotonic()
        while live.server.connections() and time.monotonic() - began < 3:
            wire.sock.recv(2000)
            time.sleep(0.02)
        assert 0.4 < time.monotonic() - began < 2


def test_a_slow_reader_that_makes_progress_is_never_cut_and_costs_no_thread(start: Start) -> None:
    live = start(send_stall_s=0.5)
    with live.wire() as wire:
        wire.send(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status, headers = wire._read_head()
        size = int(headers["content-length"])
        received = len(wire.buffer)
        while received < size:
            data = wire.sock.recv(65536)
            received += len(data)
            if received % 7 == 0:
                time.sleep(0.01)
        assert (status, received) == (200, 5 << 20)
    assert live.application.threads == []


def test_a_big_answer_has_more_time_than_a_small_one(start: Start) -> None:
    """Five megabytes over a thin line are not cut: the total deadline grows with what was taken."""
    live = start(send_stall_s=10, send_total_s=0.1, send_rate_bytes=1024)
    with live.wire() as wire:
        wire.send(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status, headers = wire._read_head()
        time.sleep(0.3)
        assert (status, len(wire.take(int(headers["content-length"])))) == (200, 5 << 20)


def test_a_connection_ends_after_its_requests(start: Start) -> None:
    live = start(max_requests=3)
    with live.wire() as wire:
        assert [wire.get().headers.get("connection") for _ in range(3)] == [None, None, "close"]
        assert wire.ended()


def test_a_connection_ends_after_its_age(start: Start) -> None:
    live = start(max_age_s=0.2)
    with live.wire() as wire:
        assert "connection" not in wire.get().headers
        time.sleep(0.25)
        assert wire.get().headers["connection"] == "close" and wire.ended()


def test_t61_beyond_the_cap_of_all_connections_comes_503(start: Start) -> None:
    live = start(max_connections=2, max_turned_away=1, idle_s=30)
    held = [live.wire(), live.wire()]
    with live.wire() as third:
        answer = third.get()
        assert answer.status == 503 and answer.headers["connection"] == "close" and third.ended()
    (refused,) = live.application.refused
    assert refused is not None, "the application cannot tell whether a person waits for a page (H3)"
    assert eventually(lambda: len(live.server.connections()) == 2)
    with live.wire() as told, pytest.raises((Ended, OSError)):
        bare_tls(live, told)
    for wire in held:
        assert wire.get().status == 200
        wire.sock.close()
    assert eventually(lambda: not live.server.connections())
    with live.wire() as wire:
        assert wire.get().status == 200


def test_t60_the_cap_of_one_address_leaves_the_others_alone(start: Start) -> None:
    live = start(max_per_address=2, max_turned_away=4)
    held = [live.wire(source="127.0.0.2") for _ in range(2)]
    with live.wire(source="127.0.0.2") as wire:
        assert wire.get().status == 503
    with live.wire(source="127.0.0.3") as wire:
        assert wire.get().status == 200
    for wire in held:
        wire.sock.close()


def test_t82_too_many_handshakes_cost_the_address_that_has_most(start: Start) -> None:
    live = start(max_handshakes=4, first_byte_s=5, handshake_s=5)
    flood = [bare(live.port, "127.0.0.9") for _ in range(4)]
    lone = bare(live.port, "127.0.0.8")
    assert eventually(lambda: live.server.counters()["handshakes"] == 4)
    flood[0].settimeout(2)
    assert flood[0].recv(1) == b""
    with live.wire() as wire:
        assert wire.get().status == 200
    lone.settimeout(0.05)
    with pytest.raises(TimeoutError):
        lone.recv(1)
    for sock in (*flood, lone):
        sock.close()


def test_t60_pipelined_bytes_are_bounded_while_a_request_waits(start: Start) -> None:
    live = start(max_pipelined_bytes=20_000)
    with live.wire(timeout_s=0.5) as wire:
        wire.send(b"GET /park HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: live.application.parked)
        with pytest.raises(TimeoutError):
            wire.send(*[GET * 1000] * 2000)
        (client,) = live.server._threads[0].clients.values()
        assert client.parser.buffered < 20_000 + 2 * 65536


FEW_DESCRIPTORS = """
import resource, sys, threading, time
sys.path.insert(0, {root!r})
resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
from server.net import NetLimits
from tests.support.probe_app import running_probe
with running_probe(limits=NetLimits(descriptor_reserve=0, max_per_address=1000, idle_s=60, first_byte_s=60)) as (server, port):
    print(port, flush=True)
    sys.stdin.readline()
    began = time.process_time()
    time.sleep(1.0)
    print(time.process_time() - began, flush=True)
    sys.stdin.readline()
"""


def test_t61_without_descriptors_accepting_backs_off_and_recovers() -> None:
    """60 descriptors, 200 connections: no busy loop meanwhile, an answer within two seconds of the release."""
    script = FEW_DESCRIPTORS.format(root=str(ROOT))
    server = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert server.stdin and server.stdout
    port = int(server.stdout.readline())
    flood = [bare(port) for _ in range(200)]
    time.sleep(0.2)
    server.stdin.write("\n")
    server.stdin.flush()
    assert float(server.stdout.readline()) < 0.2
    for sock in flood:
        sock.close()
    released = time.monotonic()
    while True:
        try:
            with Wire(port, timeout_s=1.0) as wire:
                assert wire.get("/__echo").status in (200, 503)
                break
        except (OSError, Ended):
            assert time.monotonic() - released < 4
    assert time.monotonic() - released < 2.5
    server.communicate("\n", timeout=10)
    assert server.returncode == 0


def test_o2_draining_finishes_requests_and_closes_idle_connections(live: Live) -> None:
    idle, busy, parked = live.wire(), live.wire(), live.wire()
    idle.get()
    busy.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
    parked.send(b"GET /park HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert eventually(lambda: live.application.parked and len(live.application.handled) == 3)
    live.server.stop_accepting()
    with pytest.raises(OSError):
        bare(live.port)
    assert not live.server.drain(0.5)
    assert idle.ended(0.5) and busy.read().headers["connection"] == "close" and busy.ended(0.5)
    live.application.parked[0].answer(Response(200, [], b"stopping"))
    assert live.server.drain(1.0)
    assert parked.read().body == b"stopping" and parked.ended(0.5)
    for wire in (idle, busy, parked):
        wire.sock.close()
