"""What goes into a batch and what becomes of it when storing fails (C2 to C4, I1, I4, I6)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role
from server.storage.contracts import AppendConflict
from server.storage.records import CommitUnknown
from server.updates.batch import Batch
from server.updates.inbox import WaitingSave
from server.updates.loop import LoopLimits
from server.updates.messages import Save
from server.updates.notebook import Notebook
from tests.updates.faults import FaultySnapshots, FaultyStorage
from tests.updates.world import ANN, BEN, NOW_MS, STROKE, DirectLoop, World, body_of, stroke


@pytest.fixture
def storage(world: World) -> FaultyStorage:
    faulty = FaultyStorage(world.storage)
    world.wrap_storage = lambda _storage: faulty  # type: ignore[assignment,return-value]
    return faulty


@pytest.fixture
def loop(world: World, storage: FaultyStorage) -> Iterator[DirectLoop]:
    world.loop_limits = LoopLimits(least_pause_s=0.0)
    made = DirectLoop(world)
    yield made
    made.loop.stop_threads()


def opened(loop: DirectLoop, *notebooks: NotebookId) -> None:
    """Opens notebooks, so that the next saves share a batch."""
    for notebook in notebooks:
        loop.put(notebook, body=b"[]")
    loop.turn_until_answered()
    loop.outcomes.clear()
    loop._number = 0


def test_all_that_waits_is_one_transaction(world: World, loop: DirectLoop, storage: FaultyStorage) -> None:
    first, second = world.new_notebook(), world.new_notebook()
    opened(loop, first, second)
    for number in range(3):
        loop.put(first, stroke(f"a{number}"))
        loop.put(second, stroke(f"a{number}"))
    answers = loop.turn_until_answered()
    assert {status for status, _ in answers.values()} == {200}
    assert storage.changes.batches == [
        [(first, 1), (first, 2), (first, 3), (second, 1), (second, 2), (second, 3)]
    ]
    assert [(applied.notebook_id, applied.from_seq, applied.to_seq) for applied in loop.applied()] == [
        (first, 0, 3),
        (second, 0, 3),
    ]


def test_a_refused_post_refuses_itself_alone(world: World, loop: DirectLoop) -> None:
    notebook = world.new_notebook()
    opened(loop, notebook)
    loop.put(notebook, stroke("a1"))
    loop.put(notebook, ["a", "<g><image/></g>", "bad"])
    loop.put(notebook, ["p", {"paper": "plain"}, "p1"], author=BEN, role=Role.ADD)
    loop.put(notebook, stroke("a2"))
    answers = loop.turn_until_answered()
    assert [answers[number][0] for number in (1, 2, 3, 4)] == [200, 422, 403, 200]
    assert world.log_ops(notebook) == ["a1", "a2"]


def test_c3_the_same_op_twice_in_one_batch_is_stored_once(world: World, loop: DirectLoop) -> None:
    notebook = world.new_notebook()
    opened(loop, notebook)
    loop.put(notebook, stroke("a1"))
    loop.put(notebook, stroke("a1"))
    answers = loop.turn_until_answered()
    assert answers[1] == answers[2]
    assert world.log_ops(notebook) == ["a1"]


def test_answers_come_after_the_commit_and_not_before(
    world: World, loop: DirectLoop, storage: FaultyStorage
) -> None:
    notebook = world.new_notebook()
    opened(loop, notebook)
    seen: list[int] = []
    storage.changes.before.append(lambda: seen.append(len(loop.outcomes)))
    storage.changes.after.append(lambda: seen.append(len(loop.outcomes)))
    loop.put(notebook, stroke("a1"))
    loop.turn_until_answered()
    assert seen == [0, 0]


@pytest.mark.parametrize("reason", ["storage_down", "disk_full"])
def test_i6_a_commit_that_fails_answers_nobody_as_saved(
    world: World, loop: DirectLoop, storage: FaultyStorage, reason: str
) -> None:
    first, second = world.new_notebook(), world.new_notebook()
    opened(loop, first, second)
    failure = Failure.of(reason)
    storage.changes.before.append(failure)
    loop.put(first, stroke("a1"))
    loop.put(second, stroke("b1"))
    answers = loop.turn_until_answered()
    assert [(status, body["reason"]) for status, body in answers.values()] == [(failure.status, reason)] * 2
    assert loop.applied() == []
    assert world.log_ops(first) == world.log_ops(second) == []
    loop.put(first, stroke("a2"))  # service returns by itself, and the failed change has left no trace
    assert loop.turn_until_answered()[3][1]["changes"] == [{"op": "a2", "seq": 1, "id": "1"}]


def test_f18_a_commit_of_unknown_outcome_is_looked_up_by_op(
    world: World, loop: DirectLoop, storage: FaultyStorage
) -> None:
    notebook = world.new_notebook()
    opened(loop, notebook)
    storage.changes.after.append(CommitUnknown())
    loop.put(notebook, stroke("a1"))
    assert loop.turn_until_answered()[1][0] == 200
    assert storage.changes.batches == [[(notebook, 1)]]
    assert [applied.to_seq for applied in loop.applied()] == [1]


def test_f18_an_outcome_that_cannot_be_looked_up_is_not_saved_and_a_retry_is_known(
    world: World, loop: DirectLoop, storage: FaultyStorage
) -> None:
    notebook = world.new_notebook()
    opened(loop, notebook)
    storage.changes.after.append(CommitUnknown())
    storage.changes.unreadable = True
    loop.put(notebook, stroke("a1"))
    assert loop.turn_until_answered()[1][0] == 503
    storage.changes.unreadable = False
    loop.put(notebook, stroke("a1"))
    loop.put(notebook, stroke("a2"))
    answers = loop.turn_until_answered()
    assert answers[2][1]["changes"] == [{"op": "a1", "seq": 1, "id": "1"}]
    assert answers[3][1]["seq"] == 2
    heads = [
        applied.to_seq for outcome in loop.outcomes for applied in outcome.applied if not applied.entries
    ]
    assert heads == [1], "readers are told that the log went on unheard"


def test_f22_a_notebook_whose_log_moved_is_read_again_and_the_save_goes_through(
    world: World, loop: DirectLoop, storage: FaultyStorage
) -> None:
    moved, still = world.new_notebook(), world.new_notebook()
    opened(loop, moved, still)
    other = DirectLoop(world)  # another writer, as after a failover
    other.put(moved, stroke("x1"))
    other.turn_until_answered()
    other.loop.stop_threads()
    loop.put(moved, stroke("a1"))
    loop.put(still, stroke("b1"))
    answers = loop.turn_until_answered()
    assert answers[1][1]["changes"] == [{"op": "a1", "seq": 2, "id": "2"}]
    assert answers[2][1]["seq"] == 1
    assert world.log_ops(moved) == ["x1", "a1"]


def test_a_log_that_keeps_moving_is_503_in_the_end(
    world: World, loop: DirectLoop, storage: FaultyStorage
) -> None:
    notebook = world.new_notebook()
    opened(loop, notebook)
    storage.changes.before += [AppendConflict([notebook], ())] * 5
    loop.put(notebook, stroke("a1"))
    assert loop.turn_until_answered()[1][0] == 503
    assert len(storage.changes.batches) == 3


def test_f26_an_exception_while_applying_drops_that_save_alone(
    world: World, loop: DirectLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook, other = world.new_notebook(), world.new_notebook()
    opened(loop, notebook, other)
    change = Notebook.change

    def breaking(self: Notebook, changes: Any, *more: Any) -> Any:
        if changes[0].op == "poison":
            self.document.seq += 7
            raise ZeroDivisionError
        return change(self, changes, *more)

    monkeypatch.setattr(Notebook, "change", breaking)
    loop.put(notebook, stroke("a1"))
    loop.put(notebook, stroke("poison"))
    loop.put(notebook, stroke("a2"))
    loop.put(other, stroke("b1"))
    answers = loop.turn_until_answered()
    assert [answers[number][0] for number in (1, 2, 3, 4)] == [200, 500, 200, 200]
    assert world.log_ops(notebook) == ["a1", "a2"]
    assert any("ZeroDivisionError" in note.text for outcome in loop.outcomes for note in outcome.notes)


def test_t66_a_writer_of_much_does_not_starve_the_others(
    world: World, loop: DirectLoop, storage: FaultyStorage
) -> None:
    greedy, modest = world.new_notebook(), world.new_notebook()
    opened(loop, greedy, modest)
    big = STROKE + " " * 60_000
    for number in range(20):
        loop.put(greedy, ["a", big, f"g{number}"])
    loop.put(modest, stroke("m1"))
    loop.turn_until_answered()
    first = storage.changes.batches[0]
    assert (modest, 1) in first
    assert sum(notebook == greedy for notebook, _ in first) == 3  # 128 KiB of 60 KB each, the last one begun
    assert [
        seq for batch in storage.changes.batches for notebook, seq in batch if notebook == greedy
    ] == list(range(1, 21))


def test_t65_a_full_disk_refuses_saves_before_it_is_full(world: World) -> None:
    notebook = world.new_notebook()
    free = [50_000_000]
    made = DirectLoop(world, lambda *given, **more: _loop_with_disk(free, *given, **more))
    made.put(notebook, stroke("a1"))
    assert made.turn_until_answered()[1][1]["reason"] == "disk_full"
    free[0] = 500_000_000
    time.sleep(1.6)
    made.put(notebook, stroke("a1"))
    assert made.turn_until_answered()[2][0] == 200
    made.loop.stop_threads()


def _loop_with_disk(free: list[int], *given: Any, **more: Any) -> Any:
    from server.updates.loop import UpdateLoop

    loop = UpdateLoop(*given, free_bytes=lambda: free[0], **more)
    loop._check_disk()
    return loop


def test_a_database_that_is_away_is_answered_at_once_until_it_is_back(
    world: World, storage: FaultyStorage
) -> None:
    world.loop_limits = LoopLimits(least_pause_s=0.2)
    made = DirectLoop(world)
    notebook = world.new_notebook()
    opened(made, notebook)
    storage.changes.before.append(Failure.of("storage_down"))
    made.put(notebook, stroke("a1"))
    made.turn_until_answered()
    made.put(notebook, stroke("a2"))
    assert made.turn_until_answered()[2][0] == 503
    assert len(storage.changes.batches) == 1, "the second save did not try the database"
    time.sleep(0.25)
    made.put(notebook, stroke("a2"))
    assert made.turn_until_answered()[3][1]["seq"] == 1
    made.loop.stop_threads()


def test_a_snapshot_is_written_after_1000_changes_and_never_ahead_of_the_log(world: World) -> None:
    notebook = world.new_notebook()
    snapshots = FaultySnapshots(world.snapshots)
    world.snapshots = snapshots  # type: ignore[assignment]
    made = DirectLoop(world)
    for part in range(4):
        made.put(notebook, *[stroke(f"{part}-{number}") for number in range(500)])
    made.turn_until_answered()
    made.loop.stop_threads()
    assert [notebook for notebook, _ in snapshots.saved] == [notebook] * len(snapshots.saved)
    seqs = [seq for _, seq in snapshots.saved]
    assert seqs and seqs[0] >= 1000 and max(seqs) <= 2000


def test_f12_a_snapshot_that_fails_costs_nothing_and_is_tried_again(world: World) -> None:
    notebook = world.new_notebook()
    snapshots = FaultySnapshots(world.snapshots)
    snapshots.failing = Failure.of("disk_full")
    world.snapshots = snapshots  # type: ignore[assignment]
    world.loop_limits = LoopLimits(snapshot_retry_s=0.0)
    made = DirectLoop(world)
    for part in range(3):
        made.put(notebook, *[stroke(f"{part}-{number}") for number in range(500)])
        assert made.turn_until_answered()[part + 1][0] == 200
    snapshots.failing = None
    made.put(notebook, stroke("one more"), body=body_of(stroke("one-more")))
    made.turn_until_answered()
    made.loop.stop_threads()
    assert snapshots.saved[-1] in [(notebook, 1500), (notebook, 1501)]


def test_a_batch_without_new_entries_asks_no_database(world: World, storage: FaultyStorage) -> None:
    batch = Batch()
    notebook = Notebook(world.new_notebook(), "0" * 16, _empty(world))
    batch.add(notebook, WaitingSave(Save(1, notebook.id, ANN, Role.OWNER, b"[]", NOW_MS)))
    batch.store(storage.changes)  # type: ignore[arg-type]
    assert storage.changes.batches == []
    assert batch.answers[0].status == 400


def _empty(world: World) -> Any:
    from server.domain.svg_document import NotebookDocument

    return NotebookDocument(world.new_notebook())
