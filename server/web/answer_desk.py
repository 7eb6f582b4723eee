"""The last hands an answer passes through: security headers, no-store, and the wire form for many readers (H4, H6).

Owns what every answer of the product carries, in this one place: handlers' answers, failures, files, refusals of broken
requests, plain HTTP, and the answers that waiting polls share. Any thread, never blocks.
"""

from __future__ import annotations

from collections.abc import Callable

from http_core.dates import format_http_date
from http_core.packet import EncodedResponse, Response
from http_core.writer import encode_shared
from server.web.json_answer import NO_STORE, raw_json_response
from server.web.security_headers import SecurityHeaders

_NO_LENGTH = b"Content-Length: 0\r\n"


class AnswerDesk:
    """Finishes answers."""

    def __init__(self, *, hsts: bool, now_ms: Callable[[], int]) -> None:
        """Chooses the headers once.

        Args:
            hsts: whether answers carry Strict-Transport-Security.
            now_ms: the wall clock, for the Date of shared answers.
        """
        self._security = SecurityHeaders(hsts=hsts)
        self._now_ms = now_ms
        self._heads: dict[int, tuple[int, bytes, bytes]] = {}
        """By status: the second it is for, and the head before and after its Content-Length."""

    def finished(self, response: Response) -> Response:
        """Adds what every answer carries; an answer that says nothing of caches is not to be stored."""
        headers = response.headers
        if not any(name == "Cache-Control" for name, _ in headers):
            headers = [*headers, NO_STORE]
        response.headers = self._security.added_to(headers)
        return response

    def encoded(self, response: Response) -> EncodedResponse:
        """The wire form of a finished response, for many readers."""
        return encode_shared(response, date=format_http_date(self._now_ms() // 1000))

    def encode(self, status: int, body: bytes) -> EncodedResponse:
        """One JSON answer for many waiting polls, with all its headers (P1).

        Of the heads of one second and status only the lengths differ, and a stroke waits for each to be made.
        """
        second = self._now_ms() // 1000
        made_for, before, after = self._heads.get(status, (0, b"", b""))
        if made_for != second:
            headers = [("Retry-After", "1")] if status == 503 else []
            empty = self.finished(raw_json_response(status, b"", headers))
            before, _, after = encode_shared(empty, date=format_http_date(second)).wire.partition(_NO_LENGTH)
            self._heads[status] = second, before, after
        wire = b"%bContent-Length: %d\r\n%b%b" % (before, len(body), after, body)
        return EncodedResponse(status, wire)
