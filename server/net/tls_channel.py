"""Bytes of one connection through TLS.

Owns the TLS object of a connection, on its I/O thread alone (an SSL object may not be shared between threads). TLS
works on two memory buffers that all connections of the thread share: each operation leaves them empty again, so a
waiting connection holds no buffer, and one `recv` takes all records that have arrived. A FIN without close_notify
ends the channel like any other end: whoever waited for more bytes got an incomplete message (RFC 9112, 9.8).
"""

import contextlib
import socket
import ssl

from server.net.channels import ConnectionLost, PlainChannel, PlainHttp, Scratch

_TLS_HANDSHAKE = 0x16
_MAX_FIRST_BYTES = 8192
_MAX_BARREN_BYTES = 64 * 1024
_MOST_PLAIN_BYTES = 64 * 1024


class TlsChannel(PlainChannel):
    """A socket with TLS over the shared memory buffers."""

    __slots__ = ("_ahead", "_barren_bytes", "_first_bytes", "_parted", "_tls")

    def __init__(self, sock: socket.socket, scratch: Scratch, context: ssl.SSLContext) -> None:
        super().__init__(sock, scratch)
        self._tls: ssl.SSLObject | None = context.wrap_bio(
            scratch.incoming, scratch.outgoing, server_side=True
        )
        self._first_bytes: bytes | None = b""
        """What came before it was clear whether TLS is spoken; None when it is."""
        self._barren_bytes = 0
        self._parted = False
        """Whether close_notify was written."""
        self._ahead = b""
        """Session tickets that go out with the first answer, or at the latest with `push_ahead`."""

    def handshake(self) -> bytes | None:
        """One step. Raises PlainHttp (first bytes are not TLS but look like HTTP) or ConnectionLost."""
        scratch = self._scratch
        count = self._receive_raw()
        if not count:
            if self.ended:
                raise ConnectionLost("closed in the handshake")
            return None
        if self._first_bytes is not None:
            self._look_at_first_bytes(count)
            if self._first_bytes is not None:
                return None
        scratch.incoming.write(scratch.view[:count])
        tls = self._tls
        assert tls is not None
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            self._push_out()
            return None
        except (ssl.SSLError, ValueError) as error:
            self._push_out()  # the alert
            scratch.incoming.read()
            raise ConnectionLost(str(error)) from None
        if scratch.incoming.pending:  # a request came with the last flight: one `send` less
            self._ahead = scratch.outgoing.read()
            return self._decrypt()
        self._push_out()
        return b""

    def push_ahead(self) -> None:
        """Send what has waited for an answer that is not there yet."""
        if self._ahead:
            self._push_out()

    def receive(self) -> bytes:
        """Read once and decrypt. Raises ConnectionLost."""
        scratch = self._scratch
        try:
            count = self.sock.recv_into(scratch.buffer)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            raise ConnectionLost(str(error)) from None
        if not count:
            self.ended = True
            return b""
        scratch.incoming.write(scratch.view[:count])
        data = self._decrypt()
        if data:
            self._barren_bytes = 0
        elif not self.ended:
            self._barren_bytes += count
            if self._barren_bytes > _MAX_BARREN_BYTES:
                raise ConnectionLost("TLS records without data")
        return data

    def send(self, data: bytes | memoryview, *, last: bool = False) -> None:
        """Encrypt all of `data`, write what the socket takes, keep the rest. Raises ConnectionLost."""
        super().send(self._sealed(data, last=last))

    def seal(self, data: bytes, *, last: bool = False) -> None:
        """Encrypt all of `data` and keep it for `flush`. Raises ConnectionLost."""
        super().seal(self._sealed(data, last=last))

    def _sealed(self, data: bytes | memoryview, *, last: bool) -> bytes:
        tls = self._tls
        assert tls is not None
        outgoing = self._scratch.outgoing
        try:
            tls.write(data)
        except ssl.SSLError as error:
            outgoing.read()
            raise ConnectionLost(str(error)) from None
        if last:
            self._say_goodbye(tls)
        sealed = outgoing.read()
        if self._ahead:
            sealed, self._ahead = self._ahead + sealed, b""
        return sealed

    def finish(self) -> None:
        """Send close_notify (unless older bytes still wait, which it may not overtake), then FIN."""
        tls = self._tls
        if tls is not None and not self.unsent:
            self._say_goodbye(tls)
            self._push_out()
        super().finish()

    def _say_goodbye(self, tls: ssl.SSLObject) -> None:
        """Let `tls` write close_notify, once; it may not be written to afterwards."""
        if not self._parted:
            self._parted = True
            with contextlib.suppress(ssl.SSLError, ValueError):  # the peer's own need not have come
                tls.unwrap()

    def close(self) -> None:
        """Close the socket and free the TLS state."""
        self._tls = None
        self._ahead = b""
        super().close()

    def _receive_raw(self) -> int:
        try:
            count = self.sock.recv_into(self._scratch.buffer)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise ConnectionLost(str(error)) from None
        if not count:
            self.ended = True
        return count

    def _decrypt(self) -> bytes:
        """All plain bytes of the records in the shared buffer, which is empty afterwards."""
        tls, scratch = self._tls, self._scratch
        assert tls is not None
        incoming = scratch.incoming
        data = b""
        try:
            data = piece = tls.read(_MOST_PLAIN_BYTES)
            while piece and incoming.pending:
                piece = tls.read(_MOST_PLAIN_BYTES)
                data += piece
            if not piece:  # close_notify; whatever follows it is not read
                self.ended = True
                incoming.read()
        except ssl.SSLWantReadError:
            pass  # the last record is not complete; the TLS object keeps its beginning
        except ssl.SSLError as error:
            incoming.read()
            self._push_out()  # the alert
            raise ConnectionLost(str(error)) from None
        if scratch.outgoing.pending:
            self._push_out()
        return data

    def _push_out(self) -> None:
        """Send what the TLS object wrote by itself (handshake, alert, key update), best effort."""
        sealed = self._scratch.outgoing.read()
        if self._ahead:
            sealed, self._ahead = self._ahead + sealed, b""
        if not sealed:
            return
        if self.unsent:
            self.unsent = memoryview(bytes(self.unsent) + sealed)
            return
        try:
            sent = self.sock.send(sealed)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.ended = True
            return
        if sent != len(sealed):
            self.unsent = memoryview(sealed)[sent:]

    def _look_at_first_bytes(self, count: int) -> None:
        """Tell plain HTTP from TLS by the first byte; an HTTP head is collected until its empty line."""
        said = (self._first_bytes or b"") + bytes(self._scratch.view[:count])
        first = said[0]
        if first == _TLS_HANDSHAKE:
            self._first_bytes = None
        elif not (0x41 <= first <= 0x5A or 0x61 <= first <= 0x7A):
            raise ConnectionLost("neither TLS nor HTTP")
        elif b"\r\n\r\n" in said or b"\n\n" in said or len(said) > _MAX_FIRST_BYTES:
            raise PlainHttp(said)
        else:
            self._first_bytes = said

    @property
    def silent(self) -> bool:
        """Whether no byte has come yet."""
        return self._first_bytes == b""

    @property
    def plain_beginning(self) -> bytes:
        """What came of an HTTP head that is not complete; b"" when TLS is spoken."""
        return self._first_bytes or b""
