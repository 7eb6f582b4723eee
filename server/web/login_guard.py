"""Counts failed logins per account and per address and says when to wait (A5, T42).

Owns the rules; the counters lie in storage and survive a restart. Successes never count, so a class behind one
address logs in together. After a few failures of an account each further one doubles a short wait; nobody is
locked out for ever. An account that has logged in from an address before keeps a counter of its own there:
strangers who guess, from elsewhere or behind the same address, cannot keep it out. What is refused until when is known in memory too, so that a storm of
guesses is turned away on the I/O thread, without the database and without a place in the line (T41, T42): `refuse`
never blocks; the others run on the lane for password hashing.
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
        self._refused_until_ms: OrderedDict[tuple[str, str], int] = OrderedDict()  # by kind and subject
        self._lock = threading.Lock()

    def refuse(self, account_key: str, peer: str) -> None:
        """Refuses, by memory alone, a try that is known to come too soon.

        Raises:
            Failure: 429 `too_many_tries` with `retry_after_s`.
        """
        if not self._enabled:
            return
        now_ms = self._clock.now_ms()
        known = self._is_known(account_key, peer)
        keys = [(_ACCOUNT, self._subject(account_key, peer, known)), *([] if known else [(_ADDRESS, peer)])]
        with self._lock:
            untils_ms = [self._refused_until_ms.get(key, 0) for key in keys]
        self._refuse_until(max(untils_ms), now_ms)

    def check(self, account_key: str, peer: str) -> None:
        """Refuses a try that comes too soon; asks the counters.

        Raises:
            Failure: 429 `too_many_tries` with `retry_after_s`.
        """
        if not self._enabled:
            return
        self.refuse(account_key, peer)
        known = self._is_known(account_key, peer)
        subject = self._subject(account_key, peer, known)
        account = self._attempts.get(_ACCOUNT, subject)
        if account is not None:
            self._note(_ACCOUNT, subject, account.blocked_until_ms)
        address = None if known else self._attempts.get(_ADDRESS, peer)
        if address is not None and address.failures >= self._limits.login_failures_address:
            self._note(_ADDRESS, peer, address.since_ms + self._window_ms)
        self.refuse(account_key, peer)

    def failed(self, account_key: str, peer: str) -> None:
        """Counts a failure; the same for accounts that do not exist (T43)."""
        if not self._enabled:
            return
        now_ms = self._clock.now_ms()
        known = self._is_known(account_key, peer)
        subject = self._subject(account_key, peer, known)
        account = self._attempts.add(_ACCOUNT, subject, now_ms, self._window_ms)
        excess = account.failures - self._limits.login_failures_account
        if excess >= 0:
            wait_ms = min(self._window_ms, self._limits.login_first_block_s * 1000 * 2 ** min(excess, 20))
            self._attempts.block(_ACCOUNT, subject, now_ms + wait_ms)
            self._note(_ACCOUNT, subject, now_ms + wait_ms)
        if not known:
            self._attempts.add(_ADDRESS, peer, now_ms, self._window_ms)

    def succeeded(self, account_key: str, peer: str) -> None:
        """Forgets the account's failures; those of the address stay."""
        if not self._enabled:
            return
        known = self._is_known(account_key, peer)
        subject = self._subject(account_key, peer, known)
        self._attempts.clear(_ACCOUNT, subject)
        with self._lock:
            self._refused_until_ms.pop((_ACCOUNT, subject), None)
            self._known[account_key, peer] = None
            self._known.move_to_end((account_key, peer))
            if len(self._known) > self._limits.budget_keys:
                self._known.popitem(last=False)

    @property
    def _window_ms(self) -> int:
        return self._limits.login_window_s * 1000

    def _note(self, kind: str, subject: str, until_ms: int) -> None:
        """Remembers until when tries are refused, if they still are; the oldest are forgotten first, the counters know them still."""
        if until_ms <= self._clock.now_ms():
            return
        with self._lock:
            self._refused_until_ms[kind, subject] = until_ms
            self._refused_until_ms.move_to_end((kind, subject))
            if len(self._refused_until_ms) > self._limits.budget_keys:
                self._refused_until_ms.popitem(last=False)

    def _refuse_until(self, until_ms: int, now_ms: int) -> None:
        """Refuses until a moment; one farther away than the window is left from a clock that was set back."""
        if 0 < until_ms - now_ms <= self._window_ms:
            raise Failure.of("too_many_tries", retry_after_s=math.ceil((until_ms - now_ms) / 1000))

    def _is_known(self, account_key: str, peer: str) -> bool:
        with self._lock:
            return (account_key, peer) in self._known

    @staticmethod
    def _subject(account_key: str, peer: str, known: bool) -> str:
        return f"{account_key}\n{peer}" if known else account_key
