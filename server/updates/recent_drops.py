"""Shares and sessions that lost their right to wait a moment ago.

Owns the answer to one race: a poll that had passed the check of access when its share was revoked, and begins to
wait after the waiting ones were turned away. Whoever drops notes it here first and looks for polls then; a poll
registers first and asks here then; so one of the two sees the other. Any thread. Rule P4.
"""

from __future__ import annotations

import threading

from server.domain.failures import Failure
from server.updates.polls import Poll

KEPT_S = 10.0


class RecentDrops:
    """What was dropped during the last ten seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dropped: dict[bytes, tuple[float, Failure]] = {}

    def note(self, key: bytes, failure: Failure, now_s: float) -> None:
        """Notes the hash of a share code or session token."""
        with self._lock:
            for old in [old for old, (until_s, _failure) in self._dropped.items() if until_s < now_s]:
                del self._dropped[old]
            self._dropped[key] = (now_s + KEPT_S, failure)

    def failure_of(self, poll: Poll) -> Failure | None:
        """Why a poll may not wait, if it may not."""
        if not self._dropped:
            return None
        with self._lock:
            for key in (poll.share, poll.session):
                found = self._dropped.get(key) if key is not None else None
                if found is not None:
                    return found[1]
        return None
