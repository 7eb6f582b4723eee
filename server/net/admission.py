"""Who may connect: the total cap, the cap of one address, and unfinished handshakes.

Owns the counts of connections. `Admission` is shared by the I/O threads (its lock is held for a few
dictionary steps); `Handshakes` belongs to one I/O thread. IPv6 addresses count by their /64 network, because one
host has as many addresses there as it likes.
"""

import ipaddress
import threading
from enum import Enum, auto
from typing import Generic, Protocol, TypeVar

from server.net.exchange import ConnectionInfo
from server.net.net_limits import NetLimits


class Arrival(Protocol):
    """A connection that shakes hands."""

    info: ConnectionInfo


A = TypeVar("A", bound=Arrival)


class Verdict(Enum):
    """What becomes of a new connection."""

    ADMIT = auto()
    TURN_AWAY = auto()
    """It may ask one thing and is told 503."""
    CLOSE = auto()


def plain_address(address: str) -> str:
    """An address as people know it: without the scope, IPv4 not dressed up as IPv6."""
    address = address.partition("%")[0]
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def counting_key(address: str) -> str:
    """What connections are counted by: the address, for IPv6 its /64 network."""
    if ":" not in address:
        return address
    try:
        number = int(ipaddress.IPv6Address(address))
    except ValueError:
        return address
    return f"{number >> 64:x}/64"


class Admission:
    """Counts connections and decides about new ones. Any thread."""

    def __init__(self, limits: NetLimits, uncapped: frozenset[str] = frozenset()) -> None:
        """`uncapped` addresses (trusted proxies) have no cap of their own."""
        self._limits = limits
        self._uncapped = uncapped
        self._lock = threading.Lock()
        self._per_key: dict[str, int] = {}
        self._crowded_at = int(limits.max_connections * limits.crowded_share)
        self.total = 0
        self.turned_away = 0

    @property
    def crowded(self) -> bool:
        """Whether so many slots are used that idle connections should go sooner."""
        return self.total > self._crowded_at

    def ask(self, address: str) -> Verdict:
        """Decide about a connection from `address`, and count it unless it is CLOSE."""
        key = counting_key(address)
        limits = self._limits
        with self._lock:
            count = self._per_key.get(key, 0)
            fits = self.total < limits.max_connections and (
                count < limits.max_per_address or address in self._uncapped
            )
            if fits:
                self.total += 1
                self._per_key[key] = count + 1
                return Verdict.ADMIT
            if self.turned_away < limits.max_turned_away:
                self.turned_away += 1
                return Verdict.TURN_AWAY
            return Verdict.CLOSE

    def release(self, address: str, verdict: Verdict) -> None:
        """A connection that was let in is gone."""
        key = counting_key(address)
        with self._lock:
            if verdict is Verdict.TURN_AWAY:
                self.turned_away -= 1
                return
            self.total -= 1
            count = self._per_key.get(key, 0) - 1
            if count > 0:
                self._per_key[key] = count
            else:
                self._per_key.pop(key, None)


class Handshakes(Generic[A]):
    """The unfinished handshakes of one I/O thread, oldest first per address."""

    __slots__ = ("_by_key", "_most", "count")

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_key: dict[str, dict[A, None]] = {}
        self.count = 0

    def begin(self, client: A) -> A | None:
        """Note a new one; over the cap, returns the oldest of the address that has most, which must go."""
        self._by_key.setdefault(counting_key(client.info.peer), {})[client] = None
        self.count += 1
        if self.count <= self._most:
            return None
        fullest = max(self._by_key.values(), key=len)
        return next(iter(fullest))

    def end(self, client: A) -> None:
        """It is finished, one way or the other. Harmless when it was not noted."""
        key = counting_key(client.info.peer)
        group = self._by_key.get(key)
        if group is not None and client in group:
            del group[client]
            self.count -= 1
            if not group:
                del self._by_key[key]
