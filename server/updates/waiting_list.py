"""How many polls wait, whose they are and when they end.

Owns the caps (in all, per session) and the deadlines, in slots of 0.2 s, so that ten thousand waiting polls cost a
dictionary step each and nothing while nothing happens. Does not answer anybody. One lock, never held while another
is taken. Any thread. Rules P1 (25 s +-10 %), P4.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from server.domain.failures import Failure
from server.updates.polls import Poll

SLOT_S = 0.2


@dataclass(frozen=True, slots=True)
class PollLimits:
    """The figures of waiting polls and of what is kept for them."""

    waiting: int = 12_000
    waiting_per_session: int = 64
    deadline_s: float = 25.0
    jitter: float = 0.1
    rooms: int = 4096
    tail_bytes: int = 64 * 1024 * 1024


class WaitingList:
    """The polls that wait, in whatever room."""

    def __init__(self, limits: PollLimits, random: Random, call_at: Callable[[int], None]) -> None:
        """Makes an empty list.

        Args:
            limits: the caps and the deadline.
            random: for the jitter.
            call_at: has `take_slot` called when a slot is over, which is at its number times `SLOT_S`.
        """
        self._limits = limits
        self._random = random
        self._call_at = call_at
        self._lock = threading.Lock()
        self._sessions: dict[bytes, dict[Poll, None]] = {}
        self._slots: dict[int, dict[Poll, None]] = {}
        self._count = 0

    @property
    def count(self) -> int:
        """How many wait."""
        return self._count

    @property
    def sessions(self) -> int:
        """Of how many sessions."""
        return len(self._sessions)

    def add(self, poll: Poll, now_s: float) -> Poll | None:
        """Notes a poll that begins to wait.

        Returns:
            The oldest poll of its session when that has too many; the caller ends it.

        Raises:
            Failure: 503, too many wait in all.
        """
        limits = self._limits
        delay_s = limits.deadline_s * (1 + limits.jitter * (2 * self._random.random() - 1))
        slot = math.ceil((now_s + delay_s) / SLOT_S)
        victim = None
        with self._lock:
            if self._count >= limits.waiting:
                raise Failure.of("busy", retry_after_s=2)
            if poll.session is not None:
                mine = self._sessions.setdefault(poll.session, {})
                if len(mine) >= limits.waiting_per_session:
                    victim = next(iter(mine))
                mine[poll] = None
            self._count += 1
            poll.slot = slot
            polls = self._slots.get(slot)
            fresh = polls is None
            if polls is None:
                polls = self._slots[slot] = {}
            polls[poll] = None
        if fresh:
            self._call_at(slot)
        return victim

    def remove(self, polls: Iterable[Poll]) -> None:
        """Notes that polls, each of them added before, no longer wait."""
        with self._lock:
            for poll in polls:
                slot = self._slots.get(poll.slot)
                if slot is not None:
                    slot.pop(poll, None)
                if poll.session is not None:
                    mine = self._sessions.get(poll.session)
                    if mine is not None:
                        mine.pop(poll, None)
                        if not mine:
                            del self._sessions[poll.session]
                self._count -= 1

    def take_slot(self, slot: int) -> list[Poll]:
        """The polls whose deadline has come; they stay on the list until they are removed."""
        with self._lock:
            return list(self._slots.pop(slot, ()))
