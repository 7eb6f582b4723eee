"""The word to a service manager: ready, stopping (systemd's notify protocol, sd_notify(3)).

Owns one datagram to the socket that NOTIFY_SOCKET names; without that variable there is nobody to tell. Never fails
and never blocks: whether anybody listens is not the server's business. Main thread.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping


def tell_service_manager(environment: Mapping[str, str], state: str) -> None:
    """Send one state.

    Args:
        environment: where `NOTIFY_SOCKET` may be: a path, or a name of the abstract namespace that begins with `@`.
        state: `READY=1` or `STOPPING=1`.
    """
    name = environment.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.setblocking(False)
        channel.sendto(state.encode(), "\0" + name[1:] if name.startswith("@") else name)
