"""Memory for long bodies while they arrive and are worked on: of one address and in all (T61, T62).

Owns the two sums. A connection may be one of thousands and a body three MiB long, with no session needed to send it: so
a body above 64 KiB takes its announced size here before its first byte is waited for, and gives it back when nothing holds its
request any more. `hold` is called on I/O threads and never blocks; giving back happens wherever the last reference goes,
also inside a garbage collection, and so takes no lock.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter, deque

from server.net.admission import counting_key
from server.net.exchange import Exchange
from server.web.limits import WebLimits

FREE_BYTES = 64 * 1024
"""Up to here a body is as good as none: the caps of connections bound them."""


class BodyRoom:
    """Who holds how many bytes."""

    def __init__(self, limits: WebLimits) -> None:
        """Makes an empty room."""
        self._most = limits.bodies_bytes
        self._most_of_address = limits.bodies_address_bytes
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._total = 0
        self._returned: deque[tuple[str, int]] = deque()

    def hold(self, exchange: Exchange, size: int) -> bool:
        """Takes room for a body as long as its exchange lives; False where there is none."""
        if size <= FREE_BYTES:
            return True
        key = counting_key(exchange.peer)
        with self._lock:
            self._take_back()
            if self._total + size > self._most or self._held[key] + size > self._most_of_address:
                return False
            self._total += size
            self._held[key] += size
        weakref.finalize(exchange, self._returned.append, (key, size)).atexit = False
        return True

    @property
    def total(self) -> int:
        """Bytes that are held now."""
        with self._lock:
            self._take_back()
            return self._total

    def _take_back(self) -> None:
        while self._returned:
            key, size = self._returned.popleft()
            self._total -= size
            self._held[key] -= size
            if self._held[key] <= 0:
                del self._held[key]
