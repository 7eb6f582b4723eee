"""The small parts: inbox, tail, gzip frames, renders, replicas, pacer."""

from __future__ import annotations

import gzip
import logging
import random
import threading
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role
from server.updates.gzip_frames import compress_part, gzip_pieces, plain_part
from server.updates.inbox import Inbox, WaitingSave
from server.updates.messages import Applied, Forget, Ping, Save
from server.updates.notebook import load_notebook
from server.updates.pacer import PacerThread
from server.updates.process import UpdateProcess
from server.updates.tail import Tail
from tests.updates.world import ANN, BEN, NOW_MS, DirectLoop, World, stroke, wait_until


def save(number: int, notebook: int, size: int = 10) -> Save:
    return Save(number, NotebookId(notebook), ANN, Role.OWNER, b"x" * size, NOW_MS)


def numbers(batch: list[object]) -> list[int]:
    return [item.save.request_id if isinstance(item, WaitingSave) else item.request_id for item in batch]  # type: ignore[attr-defined]


def test_the_inbox_takes_turns_and_keeps_the_order_of_each_notebook() -> None:
    inbox = Inbox()
    inbox.put([save(1, 1), save(2, 1), save(3, 1), save(4, 2), save(5, 3), save(6, 2)])
    assert numbers(inbox.take_batch(lambda _item: True)) == [1, 4, 5, 2, 6, 3]
    assert inbox.notebooks() == []


def test_the_inbox_bounds_what_one_notebook_gets() -> None:
    inbox = Inbox()
    inbox.put([save(number, 1, 1000) for number in range(1, 9)] + [save(9, 2)])
    assert numbers(inbox.take_batch(lambda _item: True, notebook_bytes=3000)) == [1, 9, 2, 3]
    inbox.put([save(10, 3, 1000)])
    assert numbers(inbox.take_batch(lambda _item: True, total_bytes=2000)) == [4, 10], (
        "who had a turn goes behind"
    )


def test_t66_what_is_light_is_in_the_next_batch_however_much_is_being_filled() -> None:
    inbox = Inbox()
    many = b"[" + b",".join([b'["a","<g/>"]'] * 512) + b"]"  # small, but as much work as half a batch
    heavy = [Save(number, NotebookId(number % 24), ANN, Role.OWNER, many, NOW_MS) for number in range(1, 97)]
    inbox.put([*heavy, save(1000, 99, 800), save(1001, 99, 800)])
    first = numbers(inbox.take_batch(lambda _item: True))
    assert first == [1000, 1001, 1, 2]
    inbox.put([save(1002, 99, 800)])
    assert numbers(inbox.take_batch(lambda _item: True)) == [1002, 3, 4]


def test_t66_authors_have_their_turns_however_many_notebooks_one_of_them_fills() -> None:
    inbox = Inbox()
    inbox.put([save(number, number, 1000) for number in range(1, 51)])
    inbox.put(
        [Save(1000 + number, NotebookId(1000 + number), BEN, Role.OWNER, b"x", NOW_MS) for number in (1, 2)]
    )
    batches = [numbers(inbox.take_batch(lambda _item: True, total_bytes=3000)) for _ in range(2)]
    assert batches == [[1, 1001, 2, 1002, 3], [4, 5, 6]]


def test_the_inbox_takes_a_save_above_every_bound() -> None:
    inbox = Inbox()
    inbox.put([save(1, 1, 2_000_000), save(2, 1)])
    assert numbers(inbox.take_batch(lambda _item: True)) == [1]
    assert numbers(inbox.take_batch(lambda _item: True)) == [2]


def test_the_inbox_leaves_what_is_not_ready_and_ends_a_notebook_s_part_at_forget() -> None:
    inbox = Inbox()
    inbox.put([save(1, 1), save(2, 2), Forget(3, NotebookId(2)), save(4, 2), Ping(5)])
    batch = inbox.take_batch(lambda item: isinstance(item, Forget) or item.save.notebook_id == 2)
    assert numbers(batch) == [2, 3]
    assert inbox.notebooks() == [1, 2]
    assert inbox.take_control() == [Ping(5)]
    inbox.put_back([item for item in batch if isinstance(item, WaitingSave)])
    assert numbers(inbox.take_notebook(NotebookId(2))) == [2, 4]


def test_waiting_for_the_inbox_ends_with_what_came_before_it() -> None:
    inbox = Inbox()
    inbox.put([save(1, 1)])
    started = time.monotonic()
    inbox.wait(5)
    assert time.monotonic() - started < 1
    threading.Timer(0.02, inbox.close).start()
    inbox.wait(5)
    assert inbox.closed


def applied(
    from_seq: int, count: int, *, strokes: bool = False, only_appends: bool = True, size: int = 2
) -> Applied:
    entries = [str(seq).encode().ljust(size) for seq in range(from_seq + 1, from_seq + count + 1)]
    return Applied(
        NotebookId(1),
        "e",
        from_seq,
        from_seq + count,
        entries,
        {7: "<g/>"} if strokes else {},
        [],
        only_appends,
        False,
    )


def test_p1_the_tail_gives_what_comes_after_since() -> None:
    tail = Tail(10)
    for from_seq in (10, 12, 15):
        tail.append(applied(from_seq, 2 if from_seq == 10 else 3))
    for since in range(10, 19):
        span = tail.span(since)
        assert span is not None and [int(entry) for entry in span.entries] == list(range(since + 1, 19))


def test_the_tail_is_bounded_but_keeps_the_newest_batch() -> None:
    tail = Tail(0)
    for number in range(300):
        tail.append(applied(number * 10, 10))
    assert tail.entries <= 1000 and tail.end == 3000 and tail.start >= 2000
    tail.append(applied(3000, 3, size=400_000))
    assert (tail.start, tail.end) == (3000, 3003)


def test_p1_the_tail_gives_strokes_only_while_they_are_true() -> None:
    tail = Tail(0)
    tail.append(applied(0, 1, strokes=True, only_appends=False))
    first = tail.span(0)
    assert first is not None and first.effects.strokes == {7: "<g/>"}
    tail.append(applied(1, 1))
    after_append = tail.span(0)
    assert after_append is not None and after_append.effects.strokes == {7: "<g/>"}
    tail.append(applied(2, 1, only_appends=False))
    assert tail.span(0) is None
    rest = tail.span(1)
    assert rest is not None and not rest.effects


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=8))
def test_parts_make_one_gzip_member(parts: list[bytes]) -> None:
    made = [compress_part(part) for part in parts]
    whole = b"".join(gzip_pieces(made))
    reader = zlib.decompressobj(31)
    assert reader.decompress(whole) == b"".join(parts)
    assert reader.eof and not reader.unused_data
    assert gzip.decompress(whole) == b"".join(parts)
    assert [plain_part(part) for part in made] == parts


def test_n3_a_render_is_the_document_and_is_made_again_only_where_it_changed(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    dice = random.Random(3)
    count = 0
    for step in range(12):
        changes = [stroke(f"{step}-{number}") for number in range(70)]
        count += 70
        ids = [str(dice.randint(1, count)) for _ in range(3)]
        changes.append(["e", {"ids": ids[:1]}, f"e{step}"])
        changes.append(["m", {"ids": ids[1:], "by": [5, 6]}, f"m{step}"])
        if step == 6:
            changes.append(["c", {"upto": 100}, "c"])
        if step > 6:
            changes.append([dice.choice("ur"), {"op": dice.choice(["c", "e1", "m2", "0-3"])}, f"u{step}"])
        assert world.save(updates, notebook, *changes)["status"] == 200
        rendered = world.replicas.render(notebook)
        whole = load_notebook(world.storage, world.snapshots, notebook).document
        expected = b"".join(whole.render_document(world.epoch(notebook), "Algebra"))
        assert gzip.decompress(rendered.gzip) == expected
        assert rendered.seq == whole.seq
        assert world.replicas.render(notebook) is rendered
        stream = world.replicas.stream(notebook)
        assert gzip.decompress(b"".join(stream.pieces)) == expected
        assert b"".join(world.replicas.plain(notebook)[2]) == expected


def test_n3_a_stream_is_of_one_moment_although_changes_come(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    world.save(updates, notebook, *[stroke(f"a{number}") for number in range(512)])
    stream = world.replicas.stream(notebook)
    pieces = [next(stream.pieces), next(stream.pieces), next(stream.pieces)]
    world.save(updates, notebook, ["c", {"upto": 512}, "c1"], stroke("b1"))
    assert world.replicas.render(notebook).seq == 514
    pieces += list(stream.pieces)
    text = gzip.decompress(b"".join(pieces)).decode()
    assert stream.seq == 512 and 'data-seq="512"' in text and text.count("<g ") == 512
    assert gzip.decompress(world.replicas.render(notebook).gzip).count(b"<g ") == 1


def test_replicas_follow_the_log_title_and_epoch_and_forget_the_deleted(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    world.save(updates, notebook, stroke("a1"))
    first = world.replicas.render(notebook)
    world.storage.notebooks.rename(notebook, "Calculus & <more>", "", NOW_MS)
    second = world.replicas.render(notebook)
    assert b"Calculus &amp; &lt;more&gt;" in gzip.decompress(second.gzip) and first.etag != second.etag
    world.storage.notebooks.set_epoch(notebook, "f" * 16)
    assert world.replicas.render(notebook).epoch == "f" * 16
    world.storage.notebooks.trash(notebook, NOW_MS)
    with pytest.raises(Failure) as refused:
        world.replicas.render(notebook)
    assert refused.value.status == 404
    assert world.replicas.counts()[0] == 0


def test_replicas_are_bounded(world: World, updates: UpdateProcess) -> None:
    from server.updates.replicas import Replicas

    replicas = Replicas(world.storage, world.snapshots, max_weight=500)
    for number in range(8):
        made = world.new_notebook()
        world.save(updates, made, *[stroke(f"a{count}") for count in range(50)])
        with replicas.reading(made) as (document, _epoch):
            assert document.seq == 50, number
    open_now, weight = replicas.counts()
    assert weight <= 500 and 1 <= open_now < 8


def test_i3_loading_uses_a_snapshot_that_agrees_and_sets_others_aside(
    world: World, notebook: NotebookId
) -> None:
    loop = DirectLoop(world)
    loop.put(notebook, *[stroke(f"a{number}") for number in range(20)])
    loop.turn_until_answered()
    loop.loop.stop_threads()
    whole = load_notebook(world.storage, world.snapshots, notebook)
    epoch = world.epoch(notebook)
    world.snapshots.save(notebook, 20, epoch, whole.document.dump())
    loaded = load_notebook(world.storage, world.snapshots, notebook)
    assert loaded.snapshot_seq == 20 and list(loaded.document.fragments()) == list(whole.document.fragments())
    path = world.snapshots.path(notebook)
    good = path.read_bytes()
    for damage in (
        good[:-40],
        good[: len(good) // 2] + bytes(60) + good[len(good) // 2 + 60 :],
        b"",
        b"garbage",
    ):
        path.write_bytes(damage)
        again = load_notebook(world.storage, world.snapshots, notebook)
        assert again.snapshot_seq == 0 and list(again.document.fragments()) == list(
            whole.document.fragments()
        )
    world.snapshots.save(notebook, 20, "f" * 16, whole.document.dump())
    assert load_notebook(world.storage, world.snapshots, notebook).snapshot_seq == 0
    world.snapshots.save(notebook, 21, epoch, whole.document.dump())  # ahead of its log: an older database
    assert load_notebook(world.storage, world.snapshots, notebook).snapshot_seq == 0
    assert not path.exists()


def test_a_log_with_a_gap_is_damaged_and_not_served(world: World, notebook: NotebookId) -> None:
    from server.updates.notebook import apply_next

    whole = load_notebook(world.storage, world.snapshots, notebook)
    loop = DirectLoop(world)
    loop.put(notebook, stroke("a1"), stroke("a2"))
    loop.turn_until_answered()
    loop.loop.stop_threads()
    entries = world.storage.changes.read(notebook, 0)
    with pytest.raises(Failure, match="notebook_damaged"):
        apply_next(whole.document, entries[1])


def test_the_pacer_calls_back_in_order_and_outlives_a_failure() -> None:
    seen: list[int] = []
    pacer = PacerThread(time.monotonic, logging.getLogger("tests.pacer"))
    pacer.start()
    now_s = time.monotonic()
    pacer.call_at(now_s + 0.06, lambda: seen.append(3))
    pacer.call_at(now_s + 0.02, lambda: seen.append(1))
    pacer.call_at(now_s + 0.03, lambda: seen.append(1 // 0))
    pacer.call_at(now_s + 0.04, lambda: seen.append(2))
    wait_until(lambda: seen == [1, 2, 3])
    pacer.stop()
    pacer.join(5)
    assert not pacer.is_alive()
