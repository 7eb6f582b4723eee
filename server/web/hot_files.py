"""The fast road for static files: the whole answer, encoded once a second.

Owns a small table of wire bytes for plain GETs of files, as every first visit sends them. Whatever has a condition, a
range or another method takes the usual road. Measured: the encoding of the same head is most of such an answer's
cost. I/O threads only; each entry is replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Callable

from http_core.packet import EncodedResponse, Request
from server.web.answer_desk import AnswerDesk
from server.web.static_files import StaticFiles, accepts_gzip, has_conditions

_MOST_ENTRIES = 512
_LARGEST = 256 * 1024


class HotFiles:
    """Encoded answers of the running second."""

    def __init__(
        self,
        files: StaticFiles,
        desk: AnswerDesk,
        now_ms: Callable[[], int],
    ) -> None:
        """Makes an empty table.

        Args:
            files: the static files.
            desk: finishes and encodes answers.
            now_ms: the wall clock; the Date of an answer is at most a second old.
        """
        self._files = files
        self._desk = desk
        self._now_ms = now_ms
        self._second = 0
        self._entries: dict[tuple[str, bool], EncodedResponse] = {}

    def answer(self, request: Request) -> EncodedResponse | None:
        """The answer to a plain GET of a file, or None for the usual road."""
        path = request.target.path
        if path not in self._files or request.method != "GET" or has_conditions(request):
            return None
        second = self._now_ms() // 1000
        if second != self._second:
            self._entries = {}
            self._second = second
        key = (path, accepts_gzip(request.headers.get("accept-encoding")))
        found = self._entries.get(key)
        if found is None and len(self._entries) < _MOST_ENTRIES:
            response = self._files.answer(request)
            if response is not None and len(response.body) <= _LARGEST:
                found = self._entries[key] = self._desk.encoded(self._desk.finished(response))
        return found
