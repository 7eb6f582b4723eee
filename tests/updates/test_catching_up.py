"""`save` and a safe stop bring every snapshot up to its log, also those of notebooks that nobody has open."""

from __future__ import annotations

from typing import Any

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.catching_up import write_those_behind
from server.updates.messages import Note
from server.updates.process import UpdateProcess
from tests.updates.faults import FaultySnapshots
from tests.updates.world import NOW_MS, World, stroke


def seq_of_snapshot(world: World, notebook: NotebookId) -> int | None:
    header = world.snapshots.header(notebook)
    return None if header is None else header.seq


def killed_after_saving(world: World, notebook: NotebookId, *ops: str) -> None:
    """Saves in an update process that ends without a word."""
    updates = world.start()
    world.save(updates, notebook, *(stroke(op) for op in ops))
    generation = updates.generation
    assert generation is not None
    updates.stop(timeout_s=10)
    world.snapshots.remove(notebook)


def test_o2_a_flush_writes_snapshots_of_notebooks_that_are_not_open(any_world: World) -> None:
    behind, trashed, empty = (any_world.new_notebook(title) for title in ("Behind", "Trashed", "Empty"))
    killed_after_saving(any_world, behind, "a1", "a2")
    killed_after_saving(any_world, trashed, "t1")
    any_world.storage.notebooks.trash(trashed, NOW_MS)
    assert seq_of_snapshot(any_world, behind) is None
    updates = any_world.start()
    updates.flush()
    assert seq_of_snapshot(any_world, behind) == 2
    assert seq_of_snapshot(any_world, trashed) == 1
    assert seq_of_snapshot(any_world, empty) is None
    _, epoch, records = any_world.snapshots.load(behind) or (0, "", [])
    assert epoch == any_world.epoch(behind)
    assert len(list(records)) > 2


def test_o2_a_flush_follows_a_new_epoch(world: World, notebook: NotebookId) -> None:
    killed_after_saving(world, notebook, "a1")
    updates = world.start()
    updates.flush()
    world.storage.notebooks.set_epoch(notebook, "00112233445566ff")
    updates.forget(notebook)
    updates.flush()
    header = world.snapshots.header(notebook)
    assert header is not None
    assert (header.seq, header.epoch) == (1, "00112233445566ff")


def test_nothing_is_written_where_nothing_is_behind(world: World, updates: UpdateProcess) -> None:
    notebooks = [world.new_notebook(f"n{number}") for number in range(3)]
    for notebook in notebooks:
        world.save(updates, notebook, stroke("a1"))
    updates.flush()
    assert write_those_behind(world.storage, world.snapshots, lambda note: None) == 0


def test_one_that_cannot_be_written_is_noted_and_left(world: World, notebook: NotebookId) -> None:
    killed_after_saving(world, notebook, "a1")
    faulty: Any = FaultySnapshots(world.snapshots)
    faulty.failing = Failure.of("disk_full")
    notes: list[Note] = []
    assert write_those_behind(world.storage, faulty, notes.append) == 0
    assert len(notes) == 1
    assert f"notebook {notebook}" in notes[0].text
    faulty.failing = None
    assert write_those_behind(world.storage, faulty, notes.append) == 1
