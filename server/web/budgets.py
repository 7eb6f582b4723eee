"""How often accounts, addresses and shares may do what costs (A5, S2, S5; the table of limits).

Owns every rate limit but that of failed logins (login_guard). Each refusal is a 429 with the seconds to wait. What
succeeds in the usual course is never counted against a budget that guards guesses: a class of forty behind one
address logs in, joins and draws. In memory, bounded, any thread, never blocks.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from server.domain.failures import Failure
from server.web.limits import WebLimits
from server.web.token_buckets import TokenBuckets

_SERVER = "server"


class Budgets:
    """The buckets of everything that is limited by rate."""

    def __init__(
        self, limits: WebLimits, monotonic_s: Callable[[], float], *, guesses_limited: bool = True
    ) -> None:
        """Makes full buckets.

        Args:
            limits: the figures.
            monotonic_s: a clock in seconds that never jumps.
            guesses_limited: False switches off the budgets for guessed codes (the probe app).
        """

        def per_minute(count: int) -> TokenBuckets:
            return make(count / 60, count)

        def per_hour(count: int) -> TokenBuckets:
            return make(count / 3600, count)

        def make(rate_per_s: float, burst: float) -> TokenBuckets:
            return TokenBuckets(
                rate_per_s=rate_per_s, burst=burst, monotonic_s=monotonic_s, most_keys=limits.budget_keys
            )

        self._guesses_limited = guesses_limited
        self._code_misses = per_minute(limits.code_misses_per_min)
        self._class_misses = per_minute(limits.class_code_misses_per_min)
        self._class_misses_server = per_minute(limits.class_code_misses_server_per_min)
        self._refused_guesses = make(limits.refused_logins_per_s, limits.refused_logins_per_s)
        self._signups = per_hour(limits.signups_per_hour)
        self._guests = per_hour(limits.guests_per_hour)
        self._saves = make(limits.saves_per_s, limits.saves_per_s)
        self._save_bytes = make(limits.save_bytes_per_s, limits.save_bytes_per_s)
        self._notebooks = make(limits.new_notebooks_per_s, limits.new_notebooks_burst)
        self._documents = make(limits.document_bytes_per_s, limits.document_bytes_burst)
        self._address_documents = make(
            limits.document_address_bytes_per_s, limits.document_address_bytes_burst
        )
        self._rendered = make(limits.rendered_bytes_per_s, limits.rendered_bytes_burst)
        self._log_entries = make(limits.log_entries_per_s, limits.log_entries_burst)
        self._live = make(limits.live_address_per_s, limits.live_address_per_s)
        self._exports = per_minute(limits.exports_per_min)
        self._waiting_logins: dict[str, int] = {}
        self._most_waiting_logins = limits.logins_waiting_address
        self._lock = threading.Lock()

    def code_missed(self, peer: str) -> None:
        """Counts a well-formed share code that never existed (S2); valid, revoked and expired ones never come here."""
        if self._guesses_limited:
            _spend(self._code_misses, peer, "too_many_tries")

    def check_class_code(self, peer: str) -> None:
        """Refuses to look digits up while the misses of the address, or of all, are used up (S5)."""
        if not self._guesses_limited:
            return
        wait_s = max(self._class_misses.wait_s(peer), self._class_misses_server.wait_s(_SERVER))
        if wait_s > 0:
            raise _too_many("too_many_tries", wait_s)

    def class_code_missed(self, peer: str) -> None:
        """Counts digits that no share has lent out (S5)."""
        if self._guesses_limited:
            self._class_misses.take(peer)
            self._class_misses_server.take(_SERVER)

    def sign_up(self, peer: str) -> None:
        """Counts an account made from an address."""
        _spend(self._signups, peer, "too_many_tries")

    def guest_allowed(self, peer: str) -> bool:
        """Counts a guest made; False where the address has made too many (then one writes without a cookie)."""
        return self._guests.take(peer) == 0.0

    def name_guest(self, peer: str) -> None:
        """Counts a guest's name that makes a guest."""
        _spend(self._guests, peer, "too_many_requests")

    def save(self, peer: str, code_hash: bytes | None, size: int) -> None:
        """Counts a save of `size` bytes for its address and its share."""
        for key in (peer, code_hash) if code_hash is not None else (peer,):
            _spend(self._saves, key, "too_many_requests")
            _spend(self._save_bytes, key, "too_many_requests", float(max(1, size)))

    def new_notebook(self, user_id: int) -> None:
        """Counts a notebook made."""
        _spend(self._notebooks, user_id, "too_many_requests")

    def document(self, user_id: int, peer: str, size: int) -> None:
        """Counts a document of `size` bytes that is about to be read, for its account and its address."""
        for buckets, key in ((self._documents, user_id), (self._address_documents, peer)):
            _spend(buckets, key, "too_many_requests", float(max(1, size)))

    def rendering(self, peer: str, size: int) -> None:
        """Counts a whole notebook of `size` bytes that is about to be written as JSON, which nothing remembers (N3)."""
        _spend(self._rendered, peer, "too_many_requests", float(max(1, size)))

    def log_entries(self, peer: str, count: int) -> None:
        """Counts entries of a notebook's log that are about to be read for its timeline."""
        _spend(self._log_entries, peer, "too_many_requests", float(max(1, count)))

    def live(self, peer: str) -> None:
        """Counts a piece of live ink from an address (P6); the room counts each client's own."""
        _spend(self._live, peer, "too_many_requests")

    def export(self, user_id: int) -> None:
        """Counts an export of an account (A6)."""
        _spend(self._exports, user_id, "too_many_requests")

    def login_refused(self, peer: str) -> float:
        """Counts a refused log-in; returns the seconds after which it is to be answered (T41).

        A storm of guesses goes no faster than this, however many connections it has; whoever is refused once is
        answered at once.
        """
        return self._refused_guesses.pace(peer)

    def login_waits(self, peer: str) -> None:
        """Counts a request that is about to wait for password hashing, until `login_done` (T41)."""
        with self._lock:
            waiting = self._waiting_logins.get(peer, 0)
            if waiting >= self._most_waiting_logins:
                raise _too_many("too_many_requests", 1.0)
            self._waiting_logins[peer] = waiting + 1

    def login_done(self, peer: str) -> None:
        """The request that `login_waits` counted has been answered."""
        with self._lock:
            left = self._waiting_logins.get(peer, 1) - 1
            if left > 0:
                self._waiting_logins[peer] = left
            else:
                self._waiting_logins.pop(peer, None)


def _spend(buckets: TokenBuckets, key: object, reason: str, cost: float = 1.0) -> None:
    wait_s = buckets.take(key, cost)
    if wait_s > 0.0:
        raise _too_many(reason, wait_s)


def _too_many(reason: str, wait_s: float) -> Failure:
    return Failure.of(reason, retry_after_s=max(1, math.ceil(wait_s)))
