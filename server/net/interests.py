"""Which sockets a thread waits for, and for what.

Owns the selector of one I/O thread and what is registered with it: the thread's bell, its listeners, its connections.
A connection that waits for nothing is not registered at all, so a poll that waits for news costs the selector one
entry and a connection whose input is full costs none. Used by the thread alone. The data of every key has `on_event`.
"""

import logging
import selectors
import socket
from collections.abc import Callable

from server.net.owner import Connection
from server.net.waker import Waker

_log = logging.getLogger(__name__)


class _Watch:
    """A socket that is nobody's connection: a listener."""

    __slots__ = ("_ready",)

    def __init__(self, ready: Callable[[], None]) -> None:
        self._ready = ready

    def on_event(self, mask: int) -> None:
        """It can be read. A failure is logged; the thread goes on."""
        try:
            self._ready()
        except Exception:
            _log.exception("Accepting failed")


class Interests:
    """What one thread waits for."""

    __slots__ = ("_selector", "select")

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.select = self._selector.select
        """Waits at most so many seconds (None: as long as it takes) and returns the keys that are ready."""

    def hear(self, bell: Waker) -> None:
        """Let other threads end the waiting by this bell."""
        bell.attach(self._selector)

    def watch(self, sock: socket.socket, ready: Callable[[], None]) -> None:
        """Call `ready` whenever `sock`, which is no connection, can be read."""
        self._selector.register(sock, selectors.EVENT_READ, _Watch(ready))

    def unwatch(self, sock: socket.socket) -> None:
        """No longer."""
        self._selector.unregister(sock)

    def change(self, client: Connection, events: int) -> None:
        """Wait for other events than before of the connection's socket (0: none)."""
        sock = client.channel.sock
        if not client.events:
            self._selector.register(sock, events, client)
        elif not events:
            self._selector.unregister(sock)
        else:
            self._selector.modify(sock, events, client)
        client.events = events

    def close(self) -> None:
        """Wait for nothing any more."""
        self._selector.close()
