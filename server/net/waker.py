"""Wakes a thread that waits in `select`, through a pair of connected sockets.

Owns the pair and the promise that many wakes before one look cost one byte. `wake` is for any thread; everything else
is for the thread that waits. Sockets and not a pipe, because Windows selects nothing else.
"""

import selectors
import socket


class Waker:
    """The bell of one waiting thread."""

    __slots__ = ("_bell", "_ear", "_rung")

    def __init__(self) -> None:
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        self._rung = False

    def attach(self, selector: selectors.BaseSelector) -> None:
        """Let `selector` wait for the bell too; the waker is the key's data."""
        selector.register(self._ear, selectors.EVENT_READ, self)

    def wake(self) -> None:
        """Ring, unless it rings already. Any thread."""
        if self._rung:
            return
        self._rung = True
        try:
            self._bell.send(b"\0")
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            return

    def on_event(self, mask: int) -> None:
        """Stop the ringing; call before looking at what was posted.

        The bell is emptied first and the note taken back second: a byte sent in between would be swallowed while the
        note still said that it rings, and nobody would ever ring again.
        """
        try:
            self._ear.recv(4096)
        except (BlockingIOError, InterruptedError):
            pass  # somebody else's event, or the byte is still on its way
        self._rung = False

    def close(self) -> None:
        """Give the sockets back."""
        self._ear.close()
        self._bell.close()
