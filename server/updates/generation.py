"""One start of the update process: the child, its fresh pipe and queue, and what goes down its pipe.

Owns that nothing outlives its start: the parent keeps no copy of the child's ends, so the pipe and the queue end
when the child does, whatever it was doing, and the old pair is dropped, never drained. Main process; `start`,
`is_alive` and `kill` belong to the supervising thread, `send` to any, `receive` to the send_updates thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import Protocol

from server.updates.feeder import Feeder
from server.updates.messages import Message, Outcome
from server.updates.outcome_queue import OutcomeQueue


class Generation(Protocol):
    """One start of the update process, as far as the parent needs it."""

    number: int

    def start(self) -> None: ...

    def send(self, message: Message) -> None:
        """Queues a message. Any thread; never blocks."""

    def receive(self) -> Outcome | None:
        """The next outcome; None when the process has ended. Blocks."""

    def is_alive(self) -> bool: ...

    def join(self, timeout_s: float) -> None: ...

    def kill(self) -> None:
        """Ends it at once and waits until it is gone."""


class SpawnedGeneration:
    """A real child process."""

    def __init__(
        self,
        number: int,
        target: Callable[..., None],
        settings: object,
        context: SpawnContext,
        log: logging.Logger,
    ) -> None:
        """Makes pipe, queue and process; `start` starts it.

        Args:
            number: counts the starts.
            target: the child's main function; gets its end of the pipe, the queue and the settings.
            settings: picklable.
            context: of multiprocessing.
            log: of the parent.
        """
        self.number = number
        self._log = log
        receiving, sending = context.Pipe(duplex=False)
        self._feeder = Feeder(sending)
        self._childs_end = receiving
        self._queue = OutcomeQueue(context)
        self._process: BaseProcess = context.Process(
            target=target, args=(receiving, self._queue, settings), name="updates", daemon=True
        )

    def start(self) -> None:
        """Starts the child and lets go of its ends."""
        self._process.start()
        self._childs_end.close()
        self._queue.let_go_of_writing()
        self._feeder.start()

    def send(self, message: Message) -> None:
        """Queues a message. Any thread; never blocks."""
        self._feeder.send(message)

    def receive(self) -> Outcome | None:
        """The next outcome; None when the process has ended, also in the middle of writing one."""
        while True:
            try:
                return self._queue.get()
            except (EOFError, OSError):
                return None
            except Exception as error:
                self._log.error("an answer of the update process cannot be read (%s)", type(error).__name__)

    def is_alive(self) -> bool:
        """Whether the child runs."""
        return self._process.is_alive()

    def join(self, timeout_s: float) -> None:
        """Waits for the child to leave by itself."""
        self._process.join(timeout_s)

    def kill(self) -> None:
        """Ends it at once and waits until it is gone; ends the feeding thread."""
        self._process.kill()
        self._process.join(5.0)
        self._feeder.end()

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        return self._process.pid
