"""Files that are there whole or not at all.

Owns the few calls on the file system that the server's own data goes through (`Files`, which tests replace), and
the order that makes a file durable: temporary file in the same folder, write, fsync, rename, fsync of the folder.
Does not know what is in the files. Any thread, blocking. Files 0600, folders 0700, links not followed (T86, F45).
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from server.domain.failures import Failure

_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_NO_BLOCK: Final = getattr(os, "O_NONBLOCK", 0)
_BINARY: Final = getattr(os, "O_BINARY", 0)
_CLOEXEC: Final = getattr(os, "O_CLOEXEC", 0)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
TEMPORARY: Final = ".new-"
_READ_BYTES: Final = 1 << 20


class Files:
    """The operating system's file calls, each of which may raise OSError."""

    def make_folder(self, path: Path) -> None:
        """Makes a folder of mode 0700 and those above it; one that is there is left as it is."""
        if not path.is_dir():
            self.make_folder(path.parent)  # mkdir's own `parents` would give them the mode of the umask
            path.mkdir(mode=0o700, exist_ok=True)

    def open_new(self, path: Path) -> int:
        """Opens a file of mode 0600 that must not be there yet."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY | _CLOEXEC, 0o600)

    def open_read(self, path: Path, *, writable: bool = False) -> int:
        """Opens a regular file; a link, folder, FIFO or device is an OSError, and never waited for."""
        access = os.O_RDWR if writable else os.O_RDONLY
        handle = os.open(path, access | _NO_FOLLOW | _NO_BLOCK | _BINARY | _CLOEXEC)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return handle

    def write(self, handle: int, data: bytes | memoryview) -> int:
        """Writes some of the bytes; returns how many."""
        return os.write(handle, data)

    def read(self, handle: int, size: int) -> bytes:
        """Reads up to `size` bytes; none at the end."""
        return os.read(handle, size)

    def fsync(self, handle: int) -> None:
        """Waits until the file is on the disk."""
        os.fsync(handle)

    def close(self, handle: int) -> None:
        """Closes a handle."""
        os.close(handle)

    def replace(self, source: Path, target: Path) -> None:
        """Gives a file another name, in place of a file that has it."""
        os.replace(source, target)

    def fsync_folder(self, path: Path) -> None:
        """Waits until the folder's names are on the disk; where folders cannot be synced, does nothing."""
        if os.name != "posix":
            return
        handle = os.open(path, os.O_RDONLY | _CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def unlink(self, path: Path) -> None:
        """Removes a name; a link itself, not what it leads to."""
        os.unlink(path)

    def names(self, path: Path) -> list[str]:
        """The names in a folder."""
        return os.listdir(path)


def write_atomically(path: Path, chunks: Iterable[bytes], files: Files) -> None:
    """Writes a file so that after any fault its old or its new content is there, whole.

    Args:
        path: the file; its folder must be there.
        chunks: the content; read while the temporary file is written.
        files: the file system.

    Raises:
        Failure: 507 `disk_full`, or 503 `storage_down` for any other error of the file system. The temporary
            file is removed; if that fails too, the next start removes it.
    """
    fresh = path.parent / f".{path.name}{TEMPORARY}{secrets.token_hex(8)}"
    try:
        handle = files.open_new(fresh)
        try:
            try:
                for chunk in chunks:
                    _write_all(handle, chunk, files)
                files.fsync(handle)
            finally:
                files.close(handle)
            files.replace(fresh, path)
        except BaseException:
            _unlink_quietly(fresh, files)
            raise
        files.fsync_folder(path.parent)
    except OSError as error:
        raise as_failure(error) from error


def as_failure(error: OSError) -> Failure:
    """What an error of the file system means to a request; without the path."""
    return Failure.of("disk_full" if error.errno in _FULL else "storage_down")


def read_whole(path: Path, files: Files) -> bytes:
    """The content of a regular file. Raises OSError."""
    handle = files.open_read(path)
    try:
        parts = []
        while part := files.read(handle, _READ_BYTES):
            parts.append(part)
        return b"".join(parts)
    finally:
        files.close(handle)


def remove_leftovers(folder: Path, files: Files, prefix: str = "") -> int:
    """Removes temporary files that a kill left in one folder; returns how many. Links are not followed (F11)."""
    try:
        names = files.names(folder)
    except FileNotFoundError:
        return 0
    removed = 0
    for name in names:
        if name.startswith(prefix or ".") and TEMPORARY in name:
            removed += _unlink_quietly(folder / name, files)
    return removed


def _write_all(handle: int, data: bytes, files: Files) -> None:
    left = memoryview(data)
    while left:
        written = files.write(handle, left)
        if written <= 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        left = left[written:]


def _unlink_quietly(path: Path, files: Files) -> int:
    """Removes a file that the next start would remove otherwise."""
    try:
        files.unlink(path)
    except OSError:
        return 0
    return 1
