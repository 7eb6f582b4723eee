"""The first contact with a MySQL or MariaDB server: reach it, make the database, see that it will do.

Owns the sentences for what can be wrong with `dbconfig.json` and the server behind it. Does not know a table. Run
once at start by each process. A server that is not up yet may be waited for (F19).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

import mysql.connector

from server.storage.mysql_database import MysqlDatabase
from server.storage.mysql_pool import RawConnection, close_quietly, connect, is_mariadb
from server.storage.records import DatabaseConfig, StartRefused

_ACCESS_DENIED: Final = frozenset({1045, 1698, 3118})
_NO_DATABASE_RIGHT: Final = frozenset({1044, 1142, 1227})
_UNKNOWN_DATABASE: Final = 1049
_OLDEST_MYSQL: Final = (8, 0)
_OLDEST_MARIADB: Final = (10, 6)
# CREATE DATABASE takes no bound name, so the server itself builds the statement from a bound value.
_NAME_DATABASE: Final = (
    "SET @make = CONCAT('CREATE DATABASE IF NOT EXISTS `', REPLACE(%s, '`', '``'), "
    "'` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin')"
)
_PREPARE: Final = "PREPARE make_database FROM @make"
_EXECUTE: Final = "EXECUTE make_database"
_VERSION: Final = "SELECT VERSION()"
_HOLD: Final = "SELECT GET_LOCK(%s, 30)"


class DatabaseAway(StartRefused):
    """The database server cannot be reached at present."""


def reach(
    config: DatabaseConfig,
    *,
    wait_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> MysqlDatabase:
    """Opens the database, made first if there is none, waiting up to `wait_s` for a server that is not up.

    Raises:
        StartRefused: what is wrong and what to do.
    """
    end = clock() + wait_s
    pause_s = 0.25
    while True:
        try:
            connection = _first_connection(config)
            break
        except DatabaseAway:
            if clock() + pause_s > end:
                raise
            sleep(pause_s)
            pause_s = min(2 * pause_s, 5.0)
    try:
        _refuse_old_server(connection)
    finally:
        close_quietly(connection)
    database = MysqlDatabase(config)
    database.check_durability()
    return database


def hold_while_migrating(config: DatabaseConfig) -> RawConnection:
    """A connection that holds the name of this database until it is closed, against a second migrator.

    Raises:
        StartRefused: another process migrates for longer than 30 s.
    """
    try:
        connection = connect(config)
        cursor = connection.cursor()
        cursor.execute(_HOLD, ("shared-notebooks:" + config.database[:40],))
        found = cursor.fetchone()
        cursor.close()
    except (mysql.connector.Error, OSError) as error:
        raise _refusal(config, error) from error
    if found is None or str(next(iter(found))) != "1":
        close_quietly(connection)
        raise StartRefused("Another server is preparing this database. Wait for it, then start again.")
    return connection


def _first_connection(config: DatabaseConfig) -> RawConnection:
    try:
        return connect(config)
    except (mysql.connector.Error, OSError) as error:
        if getattr(error, "errno", None) != _UNKNOWN_DATABASE:
            raise _refusal(config, error) from error
    try:
        server = connect(config, with_database=False)
        try:
            cursor = server.cursor()
            cursor.execute(_NAME_DATABASE, (config.database,))
            cursor.execute(_PREPARE)
            cursor.execute(_EXECUTE)
            cursor.close()
        finally:
            close_quietly(server)
        return connect(config)
    except (mysql.connector.Error, OSError) as error:
        raise _refusal(config, error) from error


def _refuse_old_server(connection: RawConnection) -> None:
    """MariaDB's greeting may claim to be 5.5.5, so the server is asked."""
    cursor = connection.cursor()
    cursor.execute(_VERSION)
    found = cursor.fetchone()
    cursor.close()
    numbers = re.match(r"(\d+)\.(\d+)", str(next(iter(found))) if found else "")
    version = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    kind, oldest = ("MariaDB", _OLDEST_MARIADB) if is_mariadb(connection) else ("MySQL", _OLDEST_MYSQL)
    if version < oldest:
        raise StartRefused(
            f"The database server is {kind} {version[0]}.{version[1]}. "
            f"Use {kind} {oldest[0]}.{oldest[1]} or newer."
        )


def _refusal(config: DatabaseConfig, error: Exception) -> StartRefused:
    """The sentence for an error of the first contact; it never holds the password."""
    number = getattr(error, "errno", None)
    where = config.unix_socket or f"{config.host}:{config.port}"
    if number in _ACCESS_DENIED:
        return StartRefused(
            f"The database at {where} does not accept the user name and password. "
            f'Correct "username" and "password" in dbconfig.json; the user there is {config.username!r}.'
        )
    if number in _NO_DATABASE_RIGHT or number == _UNKNOWN_DATABASE:
        name = config.database.replace("`", "``")
        user = config.username.replace("'", "''")
        return StartRefused(
            f"The database {config.database!r} at {where} is missing, and the user {config.username!r} may not make it "
            "or not use it. As the administrator of the database server, run:\n"
            f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n"
            f"GRANT ALL PRIVILEGES ON `{name}`.* TO '{user}'@'%';"
        )
    return DatabaseAway(
        f"The database server at {where} cannot be reached. See that it runs and that "
        '"host" and "port" in dbconfig.json are right, then start again.'
    )
