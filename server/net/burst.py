"""Answers of one turn: encrypted one after the other first, and only then sent.

Owns the order. The first byte that is sent wakes its reader, and where readers share the machine with the server, or
its network card's interrupts do, they take processor time from the rest: what is ready before the first `send` is not
slowed by it, so the last of many readers has the answer sooner. Used by one I/O thread, in one go; nothing of a burst
outlives the turn.
"""

from collections.abc import Callable

from server.net.channels import ConnectionLost
from server.net.connection_state import State
from server.net.owner import Connection, Sealed

FEW_ANSWERS = 4
MOST_ANSWERS = 1024
MOST_BYTES = 4 * 1024 * 1024


class Burst:
    """Encrypted answers that wait for `send`."""

    __slots__ = ("_bytes", "_guard", "_sealed", "gathering")

    def __init__(self, guard: Callable[[Connection, Callable[[], None]], None]) -> None:
        """Makes an empty one; `guard` takes a step of a connection, as IoThread.guard does."""
        self._guard = guard
        self._sealed: list[Sealed] = []
        self._bytes = 0
        self.gathering = False
        """Whether small answers are to be added instead of sent."""

    def add(self, sealed: Sealed, size_bytes: int) -> None:
        """Takes an answer; its bytes are in the channel's `unsent`."""
        self._sealed.append(sealed)
        self._bytes += size_bytes

    @property
    def full(self) -> bool:
        """Whether it is time to send."""
        return self._bytes >= MOST_BYTES or len(self._sealed) >= MOST_ANSWERS

    def send(self) -> None:
        """Sends all, and then lets every connection go on."""
        sealed, self._sealed, self._bytes = self._sealed, [], 0
        for writer in sealed:
            try:
                writer.client.channel.flush()
            except ConnectionLost:
                writer.client.drop()
        for writer in sealed:
            if writer.client.state is State.WRITING:  # else it was dropped
                self._guard(writer.client, writer.sealed_is_sent)
