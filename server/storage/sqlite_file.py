"""The SQLite file itself: made whole or not at all, and never made again over data that is there.

Owns creation (under another name, then renamed) and the refusals of a file that is empty, no database, damaged,
or that left its write-ahead log behind (F6, F23). Does not know a table. Run once, at start, by the main process.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from server.storage.atomic_files import Files, remove_leftovers
from server.storage.database import Database
from server.storage.records import StartRefused
from server.storage.sqlite_database import SqliteDatabase

_MAGIC: Final = b"SQLite format 3\x00"
_CHECK_WHOLE_BELOW_BYTES: Final = 32 << 20
_QUICK_CHECK: Final = "PRAGMA quick_check(1)"
_OLDEST: Final = (3, 37, 0)


def open_sqlite(path: Path, files: Files, prepare: Callable[[Database], None]) -> SqliteDatabase:
    """Opens the file, made first if there is none; `prepare` migrates it.

    Raises:
        StartRefused: the file is not a database of ours, is damaged, or cannot be made or read.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StartRefused(
            f"SQLite {sqlite3.sqlite_version} is too old. Use a Python whose SQLite is 3.37 or newer."
        )
    try:
        if not path.exists():
            _make(path, files, prepare)
        else:
            _refuse_what_is_no_database(path)
        database = SqliteDatabase(path)
        prepare(database)
    except OSError as error:
        raise StartRefused(
            f"The database file {path} cannot be made or read ({error.strerror}). "
            "Check the rights of the data folder and the room on its disk."
        ) from error
    return database


def _make(path: Path, files: Files, prepare: Callable[[Database], None]) -> None:
    """Makes the whole schema in a file of another name, then gives it its own."""
    _refuse_a_log_without_its_database(path)
    remove_leftovers(path.parent, files, prefix=f".{path.name}.new-")
    fresh = path.parent / f".{path.name}.new-{secrets.token_hex(8)}"
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    database = SqliteDatabase(fresh)
    try:
        prepare(database)
    finally:
        database.close()  # the last connection: its log goes into the file and is removed
    handle = files.open_read(fresh, writable=True)
    try:
        files.fsync(handle)
    finally:
        files.close(handle)
    files.replace(fresh, path)
    files.fsync_folder(path.parent)


def _refuse_a_log_without_its_database(path: Path) -> None:
    for suffix in ("-wal", "-journal"):
        log = Path(str(path) + suffix)
        if log.exists() and log.stat().st_size > 0:
            raise StartRefused(
                f"The database file {path} is missing, but its log {log.name} is there. Put the database file back "
                "beside it, or restore a backup; to begin anew, move the log elsewhere."
            )


def _refuse_what_is_no_database(path: Path) -> None:
    damaged = (
        f"The database file {path} is damaged or is not one of this program. Nothing was changed. Move it elsewhere "
        "and restore a backup (python main.py restore FILE), or put the right file in its place."
    )
    if not path.is_file():
        raise StartRefused(damaged)
    with path.open("rb") as file:
        head = file.read(len(_MAGIC))
    if head != _MAGIC:
        raise StartRefused(damaged)
    try:
        raw = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            if path.stat().st_size < _CHECK_WHOLE_BELOW_BYTES:
                found = raw.execute(_QUICK_CHECK).fetchone()
                if found != ("ok",):
                    raise StartRefused(damaged)
            else:
                raw.execute("PRAGMA schema_version").fetchone()
        finally:
            raw.close()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StartRefused(
                f"The database file {path} is held by another program. End that program, then start again."
            ) from error
        raise StartRefused(damaged) from error
    except sqlite3.DatabaseError as error:
        raise StartRefused(damaged) from error
