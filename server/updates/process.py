"""The update process as the main process sees it: saves go in, answers and applied changes come out.

Owns who is answered what: the update process' own word, or `503` for all that a dead child left unanswered, never
"saved" (its writers send it again, and the op tells whether it was stored). Starting, watching and replacing the
child is `watch`. `submit` on any thread; answers come on the send_updates thread. Rules C2, O2, O3; threat F26.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence

from server.domain.failures import Failure
from server.domain.ids import Author, NotebookId, Role
from server.net.waker import rung_together
from server.updates.answers import failure_body
from server.updates.child import UpdateSettings
from server.updates.generation import Generation, SpawnedGeneration
from server.updates.loop import update_open_notebooks_loop
from server.updates.messages import Answer, Applied, Flush, Forget, Message, Note, Ping, Save
from server.updates.unanswered import Answered, Unanswered
from server.updates.watch import ProcessLimits, UpdateProcessState, Watch


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
        self._log = log
        self._clock = clock
        self._limits = limits or ProcessLimits()
        self._unanswered = Unanswered(
            max_saves=self._limits.max_saves, max_bytes=self._limits.max_bytes, clock=clock
        )
        self._watch = Watch(
            make_generation,
            ping=self._send_ping,
            on_restart=on_restart,
            log=log,
            clock=clock,
            limits=self._limits,
        )

    # --- health ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> UpdateProcessState:
        """How it is."""
        return self._watch.state

    @property
    def restarts(self) -> int:
        """How often the child was replaced."""
        return self._watch.restarts

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
        return self._watch.generation

    # --- work -----------------------------------------------------------------------------------------------

    def submit(  # noqa: PLR0917 - the members of Save, in its order
        self,
        notebook_id: NotebookId,
        author: Author,
        role: Role,
        body: bytes,
        now_ms: int,
        answered: Answered,
        epoch: str = "",
    ) -> None:
        """Hands over a POST of changes. Any thread; never blocks.

        Args:
            notebook_id: of which notebook.
            author: who sends it.
            role: what they may do in it.
            body: the JSON as received.
            now_ms: milliseconds since 1970 UTC.
            answered: gets status and JSON body, on the send_updates thread, after the changes are stored.
            epoch: under which the sender loaded the notebook; empty where that is not known.

        Raises:
            Failure: 503 `updates_busy` when too much waits already, `updates_down` while there is no child,
                `stopping`.
        """
        self._send(
            lambda number: Save(number, notebook_id, author, role, body, now_ms, epoch), answered, len(body)
        )

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
        status, _body = answer.wait(timeout_s)
        if status != 200:  # the child died over it
            raise Failure.of("updates_down", retry_after_s=1)

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
        self._watch.start()

    def wait_running(self, timeout_s: float) -> bool:
        """Waits until the child has opened the database; False when it has not in that time. Any thread."""
        return self._watch.wait_running(timeout_s)

    def restart(self) -> None:
        """Replaces the child at once; what it has not answered gets 503."""
        self._watch.replace()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Lets the child store what it has, write the snapshots and leave; ends it when that takes too long."""
        self._watch.stop(timeout_s)

    def send_updates(self, publish: Callable[[Sequence[Applied]], None]) -> None:
        """The send_updates thread: the readers, then the writers, and one wake for both; returns after `stop`.

        The readers come first, so that a poll that a writer sends after its answer has the change in it (P1, P2).

        Args:
            publish: takes what was applied to the readers (OnlineClients.publish).
        """
        while (generation := self._watch.next_generation()) is not None:
            while (outcome := generation.receive()) is not None:
                self._watch.heard(generation)
                with rung_together():
                    self._publish(publish, outcome.applied)
                    self._answer(outcome.answers)
                for line in outcome.notes:
                    self._log_note(line)
            self._watch.end(generation)  # before the rest is told: see _send
            self._fail(self._unanswered.take_older(upto_generation=generation.number))

    # --- inside ---------------------------------------------------------------------------------------------

    def _send(
        self, make: Callable[[int], Message], answered: Answered, size_bytes: int, *, urgent: bool = False
    ) -> None:
        generation, state = self._watch.generation, self._watch.state
        if state in (UpdateProcessState.STOPPING, UpdateProcessState.STOPPED):
            raise Failure.of("stopping", retry_after_s=2)
        if generation is None or state in (UpdateProcessState.NEW, UpdateProcessState.RESTARTING):
            raise Failure.of("updates_down", retry_after_s=1)
        number = self._unanswered.add(answered, size_bytes, generation.number, urgent=urgent)
        if self._watch.has_ended(generation):  # it died in between, after its unanswered were told
            if self._unanswered.take(number) is not None:
                raise Failure.of("updates_down", retry_after_s=1)
            return
        generation.send(make(number))

    def _publish(self, publish: Callable[[Sequence[Applied]], None], applied: Sequence[Applied]) -> None:
        if applied:
            try:
                publish(applied)
            except Exception:
                self._log.exception("publishing changes failed")

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

    def _send_ping(self, generation: Generation) -> None:
        """Asks the child for a sign of life, and ends the wait of those who were not answered for too long."""
        self._fail(self._unanswered.take_overdue(self._limits.answer_timeout_s))
        generation.send(Ping(self._unanswered.add(_ignore, 0, generation.number, urgent=True)))


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
    """The answer to a ping of the watch; that it came is all that matters."""
