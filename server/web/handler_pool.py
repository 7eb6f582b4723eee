"""Threads for handlers that may block: bounded in number and in what may wait for them.

Owns the threads and their queue. Does not know what a job is; a job answers for its own failures. `submit` may be
called on any thread and never blocks: False means full, and the caller answers 503 at once (DESIGN 2).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from server.updates.turns import Rest, in_short_turns
from server.web.limits import WebLimits

Job = Callable[[], None]
_log = logging.getLogger(__name__)


class HandlerPool:
    """A fixed number of threads that take jobs in order."""

    def __init__(self, name: str, *, threads: int, queue: int) -> None:
        """Makes the pool; threads start with the first job.

        Args:
            name: what the threads are called, for the log and for debuggers.
            threads: how many jobs may run at a time.
            queue: how many more may wait.
        """
        self._name = name
        self._most_threads = threads
        self._most_waiting = queue
        self._jobs: deque[Job] = deque()
        self._wake = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._stopping = False

    def submit(self, job: Job) -> bool:
        """Hands a job over; False where as many wait as may, no thread is to be had, or the pool is stopping."""
        with self._wake:
            if self._stopping or len(self._jobs) - self._idle >= self._most_waiting:
                return False
            if self._idle <= len(self._jobs) and len(self._threads) < self._most_threads:
                self._start_thread()
            if not self._threads:
                return False
            self._jobs.append(job)
            self._wake.notify()
            return True

    @property
    def waiting(self) -> int:
        """How many jobs no thread has taken yet."""
        return len(self._jobs)

    def stop(self, timeout_s: float) -> None:
        """Lets the queued jobs finish, for at most `timeout_s` in all, and takes no more."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        end_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, end_s - time.monotonic()))

    def _start_thread(self) -> None:
        thread = threading.Thread(
            target=self._work, name=f"{self._name}-{len(self._threads) + 1}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # no more threads to be had (F36): those that run must do
            return
        self._threads.append(thread)

    def _work(self) -> None:
        while True:
            with self._wake:
                self._idle += 1
                while not self._jobs:
                    if self._stopping:
                        return
                    self._wake.wait()
                self._idle -= 1
                job = self._jobs.popleft()
            try:
                job()
            except Exception:  # a job answers for itself; should one not, the thread must live on
                _log.exception("a job of the %s pool failed", self._name)
            job = _nothing  # a waiting thread keeps no request alive


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools of the product: for handlers, for those that hash passwords, and for those that read long documents.

    Reading takes the interpreter for as long as the document is long: one thread at a time may, so that drawing
    waits for one other at most (T66).
    """

    handlers: HandlerPool
    hashing: HandlerPool
    documents: HandlerPool

    @classmethod
    def of(cls, limits: WebLimits) -> Pools:
        """Makes them with the sizes of the limits."""
        return cls(
            HandlerPool("handler", threads=limits.handler_threads, queue=limits.handler_queue),
            HandlerPool("hashing", threads=limits.hash_threads, queue=limits.hash_queue),
            HandlerPool("document", threads=1, queue=limits.document_queue),
        )

    def stop(self, timeout_s: float) -> None:
        """Lets running handlers finish, for at most `timeout_s`, and takes no more."""
        for pool in (self.documents, self.hashing, self.handlers):
            pool.stop(timeout_s / 3)


def considerately(pool: HandlerPool, job: Job) -> None:
    """Runs a job of a pool that computes for long in short turns, then lets the others be for a while (T66)."""
    rest = Rest()
    try:
        in_short_turns(job)
    finally:
        rest.take_between(waiting=pool.waiting > 0)


def _nothing() -> None:
    """Stands for no job."""
