"""What goes down the pipe to the update process: in order, without ever blocking whoever gives it."""

from __future__ import annotations

import multiprocessing
import threading
from multiprocessing.connection import Connection

import pytest

from server.domain.ids import NotebookId, Role
from server.updates.feeder import BYTES_AT_ONCE, Feeder
from server.updates.messages import Ping, Save
from server.updates.packing import unpacked
from tests.updates.world import ANN

SMALL, BIG = b"[]", b"x" * (3 * BYTES_AT_ONCE)


def save(number: int, body: bytes) -> Save:
    return Save(number, NotebookId(1), ANN, Role.OWNER, body, 0)


def pipe() -> tuple[Connection, Connection]:
    return multiprocessing.get_context("spawn").Pipe(duplex=False)


def read_until(receiving: Connection, last: int) -> list[int]:
    numbers: list[int] = []
    while not numbers or numbers[-1] != last:
        assert receiving.poll(20), f"nothing came after {numbers[-3:]}"
        messages = unpacked(receiving.recv_bytes())
        numbers += [message.request_id for message in messages if isinstance(message, Save | Ping)]
    return numbers


@pytest.mark.parametrize("started_first", [True, False])
def test_messages_come_in_the_order_they_were_given_whatever_their_size(started_first: bool) -> None:
    receiving, sending = pipe()
    feeder = Feeder(sending)
    if started_first:
        feeder.start()
    for number in range(1, 200):
        feeder.send(save(number, BIG if number % 7 == 0 else SMALL))
    if not started_first:
        feeder.start()
    assert read_until(receiving, 199) == list(range(1, 200))
    feeder.end()
    receiving.close()


def test_a_small_message_is_in_the_pipe_when_send_returns() -> None:
    receiving, sending = pipe()
    feeder = Feeder(sending)
    feeder.send(save(1, SMALL))  # its thread was never started
    assert receiving.poll(0)
    assert read_until(receiving, 1) == [1]


def test_a_full_pipe_blocks_nobody_and_loses_nothing() -> None:
    receiving, sending = pipe()
    feeder = Feeder(sending)
    feeder.start()
    given = threading.Thread(
        target=lambda: [feeder.send(save(number, b"y" * 2000)) for number in range(1, 501)]
    )
    given.start()
    given.join(20)
    assert not given.is_alive(), "a megabyte was to be taken without anybody reading"
    assert read_until(receiving, 500) == list(range(1, 501))
    feeder.end()
    receiving.close()


def test_at_the_end_what_waits_is_written_and_the_pipe_closed() -> None:
    receiving, sending = pipe()
    feeder = Feeder(sending)
    feeder.send(save(1, BIG))
    feeder.start()
    feeder.send(Ping(2))
    feeder.end()
    assert read_until(receiving, 2) == [1, 2]
    with pytest.raises(EOFError):
        receiving.recv_bytes()


def test_a_child_that_is_gone_raises_nothing() -> None:
    receiving, sending = pipe()
    feeder = Feeder(sending)
    feeder.start()
    receiving.close()
    for number in range(5):
        feeder.send(save(number, SMALL))
    feeder.end()
    feeder._thread.join(20)
    assert not feeder._thread.is_alive() and sending.closed
