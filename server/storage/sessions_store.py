"""Sessions in SQL.

Owns the table `sessions`: only the SHA-256 of a token is in it (A3). Does not make tokens, set cookies or decide
how long a session lasts (web). Handler threads. Rules A2, A3, A6.
"""

from __future__ import annotations

from typing import Final

from server.domain.failures import Failure
from server.domain.ids import UserId
from server.storage.database import Connection, Database, MissingParent, Row, Statement
from server.storage.records import Session

_ADD: Final = Statement(
    "INSERT INTO sessions (token_hash, user_id, created_ms, idle_until_ms, absolute_until_ms, label) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_FIND: Final = Statement(
    "SELECT s.token_hash, s.user_id, s.created_ms, s.idle_until_ms, s.absolute_until_ms, s.label "
    "FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = ? AND u.trashed_ms IS NULL"
)
_LIST: Final = Statement(
    "SELECT token_hash, user_id, created_ms, idle_until_ms, absolute_until_ms, label "
    "FROM sessions WHERE user_id = ? ORDER BY created_ms, token_hash"
)
_TOUCH: Final = Statement("UPDATE sessions SET idle_until_ms = ? WHERE token_hash = ?")
_REVOKE: Final = Statement("DELETE FROM sessions WHERE token_hash = ?")
_PURGE: Final = Statement("DELETE FROM sessions WHERE idle_until_ms <= ? OR absolute_until_ms <= ?")


class SqlSessionStore:
    """Sessions, by the hash of their token."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def create(
        self,
        token_hash: bytes,
        user_id: UserId,
        now_ms: int,
        idle_until_ms: int,
        absolute_until_ms: int,
        *,
        label: str = "",
    ) -> Session:
        """Opens a session.

        Raises:
            Failure: 404 when the account has just been deleted.
        """
        session = Session(token_hash, user_id, now_ms, idle_until_ms, absolute_until_ms, label[:255])

        def work(connection: Connection) -> int:
            return connection.run(
                _ADD, token_hash, user_id, now_ms, idle_until_ms, absolute_until_ms, session.label
            )

        try:
            self._database.write(work)
        except MissingParent:
            raise Failure.of("not_found") from None
        return session

    def find(self, token_hash: bytes) -> Session | None:
        """The session, expired or not; None when revoked or its account is in the trash."""
        row = self._database.read(lambda connection: connection.row(_FIND, token_hash))
        return None if row is None else _session(row)

    def touch(self, token_hash: bytes, idle_until_ms: int) -> None:
        """Moves the session's idle end."""
        self._database.write(lambda connection: connection.run(_TOUCH, idle_until_ms, token_hash))

    def revoke(self, token_hash: bytes) -> bool:
        """Ends a session; whether there was one."""
        return self._database.write(lambda connection: connection.run(_REVOKE, token_hash)) > 0

    def revoke_all(self, user_id: UserId, keep: bytes | None = None) -> list[bytes]:
        """Ends all sessions of a user but `keep`; returns the token hashes that ended."""

        def work(connection: Connection) -> list[bytes]:
            hashes = [bytes(row[0]) for row in connection.rows(_LIST, user_id)]
            ended = [token_hash for token_hash in hashes if token_hash != keep]
            for token_hash in ended:
                connection.run(_REVOKE, token_hash)
            return ended

        return self._database.write(work)

    def list_for(self, user_id: UserId) -> list[Session]:
        """A user's sessions, oldest first."""
        return [
            _session(row) for row in self._database.read(lambda connection: connection.rows(_LIST, user_id))
        ]

    def purge(self, now_ms: int) -> int:
        """Deletes the expired sessions; how many there were."""
        return self._database.write(lambda connection: connection.run(_PURGE, now_ms, now_ms))


def _session(row: Row) -> Session:
    return Session(
        token_hash=bytes(row[0]),
        user_id=UserId(int(row[1])),
        created_ms=int(row[2]),
        idle_until_ms=int(row[3]),
        absolute_until_ms=int(row[4]),
        label=row[5],
    )
