"""Takes polls that memory cannot answer to a handler thread, those of one notebook together.

Owns the batching: after a restart a thousand polls ask the same of the log, and they are one job, not a thousand.
`put` may be called on any thread and never blocks; where the pool is full the polls are answered 503.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from http_core.packet import EncodedResponse
from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.polls import Poll
from server.web.failures import failure_body

Job = Callable[[], None]


class PollLogQueue:
    """Polls on their way to the log, by notebook."""

    def __init__(
        self,
        submit: Callable[[Job], bool],
        answer_all: Callable[[list[Poll]], None],
        encode: Callable[[int, bytes], EncodedResponse],
    ) -> None:
        """Makes an empty queue.

        Args:
            submit: hands a job to the pool; False where it is full.
            answer_all: answers polls from the log; blocks.
            encode: status and JSON body to a whole response.
        """
        self._submit = submit
        self._answer_all = answer_all
        self._encode = encode
        self._waiting: dict[NotebookId, list[Poll]] = {}
        self._lock = threading.Lock()

    def put(self, notebook_id: NotebookId, polls: list[Poll]) -> None:
        """Takes polls of one notebook."""
        with self._lock:
            waiting = self._waiting.get(notebook_id)
            if waiting is not None:
                waiting.extend(polls)
                return
            self._waiting[notebook_id] = list(polls)
        if not self._submit(lambda: self._work(notebook_id)):
            failure = Failure.of("busy", retry_after_s=1)
            answer = self._encode(failure.status, failure_body(failure))
            for poll in self._take(notebook_id):
                poll.exchange.answer(answer)

    def _work(self, notebook_id: NotebookId) -> None:
        self._answer_all(self._take(notebook_id))

    def _take(self, notebook_id: NotebookId) -> list[Poll]:
        with self._lock:
            return self._waiting.pop(notebook_id, [])
