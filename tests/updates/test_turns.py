"""T66: what is long is read in short turns, and the thread that read it rests."""

from __future__ import annotations

import queue
import sys
import time
from multiprocessing import Pipe

import pytest

from server.domain.failures import Failure
from server.domain.ids import Author, NotebookId, Role
from server.updates import receiver
from server.updates.inbox import Inbox
from server.updates.messages import Save
from server.updates.packing import packed
from server.updates.receiver import PARSED_ASIDE_BYTES, Receiver
from server.updates.turns import LONGEST_REST_S, SHORT_TURN_S, Rest, in_short_turns


def test_t66_turns_are_short_while_the_job_runs_and_usual_after_it() -> None:
    usual_s = sys.getswitchinterval()
    assert usual_s > 2 * SHORT_TURN_S
    assert in_short_turns(sys.getswitchinterval) == pytest.approx(SHORT_TURN_S)
    inner = in_short_turns(lambda: (in_short_turns(sys.getswitchinterval), sys.getswitchinterval()))
    assert inner == (pytest.approx(SHORT_TURN_S),) * 2
    assert sys.getswitchinterval() == usual_s
    with pytest.raises(ZeroDivisionError):
        in_short_turns(lambda: 1 // 0)
    assert sys.getswitchinterval() == usual_s


def test_t66_a_rest_is_as_long_as_the_work_but_bounded() -> None:
    slept: list[float] = []
    rest = Rest(slept.append)
    rest.take()
    until = time.thread_time() + 2 * LONGEST_REST_S
    while time.thread_time() < until:
        pass
    rest.take()
    assert slept[0] < LONGEST_REST_S == slept[1]


def test_t66_there_is_no_rest_after_a_short_job_while_none_waits() -> None:
    slept: list[float] = []
    began_s = time.thread_time()
    rest = Rest(slept.append)
    while time.thread_time() < began_s + LONGEST_REST_S / 10:
        pass
    rest.take_between(waiting=False)
    assert not slept
    rest.take_between(waiting=True)
    assert 0.2 * LONGEST_REST_S * 0.9 < slept[0] < LONGEST_REST_S
    while time.thread_time() <= began_s + LONGEST_REST_S * 1.01:
        pass
    rest.take_between(waiting=False)
    assert slept[1:] == [LONGEST_REST_S]


def test_t66_great_saves_are_read_in_short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: queue.SimpleQueue[float] = queue.SimpleQueue()

    def read(_save: Save) -> Failure:
        turns.put(sys.getswitchinterval())
        return Failure.of("failed")

    monkeypatch.setattr(receiver, "parse_save", read)
    ours, theirs = Pipe()
    inbox = Inbox()
    thread = Receiver(theirs, inbox, lambda _note: None)
    thread.start()
    body = b" " * (PARSED_ASIDE_BYTES + 1)
    ours.send_bytes(packed([Save(1, NotebookId(1), Author("u1", "Ann"), Role.OWNER, body, 1)]))
    assert turns.get(timeout=10) == pytest.approx(SHORT_TURN_S)
    ours.close()
    thread.join(10)
