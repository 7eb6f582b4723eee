"""Share codes and class codes in SQL.

Owns the tables `shares` and `class_codes`. A code is stored sealed and found by its SHA-256, compared in constant
time after the look-up; a revoked share stays as a row, so that its code is known to have existed. Does not make
codes (domain) or count misses. Handler threads. Rules S1, S2, S3, S5.
"""

from __future__ import annotations

import hmac
from typing import Final

from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role
from server.domain.share_code import code_hash as hash_of_code
from server.storage.database import Connection, Database, DuplicateRow, MissingParent, Row, Statement, one_int
from server.storage.records import ClassCode, Share
from server.storage.sealed import Sealer

_PLACE: Final = Statement("SELECT MAX(place) FROM shares WHERE notebook_id = ?")
_ADD: Final = Statement(
    "INSERT INTO shares (code_hash, notebook_id, code, role, created_ms, expires_ms, place) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_FIND: Final = Statement(
    "SELECT notebook_id, code, role, created_ms, expires_ms, revoked_ms, code_hash FROM shares WHERE code_hash = ?"
)
_LIST: Final = Statement(
    "SELECT notebook_id, code, role, created_ms, expires_ms, revoked_ms, code_hash FROM shares "
    "WHERE notebook_id = ? AND revoked_ms IS NULL ORDER BY place"
)
_CURRENT_EDIT: Final = Statement(
    "SELECT notebook_id, code, role, created_ms, expires_ms, revoked_ms, code_hash FROM shares "
    "WHERE notebook_id = ? AND role = ? AND revoked_ms IS NULL AND expires_ms IS NULL ORDER BY place DESC LIMIT 1"
)
_REVOKE: Final = Statement("UPDATE shares SET revoked_ms = ? WHERE code_hash = ? AND revoked_ms IS NULL")
_REVOKE_ALL: Final = Statement(
    "UPDATE shares SET revoked_ms = ? WHERE notebook_id = ? AND revoked_ms IS NULL"
)
_END_CLASS_CODES: Final = Statement("DELETE FROM class_codes WHERE code_hash = ?")
_DROP_OLD_CLASS_CODES: Final = Statement("DELETE FROM class_codes WHERE until_ms <= ?")
_LEND: Final = Statement("INSERT INTO class_codes (class_hash, code_hash, until_ms) VALUES (?, ?, ?)")
_FIND_CLASS_CODE: Final = Statement(
    "SELECT class_hash, code_hash, until_ms FROM class_codes WHERE class_hash = ? AND until_ms > ?"
)


class SqlShareStore:
    """Shares, by the hash of their code."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database: Final = database
        self._sealer: Final = sealer

    def create(
        self, notebook_id: NotebookId, role: Role, code: str, now_ms: int, expires_ms: int | None = None
    ) -> Share:
        """Adds a share under a freshly made code.

        Raises:
            Failure: 404 when the notebook has just been deleted, 503 for a code that is there already.
        """
        code_hash = hash_of_code(code)
        sealed = self._sealer.seal_text(code, code_of(code_hash))

        def work(connection: Connection) -> int:
            place = one_int(connection.row(_PLACE, notebook_id)) + 1
            return connection.run(_ADD, code_hash, notebook_id, sealed, int(role), now_ms, expires_ms, place)

        try:
            self._database.write(work)
        except MissingParent:
            raise Failure.of("not_found") from None
        except DuplicateRow:
            raise Failure.of("busy") from None
        return Share(notebook_id, code, Role(role), now_ms, expires_ms, None, code_hash)

    def find(self, code_hash: bytes) -> Share | None:
        """The share, even expired or revoked; None for a code that never existed."""
        row = self._database.read(lambda connection: connection.row(_FIND, code_hash))
        if row is None or not hmac.compare_digest(bytes(row[6]), code_hash):
            return None
        return self._share(row)

    def list_for(self, notebook_id: NotebookId) -> list[Share]:
        """The shares that are not revoked, oldest first."""
        rows = self._database.read(lambda connection: connection.rows(_LIST, notebook_id))
        return [self._share(row) for row in rows]

    def revoke(self, code_hash: bytes, now_ms: int) -> bool:
        """Revokes a share and the digits lent to it; whether it was in force."""

        def work(connection: Connection) -> bool:
            connection.run(_END_CLASS_CODES, code_hash)
            return connection.run(_REVOKE, now_ms, code_hash) > 0

        return self._database.write(work)

    def revoke_all(self, notebook_id: NotebookId, now_ms: int) -> list[bytes]:
        """Revokes every share of a notebook; returns their hashes."""

        def work(connection: Connection) -> list[bytes]:
            hashes = [bytes(row[6]) for row in connection.rows(_LIST, notebook_id)]
            for code_hash in hashes:
                connection.run(_END_CLASS_CODES, code_hash)
            connection.run(_REVOKE_ALL, now_ms, notebook_id)
            return hashes

        return self._database.write(work)

    def current_edit(self, notebook_id: NotebookId) -> Share | None:
        """The newest edit share without expiry (S1)."""
        row = self._database.read(
            lambda connection: connection.row(_CURRENT_EDIT, notebook_id, int(Role.EDIT))
        )
        return None if row is None else self._share(row)

    def lend_class_code(self, class_hash: bytes, code_hash: bytes, now_ms: int, until_ms: int) -> bool:
        """Lends digits to a share; False when these digits are lent already, or the share is unknown."""

        def work(connection: Connection) -> None:
            connection.run(_DROP_OLD_CLASS_CODES, now_ms)
            connection.run(_LEND, class_hash, code_hash, until_ms)

        try:
            self._database.write(work)
        except (DuplicateRow, MissingParent):
            return False
        return True

    def find_class_code(self, class_hash: bytes, now_ms: int) -> ClassCode | None:
        """The share that digits are lent to."""
        row = self._database.read(lambda connection: connection.row(_FIND_CLASS_CODE, class_hash, now_ms))
        if row is None or not hmac.compare_digest(bytes(row[0]), class_hash):
            return None
        return ClassCode(bytes(row[1]), int(row[2]))

    def _share(self, row: Row) -> Share:
        code_hash = bytes(row[6])
        return Share(
            notebook_id=NotebookId(int(row[0])),
            code=self._sealer.open_text(row[1], code_of(code_hash)),
            role=Role(int(row[2])),
            created_ms=int(row[3]),
            expires_ms=row[4],
            revoked_ms=row[5],
            code_hash=code_hash,
        )


def code_of(code_hash: bytes) -> str:
    """What a share code is sealed for."""
    return f"code:{code_hash.hex()}"
