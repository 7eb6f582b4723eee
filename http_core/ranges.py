"""A single byte range of a representation (RFC 9110 section 14).

Owns the Range field. Several ranges, other units and malformed values are ignored, as the RFC allows:
the whole representation is sent, so no request can multiply the output. Pure functions.
"""

import re
from typing import Final, NamedTuple

_RANGE: Final = re.compile(r"(?i:bytes)=([0-9]*+)-([0-9]*+)")
_MAX_DIGITS: Final = 18


class ByteRange(NamedTuple):
    """Offsets of the first and the last byte, both included."""

    first: int
    last: int

    def content_range(self, size: int) -> str:
        """The value of Content-Range in a 206 for a representation of `size` bytes."""
        return f"bytes {self.first}-{self.last}/{size}"


class RangeNotSatisfiableError(Exception):
    """The range begins behind the end: 416 with `content_range` as Content-Range."""

    def __init__(self, size: int) -> None:
        super().__init__(f"no byte of the range exists in {size} bytes")
        self.content_range = f"bytes */{size}"


def parse_range(field: str | None, size: int) -> ByteRange | None:
    """Applies the value of a Range field to a representation.

    Args:
        field: the value, or None when the field is absent or does not apply (If-Range).
        size: length of the representation in bytes.

    Returns:
        The part to send with 206, or None to send everything with 200.

    Raises:
        RangeNotSatisfiableError: answer 416.
    """
    match = _RANGE.fullmatch(field or "")
    if match is None:
        return None
    first_digits, last_digits = match.groups()
    if not first_digits:
        return _suffix(last_digits, size)
    if last_digits and _order(last_digits) < _order(first_digits):
        return None
    first = _bounded(first_digits)
    last = _bounded(last_digits) if last_digits else size - 1
    if first >= size:
        raise RangeNotSatisfiableError(size)
    return ByteRange(first, min(last, size - 1))


def _suffix(digits: str, size: int) -> ByteRange | None:
    """The last so many bytes; of an empty representation, all of it."""
    if not digits:
        return None
    length = _bounded(digits)
    if length == 0:
        raise RangeNotSatisfiableError(size)
    if size == 0:
        return None
    return ByteRange(max(0, size - length), size - 1)


def _order(digits: str) -> tuple[int, str]:
    """What sorts as the number does, however long it is."""
    significant = digits.lstrip("0")
    return len(significant), significant


def _bounded(digits: str) -> int:
    """The number, or one larger than any file: int() of thousands of digits is slow or refused."""
    significant = digits.lstrip("0")
    return 10**_MAX_DIGITS if len(significant) > _MAX_DIGITS else int(significant or "0")
