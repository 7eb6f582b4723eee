"""The Queue on which the update process answers: outcomes, in the pipe as soon as they are put.

Owns the two ends and who keeps which: a process that let go of the other's end notices when the other is gone. What
Python's own queue does beyond that (a thread on the way, pickling with a table of reducers made for each item) would be
in the way of every stroke. Made in the main process; `put` in the update process, any thread; `get` on the
send_updates thread.
"""

from __future__ import annotations

import contextlib
import sys
from multiprocessing.context import BaseContext
from multiprocessing.queues import SimpleQueue
from typing import Any

from server.updates.messages import Outcome
from server.updates.packing import packed_outcome, unpacked_outcome

QUEUE_BYTES = 1024 * 1024
"""What the child may be ahead of the main process with its outcomes, where the system lets a pipe be that big."""


class OutcomeQueue(SimpleQueue[Outcome]):
    """A queue of outcomes between two processes."""

    _reader: Any
    _writer: Any
    _rlock: Any
    _wlock: Any

    def __init__(self, context: BaseContext) -> None:
        super().__init__(ctx=context)
        self._enlarge()

    def let_go_of_reading(self) -> None:
        """In the child: without a copy of the parent's end here, writing fails once the parent is gone."""
        self._reader.close()

    def let_go_of_writing(self) -> None:
        """In the parent: without a copy of the child's end here, reading ends with the child."""
        self._writer.close()

    def put(self, outcome: Outcome) -> None:
        """Writes an outcome. Blocks while the other end is behind.

        Raises:
            OSError: the other end is gone.
        """
        data = packed_outcome(outcome)
        with self._wlock or contextlib.nullcontext():  # Windows' pipes take a message whole
            self._writer.send_bytes(data)

    def get(self) -> Outcome:
        """The next outcome. Blocks.

        Raises:
            EOFError, OSError: the other end is gone.
            Exception: of whatever other kind, when what was written is no outcome.
        """
        with self._rlock:
            data = self._reader.recv_bytes()
        return unpacked_outcome(data)

    def _enlarge(self) -> None:
        """Room for some outcomes; a system that gives none lets the child wait for the main process."""
        if sys.platform != "linux":
            return
        import fcntl

        with contextlib.suppress(OSError):  # more than an unprivileged user may have
            fcntl.fcntl(self._writer.fileno(), fcntl.F_SETPIPE_SZ, QUEUE_BYTES)
