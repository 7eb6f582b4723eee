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
        """One JSON answer for many waiting polls, with all its headers (P1)."""
        headers = [("Retry-After", "1")] if status == 503 else []
        return self.encoded(self.finished(raw_json_response(status, body, headers)))
