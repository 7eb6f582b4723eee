"""Brings in a `Protected/` folder of the 2022 program.

Owns what its rows and files mean here: clear passwords are hashed at once, plain SVGs go through the vocabulary
stroke by stroke, share codes of five digits are not taken over (they could be guessed). Its files are moved aside
afterwards, never deleted. Run by a start that has just made its schema. Main process.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from server.domain.accounts import check_username, name_key
from server.domain.failures import Failure
from server.domain.ids import NotebookId, UserId
from server.domain.log_entry import LogEntry
from server.domain.notebooks import check_description, check_title
from server.domain.svg_document import NotebookDocument
from server.domain.svg_document_reader import parse_document
from server.domain.svg_vocabulary import Fragment
from server.domain.wording import counted
from server.storage.atomic_files import Files, read_whole
from server.storage.filling import Contents, NotebookRow, UserRow
from server.storage.json_tables import NOTEBOOKS_FILE, USERS_FILE
from server.storage.notebooks_store import description_of, title_of
from server.storage.sealed import Sealer

ASIDE: Final = "original-2022"
FACT: Final = "imported_2022"
MOVING: Final = "moving"
DONE: Final = "done"
_ROOT: Final = re.compile(r"<svg\b[^>]*>")
_PREFIX: Final = re.compile(r"<(\w+):svg\b")
_GROUP: Final = re.compile(r"<g\b[^>]*/>|<g\b[^>]*>.*?</g\s*>|<path\b[^>]*/>", re.DOTALL)
_PIECE_CHARACTERS: Final = 200_000
_LARGEST_ID: Final = 9_999_999_999


class Import2022:
    """One import: the rows, what they become, and what the operator should know about it."""

    def __init__(
        self,
        protected: Path,
        sealer: Sealer,
        hash_password: Callable[[str], str],
        now_ms: int,
        files: Files,
    ) -> None:
        self._protected: Final = protected
        self._sealer: Final = sealer
        self._hash: Final = hash_password
        self._now_ms: Final = now_ms
        self._files: Final = files
        self.notes: list[str] = []

    def contents(
        self, users: Sequence[Mapping[str, Any]], notebooks: Sequence[Mapping[str, Any]]
    ) -> Contents:
        """What the rows amount to. Rows without a usable id, or of unknown owners, are left out with a note."""
        user_rows = list(self._users(users))
        owners = {user.id: user.username for user in user_rows}
        notebook_rows = list(self._notebooks(notebooks, owners))
        self.notes.insert(
            0,
            f"Brought in from 2022: {counted(len(user_rows), 'account')} and {counted(len(notebook_rows), 'notebook')}. Old share links no "
            f"longer work; make new ones. The old files are in Protected/{ASIDE}, with the old passwords in clear: "
            "remove them once you have looked around.",
        )
        return Contents(user_rows, notebook_rows, [(FACT, MOVING)])

    def _users(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[UserRow]:
        taken_ids: set[int] = set()
        taken_keys: set[str] = set()
        for row in rows:
            user_id = _id(row.get("id"))
            if user_id is None or user_id in taken_ids:
                self.notes.append("An account of 2022 without an id of its own was left out.")
                continue
            taken_ids.add(user_id)
            username, key = _name(row.get("username"), user_id, taken_keys)
            taken_keys.add(key)
            if username != row.get("username"):
                self.notes.append(f"The account {user_id} of 2022 now has the name {username!r}.")
            password = row.get("pass")
            if type(password) is not str or not password:
                password = secrets.token_urlsafe(32)
                self.notes.append(f"The account {username!r} has no password; give it one with `password`.")
            yield UserRow(UserId(user_id), username, key, self._hash(password), self._now_ms)

    def _notebooks(
        self, rows: Sequence[Mapping[str, Any]], owners: Mapping[UserId, str]
    ) -> Iterator[NotebookRow]:
        taken: set[int] = set()
        for row in rows:
            number, owner = _id(row.get("id")), _id(row.get("ownerID"))
            if number is None or owner is None or UserId(owner) not in owners or number in taken:
                self.notes.append(f"A notebook of 2022 without a known owner (id {number}) was left out.")
                continue
            taken.add(number)
            yield self._notebook(row, NotebookId(number), UserId(owner), owners[UserId(owner)])

    def _notebook(
        self, row: Mapping[str, Any], notebook_id: NotebookId, owner_id: UserId, owner: str
    ) -> NotebookRow:
        title = _allowed(check_title, row.get("title"), f"Notebook {notebook_id}")
        description = _allowed(check_description, row.get("description"), "")
        path = row.get("NotebookPath")
        return NotebookRow(
            id=notebook_id,
            owner_id=owner_id,
            title=self._sealer.seal_text(title, title_of(notebook_id)),
            description=self._sealer.seal_text(description, description_of(notebook_id)),
            created_ms=self._now_ms,
            changed_ms=self._now_ms,
            trashed_ms=None,
            shares=(),
            document=lambda: self._document(notebook_id, path, owner_id, owner),
        )

    def _document(
        self, notebook_id: NotebookId, path: object, owner_id: UserId, owner: str
    ) -> NotebookDocument:
        """The strokes of the notebook's file, drawn by its owner."""
        document = NotebookDocument(notebook_id)
        refused = 0
        for piece in self._pieces(notebook_id, path):
            fragments, lost = _fragments(piece)
            refused += lost
            for fragment in fragments:
                seq = document.seq + 1
                document.apply(
                    LogEntry(
                        notebook_id=notebook_id,
                        seq=seq,
                        op=f"import-2022-{seq}",
                        author_id=f"u{owner_id}",
                        author_name=owner,
                        at_ms=self._now_ms,
                        command="a",
                        data=fragment.render(seq),
                        digest=bytes(16),
                        group_id=seq,
                    )
                )
        if refused:
            self.notes.append(
                f"Notebook {notebook_id} of 2022: {refused} strokes are not drawings this program can hold and were "
                f"left out; they are in the old file in Protected/{ASIDE}."
            )
        return document

    def _pieces(self, notebook_id: NotebookId, path: object) -> Iterator[str]:
        """The groups of the file, some at a time, each time as a whole document."""
        name = path.replace("\\", "/").rsplit("/", 1)[-1] if type(path) is str else f"{notebook_id}.svg"
        folder = self._protected / "Notebooks"
        aside = self._protected / ASIDE / "Notebooks"
        place = folder / name if (folder / name).exists() else aside / name
        try:
            if name in ("", ".", "..") or "\x00" in name:
                raise FileNotFoundError
            text = read_whole(place, self._files).decode("utf-8", "replace")
        except OSError:
            self.notes.append(
                f"Notebook {notebook_id} of 2022 has no file that can be read; it is empty now."
            )
            return
        prefix = _PREFIX.search(text)
        if prefix:  # ElementTree may have written <ns0:svg xmlns:ns0=...>
            text = text.replace(f"<{prefix[1]}:", "<").replace(f"</{prefix[1]}:", "</")
            text = text.replace(f"xmlns:{prefix[1]}=", "xmlns=")
        root = _ROOT.search(text)
        head = root[0] if root and not root[0].endswith("/>") else '<svg xmlns="http://www.w3.org/2000/svg">'
        held: list[str] = []
        size = 0
        for match in _GROUP.finditer(text):
            held.append(match[0])
            size += len(match[0])
            if size > _PIECE_CHARACTERS:
                yield head + "".join(held) + "</svg>"
                held, size = [], 0
        if held:
            yield head + "".join(held) + "</svg>"


def _fragments(piece: str) -> tuple[list[Fragment], int]:
    """The strokes of a document, and how many were refused: one bad stroke does not cost the others."""
    try:
        return parse_document(piece), 0
    except Failure:
        head = _ROOT.search(piece)
        groups = _GROUP.findall(piece)
        if head is None or len(groups) <= 1:
            return [], len(groups)
    kept: list[Fragment] = []
    refused = 0
    for group in groups:
        fragments, lost = _fragments(head[0] + group + "</svg>")
        kept += fragments
        refused += lost
    return kept, refused


def move_aside(protected: Path, files: Files) -> None:
    """Moves the files of 2022 out of the way. Can be cut short and run again. Raises OSError."""
    aside = protected / ASIDE
    files.make_folder(aside / "Notebooks")
    notebooks = protected / "Notebooks"
    plain = (
        [f"Notebooks/{name}" for name in files.names(notebooks) if name.endswith(".svg")]
        if notebooks.is_dir()
        else []
    )
    for name in (USERS_FILE, NOTEBOOKS_FILE, *plain):
        source = protected / name
        if source.is_file() and not source.is_symlink():
            if os.name == "posix":
                source.chmod(0o600)
            files.replace(source, aside / name)
    for folder in (aside, aside / "Notebooks", notebooks, protected):
        if folder.is_dir():
            files.fsync_folder(folder)


def _id(value: object) -> int | None:
    if type(value) is str and value.isascii() and value.isdigit():
        value = int(value[:11])
    return value if type(value) is int and 0 < value <= _LARGEST_ID else None


def _name(raw: object, user_id: int, taken: set[str]) -> tuple[str, str]:
    """A name that is allowed and free: the old one where it can be."""
    try:
        username, key = check_username(raw)
    except Failure:
        username = f"user {user_id}"
        key = name_key(username)
    number = 1
    base = username[:24]
    while key in taken:
        number += 1
        username = f"{base} {number}"
        key = name_key(username)
    return username, key


def _allowed(check: Callable[[object], str], raw: object, otherwise: str) -> str:
    try:
        return check(raw)
    except Failure:
        return otherwise
