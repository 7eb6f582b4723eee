"""F26: what crosses between the two processes, and what is none of it."""

from __future__ import annotations

import multiprocessing
import pickle
import queue

import pytest

from server.domain.ids import NotebookId, Role
from server.updates.inbox import Inbox, WaitingSave
from server.updates.messages import Answer, Applied, Flush, Forget, Message, Note, Outcome, Ping, Save, Stop
from server.updates.outcome_queue import OutcomeQueue
from server.updates.packing import packed, packed_outcome, unpacked, unpacked_outcome
from server.updates.receiver import Receiver
from tests.updates.world import ANN, NOW_MS

SAVE = Save(1, NotebookId(2), ANN, Role.ADD, b"[]", NOW_MS, "0123456789abcdef")
MESSAGES: list[Message] = [SAVE, Forget(2, NotebookId(3)), Flush(4), Ping(5), Stop()]
OUTCOME = Outcome(
    [Answer(1, 200, b"{}"), Answer(2, 404, b"")],
    [Applied(NotebookId(2), "0123456789abcdef", 4, 5, [b"{}"], {1: "<g/>"}, [2], False, True)],
    [Note(40, "a line")],
)
NO_MESSAGES: list[object] = [
    "stop",
    17,
    {},
    None,
    (),
    ("stop", 1),
    ("ping",),
    ("erase", 1),
    ("save", 1, 2, "u1", "Ann", "owner", "no bytes", NOW_MS, ""),
    ("save", 1, 2, "u1", "Ann", "emperor", b"[]", NOW_MS, ""),
    ("save", 1, "2", "u1", "Ann", "owner", b"[]", NOW_MS, ""),
    ("save", 1, 2, "u1", "Ann", "owner", b"[]"),
]


def test_messages_and_outcomes_come_back_as_they_were() -> None:
    assert unpacked(packed(MESSAGES)) == MESSAGES
    assert [type(message) for message in unpacked(packed(MESSAGES))] == [
        type(message) for message in MESSAGES
    ]
    again = unpacked_outcome(packed_outcome(OUTCOME))
    assert again == OUTCOME and isinstance(again.applied[0], Applied) and isinstance(again.answers[0], Answer)


def test_no_class_is_named_in_what_crosses() -> None:
    """Looking classes up costs more than the rest of the way, and plain values can do nothing when they are read."""
    for data in (packed(MESSAGES), packed_outcome(OUTCOME)):
        assert b"server." not in data


@pytest.mark.parametrize("plain", NO_MESSAGES)
def test_what_is_no_message_is_none(plain: object) -> None:
    assert unpacked(pickle.dumps([plain, ("ping", 7)])) == [None, Ping(7)]


def test_f26_poison_is_dropped_and_the_others_arrive() -> None:
    receiving, sending = multiprocessing.get_context("spawn").Pipe(duplex=False)
    inbox, notes = Inbox(), queue.SimpleQueue[Note]()
    receiver = Receiver(receiving, inbox, notes.put)
    receiver.start()
    sending.send_bytes(b"no pickle")
    sending.send_bytes(pickle.dumps(17))
    sending.send_bytes(pickle.dumps([NO_MESSAGES[0], ("ping", 7)]))
    sending.send_bytes(packed([SAVE]))
    sending.close()
    receiver.join(20)
    assert inbox.closed
    assert inbox.take_control() == [Ping(7)]
    assert inbox.take_notebook(NotebookId(2)) == [WaitingSave(SAVE)]
    assert [notes.get_nowait().level for _ in range(3)] == [40, 40, 40] and notes.empty()


def test_the_queue_ends_with_whoever_lets_go_of_it() -> None:
    outcomes = OutcomeQueue(multiprocessing.get_context("spawn"))
    outcomes.put(OUTCOME)
    outcomes.let_go_of_writing()
    assert outcomes.get() == OUTCOME
    with pytest.raises(EOFError):
        outcomes.get()
    broken = OutcomeQueue(multiprocessing.get_context("spawn"))
    broken.let_go_of_reading()
    with pytest.raises(BrokenPipeError):
        broken.put(OUTCOME)
