"""Looks at every notebook: does its log open, and do log, snapshot and row say the same?

Owns the check behind `verify` and what it may mend: a snapshot (from the log, which is the truth) and the figures
of a row. It never alters a log. Blocking, may take long; run with the data folder locked, or with `mend=False`
beside a running server. Invariants I2, I3, I4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.domain.svg_document import NotebookDocument
from server.storage.database import Connection, Statement
from server.storage.opening import SqlStorage
from server.storage.records import Notebook
from server.storage.snapshots import SnapshotStore

_SET_FIGURES: Final = Statement("UPDATE notebooks SET next_group_id = ? WHERE id = ? AND seq = ?")
_READ: Final = 1000


@dataclass(slots=True)
class Findings:
    """What was found: how many notebooks were looked at, what was mended, what could not be."""

    notebooks: int = 0
    changes: int = 0
    mended: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def verify(
    storage: SqlStorage,
    snapshots: SnapshotStore,
    *,
    mend: bool,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Findings:
    """Checks every notebook, those in the trash too.

    Args:
        storage: the open database.
        snapshots: the snapshots beside it.
        mend: whether to put right what can be put right.
        progress: is told how many of how many notebooks are done.

    Raises:
        Failure: 503 when the database is away.
    """
    findings = Findings()
    notebooks = storage.notebooks.all(with_trash=True)
    for number, notebook in enumerate(notebooks, 1):
        try:
            _verify_one(storage, snapshots, notebook, findings, mend)
        except Failure as failure:
            if failure.reason != "notebook_damaged":
                raise
            findings.broken.append(
                f"Notebook {notebook.id}: its log cannot be read to the end. Restore a backup to get it back."
            )
        findings.notebooks += 1
        progress(number, len(notebooks))
    known = {notebook.id for notebook in notebooks}
    for notebook_id in snapshots.ids():
        if notebook_id not in known and storage.notebooks.get(notebook_id, with_trash=True) is None:
            _say(findings, mend, f"Snapshot {notebook_id} belongs to no notebook", "it was set aside")
            if mend:
                snapshots.quarantine(notebook_id)
    return findings


def _verify_one(
    storage: SqlStorage, snapshots: SnapshotStore, notebook: Notebook, findings: Findings, mend: bool
) -> None:
    header = snapshots.header(notebook.id)
    at_snapshot: list[tuple[object, ...]] | None = None
    document: NotebookDocument | None = None
    for document in documents_along(storage, notebook.id):
        if header is not None and document.seq == header.seq:
            at_snapshot = list(document.dump())
    assert document is not None
    findings.changes += document.seq - storage.changes.base(notebook.id)
    if document.seq < notebook.seq:
        raise Failure.of("notebook_damaged")
    row = storage.notebooks.get(notebook.id, with_trash=True) or notebook
    if row.seq == document.seq and row.next_group_id != document.next_id:
        _say(
            findings, mend, f"Notebook {notebook.id}: its row had another next stroke id", "it was corrected"
        )
        if mend:
            _correct(storage, document, notebook.id)
    if not _snapshot_agrees(snapshots, notebook, at_snapshot):
        _say(
            findings,
            mend,
            f"Notebook {notebook.id}: its snapshot did not agree with its log",
            "it was made again",
        )
        if mend:
            snapshots.quarantine(notebook.id)
            snapshots.save(notebook.id, document.seq, notebook.epoch, document.dump())


def documents_along(storage: SqlStorage, notebook_id: NotebookId) -> Iterator[NotebookDocument]:
    """The one document of a notebook, yielded at its beginning and after each change of its log.

    Raises:
        Failure: 503 `notebook_damaged` where the log cannot be followed.
    """
    base = storage.changes.load_base(notebook_id)
    try:
        document = (
            NotebookDocument(notebook_id)
            if base is None
            else NotebookDocument.load(base[1], notebook_id=notebook_id)
        )
        yield document
        while entries := storage.changes.read(notebook_id, document.seq, _READ):
            for entry in entries:
                document.apply(entry)
                yield document
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Failure.of("notebook_damaged") from error


def _snapshot_agrees(
    snapshots: SnapshotStore, notebook: Notebook, expected: list[tuple[object, ...]] | None
) -> bool:
    """Whether the snapshot says what the log says at its number; one of an earlier epoch is not used anyway."""
    header = snapshots.header(notebook.id)
    if header is None:
        return notebook.id not in snapshots.ids()
    if header.epoch != notebook.epoch:
        return True
    found = snapshots.load(notebook.id)
    if found is None or expected is None:
        return False
    try:
        document = NotebookDocument.load(found[2], notebook_id=notebook.id)
    except (ValueError, KeyError, TypeError, IndexError):
        return False
    return list(document.dump()) == expected


def _correct(storage: SqlStorage, document: NotebookDocument, notebook_id: NotebookId) -> None:
    def work(connection: Connection) -> int:
        return connection.run(_SET_FIGURES, document.next_id, notebook_id, document.seq)

    storage.database.write(work)


def _say(findings: Findings, mend: bool, what: str, mended: str) -> None:
    (findings.mended if mend else findings.broken).append(f"{what}; {mended}." if mend else f"{what}.")
