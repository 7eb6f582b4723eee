"""The connections that make requests: each whole request goes to the application, and its answer back.

Everything here runs on the I/O thread that owns the connection. `general_client` has the life of the connection
around it, `reading_client` what comes in, `answer_writer` the way back. Method, route and access are the
application's business.
"""

import logging
import selectors

from http_core.errors import ParsingError
from http_core.packet import EncodedResponse, Request, Response
from http_core.phases import Phase
from server.net.admission import Verdict
from server.net.answer_writer import BROKEN, BUSY
from server.net.connection_state import State
from server.net.exchange import Exchange
from server.net.general_client import Awaiting
from server.net.reading_client import ReadingClient

_log = logging.getLogger(__name__)
_WRITE = selectors.EVENT_WRITE
_FULL = ParsingError(
    503, "too_many_connections", "The server holds as many connections as it can. Try again soon."
)


class Client(ReadingClient):
    """A connection that makes requests."""

    __slots__ = ()

    def on_event(self, mask: int) -> None:
        """The socket is ready. Raises ConnectionLost."""
        state = self.state
        if state is State.READING:
            self._read()
        elif state is State.WRITING and mask & _WRITE:
            self._writer.pump()
        elif state is State.WORKING or state is State.PARKED or state is State.WRITING:
            self._listen()
        elif state is State.HANDSHAKE:
            self._shake_hands()
        elif state is State.CLOSING:
            self.channel.discard()
            if self.channel.ended:
                self.drop()

    def expire(self, now: float) -> None:
        """The deadline of the present state has passed. Raises ConnectionLost."""
        match self.state:
            case State.HANDSHAKE:
                self._handshake_expired(now)
            case State.READING if self._awaiting is Awaiting.REQUEST:
                self.close()
            case State.READING:
                self._linger_s = self._limits.late_linger_s
                self._refuse(
                    ParsingError(408, "timeout", "The request took too long to arrive. Please send it again.")
                )
            case State.WORKING:
                if self._exchange is not None:
                    exchange = self._exchange
                    exchange.answer(self._application.refuse(BUSY, self.info.peer, exchange.request))
            case State.WRITING | State.CLOSING:
                self.drop()
            case State.PARKED | State.CLOSED:
                return

    def park(self, exchange: Exchange) -> None:
        """Let this exchange wait without a deadline."""
        if exchange is self._exchange and self.state is State.WORKING and exchange.response is None:
            self._move(State.PARKED)
            self.info.parked_since = self._owner.monotonic()
            exchange.was_parked = True
            self._owner.wheel.remove(self)

    def deliver(self, exchange: Exchange) -> None:
        """Write the answer another thread (or a timer) gave. Raises ConnectionLost."""
        state = self.state
        if exchange is self._exchange and (state is State.WORKING or state is State.PARKED):
            response = exchange.take_answer()
            if response is not None:
                self._answer(exchange, response)
                self.read_on()

    def _dispatch(self, request: Request) -> None:
        """A whole request: give it to the application, and write the answer if it has one at once."""
        owner = self._owner
        exchange = self._exchange
        if exchange is None:
            exchange = self._exchange = Exchange(request, self.info, self, owner, owner.monotonic())
        self._requests += 1
        self.state = State.WORKING  # from READING, always
        self.dispatching = True
        try:
            if self.verdict is Verdict.TURN_AWAY:
                exchange.answer(self._application.refuse(_FULL, self.info.peer, request))
            else:
                self._application.handle(exchange)
        except Exception:
            _log.exception("A handler failed")
            exchange.answer(self._application.refuse(BROKEN, self.info.peer, request))
        finally:
            self.dispatching = False
        response = exchange.take_answer()
        if response is not None:
            self._answer(exchange, response)
        elif self.state is State.WORKING:
            owner.wheel.set(self, exchange.started + self._limits.answer_s)

    def _answer(self, exchange: Exchange, response: Response | EncodedResponse) -> None:
        """Write the answer of the present exchange; afterwards the state is READING, WRITING or beyond."""
        request = exchange.request
        keep = (
            request.keep_alive
            and (not self.channel.ended or self.parser.buffered > 0)
            and not self._owner.draining
            and self._requests < self._limits.max_requests
            and exchange.started - self.info.since < self._limits.max_age_s
            and self.verdict is Verdict.ADMIT
        )
        self.state = State.WRITING  # from WORKING or PARKED, always
        self.info.parked_since = None
        self._writer.reply(response, head_only=request.method == "HEAD", http10=request.http10, keep=keep)

    def _refuse(self, error: ParsingError) -> None:
        """Answer a protocol error or a missed deadline; the connection closes after it."""
        self._reply_and_close(self._application.refuse(error, self.info.peer))

    def _reply_and_close(self, refusal: Response) -> None:
        """Answer the request that is being read, whatever of it could be read."""
        self._move(State.WRITING)
        self._writer.reply(refusal, head_only=self.parser.method == "HEAD", http10=False, keep=False)

    def answered(self, sent_bytes: int) -> None:
        """The answer is with the kernel: note it, and go on with the next request or say goodbye."""
        self._note(self._exchange, self._writer.status, sent_bytes)
        self._exchange = None
        if self._writer.keep:
            if (
                self.parser.phase is Phase.DELIVERED
            ):  # else it was a known request, of which the parser never heard
                self.parser.start_next()
            self.state = State.READING  # from WRITING, always
        else:
            self._linger()
