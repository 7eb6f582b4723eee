"""The whole SVG document of a notebook as compressed parts, of which only the altered ones are made again.

Owns the cutting of a document into frames of strokes, in order of id, and which frame a log entry touches. A
stroke added to a notebook of 100,000 costs one frame. The text itself is the domain's. Used under the lock of its
replica, except for the compressing of a stream. Rules N3, N6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

from server.domain.log_entry import LogEntry
from server.domain.svg_document import NotebookDocument
from server.domain.svg_page import page_of
from server.updates.gzip_frames import Part, compress_part

STROKES_PER_FRAME = 256
_END = b"</svg>"


class PartsOfDocument:
    """The parts of one document as it is now."""

    def __init__(self, document: NotebookDocument, epoch: str, title: str) -> None:
        """Makes no part yet.

        Args:
            document: the document; it may be advanced later, each entry being told to `note`.
            epoch: of the notebook.
            title: of the notebook.
        """
        self._document = document
        self._epoch = epoch
        self._title = title
        self._frames: list[Part | None] = []

    def set_title(self, title: str) -> None:
        """The notebook was renamed."""
        self._title = title

    def note(self, entry: LogEntry, affected: Iterable[int]) -> None:
        """Notes which frames an applied entry has altered.

        Args:
            entry: the entry.
            affected: the strokes that `NotebookDocument.apply` named.
        """
        match entry.command:
            case "a":
                self._alter((entry.group_id,))
            case "c":
                self._frames = [None] * len(self._frames)
            case "e" | "m" | "s":
                data = entry.data
                named = data["cuts"] if "cuts" in data else data["ids"] if "ids" in data else (data["id"],)
                self._alter(map(int, named))
            case _:
                self._alter(affected)

    def etag(self) -> str:
        """Differs whenever the bytes may differ."""
        title = hashlib.blake2b(self._title.encode(), digest_size=6).hexdigest()
        return f'"{self._epoch}-{self._document.seq}-{title}"'

    def all(self) -> Iterator[Part]:
        """All parts in order, made where they are missing (lock held until the last)."""
        yield self._head()
        for number in range(self._frame_count()):
            yield self._frame(number)
        yield compress_part(_END)

    def all_lazily(self, lock: AbstractContextManager[object]) -> Iterator[Part]:
        """All parts in order, of the document as it is now, compressed one by one later.

        Args:
            lock: the replica's; held during this call by the caller, and taken for a moment for each new part.
        """
        head, count = self._head(), self._frame_count()
        frames: list[Part | list[str]] = [
            self._frames[number] or self._texts(number) for number in range(count)
        ]
        return self._made(lock, head, frames)

    def _made(
        self, lock: AbstractContextManager[object], head: Part, frames: list[Part | list[str]]
    ) -> Iterator[Part]:
        seq = self._document.seq
        yield head
        for number, frame in enumerate(frames):
            if isinstance(frame, Part):
                yield frame
                continue
            part = compress_part("".join(frame).encode())
            with lock:
                if self._document.seq == seq:
                    self._frames[number] = part
            yield part
        yield compress_part(_END)

    def _head(self) -> Part:
        document = self._document
        page = page_of(
            (),
            seq=document.seq,
            epoch=self._epoch,
            paper=document.paper,
            margin=document.margin,
            title=self._title,
        )
        return compress_part(b"".join(page).removesuffix(_END))

    def _frame_count(self) -> int:
        count = -(-(self._document.next_id - 1) // STROKES_PER_FRAME)
        self._frames.extend([None] * (count - len(self._frames)))
        return count

    def _frame(self, number: int) -> Part:
        part = self._frames[number]
        if part is None:
            part = self._frames[number] = compress_part("".join(self._texts(number)).encode())
        return part

    def _texts(self, number: int) -> list[str]:
        first = number * STROKES_PER_FRAME + 1
        last = min(first + STROKES_PER_FRAME, self._document.next_id)
        texts = map(self._document.stroke, range(first, last))
        return [text for text in texts if text is not None]

    def _alter(self, group_ids: Iterable[int]) -> None:
        frames = self._frames
        for group_id in group_ids:
            number = (group_id - 1) // STROKES_PER_FRAME
            if number < len(frames):
                frames[number] = None
