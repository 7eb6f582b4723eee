"""The listening sockets: bound once at start, IPv4 and IPv6, with a sentence for every reason why not.

Runs on the main thread before the acceptor takes the sockets over.
"""

from __future__ import annotations

import errno
import socket

from server.settings import DEFAULT_PORT, Settings, SettingsError


def make_listeners(settings: Settings) -> list[socket.socket]:
    """Bind and listen; IPv4 and IPv6 on every interface by default.

    Raises:
        SettingsError: the port is taken, needs a right this user lacks, or the address is not this machine's.
    """
    hosts = settings.hosts or (("::", "0.0.0.0") if socket.has_ipv6 else ("0.0.0.0",))
    listeners: list[socket.socket] = []
    port = settings.port
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            if settings.hosts:
                raise SettingsError(
                    f"--host {host}: this machine has no IPv{6 if ':' in host else 4}."
                ) from None
            continue  # no IPv6 here
        try:
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if socket.SO_REUSEADDR and hasattr(socket, "SO_REUSEPORT"):
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(512)
        except OSError as error:
            listener.close()
            if (
                family == socket.AF_INET6
                and not settings.hosts
                and not isinstance(error, PermissionError)
                and not _in_use(error)
            ):
                continue  # IPv6 is switched off on this machine
            for other in listeners:
                other.close()
            raise SettingsError(_bind_sentence(host, port, error)) from error
        listener.setblocking(False)
        port = listener.getsockname()[1]  # with --port 0 both families share the port that was found
        listeners.append(listener)
    return listeners


def _in_use(error: OSError) -> bool:
    return error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE))


def _bind_sentence(host: str, port: int, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return (
            f"Port {port} needs a right that this user lacks. Use --port {DEFAULT_PORT}, "
            f"or give the right: docs/operations.md, 'Port 443'."
        )
    if _in_use(error):
        return f"Port {port} is in use: another server, or this one started twice. Stop it, or use --port with another number."
    return f"Cannot listen on {host} port {port}: {error.strerror}. Check --host against the addresses of this machine."
