"""Brings a database to the schema of this version, and refuses one that it must not touch.

Owns the numbers in `meta`: schema version, key id, whether the contents were ever loaded. Run by the main process
at start, once, before any store is used; the update process only checks. A newer schema, or one written under
another storage key, is refused before anything is written (F41). Every step can be cut short and run again (F6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from server.domain.failures import Failure
from server.storage.database import Connection, Database, Statement
from server.storage.records import StartRefused
from server.storage.schema import META, MIGRATIONS

_GET: Final = Statement("SELECT value FROM meta WHERE name = ?")
_PUT: Final = Statement("REPLACE INTO meta (name, value) VALUES (?, ?)")

SCHEMA_VERSION: Final = "schema_version"
KEY_ID: Final = "key_id"
CONTENTS: Final = "contents"
NEW: Final = "new"
LOADED: Final = "loaded"


def migrate(
    database: Database,
    key_id: str,
    migrations: Sequence[Sequence[Statement]] = MIGRATIONS,
    *,
    before: Callable[[Database, int, int], None] = lambda database, old, new: None,
) -> None:
    """Makes or updates the tables, and notes under which key they are written.

    Args:
        database: the open database.
        key_id: of the storage key.
        migrations: the steps.
        before: called with the database, its schema and the new one, before an older database is altered.

    Raises:
        StartRefused: a newer schema, or another key.
        Failure: the database is away.
    """
    database.write(lambda connection: connection.run(META))
    version = check(database, key_id, migrations)
    if 0 < version < len(migrations):
        before(database, version, len(migrations))
    for number in range(version + 1, len(migrations) + 1):
        database.write(partial(_run, number=number, statements=migrations[number - 1], key_id=key_id))


def check(database: Database, key_id: str, migrations: Sequence[Sequence[Statement]] = MIGRATIONS) -> int:
    """The schema version, 0 for a new database, after refusing what this program must not write to."""

    def look(connection: Connection) -> tuple[int, str | None]:
        version = connection.row(_GET, SCHEMA_VERSION)
        key = connection.row(_GET, KEY_ID)
        return int(version[0]) if version else 0, str(key[0]) if key else None

    version, written_under = database.read(look)
    if version > len(migrations):
        raise StartRefused(
            f"The database has schema {version}, this version of the program knows {len(migrations)}. "
            "Start the newer version of the program again, or restore a backup made with this one."
        )
    if written_under is not None and written_under != key_id:
        raise StartRefused(
            f"The database was written under the storage key {written_under}, but the key given is {key_id}. "
            "Put the right keys/storage.key back into the data folder (it is in every backup), "
            "or set NOTEBOOKS_STORAGE_KEY to it. Nothing was changed."
        )
    return version


def check_current(database: Database, key_id: str) -> None:
    """Refuses any schema but this version's, for the process that does not migrate.

    Raises:
        StartRefused: the schema is older or newer, or the key is another.
    """
    try:
        version = check(database, key_id)
    except Failure as failure:
        raise StartRefused("The database cannot be read. Start the server itself first.") from failure
    if version != len(MIGRATIONS):
        raise StartRefused("The database is not yet of this version. Start the server itself first.")


def _run(connection: Connection, number: int, statements: Sequence[Statement], key_id: str) -> None:
    for statement in statements:
        connection.run(statement)
    if number == 1:
        connection.run(_PUT, KEY_ID, key_id)
        connection.run(_PUT, CONTENTS, NEW)
    connection.run(_PUT, SCHEMA_VERSION, str(number))
