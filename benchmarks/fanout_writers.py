"""Who draws in the fan-out: one who saves to the product, one who tells the room server; neither does more than the other.

Owns the two blocking clients: each sends a stroke over TLS and waits for its acknowledgement.
"""

from __future__ import annotations

import json
import socket
import ssl
import time

from benchmarks.viewers import LENGTH, frame, take_frame
from tests.support.product import Person


def tls_socket(port: int) -> ssl.SSLSocket:
    """A connection to a server on this machine, its certificate unchecked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(plain, server_hostname="localhost")


class SaveWriter:
    """The owner, who draws and waits for the acknowledgement; no more of a client than the room server's writer is."""

    def __init__(self, port: int, owner: Person, notebook: int) -> None:
        self.sock = tls_socket(port)
        cookies = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
        self._head = (
            f"POST /SAVE/{notebook} HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {cookies}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def send(self, number: int, ink: str) -> tuple[float, float]:
        """The moments at which it was sent and at which it was acknowledged as change `number`."""
        body = json.dumps([["a", ink, f"s{number}"]]).encode()
        request = b"%s%d\r\n\r\n%s" % (self._head, len(body), body)
        began = time.monotonic()
        self.sock.sendall(request)
        data = b""
        while not (length := LENGTH.search(data)) or len(data) < data.index(b"\r\n\r\n") + 4 + int(length[1]):
            got = self.sock.recv(65536)
            assert got, "the server closed the writer's connection"
            data += got
        ended = time.monotonic()
        head, _, told = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ") and json.loads(told)["seq"] == number, data
        return began, ended


class RoomWriter:
    """One websocket client of the room server that draws and waits for the acknowledgement."""

    def __init__(self, port: int) -> None:
        self.sock = tls_socket(port)
        self.sock.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.sock.recv(4096)
        self._data = data.partition(b"\r\n\r\n")[2]
        self._until(b"0")
        self.sock.sendall(frame(b"40"))
        self._until(b"40")

    def _until(self, start: bytes) -> None:
        while True:
            text, self._data = take_frame(self._data)
            if text is None:
                self._data += self.sock.recv(65536)
            elif text == b"2":
                self.sock.sendall(frame(b"3"))
            elif text.startswith(start):
                return

    def send(self, number: int, ink: str) -> float:
        event = json.dumps(["stroke", {"n": number, "svg": ink}], separators=(",", ":")).encode()
        began = time.monotonic()
        self.sock.sendall(frame(b"42%d" % number + event))
        self._until(b"43%d" % number)
        return began
