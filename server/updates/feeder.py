"""The main process's end of the pipe to the update process: messages go down it in the order they were given.

Owns that whoever gives a message never blocks: a small one is written at once where the pipe has room, which spares
a stroke the way over another thread; all else goes through the feeding thread, all that waits in one list. `send` on
any thread.
"""

from __future__ import annotations

import select
import threading
from collections import deque
from typing import Any

from server.updates.messages import Message
from server.updates.packing import packed
from server.updates.receiver import PipeEnd

MESSAGES_AT_ONCE = 256
BYTES_AT_ONCE = 4000
"""With its head less than a page: a pipe that can be written to at all takes that much without blocking."""


class Feeder:
    """One pipe and the thread that writes what could not be written at once."""

    def __init__(self, pipe: PipeEnd) -> None:
        """Makes it; `start` starts the thread.

        Args:
            pipe: the end to write to; closed by the thread.
        """
        self._pipe = pipe
        self._changed = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._writing = False
        self._ended = False
        self._room = _poll_for_room(pipe)
        self._thread = threading.Thread(target=self._run, name="updates-pipe", daemon=True)

    def start(self) -> None:
        """Starts the feeding thread."""
        self._thread.start()

    def send(self, message: Message) -> None:
        """Writes a message, or leaves it to the thread. Any thread; never blocks."""
        with self._changed:
            if self._waiting or self._writing or not self._written_at_once(message):
                self._waiting.append(message)
                self._changed.notify()

    def end(self) -> None:
        """Writes what waits, then closes the pipe."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _written_at_once(self, message: Message) -> bool:
        if self._room is None or self._ended:
            return False
        data = packed([message])
        if len(data) > BYTES_AT_ONCE or not self._room.poll(0):
            return False
        try:
            self._pipe.send_bytes(data)
        except (OSError, ValueError):
            return False  # the child is gone; the thread will find the same and end
        return True

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                self._pipe.send_bytes(packed(batch))
            except (OSError, ValueError):
                break
        with self._changed:
            self._room = None
            self._pipe.close()

    def _next_batch(self) -> list[Message]:
        """All that waits, up to a number; empty at the end."""
        with self._changed:
            self._writing = False
            self._changed.wait_for(lambda: self._waiting or self._ended)
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MESSAGES_AT_ONCE))]
            self._writing = bool(batch)
        return batch


def _poll_for_room(pipe: Any) -> Any:
    """Tells whether a pipe can be written to; None on systems whose pipes cannot be asked."""
    if not hasattr(select, "poll"):
        return None
    room = select.poll()
    room.register(pipe.fileno(), select.POLLOUT)
    return room
