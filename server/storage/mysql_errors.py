"""What MySQL's and MariaDB's error numbers mean to the rest of the server.

Owns the table of the numbers that matter (F22 of the fault list); everything else is the database being away.
No message of the server is passed on, since it may quote values. Pure functions.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

import mysql.connector.errors as driver

from server.domain.failures import Failure
from server.storage.database import DuplicateRow, MissingParent


class Meaning(Enum):
    """The kinds of error that are treated differently."""

    DUPLICATE = auto()
    MISSING_PARENT = auto()
    TRY_AGAIN = auto()
    LOST = auto()
    STALLED = auto()
    DISK_FULL = auto()
    AWAY = auto()


_MEANINGS: Final = {
    1062: Meaning.DUPLICATE,  # duplicate key
    1586: Meaning.DUPLICATE,  # the same, with the key's name
    1452: Meaning.MISSING_PARENT,  # foreign key: no such parent row
    1216: Meaning.MISSING_PARENT,
    1205: Meaning.TRY_AGAIN,  # lock wait timeout
    1213: Meaning.TRY_AGAIN,  # deadlock, this transaction was chosen
    1020: Meaning.TRY_AGAIN,  # MariaDB: record has changed since last read in this snapshot
    1047: Meaning.LOST,  # cluster node is not ready
    1053: Meaning.LOST,  # server shutdown in progress
    1927: Meaning.LOST,  # MariaDB: connection was killed
    2006: Meaning.LOST,  # server has gone away
    2013: Meaning.LOST,  # lost connection during query
    2014: Meaning.LOST,  # commands out of sync
    2027: Meaning.LOST,  # malformed packet
    2055: Meaning.LOST,  # lost connection, with the system error
    4031: Meaning.LOST,  # disconnected by the server for inactivity
    1021: Meaning.DISK_FULL,
    1026: Meaning.DISK_FULL,  # error writing file
    1114: Meaning.DISK_FULL,  # the table is full
    1041: Meaning.AWAY,  # out of resources
    1290: Meaning.AWAY,  # running read-only
    1836: Meaning.AWAY,  # read-only mode
}


class Deadlocked(Exception):
    """The transaction was rolled back by the server and may be run once more."""


class ConnectionStalled(Exception):
    """The server did not answer within the statement's time; the connection is closed and nothing is retried."""


class ConnectionLost(Exception):
    """The connection is gone; whether a COMMIT under way took effect is unknown."""


def meaning_of(error: driver.Error) -> Meaning:
    """The kind of an error; an operational error without a number is a lost connection."""
    if isinstance(error, driver.ReadTimeoutError | driver.WriteTimeoutError):
        return Meaning.STALLED
    number = error.errno if type(error.errno) is int else -1
    if number in _MEANINGS:
        return _MEANINGS[number]
    if number < 0 and isinstance(error, driver.OperationalError | driver.InterfaceError):
        return Meaning.LOST
    return Meaning.AWAY


def map_error(error: Exception) -> Exception:
    """The exception to raise instead of the driver's."""
    if not isinstance(error, driver.Error):  # OSError, TimeoutError, IndexError of a cut packet
        return ConnectionLost()
    match meaning_of(error):
        case Meaning.DUPLICATE:
            return DuplicateRow()
        case Meaning.MISSING_PARENT:
            return MissingParent()
        case Meaning.TRY_AGAIN:
            return Deadlocked()
        case Meaning.LOST:
            return ConnectionLost()
        case Meaning.STALLED:
            return ConnectionStalled()
        case Meaning.DISK_FULL:
            return Failure.of("disk_full")
        case Meaning.AWAY:
            return Failure.of("storage_down")
