"""Saves, from the pipe to the answer: the same suite on a real process and on one in memory (C1 to C4)."""

from __future__ import annotations

import json
import threading

import pytest

from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role
from server.updates.process import UpdateProcess
from tests.updates.world import ANN, BEN, INK, NOW_MS, Reply, World, body_of, stroke, wait_until


def test_c2_answer_names_number_and_id_of_each_change(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    answer = any_world.save(updates, notebook, stroke("a1"), ["e", {"ids": ["op:a1"]}, "e1"], stroke("a2"))
    assert answer == {
        "status": 200,
        "code": 0,
        "data": "Changes saved",
        "seq": 3,
        "changes": [
            {"op": "a1", "seq": 1, "id": "1"},
            {"op": "e1", "seq": 2},
            {"op": "a2", "seq": 3, "id": "2"},
        ],
    }
    assert any_world.log_ops(notebook) == ["a1", "e1", "a2"]


def test_c2_one_refused_change_refuses_the_whole_post_and_is_named(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    answer = any_world.save(updates, notebook, stroke("a1"), ["a", "<svg/>", "bad"], stroke("a2"))
    assert (answer["status"], answer["code"], answer["op"], answer["index"]) == (422, 1, "bad", 1)
    assert any_world.log_ops(notebook) == []
    assert any_world.save(updates, notebook, stroke("a1"))["seq"] == 1


def test_c3_same_op_is_stored_once_and_answered_the_same(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    first = any_world.save(updates, notebook, stroke("a1"), stroke("a2"))
    any_world.save(updates, notebook, stroke("a3"))
    again = any_world.save(updates, notebook, stroke("a1"), stroke("a2"))
    assert again == first
    assert any_world.log_ops(notebook) == ["a1", "a2", "a3"]


def test_c3_other_content_under_a_known_op_is_409(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    any_world.save(updates, notebook, stroke("a1"))
    answer = any_world.save(updates, notebook, stroke("a2"), ["e", {"ids": ["1"]}, "a1"])
    assert (answer["status"], answer["reason"], answer["op"], answer["index"]) == (409, "op_reused", "a1", 1)
    assert any_world.log_ops(notebook) == ["a1"]


def test_c3_survives_a_new_process(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    first = any_world.save(updates, notebook, stroke("a1"))
    updates.stop(timeout_s=10)
    assert any_world.save(any_world.start(), notebook, stroke("a1")) == first


def test_c4_four_writers_reach_every_reader_in_one_order(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    replies = [Reply() for _ in range(40)]

    def write(writer: int) -> None:
        for number in range(10):
            updates.submit(
                notebook,
                ANN if writer % 2 else BEN,
                Role.EDIT,
                body_of(stroke(f"w{writer}-{number}")),
                NOW_MS,
                replies[writer * 10 + number],
            )

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    changes = [reply.json["changes"][0] for reply in replies]
    assert sorted(change["seq"] for change in changes) == list(range(1, 41))
    assert sorted(int(change["id"]) for change in changes) == list(range(1, 41))
    wait_until(lambda: any_world.published[-1].to_seq == 40)
    pushed = [json.loads(entry)["op"] for applied in any_world.published for entry in applied.entries]
    in_order = [change["op"] for change in sorted(changes, key=lambda change: change["seq"])]
    assert pushed == in_order == any_world.log_ops(notebook)
    for writer in range(4):
        own = [op for op in pushed if op.startswith(f"w{writer}-")]
        assert own == sorted(own)


def test_p1_undo_tells_the_writer_and_the_readers_the_strokes(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    any_world.save(updates, notebook, stroke("a1"), stroke("a2"))
    any_world.save(updates, notebook, ["e", {"ids": ["1"]}, "e1"])
    answer = any_world.save(updates, notebook, ["u", {"op": "e1"}, "u1"], ["u", {"op": "a2"}, "u2"])
    assert list(answer["strokes"]) == ["1"]
    assert answer["strokes"]["1"].startswith('<g id="1"')
    assert answer["hidden"] == ["2"]
    wait_until(lambda: any_world.published[-1].to_seq == 5)
    applied = any_world.published[-1]
    assert (list(applied.strokes), applied.hidden, applied.only_appends) == ([1], [2], False)


def test_s3_role_of_the_post_decides(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    any_world.save(updates, notebook, stroke("a1"))
    answer = any_world.save(updates, notebook, ["e", {"ids": ["1"]}, "e1"], author=BEN, role=Role.ADD)
    assert (answer["status"], answer["reason"]) == (403, "role_forbids")


def test_h3_unknown_and_deleted_notebooks_are_404(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    assert any_world.save(updates, NotebookId(4711), stroke("a1"))["status"] == 404
    any_world.save(updates, notebook, stroke("a1"))
    any_world.storage.notebooks.trash(notebook, NOW_MS)
    updates.forget(notebook)
    assert any_world.save(updates, notebook, stroke("a2"))["status"] == 404
    any_world.storage.notebooks.restore(notebook)
    assert any_world.save(updates, notebook, stroke("a2"))["seq"] == 2


def test_a_deleted_notebook_takes_nothing_even_while_it_is_open(any_world: World) -> None:
    """The transaction itself looks (F30): no save after the delete is acknowledged."""
    notebook, updates = any_world.new_notebook(), any_world.start()
    any_world.save(updates, notebook, stroke("a1"))
    any_world.storage.notebooks.trash(notebook, NOW_MS)
    answer = any_world.save(updates, notebook, stroke("a2"))
    assert (answer["status"], answer["reason"]) == (404, "notebook_gone")
    assert any_world.log_ops(notebook) == ["a1"]


def test_malformed_bodies_are_answered_and_harm_nothing(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    for body, status in (
        (b"", 400),
        (b"{}", 400),
        (b"[]", 400),
        (b"[1]", 400),
        (b"\xff", 400),
        (b"[" * 5000, 400),
    ):
        assert updates.submit_and_wait(notebook, ANN, Role.OWNER, body, NOW_MS)[0] == status
    assert any_world.save(updates, notebook, stroke("a1"))["seq"] == 1


def test_a_big_save_is_parsed_aside_and_stored(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    changes = [["a", INK, f"op-{number}-{'x' * 40}"] for number in range(512)]
    assert len(body_of(*changes)) > 64 * 1024
    assert any_world.save(updates, notebook, *changes)["seq"] == 512
    bad = [*changes[:-1], ["a", "<g><script/></g>", "bad"]]
    assert any_world.save(updates, notebook, *bad)["index"] == 511


def test_full_queue_is_503_at_once(world: World) -> None:
    world.process_limits = world.process_limits._replace(max_saves=3)
    notebook = world.new_notebook()
    release = threading.Event()
    append = world.storage.changes.append_batch

    class SlowChanges:
        def __getattr__(self, name: str) -> object:
            return getattr(world.storage.changes, name)

        def append_batch(self, entries: object) -> None:
            release.wait(10)
            append(entries)  # type: ignore[arg-type]

    class SlowStorage:
        changes = SlowChanges()

        def __getattr__(self, name: str) -> object:
            return getattr(world.storage, name)

    world.wrap_storage = lambda _storage: SlowStorage()  # type: ignore[assignment,return-value]
    updates = world.start()
    replies = [Reply() for _ in range(3)]
    for number, reply in enumerate(replies):
        updates.submit(notebook, ANN, Role.OWNER, body_of(stroke(f"a{number}")), NOW_MS, reply)
    with pytest.raises(Failure) as refused:
        updates.submit(notebook, ANN, Role.OWNER, body_of(stroke("a9")), NOW_MS, Reply())
    assert (refused.value.status, refused.value.reason) == (503, "updates_busy")
    assert updates.oldest_unsynced_ms >= 0
    release.set()
    assert [reply.json["code"] for reply in replies] == [0, 0, 0]
    wait_until(lambda: updates.oldest_unsynced_ms == 0 or updates.waiting == 0)


def test_p3_changes_of_a_page_that_loaded_another_epoch_are_refused(any_world: World) -> None:
    """What that page had stored before may be missing now: its later changes must not get ahead of it."""
    notebook, updates = any_world.new_notebook(), any_world.start()
    row = any_world.storage.notebooks.get(notebook)
    assert row is not None
    replies = [Reply(), Reply(), Reply()]
    for number, epoch in enumerate(("0" * 16, row.epoch, "")):
        body = body_of(stroke(f"a{number}"))
        updates.submit(notebook, ANN, Role.OWNER, body, NOW_MS, replies[number], epoch)
    told = [reply.json for reply in replies]
    assert [reply.status for reply in replies] == [409, 200, 200]
    assert (told[0]["reason"], told[0]["epoch"]) == ("other_epoch", row.epoch)
    assert any_world.log_ops(notebook) == ["a1", "a2"]


def test_flush_writes_snapshots_and_ping_answers(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    any_world.save(updates, notebook, stroke("a1"), stroke("a2"))
    updates.flush()
    header = any_world.snapshots.header(notebook)
    assert header is not None and (header.seq, header.epoch) == (2, any_world.epoch(notebook))
    assert updates.ping() < 1.0


def test_stop_stores_what_has_arrived_and_writes_snapshots(any_world: World) -> None:
    notebook, updates = any_world.new_notebook(), any_world.start()
    replies = [Reply() for _ in range(50)]
    for number, reply in enumerate(replies):
        updates.submit(notebook, ANN, Role.OWNER, body_of(stroke(f"a{number}")), NOW_MS, reply)
    updates.stop(timeout_s=20)
    assert [reply.json["code"] for reply in replies] == [0] * 50
    header = any_world.snapshots.header(notebook)
    assert header is not None and header.seq == 50
    with pytest.raises(Failure, match="stopping"):
        updates.submit(notebook, ANN, Role.OWNER, body_of(stroke("late")), NOW_MS, Reply())


def test_the_state_is_told(updates: UpdateProcess) -> None:
    wait_until(lambda: updates.state.value == "running")
    assert updates.ping() < 1.0
    updates.stop()
    assert updates.state.value == "stopped"
