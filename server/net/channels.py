"""What a connection needs of its bytes (`Channel`), and a socket in clear as the simplest of them.

Owns the socket of a connection; knows nothing of HTTP. Used by the I/O thread of the connection alone. `tls_channel`
is the other one; the product has no other use for the plain one than to answer plain HTTP politely and to read on
without decrypting after the goodbye.
"""

import socket
import ssl
from typing import Protocol

_EMPTY = memoryview(b"")


class ConnectionLost(Exception):
    """The connection broke: reset, garbage instead of TLS, a failed handshake. No answer is possible."""


class PlainHttp(Exception):
    """Somebody speaks HTTP to the TLS port; the argument is what was said."""


class Channel(Protocol):
    """Non-blocking bytes in and out."""

    sock: socket.socket
    ended: bool
    """The peer has said everything (close_notify or FIN)."""
    unsent: memoryview
    """Bytes taken by `send` that the socket did not take yet."""

    @property
    def silent(self) -> bool:
        """Whether not one byte of a handshake has come yet."""

    def handshake(self) -> bytes | None:
        """Go on with the handshake; None while unfinished, then the first bytes (maybe none)."""

    def receive(self) -> bytes:
        """What has arrived; b"" for nothing yet or (`ended`) the end."""

    def push_ahead(self) -> None:
        """Send what waited to go out with an answer."""

    def send(self, data: bytes | memoryview, *, last: bool = False) -> None:
        """Take all of `data`; call only while `unsent` is empty. After `last` nothing more is sent but FIN."""

    def seal(self, data: bytes, *, last: bool = False) -> None:
        """As `send`, but all of it stays in `unsent` until `flush`."""

    def flush(self) -> bool:
        """Try to send `unsent`; True when some of it went."""

    def discard(self) -> None:
        """Read once and throw it away."""

    def finish(self) -> None:
        """Say goodbye: close_notify, then FIN. Reading stays possible."""

    def close(self) -> None:
        """Give the socket back."""


class Scratch:
    """The buffers that the connections of one I/O thread share."""

    __slots__ = ("buffer", "incoming", "outgoing", "view")

    def __init__(self, receive_bytes: int) -> None:
        self.buffer = bytearray(receive_bytes)
        self.view = memoryview(self.buffer)
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()


class PlainChannel:
    """A socket as it is."""

    __slots__ = ("_scratch", "ended", "sock", "unsent")

    def __init__(self, sock: socket.socket, scratch: Scratch) -> None:
        self.sock = sock
        self.ended = False
        self.unsent = _EMPTY
        self._scratch = scratch

    @property
    def silent(self) -> bool:
        """There is no handshake to wait for."""
        return False

    def handshake(self) -> bytes | None:
        """Nothing to agree on."""
        return b""

    def receive(self) -> bytes:
        """Read once. Raises ConnectionLost."""
        try:
            count = self.sock.recv_into(self._scratch.buffer)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            raise ConnectionLost(str(error)) from None
        if not count:
            self.ended = True
            return b""
        return bytes(self._scratch.view[:count])

    def push_ahead(self) -> None:
        """Nothing waits here."""

    def send(self, data: bytes | memoryview, *, last: bool = False) -> None:
        """Write what the socket takes, keep the rest. Raises ConnectionLost."""
        try:
            sent = self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            raise ConnectionLost(str(error)) from None
        if sent != len(data):
            self.unsent = memoryview(data)[sent:]

    def seal(self, data: bytes, *, last: bool = False) -> None:
        """Keep `data` for `flush`."""
        self.unsent = memoryview(data)

    def flush(self) -> bool:
        """Write more of the rest. Raises ConnectionLost."""
        unsent = self.unsent
        if not unsent:
            return False
        try:
            sent = self.sock.send(unsent)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            raise ConnectionLost(str(error)) from None
        self.unsent = unsent[sent:] if sent < len(unsent) else _EMPTY
        return sent > 0

    def discard(self) -> None:
        """Read once and throw it away, without decrypting. Raises ConnectionLost."""
        try:
            if not self.sock.recv_into(self._scratch.buffer):
                self.ended = True
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise ConnectionLost(str(error)) from None

    def finish(self) -> None:
        """Send FIN."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.ended = True  # already dead: nothing will come either

    def close(self) -> None:
        """Close the socket; an error of a dead socket means nothing any more."""
        self.unsent = _EMPTY
        try:
            self.sock.close()
        except OSError:
            self.ended = True
