"""Many viewers of one notebook in one process, over TLS, driven by a selector; told apart from the server in /proc.

Joins as a page does (new TLS connection, the document, then the poll; or a websocket into the room of the peer),
prints `joined`, then for every change one JSON line with the moment (monotonic clock) at which the last viewer had it.
Ends when standard input ends. Standard library only.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import selectors
import socket
import ssl
import struct
import sys
import time
from collections import Counter

AT_ONCE = 48
QUIET_S = 0.004
LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
REACHED = re.compile(rb'"to":(\d+)')


class Viewer:
    """One connection: what is to be sent next and how far it has come. `step` names what it waits for."""

    def __init__(self, port: int, source: str, context: ssl.SSLContext) -> None:
        plain = socket.socket()
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.bind((source, 0))
        plain.connect_ex(("127.0.0.1", port))
        self.sock = context.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False)
        self.step = "connecting"
        self.data = b""
        self.at = 0

    def handshake(self) -> int:
        """Goes on with the handshake; which event it waits for, 0 when it is done."""
        try:
            self.sock.do_handshake()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        return 0

    def receive(self) -> None:
        while True:
            try:
                got = self.sock.recv(65536)
            except ssl.SSLWantReadError:
                return
            if not got:
                raise SystemExit("a viewer was disconnected")
            self.data += got
            if not self.sock.pending():
                return


class Polls:
    """How a viewer of this product talks."""

    def __init__(self, code: str) -> None:
        self.code = code

    def begin(self, viewer: Viewer) -> None:
        viewer.sock.send(self._get(f"/Notebook.svg?nb={self.code}"))

    def take(self, viewer: Viewer) -> bool:
        """Whether a whole message was there; it is taken."""
        data = viewer.data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return False
        length = LENGTH.search(data, 0, end)
        if viewer.step == "watching":
            if length is None or len(data) < end + 4 + int(length[1]):
                return False
            reached = REACHED.search(data, end)
            if reached is None:
                raise SystemExit(f"unexpected answer: {data[:300]!r}")
            viewer.at = int(reached[1])
            viewer.data = b""
            return True
        head, body = data[:end], data[end + 4 :]
        if length is None:  # the document is streamed
            if not body.endswith(b"\r\n0\r\n\r\n"):
                return False
        elif len(body) < int(length[1]):
            return False
        sequence = re.search(rb"(?i)\r\nx-notebook-seq: (\d+)", head)
        if not head.startswith(b"HTTP/1.1 200") or sequence is None:
            raise SystemExit(f"unexpected answer: {head[:300]!r}")
        viewer.at = int(sequence[1])
        viewer.data = b""
        return True

    def ready_after_join(self, viewer: Viewer) -> bool:
        return True

    def go_on(self, viewer: Viewer) -> None:
        viewer.sock.send(self._get(f"/UPDATE?code={self.code}&since={viewer.at}"))

    def _get(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode()


class Room:
    """How a viewer of the room server talks: Engine.IO 4 over a websocket."""

    def begin(self, viewer: Viewer) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        viewer.sock.send(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def take(self, viewer: Viewer) -> bool:
        if viewer.step == "joining" and viewer.data.startswith(b"HTTP/1.1 101"):
            _head, blank, rest = viewer.data.partition(b"\r\n\r\n")
            if not blank:
                return False
            viewer.data = rest
        text, viewer.data = take_frame(viewer.data)
        if text is None:
            return False
        if text.startswith(b"0"):
            viewer.sock.send(frame(b"40"))
        elif text == b"2":
            viewer.sock.send(frame(b"3"))
        elif text.startswith(b"40"):
            viewer.at = 0
            viewer.step = "in"
        elif number := re.search(rb'"n":(\d+)', text):
            viewer.at = int(number[1])
        return True

    def ready_after_join(self, viewer: Viewer) -> bool:
        return viewer.step == "in"

    def go_on(self, viewer: Viewer) -> None:
        return


def frame(text: bytes) -> bytes:
    """A masked text frame (RFC 6455, 5.2); a mask of zeros costs the least."""
    if len(text) < 126:
        return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text
    return bytes([0x81, 0xFE]) + struct.pack(">H", len(text)) + bytes(4) + text


def take_frame(data: bytes) -> tuple[bytes | None, bytes]:
    """The text of the first whole frame, and what follows it."""
    if len(data) < 2:
        return None, data
    length, start = data[1] & 0x7F, 2
    if length == 126:
        if len(data) < 4:
            return None, data
        length, start = struct.unpack_from(">H", data, 2)[0], 4
    if len(data) < start + length:
        return None, data
    return data[start : start + length], data[start + length :]


def join(selector: selectors.BaseSelector, talk: Polls | Room, options: argparse.Namespace) -> list[Viewer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    viewers: list[Viewer] = []
    under_way = 0
    inside = 0
    while inside < options.count:
        while under_way < AT_ONCE and len(viewers) < options.count:
            source = f"127.0.1.{options.first_address + len(viewers) % 8}"
            viewer = Viewer(options.port, source, context)
            viewers.append(viewer)
            selector.register(viewer.sock, selectors.EVENT_WRITE, viewer)
            under_way += 1
        for key, _ in selector.select(5.0):
            viewer = key.data
            if viewer.step == "connecting":
                wanted = viewer.handshake()
                if wanted:
                    selector.modify(viewer.sock, wanted, viewer)
                    continue
                viewer.step = "joining"
                selector.modify(viewer.sock, selectors.EVENT_READ, viewer)
                talk.begin(viewer)
                continue
            viewer.receive()
            while talk.take(viewer):
                if viewer.step != "watching" and talk.ready_after_join(viewer):
                    viewer.step = "watching"
                    talk.go_on(viewer)
                    inside += 1
                    under_way -= 1
                    break
    return viewers


def watch(selector: selectors.BaseSelector, talk: Polls | Room, count: int) -> None:
    """Until standard input ends: who has got what, and on to the next.

    Whoever was served asks again when all were, or when nothing came for a moment: real viewers have processors of
    their own, and these here must not take the server's from it while others still wait.
    """
    reached: Counter[int] = Counter()
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    while True:
        served: list[Viewer] = []
        while ready := selector.select(QUIET_S if served else None):
            for key, _ in ready:
                viewer = key.data
                if viewer is None:
                    return
                before = viewer.at
                viewer.receive()
                had_it = time.monotonic()
                while viewer.data and talk.take(viewer):
                    served.append(viewer)
                for number in range(before + 1, viewer.at + 1):
                    reached[number] += 1
                    if reached[number] == count:
                        print(json.dumps({"seq": number, "last": had_it}), flush=True)
            if len(served) >= count:
                break
        for viewer in served:
            talk.go_on(viewer)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--code", help="share code; without one the viewers join the room server")
    arguments.add_argument("--count", type=int, required=True)
    arguments.add_argument(
        "--first-address", type=int, default=1, help="last number of 127.0.1.x, eight are used"
    )
    options = arguments.parse_args()
    talk: Polls | Room = Polls(options.code) if options.code else Room()
    selector = selectors.DefaultSelector()
    began = time.monotonic()
    join(selector, talk, options)
    print(json.dumps({"joined": options.count, "took_s": time.monotonic() - began}), flush=True)
    watch(selector, talk, options.count)


if __name__ == "__main__":
    main()
