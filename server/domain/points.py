"""The codec of `data-p`: captured points as base64 of zig-zag LEB128 deltas.

Owns the bytes: x, y and pressure of each point as differences from the point before (the first from 0, 0, 0),
each a zig-zag number in groups of 7 bits, low group first; then standard base64 with padding. Only this one
spelling of a stroke is taken. Does not know outlines. Pure; any thread. Rules C1, C5;
public/js/core/points.js is its twin and tests/data/points_vectors.json holds both to it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from itertools import accumulate

from server.domain.failures import Failure

Point = tuple[int, int, int]
"""x and y in tenths of a CSS pixel, pressure 0 to 63."""

MAX_POINTS = 4096
MAX_PRESSURE = 63
MAX_COORDINATE = 1_000_000
_MAX_CHARACTERS = MAX_POINTS * 12
_MAX_SHIFT = 28
_SMALL = bytes(((byte >> 1) ^ -(byte & 1)) & 255 for byte in range(256))
"""The number that a byte below 128 is, as a signed byte."""
_LONGEST_SMALL = 64
_HEAD_BYTES = 12


def _refuse(sentence: str) -> Failure:
    return Failure.of("bad_fragment", sentence)


def _bytes(text: str) -> bytes:
    if len(text) > _MAX_CHARACTERS:
        raise _refuse("A stroke has at most 4,096 points.")
    try:
        raw = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise _refuse("data-p is not base64.") from None
    if text.endswith("=") and base64.b64encode(raw).decode() != text:
        raise _refuse("data-p is not base64.")
    return raw


def _head(raw: bytes) -> int:
    """After so many bytes there are but numbers of one: often the first point alone has longer ones."""
    if raw.isascii():
        return 0
    if len(raw) < _HEAD_BYTES or not raw[_HEAD_BYTES:].isascii():
        return len(raw)
    return _HEAD_BYTES + (raw[_HEAD_BYTES - 1] > 127)


def _long_numbers(raw: bytes) -> list[int]:
    numbers: list[int] = []
    append = numbers.append
    rest = iter(raw)
    for byte in rest:
        if byte < 128:
            append((byte >> 1) ^ -(byte & 1))
            continue
        value = byte & 127
        shift = 7
        while (byte := next(rest, 0)) > 127:
            value |= (byte & 127) << shift
            shift += 7
            if shift > _MAX_SHIFT:
                raise _refuse("A number in data-p is too long.")
        if byte == 0:
            raise _refuse("A number in data-p is cut off, or written with more bytes than it needs.")
        value |= byte << shift
        append((value >> 1) ^ -(value & 1))
    return numbers


def _numbers(text: str) -> list[int]:
    """The differences that `data-p` holds, x, y and pressure in turn, not yet added up; all ranges are checked."""
    raw = _bytes(text)
    head = _head(raw)
    numbers = _long_numbers(raw[:head])
    reach = sum(map(abs, numbers)) + _LONGEST_SMALL * (len(raw) - head)  # however the steps add up
    numbers += memoryview(raw[head:].translate(_SMALL)).cast("b").tolist()
    if not numbers or len(numbers) % 3:
        raise _refuse("data-p is cut off.")
    if len(numbers) > 3 * MAX_POINTS:
        raise _refuse("A stroke has at most 4,096 points.")
    pressures = list(accumulate(numbers[2::3]))
    if min(pressures) < 0 or max(pressures) > MAX_PRESSURE:
        raise _refuse("A pressure in data-p is not from 0 to 63.")
    if reach > MAX_COORDINATE:
        places = [*accumulate(numbers[0::3]), *accumulate(numbers[1::3])]
        if min(places) < -MAX_COORDINATE or max(places) > MAX_COORDINATE:
            raise _refuse("A coordinate in data-p lies beyond 1,000,000.")
    return numbers


def check_points(text: str) -> None:
    """Checks the value of `data-p`.

    Raises:
        Failure: 422 `bad_fragment`: not base64, cut off, too many points, a value out of range.
    """
    _numbers(text)


def decode_points(text: str) -> list[Point]:
    """Reads the value of `data-p`.

    Returns:
        1 to 4,096 points.

    Raises:
        Failure: as `check_points` does.
    """
    numbers = _numbers(text)
    return list(zip(*(accumulate(numbers[axis::3]) for axis in range(3)), strict=True))


def encode_points(points: Iterable[Point]) -> str:
    """Writes points as `data-p`; `decode_points` reads them back."""
    raw = bytearray()
    before: Point = (0, 0, 0)
    for point in points:
        for value, last in zip(point, before, strict=True):
            delta = value - last
            zigzag = -2 * delta - 1 if delta < 0 else 2 * delta
            while zigzag > 127:
                raw.append(zigzag & 127 | 128)
                zigzag >>= 7
            raw.append(zigzag)
        before = point
    return base64.b64encode(raw).decode()
