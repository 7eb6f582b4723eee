"""The request target: its four forms, its path decoded once, its query.

Owns RFC 9112 section 3.2 and the strict host grammar shared with the Host field. A path is decoded
exactly once; what could mean two things to two programs is refused: bad escapes, control characters,
backslashes, encoded slashes, dot segments. Whether the path or the host exists is not decided here.
"""

import enum
import ipaddress
import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from http_core import grammar
from http_core.errors import bad_request

MAX_QUERY_KEYS: Final = 64
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_QUERY_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class TargetForm(enum.Enum):
    """The four forms of RFC 9112 section 3.2."""

    ORIGIN = "origin"
    ABSOLUTE = "absolute"
    AUTHORITY = "authority"
    ASTERISK = "asterisk"


_ORIGIN: Final = TargetForm.ORIGIN


class Target(NamedTuple):
    """A checked request target.

    Attributes:
        form: which of the four forms it had.
        path: percent-decoded once, starts with "/"; "*" or host:port in the two forms without a path.
        raw_path: the path as it was sent ("/" where an absolute form had none).
        query: what follows the first question mark, as sent; "" when absent.
        host: normalised host of the absolute and authority forms, else None.
    """

    form: TargetForm
    path: str
    raw_path: str
    query: str
    host: str | None


def parse_target(method: str, raw: str) -> Target:
    """Checks the target of a request line and decodes its path.

    Args:
        method: the method token; only CONNECT has the authority form, only OPTIONS the asterisk.
        raw: the target, visible ASCII characters only.

    Raises:
        ParsingError: 400.
    """
    if method == "CONNECT":
        return _authority_form(raw)
    match = grammar.ORIGIN_FORM.fullmatch(raw)
    if match is not None:
        raw_path, query = match.groups("")
        path = raw_path
        if "%" in raw_path or "/." in raw_path:
            path = decode_path(raw_path)
        return Target(_ORIGIN, path, raw_path, query, None)
    if raw == "*" and method == "OPTIONS":
        return Target(TargetForm.ASTERISK, "*", "*", "", None)
    match = grammar.ABSOLUTE_FORM.fullmatch(raw)
    if match is None:
        raise bad_request("The address in the request line is malformed.")
    authority, raw_path, query = match.groups("")
    raw_path = raw_path or "/"
    return Target(TargetForm.ABSOLUTE, decode_path(raw_path), raw_path, query, parse_host(authority))


def _authority_form(raw: str) -> Target:
    host = parse_host(raw)
    if raw.endswith((":", "]")) or ":" not in raw:
        raise bad_request("CONNECT needs a host and a port.")
    return Target(TargetForm.AUTHORITY, raw, raw, "", host)


def decode_path(raw_path: str) -> str:
    """Decodes the escapes of a path once and refuses what is ambiguous after that.

    Raises:
        ParsingError: 400 for an encoded slash, invalid UTF-8, control characters, backslashes and the
            segments "." and "..", whether they were escaped or not.
    """
    path = raw_path
    if "%" in raw_path:
        if "%2f" in raw_path or "%2F" in raw_path:
            raise bad_request("The path contains an encoded slash.")
        try:
            path = unquote_to_bytes(raw_path).decode("utf-8")
        except UnicodeDecodeError:
            raise bad_request("The path is not valid UTF-8.") from None
        if _CONTROL.search(path):
            raise bad_request("The path contains a character that is not allowed.")
    if not {".", ".."}.isdisjoint(path.split("/")):
        raise bad_request("The path contains a dot segment; send it resolved.")
    return path


def parse_host(raw: str) -> str:
    """Checks a host with optional port and returns the host alone, ready to be compared.

    Returns:
        The name in lower case without a trailing dot, an IPv4 address as sent, or an IPv6 address in
        its shortest form inside brackets.

    Raises:
        ParsingError: 400.
    """
    match = grammar.HOST.fullmatch(raw)
    if match is not None:
        host, port = match.groups("")
        if len(host) > 253:
            raise bad_request("The host name is too long.")
        host = host.lower()
    else:
        match = grammar.HOST_IPV6.fullmatch(raw)
        if match is None:
            raise bad_request("The host is malformed.")
        literal, port = match.groups("")
        try:
            host = f"[{ipaddress.IPv6Address(literal).compressed}]"
        except ValueError:
            raise bad_request("The IPv6 address of the host is malformed.") from None
    if port and int(port) > 65535:
        raise bad_request("The port of the host is out of range.")
    return host


def parse_query(raw: str) -> dict[str, str]:
    """Decodes a query of the form a=1&b=2 ("+" is a space) into a dict; "" gives an empty one.

    Raises:
        ParsingError: 400 for an empty piece or name, a duplicate key, more than 64 keys, a bad escape,
            invalid UTF-8 or a control character.
    """
    query: dict[str, str] = {}
    if not raw:
        return query
    pieces = raw.split("&", MAX_QUERY_KEYS)
    if len(pieces) > MAX_QUERY_KEYS:
        raise bad_request("The query has too many parts.")
    for piece in pieces:
        name, _, value = piece.partition("=")
        key = _decode_query_text(name)
        if not key:
            raise bad_request("The query has a part without a name.")
        if key in query:
            raise bad_request("The query names a value twice.")
        query[key] = _decode_query_text(value)
    return query


def _decode_query_text(raw: str) -> str:
    text = raw.replace("+", " ")
    if "%" in text:
        if _BAD_ESCAPE.search(text):
            raise bad_request("The query contains a malformed escape.")
        try:
            text = unquote_to_bytes(text).decode("utf-8")
        except UnicodeDecodeError:
            raise bad_request("The query is not valid UTF-8.") from None
    if _QUERY_CONTROL.search(text):
        raise bad_request("The query contains a control character.")
    return text
