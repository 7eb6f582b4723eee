"""Wakes a thread that waits in `select`, through a pair of connected sockets.

Owns the pair and the promise that many wakes before one look cost one byte. `wake` is for any thread; everything else
is for the thread that waits. A thread that has several things to leave rings after the last of them (`rung_together`):
whoever is woken by the first one takes the interpreter and the processor from the rest. Sockets and not a pipe, because
Windows selects nothing else.
"""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Held(threading.local):
    """The bells that this thread rings later; None while it rings them at once."""

    bells: "list[Waker] | None" = None


_held = _Held()


@contextmanager
def rung_together() -> Iterator[None]:
    """Puts off the ringing of this thread's bells to the end of the block. Any thread; blocks do not nest."""
    bells: list[Waker] = []
    _held.bells = bells
    try:
        yield
    finally:
        _held.bells = None
        for bell in bells:
            bell.wake()


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
        if _held.bells is not None:
            _held.bells.append(self)
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
