"""Writes answers: encoding, the fast way for small ones, and everything about big ones, slow readers and streams.

One `AnswerWriter` per connection, on its I/O thread; it tells the `Client` when an answer is with the kernel. Up to
16 KiB head and body go out as one record and one `send`, or, in a burst of answers, with the others of it; a bigger body
is sliced, never copied; a stream is pulled piece by piece. Owns the deadlines of sending. Status and framing are the
business of `http_core.writer`.
"""

import logging
import selectors
from collections.abc import Iterator
from typing import Protocol

from http_core.errors import ParsingError
from http_core.packet import EncodedResponse, Response
from http_core.writer import encode_head, encode_response, stays_open
from server.net.outgoing import BodyStream, Outgoing, Progress
from server.net.owner import Connection, Owner

_log = logging.getLogger(__name__)
_READ = selectors.EVENT_READ
_WRITE = selectors.EVENT_WRITE
_JOINED_BYTES = 16 * 1024
_STREAM_RETRY_S = 0.02
BUSY = ParsingError(503, "busy", "The server is busy. It is worth another try in a moment.")
BROKEN = ParsingError(500, "failed", "Something went wrong here. Try again in a moment.")


class Reader(Connection, Protocol):
    """Who gets the answers: the connection."""

    @property
    def may_listen(self) -> bool:
        """Whether bytes of later requests may still be taken in."""

    def answered(self, sent_bytes: int) -> None:
        """The answer is with the kernel."""

    def read_on(self) -> None:
        """An answer is finished: what follows on this connection."""


class AnswerWriter:
    """The writing half of a connection."""

    __slots__ = ("_began", "_outgoing", "_owner", "_sealed_bytes", "client", "keep", "status")

    def __init__(self, client: Reader, owner: Owner) -> None:
        self.client = client
        self._owner = owner
        self._sealed_bytes = 0
        self._outgoing: Outgoing | None = None
        self._began = 0.0
        self.keep = True
        """Whether the connection stays open after this answer."""
        self.status = 0

    def reply(
        self, response: Response | EncodedResponse, *, head_only: bool, http10: bool, keep: bool
    ) -> None:
        """Encode for this request and write. Raises ConnectionLost."""
        self.status = response.status
        if isinstance(response, EncodedResponse):
            self.keep = keep
            wire = response.wire
            if head_only or http10 or not keep:
                wire = _adapted(wire, head_only=head_only, http10=http10, keep=keep)
            if self._owner.burst.gathering and len(wire) <= self._owner.limits.piece_bytes:
                self.client.channel.seal(wire, last=not keep)
                self._sealed_bytes = len(wire)
                self._owner.burst.add(self, len(wire))
            else:
                self.write(wire)
            return
        keep = self.keep = stays_open(response, http10=http10, keep_alive=keep)
        stream, date = response.stream, self._owner.date()
        joined = stream is None and (head_only or len(response.body) <= _JOINED_BYTES)
        try:
            if joined:
                wire = encode_response(
                    response, head_only=head_only, http10=http10, keep_alive=keep, date=date
                )
            else:
                wire = encode_head(response, http10=http10, keep_alive=keep, date=date)
        except ValueError:
            _log.exception("An answer that may not be sent")
            self._write_refusal(BROKEN, head_only=head_only)
            return
        if joined:
            self.write(wire)
        elif stream is not None:
            self._start_stream(wire, stream, head_only=head_only, chunked=not http10)
        else:
            self._outgoing = Outgoing(wire, response.body)
            self._start_pumping()

    def write(self, wire: bytes) -> None:
        """Write an answer that is all here; most are gone after one `send`. Raises ConnectionLost."""
        channel = self.client.channel
        if len(wire) <= self._owner.limits.piece_bytes and not channel.unsent:
            channel.send(wire, last=not self.keep)
            self._all_given(len(wire))
        else:
            self._outgoing = Outgoing(wire)
            self._start_pumping()

    def sealed_is_sent(self) -> None:
        """What the socket took at once of an answer of the burst is gone. Raises ConnectionLost."""
        size_bytes, self._sealed_bytes = self._sealed_bytes, 0
        self._all_given(size_bytes)
        self.client.read_on()

    def _all_given(self, size_bytes: int) -> None:
        """The channel has the whole answer: it is with the kernel, or its rest follows. Raises ConnectionLost."""
        if not self.client.channel.unsent:
            self.client.answered(size_bytes)
            return
        self._outgoing = Outgoing()
        self._outgoing.written = size_bytes
        self._start_pumping()

    def pump(self) -> None:
        """Write on; whenever the reader took something its deadline moves. Raises ConnectionLost."""
        client, owner, outgoing = self.client, self._owner, self._outgoing
        assert outgoing is not None
        channel, limits = client.channel, owner.limits
        before = outgoing.written - len(channel.unsent)
        progress = outgoing.pump(channel, limits.piece_bytes, limits.pump_bytes)
        taken = outgoing.written - len(channel.unsent)
        if taken != before:
            self._set_deadline(taken)
        match progress:
            case Progress.DONE:
                self._outgoing = None
                client.answered(outgoing.written)
                client.read_on()
            case Progress.BLOCKED:
                owner.set_interest(client, _WRITE)
            case Progress.STARVED:
                owner.set_interest(client, _READ if client.may_listen else 0)
                self._pull()

    def abandon(self) -> int:
        """The connection is gone; returns how much of the answer was written."""
        outgoing, self._outgoing = self._outgoing, None
        if outgoing is None:
            return self._sealed_bytes
        outgoing.drop()
        return outgoing.written

    def _start_pumping(self) -> None:
        self._began = self._owner.monotonic()
        self._set_deadline(0)
        self.pump()

    def _set_deadline(self, taken_bytes: int) -> None:
        """A stall ends the connection, and so does a reader that is too slow over the whole answer."""
        owner, limits = self._owner, self._owner.limits
        slowest = self._began + limits.send_total_s + taken_bytes / limits.send_rate_bytes
        owner.wheel.set(self.client, min(owner.monotonic() + limits.send_stall_s, slowest))

    def _write_refusal(self, error: ParsingError, *, head_only: bool = False) -> None:
        """Answer an error in place of an answer of which nothing was written."""
        self.keep = False
        refusal = self._owner.application.refuse(error, self.client.info.peer)
        self.status = refusal.status
        date = self._owner.date()
        self.write(encode_response(refusal, head_only=head_only, http10=False, keep_alive=False, date=date))

    # -- streams -----------------------------------------------------------------------------------------------

    def _start_stream(self, head: bytes, pieces: Iterator[bytes], *, head_only: bool, chunked: bool) -> None:
        """Nothing is written before the first piece is here, so that a failure until then is still a 500."""
        client, owner = self.client, self._owner
        stream = BodyStream(
            pieces,
            owner.application.run_blocking,
            owner.run_soon,
            lambda piece, failed: owner.guard(client, lambda: self._piece_arrived(piece, failed)),
        )
        if head_only:
            stream.drop()
            self.write(head)
            return
        self._outgoing = Outgoing(stream=stream, head=head, chunked=chunked)
        self._start_pumping()

    def _pull(self) -> None:
        """Ask for the next piece; a full pool is asked again a little later, or refuses what has not begun."""
        outgoing = self._outgoing
        if outgoing is None or outgoing.stream is None or outgoing.stream.pull():
            return
        if outgoing.head:
            self.abandon()
            self._write_refusal(BUSY)
        else:
            owner = self._owner
            owner.call_later(_STREAM_RETRY_S, lambda: owner.guard(self.client, self._pull))

    def _piece_arrived(self, piece: bytes | None, failed: bool) -> None:
        """A piece of the stream is made (None: that was all). Raises ConnectionLost."""
        outgoing = self._outgoing
        if outgoing is None:
            return
        if not failed:
            outgoing.add(piece)
            self.pump()
        elif outgoing.head:
            self.abandon()
            self._write_refusal(BROKEN)
        else:
            self.client.drop()  # without close_notify or last chunk: the reader sees that it is cut


def _adapted(wire: bytes, *, head_only: bool, http10: bool, keep: bool) -> bytes:
    """An answer encoded for many readers, as this one needs it: without body, or saying what becomes of the connection."""
    if head_only:
        wire = wire[: wire.index(b"\r\n\r\n") + 4]
    if keep and not http10:
        return wire
    line_end = wire.index(b"\r\n") + 2
    word = b"keep-alive" if keep else b"close"
    return b"".join((wire[:line_end], b"Connection: ", word, b"\r\n", wire[line_end:]))
