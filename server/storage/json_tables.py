"""The two JSON tables: accounts and notebooks as files, rows as stored.

Owns `Protected/UsersLoginData.json` and `Protected/Notebooks/NotebooksList.json`: the original's columns first,
then this product's. Hashes stay hashes and sealed values stay sealed (base64). Written by `save` and `exit`; read
only by a start that has just made its schema, under the same storage key. Not a whole backup: sessions, guests and
the history before the snapshots are not in it. Main process.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from server.domain.ids import NotebookId, Role, UserId
from server.domain.svg_document import NotebookDocument
from server.storage.atomic_files import Files, read_whole, write_atomically
from server.storage.database import Connection, Row, Statement
from server.storage.filling import Contents, NotebookRow, ShareRow, UserRow
from server.storage.notebooks_store import title_of
from server.storage.opening import SqlStorage
from server.storage.records import StartRefused
from server.storage.sealed import SealBroken, Sealer
from server.storage.snapshots import SnapshotStore

USERS_FILE: Final = "UsersLoginData.json"
NOTEBOOKS_FILE: Final = "Notebooks/NotebooksList.json"
_USERS: Final = Statement(
    "SELECT id, username, username_key, password_hash, created_ms, trashed_ms FROM users ORDER BY id"
)
_NOTEBOOKS: Final = Statement(
    "SELECT id, owner_id, title, description, epoch, created_ms, changed_ms, seq, next_group_id, trashed_ms "
    "FROM notebooks WHERE purged = 0 ORDER BY id"
)
_SHARES: Final = Statement(
    "SELECT notebook_id, code_hash, code, role, created_ms, expires_ms, revoked_ms FROM shares "
    "ORDER BY notebook_id, place"
)
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": "), allow_nan=False).encode


def save_tables(storage: SqlStorage, protected: Path, files: Files) -> tuple[int, int]:
    """Writes both tables as of one moment; returns how many users and notebooks are in them.

    Raises:
        Failure: 503 or 507; a table that could not be written is as it was.
    """

    def look(connection: Connection) -> tuple[list[Row], list[Row], list[Row]]:
        return connection.rows(_USERS), connection.rows(_NOTEBOOKS), connection.rows(_SHARES)

    users, notebooks, shares = storage.database.snapshot(look)
    by_notebook: dict[int, list[Row]] = {}
    for share in shares:
        by_notebook.setdefault(int(share[0]), []).append(share)
    key_id = storage.sealer.key_id
    files.make_folder(protected / "Notebooks")
    user_rows = [_user_to_json(row, key_id) for row in users]
    notebook_rows = [_notebook_to_json(row, by_notebook.get(int(row[0]), []), key_id) for row in notebooks]
    write_atomically(protected / USERS_FILE, _lines(user_rows), files)
    write_atomically(protected / NOTEBOOKS_FILE, _lines(notebook_rows), files)
    return len(users), len(notebooks)


def _lines(rows: Sequence[Mapping[str, object]]) -> Iterator[bytes]:
    """A JSON list with one row a line."""
    yield b"["
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n").encode() + _ENCODE(row).encode()
    yield b"\n]\n"


def _user_to_json(row: Row, key_id: str) -> dict[str, object]:
    return {
        "id": row[0],
        "username": row[1],
        "pass": row[3],
        "usernameKey": bytes(row[2]).decode(),
        "created": row[4],
        "trashed": row[5],
        "keyID": key_id,
    }


def _notebook_to_json(row: Row, shares: Sequence[Row], key_id: str) -> dict[str, object]:
    current = [s for s in shares if s[3] == Role.EDIT and s[5] is None and s[6] is None]
    return {
        "id": row[0],
        "ownerID": row[1],
        "NotebookPath": f"Protected/Notebooks/{row[0]:d}.svg.sealed",
        "title": _to_text(row[2]),
        "description": _to_text(row[3]),
        "currentGroupID": row[8],
        "code": _to_text(current[-1][2]) if current else None,
        "seq": row[7],
        "epoch": row[4],
        "created": row[5],
        "changed": row[6],
        "trashed": row[9],
        "shares": [
            {
                "hash": bytes(share[1]).hex(),
                "code": _to_text(share[2]),
                "role": share[3],
                "created": share[4],
                "expires": share[5],
                "revoked": share[6],
            }
            for share in shares
        ],
        "keyID": key_id,
    }


def _to_text(sealed: bytes) -> str:
    return base64.b64encode(sealed).decode()


def read_rows(path: Path, files: Files) -> list[dict[str, Any]]:
    """The rows of a table, none when there is no file.

    Raises:
        StartRefused: the file is there but cannot be read as a list of objects.
    """
    try:
        rows = json.loads(read_whole(path, files))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise StartRefused(
            f"The table {path} cannot be read. Put a sound copy back, or move it elsewhere."
        ) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise StartRefused(
            f"The table {path} is not a list of rows. Put a sound copy back, or move it elsewhere."
        )
    return rows


def is_ours(rows: Iterable[Mapping[str, Any]]) -> bool:
    """Whether rows were written by `save_tables` rather than by the program of 2022."""
    return any("keyID" in row for row in rows)


def contents_of_tables(
    users: Sequence[Mapping[str, Any]],
    notebooks: Sequence[Mapping[str, Any]],
    sealer: Sealer,
    snapshots: SnapshotStore,
) -> Contents:
    """What the tables hold, checked; documents are read from the snapshots when they are asked for.

    Raises:
        StartRefused: another storage key, a malformed row, an owner that is not there.
    """
    for row in (*users, *notebooks):
        if row.get("keyID") != sealer.key_id:
            raise StartRefused(
                f"The JSON tables were written under the storage key {row.get('keyID')}, but the key given is "
                f"{sealer.key_id}. Put the right keys/storage.key into the data folder, then start again."
            )
    try:
        user_rows = [_user_of(row) for row in users]
        owners = {user.id for user in user_rows}
        notebook_rows = [_notebook_of(row, sealer, snapshots) for row in notebooks]
    except (KeyError, TypeError, ValueError, SealBroken) as error:
        raise StartRefused(
            "The JSON tables in Protected/ have a row that cannot be read. Put sound copies back, or move them "
            "elsewhere to begin with an empty database."
        ) from error
    lost = [notebook.id for notebook in notebook_rows if notebook.owner_id not in owners]
    if lost:
        raise StartRefused(
            f"{NOTEBOOKS_FILE} has notebooks whose owners are not in {USERS_FILE} ({_some(lost)}). "
            "Put the two files of one `save` back."
        )
    return Contents(user_rows, notebook_rows)


def _some(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids[:10])) + (", ..." if len(ids) > 10 else "")


def _user_of(row: Mapping[str, Any]) -> UserRow:
    return UserRow(
        id=UserId(_whole(row["id"])),
        username=_text(row["username"]),
        username_key=_text(row["usernameKey"]),
        password_hash=_text(row["pass"]),
        created_ms=_whole(row["created"]),
        trashed_ms=_whole_or_none(row["trashed"]),
    )


def _notebook_of(row: Mapping[str, Any], sealer: Sealer, snapshots: SnapshotStore) -> NotebookRow:
    notebook_id = NotebookId(_whole(row["id"]))
    title = _sealed(row["title"])
    sealer.open(title, title_of(notebook_id))
    return NotebookRow(
        id=notebook_id,
        owner_id=UserId(_whole(row["ownerID"])),
        title=title,
        description=_sealed(row["description"]),
        created_ms=_whole(row["created"]),
        changed_ms=_whole(row["changed"]),
        trashed_ms=_whole_or_none(row["trashed"]),
        shares=[_share_of(share) for share in row["shares"]],
        document=lambda: _document(snapshots, notebook_id, _whole(row["seq"])),
    )


def _share_of(row: Mapping[str, Any]) -> ShareRow:
    return ShareRow(
        code_hash=bytes.fromhex(_text(row["hash"])),
        code=_sealed(row["code"]),
        role=int(Role(_whole(row["role"]))),
        created_ms=_whole(row["created"]),
        expires_ms=_whole_or_none(row["expires"]),
        revoked_ms=_whole_or_none(row["revoked"]),
    )


def _document(snapshots: SnapshotStore, notebook_id: NotebookId, seq: int) -> NotebookDocument:
    """The document that the table speaks of, or a newer one."""
    found = snapshots.load(notebook_id)
    if found is None and seq == 0:
        return NotebookDocument(notebook_id)
    if found is not None and found[0] >= seq:
        try:
            return NotebookDocument.load(found[2], notebook_id=notebook_id)
        except (ValueError, KeyError, TypeError, IndexError):
            snapshots.quarantine(notebook_id)
    raise StartRefused(
        f"The snapshot of notebook {notebook_id} (Protected/Notebooks/{notebook_id}.svg.sealed) is missing, damaged "
        f"or older than {NOTEBOOKS_FILE} says. Put a sound copy back, or take its row out of that file to start "
        "without it. Nothing was loaded."
    )


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise ValueError("not a whole number")
    return value


def _whole_or_none(value: object) -> int | None:
    return None if value is None else _whole(value)


def _text(value: object) -> str:
    if type(value) is not str:
        raise ValueError("not a text")
    return value


def _sealed(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
