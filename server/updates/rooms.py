"""The rooms by notebook, and how many are kept.

Owns the table and its bounds: rooms that nobody waits in are closed, longest unopened first, when there are too many
or their tails hold too much. One lock, never held while a room's is taken. Any thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from server.domain.ids import NotebookId
from server.updates.room import Encode, Room

_WEIGHED_EVERY = 32


class Rooms:
    """The table."""

    def __init__(self, encode: Encode, *, max_rooms: int, max_tail_bytes: int) -> None:
        """Makes an empty table.

        Args:
            encode: what rooms encode answers with.
            max_rooms: how many are kept, those with readers apart.
            max_tail_bytes: what their tails hold together.
        """
        self._encode = encode
        self._max_rooms = max_rooms
        self._max_tail_bytes = max_tail_bytes
        self._lock = threading.Lock()
        self._rooms: OrderedDict[NotebookId, Room] = OrderedDict()
        self._opened = 0

    def get(self, notebook_id: NotebookId) -> Room | None:
        """The room of a notebook, if there is one."""
        return self._rooms.get(notebook_id)

    def open(self, notebook_id: NotebookId) -> Room:
        """The room of a notebook, made if need be."""
        with self._lock:
            room = self._rooms.get(notebook_id)
            if room is None or room.closed:
                room = self._rooms[notebook_id] = Room(notebook_id, self._encode)
            self._rooms.move_to_end(notebook_id)
            self._opened += 1
            return room

    def take_out(self, notebook_id: NotebookId) -> Room | None:
        """Takes a room out of the table; the caller closes it."""
        with self._lock:
            return self._rooms.pop(notebook_id, None)

    def take_idle(self) -> list[Room]:
        """Takes rooms that are too many out of the table, never the newest; the caller closes them."""
        taken: list[Room] = []
        with self._lock:
            heavy = self._opened % _WEIGHED_EVERY == 0 and self._tail_bytes() > self._max_tail_bytes
            if len(self._rooms) <= self._max_rooms and not heavy:
                return taken
            weight = self._tail_bytes()
            for room in list(self._rooms.values())[:-1]:
                if len(self._rooms) <= self._max_rooms and weight <= self._max_tail_bytes:
                    break
                if not room.waiting:
                    del self._rooms[room.id]
                    weight -= room.tail.bytes
                    taken.append(room)
        return taken

    def all(self) -> list[Room]:
        """All rooms."""
        with self._lock:
            return list(self._rooms.values())

    def counts(self) -> tuple[int, int]:
        """How many there are, and the bytes in their tails."""
        with self._lock:
            return len(self._rooms), self._tail_bytes()

    def _tail_bytes(self) -> int:
        return sum(room.tail.bytes for room in self._rooms.values())
