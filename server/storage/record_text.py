"""Records of a document's dump as text, for snapshots and bases.

Owns one encoding: a record is one line of JSON; bytes become {"b": base64}, tuples become lists and come back as
tuples at the top level only. Nothing executable can stand in it. Pure functions; any thread.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from server.storage.records import Record

FRAME_BYTES: Final = 256 * 1024


def _bytes_to_json(value: object) -> object:
    if isinstance(value, bytes):
        return {"b": base64.b64encode(value).decode()}
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def _bytes_from_json(value: dict[str, Any]) -> Any:
    if value.keys() == {"b"} and isinstance(value["b"], str):
        return base64.b64decode(value["b"], validate=True)
    return value


_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_bytes_to_json
)
_DECODER: Final = json.JSONDecoder(object_hook=_bytes_from_json)


def encode_line(record: Record) -> bytes:
    """One record as a line, its end included."""
    return _ENCODER.encode(record).encode() + b"\n"


def decode_line(line: bytes) -> Record:
    """The record that a line holds. Raises ValueError."""
    value = _DECODER.decode(line.decode())
    if not isinstance(value, list):
        raise ValueError("a record is not a list")
    return tuple(value)


def frames_of(records: Iterable[Record]) -> Iterator[bytes]:
    """Compressed frames, each of at most 256 KiB of text, that together hold the records."""
    held: list[bytes] = []
    held_bytes = 0
    for record in records:
        line = encode_line(record)
        held.append(line)
        held_bytes += len(line)
        while held_bytes >= FRAME_BYTES:
            text = b"".join(held)
            yield zlib.compress(text[:FRAME_BYTES], 1)
            held = [text[FRAME_BYTES:]]
            held_bytes = len(held[0])
    if held_bytes:
        yield zlib.compress(b"".join(held), 1)


def records_of(frames: Iterable[bytes]) -> Iterator[Record]:
    """The records that frames hold, one after another.

    Raises:
        ValueError: the text is not one of records. Cannot happen to frames that came out of a seal.
    """
    rest = b""
    for frame in frames:
        *lines, rest = (rest + decompressed(frame, FRAME_BYTES)).split(b"\n")
        for line in lines:
            yield decode_line(line)
    if rest:
        raise ValueError("the last record is cut short")


def decompressed(packed: bytes, most_bytes: int) -> bytes:
    """The bytes that were compressed (zlib), of which there may be so many.

    Raises:
        ValueError: they are broken, cut short, too long, or followed by something.
    """
    decompressor = zlib.decompressobj()
    try:
        plain = decompressor.decompress(packed, most_bytes)
    except zlib.error as error:
        raise ValueError("what was compressed cannot be decompressed") from error
    if not decompressor.eof or decompressor.unused_data:
        raise ValueError("what was compressed is cut short, too long, or followed by something")
    return plain
