"""What the machine gives a server: file descriptors, room on the disk and time for the garbage, and what to say where
that is little.

Owns raising the descriptor limit as far as it may go, how seldom garbage is looked for, and the sentences for the start
text. Too little never stops a start: fewer connections are served, or changes wait in the browsers until there is room.
Main thread, at start.
"""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

WANTED_DESCRIPTORS = 32_768
LITTLE_ROOM_BYTES = 500_000_000
GARBAGE_EVERY = (50_000, 20, 50)


def raise_descriptor_limit(wanted: int = WANTED_DESCRIPTORS) -> None:
    """Raise the soft limit of open files towards `wanted`; the hard limit and systems without limits stay as they are."""
    try:
        import resource
    except ImportError:
        return  # Windows has none
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (ValueError, OSError):
        return  # macOS has a lower cap of its own; what there is is told below


def collect_garbage_seldom() -> None:
    """Leaves out of every search for garbage what is here now, and looks for more a hundred times as seldom.

    Requests and answers hold no cycles, so nearly all of them go when their last user does. A thousand waiting polls are
    a hundred thousand objects, and looking through them all takes 22 ms in which nothing else happens.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_EVERY)


def descriptor_note(limit: int | None, wanted_connections: int, affordable_connections: int) -> str:
    """The sentence for too few descriptors, or nothing.

    Args:
        limit: open files this process may have, None for no limit.
        wanted_connections: what `max_connections` says.
        affordable_connections: what the limit leaves for connections.
    """
    if limit is None or affordable_connections >= wanted_connections:
        return ""
    return (
        f"Too few file descriptors ({limit:,}): at most {affordable_connections:,} connections are served at once. "
        f"For more, run `ulimit -n {WANTED_DESCRIPTORS}` before the start, or set LimitNOFILE= in the unit."
    )


def room_note(free_bytes: int, least_bytes: int, data_dir: Path) -> str:
    """The sentence for a disk that is nearly full, or nothing.

    Args:
        free_bytes: free on the disk of the data folder.
        least_bytes: below which changes are not taken.
        data_dir: the data folder.
    """
    if free_bytes >= LITTLE_ROOM_BYTES:
        return ""
    limit = f"{least_bytes // 1_000_000} MB"
    state = (
        f"below {limit} no change is taken: what people write waits in their browsers"
        if free_bytes < least_bytes
        else f"below {limit} what people write will have to wait in their browsers"
    )
    return f"The disk of {data_dir} is nearly full ({free_bytes // 1_000_000} MB free); {state}. Make room there."


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder, in bytes."""
    return shutil.disk_usage(folder).free
