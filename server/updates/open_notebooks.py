"""The notebooks that are open in the update process.

Owns which documents are in memory, loading them beside the loop (so that opening a big one holds up nobody else)
and closing the least recently used ones when they weigh too much. A notebook that is closed loses nothing: its
log is in the database. Loop thread, but for the loader's own. Rule C4 (a notebook is open here and nowhere else).
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.messages import Note
from server.updates.notebook import Notebook

MAX_WEIGHT = 600_000
MAX_OPEN = 1024

Load = Callable[[NotebookId], Notebook]


class Loaded(NamedTuple):
    """A notebook that was asked for, or why it cannot be had."""

    notebook_id: NotebookId
    result: Notebook | Failure


class OpenNotebooks:
    """Documents by notebook, least recently used first."""

    def __init__(
        self,
        load: Load,
        wake: Callable[[], None],
        note: Callable[[Note], None],
        *,
        max_weight: int = MAX_WEIGHT,
        max_open: int = MAX_OPEN,
    ) -> None:
        """Makes an empty table.

        Args:
            load: opens a notebook; blocks; raises Failure.
            wake: called when one was loaded; the loop then calls `take_loaded`.
            note: gets a line when loading failed unexpectedly.
            max_weight: strokes in all.
            max_open: notebooks in all.
        """
        self._load = load
        self._wake = wake
        self._note = note
        self._max_weight = max_weight
        self._max_open = max_open
        self._open: OrderedDict[NotebookId, Notebook] = OrderedDict()
        self._loading: set[NotebookId] = set()
        self._outdated: set[NotebookId] = set()
        self._wanted: queue.SimpleQueue[NotebookId | None] = queue.SimpleQueue()
        self._loaded: deque[Loaded] = deque()
        self._loader = threading.Thread(target=self._run_loader, name="loader", daemon=True)

    def start(self) -> None:
        """Starts the loader thread."""
        self._loader.start()

    def stop(self) -> None:
        """Ends the loader thread after the notebook it is at."""
        self._wanted.put(None)

    def __iter__(self) -> Iterator[Notebook]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def is_open(self, notebook_id: NotebookId) -> bool:
        """Whether it can be worked on now."""
        return notebook_id in self._open

    def get(self, notebook_id: NotebookId) -> Notebook:
        """An open notebook, as the most recently used one."""
        self._open.move_to_end(notebook_id)
        return self._open[notebook_id]

    def want(self, notebook_id: NotebookId) -> None:
        """Has a notebook loaded, if it is neither open nor on its way."""
        if notebook_id not in self._open and notebook_id not in self._loading:
            self._loading.add(notebook_id)
            self._wanted.put(notebook_id)

    def take_loaded(self) -> list[Loaded]:
        """What was loaded since the last call; notebooks among it are open from now on."""
        taken: list[Loaded] = []
        while self._loaded:
            loaded = self._loaded.popleft()
            self._loading.discard(loaded.notebook_id)
            if loaded.notebook_id in self._outdated:
                self._outdated.discard(loaded.notebook_id)
                continue
            if isinstance(loaded.result, Notebook):
                self._open[loaded.notebook_id] = loaded.result
            taken.append(loaded)
        return taken

    def discard(self, notebook_id: NotebookId) -> None:
        """Throws a document away: it is not what the log says, or nobody needs it.

        One that is just being loaded is thrown away when it comes.
        """
        self._open.pop(notebook_id, None)
        if notebook_id in self._loading:
            self._outdated.add(notebook_id)

    def overweight(self) -> list[Notebook]:
        """The least recently used notebooks that are too many, never the last one."""
        weight = sum(notebook.weight for notebook in self._open.values())
        too_many: list[Notebook] = []
        for notebook in self._open.values():
            left = len(self._open) - len(too_many)
            if left <= 1 or (weight <= self._max_weight and left <= self._max_open):
                break
            too_many.append(notebook)
            weight -= notebook.weight
        return too_many

    def _run_loader(self) -> None:
        while (notebook_id := self._wanted.get()) is not None:
            result: Notebook | Failure
            try:
                result = self._load(notebook_id)
            except Failure as failure:
                result = failure
            except Exception as error:
                name = type(error).__name__
                self._note(Note(logging.ERROR, f"notebook {notebook_id} cannot be loaded ({name})"))
                result = Failure.of("notebook_damaged")
            self._loaded.append(Loaded(notebook_id, result))
            self._wake()
