"""Clients that die at any moment, many at a time: nothing leaks, nothing is logged as an error, others are served."""

from __future__ import annotations

import random
import selectors
import socket
import threading
import time

from server.net.deadlines import TimerWheel
from server.net.waker import Waker
from tests.net.conftest import Live, Start
from tests.net.tiny_app import eventually
from tests.net.wire import Wire

REQUEST = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20000


def die_somewhere(live: Live, dice: random.Random) -> None:
    """Connect, go some way, and reset."""
    try:
        if dice.random() < 0.4:
            sock = socket.create_connection(("127.0.0.1", live.port), timeout=2)
            if dice.random() < 0.5:
                sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[: dice.randrange(1, 12)])
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
            return
        wire = live.wire()
    except OSError:
        return
    try:
        path = dice.choice([b"/echo", b"/park", b"/slow", b"/big", b"/stream", b"/thread"])
        if dice.random() < 0.5:
            wire.send(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        else:
            wire.send(REQUEST[: dice.randrange(1, len(REQUEST))])
        if dice.random() < 0.3:
            wire.sock.settimeout(0.01)
            wire.sock.recv(100)
    except OSError:
        pass  # what the client thinks of it does not matter here
    finally:
        wire.reset()


def test_t67_a_storm_of_resets_leaves_nothing_behind(start: Start) -> None:
    live = start(head_s=1, idle_s=1)
    seed = random.randrange(10**9)

    def storm(number: int) -> None:
        dice = random.Random(f"{seed} {number}")
        for _ in range(120):
            die_somewhere(live, dice)

    threads = [threading.Thread(target=storm, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    with live.wire() as healthy:
        for _ in range(30):
            assert healthy.get("/echo").status == 200
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert eventually(lambda: not live.server.connections(), 4.0), f"seed {seed}"
    began = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - began < 0.1, f"busy afterwards, seed {seed}"


def test_t60_a_healthy_client_beside_five_hundred_slow_ones(start: Start) -> None:
    live = start(max_per_address=1000)
    slow = [socket.create_connection(("127.0.0.1", live.port), timeout=2) for _ in range(150)]
    for sock in slow[:75]:
        sock.sendall(b"\x16\x03\x01")
    half = [live.wire() for _ in range(50)]
    for wire in half:
        wire.send(b"GET /echo HT")
    times = []
    with live.wire() as wire:
        for _ in range(100):
            began = time.monotonic()
            assert wire.get("/echo").status == 200
            times.append(time.monotonic() - began)
    assert sorted(times)[98] < 0.3
    for sock in slow:
        sock.close()
    for wire in half:
        wire.sock.close()


def test_waiting_polls_cost_no_cpu(start: Start) -> None:
    live = start()
    wires = [live.wire() for _ in range(100)]
    for wire in wires:
        wire.send(b"GET /park HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert eventually(lambda: len(live.application.parked) == 100)
    time.sleep(0.1)
    began = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - began < 0.05
    for wire in wires:
        wire.sock.close()


def test_requests_from_many_threads_at_once(start: Start) -> None:
    live = start(io_threads=2)
    wrong: list[str] = []

    def ask(number: int) -> None:
        with Wire(live.port) as wire:
            for turn in range(20):
                path = ("/echo", "/thread", "/timer", "/shared")[turn % 4]
                if wire.get(f"{path}?{number}").status != 200:
                    wrong.append(path)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class Interrupted:
    """A socket that is rung once more while it is being emptied."""

    def __init__(self, waker: Waker, ear: socket.socket) -> None:
        self.waker, self.ear = waker, ear

    def recv(self, size: int) -> bytes:
        self.waker.wake()
        return self.ear.recv(size)


def test_a_waker_rung_while_it_is_looked_at_can_be_rung_again() -> None:
    waker, selector = Waker(), selectors.DefaultSelector()
    waker.attach(selector)
    ear = waker._ear
    waker.wake()
    waker._ear = Interrupted(waker, ear)  # type: ignore[assignment]
    waker.on_event(selectors.EVENT_READ)
    waker._ear = ear
    waker.wake()
    assert selector.select(0)
    selector.close()
    waker.close()


class Entry:
    """Something with a deadline."""

    def __init__(self) -> None:
        self.deadline = 0.0
        self.slot = 0

    def expire(self, now: float) -> None:
        raise AssertionError("the wheel hands entries out, it does not expire them")


def test_the_wheel_agrees_with_a_sorted_list() -> None:
    """Seeded operations on the wheel and on a plain dictionary give the same entries at the same times."""
    seed = random.randrange(10**9)
    dice = random.Random(seed)
    wheel, plain = TimerWheel(0.01), {}
    entries = [Entry() for _ in range(60)]
    now = 1000.0
    for _ in range(4000):
        entry = dice.choice(entries)
        match dice.randrange(4):
            case 0 | 1:
                plain[entry] = now + dice.choice([0.0, 0.003, 0.05, 1.0, 30.0]) * dice.random()
                wheel.set(entry, plain[entry])
            case 2:
                plain.pop(entry, None)
                wheel.remove(entry)
            case _:
                now += dice.random() * 0.2
                due = {e for e, at in plain.items() if at <= now - 0.02}
                found = set(wheel.due(now))
                assert due <= found, f"seed {seed}"
                assert all(plain[e] <= now for e in found), f"seed {seed}"
                for e in found:
                    del plain[e]
        wait = wheel.next_s(now)
        assert (wait is not None) or not plain, f"seed {seed}"
        if plain:
            assert wait <= max(0.0, min(plain.values()) - now) + 0.02, f"seed {seed}"
    assert len(wheel) == len(plain)
