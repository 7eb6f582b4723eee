"""The frozen records and the errors of the storage package.

Owns what a row looks like to the rest of the server; no SQL, no I/O, no clock of its own. Others import these
names from `contracts`. Times are integers, milliseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role, UserId

DatabaseKind = Literal["sqlite", "mysql"]
Record = tuple[object, ...]
"""One record of a document's dump: int, str, bytes, float, bool, None, and tuples or lists of these."""


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """Which database to open; made by the settings from `dbconfig.json`.

    `path` is for SQLite alone, the other fields for MySQL and MariaDB alone.
    """

    kind: DatabaseKind
    path: str = ""
    host: str = "localhost"
    port: int = 3306
    unix_socket: str | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    pool_name: str = "updateNotebooks"
    pool_size: int = 8
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_required: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """One account. `username_key` is the case-folded name that is unique."""

    id: UserId
    username: str
    username_key: str
    password_hash: str = field(repr=False)
    created_ms: int = 0
    trashed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One login. It holds until the earlier of its two ends, or until it is revoked (then it is gone)."""

    token_hash: bytes = field(repr=False)
    user_id: UserId
    created_ms: int
    idle_until_ms: int
    absolute_until_ms: int
    label: str

    def holds(self, now_ms: int) -> bool:
        """Whether the session has not yet expired."""
        return now_ms < self.idle_until_ms and now_ms < self.absolute_until_ms


@dataclass(frozen=True, slots=True)
class Notebook:
    """One notebook's row.

    `seq` is the number of its last change, `next_group_id` the id its next stroke gets, `stored_bytes` what
    its log takes, `epoch` 16 lower-case hex digits.
    """

    id: NotebookId
    owner_id: UserId
    title: str
    description: str
    epoch: str
    created_ms: int
    changed_ms: int
    seq: int
    trashed_ms: int | None = None
    next_group_id: int = 1
    stored_bytes: int = 0


class ShareStatus(Enum):
    """What has become of a share code that once existed."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Share:
    """One share of a notebook: a code and the role it grants (S2)."""

    notebook_id: NotebookId
    code: str = field(repr=False)
    role: Role
    created_ms: int
    expires_ms: int | None = None
    revoked_ms: int | None = None
    code_hash: bytes = field(default=b"", repr=False)

    def status(self, now_ms: int) -> ShareStatus:
        """Whether the code still grants its role."""
        if self.revoked_ms is not None:
            return ShareStatus.REVOKED
        if self.expires_ms is not None and now_ms >= self.expires_ms:
            return ShareStatus.EXPIRED
        return ShareStatus.VALID


@dataclass(frozen=True, slots=True)
class ClassCode:
    """Eight digits lent to a share for a while (S5); `code_hash` is the share's."""

    code_hash: bytes = field(repr=False)
    until_ms: int


@dataclass(frozen=True, slots=True)
class Guest:
    """A visitor without an account: `guest_id` is `g` and 16 hex digits (S3)."""

    guest_id: str
    name: str
    created_ms: int = 0


@dataclass(frozen=True, slots=True)
class Attempts:
    """A counter of failures within a window, with the moment until which more are refused (A5)."""

    failures: int
    since_ms: int
    blocked_until_ms: int = 0


class ResetOutcome(Enum):
    """What came of one try at a password reset code (A6)."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    GONE = "gone"


class StartRefused(Exception):
    """The server cannot start on this data. The text says what is wrong and what to do next."""


class CommitUnknown(Failure):
    """The connection broke while a commit was under way: the transaction is wholly there or wholly not.

    A 503 for whoever does not care; whoever stores changes reads the log again.
    """

    def __init__(self) -> None:
        super().__init__(503, "storage_down")


class AppendConflict(Exception):
    """A batch was not stored, because the log is no longer where the caller thought it was.

    Nothing of the batch is stored. `moved` are notebooks whose log has another head or already holds one of
    the ops (load them again), `gone` are notebooks that are deleted or in the trash; both may be non-empty.
    The entries of other notebooks may be sent again at once.
    """

    def __init__(self, moved: Iterable[NotebookId], gone: Iterable[NotebookId]) -> None:
        super().__init__("the log has moved")
        self.moved = frozenset(moved)
        self.gone = frozenset(gone)
