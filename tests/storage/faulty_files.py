"""A file layer that breaks at a chosen step, in a chosen way."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from server.storage.atomic_files import Files

Result = TypeVar("Result")


class Killed(BaseException):
    """Stands for a kill: nothing after it is cleaned up by the code under test."""


class FaultyFiles(Files):
    """Counts the calls that alter something; the chosen one fails, and with a kill every later one too."""

    def __init__(
        self, fail_at: int = 0, error: int | None = errno.ENOSPC, short_writes: bool = False
    ) -> None:
        self.fail_at = fail_at
        self.error = error
        self.short_writes = short_writes
        self.steps: list[str] = []
        self.dead = False

    def _step(self, name: str, call: Callable[[], Result]) -> Result:
        if self.dead:
            raise Killed
        self.steps.append(name)
        if len(self.steps) == self.fail_at:
            if self.error is None:
                self.dead = True
                raise Killed
            raise OSError(self.error, "injected")
        return call()

    def open_new(self, path: Path) -> int:
        return self._step("open", lambda: super(FaultyFiles, self).open_new(path))

    def write(self, handle: int, data: bytes | memoryview) -> int:
        part = memoryview(data)[: 7 if self.short_writes else None]
        return self._step("write", lambda: super(FaultyFiles, self).write(handle, part))

    def fsync(self, handle: int) -> None:
        self._step("fsync", lambda: super(FaultyFiles, self).fsync(handle))

    def replace(self, source: Path, target: Path) -> None:
        self._step("replace", lambda: super(FaultyFiles, self).replace(source, target))

    def fsync_folder(self, path: Path) -> None:
        self._step("fsync_folder", lambda: super(FaultyFiles, self).fsync_folder(path))

    def unlink(self, path: Path) -> None:
        if self.dead:
            raise Killed
        super().unlink(path)
