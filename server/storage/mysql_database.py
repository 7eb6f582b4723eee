"""MySQL and MariaDB behind the connection protocol.

Owns transactions on pooled connections: one retry after a deadlock or a lock wait (1213, 1205), one after an idle
connection turned out dead before anything was sent. Does not know a table. A connection lost during COMMIT is
`CommitUnknown`: whoever stores changes looks again (F18).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import mysql.connector

from server.domain.failures import Failure
from server.storage.database import Connection, Result, Row, SqlValue, Statement, check_values
from server.storage.mysql_errors import ConnectionLost, ConnectionStalled, Deadlocked, map_error
from server.storage.mysql_pool import (
    ConnectionPool,
    Lent,
    RawConnection,
    connect,
    flushes_each_commit,
)
from server.storage.records import CommitUnknown, DatabaseConfig

_DRIVER_ERRORS: Final = (mysql.connector.Error, OSError, IndexError)
_START: Final = "START TRANSACTION"
_START_SNAPSHOT: Final = "START TRANSACTION WITH CONSISTENT SNAPSHOT"
_COMMIT: Final = "COMMIT"
_ROLLBACK: Final = "ROLLBACK"
_MANY_BYTES: Final = 1 << 20


class MysqlConnection:
    """A borrowed connection."""

    def __init__(self, lent: Lent) -> None:
        self._cursor: Final = lent.cursor

    def rows(self, statement: Statement, *values: SqlValue) -> list[Row]:
        check_values(values)
        try:
            self._cursor.execute(statement.mysql, values)
            return [_plain(row) for row in self._cursor.fetchall()]
        except _DRIVER_ERRORS as error:
            raise map_error(error) from error

    def row(self, statement: Statement, *values: SqlValue) -> Row | None:
        found = self.rows(statement, *values)
        return found[0] if found else None

    def run(self, statement: Statement, *values: SqlValue) -> int:
        return self._execute(statement, values)[0]

    def insert(self, statement: Statement, *values: SqlValue) -> int:
        return self._execute(statement, values)[1]

    def run_many(self, statement: Statement, rows: Sequence[tuple[SqlValue, ...]]) -> None:
        try:
            for part in _portions(rows):
                self._cursor.executemany(statement.mysql, part)
        except _DRIVER_ERRORS as error:
            raise map_error(error) from error

    def command(self, text: str) -> None:
        """Sends one of the transaction words."""
        try:
            self._cursor.execute(text)
        except _DRIVER_ERRORS as error:
            raise map_error(error) from error

    def _execute(self, statement: Statement, values: Sequence[SqlValue]) -> tuple[int, int]:
        check_values(values)
        try:
            self._cursor.execute(statement.mysql, tuple(values))
        except _DRIVER_ERRORS as error:
            raise map_error(error) from error
        return self._cursor.rowcount, self._cursor.lastrowid or 0


def _plain(row: Iterable[Any]) -> Row:
    """The row with `bytes` where the driver gives `bytearray`."""
    return tuple(bytes(value) if type(value) is bytearray else value for value in row)


def _portions(rows: Sequence[tuple[SqlValue, ...]]) -> list[list[tuple[SqlValue, ...]]]:
    """Cuts rows into lists that stay well below `max_allowed_packet`, escaping included."""
    portions: list[list[tuple[SqlValue, ...]]] = [[]]
    held_bytes = 0
    for row in rows:
        check_values(row)
        row_bytes = sum(2 * len(value) if isinstance(value, bytes | str) else 12 for value in row)
        if portions[-1] and held_bytes + row_bytes > _MANY_BYTES:
            portions.append([])
            held_bytes = 0
        portions[-1].append(row)
        held_bytes += row_bytes
    return portions if portions[0] else []


class MysqlDatabase:
    """The notebooks in one MySQL or MariaDB database that exists already."""

    def __init__(
        self,
        config: DatabaseConfig,
        *,
        open_connection: Callable[[], RawConnection] | None = None,
        wait_s: float = 2.0,
    ) -> None:
        self._config: Final = config
        self.pool: Final = ConnectionPool(
            open_connection or (lambda: connect(config)), config.pool_size, wait_s=wait_s
        )
        self._warnings: list[str] = []

    @property
    def warnings(self) -> Sequence[str]:
        return self._warnings

    def describe(self) -> str:
        where = self._config.unix_socket or f"{self._config.host}:{self._config.port}"
        return f"MySQL, database {self._config.database} at {where}"

    def check_durability(self) -> None:
        """Adds a warning when the server does not sync its log at each commit."""
        with self.pool.borrow() as lent:
            try:
                durable = flushes_each_commit(lent.raw)
            except _DRIVER_ERRORS as error:
                raise map_error(error) from error
        if not durable:
            self._warnings.append(
                "The database does not sync its log at each commit, so a power cut can lose acknowledged strokes. "
                "Set innodb_flush_log_at_trx_commit = 1 in its configuration."
            )

    def read(self, work: Callable[[Connection], Result]) -> Result:
        def once() -> Result:
            with self.pool.borrow() as lent:
                return work(MysqlConnection(lent))

        return self._with_one_retry(once)

    def snapshot(self, work: Callable[[Connection], Result]) -> Result:
        return self._with_one_retry(lambda: self._transaction(_START_SNAPSHOT, work))

    def write(self, work: Callable[[Connection], Result]) -> Result:
        return self._with_one_retry(lambda: self._transaction(_START, work))

    def close(self) -> None:
        self.pool.close()

    def _transaction(self, start: str, work: Callable[[Connection], Result]) -> Result:
        """Runs one transaction. Before COMMIT is sent a lost connection means that nothing was stored."""
        with self.pool.borrow() as lent:
            connection = MysqlConnection(lent)
            connection.command(start)
            try:
                result = work(connection)
            except (ConnectionLost, ConnectionStalled):
                raise
            except BaseException:
                self._roll_back(connection)
                raise
            try:
                connection.command(_COMMIT)
            except (ConnectionLost, ConnectionStalled) as error:
                raise CommitUnknown from error
            except BaseException:
                self._roll_back(connection)
                raise
            return result

    @staticmethod
    def _roll_back(connection: MysqlConnection) -> None:
        connection.command(_ROLLBACK)

    @staticmethod
    def _with_one_retry(once: Callable[[], Result]) -> Result:
        """Runs `once`, again after a deadlock or a broken connection, not after a stall."""
        try:
            try:
                return once()
            except (Deadlocked, ConnectionLost):
                return once()
        except (Deadlocked, ConnectionLost, ConnectionStalled) as error:
            raise Failure.of("storage_down") from error
