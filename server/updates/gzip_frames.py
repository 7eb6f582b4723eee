"""A gzip stream put together from parts that were compressed on their own.

Owns the one trick behind cheap renders: a part is raw deflate that ends on a byte (full flush) and refers to
nothing before it, so a document of which one part changed is compressed again in that part alone, and the parts
still make one single gzip member (browsers stop after the first member). The check sum of the whole is combined
from those of the parts. Pure. Sources: RFC 1951, RFC 1952; the combination of CRC-32 by multiplication modulo
its polynomial.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final, NamedTuple

_POLYNOMIAL: Final = 0xEDB88320
_ONE: Final = 0x80000000
_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_END_OF_DEFLATE: Final = b"\x03\x00"
_LEVEL: Final = 4
"""The last one that costs little: a stroke of 68 points takes 0.44 KB and 16 us (1: 0.50 KB, 11 us; 6: 0.39 KB, 52 us)."""


class Part(NamedTuple):
    """One compressed part.

    Attributes:
        deflated: raw deflate blocks, none of them the last.
        length: bytes before compression.
        crc: their CRC-32.
        shift: x to the power of 8 * length, for the combination.
    """

    deflated: bytes
    length: int
    crc: int
    shift: int


def compress_part(plain: bytes) -> Part:
    """Compresses one part; releases the GIL meanwhile."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = compressor.compress(plain) + compressor.flush(zlib.Z_FULL_FLUSH)
    return Part(deflated, len(plain), zlib.crc32(plain), _x_to_the(8 * len(plain)))


def plain_part(part: Part) -> bytes:
    """The bytes before compression."""
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(part.deflated)


def gzip_pieces(parts: Iterable[Part]) -> Iterable[bytes]:
    """The gzip stream of all parts, piece by piece; each part may be made when its turn comes."""
    yield _HEADER
    crc, length = 0, 0
    for part in parts:
        yield part.deflated
        crc = _multiply(part.shift, crc) ^ part.crc
        length += part.length
    yield _END_OF_DEFLATE + crc.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")


def _multiply(left: int, right: int) -> int:
    """The product of two polynomials over GF(2) modulo that of CRC-32, bits reflected."""
    product = 0
    mask = _ONE
    while mask:
        if left & mask:
            product ^= right
        mask >>= 1
        right = (right >> 1) ^ _POLYNOMIAL if right & 1 else right >> 1
    return product


def _x_to_the(bits: int) -> int:
    """x to a power, modulo the polynomial of CRC-32."""
    result, square = _ONE, _ONE >> 1
    while bits:
        if bits & 1:
            result = _multiply(square, result)
        square = _multiply(square, square)
        bits >>= 1
    return result
