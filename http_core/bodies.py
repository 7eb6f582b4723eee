"""The two ways a request body is delimited: a length, or chunks.

Each takes its bytes off the front of the parser's buffer as they arrive and says when it is complete.
Chunk extensions and trailer fields are checked and dropped. Works on values, does no I/O.
"""

from typing import Final

from http_core import grammar
from http_core.errors import bad_request, body_too_large, head_too_large
from http_core.head import check_field_line
from http_core.limits import Limits
from http_core.lines import INCOMPLETE, TOO_LONG, line_end
from http_core.phases import CHUNK_PHASES, ChunkPhase

_FREE_CHUNK_OVERHEAD: Final = 16


class LengthBody:
    """A body of known length; it waits in the buffer until it is whole."""

    __slots__ = ("_length",)

    def __init__(self, length: int, max_bytes: int) -> None:
        self._length = length
        self.limit(max_bytes)

    def limit(self, max_bytes: int) -> None:
        """Refuses the body when it is announced larger than that: ParsingError 413."""
        if self._length > max_bytes:
            raise body_too_large()

    def take(self, buffer: bytearray) -> bytes | None:
        """Removes the whole body from the buffer, or returns None while bytes are missing."""
        if len(buffer) < self._length:
            return None
        body = bytes(buffer[: self._length])
        del buffer[: self._length]
        return body


class ChunkedBody:
    """A chunked body (RFC 9112 section 7.1), decoded as it arrives."""

    __slots__ = (
        "_body",
        "_left",
        "_limits",
        "_max_bytes",
        "_overhead",
        "_phase",
        "_trailer_bytes",
        "_trailers",
    )

    def __init__(self, limits: Limits, max_bytes: int) -> None:
        self._limits = limits
        self._max_bytes = max_bytes
        self._body = bytearray()
        self._phase = ChunkPhase.SIZE
        self._left = 0
        self._overhead = 0
        self._trailers = 0
        self._trailer_bytes = 0

    def limit(self, max_bytes: int) -> None:
        """Lowers or raises the bound on the decoded body; called before its first byte is taken."""
        self._max_bytes = max_bytes

    def take(self, buffer: bytearray) -> bytes | None:
        """Removes what can be decoded from the buffer; returns the body when it is complete.

        Raises:
            ParsingError: 400 for malformed chunks, 413 as soon as a chunk is announced that would
                exceed the limit, 431 for trailers beyond theirs.
        """
        at = 0
        while self._phase is not ChunkPhase.DONE:
            if self._phase is ChunkPhase.SIZE:
                end = self._read_size(buffer, at)
            elif self._phase is ChunkPhase.DATA:
                end = self._read_data(buffer, at)
            else:
                end = self._read_trailer(buffer, at)
            if end == INCOMPLETE:
                break
            at = end
        del buffer[:at]
        return bytes(self._body) if self._phase is ChunkPhase.DONE else None

    def _enter(self, phase: ChunkPhase) -> None:
        assert phase in CHUNK_PHASES[self._phase]
        self._phase = phase

    def _read_size(self, buffer: bytearray, at: int) -> int:
        end = line_end(buffer, at, self._limits.max_chunk_line_bytes)
        if end == INCOMPLETE:
            return INCOMPLETE
        if end == TOO_LONG:
            raise bad_request("A chunk-size line is too long.")
        match = grammar.CHUNK_LINE.fullmatch(buffer[at:end].decode("latin-1"))
        if match is None:
            raise bad_request("A chunk-size line is malformed.")
        digits = match[1]
        if len(digits) > self._limits.max_chunk_size_digits:
            raise bad_request("A chunk size has too many digits.")
        size = int(digits, 16)
        if len(self._body) + size > self._max_bytes:
            raise body_too_large()
        self._overhead = max(0, self._overhead + end - at - _FREE_CHUNK_OVERHEAD - 2 * size)
        if self._overhead > self._limits.max_chunk_overhead_bytes:
            raise bad_request("The chunked coding carries too little data; use larger chunks.")
        self._left = size
        self._enter(ChunkPhase.DATA if size else ChunkPhase.TRAILERS)
        return end

    def _read_data(self, buffer: bytearray, at: int) -> int:
        end = at + self._left
        if len(buffer) <= end:
            return INCOMPLETE
        if buffer[end] != 0x0D:
            raise bad_request("The data of a chunk is longer than its size.")
        if len(buffer) == end + 1:
            return INCOMPLETE
        if buffer[end + 1] != 0x0A:
            raise bad_request("The data of a chunk has to end with CR LF.")
        self._body += buffer[at:end]
        self._enter(ChunkPhase.SIZE)
        return end + 2

    def _read_trailer(self, buffer: bytearray, at: int) -> int:
        limits = self._limits
        left = limits.max_trailer_bytes - self._trailer_bytes
        end = line_end(buffer, at, min(limits.max_field_line_bytes, left))
        if end == INCOMPLETE:
            return INCOMPLETE
        if end == TOO_LONG:
            raise head_too_large("The trailer fields are too large.")
        if end - at == 2:
            self._enter(ChunkPhase.DONE)
            return end
        self._trailers += 1
        self._trailer_bytes += end - at
        if self._trailers > limits.max_trailer_fields:
            raise head_too_large("The request has too many trailer fields.")
        check_field_line(buffer[at:end].decode("latin-1"))
        return end
