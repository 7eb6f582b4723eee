"""Responses into bytes for one request.

Owns the status line, Date, framing (Content-Length or chunks) and Connection: an application that sets
one of those itself is refused, so a response cannot contradict its own length. No byte that could end a
line gets into a name or a value: that raises before anything is sent. Pure functions, any thread.
"""

import http
import re
from typing import Final

from http_core.grammar import FIELD_CHAR, TCHAR
from http_core.packet import EncodedResponse, Response

LAST_CHUNK: Final = b"0\r\n\r\n"

_RESERVED: Final = "connection|content-length|date|keep-alive|transfer-encoding"
_NAMES: Final = re.compile(rf"(?:(?!(?i:{_RESERVED})\n){TCHAR}++\n)*")
_VALUES: Final = re.compile(rf"(?:(?![ \t]){FIELD_CHAR}*+(?<![ \t])\n)*")
_DATE: Final = re.compile(r"[A-Za-z0-9,: ]++")
_STATUS_LINES: Final = {
    int(status): f"HTTP/1.1 {int(status)} {status.phrase}\r\n" for status in http.HTTPStatus if status >= 200
}
_WITHOUT_BODY: Final = frozenset({204, 304})


def encode_response(
    response: Response, *, head_only: bool, http10: bool, keep_alive: bool, date: str
) -> bytes:
    """Encodes a response that has no stream: head and body, or the head alone to answer HEAD.

    Args:
        response: what to say.
        head_only: the request was HEAD; every field is as GET would get it.
        http10: the request was HTTP/1.0.
        keep_alive: the connection may stay open as far as request and server are concerned.
        date: value of the Date field.

    Raises:
        ValueError: a name, value or status that may not be sent, or a response with a stream.
    """
    if response.stream is not None:
        raise ValueError("a stream is written piece by piece")
    head = encode_head(response, http10=http10, keep_alive=keep_alive, date=date)
    return head if head_only else head + response.body


def encode_shared(response: Response, *, date: str) -> EncodedResponse:
    """Encodes one response for many HTTP/1.1 readers that all stay connected."""
    wire = encode_response(response, head_only=False, http10=False, keep_alive=True, date=date)
    return EncodedResponse(response.status, wire)


def stays_open(response: Response, *, http10: bool, keep_alive: bool) -> bool:
    """Tells whether the connection can be used again after this response."""
    return keep_alive and not response.close and not (http10 and response.stream is not None)


def encode_head(response: Response, *, http10: bool, keep_alive: bool, date: str) -> bytes:
    """Encodes status line and fields with the empty line behind them.

    A response with a stream says chunked to 1.1 and nothing about its length to 1.0, where closing the
    connection ends it (`stays_open` is False then). 204 and 304 have no body and no framing fields.

    Raises:
        ValueError: a name, value or status that may not be sent.
    """
    status = response.status
    line = _STATUS_LINES.get(status)
    if line is None:
        if not 200 <= status <= 599:
            raise ValueError(f"status {status} is not that of a final response")
        line = f"HTTP/1.1 {status} \r\n"
    check_fields(response.headers)
    if _DATE.fullmatch(date) is None:
        raise ValueError("the date is not an HTTP date")
    parts = [line]
    parts += [f"{name}: {value}\r\n" for name, value in response.headers]
    parts.append(f"Date: {date}\r\n")
    if status in _WITHOUT_BODY:
        if response.body or response.stream is not None:
            raise ValueError(f"a response with status {status} has no body")
    elif response.stream is None:
        parts.append(f"Content-Length: {len(response.body)}\r\n")
    elif response.body:
        raise ValueError("a response has a body or a stream, not both")
    elif not http10:
        parts.append("Transfer-Encoding: chunked\r\n")
    if not stays_open(response, http10=http10, keep_alive=keep_alive):
        parts.append("Connection: close\r\n")
    elif http10:
        parts.append("Connection: keep-alive\r\n")
    parts.append("\r\n")
    return "".join(parts).encode("latin-1")


def check_fields(fields: list[tuple[str, str]]) -> None:
    """Refuses fields that cannot be written safely (ValueError).

    Names have to be tokens and none of those the writer sets; values hold visible latin-1 characters,
    spaces and tabs, without white space at either end.
    """
    # Joined by the one character that neither may contain, so that two matches check all of them.
    names = "".join([f"{name}\n" for name, _ in fields])
    if names.count("\n") != len(fields) or _NAMES.fullmatch(names) is None:
        raise ValueError("a field name is not a token, or one that the writer sets")
    values = "".join([f"{value}\n" for _, value in fields])
    if values.count("\n") != len(fields) or _VALUES.fullmatch(values) is None:
        raise ValueError("a field value contains a character that may not be sent")


def chunk(data: bytes) -> bytes:
    """Encodes one piece of a stream for HTTP/1.1.

    Raises:
        ValueError: it is empty, which would end the stream.
    """
    if not data:
        raise ValueError("an empty chunk ends the stream")
    return b"%x\r\n%b\r\n" % (len(data), data)


def continue_100() -> bytes:
    """The interim response that asks for the body (RFC 9110 section 15.2.1)."""
    return b"HTTP/1.1 100 Continue\r\n\r\n"
