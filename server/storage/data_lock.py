"""One server to a data folder.

Owns the lock file of the folder: two servers on one folder would each number the same changes (F24). The lock is
the operating system's and ends with the process, however it ends; the file itself stays. The update process of a
server that was killed may hold its own lock for a moment, so one may wait. Main and update process, at start.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from server.storage.records import StartRefused

_PAUSE_S: Final = 0.05


class DataLock:
    """A lock that is held until `release` or the end of the process."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file: Final = file

    def release(self) -> None:
        """Lets another server have the folder."""
        self._file.close()

    def __enter__(self) -> DataLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def lock_data_folder(
    data_dir: Path,
    name: str = "server.lock",
    *,
    wait_s: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> DataLock:
    """Takes the lock of a data folder.

    Args:
        data_dir: the folder; it must be there.
        name: `server.lock` for the main process, another for the update process.
        wait_s: how long to wait for whoever holds it.
        clock: a monotonic clock, seconds.
        sleep: waits so many seconds.

    Raises:
        StartRefused: another process holds the lock, or the folder cannot be written.
    """
    path = data_dir / name
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        file = os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
    except OSError as error:
        raise StartRefused(
            f"The data folder {data_dir} cannot be written ({error.strerror}). Check its rights, or give another "
            "one with --data-dir."
        ) from error
    end = clock() + wait_s
    while not _try_lock(file):
        if clock() >= end:
            file.close()
            raise StartRefused(
                f"Another server is running on the data folder {data_dir}. Stop it first, or give another folder "
                "with --data-dir."
            )
        sleep(_PAUSE_S)
    return DataLock(file)


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if os.name == "nt":
            _lock_on_windows(file.fileno())
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _lock_on_windows(handle: int) -> None:
    import msvcrt

    msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
