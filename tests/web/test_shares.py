"""S1 to S5: links, roles, guests, class codes."""

from __future__ import annotations

import pytest

from tests.web.world import HOST, STROKE, World

GUEST = "__Host-guest"


def test_s1_create_makes_or_returns_the_edit_link(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    assert ada.send("GET", f"/api/notebook/code?nbID={notebook}").data == {"code": None}
    code = ada.send("POST", "/api/notebook/create", notebook).data["code"]
    assert len(code) == 22
    assert ada.send("POST", "/api/notebook/create", notebook).data == {"code": code}
    assert ada.send("GET", f"/api/notebook/code?nbID={notebook}").data == {"code": code}
    assert world.send("GET", f"/Notebook?nb={code}").data["role"] == "edit"


def test_s3_the_current_code_is_the_newest_edit_share_without_expiry(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    first = ada.share(notebook, "edit")
    world.clock.forward(1)
    ada.share(notebook, "view")
    ada.share(notebook, "edit", expires=int(world.clock.now_s * 1000) + 60_000)
    assert ada.send("GET", f"/api/notebook/code?nbID={notebook}").data == {"code": first}
    world.clock.forward(1)
    newest = ada.share(notebook, "edit")
    assert ada.send("POST", "/api/notebook/create", notebook).data == {"code": newest}


def test_s2_shares_are_listed_and_revoked_at_once(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    view, add = ada.share(notebook, "view"), ada.share(notebook, "add")
    listed = ada.send("GET", f"/api/notebook/shares?id={notebook}").data
    assert [(row["code"], row["role"], row["expires"]) for row in listed] == [
        (view, "view", None),
        (add, "add", None),
    ]
    assert world.send("GET", f"/Notebook?nb={view}").status == 200
    assert ada.send("POST", "/api/notebook/unshare", {"code": view}).status == 200
    assert world.send("GET", f"/Notebook?nb={view}").status == 404
    assert [row["code"] for row in ada.send("GET", f"/api/notebook/shares?id={notebook}").data] == [add]
    assert ada.send("POST", "/api/notebook/unshare", {"code": view}).status == 404


@pytest.mark.parametrize(("more", "status", "reason"), [
    ({"role": "owner"}, 422, "share_role"), ({"role": "Edit"}, 422, "share_role"), ({"role": 2}, 400, "bad_type"),
    ({"expires": 1}, 422, "bad_expiry"), ({"expires": 2**60}, 422, "bad_expiry"), ({"expires": True}, 400, "bad_type"),
    ({"expires": "never"}, 400, "bad_type"), ({"code": "x"}, 400, "unknown_key"),
])  # fmt: skip
def test_s2_what_a_share_may_be(world: World, more: dict[str, object], status: int, reason: str) -> None:
    ada = world.sign_up("Ada")
    answer = ada.send("POST", "/api/notebook/share", {"id": ada.notebook(), "role": "edit", **more})
    assert (answer.status, answer.reason) == (status, reason)


def test_s2_every_command_is_held_to_the_role(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE, "mine"]])
    codes = {role: ada.share(notebook, role) for role in ("view", "add", "edit")}
    tries: dict[str, object] = {
        "a": ["a", STROKE],
        "e": ["e", {"ids": ["1"]}],
        "m": ["m", {"ids": ["1"], "by": [1, 1]}],
        "s": ["s", {"ids": ["1"], "fill": "#ffffff"}],
        "u": ["u", {"op": "mine"}],
        "c": ["c", {"upto": 1}],
    }
    expected = {
        "view": dict.fromkeys(tries, 403),
        "add": {"a": 200} | dict.fromkeys("emsuc", 403),
        "edit": {"a": 200, "e": 200, "m": 200, "s": 200, "u": 403, "c": 200},
    }
    for role, code in codes.items():
        found = {
            command: world.send("POST", f"/SAVE/?nb={code}", [change]).status
            for command, change in tries.items()
        }
        assert found == expected[role], role


def test_s3_the_first_post_by_code_without_a_session_makes_a_guest(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    code = ada.share(notebook, "add")
    friend = world.nobody()
    assert world.send("GET", f"/Notebook?nb={code}").all("set-cookie") == []
    answer = friend.send("POST", f"/SAVE/?nb={code}", [["a", STROKE, "first"]])
    (line,) = answer.all("set-cookie")
    assert line.startswith(f"{GUEST}=")
    for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=31536000"):
        assert attribute in line
    author = world.updates.saves[-1][1]
    assert author.name == "Guest" and author.id.startswith("g") and len(author.id) == 17
    again = friend.send("POST", f"/SAVE/?nb={code}", [["e", {"ids": ["1"]}, "second"]])
    assert again.status == 200 and again.all("set-cookie") == []
    assert world.updates.saves[-1][1].id == author.id
    assert friend.send("POST", f"/SAVE/?nb={code}", [["u", {"op": "second"}]]).status == 200
    other = world.nobody()
    assert other.send("POST", f"/SAVE/?nb={code}", [["e", {"ids": ["1"]}]]).status == 403
    assert ada.send("POST", f"/SAVE/?nb={code}", [["a", STROKE]]).all("set-cookie") == []


def test_s3_a_guest_is_told_which_strokes_are_their_own(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook("Algebra")
    code = ada.share(notebook, "add")
    guest = world.nobody()
    own = f"/api/notebook/own?code={code}"
    assert guest.send("GET", own).data["author"] is None
    for writer in (guest, guest, ada, guest):
        path = f"/SAVE/?nb={code}" if writer is guest else f"/SAVE/{notebook}"
        assert writer.send("POST", path, [["a", STROKE]]).status == 200
    told = guest.send("GET", own).data
    assert (told["author"], told["seq"], told["ids"]) == (
        guest.send("GET", "/api/guest").data["id"],
        4,
        [[1, 2], [4, 4]],
    )
    assert ada.send("GET", own).data["ids"] == [[3, 3]]
    assert world.nobody().send("GET", own).data["ids"] == []


def test_s3_a_guests_name_is_theirs_and_never_an_accounts(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    code = ada.share(notebook)
    friend = world.nobody()
    assert friend.send("GET", "/api/guest").data is None
    named = friend.send("POST", "/api/guest", {"name": "Grace"})
    assert named.data["name"] == "Grace" and GUEST in friend.cookies
    friend.send("POST", f"/SAVE/?nb={code}", [["a", STROKE]])
    assert world.updates.saves[-1][1].name == "Grace" and world.updates.saves[-1][1].id == named.data["id"]
    renamed = friend.send("POST", "/api/guest", {"name": "Hopper"})
    assert renamed.data == {"id": named.data["id"], "name": "Hopper"} and renamed.all("set-cookie") == []
    assert friend.send("GET", "/api/guest").data == renamed.data
    friend.send("POST", f"/SAVE/?nb={code}", [["a", STROKE]])
    assert world.updates.saves[-1][1].name == "Hopper"
    for name, status in (("ada", 409), ("ＡＤＡ", 409), ("", 422), ("x" * 31, 422)):
        assert friend.send("POST", "/api/guest", {"name": name}).status == status
    for name in ("Ada\ufe0f", "A\u034fda", "\u3164Ada"):  # nobody sees a difference
        assert friend.send("POST", "/api/guest", {"name": name}).status == 409, name
    assert friend.send("POST", "/api/guest", {"name": "\u3164"}).status == 422


def test_s3_a_guest_loses_a_name_that_an_account_takes(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    path = f"/SAVE/?nb={ada.share(notebook)}"
    friend = world.nobody()
    guest = friend.send("POST", "/api/guest", {"name": "Grace"}).data
    friend.send("POST", path, [["a", STROKE]])
    world.sign_up("grace")
    friend.send("POST", path, [["a", STROKE]])
    assert [(author.id, author.name) for _, author, *_ in world.updates.saves[-2:]] == [
        (guest["id"], "Grace"),
        (guest["id"], "Guest"),
    ]
    assert friend.send("GET", "/api/guest").data == {"id": guest["id"], "name": "Guest"}


def test_s3_an_address_that_makes_too_many_guests_still_writes(make_world) -> None:  # type: ignore[no-untyped-def]
    from server.web.limits import WebLimits

    world = make_world(limits=WebLimits(guests_per_hour=2))
    ada = world.sign_up("Ada")
    code = ada.share(ada.notebook())
    answers = [world.send("POST", f"/SAVE/?nb={code}", [["a", STROKE]]) for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert [bool(answer.all("set-cookie")) for answer in answers] == [True, True, False]
    assert world.updates.saves[-1][1].id == ""
    taken_back = world.send("POST", f"/SAVE/?nb={code}", [["a", STROKE, "o"], ["u", {"op": "o"}]])
    assert taken_back.status == 403


def test_s4_addresses_need_a_login(world: World) -> None:
    assert world.sign_up("Ada").send("GET", "/api/addresses").data == [f"https://{HOST}:8443/"]


def test_s5_a_class_code_leads_to_the_share_for_a_while(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    code = ada.share(notebook)
    lent = ada.send("POST", "/api/notebook/classcode", {"code": code, "minutes": 15}).data
    digits = lent["classcode"]
    assert len(digits) == 8 and digits.isdecimal()
    assert lent["until"] == int(world.clock.now_s * 1000) + 15 * 60_000
    for typed in (digits, f"{digits[:4]} {digits[4:]}", f"{digits[:4]}-{digits[4:]}"):
        assert world.send("POST", "/api/join", {"classcode": typed}).data == {"code": code}
    assert digits.encode() not in (world.folder / "notebooks.sqlite3").read_bytes()
    world.clock.forward(15 * 60 + 1)
    assert world.send("POST", "/api/join", {"classcode": digits}).status == 404


def test_s5_digits_die_with_their_share(world: World) -> None:
    ada = world.sign_up("Ada")
    code = ada.share(ada.notebook())
    digits = ada.send("POST", "/api/notebook/classcode", {"code": code, "minutes": 60}).data["classcode"]
    ada.send("POST", "/api/notebook/unshare", {"code": code})
    answer = world.send("POST", "/api/join", {"classcode": digits})
    assert (answer.status, answer.reason) == (404, "class_code_wrong")
    assert ada.send("POST", "/api/notebook/classcode", {"code": code, "minutes": 5}).status == 404


def test_s5_digits_lead_to_no_notebook_in_the_trash(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    code = ada.share(notebook)
    digits = ada.send("POST", "/api/notebook/classcode", {"code": code}).data["classcode"]
    ada.send("POST", "/api/notebook/delete", {"id": notebook})
    assert world.send("POST", "/api/join", {"classcode": digits}).status == 404
    ada.send("POST", "/api/notebook/restore", {"id": notebook})
    assert world.send("POST", "/api/join", {"classcode": digits}).data == {"code": code}


def test_s5_a_notebook_in_the_trash_lends_no_class_code_but_its_links_may_be_revoked(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    code = ada.share(notebook)
    ada.send("POST", "/api/notebook/delete", {"id": notebook})
    assert ada.send("POST", "/api/notebook/classcode", {"code": code}).status == 404
    assert ada.send("POST", "/api/notebook/unshare", {"code": code}).status == 200


@pytest.mark.parametrize(
    ("minutes", "status"), [(0, 422), (61, 422), (-1, 422), ("5", 400), (1, 200), (60, 200)]
)
def test_s5_for_an_hour_at_most(world: World, minutes: object, status: int) -> None:
    ada = world.sign_up("Ada")
    code = ada.share(ada.notebook())
    assert ada.send("POST", "/api/notebook/classcode", {"code": code, "minutes": minutes}).status == status


@pytest.mark.parametrize("digits", ["1234567", "123456789", "１２３４５６７８", "abcdefgh", "", "1" * 5000])
def test_s5_what_is_no_digits_is_404_and_no_miss(world: World, digits: str) -> None:
    for _ in range(40):
        assert world.send("POST", "/api/join", {"classcode": digits}).status == 404
