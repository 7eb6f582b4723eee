"""A small client for tests of `server.net`: raw bytes over TLS or in clear, one response at a time.

Owns reading a response as strictly as the tests need it (framing only) and cutting a stream into pieces. Knows
nothing about the server it talks to.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Answer:
    """One response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    interim: list[int] = field(default_factory=list)


class Ended(Exception):
    """The server closed the connection before a whole response was here."""


def client_context(**versions: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, version in versions.items():
        setattr(context, name, version)
    return context


CONTEXT = client_context()


class Wire:
    """One connection."""

    def __init__(
        self,
        port: int,
        *,
        tls: bool = True,
        timeout_s: float = 5.0,
        context: ssl.SSLContext | None = None,
        session: ssl.SSLSession | None = None,
        source: str | None = None,
    ) -> None:
        sock = socket.socket()
        sock.settimeout(timeout_s)
        # without it a closed connection keeps its port from every server for a minute, and runs here make thousands
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if source is not None:
            sock.bind((source, 0))
        try:
            sock.connect(("127.0.0.1", port))
        except BaseException:
            sock.close()
            raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            sock = (context or CONTEXT).wrap_socket(sock, server_hostname="localhost", session=session)
        self.sock = sock
        self.buffer = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.sock.sendall(piece)

    def send_all(self, pieces: Iterable[bytes]) -> None:
        """Send until done or until the server no longer listens."""
        try:
            for piece in pieces:
                self.sock.sendall(piece)
        except (OSError, ssl.SSLError):
            return

    def half_close(self) -> None:
        """FIN without close_notify: what a cut connection looks like."""
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.sock.fileno())) as twin:
            twin.shutdown(socket.SHUT_WR)

    def say_goodbye(self) -> None:
        """Send close_notify and wait for the server's; afterwards the socket is bare."""
        self.sock = self.sock.unwrap()

    def reset(self) -> None:
        """End with RST."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def get(self, path: str = "/echo", *fields: str) -> Answer:
        self.send("\r\n".join((f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", "")).encode())
        return self.read()

    def read(self, *, head_only: bool = False) -> Answer:
        """The next final response. Raises Ended, or TimeoutError."""
        interim: list[int] = []
        while True:
            status, headers = self._read_head()
            if 100 <= status < 200:
                interim.append(status)
                continue
            body = b"" if head_only or status in (204, 304) else self._read_body(headers)
            return Answer(status, headers, body, interim)

    def _read_head(self) -> tuple[int, dict[str, str]]:
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        return int(lines[0].split(" ")[1]), headers

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if "content-length" in headers:
            return self.take(int(headers["content-length"]))
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                while b"\r\n" not in self.buffer:
                    self._more()
                size, _, self.buffer = self.buffer.partition(b"\r\n")
                piece = self.take(int(size, 16) + 2)[:-2]
                if not piece:
                    return body
                body += piece
        return self.rest()

    def take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def rest(self) -> bytes:
        """Everything until the server closes."""
        while True:
            try:
                self._more()
            except Ended:
                data, self.buffer = self.buffer, b""
                return data

    def ended(self, within_s: float = 3.0) -> bool:
        """Whether the server closes within that time; what it says meanwhile stays in the buffer."""
        self.sock.settimeout(within_s)
        try:
            while True:
                self._more()
        except Ended:
            return True
        except TimeoutError:
            return False

    def silent(self, for_s: float) -> bool:
        """Whether nothing happens for that time."""
        self.sock.settimeout(for_s)
        try:
            self._more()
        except TimeoutError:
            return True
        except Ended:
            return False
        return False

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise
        except (OSError, ssl.SSLError) as error:
            raise Ended(str(error)) from None
        if not data:
            raise Ended("closed")
        self.buffer += data
