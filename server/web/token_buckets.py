"""A bounded table of token buckets: how often each key may do a thing.

Owns the arithmetic and the bound of the table; what a key is and what it costs is budgets' business. A bucket
that is full again is as good as none, so the least recently used are forgotten first. Any thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable


class TokenBuckets:
    """Buckets that hold `burst` tokens and gain `rate_per_s`."""

    def __init__(
        self, *, rate_per_s: float, burst: float, monotonic_s: Callable[[], float], most_keys: int = 20_000
    ) -> None:
        """Makes an empty table.

        Args:
            rate_per_s: tokens gained per second.
            burst: what a bucket holds when nothing was taken for long.
            monotonic_s: a clock in seconds that never jumps.
            most_keys: how many buckets are remembered.
        """
        self._rate = rate_per_s
        self._burst = burst
        self._now = monotonic_s
        self._most = most_keys
        self._buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: object, cost: float = 1.0) -> float:
        """Takes tokens.

        Returns:
            0.0 when they were taken; else nothing was taken and this many seconds pass until they are there.
            A cost above what a bucket holds is granted to a full bucket, which then owes the rest.
        """
        now = self._now()
        with self._lock:
            level = self._level(key, now)
            needed = min(cost, self._burst)
            if level < needed:
                return (needed - level) / self._rate
            self._put(key, level - cost, now)
            return 0.0

    def pace(self, key: object) -> float:
        """Takes one token whether it is there or not; returns how many seconds later it would have been there."""
        now = self._now()
        with self._lock:
            level = self._level(key, now) - 1.0
            self._put(key, level, now)
            return max(0.0, -level / self._rate)

    def wait_s(self, key: object) -> float:
        """How long until one token is there; takes nothing."""
        with self._lock:
            return max(0.0, (1.0 - self._level(key, self._now())) / self._rate)

    def __len__(self) -> int:
        return len(self._buckets)

    def _put(self, key: object, level: float, now: float) -> None:
        self._buckets[key] = (level, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)

    def _level(self, key: object, now: float) -> float:
        level, since = self._buckets.get(key, (self._burst, now))
        return min(self._burst, level + (now - since) * self._rate)
