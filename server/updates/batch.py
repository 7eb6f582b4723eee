"""One batch: the changes of many writers in many notebooks, stored in one transaction.

Owns the order of things that makes a change durable before it is visible: check and number, store, and only then
answer and push. A POST that is refused refuses itself alone; when the batch cannot be stored, nothing of it was
done: every writer is told so, and the documents, which are ahead of the log then, are thrown away. Loop thread of
the update process. Rules C2, C3, C4; DESIGN 5 and 7.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.domain.log_entry import LogEntry
from server.storage.contracts import AppendConflict, ChangeStore
from server.updates.answers import NO_EFFECTS, Effects, failure_body, saved_body, told_entry
from server.updates.inbox import WaitingSave
from server.updates.messages import Answer, Applied, Note
from server.updates.notebook import Changed, Notebook, effects_now
from server.updates.receiver import parse_save

MAX_TRIES = 3


class _Work:
    """What a batch does to one notebook."""

    __slots__ = ("affected", "broken", "done", "entries", "notebook")

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.entries: list[LogEntry] = []
        self.affected: set[int] = set()
        self.done: list[tuple[WaitingSave, Changed, Effects]] = []
        self.broken = False


class Batch:
    """A batch from its first POST to its answers.

    Attributes:
        answers: for the writers; complete after `store`.
        applied: for the readers; complete after `store`.
        notes: lines for the log.
        again: saves that must wait for a later batch, in order.
        discarded: notebooks whose document is not what the log says.
        failure: why nothing could be stored, or None.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.applied: list[Applied] = []
        self.notes: list[Note] = []
        self.again: list[WaitingSave] = []
        self.discarded: set[NotebookId] = set()
        self.failure: Failure | None = None
        self._works: dict[NotebookId, _Work] = {}

    def add(self, notebook: Notebook, waiting: WaitingSave) -> None:
        """Checks the changes of one POST and applies them to the document, all or none."""
        work = self._works.get(notebook.id)
        if work is None:
            work = self._works[notebook.id] = _Work(notebook)
        if work.broken:
            self.again.append(waiting)
            return
        save = waiting.save
        if save.epoch not in ("", notebook.epoch):
            told = Failure.of("other_epoch", seq=notebook.stored_seq, epoch=notebook.epoch)
            self._refuse(save.request_id, told)
            return
        changes = waiting.changes if waiting.changes is not None else parse_save(save)
        if isinstance(changes, Failure):
            self._refuse(save.request_id, changes)
            return
        try:
            changed = notebook.change(changes, save.author, save.role, save.now_ms)
        except Failure as failure:
            self._refuse(save.request_id, failure)
        except Exception as error:
            work.broken = True
            self.notes.append(
                Note(logging.ERROR, f"a save of notebook {notebook.id} was dropped ({type(error).__name__})")
            )
            self._refuse(save.request_id, Failure.of("failed"))
        else:
            work.entries += changed.entries
            work.affected |= changed.affected
            effects = effects_now(notebook.document, changed.affected) if changed.affected else NO_EFFECTS
            work.done.append((waiting, changed, effects))

    def store(self, changes: ChangeStore) -> None:
        """Stores all entries in one transaction, then makes the answers."""
        works = list(self._works.values())
        while entries := [entry for work in works for entry in work.entries]:
            try:
                self._append(changes, entries)
            except AppendConflict as conflict:
                works = self._without(works, conflict)
            except Failure as failure:
                self._fail(works, failure)
                return
            else:
                break
        for work in works:
            self._finish(work)

    def _append(self, changes: ChangeStore, entries: Sequence[LogEntry]) -> None:
        """Stores entries; when that fails, the log itself says whether they are stored.

        Raises:
            AppendConflict: the log of a notebook is not where its document was.
            Failure: they are not stored, or that cannot be found out; never tried again here.
        """
        try:
            changes.append_batch(entries)
        except AppendConflict:
            raise
        except Exception as error:
            failure = error if isinstance(error, Failure) else Failure.of("storage_down")
            if not isinstance(error, Failure):
                self.notes.append(Note(logging.ERROR, f"storing a batch failed ({type(error).__name__})"))
            if not self._is_stored(changes, entries[-1]):
                raise failure from error

    def _is_stored(self, changes: ChangeStore, entry: LogEntry) -> bool:
        """Whether the log holds exactly this entry; False also when the log cannot be read."""
        try:
            found = changes.find_op(entry.notebook_id, entry.op)
        except Failure:
            return False
        return found is not None and found.seq == entry.seq and found.digest == entry.digest

    def _without(self, works: list[_Work], conflict: AppendConflict) -> list[_Work]:
        """The batch without the notebooks that stand in the way."""
        named = conflict.moved | conflict.gone
        left: list[_Work] = []
        for work in works:
            notebook_id = work.notebook.id
            if named and notebook_id not in named:
                left.append(work)
                continue
            self.discarded.add(notebook_id)
            for waiting, _changed, _effects in work.done:
                if notebook_id in conflict.gone:
                    self._refuse(waiting.save.request_id, Failure.of("notebook_gone"))
                elif waiting.tries + 1 >= MAX_TRIES:
                    self._refuse(waiting.save.request_id, Failure.of("busy", retry_after_s=1))
                else:
                    self.again.append(waiting._replace(tries=waiting.tries + 1))
        return left

    def _fail(self, works: Iterable[_Work], failure: Failure) -> None:
        """Nothing was stored, or nobody knows: no answer says otherwise, and the documents are read again."""
        self.failure = failure
        for work in works:
            self.discarded.add(work.notebook.id)
            for waiting, _changed, _effects in work.done:
                self._refuse(waiting.save.request_id, failure)

    def _finish(self, work: _Work) -> None:
        notebook, entries = work.notebook, work.entries
        for waiting, changed, effects in work.done:
            self.answers.append(Answer(waiting.save.request_id, 200, saved_body(changed.changes, effects)))
        if work.broken:
            self.discarded.add(notebook.id)
        if not entries:
            return
        notebook.stored_seq = entries[-1].seq
        effects = NO_EFFECTS
        if work.affected:
            effects = (
                Effects({}, (), reload=True) if work.broken else effects_now(notebook.document, work.affected)
            )
        self.applied.append(
            Applied(
                notebook_id=notebook.id,
                epoch=notebook.epoch,
                from_seq=entries[0].seq - 1,
                to_seq=entries[-1].seq,
                entries=[told_entry(entry, notebook.document) for entry in entries],
                strokes=dict(effects.strokes),
                hidden=list(effects.hidden),
                only_appends=all(entry.command in "ap" for entry in entries),
                reload=effects.reload,
            )
        )

    def _refuse(self, request_id: int, failure: Failure) -> None:
        self.answers.append(Answer(request_id, failure.status, failure_body(failure)))
