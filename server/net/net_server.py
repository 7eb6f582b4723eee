"""The sockets of the server as one thing: start, stop accepting, drain, stop.

Owns the threads of this package and the numbering of connections; the parts themselves live in their own modules.
Called by whoever runs the server (`server.app`), from its main thread. Order at the end: `stop_accepting`, the
application answers its parked exchanges, `drain`, `stop`.
"""

import dataclasses
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Sequence

from server.net.acceptor import Acceptor, ContextSource
from server.net.admission import Admission, Verdict
from server.net.application import Application
from server.net.client import Client
from server.net.connection_state import State
from server.net.descriptors import affordable_connections
from server.net.exchange import ConnectionInfo
from server.net.io_thread import IoThread
from server.net.net_limits import NetLimits

_DRAIN_LOOK_S = 0.02
_STOP_S = 5.0


class FixedContext:
    """A TLS context that never changes, as a source of contexts."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def current(self) -> ssl.SSLContext:
        """That context."""
        return self._context


class NetServer:
    """I/O threads over given listeners; the first of them accepts."""

    def __init__(
        self,
        application: Application,
        *,
        listeners: Sequence[socket.socket],
        context: ssl.SSLContext | ContextSource | None,
        limits: NetLimits | None = None,
        io_threads: int = 1,
        uncapped: frozenset[str] = frozenset(),
    ) -> None:
        """Nothing runs before `start`.

        Args:
            application: what answers.
            listeners: bound sockets; they are made to listen, and closed by `stop_accepting`.
            context: a TLS context, a source of them (`tls.CertificateFiles`), or None for plain HTTP (tests).
            limits: deadlines and caps; the cap of connections is lowered to what the descriptor limit affords.
            io_threads: threads that own connections.
            uncapped: addresses (trusted proxies) without a cap of their own.
        """
        limits = limits or NetLimits()
        affordable = affordable_connections(limits.max_connections, limits.descriptor_reserve)
        self.limits = dataclasses.replace(limits, max_connections=affordable)
        self._admission = Admission(self.limits, uncapped)
        handshakes = max(1, self.limits.max_handshakes // io_threads)
        self._threads = [
            IoThread(f"io-{number + 1}", application, self._admission, self.limits, handshakes)
            for number in range(io_threads)
        ]
        self._turns = itertools.cycle(self._threads)
        self._numbers = itertools.count(1)
        contexts = FixedContext(context) if isinstance(context, ssl.SSLContext) else context
        self._acceptor = Acceptor(
            self._threads[0],
            listeners,
            admission=self._admission,
            adopt=self._adopt,
            contexts=contexts,
            limits=self.limits,
        )

    def start(self) -> None:
        """Begin to serve."""
        for thread in self._threads:
            thread.start()
        self._acceptor.start()

    def stop_accepting(self) -> None:
        """Close the listeners; connections live on."""
        self._acceptor.stop()

    def drain(self, timeout_s: float) -> bool:
        """Let open requests finish and close the rest.

        Idle connections close at once, answers written from now on close theirs, requests that arrive meanwhile are
        still answered. Parked exchanges end when the application answers them. Returns whether everything was said
        on all connections within `timeout_s` seconds.
        """
        for thread in self._threads:
            if thread.is_alive():
                thread.run_soon(thread.start_draining)
        until = time.monotonic() + timeout_s
        while any(client.state is not State.CLOSING for client in self._clients()):
            if time.monotonic() >= until:
                return False
            time.sleep(_DRAIN_LOOK_S)
        return True

    def stop(self) -> None:
        """Close everything and end all threads. Harmless when it was done before."""
        self.stop_accepting()
        for thread in self._threads:
            thread.stop()
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(_STOP_S)

    def connections(self) -> list[ConnectionInfo]:
        """What is known about every connection, oldest first. Any thread."""
        return sorted((client.info for client in self._clients()), key=lambda info: info.id)

    def counters(self) -> dict[str, int]:
        """Figures for the console and for health. Any thread."""
        clients = self._clients()
        states = [client.state for client in clients]
        return {
            "accepted": self._acceptor.accepted,
            "turned_away": self._acceptor.turned_away,
            "connections": len(clients),
            "handshakes": states.count(State.HANDSHAKE),
            "working": states.count(State.WORKING),
            "parked": states.count(State.PARKED),
            "writing": states.count(State.WRITING),
            "max_connections": self.limits.max_connections,
        }

    def _clients(self) -> list[Client]:
        return [client for thread in self._threads for client in list(thread.clients.values())]

    def _adopt(
        self, sock: socket.socket, address: str, port: int, verdict: Verdict, context: ssl.SSLContext | None
    ) -> None:
        info = ConnectionInfo(next(self._numbers), address, port, time.monotonic())
        next(self._turns).adopt(sock, info, verdict, context)
