"""Snapshots of the notebooks that nobody has open: those behind their logs are brought up to date.

Owns finding and writing them, for `save` and a safe stop: after a crash, notebooks that were being written are behind
until somebody writes in them again, and the JSON tables may speak of no snapshot older than they are. A notebook that
is up to date costs one look at the head of its file. Runs on the snapshot thread of the update process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from server.domain.failures import Failure
from server.storage.contracts import Notebook as Row
from server.storage.contracts import Storage
from server.updates.messages import Note
from server.updates.notebook import Snapshots, load_document

CatchUp = Callable[[], None]


def write_those_behind(storage: Storage, snapshots: Snapshots, note: Callable[[Note], None]) -> int:
    """Writes a snapshot of every notebook, trash included, whose own is behind; returns how many were written.

    One that cannot be written is noted and left as it is.

    Args:
        storage: the database.
        snapshots: the snapshot files.
        note: gets a line for each failure.
    """
    try:
        rows = storage.notebooks.all(with_trash=True)
    except Failure as failure:
        note(Note(logging.WARNING, f"snapshots could not be compared with the log: {failure.reason}"))
        return 0
    written = 0
    for row in rows:
        if not is_behind(snapshots, row):
            continue
        try:
            document = load_document(storage, snapshots, row.id, row.epoch)
            snapshots.save(row.id, document.seq, row.epoch, document.dump())
            if storage.notebooks.get(row.id, with_trash=True) is None:  # deleted for good meanwhile
                snapshots.remove(row.id)
            written += 1
        except Failure as failure:
            note(Note(logging.WARNING, f"snapshot of notebook {row.id} not written: {failure.reason}"))
    return written


def is_behind(snapshots: Snapshots, row: Row) -> bool:
    """Whether the snapshot of a notebook is missing, older than its row, or of an earlier epoch."""
    header = snapshots.header(row.id)
    if header is None:
        return row.seq > 0
    return header.seq < row.seq or header.epoch != row.epoch
