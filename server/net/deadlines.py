"""Deadlines on the monotonic clock: a wheel of short slots, one place per entry.

Owns when what is due; what happens then is the business of the entry. Used by one I/O thread only (`Timer.cancel` is
the exception: any thread). An entry sits in one slot at most, so moving a deadline later costs nothing (the slot is
left where it is and looked at again when it comes), moving it earlier or removing it costs one dictionary step, and
ten thousand parked polls without a deadline cost nothing at all.
"""

import heapq
from collections.abc import Callable
from typing import Protocol

NEVER = float("inf")


class Entry(Protocol):
    """Something with a deadline."""

    deadline: float
    """Seconds on the monotonic clock, `NEVER` for none."""
    slot: int
    """The wheel's own note: the slot the entry sits in, 0 for none."""

    def expire(self, now: float) -> None:
        """The deadline has passed."""


class Timer:
    """A callback at a later moment, on the I/O thread that owns the wheel."""

    __slots__ = ("_callback", "deadline", "slot")

    def __init__(self, deadline: float, callback: Callable[[], None]) -> None:
        self.deadline = deadline
        self.slot = 0
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Never call back. Any thread; the entry leaves the wheel when its slot comes."""
        self._callback = None

    def expire(self, now: float) -> None:
        """Call back, unless cancelled. I/O thread."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class TimerWheel:
    """All deadlines of one I/O thread."""

    __slots__ = ("_granularity_s", "_order", "_slots")

    def __init__(self, granularity_s: float = 0.01) -> None:
        self._granularity_s = granularity_s
        self._slots: dict[int, dict[Entry, None]] = {}
        self._order: list[int] = []

    def __len__(self) -> int:
        return sum(len(entries) for entries in self._slots.values())

    def set(self, entry: Entry, deadline: float) -> None:
        """Give `entry` a deadline (seconds, monotonic clock), in place of the one it had."""
        entry.deadline = deadline
        slot = entry.slot
        if deadline == NEVER:
            return
        wanted = int(deadline / self._granularity_s) + 1
        if slot and slot <= wanted:
            return
        if slot:
            self._take_out(entry)
        self._put_in(entry, wanted)

    def remove(self, entry: Entry) -> None:
        """Forget `entry`."""
        entry.deadline = NEVER
        if entry.slot:
            self._take_out(entry)

    def due(self, now: float) -> list[Entry]:
        """Take out what is due at `now`; entries whose deadline has moved on find their new place."""
        order, slots = self._order, self._slots
        current = int(now / self._granularity_s)
        found: list[Entry] = []
        while order and order[0] <= current:
            for entry in slots.pop(heapq.heappop(order), ()):
                entry.slot = 0
                deadline = entry.deadline
                if deadline <= now:
                    entry.deadline = NEVER
                    found.append(entry)
                elif deadline != NEVER:
                    self._put_in(entry, int(deadline / self._granularity_s) + 1)
        return found

    def next_s(self, now: float) -> float | None:
        """Seconds until something may be due (never negative), None for nothing."""
        order, slots = self._order, self._slots
        while order and order[0] not in slots:
            heapq.heappop(order)
        if not order:
            return None
        return max(0.0, order[0] * self._granularity_s - now)

    def _put_in(self, entry: Entry, slot: int) -> None:
        entries = self._slots.get(slot)
        if entries is None:
            entries = self._slots[slot] = {}
            heapq.heappush(self._order, slot)
        entries[entry] = None
        entry.slot = slot

    def _take_out(self, entry: Entry) -> None:
        entries = self._slots.get(entry.slot)
        if entries is not None:
            entries.pop(entry, None)
            if not entries:
                del self._slots[entry.slot]
        entry.slot = 0
