"""The log of changes in SQL: the truth about every notebook.

Owns the table `changes` and the head of each notebook's row. Numbers are given by the update process and checked
here, in the transaction that stores them: a batch either follows on every head or is not stored at all (C4). Does
not know what a change means. Update process (append) and handler threads (read). Rules C2, C3, C4, P3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.domain.log_entry import LogEntry
from server.storage.bases import BaseRows
from server.storage.database import Connection, Database, DuplicateRow, Row, Statement, one_int
from server.storage.entry_text import decode_entry, encode_entry
from server.storage.records import AppendConflict, CommitUnknown, Record
from server.storage.sealed import SealBroken, Sealer

_HEAD: Final = Statement("SELECT seq FROM notebooks WHERE id = ?")
_LIVE_HEAD: Final = Statement("SELECT seq FROM notebooks WHERE id = ? AND trashed_ms IS NULL AND purged = 0")
_ADVANCE: Final = Statement(
    "UPDATE notebooks SET seq = ?, changed_ms = ?, stored_bytes = stored_bytes + ?, "
    "next_group_id = CASE WHEN next_group_id > ? THEN next_group_id ELSE ? END "
    "WHERE id = ? AND seq = ? AND trashed_ms IS NULL AND purged = 0"
)
_ADD: Final = Statement(
    "INSERT INTO changes (notebook_id, seq, op, author, at_ms, command, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_READ: Final = Statement(
    "SELECT notebook_id, seq, op, author, at_ms, command, body FROM changes "
    "WHERE notebook_id = ? AND seq > ? ORDER BY seq LIMIT ?"
)
_FIND_OP: Final = Statement(
    "SELECT notebook_id, seq, op, author, at_ms, command, body FROM changes WHERE notebook_id = ? AND op = ?"
)
_OP_AT: Final = Statement("SELECT op FROM changes WHERE notebook_id = ? AND seq = ?")
_ROWS_AT_ONCE: Final = 256


class SqlChangeStore:
    """The log."""

    def __init__(self, database: Database, sealer: Sealer, bases: BaseRows) -> None:
        self._database: Final = database
        self._sealer: Final = sealer
        self._bases: Final = bases

    def read(
        self, notebook_id: NotebookId, since: int, limit: int = 1000, max_bytes: int = 4 << 20
    ) -> list[LogEntry]:
        """The changes after `since`, in order, contiguous; at least one if there is one, of any size.

        Args:
            notebook_id: the notebook, in the trash or not.
            since: the number before the first wanted.
            limit: at most so many changes.
            max_bytes: of sealed bodies; the change that crosses it is the last.

        Raises:
            Failure: 503 `notebook_damaged` for a gap in the log or a body that does not open.
        """
        rows: list[Row] = []
        held_bytes = 0
        while len(rows) < limit and held_bytes < max_bytes:
            at = int(rows[-1][1]) if rows else since
            wanted = min(limit - len(rows), _ROWS_AT_ONCE)
            portion = self._portion(notebook_id, at, wanted)
            for row in portion:
                if held_bytes >= max_bytes:
                    break
                rows.append(row)
                held_bytes += len(row[6])
            if len(portion) < wanted:
                break
        if any(int(row[1]) != number for number, row in enumerate(rows, since + 1)):
            raise Failure.of("notebook_damaged")
        return [self._entry(row) for row in rows]

    def head(self, notebook_id: NotebookId) -> int:
        """The number of the last change, trash included; 0 when there is none."""
        return one_int(self._database.read(lambda connection: connection.row(_HEAD, notebook_id)))

    def base(self, notebook_id: NotebookId) -> int:
        """The number the log begins after: 0, or the stored base's. A `since` below it is a 410 (P3)."""
        return self._bases.seq(notebook_id)

    def load_base(self, notebook_id: NotebookId) -> tuple[int, Iterator[Record]] | None:
        """The document the log begins after, as (seq, records of its dump); None when it begins at 1."""
        return self._bases.load(notebook_id)

    def find_op(self, notebook_id: NotebookId, op: str) -> LogEntry | None:
        """The change with this op, if the log holds it."""
        row = self._database.read(lambda connection: connection.row(_FIND_OP, notebook_id, op))
        return None if row is None else self._entry(row)

    def append_batch(self, entries: Sequence[LogEntry]) -> None:
        """Stores entries of any number of notebooks in one transaction; durable on return.

        Raises:
            AppendConflict: entries do not follow on a head, an op is there already, or a notebook is gone;
                nothing is stored.
            Failure: 503 (the outcome may be unknown: load the notebooks again), 507 disk full.
        """
        if not entries:
            return
        rows = self._rows(entries)
        heads = _heads(entries, rows)

        def work(connection: Connection) -> None:
            moved, gone = _advance(connection, heads)
            if moved or gone:
                raise AppendConflict(moved, gone)
            connection.run_many(_ADD, rows)

        try:
            self._database.write(work)
        except DuplicateRow:
            raise AppendConflict(self._holding(entries), ()) from None
        except CommitUnknown:
            if not self._is_stored(entries[-1]):
                raise

    def _rows(self, entries: Sequence[LogEntry]) -> list[tuple[int, int, str, str, int, str, bytes]]:
        bodies = self._sealer.seal_many((encode_entry(entry), _purpose(entry)) for entry in entries)
        return [
            (entry.notebook_id, entry.seq, entry.op, entry.author_id, entry.at_ms, entry.command, body)
            for entry, body in zip(entries, bodies, strict=True)
        ]

    def _holding(self, entries: Iterable[LogEntry]) -> set[NotebookId]:
        """The notebooks that hold one of these ops or numbers already."""

        def look(connection: Connection) -> set[NotebookId]:
            return {
                entry.notebook_id
                for entry in entries
                if connection.row(_FIND_OP, entry.notebook_id, entry.op)
                or connection.row(_OP_AT, entry.notebook_id, entry.seq)
            }

        held = self._database.read(look)
        return held or {entry.notebook_id for entry in entries}  # an op twice within the batch

    def _portion(self, notebook_id: NotebookId, since: int, limit: int) -> list[Row]:
        return self._database.read(lambda connection: connection.rows(_READ, notebook_id, since, limit))

    def _is_stored(self, entry: LogEntry) -> bool:
        row = self._database.read(lambda connection: connection.row(_OP_AT, entry.notebook_id, entry.seq))
        return row is not None and row[0] == entry.op

    def _entry(self, row: Row) -> LogEntry:
        notebook_id, seq, op, author_id, at_ms, command, body = row
        try:
            plain = self._sealer.open(body, f"change:{notebook_id}:{seq}:{op}:{author_id}:{at_ms}:{command}")
            data, author_name, digest, group_id = decode_entry(plain)
        except (SealBroken, ValueError):
            raise Failure.of("notebook_damaged") from None
        return LogEntry(
            notebook_id=NotebookId(notebook_id),
            seq=seq,
            op=op,
            author_id=author_id,
            author_name=author_name,
            at_ms=at_ms,
            command=command,
            data=data,
            digest=digest,
            group_id=group_id,
        )


def _purpose(entry: LogEntry) -> str:
    """What the body is sealed for: its place and every column in clear beside it."""
    return (
        f"change:{entry.notebook_id}:{entry.seq}:{entry.op}:{entry.author_id}:{entry.at_ms}:{entry.command}"
    )


class _Head:
    """What a batch does to one notebook's row."""

    __slots__ = ("at_ms", "first", "last", "next_group_id", "stored_bytes")

    def __init__(self, first: int) -> None:
        self.first = first
        self.last = first - 1
        self.at_ms = 0
        self.next_group_id = 1
        self.stored_bytes = 0


def _heads(entries: Sequence[LogEntry], rows: Sequence[tuple[object, ...]]) -> dict[NotebookId, _Head]:
    """Adds the batch up by notebook.

    Raises:
        AppendConflict: the entries of a notebook do not follow on each other.
    """
    heads: dict[NotebookId, _Head] = {}
    for entry, row in zip(entries, rows, strict=True):
        head = heads.get(entry.notebook_id)
        if head is None:
            head = heads[entry.notebook_id] = _Head(entry.seq)
        if entry.seq != head.last + 1:
            raise AppendConflict([entry.notebook_id], ())
        head.last = entry.seq
        head.at_ms = max(head.at_ms, entry.at_ms)
        head.next_group_id = max(head.next_group_id, entry.group_id + 1)
        body = row[-1]
        assert isinstance(body, bytes)
        head.stored_bytes += len(body)
    return heads


def _advance(
    connection: Connection, heads: dict[NotebookId, _Head]
) -> tuple[set[NotebookId], set[NotebookId]]:
    """Moves every head on, in order of id so that two writers never wait for each other in a circle."""
    moved: set[NotebookId] = set()
    gone: set[NotebookId] = set()
    for notebook_id, head in sorted(heads.items()):
        done = connection.run(
            _ADVANCE,
            head.last,
            head.at_ms,
            head.stored_bytes,
            head.next_group_id,
            head.next_group_id,
            notebook_id,
            head.first - 1,
        )
        if not done:
            (gone if connection.row(_LIVE_HEAD, notebook_id) is None else moved).add(notebook_id)
    return moved, gone
