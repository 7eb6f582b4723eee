"""The wish to stop: signals, `exit`, the end of standard input; and what a second signal means.

Owns the event that the main thread waits for, and which signals count. Signal handlers run on the main thread, which
is where Python runs them; `ask` may be called on any.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

SAME_WISH_S = 0.3
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""A system has those of its own kind: Windows no SIGHUP, the others no SIGBREAK."""
_log = logging.getLogger("server")


class StopRequest:
    """Whether somebody asked the server to stop."""

    def __init__(self, last_act: Callable[[], None]) -> None:
        """Nobody has asked yet.

        Args:
            last_act: what is done before somebody who insists is obeyed; quick, and never fails.
        """
        self._last_act = last_act
        self._asked = threading.Event()
        self._signal_at_s = 0.0

    def heed_signals(self) -> None:
        """From here on signals ask, too."""
        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)

    def ask(self, why: str) -> None:
        """Ask the main thread to stop; asking twice is harmless."""
        if not self._asked.is_set():
            _log.info("stopping: %s", why)
            self._asked.set()

    def wait(self, most_s: float | None) -> bool:
        """Whether somebody has asked, at the latest after these seconds; None waits until somebody does."""
        return self._asked.wait(most_s)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        now_s = time.monotonic()
        first_s = self._signal_at_s = self._signal_at_s or now_s
        # A closing terminal, its shell and some tools signal twice for one wish; a person who insists takes longer.
        insists = now_s - first_s > SAME_WISH_S and number != getattr(signal, "SIGHUP", None)
        if insists:
            # A second signal leaves at once: what was acknowledged is on disk, the update process ends by itself.
            self._last_act()
            os._exit(1)
        self._asked.set()


def ignore_hangup() -> None:
    """For the very end: Python's own way out would die of a terminal's last word."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
