"""The records and protocols by which the rest of the server knows its storage.

Owns the protocol of each store and gives the records of `records` under one roof; no SQL, no I/O. Every
method of a store may block, so only handler threads and the update process call them. A database that is
away is `Failure(503, "storage_down")`, a full disk `Failure(507, "disk_full")`, from any method. Times are
integers, milliseconds since 1970 UTC. The data side of rules A3, A5, A6, C3, C4, N4 and S1 to S5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from server.domain.ids import NotebookId, Role, UserId
from server.domain.log_entry import LogEntry
from server.storage.records import (
    AppendConflict,
    Attempts,
    ClassCode,
    CommitUnknown,
    DatabaseConfig,
    DatabaseKind,
    Guest,
    Notebook,
    Record,
    ResetOutcome,
    Session,
    Share,
    ShareStatus,
    StartRefused,
    User,
)

__all__ = [
    "AppendConflict",
    "AttemptStore",
    "Attempts",
    "ChangeStore",
    "ClassCode",
    "CommitUnknown",
    "DatabaseConfig",
    "DatabaseKind",
    "Guest",
    "GuestStore",
    "MetaStore",
    "Notebook",
    "NotebookStore",
    "Record",
    "ResetOutcome",
    "ResetStore",
    "Session",
    "SessionStore",
    "Share",
    "ShareStatus",
    "ShareStore",
    "StartRefused",
    "Storage",
    "User",
    "UserStore",
    "VisitStore",
]


class UserStore(Protocol):
    """Accounts. Unless `with_trash` is given, accounts in the trash do not exist."""

    def create(self, username: str, username_key: str, password_hash: str, now_ms: int) -> User:
        """Makes an account. Raises `Failure(409, "name_taken")`, also for a name in the trash."""

    def by_key(self, username_key: str, *, with_trash: bool = False) -> User | None: ...

    def by_id(self, user_id: UserId, *, with_trash: bool = False) -> User | None: ...

    def set_password_hash(self, user_id: UserId, password_hash: str) -> None: ...

    def list_all(self, *, with_trash: bool = False) -> list[User]: ...

    def trash(self, user_id: UserId, now_ms: int) -> list[NotebookId]:
        """Moves the account and its notebooks to the trash and ends its sessions; returns those notebooks."""

    def restore(self, user_id: UserId) -> list[NotebookId]:
        """Takes the account and the notebooks that went with it out of the trash; returns those."""

    def delete_for_good(self, user_id: UserId) -> list[NotebookId]:
        """Deletes the account and all it owns; returns its notebooks, whose files remain."""

    def trashed_before(self, limit_ms: int) -> list[User]: ...


class SessionStore(Protocol):
    """Sessions, by the hash of their token (A3)."""

    def create(
        self,
        token_hash: bytes,
        user_id: UserId,
        now_ms: int,
        idle_until_ms: int,
        absolute_until_ms: int,
        *,
        label: str = "",
    ) -> Session: ...

    def find(self, token_hash: bytes) -> Session | None:
        """The session, expired or not (ask `holds`); None when revoked or its account is in the trash."""

    def touch(self, token_hash: bytes, idle_until_ms: int) -> None: ...

    def revoke(self, token_hash: bytes) -> bool: ...

    def revoke_all(self, user_id: UserId, keep: bytes | None = None) -> list[bytes]:
        """Ends all sessions of a user but `keep`; returns the token hashes that ended."""

    def list_for(self, user_id: UserId) -> list[Session]: ...

    def purge(self, now_ms: int) -> int: ...


class NotebookStore(Protocol):
    """Notebooks. Unless `with_trash` is given, notebooks in the trash do not exist."""

    def create(self, owner_id: UserId, title: str, description: str, now_ms: int) -> Notebook: ...

    def get(self, notebook_id: NotebookId, *, with_trash: bool = False) -> Notebook | None: ...

    def list_for(self, owner_id: UserId, *, trashed: bool = False) -> list[Notebook]:
        """The owner's notebooks, or those of them in the trash, in order of id."""

    def count_for(self, owner_id: UserId) -> int: ...

    def bytes_for(self, owner_id: UserId) -> int: ...

    def all(self, *, with_trash: bool = False) -> list[Notebook]: ...

    def rename(self, notebook_id: NotebookId, title: str, description: str, now_ms: int) -> bool: ...

    def trash(self, notebook_id: NotebookId, now_ms: int) -> bool: ...

    def restore(self, notebook_id: NotebookId) -> bool: ...

    def set_epoch(self, notebook_id: NotebookId, epoch: str) -> None: ...

    def trashed_before(self, limit_ms: int) -> list[NotebookId]: ...

    def delete_for_good(self, notebook_id: NotebookId) -> None:
        """Deletes row, log, base and shares, in portions; a call cut short is finished by the next start."""


class ShareStore(Protocol):
    """Share codes, by their SHA-256 (S1 to S3, S5)."""

    def create(
        self, notebook_id: NotebookId, role: Role, code: str, now_ms: int, expires_ms: int | None = None
    ) -> Share: ...

    def find(self, code_hash: bytes) -> Share | None:
        """The share, even expired or revoked (ask `status`); None for a code that never existed."""

    def list_for(self, notebook_id: NotebookId) -> list[Share]:
        """The shares that are not revoked, oldest first."""

    def revoke(self, code_hash: bytes, now_ms: int) -> bool: ...

    def revoke_all(self, notebook_id: NotebookId, now_ms: int) -> list[bytes]: ...

    def current_edit(self, notebook_id: NotebookId) -> Share | None:
        """The newest edit share without expiry (S1)."""

    def lend_class_code(self, class_hash: bytes, code_hash: bytes, now_ms: int, until_ms: int) -> bool:
        """Lends digits to a share; False when these digits are lent already (draw others)."""

    def find_class_code(self, class_hash: bytes, now_ms: int) -> ClassCode | None: ...


class GuestStore(Protocol):
    """Guests' names, by the hash of their cookie (S3)."""

    def create(self, token_hash: bytes, guest_id: str, name: str, now_ms: int) -> Guest: ...

    def find(self, token_hash: bytes) -> Guest | None: ...

    def rename(self, token_hash: bytes, name: str) -> bool: ...


class ChangeStore(Protocol):
    """The log: the truth about every notebook (C3, C4)."""

    def read(
        self, notebook_id: NotebookId, since: int, limit: int = 1000, max_bytes: int = 4 << 20
    ) -> list[LogEntry]:
        """The changes after `since`, in order, contiguous; at least one if there is one, of any size."""

    def head(self, notebook_id: NotebookId) -> int:
        """The number of the last change, trash included; 0 when there is none."""

    def base(self, notebook_id: NotebookId) -> int:
        """The number the log begins after: 0, or the stored base's. A `since` below it is a 410 (P3)."""

    def load_base(self, notebook_id: NotebookId) -> tuple[int, Iterator[Record]] | None:
        """The document the log begins after, as (seq, records of its dump); None when it begins at 1."""

    def append_batch(self, entries: Sequence[LogEntry]) -> None:
        """Stores entries of any number of notebooks in one transaction; durable on return.

        The entries of one notebook must be in order and follow on its head. Raises AppendConflict when they
        do not, when an op is there already or when a notebook is gone. After `Failure(503)` the outcome may
        be unknown: load the notebooks again before storing more.
        """

    def find_op(self, notebook_id: NotebookId, op: str) -> LogEntry | None: ...


class AttemptStore(Protocol):
    """Counters of failures that survive a restart (A5), by account or address; only a hash is stored."""

    def get(self, kind: str, subject: str) -> Attempts | None: ...

    def add(self, kind: str, subject: str, now_ms: int, window_ms: int) -> Attempts:
        """Counts one failure; a counter older than the window starts again at 1."""

    def block(self, kind: str, subject: str, until_ms: int) -> None: ...

    def clear(self, kind: str, subject: str) -> None: ...

    def purge(self, before_ms: int) -> int: ...


class ResetStore(Protocol):
    """One-time password reset codes: one per account, five tries (A6)."""

    def put(self, user_id: UserId, code_hash: bytes, until_ms: int, tries: int = 5) -> None: ...

    def spend(self, user_id: UserId, code_hash: bytes, now_ms: int) -> ResetOutcome:
        """Uses one try; an accepted code is gone."""


class VisitStore(Protocol):
    """How far each user has seen each notebook."""

    def get(self, user_id: UserId, notebook_id: NotebookId) -> int | None: ...

    def put(self, user_id: UserId, notebook_id: NotebookId, seq: int, now_ms: int) -> None: ...


class MetaStore(Protocol):
    """Facts about the database itself: schema version, key id, generation."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, value: str) -> None: ...

    def schema_version(self) -> int: ...

    def generation(self) -> int: ...


class Storage(Protocol):
    """An open database."""

    @property
    def users(self) -> UserStore: ...

    @property
    def sessions(self) -> SessionStore: ...

    @property
    def notebooks(self) -> NotebookStore: ...

    @property
    def shares(self) -> ShareStore: ...

    @property
    def guests(self) -> GuestStore: ...

    @property
    def changes(self) -> ChangeStore: ...

    @property
    def attempts(self) -> AttemptStore: ...

    @property
    def resets(self) -> ResetStore: ...

    @property
    def visits(self) -> VisitStore: ...

    @property
    def meta(self) -> MetaStore: ...

    @property
    def warnings(self) -> Sequence[str]:
        """Sentences for the operator, such as a MySQL that does not flush its log at each commit."""

    def describe(self) -> str:
        """Which database and where, for the start line; never a password."""

    def ping(self) -> None:
        """Raises `Failure(503, "storage_down")` when the database does not answer."""

    def close(self) -> None: ...
