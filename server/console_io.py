"""The two ways to the console: standard input, and a socket in the data folder (`python main.py console`).

Owns the reading of whole lines within a bound, the socket's place and mode (0600: only the server's own user
may connect) and the client half. Knows no command. Runs on the console thread and the console-socket thread of
the server, and on the main thread of `python main.py console`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from server.console import MAX_LINE_CHARS, Operator, console

SOCKET_NAME = "console.sock"


class ConsoleUnavailable(Exception):
    """No server can be reached by the console socket; the message says what to do."""


class StreamTerminal:
    """A console on two text streams, for example standard input and output."""

    def __init__(self, source: TextIO, sink: TextIO) -> None:
        self._source = source
        self._sink = sink

    def read_line(self) -> str | None:
        try:
            line = self._source.readline(MAX_LINE_CHARS)
            if line and not line.endswith("\n") and len(line) >= MAX_LINE_CHARS:
                while (rest := self._source.readline(MAX_LINE_CHARS)) and not rest.endswith("\n"):
                    continue  # the rest of an over-long line is thrown away
        except (OSError, ValueError):
            return None
        return line.rstrip("\r\n") if line else None

    def write(self, text: str) -> None:
        try:
            self._sink.write(text + "\n")
            self._sink.flush()
        except (OSError, ValueError):
            return  # the terminal is gone; its reader ends next


def start_reading_standard_input(operator: Operator) -> None:
    """Starts the console thread: commands from standard input until it ends.

    End of input stops the server only where a person closed a terminal (O2); `</dev/null` just closes the console.
    """
    is_terminal = sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()

    def read() -> None:
        left_by_exit = console(operator, StreamTerminal(sys.stdin, sys.stdout))
        if not left_by_exit and is_terminal:
            operator.request_stop("end of input on the terminal")

    threading.Thread(target=read, name="console", daemon=True).start()


class ConsoleSocket:
    """Serves the console over a Unix socket, one connection at a time per thread, for `--no-console` servers."""

    def __init__(self, data_dir: Path, operator: Operator) -> None:
        self._path = data_dir / SOCKET_NAME
        self._operator = operator
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Listen, where the system has Unix sockets; elsewhere there is only standard input."""
        if not hasattr(socket, "AF_UNIX"):
            return
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            _bind_in_folder(listener, self._path)
        except OSError:
            listener.close()  # the path is too long for a socket, or the file system has none
            return
        finally:
            os.umask(before)
        listener.listen(4)
        self._listener = listener
        threading.Thread(target=self._accept, name="console-socket", daemon=True).start()

    def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._path.unlink(missing_ok=True)

    @staticmethod
    def remove(data_dir: Path) -> None:
        """Take the socket's name away without waiting for anything, for a server that leaves at once."""
        with contextlib.suppress(OSError):
            os.unlink(data_dir / SOCKET_NAME)

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(connection,), name="console-client", daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        with (
            connection,
            connection.makefile("r", encoding="utf-8", errors="replace") as source,
            connection.makefile("w", encoding="utf-8", errors="replace") as sink,
        ):
            console(self._operator, StreamTerminal(source, sink))


def _bind_in_folder(listener: socket.socket, path: Path) -> None:
    """Bind by the short relative name where the absolute one is too long for a socket address (108 bytes)."""
    if len(os.fsencode(path)) < 100:
        listener.bind(str(path))
        return
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)
        listener.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


def connect(data_dir: Path, *, timeout_s: float | None = None) -> socket.socket:
    """Connect to the console of the server that runs on this data folder.

    Raises:
        ConsoleUnavailable: there is none, or this system has no Unix sockets.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ConsoleUnavailable(
            "This system has no Unix sockets; use the console in the server's own window."
        )
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(data_dir)
        connection.connect(SOCKET_NAME)
    except OSError as error:
        connection.close()
        raise ConsoleUnavailable(
            f"No server runs on {data_dir}. Start it, or name its folder with --data-dir."
        ) from error
    finally:
        os.fchdir(here)
        os.close(here)
    return connection


def ask(data_dir: Path, line: str) -> str:
    """Give the running server one command and return what it wrote."""
    with connect(data_dir, timeout_s=120) as connection:
        connection.sendall(line.encode() + b"\n")
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")


def talk(data_dir: Path, source: TextIO, write: Callable[[str], None]) -> None:
    """`python main.py console`: lines from `source` to the server, its answers to `write`, until either ends."""
    with connect(data_dir) as connection:
        write("Connected. `help` lists the commands; the end of input leaves.\n")
        reader = threading.Thread(target=_copy, args=(connection, write), daemon=True)
        reader.start()
        for line in source:
            try:
                connection.sendall(line.encode())
            except OSError:
                break  # the server has gone
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            return
        reader.join(timeout=30)


def _copy(connection: socket.socket, write: Callable[[str], None]) -> None:
    try:
        while part := connection.recv(65536):
            write(part.decode("utf-8", "replace"))
    except OSError:
        return
