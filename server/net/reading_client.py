"""The reading half of a connection: bytes become requests, and what is waited for has its deadline.

Everything here runs on the I/O thread that owns the connection. One request at a time is with the application, later
ones wait in the parser, so pipelined answers keep their order (H1); a client that sends many has its turn like the
others. Nothing that follows a refused message is read as a request. What becomes of a request that is whole, or
refused, is `client.py`'s business.
"""

import selectors
from abc import abstractmethod

from http_core.errors import ParsingError
from http_core.packet import Request, Response
from http_core.parser import Complete, Head, RequestParser
from http_core.phases import Phase
from http_core.writer import continue_100
from server.net.admission import Verdict
from server.net.channels import Channel
from server.net.connection_state import State
from server.net.exchange import ConnectionInfo, Exchange
from server.net.general_client import Awaiting, GeneralClient
from server.net.owner import Owner

MOST_KNOWN_BYTES = 2048
_READ = selectors.EVENT_READ


class ReadingClient(GeneralClient):
    """A connection that is read from."""

    __slots__ = ("_body_since", "_received", "_requests", "_waits_turn", "dispatching", "parser")

    def __init__(self, owner: Owner, channel: Channel, info: ConnectionInfo, verdict: Verdict) -> None:
        super().__init__(owner, channel, info, verdict)
        self.parser = RequestParser(owner.limits.http)
        self.dispatching = False
        """Whether `Application.handle` runs for this connection right now."""
        self._requests = 0
        self._received = 0
        self._body_since = 0.0
        self._waits_turn = False
        """Whether requests that are here already wait for the other connections to have their turn."""

    @abstractmethod
    def park(self, exchange: Exchange) -> None:
        """Let this exchange wait without a deadline."""

    @abstractmethod
    def _dispatch(self, request: Request) -> None:
        """A whole request is here."""

    @abstractmethod
    def _refuse(self, error: ParsingError) -> None:
        """What came is no request; nothing more is read."""

    @abstractmethod
    def _reply_and_close(self, refusal: Response) -> None:
        """The request that is being read is refused before its body is here."""

    def close_if_idle(self, longer_than_s: float = 0.0) -> None:
        """Close unless a request is under way."""
        if self.state is State.READING and self._awaiting is Awaiting.REQUEST and self.parser.idle:
            idle_since = self.deadline - (self._limits.idle_s if self._requests else self._limits.head_s)
            if idle_since + longer_than_s <= self._owner.monotonic():
                self.close()

    def _first_bytes(self, data: bytes) -> None:
        if data:
            self._take(data)
        if self.channel.ended:
            self._peer_ended()

    def _read(self) -> None:
        data = self.channel.receive()
        if data:
            self._take(data)
        if self.channel.ended:
            self._peer_ended()

    def _take(self, data: bytes) -> None:
        parser = self.parser
        if parser.idle:
            known = self._owner.known_requests.get(data)
            if known is not None:
                self._dispatch(known)
                if self.state is State.READING:
                    self._await_more()
                return
            alone = data if len(data) <= MOST_KNOWN_BYTES else None
        else:
            alone = None
        self._received += len(data)
        parser.receive(data)
        self._advance(alone)

    def _listen(self) -> None:
        """Bytes (or the end) while a request is being answered: keep a bounded amount for later."""
        data = self.channel.receive()
        if data:
            self.parser.receive(data)
            if not self.may_listen:
                self._owner.set_interest(self, 0)
        if self.channel.ended:
            self._peer_ended()

    def _peer_ended(self) -> None:
        """The peer will send no more. An unfinished request is not dispatched; a finished one is answered."""
        match self.state:
            case State.READING:
                if not self._waits_turn:
                    self.close()
            case State.PARKED | State.CLOSING | State.HANDSHAKE:
                self.drop()
            case State.WORKING | State.WRITING:
                if self.events & _READ:
                    self._owner.set_interest(self, self.events & ~_READ)
            case State.CLOSED:
                return

    def _advance(self, alone: bytes | None = None) -> None:
        """Take what the parser has, until it needs more bytes or the application more time.

        `alone` is what was received when it may be one whole request: the same bytes give the same request again.
        """
        parser = self.parser
        turns = self._limits.requests_per_turn
        while self.state is State.READING:
            try:
                event = parser.next_event()
                if isinstance(event, Head):
                    alone = None
                    self._on_head(event.request)
                    event = parser.next_event()
            except ParsingError as error:
                self._refuse(error)
                return
            if isinstance(event, Complete):
                if alone is not None:
                    if not parser.buffered:
                        self._owner.remember(alone, event.request)
                    alone = None
                self._dispatch(event.request)
                turns -= 1
                if not turns:
                    self.read_on()
                    return
            else:
                self._await_more()
                return

    @property
    def may_listen(self) -> bool:
        """Whether bytes of later requests may still be taken in."""
        return not self.channel.ended and self.parser.buffered <= self._limits.max_pipelined_bytes

    def read_on(self) -> None:
        """An answer is finished: the next request has its turn after the other connections."""
        if self.state is not State.READING:
            return
        if not self.channel.ended:
            self._owner.set_interest(self, _READ)
            if self.parser.idle:  # nothing has come meanwhile
                self._await_more()
                return
        if not self._waits_turn:
            self._waits_turn = True
            self._owner.again(self)

    def go_on(self) -> None:
        """Answer requests that have arrived already, now that others had their turn. Raises ConnectionLost."""
        self._waits_turn = False
        if self.state is State.READING:
            self._advance()
            if self.channel.ended:
                self._peer_ended()

    def _on_head(self, request: Request) -> None:
        """A request with a body: how much of it this route takes, and whether to ask for it. Raises ParsingError."""
        self._exchange = Exchange(request, self.info, self, self._owner, self._owner.monotonic())
        self.parser.limit_body(self._application.body_limit(request))
        self._body_since = self._exchange.started
        self._received = self.parser.buffered
        self._awaiting = Awaiting.HEAD

    def _await_more(self) -> None:
        """The parser needs bytes: which deadline holds now."""
        if self.parser.phase is Phase.BODY:
            if self._awaiting is not Awaiting.BODY:
                self._awaiting = Awaiting.BODY
                if not self._invite_body():
                    return
            allowed = self._limits.body_base_s + self._expected_bytes() / self._limits.body_rate_bytes
            self._owner.wheel.set(self, self._body_since + allowed)
        elif self.parser.idle:
            if self._requests:
                self._awaiting = Awaiting.REQUEST
                self._owner.wheel.set(self, self._owner.monotonic() + self._limits.idle_s)
        elif self._awaiting is not Awaiting.HEAD:
            self._awaiting = Awaiting.HEAD
            if self._requests:
                self._owner.wheel.set(self, self._owner.monotonic() + self._limits.head_s)

    def _invite_body(self) -> bool:
        """Refuse a request before its body is read, or ask for the body; False when it was refused."""
        exchange = self._exchange
        assert exchange is not None
        refusal = self._application.early_refusal(exchange)
        if refusal is not None:
            self._reply_and_close(refusal)
            return False
        if exchange.request.expects_continue and not self._received and not self.channel.unsent:
            self.channel.send(continue_100())
        return True

    def _expected_bytes(self) -> int:
        """Size of the body, as announced; what has come so far where it is chunked."""
        assert self._exchange is not None
        announced = self._exchange.request.headers.get("content-length")
        return int(announced) if announced is not None else self._received
