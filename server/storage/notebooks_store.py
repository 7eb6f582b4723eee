"""Notebooks in SQL: one row each.

Owns the table `notebooks` and the deletion of everything that hangs on a row. Titles and descriptions are sealed.
`seq`, `next_group_id`, `changed_ms` and `stored_bytes` are written by the log (`changes_store`) alone. Handler
threads. Rules N1, N2, N4, F44 (ids are never given twice).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from server.domain.failures import Failure
from server.domain.ids import NotebookId, UserId
from server.storage.database import Connection, Database, MissingParent, Row, Statement, one_int
from server.storage.records import Notebook
from server.storage.sealed import Sealer

_ADD: Final = Statement(
    "INSERT INTO notebooks (owner_id, title, description, epoch, created_ms, changed_ms, seq, next_group_id, "
    "stored_bytes, purged) VALUES (?, ?, ?, ?, ?, ?, 0, 1, 0, 0)"
)
_NAME: Final = Statement("UPDATE notebooks SET title = ?, description = ? WHERE id = ?")
_GET: Final = Statement(
    "SELECT id, owner_id, title, description, epoch, created_ms, changed_ms, seq, trashed_ms, next_group_id, "
    "stored_bytes FROM notebooks WHERE id = ? AND purged = 0"
)
_OF_OWNER: Final = Statement(
    "SELECT id, owner_id, title, description, epoch, created_ms, changed_ms, seq, trashed_ms, next_group_id, "
    "stored_bytes FROM notebooks WHERE owner_id = ? AND purged = 0 ORDER BY id"
)
_ALL: Final = Statement(
    "SELECT id, owner_id, title, description, epoch, created_ms, changed_ms, seq, trashed_ms, next_group_id, "
    "stored_bytes FROM notebooks WHERE purged = 0 ORDER BY id"
)
_COUNT: Final = Statement("SELECT COUNT(*) FROM notebooks WHERE owner_id = ? AND purged = 0")
_BYTES: Final = Statement("SELECT SUM(stored_bytes) FROM notebooks WHERE owner_id = ? AND purged = 0")
_RENAME: Final = Statement(
    "UPDATE notebooks SET title = ?, description = ?, changed_ms = ? WHERE id = ? AND trashed_ms IS NULL"
)
_EXISTS: Final = Statement("SELECT 1 FROM notebooks WHERE id = ? AND trashed_ms IS NULL AND purged = 0")
_TRASH: Final = Statement(
    "UPDATE notebooks SET trashed_ms = ? WHERE id = ? AND trashed_ms IS NULL AND purged = 0"
)
_RESTORE: Final = Statement(
    "UPDATE notebooks SET trashed_ms = NULL WHERE id = ? AND trashed_ms IS NOT NULL AND purged = 0"
)
_SET_EPOCH: Final = Statement("UPDATE notebooks SET epoch = ? WHERE id = ?")
_TRASHED_BEFORE: Final = Statement(
    "SELECT id FROM notebooks WHERE (trashed_ms < ? AND purged = 0) OR purged = 1 ORDER BY id"
)
_MARK_PURGED: Final = Statement("UPDATE notebooks SET purged = 1, trashed_ms = 0 WHERE id = ?")
_FIRST_CHANGE: Final = Statement("SELECT MIN(seq) FROM changes WHERE notebook_id = ?")
_DELETE_CHANGES: Final = Statement("DELETE FROM changes WHERE notebook_id = ? AND seq < ?")
_DELETE_BASE: Final = Statement("DELETE FROM bases WHERE notebook_id = ?")
_DELETE: Final = Statement("DELETE FROM notebooks WHERE id = ?")
_PORTION: Final = 2_000


class SqlNotebookStore:
    """Notebooks; those in the trash are shown only where asked for."""

    def __init__(self, database: Database, sealer: Sealer, new_epoch: Callable[[], str]) -> None:
        self._database: Final = database
        self._sealer: Final = sealer
        self._new_epoch: Final = new_epoch

    def create(self, owner_id: UserId, title: str, description: str, now_ms: int) -> Notebook:
        """Makes an empty notebook.

        Raises:
            Failure: 404 when the owner has just been deleted.
        """
        epoch = self._new_epoch()

        def work(connection: Connection) -> NotebookId:
            # The id is part of what the title is sealed for, so the row comes first.
            new_id = NotebookId(connection.insert(_ADD, owner_id, b"", b"", epoch, now_ms, now_ms))
            connection.run(_NAME, *self._sealed_name(new_id, title, description), new_id)
            return new_id

        try:
            new_id = self._database.write(work)
        except MissingParent:
            raise Failure.of("not_found") from None
        return Notebook(new_id, owner_id, title, description, epoch, now_ms, now_ms, 0)

    def get(self, notebook_id: NotebookId, *, with_trash: bool = False) -> Notebook | None:
        """The notebook with this id."""
        row = self._database.read(lambda connection: connection.row(_GET, notebook_id))
        if row is None:
            return None
        notebook = self._notebook(row)
        return notebook if with_trash or notebook.trashed_ms is None else None

    def list_for(self, owner_id: UserId, *, trashed: bool = False) -> list[Notebook]:
        """The owner's notebooks, or those of them in the trash, in order of id."""
        rows = self._database.read(lambda connection: connection.rows(_OF_OWNER, owner_id))
        return [self._notebook(row) for row in rows if (row[8] is not None) == trashed]

    def count_for(self, owner_id: UserId) -> int:
        """How many notebooks a user has, trash included."""
        return one_int(self._database.read(lambda connection: connection.row(_COUNT, owner_id)))

    def bytes_for(self, owner_id: UserId) -> int:
        """What the logs of a user's notebooks take, trash included."""
        return one_int(self._database.read(lambda connection: connection.row(_BYTES, owner_id)))

    def all(self, *, with_trash: bool = False) -> list[Notebook]:
        """Every notebook, in order of id."""
        rows = self._database.read(lambda connection: connection.rows(_ALL))
        return [self._notebook(row) for row in rows if with_trash or row[8] is None]

    def rename(self, notebook_id: NotebookId, title: str, description: str, now_ms: int) -> bool:
        """Gives a notebook another title and description; whether there is such a notebook."""
        sealed = self._sealed_name(notebook_id, title, description)

        def work(connection: Connection) -> bool:
            if connection.row(_EXISTS, notebook_id) is None:
                return False
            connection.run(_RENAME, *sealed, now_ms, notebook_id)
            return True

        return self._database.write(work)

    def trash(self, notebook_id: NotebookId, now_ms: int) -> bool:
        """Moves a notebook to the trash; whether it was outside."""
        return self._database.write(lambda connection: connection.run(_TRASH, now_ms, notebook_id)) > 0

    def restore(self, notebook_id: NotebookId) -> bool:
        """Takes a notebook out of the trash; whether it was there."""
        return self._database.write(lambda connection: connection.run(_RESTORE, notebook_id)) > 0

    def set_epoch(self, notebook_id: NotebookId, epoch: str) -> None:
        """Marks that the notebook's history is another from now on."""
        self._database.write(lambda connection: connection.run(_SET_EPOCH, epoch, notebook_id))

    def trashed_before(self, limit_ms: int) -> list[NotebookId]:
        """The notebooks that went to the trash before a moment, and those whose deletion was cut short."""
        rows = self._database.read(lambda connection: connection.rows(_TRASHED_BEFORE, limit_ms))
        return [NotebookId(int(row[0])) for row in rows]

    def delete_for_good(self, notebook_id: NotebookId) -> None:
        """Deletes row, log, base and shares, in portions, so that no other write waits for long."""
        self._database.write(lambda connection: connection.run(_MARK_PURGED, notebook_id))
        while self._database.write(lambda connection: _delete_portion(connection, notebook_id)):
            pass

        def work(connection: Connection) -> None:
            connection.run(_DELETE_BASE, notebook_id)
            connection.run(_DELETE, notebook_id)

        self._database.write(work)

    def _sealed_name(self, notebook_id: NotebookId, title: str, description: str) -> tuple[bytes, bytes]:
        return (
            self._sealer.seal_text(title, title_of(notebook_id)),
            self._sealer.seal_text(description, description_of(notebook_id)),
        )

    def _notebook(self, row: Row) -> Notebook:
        notebook_id = NotebookId(int(row[0]))
        return Notebook(
            id=notebook_id,
            owner_id=UserId(int(row[1])),
            title=self._sealer.open_text(row[2], title_of(notebook_id)),
            description=self._sealer.open_text(row[3], description_of(notebook_id)),
            epoch=row[4],
            created_ms=int(row[5]),
            changed_ms=int(row[6]),
            seq=int(row[7]),
            trashed_ms=row[8],
            next_group_id=int(row[9]),
            stored_bytes=int(row[10]),
        )


def _delete_portion(connection: Connection, notebook_id: NotebookId) -> int:
    """Deletes the oldest of a notebook's changes; how many."""
    first = one_int(connection.row(_FIRST_CHANGE, notebook_id))
    return connection.run(_DELETE_CHANGES, notebook_id, first + _PORTION) if first else 0


def title_of(notebook_id: NotebookId) -> str:
    """What a notebook's title is sealed for."""
    return f"title:{notebook_id}"


def description_of(notebook_id: NotebookId) -> str:
    """What a notebook's description is sealed for."""
    return f"description:{notebook_id}"
