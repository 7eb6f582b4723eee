"""Notices at a start that the database is older than the data beside it.

Owns the generation: a number in the database, then in `Protected/generation`, that each start raises. A database
that was put back from an older copy has the smaller one, or a log that ends before a snapshot does; then every
notebook gets a new epoch, so that no page mistakes the other history for its own (P3), and the snapshots ahead of
their logs are set aside (I3). Main process, once, at start.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from server.domain.ids import NotebookId
from server.storage.atomic_files import Files, read_whole, write_atomically
from server.storage.database import Connection, Database, Statement
from server.storage.migrations import CONTENTS, LOADED
from server.storage.small_stores import GENERATION
from server.storage.snapshots import SnapshotStore

GENERATION_FILE: Final = "generation"
_HEADS: Final = Statement("SELECT id, seq, epoch FROM notebooks")
_SET_EPOCH: Final = Statement("UPDATE notebooks SET epoch = ? WHERE id = ?")
_GET: Final = Statement("SELECT value FROM meta WHERE name = ?")
_PUT: Final = Statement("REPLACE INTO meta (name, value) VALUES (?, ?)")


def read_generation(protected: Path, files: Files) -> int:
    """The number in the file; 0 when there is none that can be read."""
    try:
        text = read_whole(protected / GENERATION_FILE, files).strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() and len(text) <= 18 else 0


def write_generation(protected: Path, generation: int, files: Files) -> None:
    """Notes the number beside the data. Raises Failure."""
    write_atomically(protected / GENERATION_FILE, [f"{generation}\n".encode()], files)


def settle_generation(
    database: Database,
    snapshots: SnapshotStore,
    protected: Path,
    files: Files,
    new_epoch: Callable[[], str],
) -> list[str]:
    """Compares database and data, and raises the generation; returns sentences for the operator.

    Raises:
        Failure: the database or the disk does not take it.
    """
    in_file = read_generation(protected, files)

    def look(connection: Connection) -> tuple[dict[NotebookId, tuple[int, str]], int]:
        heads = {NotebookId(int(row[0])): (int(row[1]), str(row[2])) for row in connection.rows(_HEADS)}
        stored = connection.row(_GET, GENERATION)
        return heads, int(stored[0]) if stored else 0

    heads, in_database = database.snapshot(look)
    ahead, orphans = _compare(heads, snapshots)
    older = in_database < in_file or bool(ahead)
    generation = max(in_database, in_file) + 1

    def work(connection: Connection) -> None:
        if older:
            for notebook_id in heads:
                connection.run(_SET_EPOCH, new_epoch(), notebook_id)
        connection.run(_PUT, GENERATION, str(generation))
        connection.run(_PUT, CONTENTS, LOADED)

    database.write(work)
    write_generation(protected, generation, files)
    return _set_aside(snapshots, ahead, orphans, older)


def _compare(
    heads: dict[NotebookId, tuple[int, str]], snapshots: SnapshotStore
) -> tuple[list[NotebookId], list[NotebookId]]:
    """The snapshots that are ahead of their logs, and those without a notebook."""
    ahead: list[NotebookId] = []
    orphans: list[NotebookId] = []
    for notebook_id in snapshots.ids():
        header = snapshots.header(notebook_id)
        if notebook_id not in heads:
            orphans.append(notebook_id)
        elif (
            header is not None
            and header.epoch == heads[notebook_id][1]
            and header.seq > heads[notebook_id][0]
        ):
            ahead.append(notebook_id)
    return ahead, orphans


def _set_aside(
    snapshots: SnapshotStore, ahead: list[NotebookId], orphans: list[NotebookId], older: bool
) -> list[str]:
    notes: list[str] = []
    for notebook_id in (*ahead, *orphans):
        snapshots.quarantine(notebook_id)
    if older:
        notes.append(
            "The database is older than the data folder: it was put back from a copy. Pages that are open load their "
            "notebooks again and send what the database does not know."
        )
    if orphans:
        notes.append(
            f"{len(orphans)} snapshots belong to no notebook and were moved to Protected/Notebooks/set-aside."
        )
    return notes
