"""What a connection knows of the I/O thread that owns it, and the thread of its connections, as two protocols.

Owns no behaviour. With it every arrow of this package points one way: `io_thread` makes `client`s, which know their
thread by this face alone.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from http_core.packet import Request
from server.net.admission import Verdict
from server.net.application import AccessRecord, Application
from server.net.channels import Channel
from server.net.connection_state import State
from server.net.deadlines import Entry, Timer, TimerWheel
from server.net.exchange import ConnectionInfo, Exchange
from server.net.net_limits import NetLimits


class Connection(Entry, Protocol):
    """A connection, as its thread sees it. That thread alone."""

    channel: Channel
    events: int
    """What the selector waits for on its behalf; the thread's own note."""
    info: ConnectionInfo
    state: State
    verdict: Verdict

    def drop(self) -> None:
        """The end, without a word."""

    def go_on(self) -> None:
        """Another turn, now that the others had theirs. Raises ConnectionLost."""


class Sealed(Protocol):
    """The writing half of a connection whose answer is encrypted and not yet sent. That thread alone."""

    @property
    def client(self) -> Connection:
        """The connection."""

    def sealed_is_sent(self) -> None:
        """What the socket takes at once of the answer is with the kernel. Raises ConnectionLost."""


class Gatherer(Protocol):
    """The burst of the thread, as those see it whose answers it gathers. That thread alone."""

    gathering: bool
    """Whether small answers are to be added instead of sent."""

    def add(self, sealed: Sealed, size_bytes: int) -> None:
        """Take an answer; its bytes are in the channel's `unsent`."""


class Owner(Protocol):
    """The I/O thread, as its connections see it. That thread alone, but where it says otherwise."""

    application: Application
    limits: NetLimits
    wheel: TimerWheel
    answer_lock: threading.Lock
    monotonic: Callable[[], float]
    draining: bool
    known_requests: dict[bytes, Request]

    @property
    def ident(self) -> int | None:
        """Identity of the thread."""

    @property
    def burst(self) -> Gatherer:
        """Gathers the answers of this turn."""

    def deliver(self, exchanges: Sequence[Exchange]) -> None:
        """Write the answers of these exchanges. Any thread."""

    def run_soon(self, job: Callable[[], None]) -> None:
        """Run `job` on the I/O thread. Any thread."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back on the I/O thread. Any thread."""

    def guard(self, client: Connection, step: Callable[[], None]) -> None:
        """Take one step of a connection; if it fails, the connection ends and nothing else."""

    def set_interest(self, client: Connection, events: int) -> None:
        """Wait for these events of the connection's socket (0: none)."""

    def again(self, client: Connection) -> None:
        """Give the connection another turn after the others had theirs."""

    def remember(self, data: bytes, request: Request) -> None:
        """Keep a request that came alone in `data`."""

    def note(self, record: AccessRecord) -> None:
        """Log one finished request."""

    def date(self) -> str:
        """The value of the Date field."""

    def handshake_done(self, client: Connection) -> None:
        """It no longer counts as unfinished."""

    def plain_channel(self, channel: Channel) -> Channel:
        """The same socket without TLS, to answer plain HTTP."""

    def forget(self, client: Connection) -> None:
        """The connection is over."""
