"""Writes snapshots beside the loop, so that no writer waits for one.

Owns the thread and its queue; what a snapshot looks like on disk is the storage's. The records of a dump are
those of the moment it was taken, and they are read, compressed and sealed here, one after the other. A failed
snapshot costs nothing but time: the log has everything. Update process.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.storage.contracts import Record
from server.updates.messages import Note
from server.updates.notebook import Notebook, Snapshots


class Written(NamedTuple):
    """What became of a snapshot."""

    notebook_id: NotebookId
    seq: int
    succeeded: bool


class _Job(NamedTuple):
    notebook_id: NotebookId
    seq: int
    epoch: str
    records: Iterable[Record]


class _CatchUp(NamedTuple):
    request_id: int


class SnapshotWriter(threading.Thread):
    """The snapshot thread."""

    def __init__(
        self,
        snapshots: Snapshots,
        note: Callable[[Note], None],
        wake: Callable[[], None],
        *,
        write_those_behind: Callable[[], object],
    ) -> None:
        """Makes the thread; `start` starts it.

        Args:
            snapshots: where they go.
            note: gets a line for each failure.
            wake: called after each job; the loop then calls `take_written` and `take_caught_up`.
            write_those_behind: brings every snapshot up to its log (catching_up.write_those_behind).
        """
        super().__init__(name="snapshots", daemon=True)
        self._snapshots = snapshots
        self._note = note
        self._wake = wake
        self._write_those_behind = write_those_behind
        self._jobs: queue.SimpleQueue[_Job | _CatchUp | None] = queue.SimpleQueue()
        self._written: deque[Written] = deque()
        self._caught_up: deque[int] = deque()

    def write(self, notebook: Notebook) -> None:
        """Takes a notebook's document as it is now, all of it committed (loop thread)."""
        document = notebook.document
        notebook.snapshot_under_way = True
        self._jobs.put(_Job(notebook.id, document.seq, notebook.epoch, document.dump()))

    def take_written(self) -> list[Written]:
        """What was finished since the last call (loop thread)."""
        taken: list[Written] = []
        while self._written:
            taken.append(self._written.popleft())
        return taken

    def catch_up(self, request_id: int) -> None:
        """After what waits already, brings every snapshot up to its log, also those of closed notebooks."""
        self._jobs.put(_CatchUp(request_id))

    def take_caught_up(self) -> list[int]:
        """The requests to catch up that are done (loop thread)."""
        taken: list[int] = []
        while self._caught_up:
            taken.append(self._caught_up.popleft())
        return taken

    def finish(self, timeout_s: float) -> None:
        """Writes what waits and ends the thread."""
        self._jobs.put(None)
        self.join(timeout_s)

    def run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if isinstance(job, _CatchUp):
                self._do_catch_up()
                self._caught_up.append(job.request_id)
            else:
                self._written.append(Written(job.notebook_id, job.seq, self._do(job)))
            self._wake()

    def _do_catch_up(self) -> None:
        try:
            self._write_those_behind()
        except Exception as error:
            self._note(Note(logging.ERROR, f"snapshots were not brought up to date: {type(error).__name__}"))

    def _do(self, job: _Job) -> bool:
        try:
            self._snapshots.save(job.notebook_id, job.seq, job.epoch, job.records)
        except Failure as failure:
            self._note(
                Note(logging.WARNING, f"snapshot of notebook {job.notebook_id} not written: {failure.reason}")
            )
            return False
        except Exception as error:
            name = type(error).__name__
            self._note(Note(logging.ERROR, f"snapshot of notebook {job.notebook_id} not written: {name}"))
            return False
        return True
