"""What is said when the server is ready: the start text, the [INIT] line, the word to the service manager.

Owns which facts of the parts are told, the notes about what was noticed on the way, and the datagram to the socket that
NOTIFY_SOCKET names; the words are in `start_text`. Main thread.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Mapping

from server import __version__
from server.addresses import Door
from server.capacity import descriptor_note, free_bytes, room_note
from server.data import OpenData
from server.identity import Identity
from server.net.descriptors import affordable_connections, descriptor_limit
from server.net.net_limits import NetLimits
from server.settings import Settings
from server.start_text import start_text
from server.updates.loop import LoopLimits

_log = logging.getLogger("server")


def announce(
    settings: Settings, identity: Identity, door: Door, data: OpenData, *, notes: list[str], took_s: float
) -> None:
    """Say that the server is ready, to everybody who is told.

    Args:
        settings: what the operator chose.
        identity: the certificate and the addresses.
        door: where it listens.
        data: the data folder and its database.
        notes: what the operator should know, a sentence each (`start_notes`).
        took_s: how long the start took.
    """
    print(
        start_text(
            version=__version__,
            addresses=identity.told(),
            here=door.here(),
            kept=data.storage.describe(),
            data_dir=str(settings.data_dir),
            certificate=identity.certificate,
            notes=notes,
            console=settings.console,
            alone=door.is_of_this_machine_alone,
        ),
        flush=True,
    )
    _log.info("[INIT] ready on port %d after %.0f ms", door.port, took_s * 1000)
    tell_service_manager(os.environ, "READY=1")


def start_notes(
    identity: Identity, data: OpenData, limits: NetLimits, *, can_store: bool, now_ms: int
) -> list[str]:
    """What was done or noticed during this start: certificate, data, what the machine has too little of.

    Args:
        identity: the certificate in use.
        data: the data folder and its database.
        limits: what the connections may take.
        can_store: whether the update process is up.
        now_ms: the wall clock.
    """
    affordable = affordable_connections(limits.max_connections, limits.descriptor_reserve)
    notes = [
        *identity.notes(now_ms),
        *data.notes,
        *data.storage.warnings,
        descriptor_note(descriptor_limit(), limits.max_connections, affordable),
        room_note(free_bytes(data.data_dir), LoopLimits().min_free_bytes, data.data_dir),
    ]
    if not can_store:
        notes.append("Changes cannot be stored yet: the update process has not come up. The log says why.")
    return [note for note in notes if note]


def tell_service_manager(environment: Mapping[str, str], state: str) -> None:
    """Send one state to a service manager (sd_notify(3)); never fails and never blocks: whether it listens is its business.

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
