"""What has arrived in the update process and waits for its batch.

Owns the order in which saves are taken: per notebook as they came, between notebooks round robin, authors in turn, at most
256 KiB from one notebook in a batch, so that one writer cannot starve the others. Filled by the receiver
thread, emptied by the loop; one condition. What is light goes before what is heavy. Knows nothing of documents or the database.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import NamedTuple, assert_never

from server.domain.change import MAX_CHANGES, Change
from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.messages import Flush, Forget, Message, Ping, Save, Stop

NOTEBOOK_BATCH_BYTES = 256 * 1024
BATCH_BYTES = 512 * 1024
HEAVY_BATCH_BYTES = 128 * 1024
LIGHT_BYTES = 16 * 1024
CHANGE_BYTES = 200


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
        heavy_bytes: int = HEAVY_BATCH_BYTES,
    ) -> list[Waiting]:
        """The next batch: first what is light, one item of each ready notebook in turn, then what is heavy.

        What people draw is light: it is in the next batch however many notebooks are being filled, and the heavy part of a
        batch is short. A `Forget` is the last item of its notebook in a batch. A single save larger than the
        bounds is taken all the same, the bounds apply from the second on.

        Args:
            ready: whether the first item of a notebook can be worked on now; called with the inbox locked.
            notebook_bytes: bound for one notebook.
            total_bytes: bound for the batch.
            heavy_bytes: bound for the heavy part.
        """
        with self._changed:
            if (alone := self._take_alone(ready)) is not None:
                return alone
            turns = self._by_author(ready)
            batch = _Batch(self._notebooks, notebook_bytes)
            batch.take(turns, total_bytes, lambda weight: weight <= LIGHT_BYTES)
            batch.take(turns, heavy_bytes, lambda weight: weight > LIGHT_BYTES)
            self._end_turns(batch.spent)
        return batch.items

    def _take_alone(self, ready: Callable[[Waiting], bool]) -> list[Waiting] | None:
        """The batch where no more than one item waits, as nearly always: then there are no turns. None where more do."""
        if len(self._turns) > 1:
            return None
        if not self._turns:
            return []
        waiting = self._notebooks[self._turns[0]]
        if len(waiting) > 1:
            return None
        if not ready(waiting[0]):
            return []
        del self._notebooks[self._turns.pop()]
        return [waiting.pop()]

    def _by_author(self, ready: Callable[[Waiting], bool]) -> list[NotebookId]:
        """The ready notebooks in turn: the first of each author, then the second of each, and so on."""
        seen: dict[str, int] = {}
        placed: list[tuple[int, NotebookId]] = []
        for notebook_id in self._turns:
            first = self._notebooks[notebook_id][0]
            if ready(first):
                author = first.save.author.id if isinstance(first, WaitingSave) else ""
                place = seen.get(author, 0)
                seen[author] = place + 1
                placed.append((place, notebook_id))
        if len(seen) > 1:
            placed.sort(key=itemgetter(0))
        return [notebook_id for _place, notebook_id in placed]

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


class _Batch:
    """A batch in the making (inbox locked)."""

    def __init__(self, notebooks: Mapping[NotebookId, deque[Waiting]], notebook_bytes: int) -> None:
        self._notebooks = notebooks
        self._notebook_bytes = notebook_bytes
        self._ended: set[NotebookId] = set()
        self.items: list[Waiting] = []
        self.spent: dict[NotebookId, int] = {}

    def take(self, notebooks: Iterable[NotebookId], most_bytes: int, fits: Callable[[int], bool]) -> None:
        """Takes one item of each notebook in turn, while the first of them fits, until the bound is reached."""
        turns = deque(notebooks)
        total = 0
        while turns and total < most_bytes:
            notebook_id = turns.popleft()
            waiting = self._notebooks[notebook_id]
            if not waiting or notebook_id in self._ended or not fits(weight := _weight(waiting[0])):
                continue
            before = self.spent.get(notebook_id, 0)
            if before and before + weight > self._notebook_bytes:
                continue
            item = waiting.popleft()
            self.items.append(item)
            self.spent[notebook_id] = before + weight
            total += weight
            if not isinstance(item, WaitingSave):
                self._ended.add(notebook_id)
            turns.append(notebook_id)


def _weight(item: Waiting) -> int:
    """What a save costs, in bytes: a change costs about as much as two hundred of them."""
    if not isinstance(item, WaitingSave):
        return 0
    body = item.save.body
    return len(body) + CHANGE_BYTES * min(MAX_CHANGES, body.count(b'["'))
