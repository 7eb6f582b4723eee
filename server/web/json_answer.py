"""Writes the JSON envelope of every API answer (H3).

Owns the encoding: compact UTF-8 with `<`, `>` and `&` escaped, so that no answer could be taken for markup (T6).
What is in it is the handlers' business. Pure; any thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from http_core.packet import Response

JSON_TYPE = ("Content-Type", "application/json")
NO_STORE = ("Cache-Control", "no-store")
_ESCAPES = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def encode_json(value: object) -> bytes:
    """One JSON value as UTF-8.

    Raises:
        ValueError: the value holds a NaN or an infinity.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES).encode()


def json_response(status: int, value: object, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """An answer with any JSON body, never to be stored by a cache."""
    return raw_json_response(status, encode_json(value), headers)


def raw_json_response(status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """An answer whose JSON body is encoded already."""
    return Response(status=status, headers=[JSON_TYPE, NO_STORE, *headers], body=body)


def success(data: object, more: Mapping[str, object] | None = None) -> Response:
    """The answer to a request that was done: `{"code": 0, "data": ...}` and further members."""
    return json_response(200, {"code": 0, "data": data, **(more or {})})
