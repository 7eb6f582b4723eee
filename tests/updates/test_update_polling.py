"""Polls that wait and polls that do not (P1 to P4): nothing is lost between two of them."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Sequence

import pytest

from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role
from server.updates.messages import Applied
from server.updates.polls import Poll, PollResult
from server.updates.process import UpdateProcess
from server.updates.room import window_s
from tests.updates.world import ANN, NOW_MS, FakeExchange, Reply, World, body_of, stroke, wait_until

EPOCH = "0123456789abcdef"


def batch(notebook: NotebookId, epoch: str, from_seq: int, count: int = 1, **more: object) -> Applied:
    entries = [json.dumps({"seq": seq}).encode() for seq in range(from_seq + 1, from_seq + count + 1)]
    values: dict[str, object] = {"strokes": {}, "hidden": [], "only_appends": True, "reload": False, **more}
    return Applied(notebook, epoch, from_seq, from_seq + count, entries, **values)  # type: ignore[arg-type]


def seqs(exchange: FakeExchange) -> list[int]:
    return [entry["seq"] for entry in exchange.json["data"]]


def test_p1_a_change_wakes_those_who_wait(world: World, notebook: NotebookId, updates: UpdateProcess) -> None:
    polls = [world.poll(notebook, 0) for _ in range(5)]
    assert all(poll.parked and poll.response is None for poll in polls)
    world.save(updates, notebook, stroke("a1"), stroke("a2"))
    for poll in polls:
        assert poll.answered.wait(5)
    answer = polls[0].json
    assert (answer["code"], answer["epoch"], answer["from"], answer["to"], answer["more"]) == (
        0,
        world.epoch(notebook),
        0,
        2,
        False,
    )
    assert [(entry["seq"], entry["op"], entry["command"]) for entry in answer["data"]] == [
        (1, "a1", "a"),
        (2, "a2", "a"),
    ]
    assert answer["data"][0]["author"] == {"id": "u1", "name": "Ann"}
    assert answer["data"][0]["id"] == "1"


def test_p1_one_encoding_however_many_readers(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    polls = [world.poll(notebook, 0) for _ in range(20)]
    world.save(updates, notebook, stroke("a1"))
    for poll in polls:
        assert poll.answered.wait(5)
    assert len({id(poll.response) for poll in polls}) == 1


def test_p1_a_reader_that_is_behind_is_answered_at_once(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    world.poll(notebook)
    for number in range(5):
        world.save(updates, notebook, stroke(f"a{number}"))
    wait_until(lambda: world.published[-1].to_seq == 5)
    for since in range(5):
        late = world.poll(notebook, since)
        assert seqs(late) == list(range(since + 1, 6))
    assert world.poll(notebook, 5).response is None


def test_p1_nothing_falls_between_two_polls(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    """Readers that poll on at once, at any moment, see every change once and in order."""
    ended = threading.Event()
    seen: list[list[int]] = [[] for _ in range(4)]

    def read(own: list[int]) -> None:
        since = 0
        while since < 200:
            poll = world.poll(notebook, since)
            assert poll.answered.wait(10), f"a reader was not woken after {since}"
            assert poll.json["from"] == since
            own += seqs(poll)
            since = poll.json["to"]
        ended.set()

    readers = [threading.Thread(target=read, args=(own,)) for own in seen]
    for reader in readers:
        reader.start()
    replies = [Reply() for _ in range(200)]
    for number, reply in enumerate(replies):
        updates.submit(notebook, ANN, Role.OWNER, body_of(stroke(f"a{number}")), NOW_MS, reply)
        if random.Random(number).random() < 0.3:
            assert reply.done.wait(5)
    for reader in readers:
        reader.join(20)
    assert seen == [list(range(1, 201))] * 4


def test_p1_registering_and_publishing_at_the_same_moment_loses_nothing(world: World) -> None:
    """A thousand races of one poll with one batch: whichever comes first, the poll gets it."""
    for _ in range(300):
        notebook = NotebookId(1)
        world.clients = world.new_clients()
        room = world.clients.open_room(notebook)
        room.open_at(EPOCH, 0)
        exchange = FakeExchange()
        poll = Poll(exchange, notebook, 0)
        start = threading.Barrier(2)

        def publish(clients: object = world.clients, start: threading.Barrier = start) -> None:
            start.wait()
            clients.publish([batch(NotebookId(1), EPOCH, 0)])  # type: ignore[attr-defined]

        thread = threading.Thread(target=publish)
        thread.start()
        start.wait()
        world.clients.poll(poll)
        thread.join()
        assert exchange.answered.wait(1), "lost wake-up"
        assert seqs(exchange) == [1]


def test_p1_a_poll_on_its_way_through_the_log_misses_nothing(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    world.hold_log = True
    poll = world.poll(notebook, 0)
    world.save(updates, notebook, stroke("a1"))
    wait_until(lambda: world.published[-1].to_seq == 1)
    world.release_log()
    assert seqs(poll) == [1]


def test_p2_since_absent_means_now_and_the_deadline_ends_empty(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    world.save(updates, notebook, stroke("a1"))
    poll = world.poll(notebook)
    world.clock.pass_time(22.4)
    assert poll.response is None
    world.clock.pass_time(5.4)
    answer = poll.json
    assert (answer["code"], answer["from"], answer["to"], answer["more"], answer["data"]) == (
        0,
        1,
        1,
        False,
        [],
    )
    assert poll.ended_empty
    assert world.clients.counts().waiting == 0


def test_p2_deadlines_are_spread(world: World, notebook: NotebookId) -> None:
    polls = [world.poll(notebook, 0) for _ in range(300)]
    left = []
    for _ in range(14):
        world.clock.pass_time(2.0)
        left.append(sum(poll.response is None for poll in polls))
    assert left[10] == 300 and left[13] == 0
    assert 0 < left[11] < 300


def test_p3_future_and_other_epoch_are_409_with_seq_and_epoch(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    world.save(updates, notebook, stroke("a1"))
    for poll in (
        world.poll(notebook, 2),
        world.poll(notebook, 10**14),
        world.poll(notebook, 1, epoch="f" * 16),
        world.poll(notebook, 0, epoch="f" * 16),
    ):
        assert poll.status == 409
        assert (poll.json["reason"], poll.json["seq"]) == ("other_epoch", 1)
        assert poll.json["epoch"] == world.epoch(notebook)


def test_p3_below_the_base_is_410_with_seq_and_epoch(world: World, notebook: NotebookId) -> None:
    from server.domain.svg_document import NotebookDocument

    document = NotebookDocument(notebook)
    world.storage.database.write(
        lambda connection: world.storage.bases.add(connection, notebook, 0, document.dump())
    )

    class Changes:
        def base(self, _notebook_id: NotebookId) -> int:
            return 5

        def head(self, _notebook_id: NotebookId) -> int:
            return 9

        def __getattr__(self, name: str) -> object:
            return getattr(world.storage.changes, name)

    class Notebooks:
        def get(self, notebook_id: NotebookId) -> object:
            import dataclasses

            row = world.storage.notebooks.get(notebook_id)
            assert row is not None
            return dataclasses.replace(row, seq=9)

    class Storage:
        changes, notebooks = Changes(), Notebooks()

    world.road._storage = Storage()  # type: ignore[assignment]
    poll = world.poll(notebook, 4)
    assert (poll.status, poll.json["reason"], poll.json["seq"]) == (410, "log_trimmed", 9)
    assert poll.json["epoch"] == world.epoch(notebook)


def test_p3_a_since_that_is_known_to_the_log_but_not_yet_published_waits(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    """The .svg may be ahead of the push for a moment: that is no restored database."""
    world.poll(notebook, 0)
    world.clients.evictions.drop(notebook)
    world.poll(notebook, 0)
    held: list[Applied] = []
    world.publish = held.extend
    second = world.start()
    world.save(second, notebook, stroke("a1"))
    ahead = world.poll(notebook, 1)
    assert ahead.parked and ahead.response is None
    wait_until(lambda: bool(held) and held[-1].to_seq == 1)
    world.clients.publish(held)
    assert ahead.response is None
    world.clients.publish([batch(notebook, world.epoch(notebook), 1)])
    assert seqs(ahead) == [2]


def test_p2_a_writer_who_was_answered_is_ahead_of_no_poll(world: World, notebook: NotebookId) -> None:
    """However long the readers take: the change is in a poll from before it, and "now" comes after it."""
    world.poll(notebook, 0)
    publish = world.publish

    def publish_slowly(batches: Sequence[Applied]) -> None:
        time.sleep(0.05)
        publish(batches)

    world.publish = publish_slowly
    updates = world.start()
    assert world.save(updates, notebook, stroke("a1"))["seq"] == 1
    assert seqs(world.poll(notebook, 0)) == [1]
    now = world.poll(notebook)
    assert now.parked and now.response is None
    world.clients.publish([batch(notebook, world.epoch(notebook), 1)])
    assert seqs(now) == [2]


def test_p4_delete_answers_404_at_once(world: World, notebook: NotebookId) -> None:
    poll, other = world.poll(notebook, 0), world.poll(world.new_notebook(), 0)
    world.storage.notebooks.trash(notebook, NOW_MS)
    world.clients.evictions.drop(notebook)
    assert (poll.status, poll.json["reason"]) == (404, "notebook_gone")
    assert other.response is None
    assert world.poll(notebook, 0).status == 404


def test_p4_revoked_share_404_and_ended_session_401_at_once(world: World, notebook: NotebookId) -> None:
    shared = world.poll(notebook, 0, share=b"code")
    logged_in = world.poll(notebook, 0, session=b"token")
    other = world.poll(notebook, 0, session=b"other")
    world.clients.evictions.drop_share(b"code")
    assert (shared.status, shared.json["reason"]) == (404, "share_gone")
    assert logged_in.response is None
    world.clients.evictions.drop_session(b"token")
    assert (logged_in.status, logged_in.json["reason"]) == (401, "session_ended")
    assert other.response is None
    assert world.clients.counts().waiting == 1


def test_p4_a_poll_that_was_on_its_way_when_its_share_was_revoked_does_not_wait(
    world: World, notebook: NotebookId
) -> None:
    world.hold_log = True
    poll = world.poll(notebook, 0, share=b"code")
    world.clients.evictions.drop_share(b"code")
    world.release_log()
    assert poll.status == 404


def test_p4_a_waiting_poll_asks_no_database(world: World, notebook: NotebookId) -> None:
    world.poll(notebook, 0)

    class Nothing:
        def __getattr__(self, name: str) -> object:
            raise AssertionError("the database was asked")

    world.road._storage = Nothing()  # type: ignore[assignment]
    polls = [world.poll(notebook, 0) for _ in range(100)]
    world.clients.publish([batch(notebook, world.epoch(notebook), 0)])
    assert all(seqs(poll) == [1] for poll in polls)
    world.clock.pass_time(0.05)
    assert seqs(world.poll(notebook, 0)) == [1]


def test_a_connection_that_goes_is_forgotten(world: World, notebook: NotebookId) -> None:
    polls = [world.poll(notebook, 0, session=b"token") for _ in range(3)]
    for poll in polls:
        poll.go()
    counts = world.clients.counts()
    assert (counts.waiting, counts.sessions, world.clients.open_room(notebook).waiting) == (0, 0, {})


def test_caps_a_65th_poll_of_a_session_ends_its_oldest(world: World, notebook: NotebookId) -> None:
    polls = [world.poll(notebook, 0, session=b"token") for _ in range(64)]
    anonymous = [world.poll(notebook, 0) for _ in range(10)]
    assert all(poll.response is None for poll in [*polls, *anonymous])
    last = world.poll(notebook, 0, session=b"token")
    assert polls[0].status == 200 and polls[0].json["data"] == []
    assert all(poll.response is None for poll in [*polls[1:], last, *anonymous])
    assert world.clients.counts().waiting == 74


def test_caps_too_many_in_all_is_503(world: World, notebook: NotebookId) -> None:
    world.clients = world.new_clients(waiting=3)
    for _ in range(3):
        assert world.poll(notebook, 0).parked
    exchange = FakeExchange()
    with pytest.raises(Failure) as refused:
        world.clients.poll(Poll(exchange, notebook, 0))
    assert refused.value.status == 503
    assert world.clients.counts().waiting == 3


def test_f34_cursors_of_every_kind_get_an_answer(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    for number in range(3):
        world.save(updates, notebook, stroke(f"a{number}"))
    dice = random.Random(34)
    for _ in range(200):
        since = dice.choice([None, 0, 1, 2, 3, 4, 10**15, -1, -(10**9)])
        poll = world.poll(notebook, since)
        if since is None or since == 3:
            assert poll.response is None
        elif since < 0:
            assert poll.status == 400
        elif since > 3:
            assert poll.status == 409
        else:
            assert seqs(poll) == list(range(since + 1, 4))


def test_the_tail_is_bounded_and_the_log_is_behind_it(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    world.poll(notebook, 0)
    for part in range(5):
        world.save(updates, notebook, *[stroke(f"{part}-{number}") for number in range(500)])
    wait_until(lambda: world.published[-1].to_seq == 2500)
    assert world.clients.counts().tail_bytes < 1_000_000
    since, got = 0, []
    while since < 2500:
        poll = world.poll(notebook, since)
        got += seqs(poll)
        assert poll.json["more"] == (poll.json["to"] < 2500)
        since = poll.json["to"]
    assert got == list(range(1, 2501))


def test_a_gap_sends_those_who_wait_through_the_log(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    """The update process died after the commit and before the push: its next word shows that something is missing."""
    waiting = world.poll(notebook, 0)
    heard = world.publish
    world.publish = lambda batches: None  # type: ignore[assignment]
    deaf = world.start()
    world.save(deaf, notebook, stroke("a1"), stroke("a2"))
    assert waiting.response is None
    world.publish = heard
    world.clients.publish([batch(notebook, world.epoch(notebook), 2, 0)])
    assert seqs(waiting) == [1, 2]


def test_p1_undo_within_one_batch_comes_with_its_strokes(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    world.save(updates, notebook, stroke("a1"), ["e", {"ids": ["1"]}, "e1"])
    waiting = world.poll(notebook, 2)
    world.save(updates, notebook, ["u", {"op": "e1"}, "u1"])
    assert waiting.answered.wait(5)
    assert list(waiting.json["strokes"]) == ["1"] and waiting.json["hidden"] == []


def test_p1_strokes_are_true_as_of_the_end_of_the_answer(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    """A poll over several batches: undo shows the stroke, a later erase hides it, so it is told as hidden."""
    world.poll(notebook, 0)
    world.save(updates, notebook, stroke("a1"), stroke("a2"), ["e", {"ids": ["1", "2"]}, "e1"])
    world.save(updates, notebook, ["u", {"op": "e1"}, "u1"])
    world.save(updates, notebook, ["e", {"ids": ["1"]}, "e2"])
    wait_until(lambda: world.published[-1].to_seq == 5)
    for since in (0, 1, 2, 3):
        late = world.poll(notebook, since)
        assert late.json["to"] == 5
        assert (list(late.json["strokes"]), late.json["hidden"]) == (["2"], ["1"])
    assert "strokes" not in world.poll(notebook, 4).json


def test_p1_above_1_mib_of_strokes_the_reader_loads_again(
    world: World, notebook: NotebookId, updates: UpdateProcess
) -> None:
    long = "".join(f"q{number % 90} 1 2 3" for number in range(4000))
    big = f'<g><path d="M1 1{long}z" fill="#000000"/></g>'
    waiting = world.poll(notebook, 0)
    for number in range(35):
        world.save(updates, notebook, ["a", big, f"a{number}"])
    answer = world.save(updates, notebook, ["c", {"upto": 35}, "c1"])
    answer = world.save(updates, notebook, ["u", {"op": "c1"}, "u1"])
    assert answer["reload"] is True and "strokes" not in answer
    assert waiting.answered.wait(5)
    assert world.poll(notebook, 36).json["reload"] is True


def test_few_readers_are_answered_at_once_and_many_are_gathered(world: World, notebook: NotebookId) -> None:
    assert window_s(0) == window_s(49) == 0.0
    assert 0.025 <= window_s(50) <= window_s(100) <= window_s(1000) == 0.040
    epoch = world.epoch(notebook)
    readers = [world.poll(notebook, 0) for _ in range(200)]
    world.clients.publish([batch(notebook, epoch, 0)])
    assert all(seqs(reader) == [1] for reader in readers), "the first change after a pause waits for nobody"
    readers = [world.poll(notebook, 1) for _ in range(200)]
    world.clock.pass_time(0.005)
    world.clients.publish([batch(notebook, epoch, 1)])
    late = world.poll(notebook, 1)
    world.clients.publish([batch(notebook, epoch, 2)])
    assert all(reader.response is None for reader in [*readers, late])
    world.clock.pass_time(0.040)
    assert all(seqs(reader) == [2, 3] for reader in [*readers, late])
    assert len({id(reader.response) for reader in [*readers, late]}) == 1


def test_o2_stopping_answers_every_poll_at_once_and_later_ones_too(
    world: World, notebook: NotebookId
) -> None:
    waiting = world.poll(notebook, 0)
    world.clients.evictions.close()
    assert (waiting.status, waiting.json["reason"]) == (503, "stopping")
    with pytest.raises(Failure, match="stopping"):
        world.clients.poll(Poll(FakeExchange(), notebook, 0))


def test_rooms_without_readers_are_closed_when_there_are_too_many(world: World) -> None:
    world.clients = world.new_clients(rooms=5)
    notebooks = [world.new_notebook() for _ in range(8)]
    kept = world.poll(notebooks[0], 0)
    for notebook in notebooks[1:]:
        world.poll(notebook, 0).go()
    assert world.clients.counts().rooms <= 6
    world.clients.publish([batch(notebooks[0], world.epoch(notebooks[0]), 0)])
    assert seqs(kept) == [1]


def test_a_log_that_cannot_be_read_is_503_and_not_a_waiting_poll(world: World, notebook: NotebookId) -> None:
    class Down:
        def __getattr__(self, name: str) -> object:
            raise Failure.of("storage_down")

    world.road._storage = Down()  # type: ignore[assignment]
    poll = world.poll(notebook, 0)
    assert (poll.status, poll.json["reason"]) == (503, "storage_down")


def test_a_poll_of_an_unknown_room_needs_the_log(world: World, notebook: NotebookId) -> None:
    assert world.clients.poll(Poll(FakeExchange(), notebook, 0)) is PollResult.NEEDS_LOG
