"""Requests that an I/O thread could not decide, because it would have had to ask storage.

Owns their queue. They are many at once when a thousand polls come back after a pause and few of them need a query:
so they do not take a place each in the pool's bounded queue, but are worked off in order by at most two jobs of the
pool; the first of them fills the cache for the rest. `put` may be called on any thread and never blocks.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

Job = Callable[[], None]
_MOST_WORKERS = 2
_log = logging.getLogger(__name__)


class AccessQueue:
    """A bounded queue that borrows at most two threads of the pool, and only while it holds something."""

    def __init__(self, submit: Callable[[Job], bool], most: int) -> None:
        """Makes an empty queue.

        Args:
            submit: hands a job to the pool; False where it is full.
            most: how many may wait.
        """
        self._submit = submit
        self._most = most
        self._waiting: deque[Job] = deque()
        self._workers = 0
        self._lock = threading.Lock()

    def put(self, job: Job) -> bool:
        """Takes a job; False where there is no room or no thread for it. The job answers for its own failures."""
        with self._lock:
            if len(self._waiting) >= self._most:
                return False
            self._waiting.append(job)
            if self._workers >= _MOST_WORKERS:
                return True
            self._workers += 1
        if self._submit(self._work):
            return True
        with self._lock:
            self._workers -= 1
            if self._workers:
                return True
            try:
                self._waiting.remove(job)
            except ValueError:  # somebody else's worker has taken it meanwhile
                return True
            return False

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._workers -= 1
                    return
                job = self._waiting.popleft()
            try:
                job()
            except Exception:
                _log.exception("a request that waited for access failed")
