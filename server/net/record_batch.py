"""Access records on their way from an I/O thread to the log: gathered for a moment, then handed over together.

Owns when they go. A log thread woken for every line would fight the I/O thread for the interpreter, at half the
throughput. Used by one I/O thread.
"""

import logging
from collections.abc import Callable

from server.net.application import AccessRecord

RECORD_DELAY_S = 0.02
MOST_RECORDS = 4096
_log = logging.getLogger(__name__)


class RecordBatch:
    """The records of requests that are finished and not yet logged."""

    __slots__ = ("_due", "_log_one", "note", "waiting")

    def __init__(self, log_one: Callable[[AccessRecord], None]) -> None:
        """Make an empty batch; `log_one` takes each record in its turn."""
        self._log_one = log_one
        self._due = 0.0
        self.waiting: list[AccessRecord] = []
        """What has not been handed over; the same list always."""
        self.note = self.waiting.append
        """Adds one record. The list's own method: it is called for every request."""

    def hand_over_if_due(self, now: float, *, answering: bool = False) -> None:
        """Log what waits if the last ones were a while ago or many wait.

        Args:
            now: monotonic, in seconds.
            answering: whether answers wait to be written: the log thread would take the interpreter between two.
        """
        if (now >= self._due and not answering) or len(self.waiting) >= MOST_RECORDS:
            self._due = now + RECORD_DELAY_S
            self.hand_over()

    def hand_over(self) -> None:
        """Log what waits. A record that cannot be logged is lost, the others are not."""
        records = self.waiting.copy()
        self.waiting.clear()
        for record in records:
            try:
                self._log_one(record)
            except Exception:
                _log.exception("The access log failed")
