"""Storage and files that fail when a test says so, for the tests of server.updates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.domain.log_entry import LogEntry
from server.storage.opening import SqlStorage


class FaultyChanges:
    """The log, with a fault before or after the commit, or a log that cannot be read."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.before: list[Exception | Callable[[], None]] = []
        self.after: list[Exception | Callable[[], None]] = []
        self.unreadable = False
        self.batches: list[list[tuple[NotebookId, int]]] = []

    def append_batch(self, entries: Sequence[LogEntry]) -> None:
        self.batches.append([(entry.notebook_id, entry.seq) for entry in entries])
        _fire(self.before)
        self._real.append_batch(entries)
        _fire(self.after)

    def read(self, *arguments: Any, **more: Any) -> list[LogEntry]:
        self._look()
        found: list[LogEntry] = self._real.read(*arguments, **more)
        return found

    def find_op(self, notebook_id: NotebookId, op: str) -> LogEntry | None:
        self._look()
        found: LogEntry | None = self._real.find_op(notebook_id, op)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def _look(self) -> None:
        if self.unreadable:
            raise Failure.of("storage_down")


class FaultyStorage:
    """A storage whose log is a FaultyChanges."""

    def __init__(self, real: SqlStorage) -> None:
        self._real = real
        self.changes = FaultyChanges(real.changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _fire(faults: list[Exception | Callable[[], None]]) -> None:
    if faults:
        fault = faults.pop(0)
        if isinstance(fault, Exception):
            raise fault
        fault()


class FaultySnapshots:
    """Snapshots of which saving fails as long as `failing` is set."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.failing: Exception | None = None
        self.saved: list[tuple[NotebookId, int]] = []

    def save(self, notebook_id: NotebookId, seq: int, epoch: str, records: Iterator[Any]) -> None:
        if self.failing is not None:
            raise self.failing
        self._real.save(notebook_id, seq, epoch, records)
        self.saved.append((notebook_id, seq))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
