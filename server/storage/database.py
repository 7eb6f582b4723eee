"""The small connection protocol that the SQL stores are written on, once, for both databases.

Owns the form of a statement, the values that may be bound to it, and how work is run in a transaction. Holds no
statement and no driver: `sqlite_database` and `mysql_database` implement it. Blocking; any thread but the I/O
threads. Statements are constants and values are bound, never formatted (T1, T2); values have exactly one of four
types (T3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

SqlValue = int | str | bytes | None
Row = tuple[Any, ...]
Result = TypeVar("Result")

SQL_TYPES: Final = frozenset({int, str, bytes, type(None)})


class Statement:
    """One SQL statement with `?` where a value is bound, in the spelling of both drivers.

    `mysql` is given only where the two languages differ. No statement contains a literal `?` or `%`.
    """

    __slots__ = ("mysql", "sqlite")

    def __init__(self, text: str, mysql: str = "") -> None:
        self.sqlite: Final = text
        self.mysql: Final = (mysql or text).replace("?", "%s")


class DuplicateRow(Exception):
    """A row with this key is there already."""


class MissingParent(Exception):
    """The row refers to another that is not there."""


class StatementRefused(TypeError):
    """A value of another type than int, str, bytes or None was about to be bound: a mistake in the program."""


class Connection(Protocol):
    """What a store does with a database inside `read`, `snapshot` or `write`."""

    def rows(self, statement: Statement, *values: SqlValue) -> list[Row]:
        """All rows of a query."""

    def row(self, statement: Statement, *values: SqlValue) -> Row | None:
        """The first row of a query, or None."""

    def run(self, statement: Statement, *values: SqlValue) -> int:
        """Runs a statement; returns how many rows it altered. Raises DuplicateRow and MissingParent."""

    def insert(self, statement: Statement, *values: SqlValue) -> int:
        """Inserts one row; returns the id it was given. Raises DuplicateRow and MissingParent."""

    def run_many(self, statement: Statement, rows: Sequence[tuple[SqlValue, ...]]) -> None:
        """Inserts many rows. Raises DuplicateRow and MissingParent."""


class Database(Protocol):
    """A database that is open. Any failure of it becomes a domain `Failure` here, without SQL or path."""

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Runs queries, each by itself."""

    def snapshot(self, work: Callable[[Connection], Result]) -> Result:
        """Runs queries that all see the database at one moment."""

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Runs `work` in one transaction, durable on return; `work` may be run a second time after a deadlock."""

    def describe(self) -> str:
        """Which database and where; never a password."""

    @property
    def warnings(self) -> Sequence[str]:
        """Sentences for the operator."""

    def close(self) -> None:
        """Closes every connection."""


def check_values(values: Sequence[object]) -> None:
    """Refuses values of any type but int, str, bytes and None, subclasses and bool included.

    Raises:
        StatementRefused: naming the type.
    """
    for value in values:
        if type(value) not in SQL_TYPES:
            raise StatementRefused(f"a value of type {type(value).__name__} cannot be bound to a statement")


def one_int(row: Row | None) -> int:
    """The number in a query's one row and column; 0 for no row or NULL."""
    if row is None or row[0] is None:
        return 0
    return int(row[0])
