"""Fills a database that has just been made with accounts, notebooks and their documents.

Owns the one transaction by which JSON tables and folders of 2022 come in, and its guard: a database that was ever
filled or used is never filled again (an emptied table is never refilled, F6). Does not read files. Main process,
at start. Every notebook begins under a new epoch from its document as a base; its log begins at base + 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from server.domain.ids import NotebookId, UserId
from server.domain.svg_document import NotebookDocument
from server.storage.bases import BaseRows
from server.storage.database import Connection, Database, Statement
from server.storage.migrations import CONTENTS, LOADED, NEW
from server.storage.small_stores import GENERATION

_GET_META: Final = Statement("SELECT value FROM meta WHERE name = ?")
_PUT_META: Final = Statement("REPLACE INTO meta (name, value) VALUES (?, ?)")
_ANY_USER: Final = Statement("SELECT id FROM users LIMIT 1")
_ADD_USER: Final = Statement(
    "INSERT INTO users (id, username, username_key, password_hash, created_ms, trashed_ms) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_ADD_NOTEBOOK: Final = Statement(
    "INSERT INTO notebooks (id, owner_id, title, description, epoch, created_ms, changed_ms, seq, next_group_id, "
    "stored_bytes, trashed_ms, purged) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
)
_ADD_SHARE: Final = Statement(
    "INSERT INTO shares (code_hash, notebook_id, code, role, created_ms, expires_ms, revoked_ms, place) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account as it is stored."""

    id: UserId
    username: str
    username_key: str
    password_hash: str = field(repr=False)
    created_ms: int
    trashed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A share as it is stored: `code` is sealed."""

    code_hash: bytes
    code: bytes
    role: int
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None


@dataclass(frozen=True, slots=True)
class NotebookRow:
    """A notebook as it is stored, title and description sealed, and how to get its document."""

    id: NotebookId
    owner_id: UserId
    title: bytes
    description: bytes
    created_ms: int
    changed_ms: int
    trashed_ms: int | None
    shares: Sequence[ShareRow]
    document: Callable[[], NotebookDocument]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a new database is filled with."""

    users: Sequence[UserRow] = ()
    notebooks: Iterable[NotebookRow] = ()
    facts: Sequence[tuple[str, str]] = ()


class AlreadyFilled(Exception):
    """The database has been filled or used before."""


def is_new(database: Database) -> bool:
    """Whether the schema was made but nothing was ever put into it."""

    def look(connection: Connection) -> bool:
        state = connection.row(_GET_META, CONTENTS)
        return state is not None and state[0] == NEW and connection.row(_ANY_USER) is None

    return database.read(look)


def fill(
    database: Database, bases: BaseRows, contents: Contents, *, new_epoch: Callable[[], str], generation: int
) -> None:
    """Puts everything in, in one transaction, and marks the database as filled.

    Args:
        database: with a schema and nothing else.
        bases: where the documents go.
        contents: what to put in; its documents are made one after the other.
        new_epoch: gives each notebook its epoch.
        generation: the number of this start.

    Raises:
        AlreadyFilled: the database was filled meanwhile.
        DuplicateRow, MissingParent: the contents contradict themselves.
        Failure: the database is away; nothing was put in.
    """

    def work(connection: Connection) -> None:
        state = connection.row(_GET_META, CONTENTS)
        if state is None or state[0] != NEW:
            raise AlreadyFilled
        for user in contents.users:
            connection.run(
                _ADD_USER,
                user.id,
                user.username,
                user.username_key.encode(),
                user.password_hash,
                user.created_ms,
                user.trashed_ms,
            )
        for notebook in contents.notebooks:
            _add_notebook(connection, bases, notebook, new_epoch())
        for name, value in (*contents.facts, (GENERATION, str(generation)), (CONTENTS, LOADED)):
            connection.run(_PUT_META, name, value)

    database.write(work)


def _add_notebook(connection: Connection, bases: BaseRows, notebook: NotebookRow, epoch: str) -> None:
    document = notebook.document()
    stored_bytes = bases.add(connection, notebook.id, document.seq, document.dump()) if document.seq else 0
    connection.run(
        _ADD_NOTEBOOK,
        notebook.id,
        notebook.owner_id,
        notebook.title,
        notebook.description,
        epoch,
        notebook.created_ms,
        notebook.changed_ms,
        document.seq,
        document.next_id,
        stored_bytes,
        notebook.trashed_ms,
    )
    for place, share in enumerate(notebook.shares, 1):
        connection.run(
            _ADD_SHARE,
            share.code_hash,
            notebook.id,
            share.code,
            share.role,
            share.created_ms,
            share.expires_ms,
            share.revoked_ms,
            place,
        )
