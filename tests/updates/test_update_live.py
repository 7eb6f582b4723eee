"""Live ink and presence (P6)."""

from __future__ import annotations

import pytest

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.live import CLIENT, LiveRoom, check_live_post
from server.updates.messages import Applied
from tests.updates.world import FakeExchange, World

Json = dict[str, object]


def post(world: World, notebook: NotebookId, client: str, **more: object) -> None:
    world.clients.post_live(
        notebook, check_live_post({"client": client, "name": "?", **more}, client.title(), guest=False)
    )


def reader(
    world: World, notebook: NotebookId, client: str, live: int | None = None, since: int = 0
) -> FakeExchange:
    return world.poll(notebook, since, client=client, live=live, name=client.title())


def test_p6_others_get_it_at_once_and_the_sender_never_does(world: World, notebook: NotebookId) -> None:
    ann, ben, plain = reader(world, notebook, "ann"), reader(world, notebook, "ben"), world.poll(notebook, 0)
    post(world, notebook, "ann", cursor=[10, 20], stroke="s1", points=[1, 2, 3, 4])
    world.clock.pass_time(0.001)
    assert ben.json["live"] == [
        {"client": "ann", "name": "Ann", "cursor": [10, 20], "stroke": "s1", "points": [1, 2, 3, 4]}
    ]
    assert (ben.json["from"], ben.json["to"], ben.json["data"], ben.json["live_to"]) == (0, 0, [], 1)
    assert ann.response is None and plain.response is None
    world.clock.pass_time(30)
    assert ann.json["live"] == []
    assert "live" not in plain.json and "here" not in plain.json


def test_p6_at_most_every_100_ms_and_nothing_is_skipped(world: World, notebook: NotebookId) -> None:
    ben = reader(world, notebook, "ben")
    post(world, notebook, "ann", cursor=[0, 0])
    world.clock.pass_time(0.001)
    since, got, answers = ben.json["live_to"], len(ben.json["live"]), 1
    ben = reader(world, notebook, "ben", live=since)
    for number in range(40):
        post(world, notebook, "ann", cursor=[number, 0])
        world.clock.pass_time(0.025)
        if ben.response is not None:
            answers += 1
            got += len(ben.json["live"])
            ben = reader(world, notebook, "ben", live=ben.json["live_to"])
    world.clock.pass_time(0.2)
    got += len(ben.json["live"]) if ben.response else 0
    assert got == 41
    assert answers <= 12


def test_p6_a_poll_that_comes_late_gets_what_it_missed(world: World, notebook: NotebookId) -> None:
    ben = reader(world, notebook, "ben")
    post(world, notebook, "ann", cursor=[1, 1])
    world.clock.pass_time(0.001)
    post(world, notebook, "ann", cursor=[2, 2])
    world.clock.pass_time(0.2)
    late = reader(world, notebook, "ben", live=ben.json["live_to"])
    assert [item["cursor"] for item in late.json["live"]] == [[2, 2]]


def test_p6_a_cursor_of_a_former_server_counts_as_now(world: World, notebook: NotebookId) -> None:
    reader(world, notebook, "ann")
    ben = reader(world, notebook, "ben", live=5000)
    post(world, notebook, "ann", cursor=[1, 1])
    world.clock.pass_time(0.001)
    assert ben.json["live_to"] == 1


def test_p6_here_names_who_polls_with_a_client_and_never_ends_a_poll(
    world: World, notebook: NotebookId
) -> None:
    ann = reader(world, notebook, "ann")
    world.poll(notebook, 0)
    guest = world.poll(notebook, 0, client="g1", name="Guest", guest=True)
    world.clock.pass_time(1.0)
    assert ann.response is None and guest.response is None
    post(world, notebook, "g1", cursor=[0, 0])
    world.clock.pass_time(0.001)
    assert ann.json["here"] == [
        {"client": "ann", "name": "Ann"},
        {"client": "g1", "name": "Guest", "guest": True},
    ]
    assert ann.json["here_count"] == 2
    world.poll(notebook, 0, client="g1", name="Guest", guest=True)
    guest = world.poll(notebook, 0, client="g1", name="Guest", guest=True)
    world.clock.pass_time(0.1)
    assert reader(world, notebook, "ann", live=0).json["here_count"] == 2
    guest.go()
    again = reader(world, notebook, "ann", live=0)
    assert again.json["here_count"] == 1


def test_p6_at_most_50_entries_and_the_count(world: World, notebook: NotebookId) -> None:
    for number in range(70):
        reader(world, notebook, f"c{number}")
    ann = reader(world, notebook, "ann")
    post(world, notebook, "c1", cursor=[0, 0])
    world.clock.pass_time(0.001)
    assert len(ann.json["here"]) == 50 and ann.json["here_count"] == 71


def test_p6_the_silent_are_dropped() -> None:
    room = LiveRoom()
    room.enter(1, "ann", "Ann", guest=False, now_s=0.0)
    room.enter(2, "ben", "Ben", guest=False, now_s=39.0)
    assert b'"here_count":2' in room.members((0, ""), 39.5)
    assert b'"here_count":1' in room.members((0, ""), 41.0)


def test_p6_changes_and_live_ink_come_in_one_answer(world: World, notebook: NotebookId) -> None:
    ben, carl = reader(world, notebook, "ben"), reader(world, notebook, "carl")
    epoch = world.epoch(notebook)
    world.clients.publish(
        [Applied(notebook, epoch, 0, 1, [b'{"seq":1}'], {}, [], only_appends=True, reload=False)]
    )
    assert ben.json["data"] == [{"seq": 1}] and ben.json["live"] == []
    assert ben.response is carl.response, "one encoding for all who miss the same"


def test_p6_50_posts_a_second_and_no_more(world: World, notebook: NotebookId) -> None:
    reader(world, notebook, "ann")
    for _ in range(50):
        post(world, notebook, "ann", cursor=[0, 0])
    with pytest.raises(Failure) as refused:
        post(world, notebook, "ann", cursor=[0, 0])
    assert refused.value.status == 429
    post(world, notebook, "ben", cursor=[0, 0])
    world.clock.pass_time(0.1)
    for _ in range(5):
        post(world, notebook, "ann", cursor=[0, 0])


def test_p6_the_ring_is_bounded(world: World) -> None:
    room = LiveRoom()
    for number in range(5000):
        made = check_live_post({"client": f"c{number % 200}", "points": [1] * 500}, "Ann", guest=False)
        room.post(made, number * 0.001)
    assert room._bytes <= 256 * 1024
    assert room.has_news(0, "nobody") and not room.has_news(room.head, "nobody")


def test_p6_nobody_reads_nothing_is_kept(world: World, notebook: NotebookId) -> None:
    post(world, notebook, "ann", cursor=[0, 0])
    assert world.clients.counts().rooms == 0


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"client": ""},
        {"client": "a" * 33},
        {"client": "a b"},
        {"client": "a", "name": 5},
        {"client": "a", "colour": "red"},
        {"client": "a", "cursor": [1]},
        {"client": "a", "cursor": [1, float("inf")]},
        {"client": "a", "cursor": [True, 1]},
        {"client": "a", "cursor": [1, 10**7]},
        {"client": "a", "points": "<script>"},
        {"client": "a", "points": [[1, 2, 3, 4]]},
        {"client": "a", "points": [0] * 10_000},
        {"client": "a", "stroke": "<b>"},
        {"client": "a", "stroke": {"op": {"deep": 1}}},
        {"client": "a", "stroke": {"k" * 65: 1}},
    ],
)
def test_p6_what_is_not_live_ink_is_refused(data: object) -> None:
    with pytest.raises(Failure) as refused:
        check_live_post(data, "Ann", guest=False)
    assert refused.value.status in (400, 422)


def test_p6_the_name_is_the_author_s_and_markup_is_escaped() -> None:
    made = check_live_post({"client": "a", "name": "Teacher"}, "<Ann>", guest=True)
    assert made.wire == b'{"client":"a","name":"\\u003cAnn>","guest":true}'
    assert CLIENT.fullmatch("A-z_0")


def test_p6_a_page_of_nobodys_becomes_its_guests_and_a_page_that_left_is_free() -> None:
    room = LiveRoom()
    poll, other = object(), object()
    room.enter(poll, "page", "Guest", guest=True, now_s=0.0)
    room.enter(poll, "page", "Noa", guest=True, now_s=1.0, owner=b"noa")  # its first stroke made it a guest
    room.enter(other, "page", "Eve", guest=True, now_s=2.0, owner=b"eve")
    members = room.members((0, ""), 3.0)
    assert (
        b'{"client":"page","name":"Noa","guest":true},{"client":"page~2","name":"Eve","guest":true}'
        in members
    )
    room.leave(other, "page")
    assert b'"here_count":1' in room.members((0, ""), 4.0)
    room.leave(poll, "page")
    room.enter(other, "page", "Eve", guest=True, now_s=5.0, owner=b"eve")
    assert b'"here":[{"client":"page","name":"Eve"' in room.members((0, ""), 6.0)


def test_p6_one_word_stands_for_a_few_pages_at_most() -> None:
    room = LiveRoom()
    for number in range(40):
        room.enter(object(), "page", "Eve", guest=True, now_s=0.0, owner=b"%d" % number)
    assert b'"here_count":8' in room.members((0, ""), 1.0)
    with pytest.raises(Failure):
        room.post(check_live_post({"client": "page"}, "Eve", guest=True), 1.0, b"another")
