"""The thread that owns connections: one selector, one wheel of deadlines, one pair of TLS buffers.

Each connection belongs to one such thread for life, and only that thread touches its socket. Other threads leave
answers and jobs in two queues and ring the bell; many rings before a look are one. Nothing here blocks but `select`.
What goes wrong with one connection ends that connection, never the thread.
"""

import logging
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from http_core.dates import format_http_date
from http_core.packet import Request
from server.net.admission import Admission, Handshakes, Verdict
from server.net.application import Application
from server.net.burst import FEW_ANSWERS, Burst
from server.net.channels import Channel, ConnectionLost, PlainChannel, Scratch
from server.net.client import Client
from server.net.connection_state import State
from server.net.deadlines import Timer, TimerWheel
from server.net.exchange import ConnectionInfo, Exchange
from server.net.general_client import GeneralClient
from server.net.interests import Interests
from server.net.net_limits import NetLimits
from server.net.owner import Connection
from server.net.record_batch import RECORD_DELAY_S, RecordBatch
from server.net.tls_channel import TlsChannel
from server.net.waker import Waker

_log = logging.getLogger(__name__)
_CROWDED_SWEEP_S = 1.0
_MOST_KNOWN_REQUESTS = 1024


class IoThread(threading.Thread):
    """Runs the connections given to it until it is stopped."""

    def __init__(
        self, name: str, application: Application, admission: Admission, limits: NetLimits, handshakes: int
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.application = application
        self.limits = limits
        self.answer_lock = threading.Lock()
        self.wheel = TimerWheel()
        self.monotonic = time.monotonic
        self.draining = False
        self.burst = Burst(self.guard)
        self.clients: dict[int, Client] = {}
        self.known_requests: dict[bytes, Request] = {}
        """Requests without a body by their bytes. What bytes mean does not depend on who sent them, requests are never
        changed, and polls and files are asked for in the same words again and again: parsing them was a third of the
        work of an answer that is ready at once.
        """
        self._admission = admission
        self._handshakes: Handshakes[Connection] = Handshakes(handshakes)
        self._interests = Interests()
        self._waker = Waker()
        self._scratch = Scratch(limits.receive_bytes)
        self._answers: deque[Exchange] = deque()
        self._jobs: deque[Callable[[], None]] = deque()
        self._again: list[Connection] = []
        self._records = RecordBatch(application.log)
        self.note = self._records.note
        self._stopping = False
        self._sweeping = False

    # -- any thread --------------------------------------------------------------------------------------------

    def deliver(self, exchanges: Sequence[Exchange]) -> None:
        """Write the answers of these exchanges soon; one alone goes ahead of those for many. Any thread."""
        if len(exchanges) == 1:
            self._answers.appendleft(exchanges[0])
        else:
            self._answers.extend(exchanges)
        self._ring()

    def run_soon(self, job: Callable[[], None]) -> None:
        """Run `job` on this thread soon. Any thread."""
        self._jobs.append(job)
        self._ring()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back on this thread after `delay_s` seconds. Any thread."""
        timer = Timer(self.monotonic() + delay_s, callback)
        if threading.get_ident() == self.ident:
            self.wheel.set(timer, timer.deadline)
        else:
            self.run_soon(lambda: self.wheel.set(timer, timer.deadline))
        return timer

    def adopt(
        self, sock: socket.socket, info: ConnectionInfo, verdict: Verdict, context: ssl.SSLContext | None
    ) -> None:
        """Own a new connection from now on. Any thread."""
        if threading.get_ident() == self.ident:
            self._take_over(sock, info, verdict, context)
        else:
            self.run_soon(lambda: self._take_over(sock, info, verdict, context))

    def stop(self) -> None:
        """Close everything and end. Any thread; does not wait."""
        self._stopping = True
        self._waker.wake()

    def _ring(self) -> None:
        if threading.get_ident() != self.ident:
            self._waker.wake()

    # -- this thread -------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Wait, serve what is ready, write what others answered, expire what is due; until `stop`."""
        self._interests.hear(self._waker)
        select = self._interests.select
        try:
            while not self._stopping:
                self._turn(select(self._patience_s()))
        finally:
            for client in list(self.clients.values()):
                self.guard(client, client.close)
            self._records.hand_over()
            self._interests.close()
            self._waker.close()

    def _patience_s(self) -> float | None:
        if self._answers or self._jobs or self._again:
            return 0.0
        patience_s = self.wheel.next_s(self.monotonic())
        if self._records.waiting and (patience_s is None or patience_s > RECORD_DELAY_S):
            return RECORD_DELAY_S
        return patience_s

    def _turn(self, ready: list[tuple[selectors.SelectorKey, int]]) -> None:
        for key, mask in ready:
            try:
                key.data.on_event(mask)
            except ConnectionLost:
                key.data.drop()
            except Exception:
                self._report(key.data)
        if self._jobs:
            self._run_jobs()
        if self._answers:
            self._write_answers()
        if self._again:
            again, self._again = self._again, []
            for client in again:
                self.guard(client, client.go_on)
        self._expire()

    def _run_jobs(self) -> None:
        for _ in range(len(self._jobs)):
            job = self._jobs.popleft()
            try:
                job()
            except Exception:
                _log.exception("A job of %s failed", self.name)

    def _write_answers(self) -> None:
        answers, burst = self._answers, self.burst
        count = min(len(answers), self.limits.answers_per_turn)
        burst.gathering = count > FEW_ANSWERS
        for _ in range(count):
            if burst.full:
                burst.send()
            exchange = answers.popleft()
            client = self.clients.get(exchange.connection.id)
            if client is None:
                continue
            try:
                client.deliver(exchange)
            except ConnectionLost:
                client.drop()
            except Exception:
                self._report(client)
        burst.gathering = False
        burst.send()

    def _expire(self) -> None:
        now = self.monotonic()
        if self._records.waiting:
            self._records.hand_over_if_due(now, answering=bool(self._answers))
        for entry in self.wheel.due(now):
            try:
                entry.expire(now)
            except ConnectionLost:
                if isinstance(entry, GeneralClient):
                    entry.drop()
            except Exception:
                if isinstance(entry, GeneralClient):
                    self._report(entry)
                else:
                    _log.exception("A timer of %s failed", self.name)

    def guard(self, client: Connection, step: Callable[[], None]) -> None:
        """Take one step of a connection; if it fails, the connection ends and nothing else. This thread."""
        try:
            step()
        except ConnectionLost:
            client.drop()
        except Exception:
            self._report(client)

    def _report(self, client: Connection) -> None:
        _log.exception("A connection failed in state %s", client.state.name)
        client.drop()

    def _take_over(
        self, sock: socket.socket, info: ConnectionInfo, verdict: Verdict, context: ssl.SSLContext | None
    ) -> None:
        channel: Channel
        try:
            channel = PlainChannel(sock, self._scratch)
            if context is not None:
                channel = TlsChannel(sock, self._scratch, context)
        except (OSError, MemoryError):
            self._admission.release(info.peer, verdict)
            sock.close()
            return
        client = Client(self, channel, info, verdict)
        self.clients[info.id] = client
        if self.draining:
            client.drop()
            return
        if context is not None:
            slowest = self._handshakes.begin(client)
            if slowest is not None:
                slowest.drop()
        self.guard(client, client.begin)
        if self._admission.crowded and not self._sweeping:
            self._sweep()

    def _sweep(self) -> None:
        """While the server is crowded, close what has been idle for a while; once a second."""
        self._sweeping = self._admission.crowded
        if self._sweeping:
            for client in list(self.clients.values()):
                self.guard(client, lambda client=client: client.close_if_idle(self.limits.crowded_idle_s))  # type: ignore[misc]
            self.call_later(_CROWDED_SWEEP_S, self._sweep)

    def start_draining(self) -> None:
        """Answers close their connections from now on; idle ones close at once. This thread."""
        self.draining = True
        for client in list(self.clients.values()):
            if client.state is State.HANDSHAKE:
                client.drop()
            else:
                self.guard(client, client.close_if_idle)

    def watch(self, sock: socket.socket, ready: Callable[[], None]) -> None:
        """Call `ready` whenever `sock`, which is no connection, can be read. This thread."""
        self._interests.watch(sock, ready)

    def unwatch(self, sock: socket.socket) -> None:
        """No longer. This thread."""
        self._interests.unwatch(sock)

    def set_interest(self, client: Connection, events: int) -> None:
        """Wait for these events of the connection's socket (0: none)."""
        if events != client.events:
            self._interests.change(client, events)

    def remember(self, data: bytes, request: Request) -> None:
        """Keep a request that came alone in `data`."""
        if len(self.known_requests) >= _MOST_KNOWN_REQUESTS:
            self.known_requests.clear()
        self.known_requests[data] = request

    def again(self, client: Connection) -> None:
        """Give the connection another turn after the others had theirs."""
        self._again.append(client)

    def handshake_done(self, client: Connection) -> None:
        """It no longer counts as unfinished."""
        self._handshakes.end(client)

    def plain_channel(self, channel: Channel) -> Channel:
        """The same socket without TLS, to answer plain HTTP."""
        return PlainChannel(channel.sock, self._scratch)

    def forget(self, client: Connection) -> None:
        """The connection is over."""
        self.set_interest(client, 0)
        self.clients.pop(client.info.id, None)
        self._handshakes.end(client)
        self.wheel.remove(client)
        self._admission.release(client.info.peer, client.verdict)

    def date(self) -> str:
        """The value of the Date field."""
        return format_http_date(int(time.time()))
