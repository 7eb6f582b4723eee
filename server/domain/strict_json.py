"""JSON without the liberties that Python's reader takes.

Owns the one way in which a body becomes values: strict UTF-8, no duplicate keys, no NaN or Infinity in any
spelling, no lone surrogates, bounded depth, number length and amount. Does not know what the values mean. Pure;
any thread and the update process. Rule H3 (400), limits "JSON".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from server.domain.failures import Failure

_NO_PUNCTUATION = bytes(byte for byte in range(256) if byte not in b'"[{:,')
_PIECE_BYTES = 64 * 1024
_LONG_BYTES = 16 * 1024
"""Up to here nothing is counted beforehand."""
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def _refuse(sentence: str) -> Failure:
    return Failure.of("bad_json", sentence)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _refuse("The JSON has the same key twice in one object.")
    return made


def _integer(text: str, max_digits: int) -> int:
    if len(text) > max_digits:
        raise _refuse(f"The JSON has a number of more than {max_digits} characters.")
    return int(text)


def _real(text: str, max_digits: int) -> float:
    if len(text) > max_digits:
        raise _refuse(f"The JSON has a number of more than {max_digits} characters.")
    value = float(text)
    if not math.isfinite(value):
        raise _refuse("The JSON has a number that is too large.")
    return value


def _constant(_: str) -> float:
    raise _refuse("The JSON has NaN or Infinity, which are not numbers of JSON.")


def _containers(value: Any) -> list[Any]:
    children = value.values() if type(value) is dict else value
    return [child for child in children if type(child) in (list, dict)]


def _check_depth(value: Any, max_depth: int) -> None:
    level = _containers([value])
    for _ in range(max_depth):
        level = [child for parent in level for child in _containers(parent)]
        if not level:
            return
    raise _refuse(f"The JSON is nested more than {max_depth} deep.")


def _check_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _refuse("The JSON has half a character (a lone surrogate).") from None


def _check_amount(data: bytes, max_parts: int, max_values: int) -> None:
    """Refuses what would become too many values, before they are made: each takes fifty bytes and more."""

    def is_much(text: bytes) -> bool:
        parts = max(text.count(b"[") + text.count(b"{"), text.count(b":"))
        return parts > max_parts or text.count(b",") > max_values

    if is_much(data) and is_much(b"".join(_outside_strings(data))):
        raise _refuse("The JSON has too many values; send less at once.")


def _outside_strings(data: bytes) -> Iterator[bytes]:
    """What counts of a text: the punctuation that does not stand in strings, a piece at a time."""
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NO_PUNCTUATION)
    inside = 0
    for at in range(0, len(plain), _PIECE_BYTES):
        parts = plain[at : at + _PIECE_BYTES].split(b'"')
        yield b"".join(parts[inside::2])
        inside ^= len(parts) % 2 ^ 1


def loads(
    data: bytes,
    *,
    max_depth: int = 32,
    max_digits: int = 30,
    max_parts: int = 50_000,
    max_values: int = 200_000,
) -> Any:
    """Reads one JSON text.

    Args:
        data: the whole text, UTF-8 without a byte order mark.
        max_depth: how deep lists and objects may nest.
        max_digits: how many characters a number may have.
        max_parts: how many lists and objects there may be, and how many keys, in a text above 16 KiB.
        max_values: how many commas there may be in it.

    Returns:
        None, bool, int, float (finite), str (no lone surrogates), list or dict.

    Raises:
        Failure: 400 `bad_json`.
    """
    if len(data) > _LONG_BYTES:
        _check_amount(data, max_parts, max_values)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _refuse("The body is not UTF-8.") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=partial(_integer, max_digits=max_digits),
            parse_float=partial(_real, max_digits=max_digits),
            parse_constant=_constant,
        )
    except RecursionError:
        raise _refuse(f"The JSON is nested more than {max_depth} deep.") from None
    except ValueError:
        raise _refuse("The body is not JSON.") from None
    _check_depth(value, max_depth)
    if "\\u" in text and _SURROGATE_ESCAPE.search(text):
        _check_surrogates(value)
    return value
