"""Counts failed logins per account and per address and says when to wait (A5, T42).

Owns the rules; the counters lie in storage and survive a restart. Successes never count, so a class behind one
address logs in together. After a few failures of an account each further one doubles a short wait; nobody is
locked out for ever. An account that has logged in from an address before keeps a counter of its own there:
strangers who guess, from elsewhere or behind the same address, cannot keep it out. Blocking: runs on the lane
for password hashing.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict

from server.domain.failures import Failure
from server.storage.contracts import AttemptStore
from server.web.clock import Clock
from server.web.limits import WebLimits

_ACCOUNT = "login_account"
_ADDRESS = "login_address"


class LoginGuard:
    """The gate before every check of a password or of a reset code."""

    def __init__(
        self, attempts: AttemptStore, clock: Clock, limits: WebLimits, *, enabled: bool = True
    ) -> None:
        """Makes the gate.

        Args:
            attempts: counters that survive a restart.
            clock: the wall clock is stored with the counters.
            limits: how many failures, and the window.
            enabled: False switches it off (the probe app).
        """
        self._attempts = attempts
        self._clock = clock
        self._limits = limits
        self._enabled = enabled
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, account_key: str, peer: str) -> None:
        """Refuses a try that comes too soon.

        Raises:
            Failure: 429 `too_many_tries` with `retry_after_s`.
        """
        if not self._enabled:
            return
        now_ms = self._clock.now_ms()
        known = self._is_known(account_key, peer)
        account = self._attempts.get(_ACCOUNT, self._subject(account_key, peer, known))
        if account is not None and account.blocked_until_ms > now_ms:
            raise _too_many(account.blocked_until_ms - now_ms, self._limits.login_window_s)
        if known:
            return
        address = self._attempts.get(_ADDRESS, peer)
        window_ms = self._limits.login_window_s * 1000
        if address is None or address.failures < self._limits.login_failures_address:
            return
        left_ms = address.since_ms + window_ms - now_ms
        if 0 < left_ms <= window_ms:
            raise _too_many(left_ms, self._limits.login_window_s)

    def failed(self, account_key: str, peer: str) -> None:
        """Counts a failure; the same for accounts that do not exist (T43)."""
        if not self._enabled:
            return
        now_ms = self._clock.now_ms()
        window_ms = self._limits.login_window_s * 1000
        known = self._is_known(account_key, peer)
        subject = self._subject(account_key, peer, known)
        account = self._attempts.add(_ACCOUNT, subject, now_ms, window_ms)
        excess = account.failures - self._limits.login_failures_account
        if excess >= 0:
            wait_ms = min(window_ms, self._limits.login_first_block_s * 1000 * 2 ** min(excess, 20))
            self._attempts.block(_ACCOUNT, subject, now_ms + wait_ms)
        if not known:
            self._attempts.add(_ADDRESS, peer, now_ms, window_ms)

    def succeeded(self, account_key: str, peer: str) -> None:
        """Forgets the account's failures; those of the address stay."""
        if not self._enabled:
            return
        known = self._is_known(account_key, peer)
        self._attempts.clear(_ACCOUNT, self._subject(account_key, peer, known))
        with self._lock:
            self._known[account_key, peer] = None
            self._known.move_to_end((account_key, peer))
            if len(self._known) > self._limits.budget_keys:
                self._known.popitem(last=False)

    def _is_known(self, account_key: str, peer: str) -> bool:
        with self._lock:
            return (account_key, peer) in self._known

    @staticmethod
    def _subject(account_key: str, peer: str, known: bool) -> str:
        return f"{account_key}\n{peer}" if known else account_key


def _too_many(left_ms: int, most_s: int) -> Failure:
    return Failure.of("too_many_tries", retry_after_s=min(most_s, max(1, math.ceil(left_ms / 1000))))
