"""The doorway: whether anybody from another device has come by, and what to look at when nobody has.

Owns the two minutes of patience, the three usual reasons and the word at the first visit, each said once. A visit is a
finished request from an address that is not this machine's. `visit` is called for every request, on any thread, and
costs nothing after the first visit; `look` belongs to the main thread. S4's neighbour on the operator's side.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterable, Sequence

from server.addresses import Address

PATIENCE_S = 120.0


class Doorway:
    """Watches for the first visit from another device."""

    def __init__(
        self,
        own: Iterable[Address],
        addresses: Sequence[str],
        *,
        port: int,
        say: Callable[[str], None],
        clock: Callable[[], float],
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Begins to wait.

        Args:
            own: addresses of this machine; visits from them do not count.
            addresses: what neighbours can type, best first.
            port: the port that must be open.
            say: takes one line for the operator.
            clock: seconds, monotonic.
            patience_s: how long to wait before the reasons are told.
        """
        self._own = {_plain(str(address)) for address in own}
        self._addresses = addresses
        self._port = port
        self._say = say
        self._clock = clock
        self._until_s = clock() + patience_s
        self._lock = threading.Lock()
        self._visited = False
        self._told = False

    def wait_s(self) -> float | None:
        """Seconds until `look` has something to do; None when it never will again."""
        if self._visited or self._told:
            return None
        return max(0.0, self._until_s - self._clock())

    def look(self) -> None:
        """Tell the three usual reasons, once, when the patience is over and nobody has come."""
        with self._lock:
            if self._visited or self._told or self._clock() < self._until_s:
                return
            self._told = True
        for line in usual_reasons(self._addresses, self._port):
            self._say(line)

    def visit(self, peer: str) -> None:
        """Note a finished request.

        Args:
            peer: the client's address, behind a trusted proxy the one it reported.
        """
        if self._visited or not self._is_another_device(peer):
            return
        with self._lock:
            if self._visited:
                return
            self._visited = True
        self._say(f"First visit from another device: {peer}. The way in is open.")

    def _is_another_device(self, peer: str) -> bool:
        address = _plain(peer)
        return address is not None and not address.is_loopback and address not in self._own


def _plain(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0].strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def usual_reasons(addresses: Sequence[str], port: int) -> list[str]:
    """The lines that say what to look at when no other device gets through."""
    what = addresses[0] if addresses else f"https://ADDRESS:{port}/"
    return [
        "No other device has come by yet. If one tries and does not get through, it is nearly always one of three:",
        f"  1. the firewall of this machine: allow incoming TCP on port {port};",
        "  2. a guest Wi-Fi that keeps devices apart: put both on the ordinary Wi-Fi, or on a phone's hotspot;",
        f"  3. a wrong address: type {what} exactly, with the s of https.",
    ]
