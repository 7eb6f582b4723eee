"""One thread that calls back at moments: coalesced answers, live ink, deadlines of polls.

Owns a heap of moments and nothing of what happens then. Callbacks are short (they group polls and hand answers to
the I/O threads), run one after the other and must not raise. It sleeps while nothing is due.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from typing import Protocol


class Pacer(Protocol):
    """Calls back later."""

    def call_at(self, at_s: float, callback: Callable[[], None]) -> None:
        """Calls back at `at_s`, seconds on the clock that the pacer was made with."""


class PacerThread(threading.Thread):
    """The real pacer."""

    def __init__(self, clock: Callable[[], float], log: logging.Logger) -> None:
        """Makes the thread; `start` starts it.

        Args:
            clock: seconds, monotonic.
            log: gets what a callback raised.
        """
        super().__init__(name="pacer", daemon=True)
        self._clock = clock
        self._log = log
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._stopping = False

    def call_at(self, at_s: float, callback: Callable[[], None]) -> None:
        """Calls back at `at_s`. Any thread."""
        with self._changed:
            heapq.heappush(self._heap, (at_s, next(self._count), callback))
            if self._heap[0][2] is callback:
                self._changed.notify()

    def stop(self) -> None:
        """Ends the thread; what is not yet due is dropped."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        while (callback := self._next()) is not None:
            try:
                callback()
            except Exception:
                self._log.exception("a delayed answer failed")

    def _next(self) -> Callable[[], None] | None:
        """Waits for the next due callback; None when stopping."""
        with self._changed:
            while not self._stopping:
                if not self._heap:
                    self._changed.wait()
                    continue
                wait_s = self._heap[0][0] - self._clock()
                if wait_s <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(wait_s)
            return None
