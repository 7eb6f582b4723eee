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
        self._asked: dict[Request, EncodedResponse] = {}
        """The same by request: the network part gives one and the same for the same bytes, and to look at its fields
        again cost two microseconds of twenty.
        """

    def answer(self, request: Request) -> EncodedResponse | None:
        """The answer to a plain GET of a file, or None for the usual road."""
        second = self._now_ms() // 1000
        if second != self._second:
            self._entries, self._asked = {}, {}
            self._second = second
        found = self._asked.get(request)
        if found is None and request.target.path in self._files:
            found = self._look(request)
            if found is not None and not request.body and len(self._asked) < _MOST_ENTRIES:
                self._asked[request] = found
        return found

    def _look(self, request: Request) -> EncodedResponse | None:
        path = request.target.path
        if request.method != "GET" or has_conditions(request):
            return None
        key = (path, accepts_gzip(request.headers.get("accept-encoding")))
        found = self._entries.get(key)
        if found is None and len(self._entries) < _MOST_ENTRIES:
            response = self._files.answer(request)
            if response is not None and len(response.body) <= _LARGEST:
                found = self._entries[key] = self._desk.encoded(self._desk.finished(response))
        return found
