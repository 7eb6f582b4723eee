"""The thread that accepts connections, admits them or turns them away, and never waits for one of them.

Owns the listening sockets while it runs. It reads no byte of a connection: handshake and everything after belong to
an I/O thread. Errors of one dead connection are skipped; a process without descriptors pauses (a little longer each
time, up to a limit) and sheds one waiting connection per pause, so that it neither spins nor lets everybody hang.
"""

import errno
import logging
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from server.net.admission import Admission, Verdict, plain_address
from server.net.descriptors import SpareDescriptor
from server.net.net_limits import NetLimits
from server.net.waker import Waker

_log = logging.getLogger(__name__)
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_FIRST_PAUSE_S = 0.05
_BURST = 64


class ContextSource(Protocol):
    """Where the TLS context of the next connection comes from (`tls.CertificateFiles`)."""

    def current(self) -> ssl.SSLContext:
        """The context for the next connection."""


Adopt = Callable[[socket.socket, str, int, Verdict, ssl.SSLContext | None], None]
"""Takes over a connection: socket, address, port, verdict, TLS context."""


class Acceptor(threading.Thread):
    """Accepts on every listener until it is stopped."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        admission: Admission,
        adopt: Adopt,
        contexts: ContextSource | None,
        limits: NetLimits,
    ) -> None:
        super().__init__(name="acceptor", daemon=True)
        self._listeners = list(listeners)
        self._admission = admission
        self._adopt = adopt
        self._contexts = contexts
        self._limits = limits
        self._waker = Waker()
        self._spare = SpareDescriptor()
        self._stopping = False
        self._pause_s = 0.0
        self.accepted = 0
        self.turned_away = 0

    def start(self) -> None:
        """Listen from now on, and accept on this thread."""
        for listener in self._listeners:
            listener.setblocking(False)
            listener.listen(self._limits.backlog)
        super().start()

    def run(self) -> None:
        """Accept until `stop`; then the listeners are closed."""
        selector, bell = selectors.DefaultSelector(), selectors.DefaultSelector()
        try:
            self._waker.attach(selector)
            self._waker.attach(bell)
            for listener in self._listeners:
                selector.register(listener, selectors.EVENT_READ, listener)
            while not self._stopping:
                for key, mask in selector.select():
                    if key.data is self._waker:
                        self._waker.on_event(mask)
                    else:
                        self._accept_some(key.data)
                if self._pause_s:
                    # a rest hears only the waker; its selector was made while there were descriptors
                    for _, mask in bell.select(self._pause_s):
                        self._waker.on_event(mask)
        finally:
            selector.close()
            bell.close()
            for listener in self._listeners:
                listener.close()
            self._spare.release()
            self._waker.close()

    def stop(self) -> None:
        """Accept no more and close the listeners. Any thread; returns when it is done."""
        self._stopping = True
        if self.is_alive():
            self._waker.wake()
            self.join()

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

    def _admit(self, connection: socket.socket, address: str, port: int) -> None:
        self.accepted += 1
        verdict = self._admission.ask(address)
        if verdict is not Verdict.ADMIT:
            self.turned_away += 1
        if verdict is Verdict.CLOSE:
            connection.close()
            return
        try:
            self._prepare(connection)
            context = self._contexts.current() if self._contexts is not None else None
        except OSError:  # dead already
            self._admission.release(address, verdict)
            connection.close()
            return
        self._adopt(connection, address, port, verdict, context)

    def _prepare(self, connection: socket.socket) -> None:
        limits = self._limits
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", limits.keepalive_idle_s),
            ("TCP_KEEPALIVE", limits.keepalive_idle_s),
            ("TCP_KEEPINTVL", limits.keepalive_interval_s),
            ("TCP_KEEPCNT", limits.keepalive_probes),
        ):
            option = getattr(socket, name, None)
            if option is not None:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
