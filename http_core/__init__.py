"""HTTP/1.1 for a server, without I/O: bytes in, requests out; responses in, bytes out.

`RequestParser` turns the bytes of one connection into requests, `encode_response` turns responses into
bytes; in between stand plain values. Everything follows RFC 9110 and RFC 9112 and takes the strict
choice wherever they leave one. Nothing here opens a socket, reads a clock or knows an application.

    parser = RequestParser(Limits())
    parser.receive(data)
    match parser.next_event():
        case Complete(request): ...      # answer it, then parser.start_next()
        case Head(request): ...          # a body follows; limit_body, 100 Continue
        case Signal.NEED_DATA: ...       # read more
        case Signal.CLOSED: ...          # close

A `ParsingError` carries the status to answer before the connection is closed.
"""

from http_core.conditional import Precondition, evaluate, range_applies
from http_core.cookies import format_set_cookie, parse_cookies
from http_core.dates import format_http_date, parse_http_date
from http_core.errors import REASONS, ParsingError
from http_core.headers import Headers
from http_core.limits import Limits
from http_core.packet import EncodedResponse, Packet, Request, Response
from http_core.parser import CLOSED, NEED_DATA, PAUSED, Complete, Event, Head, RequestParser, Signal
from http_core.phases import Phase
from http_core.ranges import ByteRange, RangeNotSatisfiableError, parse_range
from http_core.target import Target, TargetForm, parse_host, parse_query
from http_core.writer import (
    LAST_CHUNK,
    check_fields,
    chunk,
    continue_100,
    encode_head,
    encode_response,
    encode_shared,
    stays_open,
)

__all__ = [
    "CLOSED",
    "LAST_CHUNK",
    "NEED_DATA",
    "PAUSED",
    "REASONS",
    "ByteRange",
    "Complete",
    "EncodedResponse",
    "Event",
    "Head",
    "Headers",
    "Limits",
    "Packet",
    "ParsingError",
    "Phase",
    "Precondition",
    "RangeNotSatisfiableError",
    "Request",
    "RequestParser",
    "Response",
    "Signal",
    "Target",
    "TargetForm",
    "check_fields",
    "chunk",
    "continue_100",
    "encode_head",
    "encode_response",
    "encode_shared",
    "evaluate",
    "format_http_date",
    "format_set_cookie",
    "parse_cookies",
    "parse_host",
    "parse_http_date",
    "parse_query",
    "parse_range",
    "range_applies",
    "stays_open",
]
