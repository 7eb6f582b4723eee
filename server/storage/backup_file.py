"""A backup file that is read.

Owns the names inside the file and the checks that let a restore trust it: it is whole, of a version this program
knows, and its key is the one its rows were sealed under. Does not put anything back. Main thread.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from server.storage.records import StartRefused
from server.storage.sealed import KEY_BYTES, Sealer

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
KEY: Final = "keys/storage.key"
SNAPSHOTS: Final = "Protected/Notebooks/"


class BackupFile:
    """A backup that is read: checked when opened."""

    def __init__(self, path: Path) -> None:
        """Opens a backup.

        Raises:
            StartRefused: not a backup, incomplete, or of a newer version.
        """
        self._refusal: Final = (
            f"{path} is not a backup of this program, or is damaged. Take another. Nothing was changed."
        )
        try:
            self._archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise StartRefused(self._refusal) from error
        try:
            if self._archive.testzip() is not None:
                raise StartRefused(self._refusal)
            manifest = json.loads(self._archive.read(MANIFEST))
            if manifest["format"] > FORMAT:
                raise StartRefused(f"{path} was made by a newer version of this program. Use that version.")
            self.key: Final = bytes.fromhex(self._archive.read(KEY).decode().strip())
            self.counts: Final[dict[str, int]] = manifest["counts"]
            self.generation: Final = int(manifest["generation"])
            if len(self.key) != KEY_BYTES or Sealer(self.key).key_id != manifest["keyID"]:
                raise StartRefused(self._refusal)
        except (KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
            self._archive.close()
            raise StartRefused(self._refusal) from error
        except StartRefused:
            self._archive.close()
            raise

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a table."""
        with self._archive.open(f"tables/{name}.jsonl") as member:
            yield from member

    def snapshots(self) -> Iterator[tuple[str, IO[bytes]]]:
        """The snapshots' file names and contents."""
        for info in self._archive.infolist():
            name = info.filename.removeprefix(SNAPSHOTS)
            if info.filename.startswith(SNAPSHOTS) and name.endswith(".svg.sealed") and "/" not in name:
                with self._archive.open(info) as member:
                    yield name, member

    def close(self) -> None:
        """Closes the file."""
        self._archive.close()

    def __enter__(self) -> BackupFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
