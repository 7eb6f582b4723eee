"""Accounts in SQL.

Owns the table `users` and what goes with an account when it is trashed, restored or deleted. Does not hash or
check passwords, and does not say what a good name is (domain). Handler threads. Rules A1, A6, O1.
"""

from __future__ import annotations

from typing import Final

from server.domain.failures import Failure
from server.domain.ids import NotebookId, UserId
from server.storage.contracts import NotebookStore
from server.storage.database import Connection, Database, DuplicateRow, Row, Statement
from server.storage.records import User

_ADD: Final = Statement(
    "INSERT INTO users (username, username_key, password_hash, created_ms) VALUES (?, ?, ?, ?)"
)
_BY_KEY: Final = Statement(
    "SELECT id, username, username_key, password_hash, created_ms, trashed_ms FROM users WHERE username_key = ?"
)
_BY_ID: Final = Statement(
    "SELECT id, username, username_key, password_hash, created_ms, trashed_ms FROM users WHERE id = ?"
)
_ALL: Final = Statement(
    "SELECT id, username, username_key, password_hash, created_ms, trashed_ms FROM users ORDER BY id"
)
_TRASHED_BEFORE: Final = Statement(
    "SELECT id, username, username_key, password_hash, created_ms, trashed_ms FROM users "
    "WHERE trashed_ms < ? ORDER BY id"
)
_SET_PASSWORD: Final = Statement("UPDATE users SET password_hash = ? WHERE id = ?")
_TRASH: Final = Statement("UPDATE users SET trashed_ms = ? WHERE id = ? AND trashed_ms IS NULL")
_RESTORE: Final = Statement("UPDATE users SET trashed_ms = NULL WHERE id = ?")
_DELETE: Final = Statement("DELETE FROM users WHERE id = ?")
_END_SESSIONS: Final = Statement("DELETE FROM sessions WHERE user_id = ?")
_LIVE_NOTEBOOKS: Final = Statement(
    "SELECT id FROM notebooks WHERE owner_id = ? AND trashed_ms IS NULL AND purged = 0 ORDER BY id"
)
_NOTEBOOKS_TRASHED_AT: Final = Statement(
    "SELECT id FROM notebooks WHERE owner_id = ? AND trashed_ms = ? AND purged = 0 ORDER BY id"
)
_TRASH_NOTEBOOKS: Final = Statement(
    "UPDATE notebooks SET trashed_ms = ? WHERE owner_id = ? AND trashed_ms IS NULL"
)
_RESTORE_NOTEBOOKS: Final = Statement(
    "UPDATE notebooks SET trashed_ms = NULL WHERE owner_id = ? AND trashed_ms = ? AND purged = 0"
)
_ALL_NOTEBOOKS: Final = Statement("SELECT id FROM notebooks WHERE owner_id = ? ORDER BY id")


class SqlUserStore:
    """Accounts; those in the trash are shown only where asked for."""

    def __init__(self, database: Database, notebooks: NotebookStore) -> None:
        self._database: Final = database
        self._notebooks: Final = notebooks

    def create(self, username: str, username_key: str, password_hash: str, now_ms: int) -> User:
        """Makes an account.

        Raises:
            Failure: 409 `name_taken`, also when the name's account is in the trash.
        """

        def work(connection: Connection) -> int:
            return connection.insert(_ADD, username, username_key.encode(), password_hash, now_ms)

        try:
            new_id = self._database.write(work)
        except DuplicateRow:
            raise Failure.of("name_taken") from None
        return User(UserId(new_id), username, username_key, password_hash, now_ms)

    def by_key(self, username_key: str, *, with_trash: bool = False) -> User | None:
        """The account whose case-folded name is exactly this one."""
        row = self._database.read(lambda connection: connection.row(_BY_KEY, username_key.encode()))
        return _seen(row, with_trash)

    def by_id(self, user_id: UserId, *, with_trash: bool = False) -> User | None:
        """The account with this id."""
        row = self._database.read(lambda connection: connection.row(_BY_ID, user_id))
        return _seen(row, with_trash)

    def set_password_hash(self, user_id: UserId, password_hash: str) -> None:
        """Replaces the stored hash."""
        self._database.write(lambda connection: connection.run(_SET_PASSWORD, password_hash, user_id))

    def list_all(self, *, with_trash: bool = False) -> list[User]:
        """All accounts in order of id."""
        rows = self._database.read(lambda connection: connection.rows(_ALL))
        return [user for user in map(_user, rows) if with_trash or user.trashed_ms is None]

    def trash(self, user_id: UserId, now_ms: int) -> list[NotebookId]:
        """Moves the account and its notebooks to the trash and ends its sessions; returns those notebooks."""

        def work(connection: Connection) -> list[NotebookId]:
            if connection.run(_TRASH, now_ms, user_id) == 0:
                return []
            ids = [NotebookId(int(row[0])) for row in connection.rows(_LIVE_NOTEBOOKS, user_id)]
            connection.run(_TRASH_NOTEBOOKS, now_ms, user_id)
            connection.run(_END_SESSIONS, user_id)
            return ids

        return self._database.write(work)

    def restore(self, user_id: UserId) -> list[NotebookId]:
        """Takes the account and the notebooks that went with it out of the trash; returns those."""

        def work(connection: Connection) -> list[NotebookId]:
            user = _seen(connection.row(_BY_ID, user_id), True)
            if user is None or user.trashed_ms is None:
                return []
            ids = [
                NotebookId(int(row[0]))
                for row in connection.rows(_NOTEBOOKS_TRASHED_AT, user_id, user.trashed_ms)
            ]
            connection.run(_RESTORE_NOTEBOOKS, user_id, user.trashed_ms)
            connection.run(_RESTORE, user_id)
            return ids

        return self._database.write(work)

    def delete_for_good(self, user_id: UserId) -> list[NotebookId]:
        """Deletes the account and all it owns; returns its notebooks, whose files remain."""
        rows = self._database.read(lambda connection: connection.rows(_ALL_NOTEBOOKS, user_id))
        ids = [NotebookId(int(row[0])) for row in rows]
        for notebook_id in ids:
            self._notebooks.delete_for_good(notebook_id)
        self._database.write(lambda connection: connection.run(_DELETE, user_id))
        return ids

    def trashed_before(self, limit_ms: int) -> list[User]:
        """The accounts that went to the trash before a moment."""
        return [
            _user(row)
            for row in self._database.read(lambda connection: connection.rows(_TRASHED_BEFORE, limit_ms))
        ]


def _user(row: Row) -> User:
    return User(
        id=UserId(int(row[0])),
        username=row[1],
        username_key=bytes(row[2]).decode(),
        password_hash=row[3],
        created_ms=int(row[4]),
        trashed_ms=row[5],
    )


def _seen(row: Row | None, with_trash: bool) -> User | None:
    if row is None:
        return None
    user = _user(row)
    return user if with_trash or user.trashed_ms is None else None
