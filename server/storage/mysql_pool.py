"""A bounded pool of connections to MySQL or MariaDB.

Owns how a connection is opened, how many there are, how long one waits for one, and whether an idle one still
works. Does not know a statement of the stores. A connection serves one thread at a time and always comes back,
or is dropped when it broke (F18 to F21). The original's pool of two never got its connections back.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import mysql.connector
from mysql.connector.abstracts import MySQLConnectionAbstract

from server.domain.failures import Failure
from server.storage.mysql_errors import ConnectionLost, ConnectionStalled, map_error
from server.storage.records import CommitUnknown, DatabaseConfig

CONNECT_TIMEOUT_S: Final = 5
STATEMENT_TIMEOUT_S: Final = 10
_WAIT_S: Final = 2.0
_TRUST_IDLE_S: Final = 1.0
_SQL_MODE: Final = (
    "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION"
)
_LOCK_WAIT: Final = "SET SESSION innodb_lock_wait_timeout = 5"
_ISOLATION: Final = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
_LIMIT_MARIADB: Final = "SET SESSION max_statement_time = 10"
_LIMIT_MYSQL: Final = "SET SESSION max_execution_time = 10000"
_FLUSH_SESSION: Final = "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit"

RawConnection = MySQLConnectionAbstract


def connect(config: DatabaseConfig, *, with_database: bool = True) -> RawConnection:
    """Opens one connection with this product's session settings.

    Raises:
        mysql.connector.Error, OSError: as the driver does.
    """
    options: dict[str, Any] = {
        "user": config.username,
        "password": config.password,
        "connection_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": STATEMENT_TIMEOUT_S + 2,
        "write_timeout": STATEMENT_TIMEOUT_S + 2,
        "charset": "utf8mb4",
        "collation": "utf8mb4_bin",
        "autocommit": True,
        "sql_mode": _SQL_MODE,
        "time_zone": "+00:00",
        "use_pure": True,
        "get_warnings": False,
        "allow_local_infile": False,
        "conn_attrs": {"program_name": config.pool_name},
    }
    if config.unix_socket:
        options["unix_socket"] = config.unix_socket
    else:
        options["host"] = config.host
        options["port"] = config.port
    if with_database:
        options["database"] = config.database
    for name, value in (
        ("ssl_ca", config.tls_ca),
        ("ssl_cert", config.tls_cert),
        ("ssl_key", config.tls_key),
    ):
        if value:
            options[name] = value
    if config.tls_ca:
        options["ssl_verify_cert"] = True
    connection = mysql.connector.connect(**options)
    assert isinstance(connection, MySQLConnectionAbstract)
    _settle(connection, config)
    return connection


def _settle(connection: RawConnection, config: DatabaseConfig) -> None:
    """Sets what the driver has no option for."""
    cursor = connection.cursor()
    try:
        cursor.execute(_LOCK_WAIT)
        cursor.execute(_ISOLATION)
        cursor.execute(_LIMIT_MARIADB if is_mariadb(connection) else _LIMIT_MYSQL)
        if config.tls_required:
            cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
            found = cursor.fetchone()
            if found is None or not list(found)[1]:
                raise mysql.connector.errors.InterfaceError("the connection is not encrypted")
    except BaseException:
        connection.close()
        raise
    finally:
        cursor.close()


def is_mariadb(connection: RawConnection) -> bool:
    """Whether the server is MariaDB rather than MySQL."""
    return "mariadb" in str(connection.server_info).lower()


def flushes_each_commit(connection: RawConnection) -> bool:
    """Whether the server syncs its log at each commit (`innodb_flush_log_at_trx_commit = 1`)."""
    cursor = connection.cursor()
    try:
        cursor.execute(_FLUSH_SESSION)
        found = cursor.fetchone()
        return found is not None and str(next(iter(found))) == "1"
    finally:
        cursor.close()


class Lent:
    """A connection with its one cursor: the driver asks the server before it makes another."""

    __slots__ = ("cursor", "raw", "since_s")

    def __init__(self, raw: RawConnection) -> None:
        self.raw: Final = raw
        self.cursor: Final = raw.cursor()
        self.since_s = 0.0


class ConnectionPool:
    """At most `size` connections, made when first needed."""

    def __init__(
        self,
        open_connection: Callable[[], RawConnection],
        size: int,
        *,
        wait_s: float = _WAIT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open: Final = open_connection
        self._wait_s: Final = wait_s
        self._clock: Final = clock
        self._free: Final = threading.BoundedSemaphore(size)
        self._lock: Final = threading.Lock()
        self._idle: Final[deque[Lent]] = deque()
        self._closed = False
        self.size: Final = size
        self.lent = 0

    @contextmanager
    def borrow(self) -> Iterator[Lent]:
        """Lends a connection that works; takes it back, or drops it after ConnectionLost.

        Raises:
            Failure: 503 `storage_down` when all are lent for 2 s, or none can be opened.
        """
        if not self._free.acquire(timeout=self._wait_s):
            raise Failure.of("storage_down")
        with self._lock:
            self.lent += 1
        lent: Lent | None = None
        try:
            lent = self._working()
            yield lent
        except (ConnectionLost, ConnectionStalled, CommitUnknown):
            if lent is not None:
                close_quietly(lent.raw)
                lent = None
            self.drop_idle()  # those opened before the same break are gone too
            raise
        except BaseException:
            if lent is not None and lent.raw.in_transaction:
                close_quietly(lent.raw)
                lent = None
            raise
        finally:
            self._take_back(lent)

    def _take_back(self, lent: Lent | None) -> None:
        with self._lock:
            self.lent -= 1
            keep = lent is not None and not self._closed
            if keep and lent is not None:
                lent.since_s = self._clock()
                self._idle.append(lent)
        if not keep and lent is not None:
            close_quietly(lent.raw)
        self._free.release()

    def _working(self) -> Lent:
        while True:
            with self._lock:
                if self._closed:
                    raise Failure.of("storage_down")
                if not self._idle:
                    break
                lent = self._idle.pop()
            if self._clock() - lent.since_s < _TRUST_IDLE_S or answers(lent.raw):
                return lent
            close_quietly(lent.raw)
        try:
            return Lent(self._open())
        except (mysql.connector.Error, OSError) as error:
            mapped = map_error(error)
            raise (mapped if isinstance(mapped, Failure) else Failure.of("storage_down")) from error

    def drop_idle(self) -> None:
        """Closes the connections that nobody uses."""
        with self._lock:
            idle = list(self._idle)
            self._idle.clear()
        for lent in idle:
            close_quietly(lent.raw)

    def close(self) -> None:
        """Closes the idle connections now and the lent ones when they come back."""
        with self._lock:
            self._closed = True
        self.drop_idle()


def answers(connection: RawConnection) -> bool:
    """Whether the server still answers on this connection.

    Raises:
        Failure: 503 when it is there but does not answer in time: another connection would fare no better.
    """
    try:
        connection.ping(reconnect=False)
    except (mysql.connector.Error, OSError) as error:
        if isinstance(error.__cause__, mysql.connector.errors.ReadTimeoutError):
            close_quietly(connection)
            raise Failure.of("storage_down") from error
        return False
    return True


def close_quietly(connection: RawConnection) -> None:
    """Closes a connection of which nothing more is expected."""
    try:
        connection.close()
    except (mysql.connector.Error, OSError):
        return
