"""Documents for readers in the main process: as of the log now, whoever stored it.

Owns a bounded set of open documents, each under its own lock, advanced from the database (the truth) whenever it
is asked for, and their compressed renders, of which only the parts that changed are made again. Never writes.
Handler threads only: everything here may block. Rules N3, N6, P1 (strokes as of an answer's end).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.domain.svg_document import NotebookDocument
from server.storage.contracts import Notebook as NotebookRow
from server.storage.contracts import Storage
from server.updates.gzip_frames import Part, gzip_pieces, plain_part
from server.updates.notebook import READ_ENTRIES, Snapshots, apply_next, load_document, load_notebook
from server.updates.rendering import PartsOfDocument

MAX_WEIGHT = 400_000


class Rendered(NamedTuple):
    """A whole SVG document as of `seq`, compressed.

    Attributes:
        seq: the number it is as of.
        epoch: 16 hex digits.
        gzip: the whole gzip stream; one object for all readers of the same render.
        etag: differs whenever the bytes may differ.
    """

    seq: int
    epoch: str
    gzip: bytes
    etag: str


class Stream(NamedTuple):
    """A document on its way out: pieces that are compressed when their turn comes."""

    seq: int
    epoch: str
    pieces: Iterator[bytes]


class Replica:
    """One open document with its rendered parts. Used under `lock`."""

    __slots__ = ("document", "epoch", "id", "lock", "parts", "rendered", "title")

    def __init__(self, notebook_id: NotebookId) -> None:
        self.id = notebook_id
        self.lock = threading.Lock()
        self.document: NotebookDocument | None = None
        self.epoch = ""
        self.title = ""
        self.parts: PartsOfDocument | None = None
        self.rendered: Rendered | None = None

    @property
    def weight(self) -> int:
        """What it costs to keep, in strokes."""
        return 50 + (self.document.next_id if self.document is not None else 0)


class Replicas:
    """The open documents of the main process."""

    def __init__(self, storage: Storage, snapshots: Snapshots, *, max_weight: int = MAX_WEIGHT) -> None:
        """Makes an empty set.

        Args:
            storage: the database.
            snapshots: where the update process leaves its snapshots; only read.
            max_weight: how many strokes are kept open in all; the least recently used documents go first.
        """
        self._storage = storage
        self._snapshots = snapshots
        self._max_weight = max_weight
        self._lock = threading.Lock()
        self._replicas: OrderedDict[NotebookId, Replica] = OrderedDict()

    @contextmanager
    def reading(self, notebook_id: NotebookId) -> Iterator[tuple[NotebookDocument, str]]:
        """The document as of the log now, and its epoch; nobody else touches it inside the `with`.

        Raises:
            Failure: 404 for a notebook that is gone, 503 when the database is away.
        """
        replica = self._replica(notebook_id)
        with replica.lock:
            self._advance(replica)
            assert replica.document is not None
            yield replica.document, replica.epoch
        self._close_unused()

    def render(self, notebook_id: NotebookId) -> Rendered:
        """The whole document, compressed; made once for any number of readers of the same state.

        Raises:
            Failure: as `reading`.
        """
        replica = self._replica(notebook_id)
        with replica.lock:
            self._advance(replica)
            rendered = replica.rendered
            if rendered is None:
                assert replica.document is not None and replica.parts is not None
                gzip = b"".join(gzip_pieces(replica.parts.all()))
                rendered = Rendered(replica.document.seq, replica.epoch, gzip, replica.parts.etag())
                replica.rendered = rendered
        self._close_unused()
        return rendered

    def stream(self, notebook_id: NotebookId) -> Stream:
        """The same bytes as `render`, the first of them before the rest is compressed.

        The lock of the document is held only while a part is made, so a change may come between two parts: the
        parts are then made from what the document was at the beginning (they were taken as text before).

        Raises:
            Failure: as `reading`.
        """
        replica = self._replica(notebook_id)
        with replica.lock:
            self._advance(replica)
            assert replica.document is not None and replica.parts is not None
            if replica.rendered is not None:
                return Stream(replica.document.seq, replica.epoch, iter((replica.rendered.gzip,)))
            parts = replica.parts.all_lazily(replica.lock)
            return Stream(replica.document.seq, replica.epoch, iter(gzip_pieces(parts)))

    def plain(self, notebook_id: NotebookId) -> tuple[int, str, Iterator[bytes]]:
        """The same document without compression: (seq, epoch, pieces)."""
        replica = self._replica(notebook_id)
        with replica.lock:
            self._advance(replica)
            assert replica.document is not None and replica.parts is not None
            parts = list(replica.parts.all())
            return replica.document.seq, replica.epoch, map(plain_part, parts)

    def plain_of(self, row: NotebookRow) -> Iterator[bytes]:
        """The same of a notebook that may be in the trash, where nobody has it open.

        Raises:
            Failure: 503 when the database is away or the log is damaged.
        """
        if row.trashed_ms is None:
            return self.plain(row.id)[2]
        document = load_document(self._storage, self._snapshots, row.id, row.epoch)
        return document.render_document(row.epoch, row.title)

    def forget(self, notebook_id: NotebookId) -> None:
        """Drops a notebook that was deleted or renamed."""
        with self._lock:
            self._replicas.pop(notebook_id, None)

    def counts(self) -> tuple[int, int]:
        """Open documents and their weight in strokes."""
        with self._lock:
            return len(self._replicas), sum(replica.weight for replica in self._replicas.values())

    def _replica(self, notebook_id: NotebookId) -> Replica:
        with self._lock:
            replica = self._replicas.get(notebook_id)
            if replica is None:
                replica = self._replicas[notebook_id] = Replica(notebook_id)
            self._replicas.move_to_end(notebook_id)
            return replica

    def _advance(self, replica: Replica) -> None:
        """Brings the document to the end of the log (lock held)."""
        row = self._row(replica)
        document = replica.document
        if document is None or replica.epoch != row.epoch:
            notebook = load_notebook(self._storage, self._snapshots, replica.id)
            document = replica.document = notebook.document
            replica.epoch, replica.title = notebook.epoch, row.title
            replica.parts = PartsOfDocument(document, replica.epoch, row.title)
            replica.rendered = None
            return
        assert replica.parts is not None
        if row.title != replica.title:
            replica.title = row.title
            replica.parts.set_title(row.title)
            replica.rendered = None
        while document.seq < row.seq:
            entries = self._storage.changes.read(replica.id, document.seq, READ_ENTRIES)
            if not entries:
                raise Failure.of("notebook_damaged")
            replica.rendered = None
            for entry in entries:
                try:
                    affected = apply_next(document, entry)
                except Failure:
                    replica.document = None
                    raise
                replica.parts.note(entry, affected)

    def _row(self, replica: Replica) -> NotebookRow:
        row = self._storage.notebooks.get(replica.id)
        if row is None:
            self.forget(replica.id)
            raise Failure.of("notebook_gone")
        return row

    def _close_unused(self) -> None:
        with self._lock:
            weight = sum(replica.weight for replica in self._replicas.values())
            while weight > self._max_weight and len(self._replicas) > 1:
                _notebook_id, oldest = self._replicas.popitem(last=False)
                weight -= oldest.weight


__all__ = ["MAX_WEIGHT", "Part", "Rendered", "Replica", "Replicas", "Stream"]
