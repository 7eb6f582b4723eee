"""The last applied batches of one open notebook, kept in memory for the polls that are nearly up to date.

Owns how much is kept and which span of it answers a poll. The log in the database stays the truth: where the
tail does not reach, or cannot tell the strokes of a span as of its end, the poll takes the road through the log.
Guarded by the lock of its room. Rule P1.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from server.updates.answers import NO_EFFECTS, Effects
from server.updates.messages import Applied

MAX_ENTRIES = 1000
MAX_BYTES = 512 * 1024


class Span(NamedTuple):
    """What a poll gets from the tail: the entries after its `since` and the effects as of the last one."""

    entries: list[bytes]
    effects: Effects


class Tail:
    """Contiguous batches that end at `end`; `start` is the smallest `since` they can answer.

    The newest batch stays whatever its size, so that one big save does not send every reader to the log.
    """

    __slots__ = ("_batches", "bytes", "end", "entries", "start")

    def __init__(self, end: int) -> None:
        self._batches: deque[Applied] = deque()
        self.start = end
        self.end = end
        self.entries = 0
        self.bytes = 0

    def append(self, applied: Applied) -> None:
        """Adds a batch that begins at `end`."""
        self._batches.append(applied)
        self.end = applied.to_seq
        self.entries += len(applied.entries)
        self.bytes += _size(applied)
        while len(self._batches) > 1 and (self.entries > MAX_ENTRIES or self.bytes > MAX_BYTES):
            self._drop_oldest()

    def restart(self, end: int) -> None:
        """Forgets everything: the log went on without the tail."""
        self._batches.clear()
        self.start = self.end = end
        self.entries = self.bytes = 0

    def span(self, since: int) -> Span | None:
        """The entries after `since`, which lies between `start` and `end`.

        Returns:
            None when a batch before the last ones tells strokes that later entries may have altered: their
            state as of `end` is not here (the log road computes it).
        """
        entries: list[bytes] = []
        effects = NO_EFFECTS
        parts: list[list[bytes]] = []
        altered_later = False
        for applied in reversed(self._batches):
            if applied.to_seq <= since:
                break
            parts.append(
                applied.entries if applied.from_seq >= since else applied.entries[since - applied.from_seq :]
            )
            if applied.has_effects:
                if altered_later:
                    return None
                effects = Effects(applied.strokes, applied.hidden, applied.reload)
            if not applied.only_appends:
                altered_later = True
        for part in reversed(parts):
            entries.extend(part)
        return Span(entries, effects)

    def _drop_oldest(self) -> None:
        oldest = self._batches.popleft()
        self.start = oldest.to_seq
        self.entries -= len(oldest.entries)
        self.bytes -= _size(oldest)


def _size(applied: Applied) -> int:
    return sum(map(len, applied.entries)) + sum(map(len, applied.strokes.values())) + 12 * len(applied.hidden)
