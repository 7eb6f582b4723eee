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

CRLF: Final = b"\r\n"
CR, LF = CRLF
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
        if self._phase is ChunkPhase.DATA:
            at = self._finish_chunk(buffer, at)
        if self._phase is ChunkPhase.SIZE:
            at = self._read_chunks(buffer, at)
        if self._phase is ChunkPhase.TRAILERS:
            at = self._read_trailers(buffer, at)
        del buffer[:at]
        return bytes(self._body) if self._phase is ChunkPhase.DONE else None

    def _enter(self, phase: ChunkPhase) -> None:
        assert phase in CHUNK_PHASES[self._phase]
        self._phase = phase

    def _read_chunks(self, buffer: bytearray, at: int) -> int:
        """Decodes whole chunks; stops where bytes are missing or behind the last chunk."""
        limit = self._limits.max_chunk_line_bytes
        received = len(buffer)
        while True:
            match = grammar.CHUNK_LINE.match(buffer, at, at + limit)
            if match is None:
                self._refuse_complete_line(buffer, at)
                return at
            size = self._check_size(match[1])
            start = match.end()
            self._count_overhead(start - at, size)
            if size == 0:
                self._enter(ChunkPhase.TRAILERS)
                return start
            at = start + size + 2
            if at > received or buffer[at - 2] != CR or buffer[at - 1] != LF:
                self._left = size
                self._enter(ChunkPhase.DATA)
                return self._finish_chunk(buffer, start)
            self._body += buffer[start : start + size]

    def _check_size(self, digits: bytes) -> int:
        if len(digits) > self._limits.max_chunk_size_digits:
            raise bad_request("A chunk size has too many digits.")
        size = int(digits, 16)
        if len(self._body) + size > self._max_bytes:
            raise body_too_large()
        return size

    def _count_overhead(self, line_bytes: int, size: int) -> None:
        overhead = self._overhead + line_bytes - _FREE_CHUNK_OVERHEAD - 2 * size
        self._overhead = overhead if overhead > 0 else 0
        if overhead > self._limits.max_chunk_overhead_bytes:
            raise bad_request("The chunked coding carries too little data; use larger chunks.")

    def _refuse_complete_line(self, buffer: bytearray, at: int) -> None:
        """Says what is wrong with a chunk-size line that did not match, unless its end is missing."""
        end = line_end(buffer, at, self._limits.max_chunk_line_bytes)
        if end == TOO_LONG:
            raise bad_request("A chunk-size line is too long.")
        if end != INCOMPLETE:
            raise bad_request("A chunk-size line is malformed.")

    def _finish_chunk(self, buffer: bytearray, at: int) -> int:
        """Takes the data of one chunk once it and the CRLF behind it are there."""
        end = at + self._left
        behind = buffer[end : end + 2]
        if behind != CRLF[: len(behind)]:
            raise bad_request("The data of a chunk has to end with CR LF after its size.")
        if len(behind) < 2:
            return at
        self._body += buffer[at:end]
        self._enter(ChunkPhase.SIZE)
        return end + 2

    def _read_trailers(self, buffer: bytearray, at: int) -> int:
        """Checks and drops trailer lines up to the empty line that ends the message."""
        limits = self._limits
        while True:
            left = limits.max_trailer_bytes - self._trailer_bytes
            end = line_end(buffer, at, min(limits.max_field_line_bytes, left))
            if end == INCOMPLETE:
                return at
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
            at = end
