"""Where a request ends, and what its head says about the connection.

Owns RFC 9112 section 6 (message body length), section 9.3 (persistence) and the Expect and Host fields.
Any doubt about the length is an error: two lengths, two kinds of length, an unknown coding. Works on a
checked head and reads no bytes.
"""

from typing import Final

from http_core import grammar
from http_core.errors import ParsingError, bad_request, body_too_large
from http_core.headers import OWS, Headers
from http_core.target import Target, parse_host

CHUNKED: Final = -1
"""Returned by `body_length` for a body that carries its own framing."""

_MAX_LENGTH_DIGITS: Final = 20


def body_length(headers: Headers, *, http10: bool, max_body_bytes: int) -> int:
    """Decides the length of a request body (RFC 9112 section 6.3).

    Returns:
        Its size in bytes, 0 where the head announces none, or CHUNKED.

    Raises:
        ParsingError: 400 for any contradiction, 413 above the limit, 501 for an unknown coding.
    """
    if "transfer-encoding" in headers:
        _check_transfer_encoding(headers, http10=http10)
        return CHUNKED
    if "content-length" not in headers:
        return 0
    values = headers.get_all("content-length")
    if len(values) > 1:
        raise bad_request("Content-Length was sent more than once.")
    digits = values[0]
    if grammar.CONTENT_LENGTH.fullmatch(digits) is None:
        raise bad_request("Content-Length is not a number.")
    if len(digits) > _MAX_LENGTH_DIGITS:
        if digits.startswith("0"):
            raise bad_request("Content-Length has too many leading zeros.")
        raise body_too_large()
    length = int(digits)
    if length > max_body_bytes:
        raise body_too_large()
    return length


def _check_transfer_encoding(headers: Headers, *, http10: bool) -> None:
    """Accepts exactly `chunked`, once, in HTTP/1.1, without Content-Length."""
    if http10:
        raise bad_request("Transfer-Encoding is not allowed in HTTP/1.0.")
    if "content-length" in headers:
        raise bad_request("Transfer-Encoding and Content-Length exclude each other.")
    values = headers.get_all("transfer-encoding")
    if len(values) > 1:
        raise bad_request("Transfer-Encoding was sent more than once.")
    value = values[0].lower()
    if value == "chunked":
        return
    codings = [coding.strip(OWS) for coding in value.split(",")]
    if not all(codings):
        raise bad_request("Transfer-Encoding has an empty member.")
    if "chunked" in codings[:-1]:
        raise bad_request("Chunked has to be the last transfer coding, once.")
    raise ParsingError(501, "not_implemented", "This transfer coding is not supported; send chunked.")


def request_host(headers: Headers, target: Target, *, http10: bool) -> str:
    """Returns the host a request is for (RFC 9112 section 3.2 and 3.3).

    The Host field is checked even where the target in absolute form overrides it. Only HTTP/1.0 may
    leave it out, which gives "".

    Raises:
        ParsingError: 400 when it is missing, repeated or malformed.
    """
    values = headers.get_all("host")
    if len(values) != 1:
        if http10 and not values:
            return target.host or ""
        raise bad_request("Exactly one Host field is needed.")
    host = parse_host(values[0])
    return host if target.host is None else target.host


def stays_open(headers: Headers, *, http10: bool) -> bool:
    """Tells whether the client keeps the connection open after this request (RFC 9112 section 9.3)."""
    value = headers.get("connection")
    if value is None:
        return not http10
    options = {option.strip(OWS).lower() for option in value.split(",")}
    if "close" in options:
        return False
    return not http10 or "keep-alive" in options


def expects_continue(headers: Headers, *, http10: bool) -> bool:
    """Tells whether the client waits for 100 (RFC 9110 section 10.1.1); HTTP/1.0 cannot.

    Raises:
        ParsingError: 417 for any other expectation.
    """
    value = headers.get("expect")
    if value is None or http10:
        return False
    members = {member.strip(OWS).lower() for member in value.split(",")} - {""}
    if not members <= {"100-continue"}:
        raise ParsingError(417, "bad_expectation", "Only 100-continue can be expected.")
    return bool(members)
