"""Answers for many at once: all encrypted before the first is sent, one wake for what belongs together."""

from __future__ import annotations

import selectors
import socket
import threading
from typing import Any

import pytest

from http_core.packet import Response
from server.net import answer_many
from server.net.burst import FEW_ANSWERS, MOST_ANSWERS, MOST_BYTES, Burst
from server.net.channels import ConnectionLost
from server.net.connection_state import State
from server.net.waker import Waker, rung_together
from tests.net.conftest import Live, Start
from tests.net.tiny_app import TEXT, eventually, shared

MANY = FEW_ANSWERS + 20


class Writing:
    """A connection whose answer is encrypted."""

    def __init__(self, number: int, said: list[str], *, lost: bool = False) -> None:
        self.client: Any = self
        self.channel = self
        self.state = State.WRITING
        self._number = number
        self._said = said
        self._lost = lost

    def flush(self) -> bool:
        if self._lost:
            raise ConnectionLost("gone")
        self._said.append(f"flush {self._number}")
        return True

    def drop(self) -> None:
        self.state = State.CLOSED

    def sealed_is_sent(self) -> None:
        self._said.append(f"sent {self._number}")


def test_all_are_sent_before_anything_else_is_done_and_the_lost_are_dropped() -> None:
    said: list[str] = []
    burst = Burst(lambda _client, step: step())
    first, lost, last = Writing(1, said), Writing(2, said, lost=True), Writing(3, said)
    for writer in (first, lost, last):
        burst.add(writer, 10)
    burst.send()
    assert said == ["flush 1", "flush 3", "sent 1", "sent 3"] and lost.state is State.CLOSED
    burst.send()
    assert len(said) == 4, "nothing is sent twice"


@pytest.mark.parametrize(("answers", "size"), [(MOST_ANSWERS, 1), (4, MOST_BYTES // 4)])
def test_a_burst_is_full_by_number_and_by_size(answers: int, size: int) -> None:
    burst = Burst(lambda _client, step: step())
    for number in range(answers):
        assert not burst.full
        burst.add(Writing(number, []), size)
    assert burst.full
    burst.send()
    assert not burst.full


def park(
    live: Live, count: int, request: bytes = b"GET /park HTTP/1.1\r\nHost: localhost\r\n\r\n"
) -> list[Any]:
    before = len(live.application.parked)
    wires = [live.wire() for _ in range(count)]
    for wire in wires:
        wire.send(request)
    assert eventually(lambda: len(live.application.parked) == before + count)
    return wires


@pytest.mark.parametrize("tls", [True, False])
def test_p4_a_burst_reaches_all_in_their_own_way(start: Start, tls: bool) -> None:
    live = start(tls=tls)
    many = park(live, MANY)
    heads = park(live, 1, b"HEAD /park HTTP/1.1\r\nHost: localhost\r\n\r\n")
    old = park(live, 1, b"GET /park HTTP/1.0\r\nHost: localhost\r\n\r\n")
    gone = park(live, 2)
    gone[0].reset()
    gone[1].sock.close()
    single = park(live, 1)
    waiting = [*live.application.parked]
    waiting[-1].answer(Response(200, TEXT, b"alone"))
    answer_many(waiting, shared(b"all" * 1000))
    assert single[0].read().body == b"alone"
    assert [wire.read().body for wire in many] == [b"all" * 1000] * MANY
    assert heads[0].read(head_only=True).headers["content-length"] == "3000"
    assert old[0].read().headers["connection"] == "close" and old[0].ended()
    assert all(wire.get("/echo").status == 200 for wire in many)
    assert eventually(
        lambda: len([record for record in live.application.records if record.parked]) >= MANY + 3
    )
    for wire in [*many, *heads, *old, *single]:
        wire.sock.close()


def test_what_a_socket_does_not_take_at_once_follows(start: Start) -> None:
    live = start()
    wires = park(live, MANY)
    for client in live.server._threads[0].clients.values():
        client.channel.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    body = bytes(60_000)
    answer_many(live.application.parked, shared(body))
    assert eventually(
        lambda: any(client.channel.unsent for client in live.server._threads[0].clients.values())
    )
    assert [wire.read().body for wire in wires] == [body] * MANY
    assert all(wire.get("/echo").status == 200 for wire in wires)
    for wire in wires:
        wire.sock.close()


def test_one_answer_goes_ahead_of_those_for_many(start: Start) -> None:
    live = start()
    owner = live.server._threads[0]
    wires = park(live, 4)
    first, *others = live.application.parked
    order: list[Any] = []
    held = threading.Event()
    owner.run_soon(lambda: held.wait(5))  # type: ignore[arg-type, return-value]
    answer_many(others, shared(b"all"))
    first.answer(Response(200, TEXT, b"alone"))
    order += owner._answers
    held.set()
    assert order[0] is first and len(order) == 4
    assert sorted(wire.read().body for wire in wires) == [b"all"] * 3 + [b"alone"]
    for wire in wires:
        wire.sock.close()


def test_bells_are_rung_once_and_at_the_end() -> None:
    waker, selector = Waker(), selectors.DefaultSelector()
    waker.attach(selector)

    def fail_between() -> None:
        with rung_together():
            waker.wake()
            waker.wake()
            assert not selector.select(0)
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        fail_between()
    assert selector.select(0)
    waker.on_event(selectors.EVENT_READ)
    assert not selector.select(0), "once"
    waker.wake()
    assert selector.select(0), "and at once again afterwards"
    selector.close()
    waker.close()


def test_a_thread_that_holds_its_bells_holds_nobody_elses() -> None:
    waker, selector = Waker(), selectors.DefaultSelector()
    waker.attach(selector)
    with rung_together():
        other = threading.Thread(target=waker.wake)
        other.start()
        other.join()
        assert selector.select(0)
    selector.close()
    waker.close()
