"""The tables, as numbered migrations in the two dialects.

Owns every CREATE and ALTER of the product. Does not run them (`migrations` does). A migration is never edited
once released: another is added. Names, secrets and ids are compared byte by byte on both engines (T4): SQLite's
tables are STRICT with BINARY collation, MySQL's keys are VARBINARY or utf8mb4_bin. Sealed columns are BLOB.
"""

from __future__ import annotations

from typing import Final

from server.storage.database import Statement

_TABLE: Final = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"

META: Final = Statement(
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS meta (name VARCHAR(64) PRIMARY KEY, value VARCHAR(1024) NOT NULL)" + _TABLE,
)

_INITIAL: Final = (
    Statement(
        """CREATE TABLE IF NOT EXISTS users (
            id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL, username_key BLOB NOT NULL UNIQUE,
            password_hash TEXT NOT NULL, created_ms INTEGER NOT NULL, trashed_ms INTEGER) STRICT""",
        """CREATE TABLE IF NOT EXISTS users (
            id BIGINT PRIMARY KEY AUTO_INCREMENT, username VARCHAR(400) NOT NULL,
            username_key VARBINARY(1600) NOT NULL UNIQUE,
            password_hash VARCHAR(255) NOT NULL, created_ms BIGINT NOT NULL, trashed_ms BIGINT)"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS sessions (
            token_hash BLOB PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            created_ms INTEGER NOT NULL, idle_until_ms INTEGER NOT NULL, absolute_until_ms INTEGER NOT NULL,
            label TEXT NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS sessions (
            token_hash VARBINARY(64) PRIMARY KEY, user_id BIGINT NOT NULL,
            created_ms BIGINT NOT NULL, idle_until_ms BIGINT NOT NULL, absolute_until_ms BIGINT NOT NULL,
            label VARCHAR(255) NOT NULL, KEY sessions_by_user (user_id),
            FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE)"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS notebooks (
            id INTEGER PRIMARY KEY AUTOINCREMENT, owner_id INTEGER NOT NULL REFERENCES users (id),
            title BLOB NOT NULL, description BLOB NOT NULL, epoch TEXT NOT NULL, created_ms INTEGER NOT NULL,
            changed_ms INTEGER NOT NULL, seq INTEGER NOT NULL, next_group_id INTEGER NOT NULL,
            stored_bytes INTEGER NOT NULL, trashed_ms INTEGER, purged INTEGER NOT NULL) STRICT""",
        """CREATE TABLE IF NOT EXISTS notebooks (
            id BIGINT PRIMARY KEY AUTO_INCREMENT, owner_id BIGINT NOT NULL,
            title BLOB NOT NULL, description BLOB NOT NULL, epoch CHAR(16) NOT NULL, created_ms BIGINT NOT NULL,
            changed_ms BIGINT NOT NULL, seq BIGINT NOT NULL, next_group_id BIGINT NOT NULL,
            stored_bytes BIGINT NOT NULL, trashed_ms BIGINT, purged INT NOT NULL,
            KEY notebooks_by_owner (owner_id), FOREIGN KEY (owner_id) REFERENCES users (id))"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS shares (
            code_hash BLOB PRIMARY KEY, notebook_id INTEGER NOT NULL REFERENCES notebooks (id) ON DELETE CASCADE,
            code BLOB NOT NULL, role INTEGER NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER,
            revoked_ms INTEGER, place INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS shares (
            code_hash VARBINARY(64) PRIMARY KEY, notebook_id BIGINT NOT NULL,
            code BLOB NOT NULL, role INT NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT,
            revoked_ms BIGINT, place BIGINT NOT NULL, KEY shares_by_notebook (notebook_id),
            FOREIGN KEY (notebook_id) REFERENCES notebooks (id) ON DELETE CASCADE)"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS class_codes (
            class_hash BLOB PRIMARY KEY, code_hash BLOB NOT NULL REFERENCES shares (code_hash) ON DELETE CASCADE,
            until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS class_codes (
            class_hash VARBINARY(64) PRIMARY KEY, code_hash VARBINARY(64) NOT NULL,
            until_ms BIGINT NOT NULL, KEY class_codes_by_share (code_hash),
            FOREIGN KEY (code_hash) REFERENCES shares (code_hash) ON DELETE CASCADE)"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS guests (
            token_hash BLOB PRIMARY KEY, guest_id TEXT NOT NULL, name BLOB NOT NULL,
            created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS guests (
            token_hash VARBINARY(64) PRIMARY KEY, guest_id VARCHAR(32) NOT NULL, name BLOB NOT NULL,
            created_ms BIGINT NOT NULL)"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS changes (
            notebook_id INTEGER NOT NULL, seq INTEGER NOT NULL, op TEXT NOT NULL, author TEXT NOT NULL,
            at_ms INTEGER NOT NULL, command TEXT NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (notebook_id, seq), UNIQUE (notebook_id, op)) STRICT""",
        """CREATE TABLE IF NOT EXISTS changes (
            notebook_id BIGINT NOT NULL, seq BIGINT NOT NULL, op VARCHAR(64) NOT NULL,
            author VARCHAR(32) NOT NULL, at_ms BIGINT NOT NULL, command VARCHAR(8) NOT NULL,
            body MEDIUMBLOB NOT NULL, PRIMARY KEY (notebook_id, seq), UNIQUE KEY changes_by_op (notebook_id, op))"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS bases (
            notebook_id INTEGER NOT NULL, part INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (notebook_id, part)) STRICT""",
        """CREATE TABLE IF NOT EXISTS bases (
            notebook_id BIGINT NOT NULL, part BIGINT NOT NULL, seq BIGINT NOT NULL, body MEDIUMBLOB NOT NULL,
            PRIMARY KEY (notebook_id, part))"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS attempts (
            kind TEXT NOT NULL, subject BLOB NOT NULL, failures INTEGER NOT NULL, since_ms INTEGER NOT NULL,
            blocked_until_ms INTEGER NOT NULL, PRIMARY KEY (kind, subject)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS attempts (
            kind VARCHAR(32) NOT NULL, subject VARBINARY(64) NOT NULL, failures BIGINT NOT NULL,
            since_ms BIGINT NOT NULL, blocked_until_ms BIGINT NOT NULL, PRIMARY KEY (kind, subject))"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS resets (
            user_id INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE, code_hash BLOB NOT NULL,
            until_ms INTEGER NOT NULL, tries INTEGER NOT NULL) STRICT""",
        """CREATE TABLE IF NOT EXISTS resets (
            user_id BIGINT PRIMARY KEY, code_hash VARBINARY(64) NOT NULL,
            until_ms BIGINT NOT NULL, tries BIGINT NOT NULL,
            FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE)"""
        + _TABLE,
    ),
    Statement(
        """CREATE TABLE IF NOT EXISTS visits (
            user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            notebook_id INTEGER NOT NULL REFERENCES notebooks (id) ON DELETE CASCADE,
            seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (user_id, notebook_id)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS visits (
            user_id BIGINT NOT NULL, notebook_id BIGINT NOT NULL,
            seq BIGINT NOT NULL, at_ms BIGINT NOT NULL, PRIMARY KEY (user_id, notebook_id),
            FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
            FOREIGN KEY (notebook_id) REFERENCES notebooks (id) ON DELETE CASCADE)"""
        + _TABLE,
    ),
)

_SQLITE_INDEXES: Final = (
    # MySQL has these in its CREATE TABLE, since it knows no CREATE INDEX IF NOT EXISTS.
    Statement("CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id)", "DO 0"),
    Statement("CREATE INDEX IF NOT EXISTS notebooks_by_owner ON notebooks (owner_id)", "DO 0"),
    Statement("CREATE INDEX IF NOT EXISTS shares_by_notebook ON shares (notebook_id)", "DO 0"),
    Statement("CREATE INDEX IF NOT EXISTS class_codes_by_share ON class_codes (code_hash)", "DO 0"),
    Statement("CREATE INDEX IF NOT EXISTS visits_by_notebook ON visits (notebook_id)", "DO 0"),
)

MIGRATIONS: Final[tuple[tuple[Statement, ...], ...]] = (_INITIAL + _SQLITE_INDEXES,)
"""Migration n stands at index n - 1. Each statement can be run again after a start that was cut short."""

TABLES: Final = (
    "users",
    "sessions",
    "notebooks",
    "shares",
    "class_codes",
    "guests",
    "changes",
    "bases",
    "attempts",
    "resets",
    "visits",
)
