"""The saves that the main process has sent to the update process and not yet answered.

Owns who gets which answer, how many and how big they may be (a full table is `503` at once, which bounds the pipe,
the queue and the memory of both processes), and how old the oldest is. Nothing is ever answered as saved here:
that word comes from the other side alone. Any thread. Rule C2.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import NamedTuple

from server.domain.failures import Failure

Answered = Callable[[int, bytes], None]
"""Gets the status and the JSON body of an answer; must not block."""


class _Waiting(NamedTuple):
    answered: Answered
    size_bytes: int
    since_s: float
    generation: int


class Unanswered:
    """The table."""

    def __init__(self, *, max_saves: int, max_bytes: int, clock: Callable[[], float]) -> None:
        """Makes an empty table.

        Args:
            max_saves: how many may wait.
            max_bytes: how big their bodies may be together.
            clock: seconds, monotonic.
        """
        self._max_saves = max_saves
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}
        self._bytes = 0
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, answered: Answered, size_bytes: int, generation: int, *, urgent: bool = False) -> int:
        """Notes a message; returns the number its answer will carry.

        Args:
            answered: gets the answer.
            size_bytes: of the body.
            generation: which start of the update process it goes to.
            urgent: whether it is taken when the table is full (control messages).

        Raises:
            Failure: 503 `updates_busy`.
        """
        with self._lock:
            if not urgent and (
                len(self._waiting) >= self._max_saves
                or (self._waiting and self._bytes + size_bytes > self._max_bytes)
            ):
                raise Failure.of("updates_busy", retry_after_s=1)
            number = next(self._numbers)
            self._waiting[number] = _Waiting(answered, size_bytes, self._clock(), generation)
            self._bytes += size_bytes
            return number

    def take(self, number: int) -> Answered | None:
        """Whom to answer; None when that was done already."""
        with self._lock:
            waiting = self._waiting.pop(number, None)
            if waiting is None:
                return None
            self._bytes -= waiting.size_bytes
            return waiting.answered

    def take_older(self, *, upto_generation: int) -> list[Answered]:
        """Everybody who waits for a start of the update process that is over."""
        return self._take_where(lambda waiting: waiting.generation <= upto_generation)

    def take_overdue(self, limit_s: float) -> list[Answered]:
        """Everybody who has waited for longer than `limit_s`."""
        before_s = self._clock() - limit_s
        return self._take_where(lambda waiting: waiting.since_s < before_s)

    def oldest_ms(self) -> int:
        """How long the oldest has waited, in milliseconds; 0 when nobody waits."""
        with self._lock:
            oldest = next(iter(self._waiting.values()), None)
        return 0 if oldest is None else int((self._clock() - oldest.since_s) * 1000)

    def _take_where(self, matches: Callable[[_Waiting], bool]) -> list[Answered]:
        with self._lock:
            taken = [(number, waiting) for number, waiting in self._waiting.items() if matches(waiting)]
            for number, waiting in taken:
                del self._waiting[number]
                self._bytes -= waiting.size_bytes
            return [waiting.answered for _number, waiting in taken]
