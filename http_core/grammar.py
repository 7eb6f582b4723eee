"""The character classes and line patterns of HTTP/1.1, as compiled patterns over latin-1 text.

Owns what a byte may be and where (RFC 9110 section 5.6, RFC 9112 sections 3 and 5, RFC 3986 section 3).
Says nothing about meaning, sizes or order. Every repetition is possessive, so a match is linear in its
input whatever a client sends.
"""

import functools
import re
from typing import Final

TCHAR: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
"""One character of a token (RFC 9110 section 5.6.2)."""

FIELD_CHAR: Final = r"[\t\x20-\x7e\x80-\xff]"
"""One character of a field value: visible, space, tab or obs-text. CR, LF and NUL never."""

_FIELD_LINE = rf"{TCHAR}++:{FIELD_CHAR}*+\r\n"

TOKEN: Final = re.compile(rf"{TCHAR}++")

REQUEST_LINE: Final = re.compile(rf"({TCHAR}++) ([\x21-\x7e]++) HTTP/1\.([0-9])\r\n")

OTHER_MAJOR: Final = re.compile(rf"{TCHAR}++ [\x21-\x7e]++ HTTP/(?:[02-9]\.[0-9]|[2-9])\r\n")
"""A well-formed request line of another major version than 1: refused with 505 rather than 400."""

FIELD_LINE: Final = re.compile(_FIELD_LINE)

CONTROL_FIELD: Final = re.compile(
    r"\n(host|connection|content-length|transfer-encoding|expect):[ \t]*+((?:[^\r \t]++|[ \t]++(?!\r))*)"
)
"""The fields that decide about framing and connection, searched in a lowered block.

Groups: name, value without the white space around it.
"""

_PCT = r"%[0-9A-Fa-f]{2}"
_PCHAR = r"A-Za-z0-9\-._~!$&'()*+,;=:@"
_PATH = rf"(?:[{_PCHAR}/]++|{_PCT})*"
_QUERY = rf"(?:[{_PCHAR}/?]++|{_PCT})*"

ORIGIN_FORM: Final = re.compile(rf"(/{_PATH})(?:\?({_QUERY}))?")
"""Groups: absolute path as sent, query without its question mark."""

ABSOLUTE_FORM: Final = re.compile(rf"(?i:https?)://([^/?]++)(/{_PATH})?(?:\?({_QUERY}))?")
"""Groups: authority (still to be checked), path as sent or None, query."""

HOST: Final = re.compile(r"([0-9A-Za-z_\-]++(?:\.[0-9A-Za-z_\-]++)*)\.?(?::([0-9]{0,5}))?")
"""A DNS name or IPv4 address, one trailing dot, an optional port: stricter than RFC 3986 reg-name."""

HOST_IPV6: Final = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]{0,5}))?")

CONTENT_LENGTH: Final = re.compile(r"[0-9]++")

_QUOTED = r'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
_EXTENSION = rf";[ \t]*+{TCHAR}++(?:[ \t]*+=[ \t]*+(?:{TCHAR}++|{_QUOTED}))?"
CHUNK_LINE: Final = re.compile(
    rf"([0-9A-Fa-f]++)(?:{_EXTENSION}(?:[ \t]*+{_EXTENSION})*)?\r\n".encode("latin-1")
)
"""A chunk-size line with extensions (RFC 9112 section 7.1.1), over bytes; group: size digits.

White space right after the size is refused.
"""


@functools.cache
def head_pattern(max_fields: int) -> re.Pattern[str]:
    """A whole head with at most so many fields.

    Groups are method, target and minor version; group 3 ends where the CRLF before the fields begins.
    """
    return re.compile(
        rf"({TCHAR}++) ([\x21-\x7e]++) HTTP/1\.([0-9])\r\n(?:{_FIELD_LINE}){{0,{max_fields}}}\r\n"
    )
