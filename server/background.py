"""Threads for what computes without the interpreter: below the others in the system's eyes, so that drawing goes first.

Owns their number and their priority. A thread of this kind does nothing but the computation it is given: it holds the
interpreter for microseconds, so nobody waits for it while the system lets it wait. On Linux priorities belong to threads;
elsewhere the threads are like any other. Used for password hashing (T41). Any thread may call.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
NICENESS = 10
"""How far below the others, in the system's scale of which the lowest is 19."""

_LOWEST = 19


class _Job(Generic[T]):
    """A computation on its way to its result."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # belongs to whoever asked
            self._error = error
        self._done.set()

    def wait(self) -> T:
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # set where there is no error


class Background:
    """A few threads of low priority; they start with the first computation."""

    def __init__(self, name: str, *, threads: int) -> None:
        """Makes the lane.

        Args:
            name: what the threads are called.
            threads: how many computations may run at a time; the others wait in order.
        """
        self._name = name
        self._most = threads
        self._started = 0
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job[object]] = queue.SimpleQueue()

    def run(self, work: Callable[[], T]) -> T:
        """Computes on one of the threads and waits for the result; raises what the computation raises."""
        if not self._is_started():
            return work()
        job = _Job(work)
        self._jobs.put(job)  # type: ignore[arg-type]  # the queue asks for no result
        return job.wait()

    def _is_started(self) -> bool:
        """Starts the threads; False where none is to be had (F36): then the caller computes."""
        with self._lock, contextlib.suppress(RuntimeError):
            while self._started < self._most:
                threading.Thread(
                    target=self._work, name=f"{self._name}-{self._started + 1}", daemon=True
                ).start()
                self._started += 1
        return self._started > 0

    def _work(self) -> None:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # no right to it: then they are like any other
                own = threading.get_native_id()
                usual = os.getpriority(os.PRIO_PROCESS, own)
                os.setpriority(os.PRIO_PROCESS, own, min(_LOWEST, usual + NICENESS))
        while True:
            self._jobs.get().run()
