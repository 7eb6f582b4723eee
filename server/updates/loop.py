"""The update process: `update_open_notebooks_loop` takes changes from the pipe and answers on the queue.

Owns the loop: everything that arrived while the last batch was stored is the next batch (group commit over all
notebooks, in turns); the sole writer of the log and of `Protected/Notebooks/`. Leaves on `Stop` or when its end of
the pipe closes, so that a killed parent leaves no orphan (`child` has the life around it). Rules C2 to C4, O2.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.storage.contracts import Storage
from server.updates.answers import failure_body
from server.updates.batch import Batch
from server.updates.catching_up import write_those_behind
from server.updates.child import UpdateSettings, run_update_process
from server.updates.inbox import Inbox, Waiting, WaitingSave
from server.updates.messages import Answer, Applied, Flush, Note, Outcome, Ping, Stop
from server.updates.notebook import Notebook, Snapshots, load_notebook
from server.updates.open_notebooks import OpenNotebooks
from server.updates.outcome_queue import OutcomeQueue
from server.updates.receiver import PipeEnd
from server.updates.snapshot_writer import SnapshotWriter

Send = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """The figures of the loop."""

    idle_snapshot_s: float = 15.0
    idle_close_s: float = 300.0
    snapshot_retry_s: float = 30.0
    finish_s: float = 60.0
    least_pause_s: float = 0.25
    most_pause_s: float = 2.0
    min_free_bytes: int = 100_000_000


class UpdateLoop:
    """The loop itself, on whatever pipe, queue and storage it is given."""

    def __init__(
        self,
        inbox: Inbox,
        send: Send,
        storage: Storage,
        snapshots: Snapshots,
        *,
        free_bytes: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
        limits: LoopLimits | None = None,
    ) -> None:
        """Makes the loop; `run` runs it.

        Args:
            inbox: filled by a receiver.
            send: puts an outcome on the queue; may block when the main process is slow.
            storage: the database.
            snapshots: the snapshot files.
            free_bytes: free space of the data folder, asked once a second.
            clock: seconds, monotonic.
            limits: the figures.
        """
        self._inbox = inbox
        self._send = send
        self._storage = storage
        self._clock = clock
        self._limits = limits or LoopLimits()
        self._free_bytes = free_bytes
        self._notes: deque[Note] = deque()
        self._notebooks = OpenNotebooks(
            lambda notebook_id: load_notebook(storage, snapshots, notebook_id), inbox.wake, self.note
        )
        self._writer = SnapshotWriter(
            snapshots,
            self.note,
            inbox.wake,
            write_those_behind=lambda: write_those_behind(storage, snapshots, self.note),
        )
        self._down: Failure | None = None
        self._down_until_s = 0.0
        self._pause_s = self._limits.least_pause_s
        self._housekeeping_at_s = 0.0
        self._stopping = False

    def note(self, note: Note) -> None:
        """Leaves a line for the server's log. Any thread."""
        self._notes.append(note)
        self._inbox.wake()

    def start_threads(self) -> None:
        """Starts the loader and the snapshot writer."""
        self._notebooks.start()
        self._writer.start()

    def stop_threads(self) -> None:
        """Ends them, after the snapshots that are under way."""
        self._notebooks.stop()
        self._writer.finish(self._limits.finish_s if self._stopping else 5.0)

    def run(self) -> None:
        """Works until `Stop` or the end of the pipe."""
        self.start_threads()
        try:
            while not self._inbox.closed:
                self._inbox.wait(1.0)
                self.turn()
                if self._stopping and not self._inbox.notebooks():
                    self._write_all_snapshots()
                    break
        finally:
            self.stop_threads()
            if self._notes:
                self._send(Outcome([], [], self._take_notes()))

    def turn(self) -> None:
        """One round: control messages, loaded notebooks, one batch, housekeeping."""
        answers: list[Answer] = []
        applied: list[Applied] = []
        self._take_control(answers)
        self._take_loaded(answers, applied)
        self._take_written(answers)
        if self._is_down():
            self._refuse_waiting(answers)
        for notebook_id in self._inbox.notebooks_with_saves():
            self._notebooks.want(notebook_id)
        items = self._inbox.take_batch(self._is_ready)
        if items:
            self._do_batch(items, answers, applied)
            self._inbox.wake()
        if answers or applied or self._notes:
            self._send(Outcome(answers, applied, self._take_notes()))
        self._keep_house()

    def _do_batch(self, items: list[Waiting], answers: list[Answer], applied: list[Applied]) -> None:
        now_s = self._clock()
        batch = self.new_batch()
        forgotten: list[Answer] = []
        closed: list[NotebookId] = []
        for item in items:
            if isinstance(item, WaitingSave):
                notebook = self._notebooks.get(item.save.notebook_id)
                notebook.used_at_s = now_s
                batch.add(notebook, item)
            else:
                closed.append(item.notebook_id)
                forgotten.append(Answer(item.request_id, 200, b""))
        batch.store(self._storage.changes)
        for notebook_id in [*batch.discarded, *closed]:
            self._notebooks.discard(notebook_id)
        self._inbox.put_back(batch.again)
        self._note_health(batch.failure)
        for note in batch.notes:
            self._notes.append(note)
        answers += batch.answers
        answers += forgotten
        applied += batch.applied
        for done in batch.applied:
            if self._notebooks.is_open(done.notebook_id):
                self._maybe_snapshot(self._notebooks.get(done.notebook_id), now_s)

    def _is_ready(self, first: Waiting) -> bool:
        return not isinstance(first, WaitingSave) or self._notebooks.is_open(first.save.notebook_id)

    def new_batch(self) -> Batch:
        """An empty batch."""
        return Batch()

    # --- database trouble -----------------------------------------------------------------------------------

    def _note_health(self, failure: Failure | None) -> None:
        """After a batch that could not be stored, saves are refused at once for a moment, growing to 2 s."""
        if failure is None:
            self._pause_s = self._limits.least_pause_s
            return
        self._down = failure
        self._down_until_s = self._clock() + self._pause_s
        self._pause_s = min(2 * self._pause_s, self._limits.most_pause_s)

    def _is_down(self) -> bool:
        return self._down is not None and self._clock() < self._down_until_s

    def _refuse_waiting(self, answers: list[Answer]) -> None:
        assert self._down is not None
        for notebook_id in self._inbox.notebooks():
            for item in self._inbox.take_notebook(notebook_id):
                if isinstance(item, WaitingSave):
                    answers.append(_refusal(item.save.request_id, self._down))
                else:
                    self._notebooks.discard(notebook_id)
                    answers.append(Answer(item.request_id, 200, b""))

    def _check_disk(self) -> None:
        if self._free_bytes is not None and self._free_bytes() < self._limits.min_free_bytes:
            self._down = Failure.of("disk_full")
            self._down_until_s = self._clock() + 1.5

    # --- notebooks ------------------------------------------------------------------------------------------

    def _take_loaded(self, answers: list[Answer], applied: list[Applied]) -> None:
        now_s = self._clock()
        for loaded in self._notebooks.take_loaded():
            if isinstance(loaded.result, Notebook):
                notebook = loaded.result
                notebook.used_at_s = now_s
                seq = notebook.stored_seq
                applied.append(Applied(notebook.id, notebook.epoch, seq, seq, [], {}, [], True, False))
                continue
            for item in self._inbox.take_notebook(loaded.notebook_id):
                if isinstance(item, WaitingSave):
                    answers.append(_refusal(item.save.request_id, loaded.result))
                else:
                    answers.append(Answer(item.request_id, 200, b""))

    def _maybe_snapshot(self, notebook: Notebook, now_s: float, *, any_change: bool = False) -> None:
        if notebook.snapshot_under_way or now_s < notebook.snapshot_after_s:
            return
        if notebook.wants_snapshot or (any_change and notebook.stored_seq > notebook.snapshot_seq):
            self._writer.write(notebook)

    def _take_written(self, answers: list[Answer]) -> None:
        for written in self._writer.take_written():
            if not self._notebooks.is_open(written.notebook_id):
                continue
            notebook = next(book for book in self._notebooks if book.id == written.notebook_id)
            notebook.snapshot_under_way = False
            if written.succeeded:
                notebook.snapshot_seq = max(notebook.snapshot_seq, written.seq)
            else:
                notebook.snapshot_after_s = self._clock() + self._limits.snapshot_retry_s
        answers += [Answer(request_id, 200, b"") for request_id in self._writer.take_caught_up()]

    def _write_all_snapshots(self) -> None:
        for notebook in self._notebooks:
            notebook.snapshot_after_s = 0.0
            self._maybe_snapshot(notebook, self._clock(), any_change=True)

    def _keep_house(self) -> None:
        """Once a second: snapshots of notebooks at rest, closing of those unused or too many, disk space."""
        now_s = self._clock()
        if now_s < self._housekeeping_at_s:
            return
        self._housekeeping_at_s = now_s + 1.0
        self._check_disk()
        for notebook in self._notebooks:
            rested_s = now_s - notebook.used_at_s
            if rested_s >= self._limits.idle_snapshot_s:
                self._maybe_snapshot(notebook, now_s, any_change=True)
            if rested_s >= self._limits.idle_close_s and not notebook.snapshot_under_way:
                self._notebooks.discard(notebook.id)
        for notebook in self._notebooks.overweight():
            self._maybe_snapshot(notebook, now_s, any_change=True)
            self._notebooks.discard(notebook.id)

    # --- control --------------------------------------------------------------------------------------------

    def _take_control(self, answers: list[Answer]) -> None:
        for message in self._inbox.take_control():
            match message:
                case Ping():
                    answers.append(Answer(message.request_id, 200, b""))
                case Flush():
                    self._write_all_snapshots()
                    self._writer.catch_up(message.request_id)
                case Stop():
                    self._stopping = True
                case _:
                    assert_never(message)

    def _take_notes(self) -> list[Note]:
        taken: list[Note] = []
        while self._notes:
            taken.append(self._notes.popleft())
        return taken


def _refusal(request_id: int, failure: Failure) -> Answer:
    return Answer(request_id, failure.status, failure_body(failure))


def update_open_notebooks_loop(pipe: PipeEnd, outcomes: OutcomeQueue, settings: UpdateSettings) -> None:
    """The main function of the update process.

    Args:
        pipe: its end of the pipe.
        outcomes: the queue to the main process.
        settings: where everything is.
    """
    run_update_process(pipe, outcomes, settings, UpdateLoop)
