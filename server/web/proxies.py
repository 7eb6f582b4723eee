"""Who the client is when a reverse proxy stands in between (T89).

Owns the reading of X-Forwarded-For: believed only from an address the operator trusts, and then the right-most hop
that is not itself trusted. Anything malformed leaves the peer's own address. Pure; any thread.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection


def client_address(peer: str, forwarded_for: str | None, trusted: Collection[str]) -> str:
    """The address that budgets and logs go by.

    Args:
        peer: the other end of the connection.
        forwarded_for: the value of X-Forwarded-For, several fields joined with commas.
        trusted: addresses of the operator's own proxies.
    """
    if peer not in trusted or not forwarded_for:
        return peer
    found = peer
    for hop in reversed(forwarded_for.split(",")):
        try:
            address = ipaddress.ip_address(hop.strip())
        except ValueError:
            return found
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        found = str(mapped or address)
        if found not in trusted:
            return found
    return found
