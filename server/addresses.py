"""The names and addresses of this machine, as its neighbours can type them (S4, H5, the start line).

Asks the operating system only, never the network: no packet leaves the machine. Every look-up that fails is
left out and never stops the start (F46). Runs once at start and again when the certificate is re-checked, on
whichever thread asks.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine is called: its host name (may be empty) and its non-loopback addresses, best first."""

    hostname: str
    addresses: tuple[Address, ...]
    local_name_resolves: bool


def look_around() -> Machine:
    """Find the machine's name and addresses; whatever cannot be found is left out."""
    hostname = _hostname()
    found: list[Address] = []
    for address in (*_routed(), *_linux_addresses(), *_resolved(hostname)):
        if address not in found and not (
            address.is_loopback or address.is_unspecified or address.is_multicast
        ):
            found.append(address)
    return Machine(
        hostname, tuple(sorted(found, key=_rank)), bool(hostname) and _resolves(f"{hostname}.local")
    )


def _rank(address: Address) -> tuple[int, int]:
    """Private IPv4 first (what a home or school network uses), link-local and IPv6 last."""
    home = ipaddress.ip_network("192.168.0.0/16")
    if isinstance(address, ipaddress.IPv4Address):
        return (
            (0 if address in home else 1 if address.is_private else 2, 0)
            if not address.is_link_local
            else (5, 0)
        )
    return (4 if address.is_link_local else 3, 0)


def _hostname() -> str:
    name = socket.gethostname().split(".", 1)[0].lower()
    usable = all(c.isascii() and (c.isalnum() or c == "-") for c in name)
    return name if name and usable and name != "localhost" and not name.startswith("-") else ""


def _routed() -> list[Address]:
    """The source addresses of the default routes; connecting a datagram socket sends nothing."""
    found: list[Address] = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                found.append(ipaddress.ip_address(probe.getsockname()[0].split("%", 1)[0]))
        except (OSError, ValueError):
            continue  # no route of this family
    return found


def _linux_addresses() -> list[Address]:
    """IPv4 addresses of all interfaces (SIOCGIFADDR) and IPv6 ones of /proc/net/if_inet6, where there are such."""
    if not sys.platform.startswith("linux"):
        return []
    import fcntl
    import struct

    found: list[Address] = []
    try:
        interfaces = socket.if_nameindex()
    except OSError:
        interfaces = []  # a sandbox without netlink
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in interfaces:
            try:
                request = struct.pack("256s", name.encode()[:15])
                answer = fcntl.ioctl(probe.fileno(), 0x8915, request)
                found.append(ipaddress.IPv4Address(answer[20:24]))
            except OSError:
                continue  # an interface without an IPv4 address
    try:
        for line in Path("/proc/net/if_inet6").read_text().splitlines():
            found.append(ipaddress.IPv6Address(bytes.fromhex(line.split()[0])))
    except (OSError, ValueError, IndexError):
        return found
    return found


def _resolved(hostname: str) -> list[Address]:
    if not hostname:
        return []
    try:
        infos = socket.getaddrinfo(hostname, None, type=socket.SOCK_STREAM)
        return [ipaddress.ip_address(str(info[4][0]).split("%", 1)[0]) for info in infos]
    except (OSError, ValueError):
        return []


def _resolves(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False


@dataclass(frozen=True, slots=True)
class Door:
    """Where the server listens, as far as it decides which addresses lead to it.

    Attributes:
        hosts: the addresses that are listened on; `0.0.0.0` and `::` are all of their family.
        port: the port that is listened on.
        behind_proxy: whether the operator named a proxy of their own, which then has the names and port 443.
    """

    hosts: tuple[str, ...]
    port: int
    behind_proxy: bool = False

    @property
    def is_of_this_machine_alone(self) -> bool:
        """Whether no other device can come in but through a proxy."""
        return all(ipaddress.ip_address(host).is_loopback for host in self.hosts)

    def leads(self, address: Address) -> bool:
        """Whether an address of this machine is listened on.

        Behind loopback alone only a proxy or a forwarded port of the operator's can lead here, and from which address
        is not ours to know: none is ruled out.
        """
        if self.is_of_this_machine_alone:
            return True
        everywhere = "0.0.0.0" if address.version == 4 else "::"
        return everywhere in self.hosts or str(address) in self.hosts

    def here(self) -> str:
        """What to type on this machine."""
        own = {"127.0.0.1", "::1", "0.0.0.0", "::"} & set(self.hosts)
        return _address("localhost" if own or not self.hosts else self.hosts[0], self.port)


def typed_addresses(machine: Machine, names: Iterable[str], door: Door) -> list[str]:
    """The https addresses a neighbour can type, best first: given names, LAN addresses, `<hostname>.local`.

    Only those that can lead here: an address that is not listened on is left out, and so is `<hostname>.local` unless
    every address it may stand for is listened on. A name is the proxy's where there is one, or nobody else could come
    in. Link-local IPv6 addresses need a zone and cannot be typed into a browser; they are left out.
    """
    by_proxy = door.behind_proxy or door.is_of_this_machine_alone
    listed = [_address(name, 443 if by_proxy else door.port) for name in names]
    typed = [a for a in machine.addresses if not (a.version == 6 and a.is_link_local)]
    listed += [_address(str(a), door.port) for a in typed if door.leads(a)]
    if machine.local_name_resolves and typed and all(map(door.leads, typed)):
        listed.append(_address(f"{machine.hostname}.local", door.port))
    return list(dict.fromkeys(listed))


def _address(host: str, port: int) -> str:
    suffix = "" if port == 443 else f":{port}"
    return f"https://{_bracketed(host)}{suffix}/"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
