"""A backup: everything in one file, made while the server runs, complete or not there.

Owns the file's form, `backup` and `restore`. The file is a ZIP: the storage key, each table as lines of JSON, the
snapshots as they are, and a manifest with the number of rows of each table at the end; it is written under another
name and renamed, mode 0600. It holds the key, so whoever has it can read the notebooks. Rules F7, F42.

A restore goes into an empty data folder and an empty database of either kind. Every notebook gets a new epoch, since
pages may have seen later changes; sessions are not restored.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.storage.atomic_files import TEMPORARY, Files, as_failure, read_whole, write_atomically
from server.storage.backup_file import FORMAT, KEY, MANIFEST, SNAPSHOTS, BackupFile
from server.storage.backup_rows import TABLES, is_there, lines_of, put_back
from server.storage.database import Connection, DuplicateRow, MissingParent, Statement
from server.storage.filling import is_new
from server.storage.generation import GENERATION_FILE, read_generation, write_generation
from server.storage.migrations import CONTENTS, LOADED
from server.storage.opening import SqlStorage
from server.storage.records import StartRefused
from server.storage.sealed import Sealer
from server.storage.small_stores import GENERATION
from server.storage.snapshots import SnapshotStore
from server.storage.storage_key import key_path

__all__ = ["BackupFile", "backup", "check_empty", "no_progress", "put_key_back", "restore"]

_HEADS: Final = Statement("SELECT id, seq, epoch FROM notebooks")
_SET_EPOCH: Final = Statement("UPDATE notebooks SET epoch = ? WHERE id = ?")
_PUT_META: Final = Statement("REPLACE INTO meta (name, value) VALUES (?, ?)")
_ANY_USER: Final = Statement("SELECT id FROM users LIMIT 1")

Progress = Callable[[str, int], None]
"""Is told what is being written or read, and how many rows or files of it so far."""


def no_progress(what: str, count: int) -> None:
    """For callers who do not want to know."""


class _Out(io.RawIOBase):
    """A file that ZipFile can write to and that goes through `Files`."""

    def __init__(self, handle: int, files: Files) -> None:
        super().__init__()
        self._handle = handle
        self._files = files

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            left = left[self._files.write(self._handle, left) :]
        return size


def backup(
    storage: SqlStorage,
    key: bytes,
    protected: Path,
    target: Path,
    *,
    now_ms: int,
    files: Files | None = None,
    progress: Progress = no_progress,
) -> dict[str, int]:
    """Writes a backup of a database that may be in use; returns the number of rows of each table.

    Args:
        storage: the open database.
        key: the storage key it is written under.
        protected: the folder `Protected`.
        target: the file to write; one that is there is replaced when the new one is complete.
        now_ms: goes into the manifest.
        files: the file system.
        progress: is told how far it is.

    Raises:
        Failure: 503 or 507; no new file is there, one from before still is.
    """
    files = files or Files()
    fresh = target.parent / f".{target.name}{TEMPORARY}{secrets.token_hex(8)}"
    try:
        handle = files.open_new(fresh)
        try:
            try:
                counts = _write(
                    storage,
                    key,
                    protected,
                    _Out(handle, files),
                    now_ms=now_ms,
                    files=files,
                    progress=progress,
                )
                files.fsync(handle)
            finally:
                files.close(handle)
            files.replace(fresh, target)
        except BaseException:
            with contextlib.suppress(OSError):
                files.unlink(fresh)
            raise
        files.fsync_folder(target.parent)
    except OSError as error:
        raise as_failure(error) from error
    return counts


def _write(
    storage: SqlStorage,
    key: bytes,
    protected: Path,
    out: _Out,
    *,
    now_ms: int,
    files: Files,
    progress: Progress,
) -> dict[str, int]:
    counts: dict[str, int] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1) as archive:
        archive.writestr(KEY, key.hex() + "\n")
        # Snapshots first: the rows, read later, are then never behind them (I3).
        counts["snapshots"] = _write_snapshots(archive, protected, files, progress)

        def look(connection: Connection) -> None:
            for table in TABLES:
                if not is_there(connection, table):  # a schema older than the table, before its migration
                    continue
                counts[table.name] = 0
                with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as member:
                    for line in lines_of(connection, table):
                        member.write(line)
                        counts[table.name] += 1
                        if counts[table.name] % 1000 == 0:
                            progress(table.name, counts[table.name])
                progress(table.name, counts[table.name])

        storage.database.snapshot(look)
        manifest = {
            "format": FORMAT,
            "schema": storage.meta.schema_version(),
            "keyID": storage.sealer.key_id,
            "generation": storage.meta.generation(),
            "made": now_ms,
            "counts": counts,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return counts


def _write_snapshots(archive: zipfile.ZipFile, protected: Path, files: Files, progress: Progress) -> int:
    count = 0
    folder = protected / "Notebooks"
    for name in sorted(files.names(folder)) if folder.is_dir() else []:
        if not name.endswith(".svg.sealed"):
            continue
        with contextlib.suppress(FileNotFoundError):  # deleted for good meanwhile
            archive.writestr(SNAPSHOTS + name, read_whole(folder / name, files), zipfile.ZIP_STORED)
            count += 1
    progress("snapshots", count)
    return count


def check_empty(data_dir: Path) -> None:
    """Refuses a data folder that holds notebooks.

    Raises:
        StartRefused: with what was found.
    """
    for place in (key_path(data_dir), data_dir / "Protected" / GENERATION_FILE):
        if place.exists():
            raise StartRefused(
                f"The data folder {data_dir} is not empty ({place.name} is there). Give an empty one with --data-dir; "
                "nothing was changed."
            )


def put_key_back(source: BackupFile, data_dir: Path, files: Files | None = None) -> None:
    """Writes the backup's storage key into an empty data folder. Raises StartRefused or Failure."""
    files = files or Files()
    check_empty(data_dir)
    path = key_path(data_dir)
    files.make_folder(path.parent)
    if os.name == "posix":
        path.parent.chmod(0o700)
    write_atomically(path, [source.key.hex().encode() + b"\n"], files)


def restore(
    source: BackupFile,
    storage: SqlStorage,
    protected: Path,
    *,
    files: Files | None = None,
    progress: Progress = no_progress,
) -> dict[str, int]:
    """Fills an empty database and the folder beside it; returns the number of rows of each table.

    Args:
        source: the backup.
        storage: a database that was just made, opened under the backup's key.
        protected: the folder `Protected` of the data folder.
        files: the file system.
        progress: is told how far it is.

    Raises:
        StartRefused: the database is not empty, or the backup contradicts itself; nothing was put in.
        Failure, OSError: nothing was put in.
    """
    files = files or Files()
    if not is_new(storage.database):
        raise StartRefused("The database is not empty. Give an empty one; nothing was changed.")
    generation = max(source.generation, read_generation(protected, files)) + 1
    SnapshotStore(protected / "Notebooks", storage.sealer, files).prepare()
    epochs: dict[NotebookId, tuple[int, str, str]] = {}
    counts: dict[str, int] = {}

    def work(connection: Connection) -> None:
        if connection.row(_ANY_USER) is not None:
            raise StartRefused("The database is not empty. Give an empty one; nothing was changed.")
        counts.update(_put_rows_back(connection, source, progress))
        for row in connection.rows(_HEADS):
            epoch = storage.make_epoch()
            epochs[NotebookId(int(row[0]))] = (int(row[1]), str(row[2]), epoch)
            connection.run(_SET_EPOCH, epoch, int(row[0]))
        connection.run(_PUT_META, GENERATION, str(generation))
        connection.run(_PUT_META, CONTENTS, LOADED)

    try:
        storage.database.write(work)
    except (ValueError, KeyError, zipfile.BadZipFile, DuplicateRow, MissingParent) as error:
        raise StartRefused("The backup contradicts itself. Take another; nothing was put in.") from error
    counts["snapshots"] = _restore_snapshots(source, storage.sealer, protected, epochs, files)
    with contextlib.suppress(Failure):  # the next start writes it
        write_generation(protected, generation, files)
    return counts


def _put_rows_back(connection: Connection, source: BackupFile, progress: Progress) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table in TABLES:
        counts[table.name] = put_back(connection, table, source.lines(table.name))
        progress(table.name, counts[table.name])
        if counts[table.name] != source.counts.get(table.name):
            raise ValueError(f"the backup lacks rows of {table.name}")
    return counts


def _restore_snapshots(
    source: BackupFile,
    sealer: Sealer,
    protected: Path,
    epochs: dict[NotebookId, tuple[int, str, str]],
    files: Files,
) -> int:
    """Writes the snapshots under the notebooks' new epochs; one that does not fit is left to the log."""
    store = SnapshotStore(protected / "Notebooks", sealer, files)
    count = 0
    for name, member in source.snapshots():
        notebook_id = NotebookId(int(name.split(".", 1)[0])) if name[:1].isdigit() else NotebookId(0)
        if notebook_id not in epochs:
            continue
        head, old_epoch, new_epoch = epochs[notebook_id]
        with contextlib.suppress(Failure, OSError):  # the rows are in; without a snapshot the log serves
            write_atomically(store.path(notebook_id), [member.read()], files)
            found = store.load(notebook_id)
            if found is None:
                continue
            store.remove(notebook_id)
            if found[0] <= head and found[1] == old_epoch:
                store.save(notebook_id, found[0], new_epoch, found[2])
                count += 1
    return count
