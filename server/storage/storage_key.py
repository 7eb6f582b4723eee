"""The storage key: found, made once, or the start refused.

Owns `keys/storage.key` of the data folder and its place in the environment. The key is never in the database, in
`Protected/` or in `https/`. A new one is made only where nothing has been sealed yet: data without its key is a
refusal with what to do, never a new key. Run once, at start, by the main process. SECURITY.md T85.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from server.domain.failures import Failure
from server.storage.atomic_files import Files, read_whole, write_atomically
from server.storage.records import StartRefused
from server.storage.sealed import KEY_BYTES

ENVIRONMENT_NAME: Final = "NOTEBOOKS_STORAGE_KEY"
KEY_FILE: Final = ("keys", "storage.key")
_HEX_DIGITS: Final = 2 * KEY_BYTES


def key_path(data_dir: Path) -> Path:
    """Where the key file stands."""
    return data_dir.joinpath(*KEY_FILE)


def load_or_create_key(
    data_dir: Path,
    *,
    environment: Mapping[str, str],
    sqlite_path: Path | None = None,
    files: Files | None = None,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """The storage key of a data folder: from the environment, from its file, or new for an empty folder.

    Args:
        data_dir: the data folder.
        environment: where `NOTEBOOKS_STORAGE_KEY` may be, 64 hex digits.
        sqlite_path: the SQLite file, if the database is one; its presence means that the folder is not empty.
        files: the file system.
        random: gives the new key.

    Raises:
        StartRefused: the key is malformed, open to others, or missing although sealed data is there.
    """
    files = files or Files()
    given = environment.get(ENVIRONMENT_NAME)
    if given is not None:
        return _parse(given, f"The environment variable {ENVIRONMENT_NAME}")
    path = key_path(data_dir)
    if path.exists() or path.is_symlink():
        return _read(path, files)
    sealed = _something_sealed(data_dir, sqlite_path)
    if sealed:
        raise StartRefused(
            f"The storage key {path} is missing, but {sealed} was written under it. Put the key file back (it is in "
            f"every backup), or set {ENVIRONMENT_NAME} to it. Without it the notebooks cannot be read; to begin anew, "
            "give an empty data folder."
        )
    key = random(KEY_BYTES)
    try:
        files.make_folder(path.parent)
        if os.name == "posix":
            path.parent.chmod(0o700)
        write_atomically(path, [key.hex().encode() + b"\n"], files)
    except (OSError, Failure) as error:
        raise StartRefused(
            f"The storage key {path} cannot be written. Check the rights of the folder and the room on its disk."
        ) from error
    return key


def _read(path: Path, files: Files) -> bytes:
    if os.name == "posix":
        for place, wanted in ((path, 0o600), (path.parent, 0o700)):
            try:
                status = place.stat()
            except OSError as error:
                raise StartRefused(f"{place} cannot be read ({error.strerror}). Check its rights.") from error
            if status.st_mode & 0o077:
                raise StartRefused(
                    f"{place} is open to other users of this machine (mode {stat.S_IMODE(status.st_mode):04o}). "
                    f"Run: chmod {wanted:03o} {place}"
                )
            if status.st_uid != os.geteuid():
                raise StartRefused(
                    f"{place} belongs to another user than the one that runs the server. Run: chown "
                    f"{os.geteuid()} {place}"
                )
    try:
        text = read_whole(path, files).decode("ascii", "replace")
    except OSError as error:
        raise StartRefused(
            f"The storage key {path} cannot be read ({error.strerror}). Check its rights."
        ) from error
    return _parse(text, f"The storage key {path}")


def _parse(text: str, what: str) -> bytes:
    digits = text.strip()
    if len(digits) != _HEX_DIGITS or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise StartRefused(
            f"{what} is not a storage key: it must be {_HEX_DIGITS} hex digits. Put the right one back."
        )
    return bytes.fromhex(digits)


def _something_sealed(data_dir: Path, sqlite_path: Path | None) -> str:
    """What of the folder was written under a key, in a word, or nothing. A folder of 2022 holds nothing sealed."""
    if sqlite_path is not None and sqlite_path.exists():
        return "the database"
    protected = data_dir / "Protected"
    notebooks = protected / "Notebooks"
    if (protected / "generation").exists():
        return "the folder Protected"
    if notebooks.is_dir() and any(notebooks.glob("*.svg.sealed")):
        return "the folder Protected/Notebooks"
    try:
        rows = json.loads((notebooks / "NotebooksList.json").read_bytes())
    except (OSError, ValueError):
        return ""
    ours = isinstance(rows, list) and any(isinstance(row, dict) and "keyID" in row for row in rows)
    return "the table Protected/Notebooks/NotebooksList.json" if ours else ""
