"""The small tables: guests, failed attempts, reset codes, last visits, facts about the database.

Owns the tables `guests`, `attempts`, `resets`, `visits` and `meta`, each one class. Decides no policy: how many
failures are too many, or how long a code holds, is the web's. Handler threads. Rules A5, A6, S3.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from server.domain.failures import Failure
from server.domain.ids import NotebookId, UserId
from server.storage.database import Connection, Database, DuplicateRow, MissingParent, Statement
from server.storage.migrations import SCHEMA_VERSION
from server.storage.records import Attempts, Guest, ResetOutcome
from server.storage.sealed import Sealer

_ADD_GUEST: Final = Statement(
    "INSERT INTO guests (token_hash, guest_id, name, created_ms) VALUES (?, ?, ?, ?)"
)
_FIND_GUEST: Final = Statement(
    "SELECT guest_id, name, created_ms, token_hash FROM guests WHERE token_hash = ?"
)
_RENAME_GUEST: Final = Statement("UPDATE guests SET name = ? WHERE token_hash = ?")


class SqlGuestStore:
    """Guests' names, by the hash of their cookie."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database: Final = database
        self._sealer: Final = sealer

    def create(self, token_hash: bytes, guest_id: str, name: str, now_ms: int) -> Guest:
        """Notes a guest. Raises `Failure(503)` for a token that is there already (draw another)."""
        sealed = self._sealer.seal_text(name, _name_of(guest_id))
        try:
            self._database.write(
                lambda connection: connection.run(_ADD_GUEST, token_hash, guest_id, sealed, now_ms)
            )
        except DuplicateRow:
            raise Failure.of("busy") from None
        return Guest(guest_id, name, now_ms)

    def find(self, token_hash: bytes) -> Guest | None:
        """The guest with this cookie."""
        row = self._database.read(lambda connection: connection.row(_FIND_GUEST, token_hash))
        if row is None or not hmac.compare_digest(bytes(row[3]), token_hash):
            return None
        return Guest(row[0], self._sealer.open_text(row[1], _name_of(row[0])), int(row[2]))

    def rename(self, token_hash: bytes, name: str) -> bool:
        """Gives a guest another name; whether there is such a guest."""

        def work(connection: Connection) -> bool:
            row = connection.row(_FIND_GUEST, token_hash)
            if row is None:
                return False
            connection.run(_RENAME_GUEST, self._sealer.seal_text(name, _name_of(row[0])), token_hash)
            return True

        return self._database.write(work)


def _name_of(guest_id: str) -> str:
    return f"guest:{guest_id}"


_GET_ATTEMPTS: Final = Statement(
    "SELECT failures, since_ms, blocked_until_ms FROM attempts WHERE kind = ? AND subject = ?"
)
_PUT_ATTEMPTS: Final = Statement(
    "REPLACE INTO attempts (kind, subject, failures, since_ms, blocked_until_ms) VALUES (?, ?, ?, ?, ?)"
)
_CLEAR_ATTEMPTS: Final = Statement("DELETE FROM attempts WHERE kind = ? AND subject = ?")
_PURGE_ATTEMPTS: Final = Statement("DELETE FROM attempts WHERE since_ms < ? AND blocked_until_ms < ?")


class SqlAttemptStore:
    """Counters of failures that survive a restart."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def get(self, kind: str, subject: str) -> Attempts | None:
        """The counter, or None when nothing was counted."""
        return self._database.read(lambda connection: _attempts(connection, kind, _hashed(subject)))

    def add(self, kind: str, subject: str, now_ms: int, window_ms: int) -> Attempts:
        """Counts one failure; a counter older than the window starts again at 1."""
        hashed = _hashed(subject)

        def work(connection: Connection) -> Attempts:
            old = _attempts(connection, kind, hashed)
            if old is None or not 0 <= now_ms - old.since_ms < window_ms:
                new = Attempts(1, now_ms, old.blocked_until_ms if old else 0)
            else:
                new = Attempts(old.failures + 1, old.since_ms, old.blocked_until_ms)
            connection.run(_PUT_ATTEMPTS, kind, hashed, new.failures, new.since_ms, new.blocked_until_ms)
            return new

        return self._database.write(work)

    def block(self, kind: str, subject: str, until_ms: int) -> None:
        """Notes until when more are refused."""
        hashed = _hashed(subject)

        def work(connection: Connection) -> None:
            old = _attempts(connection, kind, hashed) or Attempts(0, 0)
            connection.run(_PUT_ATTEMPTS, kind, hashed, old.failures, old.since_ms, until_ms)

        self._database.write(work)

    def clear(self, kind: str, subject: str) -> None:
        """Forgets the counter."""
        self._database.write(lambda connection: connection.run(_CLEAR_ATTEMPTS, kind, _hashed(subject)))

    def purge(self, before_ms: int) -> int:
        """Deletes counters that began, and whose block ended, before a moment."""
        return self._database.write(lambda connection: connection.run(_PURGE_ATTEMPTS, before_ms, before_ms))


def _hashed(subject: str) -> bytes:
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).digest()


def _attempts(connection: Connection, kind: str, hashed: bytes) -> Attempts | None:
    row = connection.row(_GET_ATTEMPTS, kind, hashed)
    return None if row is None else Attempts(int(row[0]), int(row[1]), int(row[2]))


_PUT_RESET: Final = Statement("REPLACE INTO resets (user_id, code_hash, until_ms, tries) VALUES (?, ?, ?, ?)")
_GET_RESET: Final = Statement("SELECT code_hash, until_ms, tries FROM resets WHERE user_id = ?")
_SPEND_RESET: Final = Statement("UPDATE resets SET tries = tries - 1 WHERE user_id = ? AND tries > 0")
_DELETE_RESET: Final = Statement("DELETE FROM resets WHERE user_id = ?")


class SqlResetStore:
    """One-time password reset codes: one per account."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def put(self, user_id: UserId, code_hash: bytes, until_ms: int, tries: int = 5) -> None:
        """Sets the account's code, in place of an earlier one. Raises `Failure(404)` for no such account."""
        try:
            self._database.write(
                lambda connection: connection.run(_PUT_RESET, user_id, code_hash, until_ms, tries)
            )
        except MissingParent:
            raise Failure.of("not_found") from None

    def spend(self, user_id: UserId, code_hash: bytes, now_ms: int) -> ResetOutcome:
        """Uses one try; an accepted, expired or used-up code is gone."""

        def work(connection: Connection) -> ResetOutcome:
            row = connection.row(_GET_RESET, user_id)
            if row is None:
                return ResetOutcome.GONE
            if now_ms >= int(row[1]) or connection.run(_SPEND_RESET, user_id) == 0:
                connection.run(_DELETE_RESET, user_id)
                return ResetOutcome.GONE
            if not hmac.compare_digest(bytes(row[0]), code_hash):
                return ResetOutcome.WRONG
            return ResetOutcome.ACCEPTED if connection.run(_DELETE_RESET, user_id) else ResetOutcome.GONE

        return self._database.write(work)


_GET_VISIT: Final = Statement("SELECT seq FROM visits WHERE user_id = ? AND notebook_id = ?")
_PUT_VISIT: Final = Statement("REPLACE INTO visits (user_id, notebook_id, seq, at_ms) VALUES (?, ?, ?, ?)")


class SqlVisitStore:
    """How far each user has seen each notebook."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def get(self, user_id: UserId, notebook_id: NotebookId) -> int | None:
        """The number of the last change the user saw, or None for a first visit."""
        row = self._database.read(lambda connection: connection.row(_GET_VISIT, user_id, notebook_id))
        return None if row is None else int(row[0])

    def put(self, user_id: UserId, notebook_id: NotebookId, seq: int, now_ms: int) -> None:
        """Notes a visit; one to a notebook that has just gone is not noted."""
        try:
            self._database.write(
                lambda connection: connection.run(_PUT_VISIT, user_id, notebook_id, seq, now_ms)
            )
        except MissingParent:
            return


_GET_META: Final = Statement("SELECT value FROM meta WHERE name = ?")
_PUT_META: Final = Statement("REPLACE INTO meta (name, value) VALUES (?, ?)")
GENERATION: Final = "generation"


class SqlMetaStore:
    """Facts about the database itself."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def get(self, name: str) -> str | None:
        """The value under a name."""
        row = self._database.read(lambda connection: connection.row(_GET_META, name))
        return None if row is None else str(row[0])

    def put(self, name: str, value: str) -> None:
        """Sets the value under a name."""
        self._database.write(lambda connection: connection.run(_PUT_META, name, value))

    def schema_version(self) -> int:
        """The number of the last migration that was run."""
        return int(self.get(SCHEMA_VERSION) or "0")

    def generation(self) -> int:
        """How often a server has started on this database."""
        return int(self.get(GENERATION) or "0")
