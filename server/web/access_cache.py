"""A bounded cache of answers of the database that hold for a second at most.

Owns age, bound and the race between a look-up and a drop: an answer that was asked for before a drop is not kept
after it. Any thread; on an I/O thread `blocking=False` makes a miss an exception instead of a query.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable


class NotCached(Exception):
    """The answer is not at hand and may not be asked for on this thread."""


class AccessCache:
    """Answers by key, none of them older than the time to live."""

    def __init__(self, most_entries: int, ttl_s: float, monotonic_s: Callable[[], float]) -> None:
        """Makes an empty cache."""
        self._most = most_entries
        self._ttl_s = ttl_s
        self._now = monotonic_s
        self._entries: OrderedDict[Hashable, tuple[object, float]] = OrderedDict()
        self._lock = threading.Lock()
        self.generation = 0
        """Grows with every drop."""

    def get(self, key: Hashable, load: Callable[[], object], *, blocking: bool) -> object:
        """The answer for a key; None is an answer too.

        Who may block asks again for what is more than half as old as it may be: of the several answers that a request
        needs, all are fresh then, and the next requests do not leave the I/O thread for one of them each.

        Raises:
            NotCached: it is not at hand and `blocking` is False.
        """
        entry = self._entries.get(key)
        now = self._now()
        if entry is not None and now < (entry[1] - self._ttl_s / 2 if blocking else entry[1]):
            return entry[0]
        if not blocking:
            raise NotCached
        generation = self.generation
        value = load()
        with self._lock:
            if generation == self.generation:
                self._entries[key] = (value, now + self._ttl_s)
                self._entries.move_to_end(key)
                if len(self._entries) > self._most:
                    self._entries.popitem(last=False)
        return value

    def drop(self, key: Hashable) -> None:
        """Forgets one answer, and those being asked for just now."""
        with self._lock:
            self.generation += 1
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self.generation += 1
            self._entries.clear()
