"""P1 to P4, P6, T48: signing up for updates, and how a waiting poll ends."""

from __future__ import annotations

import pytest

from tests.web.world import PASSWORD, STROKE, FakeExchange, Visitor, World


def park(visitor: Visitor, target: str) -> FakeExchange:
    exchange = visitor.begin("GET", target)
    assert exchange.parked.wait(5.0), exchange.response
    return exchange


@pytest.fixture
def ada(world: World) -> Visitor:
    return world.sign_up("Ada")


def test_p1_a_poll_behind_is_answered_at_once(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE, "o1"], ["a", STROKE, "o2"]])
    answer = ada.send("GET", f"/UPDATE?id={notebook}&since=1").json
    assert (answer["from"], answer["to"], answer["more"]) == (1, 2, False)
    assert [entry["op"] for entry in answer["data"]] == ["o2"]


def test_p1_a_waiting_poll_gets_the_next_change(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    code = ada.share(notebook)
    reader = park(world.nobody(), f"/UPDATE?code={code}&since=0")
    assert not reader.answered.is_set()
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE, "o1"]])
    answer = world.wait(reader).json
    assert (answer["from"], answer["to"]) == (0, 1) and answer["data"][0]["op"] == "o1"


def test_p2_since_absent_means_now(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]])
    exchange = park(ada, f"/UPDATE?id={notebook}")
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]])
    assert world.wait(exchange).json["from"] == 1


@pytest.mark.parametrize("query", [
    "", "since=0", "id=1&code=x", "id=1&since=-1", "id=1&since=1.0", "id=1&since=", "id=1&since=+1",
    "id=1&since=%D9%A1", "id=1&since=" + "9" * 16, "id=1&epoch=XYZ", "id=1&epoch=" + "A" * 16, "id=1&client=",
    "id=1&client=" + "a" * 33, "id=1&client=a%20b", "id=1&live=3", "id=1&client=a&live=-1", "id=1&x=1",
    "id=1&id=1", "id=1&since=0&since=0",
])  # fmt: skip
def test_p2_malformed_is_400(world: World, ada: Visitor, query: str) -> None:
    assert ada.notebook() == 1
    answer = ada.send("GET", f"/UPDATE?{query}")
    assert answer.status == 400, answer.body


def test_p2_at_the_deadline_the_answer_is_empty(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    exchange = park(ada, f"/UPDATE?id={notebook}&since=0")
    world.clock.forward(28)
    world.pacer.run_until(world.clock.now_s)
    answer = world.wait(exchange)
    assert answer.status == 200 and answer.json["data"] == [] and exchange.ended_empty


def test_p3_another_epoch_or_a_since_ahead_is_409_with_seq_and_epoch(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    epoch = ada.send("GET", f"/Notebook/{notebook}").data["epoch"]
    for query in ("since=1", "since=0&epoch=" + "0" * 16):
        answer = ada.send("GET", f"/UPDATE?id={notebook}&{query}")
        assert (answer.status, answer.reason) == (409, "other_epoch")
        assert (answer.json["seq"], answer.json["epoch"]) == (0, epoch)


def test_h2_update_is_get_only(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    for method in ("HEAD", "POST", "DELETE", "OPTIONS"):
        answer = ada.send(method, f"/UPDATE?id={notebook}")
        assert answer.status == 405 and answer.header("allow") == "GET"


def test_p4_t48_revoking_a_share_ends_its_polls_at_once_and_no_others(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    revoked, kept = ada.share(notebook), ada.share(notebook)
    ended = park(world.nobody(), f"/UPDATE?code={revoked}&since=0")
    waiting = park(world.nobody(), f"/UPDATE?code={kept}&since=0")
    ada.send("POST", "/api/notebook/unshare", {"code": revoked})
    answer = world.wait(ended)
    assert (answer.status, answer.reason) == (404, "share_gone")
    assert not waiting.answered.is_set()
    assert world.send("GET", f"/UPDATE?code={revoked}&since=0").status == 404
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]])
    assert world.wait(waiting).status == 200


def test_p4_deleting_a_notebook_ends_its_polls_with_404(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    code = ada.share(notebook)
    polls = [
        park(ada, f"/UPDATE?id={notebook}&since=0"),
        park(world.nobody(), f"/UPDATE?code={code}&since=0"),
    ]
    ada.send("POST", "/api/notebook/delete", {"id": notebook})
    assert [world.wait(poll).status for poll in polls] == [404, 404]


def test_p4_a_session_that_ends_ends_its_polls_with_401(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    other = world.nobody()
    other.keep(world.send("POST", "/LOGIN", {"username": "Ada", "password": PASSWORD}))
    mine, theirs = park(ada, f"/UPDATE?id={notebook}&since=0"), park(other, f"/UPDATE?id={notebook}&since=0")
    ada.send("POST", "/api/account/password", {"old": PASSWORD, "new": "another long one"})
    assert world.wait(theirs).status == 401 and not mine.answered.is_set()
    ada.send("POST", "/LOGOUT", {})
    assert (world.wait(mine).status, world.wait(mine).reason) == (401, "session_ended")


def test_p4_deleting_the_account_ends_its_polls(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    code = ada.share(notebook)
    mine, guest = park(ada, f"/UPDATE?id={notebook}"), park(world.nobody(), f"/UPDATE?code={code}")
    ada.send("POST", "/api/account/delete", {"password": PASSWORD})
    assert world.wait(mine).status in (401, 404) and world.wait(guest).status == 404


def test_s2_a_share_that_expires_ends_its_polls_at_that_moment(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    code = ada.share(notebook, expires=int(world.clock.now_s * 1000) + 10_000)
    exchange = park(world.nobody(), f"/UPDATE?code={code}&since=0")
    (timer,) = exchange.timers
    assert timer.delay_s == pytest.approx(10.0)
    timer.callback()
    assert (world.wait(exchange).status, world.wait(exchange).reason) == (404, "share_gone")


def test_a3_a_session_about_to_end_ends_its_poll_then(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    for _ in range(6):
        world.clock.forward(13 * 86_400)
        ada.send("GET", "/LOGIN")
    world.clock.forward(12 * 86_400 - 20)
    exchange = park(ada, f"/UPDATE?id={notebook}&since=0")
    (timer,) = exchange.timers
    assert timer.delay_s == pytest.approx(20.0)
    timer.callback()
    assert world.wait(exchange).reason == "session_ended"


def test_t48_a_poll_on_its_way_while_access_is_taken_away_is_ended(world: World, ada: Visitor) -> None:
    """Between the look at access and the waiting, the notebook is deleted: the second look finds out."""
    notebook = ada.notebook()
    park(ada, f"/UPDATE?id={notebook}&since=0")  # the room is open
    ada.send("GET", "/LOGIN")
    ada.begin("GET", f"/UPDATE?id={notebook}&since=0")
    clients = world.services.online_clients
    poll = clients.poll

    def slow_poll(waiting):  # type: ignore[no-untyped-def]
        result = poll(waiting)
        world.storage.notebooks.trash(waiting.notebook_id, 1)
        world.services.access.drop_notebook(
            waiting.notebook_id
        )  # and the drop of the room came before the poll
        return result

    clients.poll = slow_poll  # type: ignore[method-assign]
    exchange = ada.begin("GET", f"/UPDATE?id={notebook}&since=0")
    assert world.wait(exchange).status == 404


def test_p4_a_poll_whose_access_is_at_hand_asks_no_database(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    park(ada, f"/UPDATE?id={notebook}&since=0")
    asked: list[str] = []
    for store in (
        world.storage.sessions,
        world.storage.notebooks,
        world.storage.users,
        world.storage.changes,
    ):
        for name in ("find", "get", "by_id", "read", "head"):
            if hasattr(store, name):
                setattr(store, name, lambda *_, name=name: asked.append(name))
    exchange = ada.begin("GET", f"/UPDATE?id={notebook}&since=0")
    assert exchange.was_parked and asked == []


def test_a_thousand_polls_that_return_at_once_are_few_queries_and_no_503(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    code = ada.share(notebook)
    looked_up: list[bytes] = []
    find = world.storage.shares.find
    world.storage.shares.find = lambda hashed: (looked_up.append(hashed), find(hashed))[1]  # type: ignore[method-assign]
    exchanges = [world.begin("GET", f"/UPDATE?code={code}&since=0") for _ in range(1000)]
    for exchange in exchanges:
        assert exchange.parked.wait(10.0), exchange.response
    assert len(looked_up) <= 4
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]])
    world.clock.forward(1)
    world.pacer.run_until(world.clock.now_s)
    assert {world.wait(exchange).status for exchange in exchanges} == {200}


def test_p6_live_ink_reaches_the_polls_of_others_and_not_its_own(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    code = ada.share(notebook)
    mine = park(ada, f"/UPDATE?id={notebook}&since=0&client=ada&live=0")
    friend = world.nobody()
    theirs = park(friend, f"/UPDATE?code={code}&since=0&client=friend&live=0")
    sent = friend.send(
        "POST", f"/LIVE/?nb={code}", {"client": "friend", "name": "x", "stroke": "s", "points": [1, 2]}
    )
    assert sent.status == 200
    world.clock.forward(0.2)
    world.pacer.run_until(world.clock.now_s)
    answer = world.wait(mine).json
    assert answer["live"][0]["client"] == "friend" and answer["live"][0]["name"] == "Guest"
    assert answer["data"] == [] and answer["live_to"] >= 1
    assert {entry["client"] for entry in answer["here"]} == {"ada", "friend"}
    assert not theirs.answered.is_set()


def test_p6_a_view_link_may_show_a_cursor_but_no_ink(world: World, ada: Visitor) -> None:
    code = ada.share(ada.notebook(), "view")
    assert world.send("POST", f"/LIVE/?nb={code}", {"client": "c", "cursor": [1, 2]}).status == 200
    assert world.send("POST", f"/LIVE/?nb={code}", {"client": "c", "points": [1, 2]}).status == 403
    assert world.send("POST", f"/LIVE/?nb={code}", {"client": "c", "x": 1}).status == 400


def test_c2_who_may_only_look_is_told_which_change_was_refused(world: World, ada: Visitor) -> None:
    code = ada.share(ada.notebook(), "view")
    refused = world.send("POST", f"/SAVE/?nb={code}", [["u", {"op": "nothing"}, "mine"]])
    assert (refused.status, refused.json["reason"]) == (403, "role_forbids")
    assert (refused.json["op"], refused.json["index"]) == ("mine", 0)


def test_s2_the_list_of_shares_says_who_is_inside_by_each(world: World) -> None:
    ada, dana = world.sign_up("Ada"), world.sign_up("Dana")
    notebook = ada.notebook()
    edit, view = ada.share(notebook, "edit"), ada.share(notebook, "view")
    park(dana, f"/UPDATE?code={edit}&since=0&client=page1")
    park(world.nobody(), f"/UPDATE?code={edit}&since=0&client=page2")
    park(world.nobody(), f"/UPDATE?code={view}&since=0")  # says not who it is: no name
    listed = ada.send("GET", f"/api/notebook/shares?id={notebook}").data
    assert {row["code"]: row["inside"] for row in listed} == {edit: ["Dana", "Guest"], view: []}


def test_s3_p6_a_guest_is_here_under_its_name_also_when_nobody_has_asked_for_it_of_late(
    world: World, ada: Visitor
) -> None:
    notebook = ada.notebook()
    code = ada.share(notebook, "edit")
    noa = world.nobody()
    assert noa.send("POST", "/api/guest", {"name": "Noa"}).status == 200
    world.clock.forward(60)
    theirs = park(noa, f"/UPDATE?code={code}&since=0&client=page")
    rows = ada.send("GET", f"/api/notebook/shares?id={notebook}").data
    assert [row["inside"] for row in rows] == [["Noa"]]
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]])
    assert world.wait(theirs).json["here"] == [{"client": "page", "name": "Noa", "guest": True}]


def test_p6_nobody_is_here_or_speaks_as_the_page_of_somebody_else(world: World, ada: Visitor) -> None:
    notebook = ada.notebook()
    code = ada.share(notebook, "edit")
    eve, reader = world.sign_up("Eve"), world.nobody()
    park(ada, f"/UPDATE?id={notebook}&since=0&client=adas&live=0")
    park(eve, f"/UPDATE?code={code}&since=0&client=adas&live=0")  # `here` told her Ada's word
    seen = park(reader, f"/UPDATE?code={code}&since=0&client=reader&live=0")
    rows = ada.send("GET", f"/api/notebook/shares?id={notebook}").data
    assert rows[0]["inside"] == ["Eve", "Guest"]
    assert eve.send("POST", f"/LIVE/?nb={code}", {"client": "adas", "cursor": [1, 2]}).status == 200
    world.clock.forward(0.2)
    world.pacer.run_until(world.clock.now_s)
    answer = world.wait(seen).json
    assert answer["live"] == [{"client": "adas~2", "name": "Eve", "cursor": [1, 2]}]
    assert {(one["client"], one["name"]) for one in answer["here"]} == {
        ("adas", "Ada"), ("adas~2", "Eve"), ("reader", "Guest"),
    }  # fmt: skip


def test_a6_p4_a_new_password_ends_the_polls_of_every_other_session_at_once(
    world: World, ada: Visitor
) -> None:
    notebook = ada.notebook()
    elsewhere = world.nobody()
    assert elsewhere.send("POST", "/LOGIN", {"username": "Ada", "password": PASSWORD}).status == 200
    theirs = park(elsewhere, f"/UPDATE?id={notebook}&since=0")
    mine = park(ada, f"/UPDATE?id={notebook}&since=0")
    body = {"old": PASSWORD, "new": "another long one"}
    assert ada.send("POST", "/api/account/password", body).status == 200
    assert world.wait(theirs).status == 401
    assert not mine.answered.is_set()
