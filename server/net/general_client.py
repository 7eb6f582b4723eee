"""The life of one connection around its requests: handshake, deadline, goodbye, end.

Everything here runs on the I/O thread that owns the connection. The table of states is in `connection_state`, bytes
go through a `Channel`; what is read and answered in between is `client.py`'s business. As in the 2022 program a
`Client` is a `GeneralClient` that makes requests. Plain HTTP on the TLS port is answered here (H1).
"""

import selectors
from abc import ABC, abstractmethod
from enum import Enum, auto

from server.net.admission import Verdict
from server.net.answer_writer import AnswerWriter
from server.net.application import AccessRecord
from server.net.channels import Channel, PlainHttp
from server.net.connection_state import MOVES, State
from server.net.deadlines import NEVER
from server.net.exchange import ConnectionInfo, Exchange
from server.net.owner import Owner
from server.net.tls_channel import TlsChannel

_READ = selectors.EVENT_READ


class Awaiting(Enum):
    """What a READING connection waits for; each has its own deadline."""

    REQUEST = auto()
    HEAD = auto()
    BODY = auto()


class GeneralClient(ABC):
    """A connection and its place in the world."""

    __slots__ = (
        "_application",
        "_awaiting",
        "_exchange",
        "_limits",
        "_linger_s",
        "_owner",
        "_writer",
        "channel",
        "deadline",
        "events",
        "info",
        "slot",
        "state",
        "verdict",
    )

    def __init__(self, owner: Owner, channel: Channel, info: ConnectionInfo, verdict: Verdict) -> None:
        self._owner = owner
        self._application = owner.application
        self._limits = owner.limits
        self.channel = channel
        self.info = info
        self.verdict = verdict
        self.state = State.HANDSHAKE
        self.events = 0
        """What the selector waits for on our behalf; the I/O thread's own note."""
        self.deadline = NEVER
        self.slot = 0
        self._awaiting = Awaiting.REQUEST
        self._exchange: Exchange | None = None
        """The request that is being read or answered."""
        self._linger_s = owner.limits.linger_s
        self._writer = AnswerWriter(self, owner)

    def begin(self) -> None:
        """The connection was taken over: wait for the handshake, or for a request where there is none."""
        self._owner.set_interest(self, _READ)
        if isinstance(self.channel, TlsChannel):
            self._owner.wheel.set(self, self.info.since + self._limits.first_byte_s)
        else:
            self._move(State.READING)
            self._owner.wheel.set(self, self.info.since + self._limits.head_s)

    def close(self) -> None:
        """Say goodbye and go, without waiting for what the client might still send."""
        if self.state not in (State.CLOSING, State.CLOSED):
            self.channel.finish()
        self.drop()

    def drop(self) -> None:
        """The end: give everything back. What was not answered is told so."""
        if self.state is State.CLOSED:
            return
        was = self.state
        self._move(State.CLOSED)
        self._owner.forget(self)
        self.channel.close()
        self.info.parked_since = None
        written = self._writer.abandon()
        exchange, self._exchange = self._exchange, None
        if was in (State.WORKING, State.PARKED, State.WRITING):
            self._note(exchange, self._writer.status if was is State.WRITING else 0, written)
        if exchange is not None:
            exchange.abandon()

    def _move(self, state: State) -> None:
        if state not in MOVES[self.state]:
            raise RuntimeError(f"a connection cannot go from {self.state.name} to {state.name}")
        self.state = state

    def _shake_hands(self) -> None:
        try:
            data = self.channel.handshake()
        except PlainHttp as plain:
            self._answer_plain_http(plain.args[0])
            return
        if data is None:
            return
        self._owner.handshake_done(self)
        self._awaiting = Awaiting.REQUEST
        self._move(State.READING)
        self._owner.wheel.set(self, self.info.since + self._limits.head_s)
        self._first_bytes(data)
        self.channel.push_ahead()

    @abstractmethod
    def _first_bytes(self, data: bytes) -> None:
        """The handshake is done; `data` (maybe empty) came with its last step."""

    @abstractmethod
    def expire(self, now: float) -> None:
        """The deadline of the present state has passed. Raises ConnectionLost."""

    @abstractmethod
    def read_on(self) -> None:
        """An answer is finished: what follows on this connection."""

    @abstractmethod
    def go_on(self) -> None:
        """Another turn, now that the others had theirs. Raises ConnectionLost."""

    @property
    @abstractmethod
    def may_listen(self) -> bool:
        """Whether bytes of later requests may still be taken in."""

    def _handshake_expired(self, now: float) -> None:
        beginning = self.channel.plain_beginning if isinstance(self.channel, TlsChannel) else b""
        if beginning:
            self._answer_plain_http(beginning)
        elif self._awaiting is Awaiting.REQUEST:
            self._expect_hello(now)
        else:
            self.drop()

    def _expect_hello(self, now: float) -> None:
        """The deadline of the first byte: whoever has sent one has the rest of the handshake's time."""
        self._awaiting = Awaiting.HEAD
        self._shake_hands()
        until = self.info.since + self._limits.handshake_s
        if self.state is State.HANDSHAKE:
            if self.channel.silent or now >= until:
                self.drop()
            else:
                self._owner.wheel.set(self, until)

    def _answer_plain_http(self, first_bytes: bytes) -> None:
        """The polite answer goes in clear, then the connection ends."""
        self._owner.handshake_done(self)
        self.channel = self._owner.plain_channel(self.channel)
        self._move(State.WRITING)
        self._writer.keep, self._writer.status = False, 400
        self._writer.write(self._application.plain_http(first_bytes))

    @abstractmethod
    def answered(self, sent_bytes: int) -> None:
        """The answer is with the kernel."""

    def _linger(self) -> None:
        """Everything is said; unread bytes of the client must not turn into a reset that overtakes it."""
        self._move(State.CLOSING)
        self.channel.finish()
        if self.channel.ended:
            self.drop()
            return
        self._owner.set_interest(self, _READ)
        self._owner.wheel.set(self, self._owner.monotonic() + self._linger_s)

    def _note(self, exchange: Exchange | None, status: int, sent_bytes: int) -> None:
        self._owner.note(AccessRecord.of(exchange, self.info, status, sent_bytes, self._owner.monotonic()))
