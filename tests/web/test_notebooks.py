"""N1 to N6: notebooks, their trash, copies and quotas."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from server.web.limits import WebLimits
from tests.web.world import STROKE, World

HEBREW = "מחברת של שָׁלוֹם 👩‍🏫 e\u0301"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 1600"><path d="M1 1L2 2" fill="red"/><g><path d="M3 3L4 4"/></g></svg>'


def test_n1_the_list_holds_own_notebooks_only_with_every_member(world: World) -> None:
    ada, bob = world.sign_up("Ada"), world.sign_up("Bob")
    notebook = ada.notebook(HEBREW, "a\nb")
    bob.notebook("Bob's")
    (row,) = ada.send("GET", "/NotebookList").data
    now_ms = int(world.clock.now_s * 1000)
    assert row == {
        "id": notebook,
        "ownerID": ada.id,
        "title": HEBREW,
        "description": "a\nb",
        "seq": 0,
        "created": now_ms,
        "changed": now_ms,
        "news": False,
    }
    assert ada.send("GET", "/NotebookList?trash=2").status == 400
    assert ada.send("GET", "/NotebookList?sort=1").status == 400


def test_n2_svg_data_becomes_the_first_changes(world: World) -> None:
    ada = world.sign_up("Ada")
    answer = ada.send("POST", "/SAVENEWNB", {"title": "t", "description": "", "svgData": SVG})
    assert answer.data["seq"] == 2
    loaded = ada.send("GET", f"/Notebook/{answer.data['id']}").data
    assert (loaded["seq"], loaded["currentGroupID"]) == (2, 3)
    assert 'd="M10 10' in loaded["NotebookData"] and "#ff0000" in loaded["NotebookData"]


@pytest.mark.parametrize(
    "svg", ["<svg><script/></svg>", "<svg", "<!DOCTYPE svg><svg/>", '<svg><image href="x"/></svg>', ""]
)
def test_n2_a_refused_document_leaves_no_notebook(world: World, svg: str) -> None:
    ada = world.sign_up("Ada")
    answer = ada.send("POST", "/SAVENEWNB", {"title": "t", "description": "", "svgData": svg})
    assert answer.status == 422, answer.body
    assert ada.send("GET", "/NotebookList").data == []


def test_n2_a_refused_first_stroke_takes_the_notebook_with_it(world: World) -> None:
    ada = world.sign_up("Ada")
    world.updates.submit_and_wait = lambda *_: (413, b'{"code":1,"data":"Full.","reason":"notebook_full"}')  # type: ignore[method-assign]
    answer = ada.send("POST", "/SAVENEWNB", {"title": "t", "description": "", "svgData": SVG})
    assert (answer.status, answer.reason) == (413, "notebook_full")
    assert world.storage.notebooks.all(with_trash=True) == []


def test_n2_svg_data_is_at_most_a_mebibyte(world: World) -> None:
    ada = world.sign_up("Ada")
    big = SVG.replace("<path", " " * (1 << 20) + "<path", 1)
    answer = ada.send("POST", "/SAVENEWNB", {"title": "t", "description": "", "svgData": big})
    assert (answer.status, answer.reason) == (413, "body_too_big")


def test_n2_many_strokes_go_in_batches(world: World) -> None:
    ada = world.sign_up("Ada")
    many = "<svg>" + '<path d="M1 1L2 2"/>' * 1300 + "</svg>"
    answer = ada.send("POST", "/SAVENEWNB", {"title": "t", "description": "", "svgData": many})
    assert answer.data["seq"] == 1300
    assert len(world.updates.saves) == 3


@pytest.mark.parametrize(("title", "description", "status"), [
    ("x" * 200, "y" * 2000, 200), ("x" * 201, "", 422), ("", "", 422), ("a\nb", "", 422), ("t", "y" * 2001, 422),
    ("t", "a\x00b", 422), ("t", "a\r\nb", 200), ("<script>alert(1)</script>", "%s%n{0.__class__}", 200),
])  # fmt: skip
def test_n2_t6_titles_and_descriptions(world: World, title: str, description: str, status: int) -> None:
    ada = world.sign_up("Ada")
    answer = ada.send("POST", "/SAVENEWNB", {"title": title, "description": description})
    assert answer.status == status
    if status == 200:
        listed = ada.send("GET", "/NotebookList")
        assert (listed.data[0]["title"], listed.data[0]["description"]) == (title, description)
        assert b"<" not in listed.body


@pytest.mark.parametrize(
    "extra", ["ownerID", "id", "code", "currentGroupID", "NotebookPath", "title = 'x', id"]
)
def test_t2_mass_assignment_is_refused_and_stores_nothing(world: World, extra: str) -> None:
    ada = world.sign_up("Ada")
    answer = ada.send("POST", "/SAVENEWNB", {"title": "t", "description": "", extra: 1})
    assert (answer.status, answer.reason) == (400, "unknown_key")
    assert ada.send("GET", "/NotebookList").data == []
    rows = sqlite3.connect(world.config.path).execute("SELECT count(*) FROM notebooks").fetchone()
    assert rows == (0,)


@pytest.mark.parametrize("body", [
    {"title": 1, "description": ""}, {"title": None, "description": ""}, {"title": ["t"], "description": ""},
    {"title": True, "description": ""}, {"title": "t", "description": {}}, {"title": "t"}, [], 7,
])  # fmt: skip
def test_t3_types_are_exact(world: World, body: object) -> None:
    ada = world.sign_up("Ada")
    assert ada.send("POST", "/SAVENEWNB", body).status == 400


@pytest.mark.parametrize("notebook_id", ["1", True, 1.0, None, [1], {"$gt": 0}])
def test_t3_ids_are_json_integers(world: World, notebook_id: object) -> None:
    ada = world.sign_up("Ada")
    ada.notebook()
    assert ada.send("POST", "/api/notebook/delete", {"id": notebook_id}).status == 400
    if notebook_id is not None:
        assert ada.send("POST", "/api/notebook/create", notebook_id).status == 400


@pytest.mark.parametrize("notebook_id", [0, -1, 2**63, 10**29])
def test_n5_ids_out_of_range_are_404(world: World, notebook_id: int) -> None:
    ada = world.sign_up("Ada")
    for path in ("delete", "restore", "duplicate"):
        assert ada.send("POST", f"/api/notebook/{path}", {"id": notebook_id}).status == 404
    assert ada.send("POST", "/api/notebook/create", notebook_id).status == 404


def test_n3_the_same_document_as_json_and_as_a_compressed_file(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook(HEBREW, "two\nlines")
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE, "op-1"]])
    code = ada.share(notebook, "view")
    loaded = ada.send("GET", f"/Notebook/{notebook}").data
    assert loaded["role"] == "owner" and (loaded["title"], loaded["description"]) == (HEBREW, "two\nlines")
    for target in (f"/Notebook/{notebook}.svg", f"/Notebook.svg?nb={code}"):
        plain = ada.send("GET", target)
        zipped = ada.send("GET", target, headers={"Accept-Encoding": "gzip"})
        assert plain.header("content-type") == zipped.header("content-type") == "image/svg+xml"
        assert zipped.header("content-encoding") == "gzip" and plain.header("content-encoding") is None
        assert plain.body == zipped.plain
        assert plain.header("x-notebook-seq") == "1"
        assert plain.header("x-notebook-epoch") == loaded["epoch"]
        head = ada.send("HEAD", target, headers={"Accept-Encoding": "gzip"})
        assert head.status == 200 and head.body == b""
    assert plain.body.decode() == loaded["NotebookData"]
    shared = world.send("GET", f"/Notebook.svg?nb={code}")
    assert shared.header("x-notebook-role") == "view"
    assert (shared.header("x-notebook-title") or "").startswith("%D7%9E")


def test_n3_notebook_data_above_the_limit_is_413_with_the_path_of_the_file(
    make_world: Callable[..., World],
) -> None:
    world = make_world(limits=WebLimits(notebook_data_bytes=2000))
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]] * 60)
    answer = ada.send("GET", f"/Notebook/{notebook}")
    assert (answer.status, answer.reason) == (413, "document_too_big")
    assert f"/Notebook/{notebook}.svg" in answer.data
    assert ada.send("GET", f"/Notebook/{notebook}.svg").status == 200
    code = ada.share(notebook)
    assert code not in world.send("GET", f"/Notebook?nb={code}").data


def test_n3_a_notebook_must_be_named_once(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    code = ada.share(notebook)
    for target in (
        "/Notebook",
        "/Notebook?nb",
        "/Notebook.svg",
        f"/Notebook/{notebook}?nb={code}",
        f"/UPDATE?id={notebook}&code={code}",
        "/UPDATE",
    ):
        answer = ada.send("GET", target)
        assert answer.status in (400, 404), target
    assert ada.send("GET", f"/Notebook?nb={code}&nb={code}").status == 400


def test_n4_rename_delete_restore(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook("Old")
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]])
    code = ada.share(notebook)
    assert (
        ada.send("POST", "/api/notebook/rename", {"id": notebook, "title": "New", "description": "d"}).status
        == 200
    )
    assert world.send("GET", f"/Notebook?nb={code}").data["title"] == "New"
    assert ada.send("POST", "/api/notebook/delete", {"id": notebook}).status == 200
    assert ada.send("GET", "/NotebookList").data == []
    (trashed,) = ada.send("GET", "/NotebookList?trash=1").data
    assert trashed["id"] == notebook and trashed["trashed"] == int(world.clock.now_s * 1000)
    assert ada.send("GET", f"/Notebook/{notebook}").status == 404
    assert ada.send("GET", f"/api/notebook/log?id={notebook}").status == 404
    assert world.send("GET", f"/api/notebook/log?code={code}").status == 404
    assert world.send("GET", f"/Notebook?nb={code}").status == 404
    assert world.send("POST", f"/SAVE/?nb={code}", [["a", STROKE]]).status == 404
    assert ada.send("POST", "/api/notebook/restore", {"id": notebook}).status == 200
    assert world.send("GET", f"/Notebook?nb={code}").data["seq"] == 1
    assert ada.send("POST", "/api/notebook/restore", {"id": notebook}).reason == "not_in_trash"
    assert world.updates.forgotten == [notebook, notebook]


def test_n4_a_copy_has_the_strokes_that_are_visible_now(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook("Original")
    changes = [
        ["p", {"paper": "ruled", "margin": "right"}],
        ["a", STROKE, "o1"],
        ["a", STROKE, "o2"],
        ["e", {"ids": ["1"]}, "o3"],
    ]
    assert ada.send("POST", f"/SAVE/{notebook}", changes).status == 200
    copied = ada.send("POST", "/api/notebook/duplicate", {"id": notebook})
    assert copied.data["seq"] == 2
    loaded = ada.send("GET", f"/Notebook/{copied.data['id']}").data
    assert loaded["title"] == "Original (2)" and loaded["NotebookData"].count("<g ") == 1
    assert 'data-paper="ruled"' in loaded["NotebookData"]
    assert ada.send("GET", f"/Notebook/{notebook}").data["seq"] == 4


def test_news_marks_notebooks_that_others_changed_since_the_last_visit(world: World) -> None:
    ada, bob = world.sign_up("Ada"), world.sign_up("Bob")
    notebook = ada.notebook()
    code = ada.share(notebook)

    def news() -> bool:
        return bool(ada.send("GET", "/NotebookList").data[0]["news"])

    assert not news()
    bob.send("POST", f"/SAVE/?nb={code}", [["a", STROKE]])
    assert news()
    assert ada.send("POST", "/api/notebook/visit", {"id": notebook, "seq": 1}).status == 200
    assert not news() and ada.send("GET", f"/api/notebook/visit?id={notebook}").data == {"seq": 1}
    assert bob.send("GET", f"/api/notebook/visit?code={code}").data == {"seq": None}
    assert bob.send("POST", "/api/notebook/visit", {"code": code, "seq": 1}).status == 200
    assert bob.send("GET", f"/api/notebook/visit?code={code}").data == {"seq": 1}
    assert ada.send("POST", "/api/notebook/visit", {"id": notebook, "seq": 2}).status == 409
    assert ada.send("POST", "/api/notebook/visit", {"id": notebook, "code": code, "seq": 1}).status == 400


def test_the_log_is_read_in_pages(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE, f"op-{n}"] for n in range(5)])
    first = ada.send("GET", f"/api/notebook/log?id={notebook}&limit=2").json
    assert (first["from"], first["to"], first["more"]) == (0, 2, True)
    assert [entry["op"] for entry in first["data"]] == ["op-0", "op-1"]
    assert first["data"][0]["author"] == {"id": f"u{ada.id}", "name": "Ada"}
    rest = ada.send("GET", f"/api/notebook/log?id={notebook}&since=2").json
    assert (rest["to"], rest["more"], len(rest["data"])) == (5, False, 3)
    ahead = ada.send("GET", f"/api/notebook/log?id={notebook}&since=6")
    assert ahead.status == 409 and ahead.json["seq"] == 5 and ahead.json["epoch"] == first["epoch"]
    for query in ("limit=0", "limit=1001", "limit=-1", "since=x", "since=1e3", "since=" + "9" * 16, "x=1"):
        assert ada.send("GET", f"/api/notebook/log?id={notebook}&{query}").status == 400, query
