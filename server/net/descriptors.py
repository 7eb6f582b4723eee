"""File descriptors: how many there are, and one kept aside for the moment when there are none.

Owns the look at the process limit and the spare descriptor of the acceptor. `resource` is imported where it is used,
because Windows has none.
"""

import os
import socket


def descriptor_limit() -> int | None:
    """The soft limit of open descriptors of this process, None where it is unlimited or unknown."""
    try:
        import resource
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def affordable_connections(wanted: int, reserve: int) -> int:
    """`wanted`, or what the descriptor limit leaves after `reserve` (at most half of it) for everything else."""
    limit = descriptor_limit()
    if limit is None:
        return wanted
    return max(1, min(wanted, limit - min(reserve, limit // 2)))


class SpareDescriptor:
    """A descriptor given up for a moment to accept and close a connection that would otherwise hang."""

    __slots__ = ("_descriptor",)

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self.take()

    def take(self) -> None:
        """Set one aside again, if there is one."""
        if self._descriptor is None:
            try:
                self._descriptor = os.open(os.devnull, os.O_RDONLY)
            except OSError:
                self._descriptor = None  # none left now; asked again the next time

    def shed_one(self, listener: socket.socket) -> None:
        """Accept one connection with the spare descriptor and close it at once."""
        self.release()
        try:
            connection, _ = listener.accept()
            connection.close()
        except OSError:
            return
        finally:
            self.take()

    def release(self) -> None:
        """Give it back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
