"""The smallest application that shows everything `server.net` does: one path per behaviour.

Owns no rule of the product. `log` keeps the access records, `parked` the exchanges that wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from http_core.errors import ParsingError
from http_core.packet import EncodedResponse, Request, Response
from http_core.writer import encode_shared
from server.net import AccessRecord, Exchange

BIG = bytes(range(256)) * 4096 * 5  # 5 MiB
DATE = "Sun, 22 Nov 2026 18:00:00 GMT"
TEXT = [("Content-Type", "text/plain")]


class TinyApplication:
    """Answers by path; see `handle`."""

    def __init__(self) -> None:
        self.records: list[AccessRecord] = []
        self.parked: list[Exchange] = []
        self.gone: list[Exchange] = []
        self.handled: list[Request] = []
        self.refused: list[Request | None] = []
        self.pulled = 0
        self.closed_streams = 0
        self.pool_full = False
        self.limit = 1 << 20
        self.threads: list[threading.Thread] = []

    def body_limit(self, request: Request) -> int:
        return self.limit

    def early_refusal(self, exchange: Exchange) -> Response | None:
        return Response(403, TEXT, b"no") if exchange.request.path == "/forbidden" else None

    def handle(self, exchange: Exchange) -> None:
        request = exchange.request
        self.handled.append(request)
        match request.path:
            case "/echo":
                exchange.answer(
                    Response(200, TEXT, f"{request.method} {request.query}".encode() + request.body)
                )
            case "/thread":
                self.run_blocking(lambda: exchange.answer(Response(200, TEXT, b"from a thread")))
            case "/slow":
                self.run_blocking(lambda: (time.sleep(0.2), exchange.answer(Response(200, TEXT, b"slow"))))
            case "/never":
                return
            case "/park":
                exchange.park()
                exchange.on_gone(lambda: self.gone.append(exchange))
                self.parked.append(exchange)
            case "/timer":
                exchange.park()
                exchange.call_later(0.05, lambda: exchange.answer(Response(200, TEXT, b"later")))
            case "/twice":
                first = exchange.answer(Response(200, TEXT, b"first"))
                assert first and not exchange.answer(Response(200, TEXT, b"second"))
            case "/shared":
                exchange.answer(shared(b"shared"))
            case "/204":
                exchange.answer(Response(204))
            case "/big":
                exchange.answer(Response(200, TEXT, BIG))
            case "/stream":
                exchange.answer(Response(200, TEXT, stream=self.pieces(40, 32 * 1024)))
            case "/short-stream":
                exchange.answer(Response(200, TEXT, stream=iter([b"one ", b"", b"two"])))
            case "/broken-stream":
                exchange.answer(Response(200, TEXT, stream=self.broken(2)))
            case "/dead-stream":
                exchange.answer(Response(200, TEXT, stream=self.broken(0)))
            case "/unsafe":
                exchange.answer(Response(200, [("X-Bad", "a\r\nb")], b""))
            case "/close":
                exchange.answer(Response(200, TEXT, b"bye", close=True))
            case _:
                raise RuntimeError("a handler that fails")

    def pieces(self, count: int, size: int) -> Iterator[bytes]:
        try:
            for number in range(count):
                self.pulled += 1
                yield bytes([number % 256]) * size
        finally:
            self.closed_streams += 1

    def broken(self, after: int) -> Iterator[bytes]:
        for _ in range(after):
            yield b"x" * 10
        raise RuntimeError("a stream that fails")

    def refuse(self, error: ParsingError, peer: str, request: Request | None = None) -> Response:
        self.refused.append(request)
        return Response(error.status, TEXT, error.reason.encode())

    def plain_http(self, first_bytes: bytes) -> bytes:
        return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhttps"

    def run_blocking(self, job: Callable[[], None]) -> bool:
        if self.pool_full:
            return False
        thread = threading.Thread(target=job, daemon=True)
        thread.start()
        return True

    def log(self, record: AccessRecord) -> None:
        self.records.append(record)


def shared(body: bytes) -> EncodedResponse:
    return encode_shared(Response(200, TEXT, body), date=DATE)


def eventually(condition: Callable[[], object], within_s: float = 3.0) -> bool:
    """Wait until something holds; for what happens on other threads."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.005)
    return bool(condition())
