"""What the connection level asks of the program above it, and what it tells the log.

Owns the `Application` protocol and the `AccessRecord`. The methods say which thread calls
them: those of the I/O thread must never block, because every connection of that thread waits meanwhile.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from http_core.errors import ParsingError
from http_core.packet import Request, Response
from server.net.exchange import ConnectionInfo, Exchange


class AccessRecord(NamedTuple):
    """One finished request, for one line of the access log.

    `path` never holds a query (share codes travel there). `sent_bytes` counts head and body before encryption, and
    what was written of an answer that broke off. `method` and `path` are "-" when the head could not be read.
    """

    method: str
    path: str
    status: int
    sent_bytes: int
    duration_ms: float
    peer: str
    user: str
    parked: bool
    ended_empty: bool

    @classmethod
    def of(
        cls, exchange: Exchange | None, info: ConnectionInfo, status: int, sent_bytes: int, now: float
    ) -> "AccessRecord":
        """The record of an exchange that ended at `now` (monotonic, seconds); None for an unreadable request."""
        if exchange is None:
            return cls("-", "-", status, sent_bytes, 0.0, info.peer, info.user, False, False)
        request = exchange.request
        return cls(
            request.method,
            request.target.path,
            status,
            sent_bytes,
            (now - exchange.started) * 1000.0,
            exchange.peer,
            info.user,
            exchange.was_parked,
            exchange.ended_empty,
        )


class Application(Protocol):
    """The program behind the sockets; `server.web` implements it."""

    def body_limit(self, request: Request) -> int:
        """Bytes of body this route takes. I/O thread, when the head is complete."""

    def early_refusal(self, exchange: Exchange) -> Response | None:
        """An answer that needs no body, before it is read. I/O thread, when the body is still on its way."""

    def handle(self, exchange: Exchange) -> None:
        """Answer, park, or hand to another thread. I/O thread: must not block."""

    def refuse(self, error: ParsingError, peer: str, request: Request | None = None) -> Response:
        """The whole answer to a protocol error, a deadline (408) or a full server (503). I/O thread.

        `request` is given where it was read: a person who looks for a page gets one (H3).
        """

    def plain_http(self, first_bytes: bytes) -> bytes:
        """The bytes that answer plain HTTP on the TLS port. I/O thread."""

    def run_blocking(self, job: Callable[[], None]) -> bool:
        """Run `job` on a handler thread; False when the pool is full. I/O thread."""

    def log(self, record: AccessRecord) -> None:
        """Note one finished request. Any thread."""
