"""Who may do what: every row of the route table against every kind of caller (T47, N5, S2, S3).

The expected statuses stand in one written table. A route without a row fails the test, and so does a row without a
route: whoever adds an address has to say who may use it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server.web.limits import WebLimits
from server.web.routes import make_routes
from tests.web.world import PASSWORD, STROKE, Answer, Visitor, World

CALLERS = ("nobody", "stranger", "view", "add", "edit", "revoked", "expired", "owner")

# Statuses in the order of CALLERS. Callers view to expired have a code and no session; where the request names the
# notebook by id, or needs a session, they are nobody.
OPEN = (200,) * 8
NEEDS_LOGIN = (401, 200, 401, 401, 401, 401, 401, 200)
OWNER_ONLY = (401, 404, 401, 401, 401, 401, 401, 200)
READ_BY_CODE = (404, 404, 200, 200, 200, 404, 404, 200)
WRITE_BY_CODE = (404, 404, 403, 200, 200, 404, 404, 200)

EXPECTED: dict[str, tuple[int, ...]] = {
    "GET /": OPEN,
    "GET /index.html": OPEN,
    "GET /login.html": OPEN,
    "GET /signUp.html": OPEN,
    "GET /connect": OPEN,
    "GET /LOGIN": NEEDS_LOGIN,
    "POST /LOGIN": (401,) * 8,  # with a name that nobody has
    "POST /LOGOUT": OPEN,
    "POST /SIGNUP": (409,) * 8,  # with a name that is taken
    "POST /api/account/password": NEEDS_LOGIN,
    "POST /api/account/reset": (403,) * 8,  # with a code that was never given
    "POST /api/account/delete": NEEDS_LOGIN,
    "GET /api/account/export": NEEDS_LOGIN,
    "GET /api/account/sessions": NEEDS_LOGIN,
    "POST /api/account/sessions/revoke": NEEDS_LOGIN,
    "GET /NotebookList": NEEDS_LOGIN,
    "POST /SAVENEWNB": NEEDS_LOGIN,
    "GET /Notebook.svg": READ_BY_CODE,
    "GET /Notebook": READ_BY_CODE,
    "GET /Notebook/<id>.svg": OWNER_ONLY,
    "GET /Notebook/<id>": OWNER_ONLY,
    "POST /api/notebook/rename": OWNER_ONLY,
    "POST /api/notebook/delete": OWNER_ONLY,
    "POST /api/notebook/restore": (401, 404, 401, 401, 401, 401, 401, 422),  # it is not in the trash
    "POST /api/notebook/duplicate": OWNER_ONLY,
    "GET /api/notebook/log": READ_BY_CODE,
    "GET /api/notebook/visit": READ_BY_CODE,
    "POST /api/notebook/visit": OWNER_ONLY,
    "GET /api/notebook/own": READ_BY_CODE,
    "POST /SAVE/": WRITE_BY_CODE,
    "POST /SAVE/<id>": OWNER_ONLY,
    "GET /UPDATE": READ_BY_CODE,
    "POST /LIVE/": WRITE_BY_CODE,
    "POST /LIVE/<id>": OWNER_ONLY,
    "POST /api/notebook/create": OWNER_ONLY,
    "GET /api/notebook/code": OWNER_ONLY,
    "POST /api/notebook/share": OWNER_ONLY,
    "GET /api/notebook/shares": OWNER_ONLY,
    "POST /api/notebook/unshare": (401, 404, 401, 401, 401, 401, 401, 200),
    "POST /api/notebook/classcode": (401, 404, 401, 401, 401, 401, 401, 200),
    "POST /api/join": (404,) * 8,  # with digits that nobody has lent
    "GET /api/guest": OPEN,
    "POST /api/guest": OPEN,
    "GET /api/addresses": NEEDS_LOGIN,
    "GET /api/connect": OPEN,
    "GET /connect/authority.crt": OPEN,
    "GET /health": OPEN,
}

NAMES = [f"{route.method} {route.pattern}" for route in make_routes(WebLimits())]


def request_for(name: str, notebook: int, code: str, edit_code: str) -> tuple[str, Any]:
    """The target and body with which a row is tried."""
    bodies: dict[str, Any] = {
        "POST /LOGIN": {"username": "Nobody at all", "password": "x" * 12},
        "POST /LOGOUT": {},
        "POST /SIGNUP": {"username": "Owner", "password": PASSWORD},
        "POST /api/account/password": {"old": PASSWORD, "new": PASSWORD + "!"},
        "POST /api/account/reset": {"username": "Owner", "code": "00000000", "new": PASSWORD},
        "POST /api/account/delete": {"password": PASSWORD},
        "POST /api/account/sessions/revoke": {"others": True},
        "POST /SAVENEWNB": {"title": "t", "description": ""},
        "POST /api/notebook/rename": {"id": notebook, "title": "t", "description": ""},
        "POST /api/notebook/delete": {"id": notebook},
        "POST /api/notebook/restore": {"id": notebook},
        "POST /api/notebook/duplicate": {"id": notebook},
        "POST /api/notebook/visit": {"id": notebook, "seq": 0},
        "POST /SAVE/": [["a", STROKE, None]],
        "POST /SAVE/<id>": [["a", STROKE, None]],
        "POST /LIVE/": {"client": "c1", "stroke": "s1", "points": [1, 2]},
        "POST /LIVE/<id>": {"client": "c1", "stroke": "s1", "points": [1, 2]},
        "POST /api/notebook/create": notebook,
        "POST /api/notebook/share": {"id": notebook, "role": "view"},
        "POST /api/notebook/unshare": {"code": edit_code},
        "POST /api/notebook/classcode": {"code": edit_code, "minutes": 5},
        "POST /api/join": {"classcode": "12345678"},
        "POST /api/guest": {"name": "Grace"},
    }
    if name in ("POST /SAVE/", "POST /SAVE/<id>"):
        bodies[name] = [["a", STROKE]]
    targets = {
        "GET /Notebook.svg": f"/Notebook.svg?nb={code}",
        "GET /Notebook": f"/Notebook?nb={code}",
        "GET /api/notebook/log": f"/api/notebook/log?code={code}",
        "GET /api/notebook/visit": f"/api/notebook/visit?code={code}",
        "GET /api/notebook/own": f"/api/notebook/own?code={code}",
        "POST /SAVE/": f"/SAVE/?nb={code}",
        "POST /LIVE/": f"/LIVE/?nb={code}",
        "GET /UPDATE": f"/UPDATE?code={code}&since=0",
        "GET /api/notebook/code": f"/api/notebook/code?nbID={notebook}",
        "GET /api/notebook/shares": f"/api/notebook/shares?id={notebook}",
    }
    pattern = name.partition(" ")[2]
    return targets.get(name, pattern.replace("<id>", str(notebook))), bodies.get(name)


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert sorted(NAMES) == sorted(EXPECTED)


@pytest.fixture
def scene(make_world: Callable[..., World]) -> tuple[World, int, dict[str, str], dict[str, Visitor]]:
    """A notebook with one stroke, its shares in every state, and somebody of every kind."""
    world = make_world(guesses_limited=False)
    owner, stranger = world.sign_up("Owner"), world.sign_up("Stranger")
    notebook = owner.notebook()
    owner.send("POST", f"/SAVE/{notebook}", [["a", STROKE, "first"]])
    codes = {role: owner.share(notebook, role) for role in ("view", "add", "edit")}
    codes["revoked"] = owner.share(notebook, "edit")
    owner.send("POST", "/api/notebook/unshare", {"code": codes["revoked"]})
    soon_ms = int(world.clock.now_s * 1000) + 1000
    codes["expired"] = owner.share(notebook, "edit", expires=soon_ms)
    world.clock.forward(2.0)
    codes["nobody"] = codes["stranger"] = "A" * 22
    codes["owner"] = codes["view"]  # with a session and a code the rights are the greater of the two (S3)
    people = {caller: world.nobody() for caller in CALLERS}
    people["owner"], people["stranger"] = owner, stranger
    return world, notebook, codes, people


@pytest.mark.parametrize("name", NAMES)
def test_t47_n5_s2_s3_authorization_matrix(
    scene: tuple[World, int, dict[str, str], dict[str, Visitor]], name: str
) -> None:
    world, notebook, codes, people = scene
    method = name.partition(" ")[0]
    found = []
    for caller in CALLERS:
        target, body = request_for(name, notebook, codes[caller], codes["edit"])
        if name == "POST /api/account/delete" and caller == "owner":
            world.clock.forward(1.0)
        found.append(people[caller].send(method, target, body).status)
    assert tuple(found) == EXPECTED[name], dict(zip(CALLERS, found, strict=True))


def test_n5_strangers_and_unknown_ids_are_byte_equal(
    scene: tuple[World, int, dict[str, str], dict[str, Visitor]],
) -> None:
    _, notebook, _, people = scene
    stranger = people["stranger"]
    unknown = notebook + 4711

    def ask(notebook_id: int) -> list[Answer]:
        return [
            stranger.send("GET", f"/Notebook/{notebook_id}"),
            stranger.send("GET", f"/Notebook/{notebook_id}.svg"),
            stranger.send("GET", f"/UPDATE?id={notebook_id}"),
            stranger.send("GET", f"/api/notebook/log?id={notebook_id}"),
            stranger.send("GET", f"/api/notebook/shares?id={notebook_id}"),
            stranger.send("GET", f"/api/notebook/code?nbID={notebook_id}"),
            stranger.send("POST", f"/SAVE/{notebook_id}", [["a", STROKE]]),
            stranger.send("POST", f"/LIVE/{notebook_id}", {"client": "c"}),
            stranger.send("POST", "/api/notebook/create", notebook_id),
            stranger.send("POST", "/api/notebook/delete", {"id": notebook_id}),
            stranger.send("POST", "/api/notebook/restore", {"id": notebook_id}),
            stranger.send("POST", "/api/notebook/duplicate", {"id": notebook_id}),
            stranger.send("POST", "/api/notebook/share", {"id": notebook_id, "role": "edit"}),
            stranger.send(
                "POST", "/api/notebook/rename", {"id": notebook_id, "title": "t", "description": ""}
            ),
            stranger.send("POST", "/api/notebook/visit", {"id": notebook_id, "seq": 0}),
        ]

    theirs, unknowns = ask(notebook), ask(unknown)
    assert {answer.status for answer in theirs} == {404}
    assert [answer.wire for answer in theirs] == [answer.wire for answer in unknowns]
    malformed = stranger.send("GET", "/Notebook/0x1")
    assert malformed.wire == theirs[0].wire


def test_s2_wrong_revoked_and_expired_codes_are_byte_equal(
    scene: tuple[World, int, dict[str, str], dict[str, Visitor]],
) -> None:
    world, _, codes, _ = scene
    for target in ("/Notebook?nb={}", "/Notebook.svg?nb={}", "/UPDATE?code={}", "/api/notebook/log?code={}"):
        answers = {
            world.send("GET", target.format(code)).wire
            for code in ("B" * 22, "short", codes["revoked"], codes["expired"])
        }
        assert len(answers) == 1
    answers = {
        world.send("POST", f"/SAVE/?nb={code}", [["a", STROKE]]).wire
        for code in ("B" * 22, "short", codes["revoked"], codes["expired"])
    }
    assert len(answers) == 1


def test_t47_a_code_of_one_notebook_never_grants_another(
    scene: tuple[World, int, dict[str, str], dict[str, Visitor]],
) -> None:
    world, notebook, codes, people = scene
    other = people["owner"].notebook("Other")
    answer = world.send("GET", f"/Notebook/{other}?nb={codes['edit']}")
    assert answer.status == 400
    loaded = world.send("GET", f"/Notebook?nb={codes['edit']}")
    assert loaded.data["id"] == notebook


def test_s3_with_session_and_code_the_author_is_the_user_and_the_rights_are_the_greater(
    scene: tuple[World, int, dict[str, str], dict[str, Visitor]],
) -> None:
    world, notebook, codes, people = scene
    saves = world.updates.saves
    people["owner"].send("POST", f"/SAVE/?nb={codes['view']}", [["a", STROKE]])
    assert saves[-1][1].id == f"u{people['owner'].id}" and saves[-1][2].word == "owner"
    people["stranger"].send("POST", f"/SAVE/?nb={codes['add']}", [["a", STROKE]])
    assert saves[-1][1].id == f"u{people['stranger'].id}" and saves[-1][2].word == "add"
    assert people["stranger"].send("POST", f"/SAVE/?nb={codes['add']}", [["c", {"upto": 1}]]).status == 403
    assert people["stranger"].send("GET", f"/Notebook?nb={codes['add']}").data["role"] == "add"
    assert notebook == saves[-1][0]
