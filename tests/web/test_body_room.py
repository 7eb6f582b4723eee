"""T61, T62: long bodies take room while they arrive, whoever sends them, and give it back however they end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.web.body_room import FREE_BYTES, BodyRoom
from server.web.limits import WebLimits
from tests.net.wire import Wire
from tests.support.pages import wait_until
from tests.support.product import Person, Product
from tests.web.world import FakeExchange, World

MIB = 1024 * 1024
COOKIE = "Cookie: __Host-session=" + "A" * 43  # a made-up one: whose it is has to be asked for first


@pytest.fixture
def exchange_from(world: World) -> Callable[[str], FakeExchange]:
    def make(peer: str) -> FakeExchange:
        exchange = world.begin("GET", "/health", peer=peer)
        return type(exchange)(exchange.request, peer)

    return make


def test_t62_an_address_and_all_have_their_room_and_get_it_back(
    exchange_from: Callable[[str], FakeExchange],
) -> None:
    room = BodyRoom(WebLimits(bodies_bytes=10 * MIB, bodies_address_bytes=4 * MIB))
    first, second, third = (exchange_from(f"2001:db8:0:1::{n}") for n in (1, 2, 3))
    assert room.hold(first, 3 * MIB) and not room.hold(second, 2 * MIB)  # type: ignore[arg-type]
    assert room.hold(second, MIB) and room.hold(third, FREE_BYTES)  # type: ignore[arg-type]
    others = [exchange_from(f"192.0.2.{n}") for n in range(3)]
    assert [room.hold(other, 3 * MIB) for other in others] == [True, True, False]  # type: ignore[arg-type]
    assert room.total == 10 * MIB
    del first, others
    assert room.total == MIB
    again = exchange_from("2001:db8:0:1::9")
    assert room.hold(again, 3 * MIB) and room.total == 4 * MIB  # type: ignore[arg-type]


@pytest.mark.parametrize("framing", ["Content-Length: 3000000", "Transfer-Encoding: chunked"])
def test_t61_t62_bodies_that_never_end_fill_no_more_than_their_room(
    start_product: Callable[..., Product], framing: str
) -> None:
    product = start_product("--limit", "bodies_address_bytes=20000000")
    head = "POST /SAVENEWNB HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    body = (b"186a0\r\n" + b"x" * 100_000 + b"\r\n") * 2 if "chunked" in framing else b"x" * 200_000
    wires = []
    for _ in range(8):
        wire = Wire(product.port)
        wire.send(f"{head}{COOKIE}\r\n{framing}\r\n\r\n".encode() + body)
        wires.append(wire)
    statuses = []
    for wire in wires[-2:]:
        statuses.append(wire.read().status)
    assert statuses == [503, 503]
    ada = Person(product.port).sign_up("Ada")
    notebook = ada.new_notebook()
    assert ada.post(f"/SAVE/{notebook}", [["a", "<g/>"]]).status == 200  # what people draw is short
    for wire in wires:
        wire.sock.close()
    long = [["a", "<g/>"], ["a", "<g>" + " " * 80_000 + "</g>"]]

    def is_read_again() -> bool:
        return ada.post(f"/SAVE/{notebook}", long).status == 422

    wait_until(is_read_again, what="room after those connections are gone")
    ada.close()
