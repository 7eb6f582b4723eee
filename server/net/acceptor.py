"""Accepts connections on an I/O thread, admits them or turns them away, and never waits for one of them.

Owns the listening sockets while it runs. It reads no byte of a connection: handshake and everything after belong to
the connection's I/O thread. It has no thread of its own: where two threads want the interpreter, every system call
of one hands it to the other, and that was a sixth of the cost of a new connection. Errors of one dead connection are
skipped; a process without descriptors pauses (a little longer each time, up to a limit) and sheds one waiting
connection per pause, so that it neither spins nor lets everybody hang.
"""

import errno
import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from server.net.admission import Admission, Verdict, plain_address
from server.net.deadlines import Timer
from server.net.descriptors import SpareDescriptor
from server.net.net_limits import NetLimits

_log = logging.getLogger(__name__)
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_FIRST_PAUSE_S = 0.05
_BURST = 16
_STOP_S = 5.0
_INHERITED = sys.platform == "linux"
"""Whether an accepted socket has the TCP options of its listener, so that they need not be set on each."""


class ContextSource(Protocol):
    """Where the TLS context of the next connection comes from (`tls.CertificateFiles`)."""

    def current(self) -> ssl.SSLContext:
        """The context for the next connection."""


class Host(Protocol):
    """The I/O thread, as far as accepting needs it."""

    def watch(self, sock: socket.socket, ready: Callable[[], None]) -> None:
        """Call `ready` whenever `sock` can be read. The host's thread."""

    def unwatch(self, sock: socket.socket) -> None:
        """No longer. The host's thread."""

    def run_soon(self, job: Callable[[], None]) -> None:
        """Run `job` on the host's thread. Any thread."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back on the host's thread. Any thread."""

    def is_alive(self) -> bool:
        """Whether the thread runs."""


Adopt = Callable[[socket.socket, str, int, Verdict, ssl.SSLContext | None], None]
"""Takes over a connection: socket, address, port, verdict, TLS context."""


class Acceptor:
    """Accepts on every listener until it is stopped. `start` and `stop` are for any thread, the rest for the host's."""

    def __init__(
        self,
        host: Host,
        listeners: Sequence[socket.socket],
        *,
        admission: Admission,
        adopt: Adopt,
        contexts: ContextSource | None,
        limits: NetLimits,
    ) -> None:
        self._host = host
        self._listeners = list(listeners)
        self._admission = admission
        self._adopt = adopt
        self._contexts = contexts
        self._limits = limits
        self._spare = SpareDescriptor()
        self._closed = threading.Event()
        self._pause_s = 0.0
        self._resting = False
        self.accepted = 0
        self.turned_away = 0

    def start(self) -> None:
        """Listen from now on, and accept on the host's thread."""
        for listener in self._listeners:
            listener.setblocking(False)
            self._tune(listener)
            listener.listen(self._limits.backlog)
        self._host.run_soon(self._watch)

    def stop(self) -> None:
        """Accept no more and close the listeners; returns when it is done. Harmless when it was done before."""
        if not self._closed.is_set() and self._host.is_alive():
            self._host.run_soon(self._close)
            self._closed.wait(_STOP_S)
        self._close()

    def _watch(self) -> None:
        self._resting = False
        if not self._closed.is_set():
            for listener in self._listeners:
                self._host.watch(listener, lambda listener=listener: self._accept_some(listener))  # type: ignore[misc]

    def _unwatch(self) -> None:
        if not self._resting:
            for listener in self._listeners:
                self._host.unwatch(listener)

    def _close(self) -> None:
        if not self._closed.is_set():
            self._unwatch()
            for listener in self._listeners:
                listener.close()
            self._spare.release()
            self._closed.set()

    def _accept_some(self, listener: socket.socket) -> None:
        for _ in range(_BURST):
            try:
                connection, address = listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._exhausted(listener, error)
                    return
                continue  # the connection died before it was accepted: not our concern
            self._pause_s = 0.0
            self._admit(connection, plain_address(str(address[0])), int(address[1]))

    def _exhausted(self, listener: socket.socket, error: OSError) -> None:
        if not self._pause_s:
            _log.warning("No descriptor for another connection (%s); accepting pauses", error.strerror)
        self._spare.shed_one(listener)
        self._pause_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), self._limits.max_accept_pause_s)
        if not self._resting:
            self._unwatch()
            self._resting = True
            self._host.call_later(self._pause_s, self._watch)

    def _admit(self, connection: socket.socket, address: str, port: int) -> None:
        self.accepted += 1
        verdict = self._admission.ask(address)
        if verdict is not Verdict.ADMIT:
            self.turned_away += 1
        if verdict is Verdict.CLOSE:
            connection.close()
            return
        try:
            connection.setblocking(False)
            if not _INHERITED:
                self._tune(connection)
            context = self._contexts.current() if self._contexts is not None else None
        except OSError:  # dead already
            self._admission.release(address, verdict)
            connection.close()
            return
        self._adopt(connection, address, port, verdict, context)

    def _tune(self, sock: socket.socket) -> None:
        limits = self._limits
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", limits.keepalive_idle_s),
            ("TCP_KEEPALIVE", limits.keepalive_idle_s),
            ("TCP_KEEPINTVL", limits.keepalive_interval_s),
            ("TCP_KEEPCNT", limits.keepalive_probes),
        ):
            option = getattr(socket, name, None)
            if option is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
