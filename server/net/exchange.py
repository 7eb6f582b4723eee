"""One request on its way to its answer, and what is known about the connection it came on.

Owns who answers: the first answer wins, from whatever thread, and a connection that is gone cannot be answered any
more. Holds no socket; the I/O thread that owns the connection (`Road` here) does the writing. Proves nothing about
HTTP; `answer_many` is how one encoded answer reaches many waiting polls (P1) with one wake per I/O thread.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from http_core.packet import EncodedResponse, Request, Response
from server.net.deadlines import Timer


class ConnectionInfo:
    """What may be told about a connection: where it comes from, and the labels the application gives it.

    `since` and `parked_since` are seconds on the monotonic clock. The labels (`user`, `notebook`, `role`) are for
    the console and the access log only; no decision rests on them.
    """

    __slots__ = ("id", "notebook", "parked_since", "peer", "port", "role", "since", "user")

    def __init__(self, connection_id: int, peer: str, port: int, since: float) -> None:
        self.id = connection_id
        self.peer = peer
        self.port = port
        self.since = since
        self.user = ""
        self.notebook: int | None = None
        self.role = ""
        self.parked_since: float | None = None


class Party(Protocol):
    """The connection, as far as an exchange needs it."""

    dispatching: bool
    """Whether `Application.handle` runs for this connection right now."""

    def park(self, exchange: "Exchange") -> None:
        """Let this exchange wait without a deadline. I/O thread."""


class Road(Protocol):
    """The I/O thread, as far as an exchange needs it."""

    answer_lock: threading.Lock

    @property
    def ident(self) -> int | None:
        """Identity of the thread."""

    def deliver(self, exchanges: Sequence["Exchange"]) -> None:
        """Write the answers of these exchanges. Any thread."""

    def run_soon(self, job: Callable[[], None]) -> None:
        """Run `job` on the I/O thread. Any thread."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back on the I/O thread. Any thread."""


class _Gone:
    """Stands in the place of the answer when the connection closed first."""


_GONE = _Gone()


class Exchange:
    """One request, from its last byte to its answer."""

    __slots__ = (
        "__weakref__",
        "_client",
        "_on_gone",
        "_outcome",
        "_owner",
        "connection",
        "ended_empty",
        "peer",
        "request",
        "started",
        "was_parked",
    )

    def __init__(
        self, request: Request, connection: ConnectionInfo, client: Party, owner: Road, started: float
    ) -> None:
        self.request = request
        self.connection = connection
        self.peer = connection.peer
        """Address of the client; the application may put the one behind a trusted proxy here."""
        self.ended_empty = False
        """Set by the application for a poll that ended without news; only the access log asks."""
        self.was_parked = False
        self.started = started
        self._client = client
        self._owner = owner
        self._outcome: Response | EncodedResponse | _Gone | None = None
        self._on_gone: Callable[[], None] | None = None

    @property
    def response(self) -> Response | EncodedResponse | None:
        """The answer, once there is one."""
        outcome = self._outcome
        return None if isinstance(outcome, _Gone) else outcome

    def answer(self, response: Response | EncodedResponse) -> bool:
        """Answer the request. Any thread; False when it was answered before or the connection is gone."""
        owner = self._owner
        with owner.answer_lock:
            if self._outcome is not None:
                return False
            self._outcome = response
        if not (self._client.dispatching and threading.get_ident() == owner.ident):
            owner.deliver((self,))
        return True

    def on_gone(self, callback: Callable[[], None]) -> None:
        """Call back on the I/O thread if the connection closes before the answer. Any thread; the last one counts."""
        with self._owner.answer_lock:
            gone = self._outcome is _GONE
            if not gone:
                self._on_gone = callback
        if gone:
            self._owner.run_soon(callback)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back on the owning I/O thread after `delay_s` seconds, unless cancelled. Any thread."""
        return self._owner.call_later(delay_s, callback)

    def park(self) -> None:
        """Wait without a deadline until the answer. Any thread; a dead peer ends it through `on_gone`."""
        if threading.get_ident() == self._owner.ident:
            self._client.park(self)
        else:
            self._owner.run_soon(lambda: self._client.park(self))

    def abandon(self) -> None:
        """The connection is gone: no answer is possible any more. I/O thread."""
        with self._owner.answer_lock:
            answered = self._outcome is not None
            if not answered:
                self._outcome = _GONE
            callback, self._on_gone = self._on_gone, None
        if callback is not None and not answered:
            callback()

    def take_answer(self) -> Response | EncodedResponse | None:
        """The answer, once there is one, to be written now; what only mattered before it is dropped. I/O thread."""
        outcome = self._outcome
        if outcome is None or outcome is _GONE:
            return None
        self._on_gone = None
        return outcome  # type: ignore[return-value]  # the only other value is _GONE


def answer_many(exchanges: Sequence[Exchange], encoded: EncodedResponse) -> None:
    """Give one encoded answer to many waiting exchanges, with one wake per I/O thread. Any thread.

    Exchanges that were answered before, or whose connection is gone, are left out.
    """
    by_owner: dict[int, tuple[Road, list[Exchange]]] = {}
    for exchange in exchanges:
        owner = exchange._owner
        by_owner.setdefault(id(owner), (owner, []))[1].append(exchange)
    for owner, group in by_owner.values():
        taken = []
        with owner.answer_lock:
            for exchange in group:
                if exchange._outcome is None:
                    exchange._outcome = encoded
                    taken.append(exchange)
        owner.deliver(taken)
