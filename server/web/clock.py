"""The two clocks that the web part reads, passed in so that tests can turn them.

Owns nothing but the pair: wall-clock time for what is stored or shown, a monotonic clock for rates and
deadlines (F25: a jump of the wall clock must not open or close a budget). Any thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """A wall clock in ms since 1970 UTC and a monotonic clock in seconds.

    Attributes:
        now_ms: the wall clock.
        monotonic_s: a clock that never jumps.
    """

    now_ms: Callable[[], int] = _wall_ms
    monotonic_s: Callable[[], float] = time.monotonic
