"""Opens a database and puts the stores on it.

Owns `open_storage` and the class that holds the stores together. The main process migrates; the update process
only checks. Every refusal is a StartRefused with the next step in its sentence; what fails later is a Failure.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal

from server.domain.failures import Failure
from server.storage.atomic_files import Files
from server.storage.bases import BaseRows
from server.storage.changes_store import SqlChangeStore
from server.storage.database import Database
from server.storage.migrations import check_current, migrate
from server.storage.mysql_pool import close_quietly
from server.storage.mysql_server import hold_while_migrating, reach
from server.storage.notebooks_store import SqlNotebookStore
from server.storage.records import DatabaseConfig, StartRefused
from server.storage.sealed import Sealer
from server.storage.sessions_store import SqlSessionStore
from server.storage.shares_store import SqlShareStore
from server.storage.small_stores import (
    SqlAttemptStore,
    SqlGuestStore,
    SqlMetaStore,
    SqlResetStore,
    SqlVisitStore,
)
from server.storage.sqlite_database import SqliteDatabase
from server.storage.sqlite_file import open_sqlite
from server.storage.users_store import SqlUserStore


def new_epoch() -> str:
    """A random epoch: 16 lower-case hex digits (N3)."""
    return secrets.token_hex(8)


class SqlStorage:
    """The stores on one open database."""

    def __init__(self, database: Database, sealer: Sealer, make_epoch: Callable[[], str] = new_epoch) -> None:
        self.database: Final = database
        self.sealer: Final = sealer
        self.make_epoch: Final = make_epoch
        self.bases: Final = BaseRows(database, sealer)
        self.notebooks: Final = SqlNotebookStore(database, sealer, make_epoch)
        self.users: Final = SqlUserStore(database, self.notebooks)
        self.sessions: Final = SqlSessionStore(database)
        self.shares: Final = SqlShareStore(database, sealer)
        self.guests: Final = SqlGuestStore(database, sealer)
        self.changes: Final = SqlChangeStore(database, sealer, self.bases)
        self.attempts: Final = SqlAttemptStore(database)
        self.resets: Final = SqlResetStore(database)
        self.visits: Final = SqlVisitStore(database)
        self.meta: Final = SqlMetaStore(database)

    @property
    def warnings(self) -> Sequence[str]:
        """Sentences for the operator."""
        return self.database.warnings

    def describe(self) -> str:
        """Which database and where; never a password."""
        return self.database.describe()

    def ping(self) -> None:
        """Raises `Failure(503, "storage_down")` when the database does not answer."""
        self.meta.schema_version()

    def close(self) -> None:
        """Closes every connection."""
        self.database.close()


BeforeMigration = Callable[[SqlStorage, int, int], None]
Prepare = Callable[[Database], None]


def _no_care(storage: SqlStorage, old: int, new: int) -> None:
    """For callers who have nothing to save."""


def open_storage(
    config: DatabaseConfig,
    sealer: Sealer,
    *,
    role: Literal["main", "updates"],
    files: Files | None = None,
    wait_s: float = 0.0,
    before_migration: BeforeMigration = _no_care,
) -> SqlStorage:
    """Opens the database that the configuration names.

    Args:
        config: from `dbconfig.json`.
        sealer: under the storage key the database is, or will be, written under.
        role: `main` makes and migrates the database; `updates` finds it ready.
        files: the file system, for tests.
        wait_s: how long to wait for a database server that is not up yet.
        before_migration: called with an older database, its schema and the new one, before it is altered.

    Raises:
        StartRefused: what is wrong and what to do.
    """

    def before(database: Database, old: int, new: int) -> None:
        before_migration(SqlStorage(database, sealer), old, new)

    prepare = partial(migrate, key_id=sealer.key_id, before=before)
    try:
        database = (
            _open_sqlite(Path(config.path), sealer, role, files or Files(), prepare)
            if config.kind == "sqlite"
            else _open_mysql(config, sealer, role, wait_s, prepare)
        )
    except Failure as failure:
        raise StartRefused(
            "The disk of the database is full. Make room, then start again."
            if failure.reason == "disk_full"
            else "The database does not answer. See that it runs and is not held by another program, then start again."
        ) from failure
    return SqlStorage(database, sealer)


def _open_sqlite(path: Path, sealer: Sealer, role: str, files: Files, prepare: Prepare) -> Database:
    if role == "main":
        return open_sqlite(path, files, prepare)
    if not path.is_file():
        raise StartRefused("The database is not there yet. Start the server itself first.")
    database = SqliteDatabase(path)
    check_current(database, sealer.key_id)
    database.lengthen_log()
    return database


def _open_mysql(
    config: DatabaseConfig, sealer: Sealer, role: str, wait_s: float, prepare: Prepare
) -> Database:
    database = reach(config, wait_s=wait_s)
    try:
        if role == "main":
            held = hold_while_migrating(config)
            try:
                prepare(database)
            finally:
                close_quietly(held)
        else:
            check_current(database, sealer.key_id)
    except BaseException:
        database.close()
        raise
    return database
