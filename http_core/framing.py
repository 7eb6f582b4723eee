"""Where a request ends, and what its head says about the connection.

Owns RFC 9112 section 6 (message body length), section 9.3 (persistence) and the Host and Expect fields.
Any doubt about the length is an error: two lengths, two kinds of length, an unknown coding. Works on a
checked head and reads no bytes.
"""

from typing import Final, NamedTuple

from http_core import grammar
from http_core.errors import ParsingError, bad_request, body_too_large
from http_core.headers import OWS, Headers
from http_core.target import Target, parse_host

CHUNKED: Final = -1
"""`Framing.length` of a body that carries its own framing."""

_MAX_LENGTH_DIGITS: Final = 20
_LISTS: Final = frozenset({"connection", "expect"})


class Framing(NamedTuple):
    """What the control fields of a request say.

    Attributes:
        host: normalised host without port; "" when an HTTP/1.0 request names none.
        length: of the body in bytes, 0 where none is announced, or CHUNKED.
        keep_alive: the client leaves the connection open after the answer.
        expects_continue: the client waits for 100 before it sends the body.
    """

    host: str
    length: int
    keep_alive: bool
    expects_continue: bool


def read_framing(headers: Headers, target: Target, *, http10: bool, max_body_bytes: int) -> Framing:
    """Reads and checks all control fields of a head.

    Args:
        headers: fields of the head, their grammar already checked.
        target: the request target; in absolute form it overrides the Host field.
        http10: the request is HTTP/1.0.
        max_body_bytes: largest length that may be announced.

    Raises:
        ParsingError: 400 for a contradiction, 413 above the limit, 417 for an unknown expectation,
            501 for an unknown transfer coding.
    """
    found = grammar.CONTROL_FIELD.findall(headers.index)
    fields = dict(found)
    if len(fields) < len(found):
        fields = _joined(found)
    host = _host(fields.get("host"), target, http10=http10)
    length = 0
    if "transfer-encoding" in fields:
        if "content-length" in fields:
            raise bad_request("Transfer-Encoding and Content-Length exclude each other.")
        _check_transfer_encoding(fields["transfer-encoding"], http10=http10)
        length = CHUNKED
    elif "content-length" in fields:
        length = _content_length(fields["content-length"], max_body_bytes)
    keep_alive = _keep_alive(fields.get("connection"), http10=http10)
    expects = "expect" in fields and _expects_continue(fields["expect"], http10=http10)
    return Framing(host, length, keep_alive, expects)


def _joined(found: list[tuple[str, str]]) -> dict[str, str]:
    """Joins repeated fields where they are lists; the others may come once."""
    fields: dict[str, str] = {}
    for name, value in found:
        if name in fields:
            if name not in _LISTS:
                raise bad_request(f"The field {name} was sent more than once.")
            value = f"{fields[name]},{value}"
        fields[name] = value
    return fields


def _host(field: str | None, target: Target, *, http10: bool) -> str:
    """The host the request is for; the field is checked even where the target overrides it."""
    if field is None:
        if not http10:
            raise bad_request("The Host field is missing.")
        return target.host or ""
    host = parse_host(field)
    return host if target.host is None else target.host


def _content_length(digits: str, max_body_bytes: int) -> int:
    """One plain decimal number; a list of equal ones is refused too."""
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


def _check_transfer_encoding(value: str, *, http10: bool) -> None:
    """Accepts exactly `chunked`, once, in HTTP/1.1."""
    if http10:
        raise bad_request("Transfer-Encoding is not allowed in HTTP/1.0.")
    if value == "chunked":
        return
    codings = [coding.strip(OWS) for coding in value.split(",")]
    if not all(codings):
        raise bad_request("Transfer-Encoding has an empty member.")
    if "chunked" in codings[:-1]:
        raise bad_request("Chunked has to be the last transfer coding, once.")
    raise ParsingError(501, "not_implemented", "This transfer coding is not supported; send chunked.")


def _keep_alive(connection: str | None, *, http10: bool) -> bool:
    """RFC 9112 section 9.3: 1.1 stays open unless it says close, 1.0 closes unless it says keep-alive."""
    if connection is None:
        return not http10
    if connection == "keep-alive":
        return True
    options = {option.strip(OWS) for option in connection.split(",")}
    return "close" not in options and (not http10 or "keep-alive" in options)


def _expects_continue(expect: str, *, http10: bool) -> bool:
    """RFC 9110 section 10.1.1: the one expectation there is; HTTP/1.0 cannot have it."""
    if http10:
        return False
    members = {member.strip(OWS) for member in expect.split(",")} - {""}
    if not members <= {"100-continue"}:
        raise ParsingError(417, "bad_expectation", "Only 100-continue can be expected.")
    return bool(members)
