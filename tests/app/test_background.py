"""T41: hashing goes below everything else in the system's eyes, and its results come back to whoever asked."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.background import NICENESS, Background
from server.domain.accounts import PasswordHasher


def test_results_and_failures_come_back_to_their_callers() -> None:
    lane = Background("test", threads=2)

    def square(number: int) -> int:
        return lane.run(lambda: number * number)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(square, range(50))) == [number * number for number in range(50)]
    with pytest.raises(ZeroDivisionError):
        lane.run(lambda: 1 // 0)
    assert lane.run(lambda: threading.current_thread().name).startswith("test-")


@pytest.mark.skipif(sys.platform != "linux", reason="priorities belong to threads on Linux alone")
def test_t41_its_threads_and_no_others_have_a_low_priority() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    usual = priority()
    assert Background("test", threads=1).run(priority) == min(19, usual + NICENESS)
    assert priority() == usual


def test_f36_without_a_thread_to_be_had_the_caller_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert Background("test", threads=2).run(threading.get_ident) == threading.get_ident()


def test_t41_every_hash_goes_the_way_it_is_given() -> None:
    ways: list[int] = []

    def run(work: object) -> bytes:
        ways.append(1)
        return work()  # type: ignore[no-any-return, operator]

    hasher = PasswordHasher(memory_kib=64, passes=1, run=run)
    stored = hasher.hash("a good long password")
    assert hasher.verify("a good long password", stored) and not hasher.verify("another", stored)
    hasher.verify_dummy("x")
    assert not hasher.verify("x", "malformed")
    assert len(ways) == 5
