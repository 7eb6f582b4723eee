"""The head of a request: from received bytes to request line and fields.

Owns the limits and the order of checks. The definition is line by line (`_read_lines`): the first line
that is wrong, in the order of the stream, decides the error as soon as it is complete. A head that
arrives whole and within every limit is matched by one pattern instead; it accepts exactly what the
definition accepts and decides no error itself. Reads no body and does no I/O.
"""

from typing import NamedTuple

from http_core import grammar
from http_core.errors import ParsingError, bad_request, head_too_large
from http_core.headers import Headers
from http_core.limits import Limits
from http_core.lines import INCOMPLETE, TOO_LONG, line_end
from http_core.target import Target, parse_target

_EMPTY_LINE = b"\r\n"
_END_OF_HEAD = b"\r\n\r\n"


class RequestLine(NamedTuple):
    """Method, checked target and minor version of a request line."""

    method: str
    target: Target
    minor: int


class CheckedHead(NamedTuple):
    """A request head of correct grammar; what its fields mean has not been looked at."""

    method: str
    target: Target
    minor: int
    headers: Headers


class HeadReader:
    """Reads one head after another from the front of a buffer that the parser fills."""

    __slots__ = (
        "_at",
        "_empty_lines",
        "_fields",
        "_fields_at",
        "_limits",
        "_line",
        "_pattern",
        "_whole_limit",
        "method",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # A head no longer than this cannot break a limit on bytes, only the number of its fields.
        self._whole_limit = min(
            limits.max_request_line_bytes, limits.max_field_line_bytes, limits.max_head_bytes
        )
        self._pattern = grammar.head_pattern(limits.max_fields)
        self.method = ""
        """Method of the head that was read last or is being read, whatever else may be wrong with it."""
        self._empty_lines = 0
        self._at = 0
        self._line: RequestLine | None = None
        self._fields_at = 0
        self._fields = 0

    def take(self, buffer: bytearray) -> CheckedHead | None:
        """Removes one complete head from the front of the buffer.

        Returns:
            The head, or None when more bytes are needed.

        Raises:
            ParsingError: 400, 414, 431 or 505.
        """
        if self._at == 0:
            end = buffer.find(_END_OF_HEAD) + 4
            if 4 <= end <= self._whole_limit:
                head = self._match_whole(buffer[:end].decode("latin-1"))
                if head is not None:
                    del buffer[:end]
                    self._empty_lines = 0
                    return head
        return self._read_lines(buffer)

    def _match_whole(self, text: str) -> CheckedHead | None:
        """Matches a head within the byte limits; None leaves the verdict to `_read_lines`."""
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        method, raw_target, minor = match.groups()
        self.method = method
        target = parse_target(method, raw_target)
        return CheckedHead(method, target, int(minor), Headers.from_block(text[match.end(3) : -2]))

    def _read_lines(self, buffer: bytearray) -> CheckedHead | None:
        """Checks every complete line that has not been checked; returns the head at the empty line."""
        if self._line is None:
            self.method = ""
            self._skip_empty_lines(buffer)
            end = line_end(buffer, 0, self._limits.max_request_line_bytes)
            if end == INCOMPLETE:
                return None
            if end == TOO_LONG:
                raise ParsingError(
                    414, "uri_too_long", "The request line is too long; use a shorter address."
                )
            text = buffer[:end].decode("latin-1")
            self.method = text.partition(" ")[0]
            self._line = read_request_line(text)
            self._at = end
            self._fields_at = end - 2
        return self._read_fields(buffer, self._line)

    def _skip_empty_lines(self, buffer: bytearray) -> None:
        """Drops empty lines before a request line (RFC 9112 section 2.2), up to their limit."""
        while buffer.startswith(_EMPTY_LINE):
            if self._empty_lines == self._limits.max_leading_empty_lines:
                raise bad_request("Too many empty lines before the request line.")
            self._empty_lines += 1
            del buffer[:2]

    def _read_fields(self, buffer: bytearray, line: RequestLine) -> CheckedHead | None:
        limits = self._limits
        while True:
            left = limits.max_head_bytes - self._at
            end = line_end(buffer, self._at, min(limits.max_field_line_bytes, left))
            if end == INCOMPLETE:
                return None
            if end == TOO_LONG:
                raise head_too_large(
                    "The header fields are too large; clearing this site's cookies may help."
                )
            if end - self._at == 2:
                break
            self._fields += 1
            if self._fields > limits.max_fields:
                raise head_too_large("The request has too many header fields.")
            check_field_line(buffer[self._at : end].decode("latin-1"))
            self._at = end
        headers = Headers.from_block(buffer[self._fields_at : self._at].decode("latin-1"))
        del buffer[:end]
        self._line = None
        self._at = self._fields = self._empty_lines = 0
        return CheckedHead(*line, headers)


def read_request_line(text: str) -> RequestLine:
    """Checks one request line, given with its CRLF.

    Raises:
        ParsingError: 400, or 505 for a well-formed line of another major version.
    """
    match = grammar.REQUEST_LINE.fullmatch(text)
    if match is None:
        if grammar.OTHER_MAJOR.fullmatch(text) is not None:
            raise ParsingError(505, "bad_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        raise bad_request("The request line is malformed.")
    method, raw_target, minor = match.groups()
    return RequestLine(method, parse_target(method, raw_target), int(minor))


def check_field_line(text: str) -> None:
    """Checks one header or trailer line, given with its CRLF.

    Raises:
        ParsingError: 400, also for a line that continues the one before it (obs-fold).
    """
    if grammar.FIELD_LINE.fullmatch(text) is None:
        raise bad_request("A header field is malformed.")
