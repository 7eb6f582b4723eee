"""What has arrived in the update process and waits for its batch.

Owns the order in which saves are taken: per notebook as they came, between notebooks round robin, at most
256 KiB from one notebook in a batch, so that one writer cannot starve the others. Filled by the receiver
thread, emptied by the loop; one condition. Knows nothing of documents or the database.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple, assert_never

from server.domain.change import Change
from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.messages import Flush, Forget, Message, Ping, Save, Stop

NOTEBOOK_BATCH_BYTES = 256 * 1024
BATCH_BYTES = 512 * 1024


class WaitingSave(NamedTuple):
    """A save in the inbox.

    Attributes:
        save: as received.
        changes: what it says, or why it is refused, when it was parsed on its way in; else None.
        tries: the batches it was already in.
    """

    save: Save
    changes: list[Change] | Failure | None = None
    tries: int = 0


Waiting = WaitingSave | Forget


class Inbox:
    """Everything received and not yet taken."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._notebooks: dict[NotebookId, deque[Waiting]] = {}
        self._turns: deque[NotebookId] = deque()
        self._control: deque[Flush | Ping | Stop] = deque()
        self._woken = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the other end is gone: nothing more will arrive and no answer can be delivered."""
        return self._closed

    def put(self, messages: Iterable[Message | WaitingSave]) -> None:
        """Takes what came down the pipe, in order (receiver thread)."""
        with self._changed:
            for message in messages:
                match message:
                    case Save():
                        self._append(message.notebook_id, WaitingSave(message))
                    case WaitingSave():
                        self._append(message.save.notebook_id, message)
                    case Forget():
                        self._append(message.notebook_id, message)
                    case Flush() | Ping() | Stop():
                        self._control.append(message)
                    case _:
                        assert_never(message)
            self._woken = True
            self._changed.notify()

    def put_back(self, items: Iterable[WaitingSave]) -> None:
        """Puts saves back in front, in order, because their batch could not take them."""
        with self._changed:
            for waiting in reversed(list(items)):
                notebook_id = waiting.save.notebook_id
                self._append(notebook_id, waiting, in_front=True)
            self._woken = True

    def wake(self) -> None:
        """Ends the loop's wait: a notebook was loaded or a snapshot written."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def close(self) -> None:
        """The pipe has ended."""
        with self._changed:
            self._closed = True
            self._woken = True
            self._changed.notify()

    def wait(self, timeout_s: float) -> None:
        """Returns when something arrived since the last call, or after the time (loop thread)."""
        with self._changed:
            if not self._woken:
                self._changed.wait(timeout_s)
            self._woken = False

    def take_control(self) -> list[Flush | Ping | Stop]:
        """Pings, flushes and stops that wait."""
        with self._changed:
            taken = list(self._control)
            self._control.clear()
            return taken

    def notebooks(self) -> list[NotebookId]:
        """The notebooks that have something waiting, in turn."""
        with self._changed:
            return list(self._turns)

    def notebooks_with_saves(self) -> list[NotebookId]:
        """Those of them whose first item is a save."""
        with self._changed:
            return [
                notebook for notebook in self._turns if isinstance(self._notebooks[notebook][0], WaitingSave)
            ]

    def take_notebook(self, notebook_id: NotebookId) -> list[Waiting]:
        """All that waits for one notebook, for example because it cannot be loaded."""
        with self._changed:
            taken = list(self._notebooks.pop(notebook_id, ()))
            if taken:
                self._turns.remove(notebook_id)
            return taken

    def take_batch(
        self,
        ready: Callable[[Waiting], bool],
        *,
        notebook_bytes: int = NOTEBOOK_BATCH_BYTES,
        total_bytes: int = BATCH_BYTES,
    ) -> list[Waiting]:
        """The next batch: one item of each ready notebook in turn, until both bounds are reached.

        A `Forget` is the last item of its notebook in a batch. A single save larger than the bounds is taken
        all the same, the bounds apply from the second on.

        Args:
            ready: whether the first item of a notebook can be worked on now; called with the inbox locked.
            notebook_bytes: bound for one notebook.
            total_bytes: bound for the batch.
        """
        batch: list[Waiting] = []
        with self._changed:
            turns = deque(
                notebook_id for notebook_id in self._turns if ready(self._notebooks[notebook_id][0])
            )
            spent: dict[NotebookId, int] = {}
            total = 0
            while turns and (total < total_bytes or not batch):
                notebook_id = turns.popleft()
                waiting = self._notebooks[notebook_id]
                size = _size(waiting[0])
                before = spent.get(notebook_id, 0)
                if before and before + size > notebook_bytes:
                    continue
                item = waiting.popleft()
                batch.append(item)
                spent[notebook_id] = before + size
                total += size
                if waiting and isinstance(item, WaitingSave):
                    turns.append(notebook_id)
            self._end_turns(spent)
        return batch

    def _append(self, notebook_id: NotebookId, item: Waiting, *, in_front: bool = False) -> None:
        waiting = self._notebooks.get(notebook_id)
        if waiting is None:
            waiting = self._notebooks[notebook_id] = deque()
            self._turns.append(notebook_id)
        if in_front:
            waiting.appendleft(item)
        else:
            waiting.append(item)

    def _end_turns(self, taken: Iterable[NotebookId]) -> None:
        """Notebooks that had their turn go to the end, those with nothing left leave."""
        had = set(taken)
        rest = [notebook_id for notebook_id in self._turns if notebook_id not in had]
        again = [
            notebook_id for notebook_id in self._turns if notebook_id in had and self._notebooks[notebook_id]
        ]
        for notebook_id in had:
            if not self._notebooks[notebook_id]:
                del self._notebooks[notebook_id]
        self._turns = deque([*rest, *again])


def _size(item: Waiting) -> int:
    return len(item.save.body) if isinstance(item, WaitingSave) else 0
