"""The states of the parser, as enums with one table each.

Owns which step may follow which; the parser and the chunked decoder own what happens in a step. A
transition that is not in the table is a mistake in this package, never the client's.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


class Phase(enum.IntEnum):
    """Where a connection's input stands."""

    HEAD = 0
    """waiting for a request head or in the middle of one"""
    BODY = 1
    """the head was delivered, its body is being read"""
    DELIVERED = 2
    """a whole request is with the application; nothing more is read until it is answered"""
    CLOSED = 3
    """no further request: end of stream, protocol error, or the client said close"""


PHASES: Final[Mapping[Phase, frozenset[Phase]]] = MappingProxyType(
    {
        Phase.HEAD: frozenset({Phase.BODY, Phase.DELIVERED, Phase.CLOSED}),
        Phase.BODY: frozenset({Phase.DELIVERED, Phase.CLOSED}),
        Phase.DELIVERED: frozenset({Phase.HEAD, Phase.CLOSED}),
        Phase.CLOSED: frozenset(),
    }
)


class ChunkPhase(enum.IntEnum):
    """Where a chunked body stands."""

    SIZE = 0
    """before a chunk-size line"""
    DATA = 1
    """inside the data of a chunk or before the CRLF that ends it"""
    TRAILERS = 2
    """after the last chunk"""
    DONE = 3
    """after the empty line that ends the message"""


CHUNK_PHASES: Final[Mapping[ChunkPhase, frozenset[ChunkPhase]]] = MappingProxyType(
    {
        ChunkPhase.SIZE: frozenset({ChunkPhase.DATA, ChunkPhase.TRAILERS}),
        ChunkPhase.DATA: frozenset({ChunkPhase.SIZE}),
        ChunkPhase.TRAILERS: frozenset({ChunkPhase.DONE}),
        ChunkPhase.DONE: frozenset(),
    }
)
