"""Every table as lines of JSON, for backups.

Owns which tables a backup holds and how rows are read in portions and written back. Rows are read whole, in the order
in which the migrations made the columns: a backup made before a migration is then one that the version which made the
data can restore. Sealed values stay sealed. Does not know the file they go into. One row a line: a list; bytes as {"b": base64}.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from server.storage.database import Connection, Row, SqlValue, Statement
from server.storage.record_text import decode_line, encode_line

_PORTION: Final = 500


@dataclass(frozen=True, slots=True)
class Table:
    """One table: how it is read in order of its key, portion by portion, and how a row is put back.

    A table with a key of one column has `first`, and `following` takes the last row's key. One that belongs to the
    rows of another has `parents`, which gives their ids, and `following` takes such an id and the second column.
    """

    name: str
    following: Statement
    add: Statement
    first: Statement | None = None
    parents: Statement | None = None


_USER_IDS: Final = Statement("SELECT id FROM users ORDER BY id")
_NOTEBOOK_IDS: Final = Statement("SELECT id FROM notebooks ORDER BY id")
TABLES: Final = (
    Table(
        "users",
        Statement("SELECT * FROM users WHERE id > ? ORDER BY id LIMIT ?"),
        Statement(
            "INSERT INTO users (id, username, username_key, password_hash, created_ms, trashed_ms) "
            "VALUES (?, ?, ?, ?, ?, ?)"
        ),
        first=Statement("SELECT * FROM users ORDER BY id LIMIT ?"),
    ),
    Table(
        "notebooks",
        Statement("SELECT * FROM notebooks WHERE id > ? ORDER BY id LIMIT ?"),
        Statement(
            "INSERT INTO notebooks (id, owner_id, title, description, epoch, created_ms, changed_ms, seq, "
            "next_group_id, stored_bytes, trashed_ms, purged) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ),
        first=Statement("SELECT * FROM notebooks ORDER BY id LIMIT ?"),
    ),
    Table(
        "shares",
        Statement("SELECT * FROM shares WHERE code_hash > ? ORDER BY code_hash LIMIT ?"),
        Statement(
            "INSERT INTO shares (code_hash, notebook_id, code, role, created_ms, expires_ms, revoked_ms, place) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        ),
        first=Statement("SELECT * FROM shares ORDER BY code_hash LIMIT ?"),
    ),
    Table(
        "guests",
        Statement("SELECT * FROM guests WHERE token_hash > ? ORDER BY token_hash LIMIT ?"),
        Statement("INSERT INTO guests (token_hash, guest_id, name, created_ms) VALUES (?, ?, ?, ?)"),
        first=Statement("SELECT * FROM guests ORDER BY token_hash LIMIT ?"),
    ),
    Table(
        "visits",
        Statement("SELECT * FROM visits WHERE user_id = ? AND notebook_id > ? ORDER BY notebook_id LIMIT ?"),
        Statement("INSERT INTO visits (user_id, notebook_id, seq, at_ms) VALUES (?, ?, ?, ?)"),
        parents=_USER_IDS,
    ),
    Table(
        "bases",
        Statement("SELECT * FROM bases WHERE notebook_id = ? AND part > ? ORDER BY part LIMIT ?"),
        Statement("INSERT INTO bases (notebook_id, part, seq, body) VALUES (?, ?, ?, ?)"),
        parents=_NOTEBOOK_IDS,
    ),
    Table(
        "changes",
        Statement("SELECT * FROM changes WHERE notebook_id = ? AND seq > ? ORDER BY seq LIMIT ?"),
        Statement(
            "INSERT INTO changes (notebook_id, seq, op, author, at_ms, command, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
        ),
        parents=_NOTEBOOK_IDS,
    ),
)
"""In an order in which rows can be put back. Sessions, class codes, attempts and reset codes end with a restore."""


_COLUMNS: Final = Statement(
    "SELECT name FROM pragma_table_info(?)",
    "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
)


def is_there(connection: Connection, table: Table) -> bool:
    """Whether this database, which may be of an older schema, has the table at all."""
    return connection.row(_COLUMNS, table.name) is not None


def rows_of(connection: Connection, table: Table) -> Iterator[Row]:
    """All rows of a table, in order of its key."""
    if table.parents is not None:
        for parent in connection.rows(table.parents):
            yield from _following(connection, table.following, (int(parent[0]),), -1)
        return
    assert table.first is not None
    portion = connection.rows(table.first, _PORTION)
    yield from portion
    if len(portion) == _PORTION:
        yield from _following(connection, table.following, (), portion[-1][0])


def _following(
    connection: Connection, statement: Statement, parent: tuple[int, ...], after: SqlValue
) -> Iterator[Row]:
    while portion := connection.rows(statement, *parent, after, _PORTION):
        yield from portion
        if len(portion) < _PORTION:
            return
        after = portion[-1][len(parent)]


def lines_of(connection: Connection, table: Table) -> Iterator[bytes]:
    """All rows of a table as lines."""
    return (encode_line(row) for row in rows_of(connection, table))


def put_back(connection: Connection, table: Table, lines: Iterable[bytes]) -> int:
    """Adds the rows that lines hold; returns how many.

    Raises:
        ValueError: a line is not a row of this table.
    """
    width = table.add.sqlite.count("?")
    held: list[tuple[SqlValue, ...]] = []
    count = 0
    for line in lines:
        try:
            row = decode_line(line)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"a line of {table.name} cannot be read") from error
        values = tuple(value for value in row if isinstance(value, int | str | bytes) or value is None)
        if len(values) != width or len(row) != width:
            raise ValueError(f"a line of {table.name} has other columns")
        held.append(values)
        count += 1
        if len(held) == _PORTION:
            connection.run_many(table.add, held)
            held = []
    if held:
        connection.run_many(table.add, held)
    return count
