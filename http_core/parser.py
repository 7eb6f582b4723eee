"""Bytes of one connection in, requests out; no socket, no clock, no application.

Owns the order of things on a connection: head, body, one request at a time (the next one is not looked
at before `start_next`), the end. The verdict on a stream of bytes does not depend on how it was cut into
reads. After a protocol error nothing more is read: whoever may have smuggled something gets no second
message. Used by one thread at a time; in the server by the connection's I/O thread.
"""

import enum
from typing import Final, Literal, NamedTuple, TypeAlias

from http_core import framing
from http_core.bodies import ChunkedBody, LengthBody
from http_core.errors import ParsingError
from http_core.head import HeadReader
from http_core.limits import Limits
from http_core.packet import Request
from http_core.phases import PHASES, Phase


class Signal(enum.Enum):
    """Events that carry no request."""

    NEED_DATA = "need data"
    """nothing can be said before more bytes arrive"""
    PAUSED = "paused"
    """a whole request was delivered and `start_next` has not been called"""
    CLOSED = "closed"
    """there will be no further request"""


NEED_DATA: Final = Signal.NEED_DATA
PAUSED: Final = Signal.PAUSED
CLOSED: Final = Signal.CLOSED

# Looked up once: reading a member through its class costs as much as a comparison of strings.
_HEAD: Final = Phase.HEAD
_BODY: Final = Phase.BODY
_DELIVERED: Final = Phase.DELIVERED
_CLOSED: Final = Phase.CLOSED


class Head(NamedTuple):
    """The head of a request that has a body; `request.body` is still empty.

    Requests without a body are complete with their head and come as `Complete` only.
    """

    request: Request


class Complete(NamedTuple):
    """A whole request; the same object as in `Head`, now with its body."""

    request: Request


Event: TypeAlias = (
    Head | Complete | Literal[Signal.NEED_DATA] | Literal[Signal.PAUSED] | Literal[Signal.CLOSED]
)


class RequestParser:
    """The receiving half of one connection.

    Feed it with `receive`, then call `next_event` until it returns a `Signal`:

    - `Head`: a body will follow. Optionally `limit_body`; send 100 if `request.expects_continue` and
      `buffered` is 0.
    - `Complete`: answer the request, then `start_next`.
    """

    __slots__ = ("_body", "_buffer", "_ended", "_heads", "_limits", "_phase", "_request", "truncated")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._heads = HeadReader(limits)
        self._phase: Phase = _HEAD
        self._ended = False
        self._request: Request | None = None
        self._body: LengthBody | ChunkedBody | None = None
        self.truncated = False
        """Whether the stream ended inside a message; such a message is never delivered."""

    def receive(self, data: bytes) -> None:
        """Takes bytes as they were read; b"" is the end of the stream.

        The parser keeps all of it: a caller that goes on reading while `PAUSED` bounds `buffered` itself.
        """
        if not data:
            self._ended = True
        elif self._phase is not _CLOSED:
            self._buffer += data

    def next_event(self) -> Event:
        """Advances as far as the received bytes allow.

        Raises:
            ParsingError: once, for the first thing that is wrong; every later call returns CLOSED.
        """
        phase = self._phase
        try:
            if phase is _HEAD:
                return self._read_head()
            if phase is _BODY:
                return self._read_body()
        except ParsingError:
            self._close()
            raise
        return PAUSED if phase is _DELIVERED else CLOSED

    def limit_body(self, max_bytes: int) -> None:
        """Sets the bound on the body of the request whose `Head` was just returned, in bytes.

        Raises:
            ParsingError: 413 when a larger one is announced; the parser is closed then.
            RuntimeError: no body is being read.
        """
        if self._body is None:
            raise RuntimeError("no body is being read")
        try:
            self._body.limit(min(max_bytes, self._limits.max_body_bytes))
        except ParsingError:
            self._close()
            raise

    def start_next(self) -> None:
        """Goes on to the next request, once the answer to the delivered one is finished.

        Raises:
            RuntimeError: no request is being answered, or its body has not been read to the end.
        """
        if self._phase is _CLOSED:
            return
        if self._phase is not _DELIVERED:
            raise RuntimeError("no complete request was delivered")
        assert self._request is not None
        if self._request.keep_alive:
            self._enter(_HEAD)
        else:
            self._close()
        self._request = None

    @property
    def phase(self) -> Phase:
        """Where the input of the connection stands."""
        return self._phase

    @property
    def method(self) -> str:
        """Method of the request that is being read or was refused; "" when its first line has not come.

        HEAD has no content even in the answer to a request that is refused for something else.
        """
        return self._heads.method

    @property
    def buffered(self) -> int:
        """Number of received bytes that have not become part of a request."""
        return len(self._buffer)

    @property
    def idle(self) -> bool:
        """Whether the parser waits for a request of which no byte has been seen."""
        return self._phase is _HEAD and not self._buffer

    def _enter(self, phase: Phase) -> None:
        assert phase in PHASES[self._phase]
        self._phase = phase

    def _close(self) -> None:
        self._enter(_CLOSED)
        self._buffer.clear()
        self._body = None

    def _read_head(self) -> Event:
        if not self._buffer:
            return self._wait()
        head = self._heads.take(self._buffer)
        if head is None:
            return self._wait()
        method, target, minor, headers = head
        http10 = minor == 0
        host, length, keep_alive, expects = framing.read_framing(
            headers, target, http10=http10, max_body_bytes=self._limits.max_body_bytes
        )
        request = Request(
            method,
            target,
            (1, minor),
            headers,
            host=host,
            keep_alive=keep_alive,
            expects_continue=expects,
        )
        self._request = request
        if length == 0:
            self._enter(_DELIVERED)
            return Complete(request)
        if length == framing.CHUNKED:
            self._body = ChunkedBody(self._limits, self._limits.max_body_bytes)
        else:
            self._body = LengthBody(length, self._limits.max_body_bytes)
        self._enter(_BODY)
        return Head(request)

    def _read_body(self) -> Event:
        assert self._body is not None and self._request is not None
        body = self._body.take(self._buffer)
        if body is None:
            return self._wait()
        self._request.body = body
        self._body = None
        self._enter(_DELIVERED)
        return Complete(self._request)

    def _wait(self) -> Event:
        """More bytes are needed; at the end of the stream there are none."""
        if not self._ended:
            return NEED_DATA
        self.truncated = self._phase is _BODY or bool(self._buffer)
        self._close()
        return CLOSED
