"""A file that zipfile can write to and that is emptied while it is written.

Owns the bytes between the archive and the network: nothing is sought, nothing is kept. One thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterator


class ZipSink:
    """The write side of a stream: zipfile falls back to data descriptors because it cannot seek."""

    def __init__(self) -> None:
        """Makes an empty sink."""
        self._pieces: list[bytes] = []
        self.size = 0
        """Bytes that wait to be taken."""

    def write(self, data: bytes) -> int:
        """Takes bytes."""
        piece = bytes(data)
        self._pieces.append(piece)
        self.size += len(piece)
        return len(piece)

    def flush(self) -> None:
        """There is nothing to flush."""

    def taken(self) -> Iterator[bytes]:
        """Gives out what has been written since the last time, in one piece, if there is anything."""
        if self._pieces:
            whole = b"".join(self._pieces)
            self._pieces.clear()
            self.size = 0
            if whole:
                yield whole
