"""Long computations beside threads that must answer soon (T66).

Owns how the interpreter is shared while a document or a great save is read: in short turns, with a rest after it. Used
by the one thread of each process that reads what is long; any thread may.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SHORT_TURN_S = 0.0005
LONGEST_REST_S = 0.05


def in_short_turns(job: Callable[[], T]) -> T:
    """Runs a job that computes for long, and leaves the interpreter to the others as often as it can.

    A thread that answers gives the interpreter away with every system call and gets it back when the long job's turn
    ends: after half a millisecond here, not after five.
    """
    with _TURNS:
        return job()


class _Turns:
    """The interval of this process: short while anybody is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._usual_s = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._usual_s = sys.getswitchinterval()
                sys.setswitchinterval(SHORT_TURN_S)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                sys.setswitchinterval(self._usual_s)


_TURNS = _Turns()


class Rest:
    """After a long job its thread rests, by how long it has computed, up to a twentieth of a second."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Begins to count; on the thread that will rest."""
        self._sleep = sleep
        self._began_s = time.thread_time()

    def take(self) -> None:
        """Rests for as long as it has computed."""
        self._rest(self._worked_s())

    def take_between(self, *, waiting: bool) -> None:
        """Rests twice as long before the next job, but not after a short one when none waits.

        Who sends one at a time leaves the others the time until the next has arrived, and would only wait for the rest.
        """
        worked_s = self._worked_s()
        if waiting or worked_s > LONGEST_REST_S:
            self._rest(2 * worked_s)

    def _rest(self, seconds: float) -> None:
        self._sleep(min(seconds, LONGEST_REST_S))

    def _worked_s(self) -> float:
        return time.thread_time() - self._began_s
