"""One open notebook in the update process: its document, and how far its snapshot is behind.

Owns `Notebook.change`, which turns the changes of one POST into log entries, and loading: the newest snapshot
that agrees with the log, then the log after it; without one, the stored base or the whole log. Does not store
anything: the loop commits the entries and throws the notebook away when that fails, because `change` has altered
the document already. Used by one thread at a time. Rules C1 to C6, P3 (bases).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.domain.change import Change
from server.domain.failures import Failure
from server.domain.ids import Author, NotebookId, Role
from server.domain.log_entry import Known, LogEntry
from server.domain.svg_document import NotebookDocument
from server.storage.contracts import Record, Storage
from server.storage.snapshots import SnapshotHeader
from server.updates.answers import MAX_EFFECTS_BYTES, NO_EFFECTS, RELOAD, Effects

SNAPSHOT_EVERY_CHANGES = 1000
READ_ENTRIES = 2000


class Snapshots(Protocol):
    """Where snapshots are kept (server.storage.snapshots.SnapshotStore)."""

    def load(self, notebook_id: NotebookId) -> tuple[int, str, Iterable[Record]] | None: ...

    def save(self, notebook_id: NotebookId, seq: int, epoch: str, records: Iterable[Record]) -> None: ...

    def header(self, notebook_id: NotebookId) -> SnapshotHeader | None: ...

    def remove(self, notebook_id: NotebookId) -> None: ...

    def quarantine(self, notebook_id: NotebookId) -> object: ...


@dataclass(frozen=True, slots=True)
class Changed:
    """What one POST did.

    Attributes:
        changes: in the order of the POST; those that the log held already are `Known`.
        entries: the new ones, to be stored.
        affected: strokes altered in a way that the entries alone do not tell.
    """

    changes: Sequence[LogEntry | Known]
    entries: Sequence[LogEntry]
    affected: frozenset[int]


class Notebook:
    """An open notebook.

    Attributes:
        id: which.
        epoch: 16 hex digits.
        document: the document; ahead of the log between `change` and the commit.
        snapshot_seq: the number of the last snapshot.
        stored_seq: the last number known to be in the log.
        used_at_s: when it was last changed, seconds on the monotonic clock.
        snapshot_after_s: not before this moment is another snapshot tried.
        snapshot_under_way: whether one is being written.
    """

    def __init__(
        self, notebook_id: NotebookId, epoch: str, document: NotebookDocument, *, snapshot_seq: int = 0
    ) -> None:
        self.id = notebook_id
        self.epoch = epoch
        self.document = document
        self.snapshot_seq = snapshot_seq
        self.stored_seq = document.seq
        self.used_at_s = 0.0
        self.snapshot_after_s = 0.0
        self.snapshot_under_way = False

    def change(self, changes: list[Change], author: Author, role: Role, now_ms: int) -> Changed:
        """Checks and applies the changes of one POST, all or none.

        Raises:
            Failure: one of them is refused; the document is as it was.
        """
        prepared = self.document.prepare(changes, author, role, now_ms)
        entries: list[LogEntry] = []
        affected: set[int] = set()
        for change in prepared:
            if isinstance(change, LogEntry):
                entries.append(change)
                affected |= self.document.apply(change)
        return Changed(prepared, entries, frozenset(affected))

    @property
    def wants_snapshot(self) -> bool:
        """Whether enough has changed: 1,000 changes or a tenth of the document, whichever is more."""
        behind = self.stored_seq - self.snapshot_seq
        return behind >= SNAPSHOT_EVERY_CHANGES and behind * 10 >= self.document.next_id

    @property
    def weight(self) -> int:
        """What it costs to keep open, in strokes ever drawn plus a constant."""
        return self.document.next_id + 50


def effects_now(document: NotebookDocument, affected: Iterable[int]) -> Effects:
    """The affected strokes as they are in the document now; `RELOAD` when they are above 1 MiB."""
    strokes: dict[int, str] = {}
    hidden: list[int] = []
    size = 0
    for group_id in sorted(affected):
        fragment = document.stroke(group_id)
        if fragment is None:
            hidden.append(group_id)
            size += 12
        else:
            strokes[group_id] = fragment
            size += len(fragment)
        if size > MAX_EFFECTS_BYTES:
            return RELOAD
    return Effects(strokes, hidden) if strokes or hidden else NO_EFFECTS


def load_notebook(storage: Storage, snapshots: Snapshots, notebook_id: NotebookId) -> Notebook:
    """Opens a notebook as of the end of its log.

    Raises:
        Failure: 404 when it is deleted or in the trash, 503 when the database is away or the log is damaged.
    """
    record = storage.notebooks.get(notebook_id)
    if record is None:
        raise Failure.of("notebook_gone")
    document = _from_snapshot(storage, snapshots, notebook_id, record.epoch)
    snapshot_seq = document.seq if document is not None else 0
    if document is None:
        document = _from_base(storage, notebook_id)
    advance(storage, notebook_id, document)
    return Notebook(notebook_id, record.epoch, document, snapshot_seq=snapshot_seq)


def load_document(
    storage: Storage, snapshots: Snapshots, notebook_id: NotebookId, epoch: str
) -> NotebookDocument:
    """The document as of the end of its log, of a notebook in the trash too.

    Raises:
        Failure: 503 when the database is away or the log is damaged.
    """
    document = _from_snapshot(storage, snapshots, notebook_id, epoch) or _from_base(storage, notebook_id)
    advance(storage, notebook_id, document)
    return document


def advance(storage: Storage, notebook_id: NotebookId, document: NotebookDocument) -> None:
    """Applies what the log holds after the document's `seq`.

    Raises:
        Failure: 503 when the log has a gap or an entry that cannot be applied.
    """
    while True:
        entries = storage.changes.read(notebook_id, document.seq, READ_ENTRIES)
        for entry in entries:
            apply_next(document, entry)
        if not entries:
            return


def apply_next(document: NotebookDocument, entry: LogEntry) -> frozenset[int]:
    """Applies the entry that must come next; returns the affected strokes.

    Raises:
        Failure: 503 when another entry should come, or this one cannot be applied.
    """
    if entry.seq != document.seq + 1:
        raise Failure.of("notebook_damaged")
    try:
        return document.apply(entry)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Failure.of("notebook_damaged") from error


def _from_snapshot(
    storage: Storage, snapshots: Snapshots, notebook_id: NotebookId, epoch: str
) -> NotebookDocument | None:
    """The snapshot's document if it is whole, of this epoch and agrees with the log; else None."""
    found = snapshots.load(notebook_id)
    if found is None:
        return None
    seq, snapshot_epoch, records = found
    if snapshot_epoch != epoch:
        return None
    if seq > storage.changes.head(notebook_id):
        snapshots.quarantine(notebook_id)
        return None
    try:
        document = NotebookDocument.load(records)
    except (ValueError, KeyError, TypeError, IndexError):
        snapshots.quarantine(notebook_id)
        return None
    return document if document.seq == seq else None


def _from_base(storage: Storage, notebook_id: NotebookId) -> NotebookDocument:
    base = storage.changes.load_base(notebook_id)
    if base is None:
        return NotebookDocument(notebook_id)
    _seq, records = base
    return NotebookDocument.load(records)
