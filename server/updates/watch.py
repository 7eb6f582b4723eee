"""Watches over the update process: starts it, pings it, replaces it when it dies or falls silent, ends it.

Owns which child is the present one and the state of the whole as one enum. Does not know what is sent to a child or
answered by it; `process` does. One thread that watches; the send_updates thread says what it hears. Rules O2, O3;
threat F26.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from server.updates.generation import Generation
from server.updates.messages import Stop


class UpdateProcessState(Enum):
    """How the update process is."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


_ENDING = (UpdateProcessState.STOPPING, UpdateProcessState.STOPPED)


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


class Watch:
    """The present child and the thread that watches it."""

    def __init__(
        self,
        make_generation: Callable[[int], Generation],
        *,
        ping: Callable[[Generation], None],
        on_restart: Callable[[], None],
        log: logging.Logger,
        clock: Callable[[], float],
        limits: ProcessLimits,
    ) -> None:
        """Makes it; `start` starts the first child.

        Args:
            make_generation: a child that is not yet started, by the count of starts.
            ping: sends a ping; called every `ping_every_s`.
            on_restart: called when a new child is up after another died.
            log: the server's log.
            clock: seconds, monotonic.
            limits: the figures.
        """
        self._make_generation = make_generation
        self._ping = ping
        self._on_restart = on_restart
        self._log = log
        self._clock = clock
        self._limits = limits
        self._changed = threading.Condition()
        self._state = UpdateProcessState.NEW
        self._generation: Generation | None = None
        self._started_at_s = 0.0
        self._heard_at_s = 0.0
        self._ended = 0
        self._kill_wanted = False
        self._being_started = False
        self.restarts = 0
        self._thread = threading.Thread(target=self._run, name="updates-watch", daemon=True)

    @property
    def state(self) -> UpdateProcessState:
        """How it is."""
        return self._state

    @property
    def generation(self) -> Generation | None:
        """The present child."""
        return self._generation

    def has_ended(self, generation: Generation) -> bool:
        """Whether nothing more will be heard of a child."""
        return self._ended >= generation.number

    def start(self) -> None:
        """Starts the child and the thread that watches it."""
        self._start_generation()
        self._thread.start()

    def wait_running(self, timeout_s: float) -> bool:
        """Waits until something was heard of the child; whether it was. Any thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._state in (UpdateProcessState.RUNNING, *_ENDING), timeout_s)
            return self._state is UpdateProcessState.RUNNING

    def replace(self) -> None:
        """Replaces the child at once."""
        with self._changed:
            self._kill_wanted = True
            self._changed.notify_all()

    def stop(self, timeout_s: float) -> None:
        """Lets the child finish and leave; ends it when that takes too long."""
        with self._changed:
            was_new = self._state in (UpdateProcessState.NEW, UpdateProcessState.STOPPED)
            self._state = UpdateProcessState.STOPPED if was_new else UpdateProcessState.STOPPING
            self._changed.notify_all()
        if was_new:
            return
        self._thread.join()
        generation = self._generation
        assert generation is not None
        generation.send(Stop())
        with self._changed:
            self._changed.wait_for(lambda: self.has_ended(generation), timeout_s)
        if self.has_ended(generation):
            generation.join(1.0)
        generation.kill()
        with self._changed:
            self._state = UpdateProcessState.STOPPED
            self._changed.notify_all()

    def heard(self, generation: Generation) -> None:
        """Something came from a child (send_updates thread)."""
        self._heard_at_s = self._clock()
        if self._state is UpdateProcessState.STARTING:
            with self._changed:
                if self._state is UpdateProcessState.STARTING and generation is self._generation:
                    self._state = UpdateProcessState.RUNNING
                    self._changed.notify_all()

    def end(self, generation: Generation) -> None:
        """The queue of a child has ended (send_updates thread)."""
        with self._changed:
            self._ended = generation.number
            self._changed.notify_all()

    def next_generation(self) -> Generation | None:
        """The child whose queue is to be read; None when there will be no more (send_updates thread)."""
        with self._changed:
            while True:
                generation = self._generation
                if generation is not None and not self.has_ended(generation):
                    return generation
                if self._state in _ENDING and not self._being_started:
                    return None
                self._changed.wait()

    def _is_stopping(self) -> bool:
        return self._state is UpdateProcessState.STOPPING

    def _start_generation(self) -> None:
        number = 1 if self._generation is None else self._generation.number + 1
        generation = self._make_generation(number)
        generation.start()
        with self._changed:
            self._generation = generation
            self._being_started = False
            self._started_at_s = self._heard_at_s = self._clock()
            if not self._is_stopping():
                self._state = UpdateProcessState.STARTING
            self._changed.notify_all()

    def _run(self) -> None:
        pause_s = 0.0
        while True:
            with self._changed:
                generation = self._generation
                assert generation is not None
                self._changed.wait_for(
                    lambda generation=generation: (  # type: ignore[misc]
                        self._is_stopping() or self._kill_wanted or self.has_ended(generation)
                    ),
                    self._limits.ping_every_s,
                )
                if self._is_stopping():
                    return
                over = self.has_ended(generation) or self._kill_wanted
                self._kill_wanted = False
            if over or self._is_hung(generation):
                pause_s = self._replace(generation, pause_s)

    def _is_hung(self, generation: Generation) -> bool:
        """Pings; whether nothing was heard for too long."""
        self._ping(generation)
        silent_s = self._clock() - self._heard_at_s
        starting = self._state is UpdateProcessState.STARTING
        if silent_s <= (self._limits.start_timeout_s if starting else self._limits.ping_timeout_s):
            return False
        self._log.error("the update process has not answered for %.0f s and is replaced", silent_s)
        return True

    def _replace(self, generation: Generation, pause_s: float) -> float:
        """Ends a child and starts the next; returns the pause to make should that one die soon too."""
        with self._changed:
            if self._is_stopping():
                return 0.0
            self._state = UpdateProcessState.RESTARTING
        healthy = self._clock() - self._started_at_s >= self._limits.healthy_after_s
        generation.kill()
        with self._changed:
            self._changed.wait_for(lambda: self.has_ended(generation) or self._is_stopping(), 5.0)
            self.restarts += 1
            self._log.error("the update process ended and is started again")
            if not healthy and pause_s:
                self._changed.wait_for(self._is_stopping, pause_s)
            if self._is_stopping():
                return 0.0
            self._being_started = True
        self._start_generation()
        self._on_restart()
        return 0.1 if healthy else min(self._limits.most_pause_s, max(0.1, 2 * pause_s))
