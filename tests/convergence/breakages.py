"""Servers and pages that are broken on purpose, so that the suite is seen to notice.

Owns the variants: no check of known ops, acknowledgement before the commit, a lost wake-up, and (in `clients.mjs`) a
journal that is dropped when the document is loaded again. Each is a wrapper around the real parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from server.domain.change import Change
from server.domain.log_entry import LogEntry
from server.updates.batch import Batch
from server.updates.inbox import Inbox, WaitingSave
from server.updates.loop import UpdateLoop
from server.updates.messages import Applied, Outcome
from server.updates.notebook import Changed, Notebook
from tests.convergence.server_side import Breakage, VirtualServer

Send = Callable[[Outcome], None]


class _Forgetful:
    """A notebook that takes a change it knows for a new one."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def change(self, changes: list[Change], *more: Any) -> Changed:
        known = self._notebook.document.known
        fresh = [replace(one, op=f"{one.op}-again") if known(one.op or "") else one for one in changes]
        return self._notebook.change(fresh, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._notebook, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_notebook":
            object.__setattr__(self, name, value)
        else:
            setattr(self._notebook, name, value)


class _ForgetfulBatch(Batch):
    def add(self, notebook: Notebook, waiting: WaitingSave) -> None:
        super().add(_Forgetful(notebook), waiting)  # type: ignore[arg-type]


class _ForgetfulLoop(UpdateLoop):
    def new_batch(self) -> Batch:
        return _ForgetfulBatch()


class NoIdempotencyCheck(Breakage):
    """A change that comes twice is stored twice."""

    def make_loop(self, inbox: Inbox, send: Send, storage: Any, snapshots: Any) -> UpdateLoop:
        return _ForgetfulLoop(inbox, send, storage, snapshots)


class _LateChanges:
    """A log that says it has stored what it will store a moment later."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._held: list[LogEntry] = []
        self.dead = False

    def append_batch(self, entries: Sequence[LogEntry]) -> None:
        self.flush()
        self._held = list(entries)

    def flush(self) -> None:
        held, self._held = self._held, []
        if held and not self.dead:
            self._real.append_batch(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _LateStorage:
    def __init__(self, real: Any, changes: _LateChanges) -> None:
        self._real = real
        self.changes = changes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class AnswersBeforeCommit(Breakage):
    """Writers are answered while the commit is still to come; a kill in between loses it."""

    _changes: _LateChanges | None = None

    def make_loop(self, inbox: Inbox, send: Send, storage: Any, snapshots: Any) -> UpdateLoop:
        if self._changes is not None:
            self._changes.dead = True
        self._changes = _LateChanges(storage.changes)
        return UpdateLoop(inbox, send, _LateStorage(storage, self._changes), snapshots)  # type: ignore[arg-type]

    def publish(self, server: VirtualServer, applied: list[Applied]) -> None:
        super().publish(server, applied)
        changes = self._changes
        assert changes is not None
        server.later((50.0, 400.0), changes.flush)


class LostWakeUp(Breakage):
    """Now and then a waiting poll is not told that there is something new."""

    def __init__(self) -> None:
        self._random = Random(5)

    def publish(self, server: VirtualServer, applied: list[Applied]) -> None:
        if self._random.random() < 0.7:
            super().publish(server, applied)
            return
        for one in applied:
            room = server.web.services.online_clients._rooms.get(one.notebook_id)
            if room is not None:
                room.take(one)


class JournalDropped(Breakage):
    """The page forgets what waits when it loads the document again (the breakage itself is in `clients.mjs`)."""

    name = "journal-dropped-on-resync"
