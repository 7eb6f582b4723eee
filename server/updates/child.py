"""The life of the update process around its loop: signals, lock, database, pipe and queue, and the way out.

Owns the order of starting (ignore signals, take the lock that a killed server's child may still hold, open the
database, waiting for one that is away) and of leaving (snapshots, lock, queue flushed; nothing is waited for when the
parent is gone). While the database cannot be opened every save is refused, none is lost. Rule O2; threats F19, F26.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from server.domain.failures import Failure
from server.storage.contracts import DatabaseConfig, StartRefused, Storage
from server.storage.data_lock import lock_data_folder
from server.storage.opening import open_storage
from server.storage.sealed import Sealer
from server.storage.snapshots import SnapshotStore
from server.updates.answers import failure_body
from server.updates.inbox import Inbox, WaitingSave
from server.updates.messages import Answer, Note, Outcome, Stop
from server.updates.notebook import Snapshots
from server.updates.outcome_queue import OutcomeQueue
from server.updates.receiver import PipeEnd, Receiver

LOCK_NAME = "updates.lock"
_LEAST_PAUSE_S = 0.25
_MOST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """What the update process needs to know; it crosses to the child over a pipe, never on a command line.

    Attributes:
        database: which database.
        data_dir: the data folder.
        storage_key: the 32 bytes under which everything is sealed.
        lock_wait_s: how long to wait for the child of a server that was killed.
    """

    database: DatabaseConfig
    data_dir: str
    storage_key: bytes = field(repr=False)
    lock_wait_s: float = 20.0

    @property
    def snapshot_dir(self) -> Path:
        """Where snapshots are."""
        return Path(self.data_dir) / "Protected" / "Notebooks"


class Loop(Protocol):
    """What runs inside (loop.UpdateLoop)."""

    def run(self) -> None: ...


class MakeLoop(Protocol):
    """Makes the loop on what was opened for it."""

    def __call__(
        self,
        inbox: Inbox,
        send: Callable[[Outcome], None],
        storage: Storage,
        snapshots: Snapshots,
        *,
        free_bytes: Callable[[], int],
    ) -> Loop: ...


def run_update_process(
    pipe: PipeEnd,
    outcomes: OutcomeQueue,
    settings: UpdateSettings,
    make_loop: MakeLoop,
) -> None:
    """Runs until `Stop` or the end of the pipe.

    Args:
        pipe: the child's end.
        outcomes: the queue to the parent.
        settings: of the server.
        make_loop: makes the loop (loop.UpdateLoop; tests give others).
    """
    _ignore_signals()
    gc.set_threshold(50_000, 20, 50)  # documents are big and hold no cycles
    inbox = Inbox()

    outcomes.let_go_of_reading()

    def send(outcome: Outcome) -> None:
        with contextlib.suppress(BrokenPipeError):  # the other pipe has ended, too: the loop leaves
            outcomes.put(outcome)

    def note(line: Note) -> None:
        send(Outcome([], [], [line]))

    Receiver(pipe, inbox, note).start()
    try:
        lock = lock_data_folder(Path(settings.data_dir), LOCK_NAME, wait_s=settings.lock_wait_s)
    except StartRefused as refused:
        note(Note(logging.ERROR, str(refused)))
    else:
        with lock:
            _work(inbox, send, settings, make_loop)


def _work(
    inbox: Inbox,
    send: Callable[[Outcome], None],
    settings: UpdateSettings,
    make_loop: MakeLoop,
) -> None:
    sealer = Sealer(settings.storage_key)
    storage = _open_when_there(inbox, send, settings, sealer)
    if storage is None:
        return
    try:
        snapshots = SnapshotStore(settings.snapshot_dir, sealer)
        snapshots.prepare()
        send(Outcome([], [], []))
        make_loop(
            inbox, send, storage, snapshots, free_bytes=lambda: shutil.disk_usage(settings.data_dir).free
        ).run()
    finally:
        storage.close()


def _open_when_there(
    inbox: Inbox, send: Callable[[Outcome], None], settings: UpdateSettings, sealer: Sealer
) -> Storage | None:
    """The open database; None when the process is to leave before there is one."""
    pause_s = _LEAST_PAUSE_S
    told = ""
    while not inbox.closed:
        try:
            return open_storage(settings.database, sealer, role="updates")
        except (StartRefused, Failure) as refused:
            if str(refused) != told:
                told = str(refused)
                send(Outcome([], [], [Note(logging.ERROR, told)]))
        inbox.wait(pause_s)
        pause_s = min(2 * pause_s, _MOST_PAUSE_S)
        if not _refuse_all(inbox, send):
            return None
    return None


def _refuse_all(inbox: Inbox, send: Callable[[Outcome], None]) -> bool:
    """Refuses every save that waits; False when the process was told to stop."""
    failure = Failure.of("storage_down", retry_after_s=1)
    answers: list[Answer] = []
    for notebook_id in inbox.notebooks():
        for item in inbox.take_notebook(notebook_id):
            if isinstance(item, WaitingSave):
                answers.append(Answer(item.save.request_id, failure.status, failure_body(failure)))
            else:
                answers.append(Answer(item.request_id, 200, b""))
    going_on = True
    for message in inbox.take_control():
        if isinstance(message, Stop):
            going_on = False
        else:
            answers.append(Answer(message.request_id, 200, b""))
    if answers:
        send(Outcome(answers, [], []))
    return going_on


def _ignore_signals() -> None:
    """The parent decides when the process ends, not the terminal."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
