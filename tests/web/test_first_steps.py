from tests.web.world import PASSWORD, STROKE, World


def test_spine_sign_up_make_draw_share_load(world: World) -> None:
    ada = world.sign_up("Ada")
    assert ada.send("GET", "/LOGIN").data == {"id": ada.id, "username": "Ada"}
    notebook = ada.notebook("Algebra")
    saved = ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE, "op-1"]])
    assert saved.status == 200 and saved.json["seq"] == 1
    code = ada.share(notebook)
    loaded = world.nobody().send("GET", f"/Notebook?nb={code}")
    assert loaded.status == 200, loaded.body
    assert loaded.data["role"] == "edit" and loaded.data["seq"] == 1
    assert 'd="M10 10' in loaded.data["NotebookData"]
    assert PASSWORD not in loaded.body.decode()
