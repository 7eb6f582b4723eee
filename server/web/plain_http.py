"""The polite answer to plain HTTP on the TLS port (H1).

Owns the reading of the first bytes, as far as finding a Host that is one of ours, and the two forms of the answer: a
small page with a link to the https address, or plain text. Nothing but a checked name and port is taken over.
"""

from __future__ import annotations

import re
from collections.abc import Container

from http_core.errors import ParsingError
from http_core.packet import Response
from http_core.target import parse_host
from server.domain.failures import REASONS

_HOST = re.compile(rb"\r?\nhost:[ \t]*([!-~]{1,260})[ \t]*\r?\n", re.IGNORECASE)
_PORT = re.compile(r":([0-9]{1,5})\Z")


def plain_http_answer(first_bytes: bytes, hosts: Container[str]) -> Response:
    """The answer, without its security headers.

    Args:
        first_bytes: what the client sent instead of a TLS hello.
        hosts: the names this server answers to.
    """
    address = _address(first_bytes, hosts)
    sentence = REASONS["plain_http"].sentence
    if address is None:
        text = ("Content-Type", "text/plain; charset=utf-8")
        return Response(status=400, headers=[text], body=sentence.encode() + b"\n", close=True)
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shared Notebooks</title></head>'
        f'<body><h1>Shared Notebooks</h1><p>{sentence}</p><p><a href="{address}">{address}</a></p></body></html>\n'
    )
    page = ("Content-Type", "text/html; charset=utf-8")
    return Response(status=400, headers=[page], body=body.encode(), close=True)


def _address(first_bytes: bytes, hosts: Container[str]) -> str | None:
    match = _HOST.search(first_bytes)
    if match is None:
        return None
    field = match.group(1).decode("ascii")
    try:
        host = parse_host(field)
    except ParsingError:
        return None
    if host not in hosts:
        return None
    port = _PORT.search(field)
    return f"https://{host}{port.group(0) if port else ''}/"
