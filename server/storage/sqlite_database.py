"""SQLite behind the connection protocol: the embedded default database.

Owns the connections (one per thread, opened when a thread first asks), the pragmas, the length of the write-ahead
log and the meaning of SQLite's error codes. Does not know a table. Every commit is durable (`synchronous=FULL`); a lock held by others is waited
for, then refused with 503. Files are 0600 (T86, F23).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from server.domain.failures import Failure
from server.storage.database import (
    Connection,
    DuplicateRow,
    MissingParent,
    Result,
    Row,
    SqlValue,
    Statement,
    check_values,
)

_DUPLICATE: Final = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_DISK_FULL: Final = frozenset({sqlite3.SQLITE_FULL})
_BEGIN: Final = "BEGIN"
_BEGIN_IMMEDIATE: Final = "BEGIN IMMEDIATE"
_USUAL_CACHE: Final = "PRAGMA cache_size = -16384"
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA journal_size_limit = 67108864",
    _USUAL_CACHE,
)
LOG_BYTES: Final = 5_000_000
"""A log is begun again after a thousand pages of 4 KiB, so it is seldom longer than that."""
_LENGTHENING: Final = (
    "PRAGMA cache_size = 16",  # what does not fit into the cache goes to the log before the commit
    _BEGIN_IMMEDIATE,
    "CREATE TABLE filling (body BLOB)",
    "INSERT INTO filling VALUES (zeroblob(6000000))",  # the last of it stays in the cache
    "ROLLBACK",
)


def map_error(error: sqlite3.Error) -> Exception:
    """What a driver's error means to the rest of the server."""
    code = getattr(error, "sqlite_errorcode", None)
    if code in _DUPLICATE:
        return DuplicateRow()
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return MissingParent()
    if code is not None and (code & 0xFF) in _DISK_FULL:
        return Failure.of("disk_full")
    return Failure.of("storage_down")


class SqliteConnection:
    """One thread's connection."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        self._raw: Final = sqlite3.connect(
            path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            for pragma in _PRAGMAS:
                self._raw.execute(pragma)
        except sqlite3.Error:
            self._raw.close()
            raise

    def rows(self, statement: Statement, *values: SqlValue) -> list[Row]:
        check_values(values)
        try:
            return self._raw.execute(statement.sqlite, values).fetchall()
        except sqlite3.Error as error:
            raise map_error(error) from error

    def row(self, statement: Statement, *values: SqlValue) -> Row | None:
        found = self.rows(statement, *values)
        return found[0] if found else None

    def run(self, statement: Statement, *values: SqlValue) -> int:
        check_values(values)
        try:
            return self._raw.execute(statement.sqlite, values).rowcount
        except sqlite3.Error as error:
            raise map_error(error) from error

    def insert(self, statement: Statement, *values: SqlValue) -> int:
        check_values(values)
        try:
            return self._raw.execute(statement.sqlite, values).lastrowid or 0
        except sqlite3.Error as error:
            raise map_error(error) from error

    def run_many(self, statement: Statement, rows: Sequence[tuple[SqlValue, ...]]) -> None:
        for row in rows:
            check_values(row)
        try:
            self._raw.executemany(statement.sqlite, rows)
        except sqlite3.Error as error:
            raise map_error(error) from error

    @contextmanager
    def transaction(self, begin: str) -> Iterator[None]:
        """Runs the body between BEGIN and COMMIT; rolls back when it or the commit fails."""
        try:
            self._raw.execute(begin)
        except sqlite3.Error as error:
            raise map_error(error) from error
        try:
            yield
            self._raw.commit()
        except sqlite3.Error as error:
            self._roll_back()
            raise map_error(error) from error
        except BaseException:
            self._roll_back()
            raise

    def lengthen_log(self) -> None:
        """Makes the log as long as it will be, by a transaction that is undone.

        A commit that makes its file longer waits for the file system to note that too: 0.55 ms instead of 0.39. What
        was undone stays in the log as frames without a commit, which no reader takes and later ones overwrite.
        """
        try:
            for statement in _LENGTHENING:
                self._raw.execute(statement)
        except sqlite3.Error as error:
            self._roll_back()
            raise map_error(error) from error
        finally:
            with suppress(sqlite3.Error):  # a connection that could not roll back is closed
                self._raw.execute(_USUAL_CACHE)

    def _roll_back(self) -> None:
        try:
            self._raw.rollback()
        except sqlite3.Error:
            self._raw.close()  # a connection that cannot roll back is of no more use

    @property
    def usable(self) -> bool:
        """Whether the connection is still open."""
        try:
            return self._raw.total_changes >= 0
        except sqlite3.ProgrammingError:
            return False

    def close(self) -> None:
        self._raw.close()


class SqliteDatabase:
    """The notebooks in one SQLite file that exists already."""

    def __init__(self, path: Path, *, busy_timeout_s: float = 5.0) -> None:
        self._path: Final = path
        self._busy_timeout_s: Final = busy_timeout_s
        self._own: Final = threading.local()
        self._lock: Final = threading.Lock()
        self._all: Final[dict[threading.Thread, SqliteConnection]] = {}
        self._closed = False

    @property
    def warnings(self) -> Sequence[str]:
        return ()

    def describe(self) -> str:
        return f"SQLite, {self._path}"

    def read(self, work: Callable[[Connection], Result]) -> Result:
        return work(self._connection())

    def snapshot(self, work: Callable[[Connection], Result]) -> Result:
        connection = self._connection()
        with connection.transaction(_BEGIN):
            return work(connection)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        connection = self._connection()
        with connection.transaction(_BEGIN_IMMEDIATE):
            return work(connection)

    def lengthen_log(self) -> None:
        """Writes the log to its usual length ahead of the commits (update process, at start).

        Where there is no room or no time for it, the log grows with the commits as it always may.
        """
        log = Path(f"{self._path}-wal")
        if log.exists() and log.stat().st_size >= LOG_BYTES:
            return
        with suppress(Failure):
            self._connection().lengthen_log()
            with log.open("rb") as written:
                os.fsync(written.fileno())

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for connection in self._all.values():
                connection.close()
            self._all.clear()

    def _connection(self) -> SqliteConnection:
        connection: SqliteConnection | None = getattr(self._own, "connection", None)
        if connection is not None and connection.usable:
            return connection
        with self._lock:
            if self._closed:
                raise Failure.of("storage_down")
            self._close_those_of_ended_threads()
            connection = self._open()
            self._all[threading.current_thread()] = connection
        self._own.connection = connection
        return connection

    def _open(self) -> SqliteConnection:
        try:
            if not self._path.is_file():
                raise Failure.of("storage_down")  # sqlite3 would make an empty one
            connection = SqliteConnection(self._path, self._busy_timeout_s)
        except sqlite3.Error as error:
            raise map_error(error) from error
        self._keep_files_private()
        return connection

    def _keep_files_private(self) -> None:
        """SQLite gives -wal and -shm the mode of the database file; this is for one that had another."""
        if os.name == "posix":
            for suffix in ("", "-wal", "-shm"):
                file = Path(str(self._path) + suffix)
                if file.exists() and file.stat().st_mode & 0o077:
                    file.chmod(0o600)

    def _close_those_of_ended_threads(self) -> None:
        for thread in [thread for thread in self._all if not thread.is_alive()]:
            self._all.pop(thread).close()
