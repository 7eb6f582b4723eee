"""Snapshots: the document of a notebook at a known number, so that opening it need not read its whole log.

Owns `Protected/Notebooks/<id>.svg.sealed` and its format. A snapshot is never the truth: one that is missing or
damaged is None, the damaged one set aside, and the log makes another. Writes: update process alone, on a thread of
its own; reads: any handler thread. Fault list F9, F17; invariants I2, I3.

Format: a header in clear (magic, key id, notebook, seq, epoch), then frames, each a length of 4 bytes and that
many sealed bytes. A frame is at most 256 KiB of text, compressed. Header, position and whether it is the last are
associated data, so nothing can be cut off, moved or put together from two files. The last frame is empty.
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.domain.ids import NotebookId
from server.storage.atomic_files import Files, read_whole, remove_leftovers, write_atomically
from server.storage.record_text import FRAME_BYTES, frames_of, records_of
from server.storage.records import Record
from server.storage.sealed import OVERHEAD_BYTES, SealBroken, Sealer

_MAGIC: Final = b"NBSNAP01"
_HEADER: Final = struct.Struct(">8s8sQQ8s")
_LENGTH: Final = struct.Struct(">I")
_LONGEST_FRAME_BYTES: Final = FRAME_BYTES + FRAME_BYTES // 100 + 64 + OVERHEAD_BYTES
_NAME: Final = re.compile(r"([1-9][0-9]{0,9})\.svg\.sealed")
QUARANTINE: Final = "set-aside"


@dataclass(frozen=True, slots=True)
class SnapshotHeader:
    """What stands in clear at the head of a snapshot."""

    key_id: str
    notebook_id: NotebookId
    seq: int
    epoch: str

    def encode(self) -> bytes:
        """The header's bytes."""
        return _HEADER.pack(
            _MAGIC, bytes.fromhex(self.key_id), self.notebook_id, self.seq, bytes.fromhex(self.epoch)
        )

    @classmethod
    def decode(cls, head: bytes) -> SnapshotHeader:
        """Reads a header. Raises ValueError."""
        if len(head) != _HEADER.size:
            raise ValueError("the header is cut short")
        magic, key_id, notebook_id, seq, epoch = _HEADER.unpack(head)
        if magic != _MAGIC:
            raise ValueError("not a snapshot")
        return cls(key_id.hex(), NotebookId(notebook_id), seq, epoch.hex())


class SnapshotStore:
    """The snapshots in one folder."""

    def __init__(self, folder: Path, sealer: Sealer, files: Files | None = None) -> None:
        self._folder: Final = folder
        self._sealer: Final = sealer
        self._files: Final = files or Files()

    def prepare(self) -> int:
        """Makes the folder, and removes what a kill left half written; returns how many files that were."""
        self._files.make_folder(self._folder)
        return remove_leftovers(self._folder, self._files)

    def path(self, notebook_id: NotebookId) -> Path:
        """Where a notebook's snapshot stands."""
        return self._folder / f"{notebook_id:d}.svg.sealed"

    def save(
        self,
        notebook_id: NotebookId,
        seq: int,
        epoch: str,
        records: Iterable[Record],
        *,
        pause: Callable[[], None] | None = None,
    ) -> None:
        """Writes a snapshot in place of the one before.

        Args:
            notebook_id: the notebook.
            seq: the number of the last change that is in it.
            epoch: the notebook's.
            records: its document's dump; must not change while it is read.
            pause: called between two frames, so that a thread can let others run.

        Raises:
            Failure: 507 or 503; the snapshot before is still there.
        """
        header = SnapshotHeader(self._sealer.key_id, notebook_id, seq, epoch).encode()
        write_atomically(self.path(notebook_id), self._wire(header, records, pause), self._files)

    def load(self, notebook_id: NotebookId) -> tuple[int, str, Iterator[Record]] | None:
        """The snapshot as (seq, epoch, records), wholly checked, or None when there is no sound one.

        A damaged one is set aside; one under another key or of another form is damaged.
        """
        try:
            data = read_whole(self.path(notebook_id), self._files)
        except FileNotFoundError:
            return None
        except OSError:
            self.quarantine(notebook_id)
            return None
        try:
            header, frames = self._open(notebook_id, data)
        except (ValueError, SealBroken):
            self.quarantine(notebook_id)
            return None
        return header.seq, header.epoch, records_of(frames)

    def header(self, notebook_id: NotebookId) -> SnapshotHeader | None:
        """What a snapshot claims to be, unchecked; None when there is none that can be read."""
        try:
            handle = self._files.open_read(self.path(notebook_id))
            try:
                return SnapshotHeader.decode(self._files.read(handle, _HEADER.size))
            finally:
                self._files.close(handle)
        except (OSError, ValueError):
            return None

    def ids(self) -> list[NotebookId]:
        """The notebooks that have a snapshot, in order of id."""
        try:
            names = self._files.names(self._folder)
        except FileNotFoundError:
            return []
        found = (_NAME.fullmatch(name) for name in names)
        return sorted(NotebookId(int(match[1])) for match in found if match)

    def remove(self, notebook_id: NotebookId) -> None:
        """Removes the snapshot of a notebook that is deleted for good."""
        with contextlib.suppress(FileNotFoundError):
            self._files.unlink(self.path(notebook_id))

    def quarantine(self, notebook_id: NotebookId) -> None:
        """Sets a snapshot aside, in the folder `set-aside`; where that is not possible it stays."""
        aside = self._folder / QUARANTINE
        source = self.path(notebook_id)
        try:
            self._files.make_folder(aside)
            taken = set(self._files.names(aside))
            number = next(n for n in range(len(taken) + 1) if f"{source.name}.{n}" not in taken)
            self._files.replace(source, aside / f"{source.name}.{number}")
        except OSError:
            return

    def _wire(
        self, header: bytes, records: Iterable[Record], pause: Callable[[], None] | None
    ) -> Iterator[bytes]:
        yield header
        number = 0
        for frame in frames_of(records):
            yield self._sealed_frame(header, number, frame, last=False)
            number += 1
            if pause is not None:
                pause()
        yield self._sealed_frame(header, number, b"", last=True)

    def _sealed_frame(self, header: bytes, number: int, frame: bytes, *, last: bool) -> bytes:
        sealed = self._sealer.seal(frame, _purpose(header, number, last))
        return _LENGTH.pack(len(sealed)) + sealed

    def _open(self, notebook_id: NotebookId, data: bytes) -> tuple[SnapshotHeader, list[bytes]]:
        head = data[: _HEADER.size]
        header = SnapshotHeader.decode(head)
        if header.notebook_id != notebook_id or header.key_id != self._sealer.key_id:
            raise ValueError("the snapshot is of another notebook or under another key")
        frames: list[bytes] = []
        at = _HEADER.size
        while at < len(data):
            if at + _LENGTH.size > len(data):
                raise ValueError("a frame is cut short")
            (length,) = _LENGTH.unpack_from(data, at)
            at += _LENGTH.size
            sealed = data[at : at + length]
            if length > _LONGEST_FRAME_BYTES or len(sealed) < length:
                raise ValueError("a frame is cut short")
            at += length
            last = at == len(data)
            frame = self._sealer.open(sealed, _purpose(head, len(frames), last))
            if last:
                return header, frames
            frames.append(frame)
        raise ValueError("the last frame is missing")


def _purpose(header: bytes, number: int, last: bool) -> str:
    return f"snapshot:{header.hex()}:{number}:{'last' if last else 'more'}"
