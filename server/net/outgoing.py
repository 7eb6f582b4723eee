"""An answer that is written in more than one go: a big body, a slow reader, a stream.

Owns what is still to be written and how a streamed body is pulled: one piece at a time, on a handler thread, and only
when the reader has taken the one before (so a slow reader costs no thread and no more than one piece of memory).
Bodies are sliced as memoryviews, never copied. Used by one I/O thread; `BodyStream._advance` alone runs elsewhere.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum, auto

from http_core.writer import LAST_CHUNK, chunk
from server.net.channels import Channel

_log = logging.getLogger(__name__)


class Progress(Enum):
    """How far a pump came."""

    DONE = auto()
    BLOCKED = auto()
    """The socket takes no more for now."""
    STARVED = auto()
    """The stream has not made its next piece yet."""


class Outgoing:
    """What is still to be written of one answer."""

    __slots__ = ("_chunked", "_pieces", "complete", "head", "stream", "written")

    def __init__(
        self, *pieces: bytes, stream: "BodyStream | None" = None, head: bytes = b"", chunked: bool = False
    ) -> None:
        """`pieces` are written as they are; `head` waits for the first piece of `stream`."""
        self._pieces: deque[memoryview] = deque(memoryview(piece) for piece in pieces if piece)
        self._chunked = chunked
        self.head = head
        """The head of a stream of which nothing was written yet."""
        self.stream = stream
        self.complete = stream is None
        """Whether all pieces are here."""
        self.written = 0
        """Bytes of the answer given to the channel."""

    def add(self, piece: bytes | None) -> None:
        """Append a piece of the stream; None is its end."""
        head, self.head = self.head, b""
        if head:
            self._pieces.append(memoryview(head))
        if piece is None:
            self.complete = True
            if self._chunked:
                self._pieces.append(memoryview(LAST_CHUNK))
        else:
            self._pieces.append(memoryview(chunk(piece) if self._chunked else piece))

    def pump(self, channel: Channel, piece_bytes: int, budget_bytes: int) -> Progress:
        """Write what the socket takes, at most about `budget_bytes` (then BLOCKED). Raises ConnectionLost."""
        pieces = self._pieces
        while True:
            if channel.unsent:
                channel.flush()
                if channel.unsent:
                    return Progress.BLOCKED
            if not pieces:
                return Progress.DONE if self.complete else Progress.STARVED
            if budget_bytes <= 0:
                return Progress.BLOCKED
            piece = pieces[0]
            if len(piece) > piece_bytes:
                pieces[0] = piece[piece_bytes:]
                piece = piece[:piece_bytes]
            else:
                pieces.popleft()
            channel.send(piece)
            self.written += len(piece)
            budget_bytes -= len(piece)

    def drop(self) -> None:
        """Nobody will read the rest."""
        self._pieces.clear()
        if self.stream is not None:
            self.stream.drop()


class BodyStream:
    """Pulls a streamed body on handler threads, one piece at a time."""

    __slots__ = ("_arrived", "_dropped", "_iterator", "_pulling", "_run_blocking", "_run_soon")

    def __init__(
        self,
        iterator: Iterator[bytes],
        run_blocking: Callable[[Callable[[], None]], bool],
        run_soon: Callable[[Callable[[], None]], None],
        arrived: Callable[[bytes | None, bool], None],
    ) -> None:
        """`arrived(piece, failed)` is called on the I/O thread; a piece of None is the end."""
        self._iterator = iterator
        self._run_blocking = run_blocking
        self._run_soon = run_soon
        self._arrived = arrived
        self._pulling = False
        self._dropped = False

    def pull(self) -> bool:
        """Ask for the next piece. I/O thread; False when the pool is full, True also when one is under way."""
        if not self._pulling:
            self._pulling = self._run_blocking(self._advance)
        return self._pulling

    def drop(self) -> None:
        """No more pieces are wanted; the iterator is closed on a handler thread. I/O thread."""
        self._dropped = True
        if not self._pulling:
            self._run_blocking(self._close)

    def _advance(self) -> None:
        """Handler thread."""
        piece: bytes | None = b""
        failed = False
        try:
            while piece == b"":
                piece = next(self._iterator, None)
        except Exception:
            _log.exception("A streamed answer broke off")
            piece, failed = None, True
        self._run_soon(lambda: self._hand_over(piece, failed))

    def _hand_over(self, piece: bytes | None, failed: bool) -> None:
        """I/O thread."""
        self._pulling = False
        if self._dropped:
            self._run_blocking(self._close)
        else:
            self._arrived(piece, failed)

    def _close(self) -> None:
        """Handler thread: let a generator run its `finally`."""
        close = getattr(self._iterator, "close", None)
        if close is not None:
            close()
