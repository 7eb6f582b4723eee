"""The update process as the main process sees it: started, fed, watched, replaced when it dies, stopped.

Owns the order of a replacement: what was not answered gets `503`, never "saved" (its writers send it again, and the
op tells whether it was stored), a fresh child with a fresh pipe and queue starts, and the waiting polls are checked
against the log. One supervising thread; answers come on the send_updates thread. Rules C2, O2, O3; threat F26.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from server.domain.failures import Failure
from server.domain.ids import Author, NotebookId, Role
from server.updates.answers import failure_body
from server.updates.child import UpdateSettings
from server.updates.generation import Generation, SpawnedGeneration
from server.updates.loop import update_open_notebooks_loop
from server.updates.messages import Answer, Applied, Flush, Forget, Message, Note, Ping, Save, Stop
from server.updates.unanswered import Answered, Unanswered


class UpdateProcessState(Enum):
    """How the update process is."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


class ProcessLimits(NamedTuple):
    """The figures of feeding and watching.

    `ping_timeout_s` is longer than the longest statement of the database may take; a child that is dead is
    noticed at once, by its pipe.
    """

    max_saves: int = 4096
    max_bytes: int = 64 * 1024 * 1024
    ping_every_s: float = 0.5
    ping_timeout_s: float = 30.0
    start_timeout_s: float = 60.0
    answer_timeout_s: float = 60.0
    healthy_after_s: float = 5.0
    most_pause_s: float = 2.0


class UpdateProcess:
    """The update process."""

    def __init__(
        self,
        make_generation: Callable[[int], Generation],
        *,
        on_restart: Callable[[], None],
        log: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
        limits: ProcessLimits | None = None,
    ) -> None:
        """Makes it; `start` starts it.

        Args:
            make_generation: a child that is not yet started, by the count of starts.
            on_restart: called when a new child is up after another died (OnlineClients.recheck).
            log: the server's log.
            clock: seconds, monotonic.
            limits: the figures.
        """
        self._make_generation = make_generation
        self._on_restart = on_restart
        self._log = log
        self._clock = clock
        self._limits = limits or ProcessLimits()
        self._unanswered = Unanswered(
            max_saves=self._limits.max_saves, max_bytes=self._limits.max_bytes, clock=clock
        )
        self._changed = threading.Condition()
        self._state = UpdateProcessState.NEW
        self._generation: Generation | None = None
        self._started_at_s = 0.0
        self._heard_at_s = 0.0
        self._ended = 0
        self._kill_wanted = False
        self._being_started = False
        self.restarts = 0
        self._supervisor = threading.Thread(target=self._supervise, name="updates-watch", daemon=True)

    # --- health ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> UpdateProcessState:
        """How it is."""
        return self._state

    @property
    def oldest_unsynced_ms(self) -> int:
        """How long the oldest unanswered save has waited, in milliseconds; 0 when none waits."""
        return self._unanswered.oldest_ms()

    @property
    def waiting(self) -> int:
        """How many messages wait for their answer."""
        return len(self._unanswered)

    @property
    def generation(self) -> Generation | None:
        """The present child."""
        return self._generation

    # --- work -----------------------------------------------------------------------------------------------

    def submit(  # noqa: PLR0917 - the members of Save, in its order
        self,
        notebook_id: NotebookId,
        author: Author,
        role: Role,
        body: bytes,
        now_ms: int,
        answered: Answered,
    ) -> None:
        """Hands over a POST of changes. Any thread; never blocks.

        Args:
            notebook_id: of which notebook.
            author: who sends it.
            role: what they may do in it.
            body: the JSON as received.
            now_ms: milliseconds since 1970 UTC.
            answered: gets status and JSON body, on the send_updates thread, after the changes are stored.

        Raises:
            Failure: 503 `updates_busy` when too much waits already, `updates_down` while there is no child,
                `stopping`.
        """
        self._send(lambda number: Save(number, notebook_id, author, role, body, now_ms), answered, len(body))

    def submit_and_wait(
        self,
        notebook_id: NotebookId,
        author: Author,
        role: Role,
        body: bytes,
        now_ms: int,
        *,
        timeout_s: float = 30.0,
    ) -> tuple[int, bytes]:
        """The same for a handler thread that wants the answer itself: (status, body).

        Raises:
            Failure: as `submit`; also 503 `updates_down` when no answer comes in time.
        """
        answer = _Answer()
        self.submit(notebook_id, author, role, body, now_ms, answer)
        return answer.wait(timeout_s)

    def forget(self, notebook_id: NotebookId, *, timeout_s: float = 10.0) -> None:
        """Closes a notebook that was deleted, restored or given a new epoch; blocks until that is done.

        Every save that was submitted before is answered then, and none after it sees the old state.

        Raises:
            Failure: as `submit_and_wait`.
        """
        answer = _Answer()
        self._send(lambda number: Forget(number, notebook_id), answer, 0, urgent=True)
        answer.wait(timeout_s)

    def flush(self, *, timeout_s: float = 60.0) -> None:
        """Has every changed snapshot written; blocks.

        Raises:
            Failure: as `submit_and_wait`.
        """
        answer = _Answer()
        self._send(Flush, answer, 0, urgent=True)
        answer.wait(timeout_s)

    def ping(self, *, timeout_s: float = 1.0) -> float:
        """How long an answer takes, in seconds; blocks.

        Raises:
            Failure: 503 `updates_down` when none comes in time.
        """
        answer = _Answer()
        started_s = self._clock()
        self._send(Ping, answer, 0, urgent=True)
        answer.wait(timeout_s)
        return self._clock() - started_s

    # --- life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the child and the thread that watches it."""
        self._start_generation()
        self._supervisor.start()

    def restart(self) -> None:
        """Replaces the child at once; what it has not answered gets 503."""
        with self._changed:
            self._kill_wanted = True
            self._changed.notify_all()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Lets the child store what it has, write the snapshots and leave; ends it when that takes too long."""
        with self._changed:
            if self._state in (UpdateProcessState.NEW, UpdateProcessState.STOPPED):
                self._state = UpdateProcessState.STOPPED
                self._changed.notify_all()
                return
            self._state = UpdateProcessState.STOPPING
            self._changed.notify_all()
        self._supervisor.join()
        generation = self._generation
        if generation is not None:
            generation.send(Stop())
            deadline_s = self._clock() + timeout_s
            with self._changed:
                while self._ended < generation.number and self._clock() < deadline_s:
                    self._changed.wait(max(0.0, deadline_s - self._clock()))
            generation.join(max(0.0, min(1.0, deadline_s - self._clock())))
            generation.kill()
        with self._changed:
            self._state = UpdateProcessState.STOPPED
            self._changed.notify_all()

    def send_updates(self, publish: Callable[[Sequence[Applied]], None]) -> None:
        """The send_updates thread: answers first to the writers, then `publish`; returns after `stop`.

        Args:
            publish: takes what was applied to the readers (OnlineClients.publish).
        """
        while (generation := self._next_generation()) is not None:
            while (outcome := generation.receive()) is not None:
                self._heard(generation)
                self._answer(outcome.answers)
                for note in outcome.notes:
                    self._log_note(note)
                if outcome.applied:
                    try:
                        publish(outcome.applied)
                    except Exception:
                        self._log.exception("publishing changes failed")
            with self._changed:
                self._ended = generation.number  # before the rest is told: see _send
                self._changed.notify_all()
            self._fail(self._unanswered.take_older(upto_generation=generation.number))

    # --- inside ---------------------------------------------------------------------------------------------

    def _send(
        self, make: Callable[[int], Message], answered: Answered, size_bytes: int, *, urgent: bool = False
    ) -> None:
        generation, state = self._generation, self._state
        if state in (UpdateProcessState.STOPPING, UpdateProcessState.STOPPED):
            raise Failure.of("stopping", retry_after_s=2)
        if generation is None or state in (UpdateProcessState.NEW, UpdateProcessState.RESTARTING):
            raise Failure.of("updates_down", retry_after_s=1)
        number = self._unanswered.add(answered, size_bytes, generation.number, urgent=urgent)
        if self._ended >= generation.number:  # it died in between, after its unanswered were told
            if self._unanswered.take(number) is not None:
                raise Failure.of("updates_down", retry_after_s=1)
            return
        generation.send(make(number))

    def _answer(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            answered = self._unanswered.take(answer.request_id)
            if answered is not None:
                self._call(answered, answer.status, answer.body)

    def _fail(self, unanswered: Sequence[Answered]) -> None:
        if unanswered:
            failure = Failure.of("updates_down", retry_after_s=1)
            body = failure_body(failure)
            for answered in unanswered:
                self._call(answered, failure.status, body)

    def _call(self, answered: Answered, status: int, body: bytes) -> None:
        try:
            answered(status, body)
        except Exception:
            self._log.exception("an answer could not be given")

    def _log_note(self, note: Note) -> None:
        self._log.log(note.level, "update process: %s", note.text)

    def _heard(self, generation: Generation) -> None:
        self._heard_at_s = self._clock()
        if self._state is UpdateProcessState.STARTING:
            with self._changed:
                if self._state is UpdateProcessState.STARTING and generation is self._generation:
                    self._state = UpdateProcessState.RUNNING
                    self._changed.notify_all()

    def _next_generation(self) -> Generation | None:
        """The child whose queue is to be read; None when there will be no more."""
        with self._changed:
            while True:
                generation = self._generation
                if generation is not None and self._ended < generation.number:
                    return generation
                stopping = self._state in (UpdateProcessState.STOPPING, UpdateProcessState.STOPPED)
                if stopping and not self._being_started:
                    return None
                self._changed.wait()

    def _start_generation(self) -> None:
        number = 1 if self._generation is None else self._generation.number + 1
        generation = self._make_generation(number)
        generation.start()
        with self._changed:
            self._generation = generation
            self._being_started = False
            self._started_at_s = self._heard_at_s = self._clock()
            if self._state is not UpdateProcessState.STOPPING:
                self._state = UpdateProcessState.STARTING
            self._changed.notify_all()

    def _supervise(self) -> None:
        pause_s = 0.0
        while True:
            with self._changed:
                if self._is_stopping():
                    return
                generation = self._generation
                assert generation is not None
                if self._ended < generation.number and not self._kill_wanted:
                    self._changed.wait(self._limits.ping_every_s)
                    if self._is_stopping():
                        return
                over = self._ended >= generation.number
                kill, self._kill_wanted = self._kill_wanted, False
            if not (over or kill) and not self._is_hung(generation):
                continue
            pause_s = self._replace(generation, pause_s)

    def _is_stopping(self) -> bool:
        return self._state is UpdateProcessState.STOPPING

    def _is_hung(self, generation: Generation) -> bool:
        """Pings; whether nothing was heard for too long."""
        self._fail(self._unanswered.take_overdue(self._limits.answer_timeout_s))
        number = self._unanswered.add(_ignore, 0, generation.number, urgent=True)
        generation.send(Ping(number))
        silent_s = self._clock() - self._heard_at_s
        starting = self._state is UpdateProcessState.STARTING
        limit_s = self._limits.start_timeout_s if starting else self._limits.ping_timeout_s
        if silent_s > limit_s:
            self._log.error("the update process has not answered for %.0f s and is replaced", silent_s)
            return True
        return False

    def _replace(self, generation: Generation, pause_s: float) -> float:
        """Ends a child and starts the next; returns the pause to make should that one die soon too."""
        with self._changed:
            if self._state is UpdateProcessState.STOPPING:
                return 0.0
            self._state = UpdateProcessState.RESTARTING
        lived_s = self._clock() - self._started_at_s
        generation.kill()
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended >= generation.number or self._state is UpdateProcessState.STOPPING, 5.0
            )
        self.restarts += 1
        self._log.error("the update process ended and is started again")
        if lived_s < self._limits.healthy_after_s and pause_s:
            with self._changed:
                self._changed.wait_for(lambda: self._state is UpdateProcessState.STOPPING, pause_s)
        with self._changed:
            if self._is_stopping():
                return 0.0
            self._being_started = True
        self._start_generation()
        self._on_restart()
        if lived_s >= self._limits.healthy_after_s:
            return 0.1
        return min(self._limits.most_pause_s, max(0.1, 2 * pause_s))


def spawned_generations(settings: UpdateSettings, log: logging.Logger) -> Callable[[int], Generation]:
    """What `UpdateProcess` starts in the real server: a spawned process that runs the loop.

    Args:
        settings: for the child.
        log: of the parent.
    """
    context = multiprocessing.get_context("spawn")
    return lambda number: SpawnedGeneration(number, update_open_notebooks_loop, settings, context, log)


class _Answer:
    """An answer that somebody waits for."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._answer = (0, b"")

    def __call__(self, status: int, body: bytes) -> None:
        self._answer = (status, body)
        self._done.set()

    def wait(self, timeout_s: float) -> tuple[int, bytes]:
        if not self._done.wait(timeout_s):
            raise Failure.of("updates_down", retry_after_s=1)
        return self._answer


def _ignore(_status: int, _body: bytes) -> None:
    """The answer to a ping of the supervisor: that it came is all that matters (see `_heard`)."""
