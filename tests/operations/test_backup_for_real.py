"""A backup that is one: made under load, the folder deleted, restored on the other database, nothing missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.operations.program import environment, leftovers, run, sentence, wait_until
from tests.support.product import ROOT, Person, Product, stroke

PASSWORD = "a good long password"


class Writer(threading.Thread):
    """Writes stroke after stroke, and keeps what was acknowledged."""

    def __init__(self, port: int, code: str, name: str) -> None:
        super().__init__(daemon=True)
        self.person, self.code, self.prefix = Person(port), code, name
        self.acknowledged: list[str] = []
        self.ending = threading.Event()
        self.start()

    def run(self) -> None:
        number = 0
        while not self.ending.is_set():
            op = f"{self.prefix}-{number}"
            changes = [["a", stroke(number % 500, len(self.prefix)), op]]
            if self.person.post(f"/SAVE/?nb={self.code}", changes).status == 200:
                self.acknowledged.append(op)
            number += 1

    def end(self) -> list[str]:
        self.ending.set()
        self.join(10)
        self.person.close()
        return self.acknowledged


def history(person: Person, notebook: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    while True:
        page = person.get(f"/UPDATE?id={notebook}&since={len(entries)}").json
        entries += page["data"]
        if not page["more"]:
            return entries


def config_of(product: Product, config: dict[str, object]) -> None:
    product.data_dir.mkdir(parents=True, exist_ok=True)
    path = product.data_dir / "dbconfig.json"
    path.write_text(json.dumps(config))
    path.chmod(0o600)


def log_in(product: Product) -> Person:
    dana = Person(product.port)
    assert dana.post("/LOGIN", {"username": "dana", "password": PASSWORD}).status == 200
    return dana


@pytest.mark.mysql
@pytest.mark.parametrize("direction", ["sqlite to mysql", "mysql to sqlite"])
def test_backup_under_load_delete_restore_on_the_other_database(
    tmp_path: Path, start_product: Callable[..., Product], mariadb_config: dict[str, object], direction: str
) -> None:
    source = Product(tmp_path / "data")
    if direction.startswith("mysql"):
        config_of(source, mariadb_config)
    product = start_product()
    dana = Person(product.port).sign_up("Dana")
    notebook, quiet, gone = (dana.new_notebook(title) for title in ("אלגברה", "Quiet", "Gone"))
    assert dana.post(f"/SAVE/{quiet}", [["a", stroke(), "q1"], ["e", {"ids": ["1"]}, "q2"]]).status == 200
    assert dana.post("/api/notebook/delete", {"id": gone}).status == 200
    code = dana.share(notebook)
    writers = [Writer(product.port, code, name) for name in ("w1", "w22")]
    time.sleep(0.5)
    before = [list(writer.acknowledged) for writer in writers]
    done = run("backup", str(tmp_path / "notebooks.backup"), data_dir=product.data_dir)
    acknowledged = [op for writer in writers for op in writer.end()]
    assert done.status == 0, done.errors
    assert "changes: " in done.output and "Backed up 3 notebooks" in done.output
    assert (tmp_path / "notebooks.backup").stat().st_mode & 0o777 == 0o600
    assert len(acknowledged) > sum(map(len, before)), "there was no load"
    whole = history(dana, notebook)
    dana.close()
    assert product.stop() == 0

    import shutil

    shutil.rmtree(product.data_dir)
    if direction.endswith("mysql"):
        config_of(product, mariadb_config)
    done = run("restore", str(tmp_path / "notebooks.backup"), data_dir=product.data_dir)
    assert done.status == 0, done.errors
    assert "Restored 3 notebooks" in done.output
    verified = run("verify", data_dir=product.data_dir)
    assert verified.status == 0
    assert "0 mended, 0 broken" in verified.output, verified.output
    product.start()
    again = log_in(product)
    entries = history(again, notebook)
    assert entries == whole[: len(entries)], "what was restored is what there was up to one moment"
    ops = {entry["op"] for entry in entries}
    assert {op for ops_of_one in before for op in ops_of_one} <= ops, (
        "everything acknowledged before the backup began"
    )
    assert [row["title"] for row in again.get("/NotebookList").data] == ["אלגברה", "Quiet"]
    assert [row["title"] for row in again.get("/NotebookList?trash=1").data] == ["Gone"]
    assert [entry["op"] for entry in history(again, quiet)] == ["q1", "q2"]
    friend = Person(product.port)
    shared = friend.get(f"/Notebook?nb={code}").data
    assert shared["seq"] == len(entries)
    assert shared["NotebookData"].count("<g ") == len(entries)
    assert friend.post(f"/SAVE/?nb={code}", [["a", stroke(), "after"]]).json["seq"] == len(entries) + 1
    assert friend.post(f"/SAVE/?nb={code}", [["a", stroke(), "after"]]).json["seq"] == len(entries) + 1
    assert friend.get(f"/UPDATE?code={code}&since=1&epoch=0123456789abcdef").status == 409
    friend.close()
    again.close()
    assert product.stop() == 0


@pytest.fixture
def filled(start_product: Callable[..., Product], tmp_path: Path) -> Product:
    """A stopped server with one account, one notebook and a backup beside it."""
    product = start_product()
    dana = Person(product.port).sign_up("Dana")
    notebook = dana.new_notebook("Algebra")
    assert dana.post(f"/SAVE/{notebook}", [["a", stroke(), "one"]]).status == 200
    dana.close()
    assert run("backup", str(tmp_path / "whole"), data_dir=product.data_dir).status == 0
    assert product.stop() == 0
    return product


def test_f42_a_torn_backup_is_refused_and_the_folder_stays_empty(filled: Product, tmp_path: Path) -> None:
    whole = (tmp_path / "whole").read_bytes()
    flipped = bytearray(whole)
    with zipfile.ZipFile(tmp_path / "whole") as archive:
        member = archive.getinfo("tables/changes.jsonl")
    flipped[member.header_offset + 30 + len(member.filename) + 20 + member.compress_size // 2] ^= 0x10
    for torn in (whole[: len(whole) // 2], whole[:-1], b"", bytes(flipped), b"not a backup"):
        (tmp_path / "torn").write_bytes(torn)
        done = run("restore", str(tmp_path / "torn"), data_dir=tmp_path / "new")
        sentence(done, "torn is not a backup of this program, or is damaged", "Take another")
        assert not (tmp_path / "new").exists() or not list((tmp_path / "new").iterdir())
    sentence(run("restore", str(tmp_path / "nowhere"), data_dir=tmp_path / "new"), "nowhere")
    assert run("restore", str(tmp_path / "whole"), data_dir=tmp_path / "new").status == 0


def test_a_restore_into_a_folder_that_is_not_empty_changes_nothing(filled: Product, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in filled.data_dir.rglob("*") if path.is_file()}
    sentence(run("restore", str(tmp_path / "whole"), data_dir=filled.data_dir), "not empty", "--data-dir")
    assert {path: path.read_bytes() for path in filled.data_dir.rglob("*") if path.is_file()} == before


def rewritten(source: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """A backup whose ZIP is sound but whose contents were altered."""
    with zipfile.ZipFile(source) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    change(members)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_f42_a_restore_that_fails_half_way_leaves_the_folder_as_empty_as_it_was(
    filled: Product, tmp_path: Path
) -> None:
    def lose_a_row(members: dict[str, bytes]) -> None:
        members["tables/changes.jsonl"] = b""

    rewritten(tmp_path / "whole", tmp_path / "contradicts", lose_a_row)
    new = tmp_path / "new"
    sentence(
        run("restore", str(tmp_path / "contradicts"), data_dir=new), "contradicts itself", "Take another"
    )
    assert not new.exists()
    new.mkdir()
    (new / "dbconfig.example.json").write_text("{}")
    sentence(run("restore", str(tmp_path / "contradicts"), data_dir=new), "contradicts itself")
    assert [path.name for path in new.iterdir()] == ["dbconfig.example.json"]
    assert run("restore", str(tmp_path / "whole"), data_dir=new).status == 0


def test_f42_a_restore_that_is_killed_can_be_told_from_a_whole_one(filled: Product, tmp_path: Path) -> None:
    """After a kill -9 the folder is refused as not empty, or it was whole: never half a database that starts."""
    new = tmp_path / "new"
    process = subprocess.Popen(
        [sys.executable, "main.py", "restore", str(tmp_path / "whole"), "--data-dir", str(new)],
        cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until((new / "keys" / "storage.key").exists, "the key")
    process.send_signal(signal.SIGKILL)
    process.wait()
    if run("restore", str(tmp_path / "whole"), data_dir=new).status:
        done = run("verify", data_dir=new)
        assert "Traceback" not in done.errors
        assert done.status == 1 or "Checked 1 notebook with 1 change: 0 mended, 0 broken" in done.output


def test_f42_the_crash_of_a_backup_leaves_the_old_one_whole(filled: Product, tmp_path: Path) -> None:
    target = tmp_path / "kept" / "notebooks.backup"
    target.parent.mkdir()
    assert run("backup", str(target), data_dir=filled.data_dir).status == 0
    old = target.read_bytes()
    for number in range(3):
        process = subprocess.Popen(
            [sys.executable, "main.py", "backup", str(target), "--data-dir", str(filled.data_dir)],
            cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + 10
        while len(list(target.parent.iterdir())) == 1 and process.poll() is None and time.monotonic() < end:
            time.sleep(0.0005 * number)
        process.kill()
        process.wait()
        if target.read_bytes() != old:  # it was quicker: then it is whole, too
            old = target.read_bytes()
        assert zipfile.ZipFile(target).testzip() is None
    assert run("backup", str(target), data_dir=filled.data_dir).status == 0
    assert [path.name for path in target.parent.iterdir()] == ["notebooks.backup"], (
        "what a crash left is cleared away"
    )


def test_a_backup_that_cannot_be_written_fails_with_a_sentence_and_a_status(
    filled: Product, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    done = run("backup", str(tmp_path / "folder"), data_dir=filled.data_dir)
    assert (done.status, "Traceback" in done.errors) == (1, False)
    assert len(done.errors.strip().split("\n")) == 1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_export_writes_pictures_that_any_viewer_opens(filled: Product, tmp_path: Path) -> None:
    from xml.etree import ElementTree

    done = run("export", str(tmp_path / "out"), data_dir=filled.data_dir)
    assert done.status == 0
    assert "Exported 1 notebook" in done.output
    root = ElementTree.fromstring((tmp_path / "out" / "1.svg").read_bytes())
    assert root.tag.endswith("svg")
    assert root.findall(".//{http://www.w3.org/2000/svg}path")


def test_verify_mends_a_snapshot_and_says_so(filled: Product) -> None:
    snapshot = filled.data_dir / "Protected" / "Notebooks" / "1.svg.sealed"
    content = bytearray(snapshot.read_bytes())
    content[-5] ^= 1
    snapshot.write_bytes(content)
    done = run("verify", data_dir=filled.data_dir)
    assert done.status == 0, done.errors
    assert "1 mended, 0 broken" in done.output
    assert "made again" in done.output
    assert "0 mended, 0 broken" in run("verify", data_dir=filled.data_dir).output
    assert not leftovers(filled.data_dir)


def test_verify_beside_a_running_server_only_looks(filled: Product) -> None:
    filled.start()
    done = run("verify", data_dir=filled.data_dir)
    assert done.status == 0
    assert "looking only" in done.output
    assert "0 mended, 0 broken" in done.output
    assert os.path.exists(filled.data_dir / "console.sock")
    assert filled.stop() == 0
