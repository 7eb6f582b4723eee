"""What a start finds in the data folder, and what it makes of it.

Owns the order of the steps between an open database and a running server: leftovers away, a new database filled
from JSON tables or from 2022, the generation raised. A new database beside notebooks that it cannot be filled from
is refused: it is the wrong database, or the right one is lost. Main process, once, at start.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from server.domain.failures import Failure
from server.domain.wording import counted
from server.storage import legacy_2022
from server.storage.atomic_files import Files, remove_leftovers
from server.storage.database import DuplicateRow, MissingParent
from server.storage.filling import Contents, fill, is_new
from server.storage.generation import read_generation, settle_generation, write_generation
from server.storage.json_tables import (
    NOTEBOOKS_FILE,
    USERS_FILE,
    contents_of_tables,
    is_ours,
    read_rows,
)
from server.storage.opening import SqlStorage
from server.storage.records import StartRefused
from server.storage.snapshots import SnapshotStore


def settle_contents(
    storage: SqlStorage,
    snapshots: SnapshotStore,
    protected: Path,
    *,
    hash_password: Callable[[str], str],
    now_ms: int,
    files: Files | None = None,
) -> list[str]:
    """Makes database and data folder agree, before anything is served.

    Args:
        storage: just opened, as `main`.
        snapshots: those of `protected / "Notebooks"`.
        protected: the folder `Protected` of the data folder; made if missing.
        hash_password: for clear passwords of 2022.
        now_ms: the time of this start.
        files: the file system.

    Returns:
        Sentences for the operator: what was loaded, mended or set aside.

    Raises:
        StartRefused: what is wrong and what to do; nothing was changed.
    """
    files = files or Files()
    try:
        snapshots.prepare()
        _keep_private(protected, protected / "Notebooks")
        remove_leftovers(protected, files)
        notes = (
            _fill_new(storage, snapshots, protected, hash_password=hash_password, now_ms=now_ms, files=files)
            if is_new(storage.database)
            else settle_generation(storage.database, snapshots, protected, files, storage.make_epoch)
        )
        if storage.meta.get(legacy_2022.FACT) == legacy_2022.MOVING:
            legacy_2022.move_aside(protected, files)
            storage.meta.put(legacy_2022.FACT, legacy_2022.DONE)
    except OSError as error:
        raise StartRefused(
            f"The folder {protected} cannot be read or written ({error.strerror}). Check its rights and the room on "
            "its disk."
        ) from error
    except Failure as failure:
        raise StartRefused(f"The start could not be finished. {failure.sentence}") from failure
    return notes


def _keep_private(*folders: Path) -> None:
    """Closes folders to other users of the machine; a clone of the repository brings them open (T86)."""
    for folder in folders:
        if os.name == "posix" and folder.stat().st_mode & 0o077:
            folder.chmod(0o700)


def _fill_new(
    storage: SqlStorage,
    snapshots: SnapshotStore,
    protected: Path,
    *,
    hash_password: Callable[[str], str],
    now_ms: int,
    files: Files,
) -> list[str]:
    users = read_rows(protected / USERS_FILE, files)
    notebooks = read_rows(protected / NOTEBOOKS_FILE, files)
    notes: list[str] = []
    if is_ours(users) or is_ours(notebooks):
        contents = contents_of_tables(users, notebooks, storage.sealer, snapshots)
        notes.append(
            f"Loaded {counted(len(users), 'account')} and {counted(len(notebooks), 'notebook')} from the JSON tables in Protected/. "
            "Everybody logs in again."
        )
    elif users or notebooks:
        importing = legacy_2022.Import2022(protected, storage.sealer, hash_password, now_ms, files)
        contents = importing.contents(users, notebooks)
        notes = importing.notes
    else:
        _refuse_notebooks_without_a_table(snapshots, protected)
        contents = Contents()
    generation = read_generation(protected, files) + 1
    try:
        fill(storage.database, storage.bases, contents, new_epoch=storage.make_epoch, generation=generation)
    except (DuplicateRow, MissingParent) as error:
        raise StartRefused(
            "The JSON tables in Protected/ contradict themselves (an id, a name or a code stands there twice). "
            "Put the two files of one `save` back."
        ) from error
    write_generation(protected, generation, files)
    return notes


def _refuse_notebooks_without_a_table(snapshots: SnapshotStore, protected: Path) -> None:
    found = snapshots.ids()
    if found:
        raise StartRefused(
            f"The database is new, but {protected / 'Notebooks'} holds {len(found)} notebooks and no "
            "NotebooksList.json to load them by. Put the database back or restore a backup; to begin anew, move the "
            "folder Protected elsewhere."
        )
